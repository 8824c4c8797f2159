"""Entries: what their front matter may say, and what a wrong one gets."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import EntryError, UsageError
from journal.record import Record
from journal.text.entry import Entry, parse_entry
from journal.text.workspace import Workspace

WORKSPACE = Workspace(Path("/w"), "w", day_1=date(2024, 1, 2))
STEP = "tasks:\n  clips:\n    uses: audio.clip\n"


def parse(front: str, body: str = "Words.\n", name: str = "2024-05-13-day-133.md") -> Entry:
    return parse_entry(f"---\n{front}---\n{body}", Path("/w/entries") / name, WORKSPACE)


def test_an_entry_says_its_day_title_categories_and_steps() -> None:
    entry = parse(
        "day: 133\ndate: 2024-05-13\ntitle: 'A: day'\ncategories: [theory, 2]\n"
        "tasks:\n  a: {uses: t.a, n: 3, after: b, timeout: 10 min, retries: 2, when: manual}\n  b: {uses: t.b}\n"
    )
    assert (entry.day, entry.date, entry.title) == (133, date(2024, 5, 13), "A: day")
    assert entry.categories == ("theory", "2")
    first, second = entry.steps
    assert (first.id, first.uses, dict(first.parameters)) == ("a", "t.a", {"n": 3})
    assert (first.after, first.timeout_s, first.retries, first.when) == (("b",), 600, 2, "manual")
    assert (second.id, second.after, second.timeout_s, second.when) == ("b", (), None, "auto")


def test_the_body_begins_below_the_front_matter() -> None:
    assert parse("day: 1\n", "x\n---\ny\n", "a.md").body == "x\n---\ny\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_of_any_editor_are_read(line_end: str, mark: str) -> None:
    text = mark + f"---\nday: 133\ntitle: T\n{STEP}---\nWords.\n".replace("\n", line_end)
    entry = parse_entry(text, Path("/w/entries/x.md"), WORKSPACE)
    assert (entry.day, entry.title, entry.steps[0].uses) == (133, "T", "audio.clip")
    assert entry.body == f"Words.{line_end}"
    assert entry.text == text


def test_front_matter_alone_is_an_entry() -> None:
    assert parse_entry("---\n---", Path("/w/entries/2024-05-13-day-133.md"), WORKSPACE).body == ""


def test_the_file_name_tells_day_and_date_that_the_front_matter_leaves_out() -> None:
    entry = parse("title: x\n", name="2024-06-01-day-133.md")
    assert (entry.day, entry.date) == (133, date(2024, 6, 1))


def test_day_1_makes_a_day_of_a_date_and_a_date_of_a_day() -> None:
    assert parse("date: 2024-05-13\n", name="x.md").day == 133
    assert parse("day: 133\n", name="x.md").date == date(2024, 5, 13)


def test_an_entry_that_breaks_the_rule_states_both() -> None:
    entry = parse("day: 133\ndate: 2024-05-20\n", name="x.md")
    assert (entry.day, entry.date) == (133, date(2024, 5, 20))


@pytest.mark.parametrize(
    ("front", "line", "words"),
    [
        ("title: [a\n", 2, "the [ here is never closed"),
        ("day: 133\nday: 134\n", 3, "the key 'day' appears twice; remove one"),
        ("day: many\n", 2, "day is 'many'; write a number such as 133"),
        ("day: -1\n", 2, "day is -1; write a number such as 133"),
        ("day: true\n", 2, "day is True; write a number"),
        ("day: 133.5\n", 2, "day is 133.5; write a number"),
        ("day: 132\n", 2, "day is 132, but the file's name says 133; make them agree"),
        ("title: x\ndate: 2024-05-14\n", 3, "date is 2024-05-14, but the file's name says 2024-05-13; make them agree"),
        ("date: 2024-13-45\n", 2, "date is '2024-13-45'; write a date such as 2024-05-13"),
        ("date: 13 May 2024\n", 2, "write a date such as 2024-05-13"),
        ("title: {a: b}\n", 2, "title must be one line of text; put it in quotes"),
        ("draft: yes\n", 2, "draft is 'yes'; write true or false"),
        ("titel: x\n", 2, "unknown key 'titel'; did you mean 'title'?"),
        ("categories: {a: b}\n", 2, "categories must be a list of words, such as [theory, deep-learning]"),
        ("tasks: [a]\n", 2, "tasks must hold steps: 'id:' with 'uses: TASK' below it"),
        ("tasks:\n  a:\n", 3, "step 'a' names no task; add 'uses: TASK' below it"),
        ("tasks:\n  a: {n: 3}\n", 3, "step 'a' names no task"),
        ("tasks:\n  a: {uses: 5}\n", 3, "step 'a' names no task"),
        ("tasks:\n  a b: {uses: t}\n", 3, "step id 'a b' may contain only letters, digits, - and _"),
        ("tasks:\n  a: {uses: t}\n  a: {uses: u}\n", 4, "the key 'a' appears twice"),
        ("tasks:\n  a:\n    uses: t\n    after: 3\n", 5, "after must be a step id or a list of step ids"),
        ("tasks:\n  a:\n    uses: t\n    timeout: soon\n", 5, "write '10 min' or '90 s'"),
        ("tasks:\n  a:\n    uses: t\n    timeout: 3 clips\n", 5, "clips can't be converted to s"),
        ("tasks:\n  a:\n    uses: t\n    timeout: 0\n", 5, "it would end the step immediately; write '10 min'"),
        ("tasks:\n  a:\n    uses: t\n    retries: some\n", 5, "retries is 'some'; write 0, 1, 2, ..."),
        ("tasks:\n  a:\n    uses: t\n    when: never\n", 5, "when is 'never'; write 'auto' or 'manual'"),
    ],
)
def test_an_error_names_the_line_and_the_mend(front: str, line: int, words: str) -> None:
    with pytest.raises(EntryError) as caught:
        parse(front)
    message = str(caught.value)
    assert message.startswith(f"entries/2024-05-13-day-133.md:{line}: ")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "x.md", "no front matter; begin the file with a line ---"),
        ("Words only.\n", "x.md", "no front matter"),
        ("---\nday: 1\n", "x.md", "the front matter is never closed; end it with a line ---"),
        ("---\ntitle: x\n---\n", "x.md", "the entry has no day and date; add 'day: 133' and 'date: 2024-05-13'"),
        ("---\ntitle: x\n---\n", "2024-13-99-day-3.md", "2024-13-99 in the file's name is not a date; rename the file"),
        ("\udcff\udcfe-\0", "x.md", "the file is UTF-16; save it as UTF-8"),
    ],
)
def test_a_file_that_is_no_entry_is_an_error_with_its_mend(text: str, name: str, words: str) -> None:
    with pytest.raises(EntryError) as caught:
        parse_entry(text, Path("/w/entries") / name, Workspace(Path("/w"), "w"))
    assert re.match(rf"entries/{name}:[12]: ", str(caught.value))
    assert words in str(caught.value)


@pytest.mark.parametrize("key", ["subtitle: x", "updated: 2024-05-14", "author: me", "layout: post", "slug: a-b"])
def test_keys_of_other_programs_are_let_be(key: str) -> None:
    assert parse(f"{key}\n").day == 133


@given(st.text(max_size=60))
def test_any_front_matter_is_read_or_is_one_line_with_its_place(front: str) -> None:
    try:
        parse(front + "\n")
    except EntryError as error:
        assert str(error).startswith("entries/2024-05-13-day-133.md:")
        assert "\n" not in str(error)


def test_a_broken_entry_is_one_line_and_exit_code_3(space: Space) -> None:
    path = space.entry("  clips: {}\n")
    before = path.read_bytes()
    done = space.run("day", "133", check=3)
    assert done.err.startswith("entries/2024-05-13-day-133.md:5: step 'clips' names no task")
    assert done.err.count("\n") == 1
    assert path.read_bytes() == before


def test_bytes_that_are_no_utf_8_survive_in_the_body_and_are_an_error_in_the_front_matter(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n", "Caf\xe9: <!-- no marker -->\n")
    path.write_bytes(path.read_text().encode("latin-1"))
    space.run("day", "133", check=0)
    assert b"\nCaf\xe9: <!-- no marker -->\n" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"title: A day", b"title: A d\xe9y"))
    assert space.run("day", "133", check=3).err.startswith("entries/2024-05-13-day-133.md:3: not UTF-8 text")


def test_a_day_without_an_entry_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no entry for day 7 in entries/; create one with: journal new 7"):
        Record(Workspace(tmp_path, "w")).entry(7)


def test_a_day_with_two_entries_is_an_error(space: Space) -> None:
    space.entry()
    space.write("entries/2024-05-14-day-133.md", "---\ntitle: x\n---\n")
    assert "day 133 has two entries" in space.run("day", "133", check=3).err


def test_day_0_is_a_day_as_any_other(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n", day=0)
    assert path.name == "2024-01-01-day-0.md"
    space.run("day", "0", check=0)
    assert "letters: **5**" in path.read_text()
    assert "day 0    1 up to date" in space.run("status", check=0).out
    assert "no entry for day 1 in entries/" in space.run("day", "1", check=2).err


def test_files_may_have_any_name_if_their_front_matter_tells_the_day(tmp_path: Path) -> None:
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries/notes.md").write_text("---\nday: 7\ndate: 2024-01-08\n---\n")
    (tmp_path / "entries/broken.md").write_text("no front matter\n")
    (tmp_path / "entries/2024-99-99-day-8.md").write_text("---\n---\n")
    record = Record(Workspace(tmp_path, "w"))
    assert record.entry(7).path.name == "notes.md"
    assert list(record.days()) == [7, 8]
    with pytest.raises(EntryError, match="is not a date; rename the file"):
        record.entry(8)
