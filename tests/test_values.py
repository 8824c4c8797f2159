"""Values in sentences: what they name, how they are written, and that nothing else of an entry changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Space, entry_name
from hypothesis import given
from hypothesis import strategies as st

from journal.api.numbers import Number
from journal.errors import EntryError
from journal.record.values.expressions import Named, compute, parse_call
from journal.record.values.formats import write_number
from journal.text.edits import checksum
from journal.text.values import find_values, without_value_markers, write_values

pytestmark = pytest.mark.slow

MEASURE = '''"""Numbers of each kind."""
from typing import Annotated
from journal import Field, Report, TaskError, task


@task("toy.measure")
def measure(share: float = 0.0892, clips: Annotated[int, Field(ge=0)] = 36, fails: bool = False) -> Report:
    """Report what it was given."""
    if fails:
        raise TaskError("it went wrong; do it right")
    report = Report().metric("share", share, "%", digits=4).metric("held-out loss", 2.34567, digits=3)
    report.metric("clips", clips).table([["Finance", 0.0299, 0.9995], ["Politics", -0.5, 12.0]], ["Item", "F1", "F2"])
    return report.total("glaswegian", 90.0, "s").output("word", "baltic").output("count", clips)
'''


@pytest.fixture
def measured(space: Space) -> Callable[..., Path]:
    """A function that writes an entry with one step and a body; the goal is two hours."""
    space.write("plugins/measure.py", MEASURE)
    space.write("journal.yml", "name: x\nday-1: 2024-01-02\ngoals: {glaswegian: 120 min}\n")

    def write(body: str, step: str = "", day: int = 133) -> Path:
        return space.entry(f"  m:\n    uses: toy.measure\n{step}", body, day=day)

    return write


def body_of(path: Path) -> str:
    """Return what the author wrote, without the block at the end."""
    return path.read_text().split("---\n", 2)[2].split("\n<!-- journal:")[0]


READS = {
    "m.share %": "0.0892 %",
    "m.share": "0.0892",
    "m.share .1e": "8.9e-02",
    "m.held-out loss": "2.346",
    "m.held-out loss .1f": "2.3",
    "m.clips": "36",
    "m.clips words": "thirty-six",
    "m.clips clips": "36 clips",
    "m.F1[Finance] .3f": "0.030",
    "m.F2[Politics] / m.F2[Finance] .2f": "12.01",
    "m.F1[Finance] * 100 .2f": "2.99",
    "m.clips / 48 % .1f": "75.0 %",
    "(m.clips + 4) / 2 .0f": "20",
    "m.clips - 6 * 4": "12",
    "m.word": "baltic",
    "m.count": "36",
    "ledger.glaswegian min": "1.50 min",
    "ledger.glaswegian s .0f": "90 s",
    "ledger.glaswegian.goal - ledger.glaswegian min": "118.50 min",
    "ledger.glaswegian.goal h": "2 h",
    "m.F2[Finance] .4f de": "0,9995",
    "ledger.glaswegian / ledger.glaswegian.goal .2%": "1.25%",
}
"""What each value reads: 90 s of 120 min are 1.25 %."""


def test_each_name_and_format_reads_as_it_says(space: Space, measured: Callable[..., Path]) -> None:
    lines = [f"- a <!--= {call} -->?<!--/=-->" for call in READS]
    path = measured("\n".join(lines) + "\n")
    done = space.run("day", "133", check=0)
    assert done.err == ""
    found = re.findall(r"<!--= (.*?) -->(.*?)<!--/= ([0-9a-f]{8})-->", path.read_text())
    assert {call: text for call, text, _ in found} == READS
    assert all(checksum(text) == given for _, text, given in found)
    assert "nothing changed" in space.run("day", "133", check=0).out


WRONG = {
    "m.shar": "nothing is named 'm.shar'; did you mean 'm.share'?",
    "mm.share": "'mm.share': day 133 has no step 'mm'; did you mean 'm'?",
    "day-7.m.share": "'day-7.m.share': there is no day 7",
    "ledger.glaswegia": "there is no ledger 'glaswegia'; did you mean 'glaswegian'?",
    "ledger.glaswegian kg": "it is in min, which can't be written in kg",
    "m.share + m.clips": "can't be converted",
    "m.word + 1": "“baltic” is text; only numbers can be computed with",
    "(m.clips + 1": "its brackets do not pair",
    "m.clips / 0": "this divides by nought",
    "m.held-out loss words": "can't be written in words; only whole numbers can",
    "m.clips +": "'m.clips +': a name or number is missing at its end",
}


def test_a_value_that_names_nothing_is_said_by_line_and_the_others_are_written(
    space: Space, measured: Callable[..., Path]
) -> None:
    lines = [f"- a <!--= {call} -->old<!--/=-->" for call in WRONG]
    path = measured("\n".join([*lines, "- a <!--= m.clips -->old<!--/=-->"]) + "\n")
    done = space.run("day", "133", check=3)
    first = path.read_text().split("\n").index(lines[0]) + 1
    for number, (call, said) in enumerate(WRONG.items()):
        line = next(
            (one for one in done.err.splitlines() if one.startswith(f"entries/{path.name}:{first + number}: ")),
            done.err,
        )
        assert said in line, call
    assert path.read_text().count(">old<") == len(WRONG)
    assert f">36<!--/= {checksum('36')}-->" in path.read_text()


MARKERS = {
    "a <!--= m.clips -->36 and no end": "the value 'm.clips' is never closed; put <!--/=--> behind its text",
    "a <!--= m.clips --><!--= m.share -->1<!--/=--><!--/=-->": "a value begins inside 'm.clips'",
    "a <!--= m.clips -->1<!--/=-->2<!--/=-->": "a value ends here that has not begun; remove <!--/=-->",
    "a <!--= m.clips -->1\n\nb<!--/=-->": "the value 'm.clips' is never closed",
    "a <!--= m.clips": "this value's comment has no end on its line; write -->",
    "a <!--= -->1<!--/=-->": "this value names nothing; write <!--= STEP.NAME -->",
    "a <!--= m.clips -->1<!--/= xyz-->": "'xyz' is no checksum",
}


@pytest.mark.parametrize("line", MARKERS)
def test_markers_out_of_order_are_said_by_line_before_anything_runs(
    space: Space, measured: Callable[..., Path], line: str
) -> None:
    path = measured(f"Words.\n\n{line}\n")
    before = path.read_bytes()
    done = space.run("day", "133", check=3)
    place = before.decode()[: before.decode().index(line)].count("\n") + 1
    assert re.match(rf"entries/{re.escape(path.name)}:{place}(?:|\d+): ", done.err) or f":{place + 2}: " in done.err
    assert MARKERS[line] in done.err
    assert path.read_bytes() == before
    assert not path.with_suffix("").exists()


def test_in_code_and_in_comments_it_is_text(space: Space, measured: Callable[..., Path]) -> None:
    body = (
        "`<!--= m.clips -->` and ``a ` <!--= m.clips -->``\n\n```\n<!--= m.clips -->1<!--/=-->\n```\n\n"
        "    <!--= m.clips -->1<!--/=-->\n\n<!--\n<!--= m.clips -->\n\n<pre>\n<!--= m.clips -->1<!--/=-->\n</pre>\n"
    )
    path = measured(body)
    space.run("day", "133", check=0)
    assert body_of(path) == body


def test_it_stands_in_headings_lists_tables_links_and_at_the_beginning_of_a_line(
    space: Space, measured: Callable[..., Path]
) -> None:
    one = "<!--= m.clips --><!--/=-->"
    path = measured(
        f"## All {one}\n\n{one}. Clips *begin* this line.\n\n1. a {one}\n   - b {one}\n\n> q {one}\n\n"
        f"| a |\n|---|\n| {one} |\n\nA [link {one}](https://a.dev) and **{one}**.\n"
    )
    done = space.run("day", "133", check=0)
    assert "begins its line, which GitHub then takes for HTML; put a word before it" in done.err
    assert path.read_text().count(">36<") == 8
    space.write("site/mkdocs.yml", (Path(__file__).parents[1] / "site/mkdocs.yml").read_text())
    space.run("build", check=0)
    page = (space.root / "build/site/day/133/index.html").read_text()
    assert "<p>36. Clips <em>begin</em> this line.</p>" in page
    assert "<td>36</td>" in page
    assert "<strong>36</strong>" in page
    assert "link 36</a>" in page


def test_an_edit_by_hand_is_kept_told_and_never_silently_overwritten(
    space: Space, measured: Callable[..., Path]
) -> None:
    path = measured("We have <!--= m.clips --><!--/=--> clips.\n")
    space.run("day", "133", check=0)
    path.write_text(path.read_text().replace(">36<", ">37<"))
    done = space.run("day", "133", check=0)
    assert "value 'm.clips' was edited by hand, 37; it should read 36" in done.err
    assert ">37<" in path.read_text()
    assert "was edited by hand" in space.run("status", check=0).out
    path.write_text(path.read_text().replace("uses: toy.measure", "uses: toy.measure\n    clips: 40"))
    done = space.run("day", "133", check=4)
    assert "value 'm.clips' was edited by hand, 37, and is 40 now; it is unchanged" in done.err
    assert ">37<" in path.read_text()
    space.run("day", "133", "--edits", "drop", check=0)
    assert ">40<" in path.read_text()


def test_a_value_of_a_failed_step_keeps_its_number_and_says_so(space: Space, measured: Callable[..., Path]) -> None:
    path = measured("We have <!--= m.clips --><!--/=--> clips.\n")
    space.run("day", "133", check=0)
    path.write_text(path.read_text().replace("uses: toy.measure", "uses: toy.measure\n    fails: true"))
    space.run("day", "133", check=1)
    assert f">36<!--/= {checksum('36')}-->" in path.read_text()
    assert "value 'm.clips' keeps 36, since its step failed" in space.run("status", check=0).out


def test_other_days_and_ledgers_as_of_a_day_make_a_value_out_of_date(
    space: Space, measured: Callable[..., Path]
) -> None:
    measured("First.\n", day=132)
    path = measured(
        "Yesterday <!--= day-132.m.clips --><!--/=-->, in all <!--= ledger.glaswegian min .1f --><!--/=-->, "
        "then <!--= ledger.glaswegian@132 min .1f --><!--/=-->.\n"
    )
    space.run("day", "132..133", check=0)
    assert [one[0] for one in re.findall(r"-->([^<]+)(<!--/=)", path.read_text())] == ["36", "3.0 min", "1.5 min"]
    assert "day 133  1 up to date\n" in space.run("status", check=0).out
    first = space.root / "entries" / f"{entry_name(132)}.md"
    first.write_text(first.read_text().replace("uses: toy.measure", "uses: toy.measure\n    clips: 40"))
    space.run("day", "132", check=0)
    assert "value 'day-132.m.clips' is out of date, 36 → 40" in space.run("status", check=0).out
    space.write("site/mkdocs.yml", (Path(__file__).parents[1] / "site/mkdocs.yml").read_text())
    assert "is out of date, 36 → 40  [stale]" in space.run("check", "--publish", check=1).out
    space.run("day", "132..133", "--stale", check=0)
    assert ">40<" in path.read_text()


def test_why_names_the_values_of_a_day_ready_to_paste(space: Space, measured: Callable[..., Path]) -> None:
    path = measured("Words.\n")
    space.run("day", "133", check=0)
    lines = space.run("why", "133", check=0).out.splitlines()
    pasted = [line.partition("<!--/=-->")[0] + "<!--/=-->" for line in lines if "-->" in line]
    path.write_text(path.read_text().replace("Words.", "\n\n".join(f"a {one}" for one in pasted)))
    assert space.run("day", "133", check=0).err == ""
    assert any("m.share -->" in line and line.endswith("0.0892") for line in lines)


WORDS = st.text(st.sampled_from(list("ab`*_[]()<>!-= |\n\r\t#>~1.\\é\u2028$&")), max_size=30)
CALLS = st.sampled_from(["<!--= a.b -->x<!--/=-->", "<!--= a.b -->1<!--/= 0bad0bad-->", "`<!--= a -->`", "<!--/=-->"])


@given(st.lists(st.one_of(WORDS, CALLS), max_size=12), st.text(max_size=8))
def test_no_byte_outside_values_changes_and_what_was_written_is_found_again(pieces: list[str], new: str) -> None:
    text = "".join(pieces)
    try:
        values = find_values(text, 0, "x")
    except EntryError:
        return
    new = re.sub(r"[^\w ]", "", new)
    changed = write_values(text, values, dict.fromkeys(range(len(values)), new))
    strip = re.compile(r"(<!--= a\.b -->)[^<]*<!--/=[^>]*-->")
    kept = [text[a:b] for a, b in _outside(values, text)]
    position = 0
    for piece in kept:
        assert changed.startswith(piece, changed.index(piece, position))
        position = changed.index(piece, position) + len(piece)
    again = find_values(changed, 0, "x")
    assert [one.text for one in again] == [new] * len(values)
    assert not any(one.is_edited for one in again)
    assert strip.sub("", changed).count("<!--= a.b -->") == strip.sub("", text).count("<!--= a.b -->")
    assert isinstance(without_value_markers(text), str)


def _outside(values: list[object], text: str) -> list[tuple[int, int]]:
    position, found = 0, []
    for value in values:
        found.append((position, value.start))  # type: ignore[attr-defined]
        position = value.after  # type: ignore[attr-defined]
    return [*found, (position, len(text))]


@given(st.integers(min_value=0, max_value=999_999_999))
def test_words_of_numbers_are_those_of_a_dictionary(value: int) -> None:
    """Spelled as num2words spells them (British English), but for its commas and "zero"."""
    num2words = pytest.importorskip("num2words", reason="the tests without PyTorch run without it").num2words
    expected = num2words(value, lang="en_GB").replace(",", "").replace("zero", "nought")
    assert write_number(Number(value), "words") == expected


@given(st.floats(min_value=-1e9, max_value=1e9), st.floats(min_value=0.001, max_value=1e6))
def test_arithmetic_is_that_of_floats(left: float, right: float) -> None:
    names: dict[str, Named] = {"a.x": Number(left), "a.y": Number(right)}
    for sign, expected in (("+", left + right), ("-", left - right), ("*", left * right), ("/", left / right)):
        expression, how = parse_call(f"a.x {sign} a.y .17g", names.__contains__)
        found = compute(expression, names.__getitem__)
        assert how == ".17g"
        assert isinstance(found, Number)
        assert found.value == expected


def test_typed_numbers_are_bound_and_nothing_else_changes(space: Space, measured: Callable[..., Path]) -> None:
    """What is written reads as what was typed; a number that begins its line, or says something else, stays."""
    body = (
        "We cut 36 clips, with a share of 0.0892 %, and Finance has 0.030 on F1.\n\n36 clips begin this line.\n\n"
        "I read 36 pages, aim at 40 clips, and the held-out loss was 2.35.\n"
    )
    path = measured(body)
    space.run("day", "133", check=0)
    before = path.read_text()
    listed = space.run("check", "133", "--bind", check=0)
    assert path.read_text() == before
    assert "nothing was written; --yes writes them all" in listed.err
    space.run("check", "133", "--bind", "--yes", check=0)
    after = path.read_text()
    assert re.sub(r"<!--/?=[^>]*-->", "", after) == before
    assert re.findall(r"<!--= (.*?) -->", after) == ["m.clips", "m.share", "m.F1[Finance]", "m.held-out loss .2f"]
    assert "\n36 clips begin" in after
    assert "nothing changed" in space.run("day", "133", check=0).out
    path.write_text(after.replace("uses: toy.measure", "uses: toy.measure\n    clips: 40"))
    space.run("day", "133", check=0)
    assert "We cut <!--= m.clips -->40<!--/= " in path.read_text()
