"""YAML with line numbers: what is read, and what every error says."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import EntryError
from journal.text.document import parse_yaml, plain_scalar

PLACE = re.compile(r"file\.yml:\d+: .+")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", "on"),
        ("no", "no"),
        ("y", "y"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("0o17", "0o17"),
        ("012", 12),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("2024-05-13", date(2024, 5, 13)),
        ("2024-02-30", "2024-02-30"),
        ("1e999", "1e999"),
        ("٣", "٣"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_unquoted_values_are_those_of_yaml_1_2(written: str, meant: object) -> None:
    value = parse_yaml(f"key: {written}", "file.yml").data["key"]
    assert (type(value), value) == (type(meant), meant)


@pytest.mark.parametrize("written", ["'1'", '"true"', "'2024-05-13'", "'~'"])
def test_a_quoted_value_is_text(written: str) -> None:
    assert parse_yaml(f"key: {written}", "file.yml").data["key"] == written[1:-1]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1\n", 3, "the [ here is never closed"),
        ("a: 1\nb: 'x\n", 3, "the quote that begins here is never closed; end it with '"),
        ("a: 1\n\tb: 2\n", 3, "a tab can't indent in YAML; use spaces"),
        ("a: 1\nb: *nowhere\n", 3, 'needs quotes; write b: "*nowhere"'),
        ("a: 1\nb: 2\na: 3\n", 4, "'a' appears twice; remove one"),
        ("- a\n- b\n", 2, "expected 'key: value' lines, found a sequence"),
        ("just words\n", 2, "found a scalar"),
        ("a: 1\n[b]: 2\n", 3, "a key must be a word; put it in quotes"),
        ("a: &x\n  - *x\n", 2, "an alias contains itself; write the value out"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 4, "write the values out"),
        ("a: 1\nb: \x00\n", 3, "a control character (code 0); remove it"),
        ("a: 1\nb: \udcff\n", 3, "not UTF-8 text; save the file as UTF-8"),
        ("a: 1\nb: " + "[" * 1000 + "]" * 1000, 3, "deep; make it flatter"),
        ("a: " + "[" * 300_000, 2, "deep; make it flatter"),
        ("a: 1\n---\nb: 2\n", 3, "another document"),
    ],
)
def test_an_error_names_the_line_and_the_mend(text: str, line: int, words: str) -> None:
    with pytest.raises(EntryError) as caught:
        parse_yaml(text, "file.yml", first_line=2)
    message = str(caught.value)
    assert message.startswith(f"file.yml:{line}: ")
    assert words in message
    assert "\n" not in message


def test_aliases_that_would_fill_the_memory_are_an_error() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
    )
    with pytest.raises(EntryError, match=r"file\.yml:\d+: .*use fewer aliases"):
        parse_yaml(bomb, "file.yml")


def test_anchors_and_aliases_stand_for_their_values() -> None:
    assert parse_yaml("a: &x [1, 2]\nb: *x\n", "file.yml").data == {"a": [1, 2], "b": [1, 2]}


def test_a_place_is_the_line_of_the_key_or_of_the_nearest_above() -> None:
    document = parse_yaml("tasks:\n  clips:\n    uses: a\n", "file.yml", first_line=5)
    assert document.place("tasks", "clips", "uses") == "file.yml:7"
    assert document.place("tasks", "clips", "missing") == "file.yml:6"
    assert document.place("missing") == "file.yml:5"


@given(st.text())
def test_any_text_is_read_or_is_one_line_with_its_place(text: str) -> None:
    try:
        document = parse_yaml(text, "file.yml")
    except EntryError as error:
        assert PLACE.fullmatch(str(error)), str(error)
    else:
        assert isinstance(document.data, dict)


@given(st.lists(st.sampled_from(list("[]{}:,&*!|>'\"%@`-?#\n \tab1")), max_size=40).map("".join))
def test_any_heap_of_yaml_signs_is_read_or_is_one_line_with_its_place(text: str) -> None:
    test_any_text_is_read_or_is_one_line_with_its_place.hypothesis.inner_test(text)  # type: ignore[attr-defined]


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_they_were(whole: int, broken: float) -> None:
    assert plain_scalar(str(whole)) == whole
    assert plain_scalar(repr(broken)) == broken
