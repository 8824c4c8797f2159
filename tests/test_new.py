"""New entries: they begin and end as the last ones do, take over steps without data, and get a summary of values."""

from __future__ import annotations

import os
import stat

import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st

from journal.start.habits import shared_ends

LINES = st.lists(st.sampled_from(["", "Hello", "a", "b", "* c", "See you"]), max_size=12)
BODY = """Hi all, day {day} here.

In short:

* {did}

### Words

{did}, and that took all day.

Bye bye!
"""


@pytest.fixture
def two_days(space: Space) -> Space:
    for day, did in ((1, "read a book"), (2, "went out")):
        space.entry("", BODY.format(day=day, did=did), day=day)
    return space


@given(LINES, LINES)
def test_what_two_entries_share_is_taken_from_both_ends_and_never_twice(one: list[str], other: list[str]) -> None:
    begin, end = shared_ends(one, other)
    plain = [line for line in min(one, other, key=len) if not line.startswith("* ")]
    assert len(begin) + len(end) <= len(plain)
    assert all(line in one and line in other for line in (*begin, *end))


def test_a_new_entry_begins_and_ends_as_the_last_two(two_days: Space) -> None:
    two_days.run("new", "3", check=0)
    (path,) = two_days.root.glob("entries/*day-3.md")
    assert path.read_text().partition("\n---\n")[2] == "Hi all, day 3 here.\n\nIn short:\n\n*\n\nBye bye!\n"


def test_such_an_entry_is_a_draft_until_something_is_written(two_days: Space) -> None:
    two_days.write("site/mkdocs.yml", "site_name: x\ntheme: {name: material, font: false}\n")
    two_days.run("new", "3", check=0)
    assert "day-3.md: a draft, left out" in two_days.run("build").err
    (path,) = two_days.root.glob("entries/*day-3.md")
    path.write_text(path.read_text().replace("\n*\n", "\n* did something\n"))
    assert "a draft" not in two_days.run("build").err


def test_whether_it_is_a_draft_follows_the_entry_before_it_at_each_build(two_days: Space) -> None:
    """A post that is kept between builds must not keep what another entry decides."""
    two_days.write("site/mkdocs.yml", "site_name: x\ntheme: {name: material, font: false}\n")
    two_days.run("new", "3", check=0)
    (new,) = two_days.root.glob("entries/*day-3.md")
    (before,) = two_days.root.glob("entries/*day-2.md")
    for path in (new, before):
        os.utime(path, (1_700_000_000, 1_700_000_000))  # older than what is read anew for being young
    assert "day-3.md: a draft" in two_days.run("build").err
    before.write_text(before.read_text().replace("Bye bye!", "Good night."))
    os.utime(before, (1_700_000_100, 1_700_000_100))
    assert "day-3.md: a draft" not in two_days.run("build").err


def test_a_workspaces_own_template_stands(two_days: Space) -> None:
    two_days.write("template.md", "---\nday: {{DAY}}\ndate: {{DATE}}\ntitle: {{TITLE}}\n---\nMine.\n")
    two_days.run("new", "3", check=0)
    (path,) = two_days.root.glob("entries/*day-3.md")
    assert path.read_text().endswith("---\nMine.\n")


def test_steps_are_taken_over_without_their_data(space: Space) -> None:
    space.write("in.txt", "one two three")
    space.entry(
        "  both:\n    uses: text.join\n    sources: [in.txt]\n    title: T\n    timeout: 5 min\n    show: [quotes]\n"
        "  more: {uses: toy.total, seconds: 5, when: manual, ledger: 'a: null'}\n"
    )
    space.run("new", "134", "--like", "133", check=0)
    (path,) = space.root.glob("entries/*day-134.md")
    text = path.read_text()
    assert (
        "  both:\n    uses: text.join\n    sources:\n    title: T\n    timeout: 5 min\n    show:\n    - quotes\n"
        in text
    )
    assert "  more:\n    uses: toy.total\n    seconds: 5\n    when: manual\n    ledger: 'a: null'\n" in text
    assert "<!-- journal:both -->\n\n<!-- journal:more -->" in text
    done = space.run("day", "134")
    assert "sources" in done.err  # what is left blank is told, and nothing is taken by mistake


def test_the_editor_is_opened_on_the_new_entry(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = space.write("editor.sh", '#!/bin/sh\necho "edited" >> "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("VISUAL", str(editor))
    space.run("new", "134", "--edit", check=0)
    (path,) = space.root.glob("entries/*day-134.md")
    assert path.read_text().endswith("edited\n")


SUMMARY = "In short:\n\n*\n\n### Firstly, about the seconds\n\n<!-- journal:more -->\n\n### Lunch\n\nIt was good.\n"


def test_a_summary_is_proposed_from_headings_and_results_with_values(space: Space) -> None:
    space.entry("  more: {uses: toy.total, seconds: 5}\n", SUMMARY)
    space.run("day", "133", check=0)
    space.run("new", "133", "--summary", check=0)
    text = next(space.root.glob("entries/*day-133.md")).read_text()
    assert "* about the seconds" in text
    assert "\n* lunch\n" in text
    before = text
    assert space.run("day", "133", check=0)
    assert next(space.root.glob("entries/*day-133.md")).read_text() == before


def test_a_summary_of_the_authors_own_is_left_alone(space: Space) -> None:
    path = space.entry("  more: {uses: toy.total, seconds: 5}\n", SUMMARY.replace("*\n", "* mine\n"))
    space.run("day", "133", check=0)
    before = path.read_bytes()
    done = space.run("new", "133", "--summary", check=0)
    assert path.read_bytes() == before
    assert "* lunch" in done.out
    assert "has a summary of its own" in done.err


def test_a_summary_needs_an_entry(space: Space) -> None:
    assert "needs the day of an entry" in space.run("new", "--summary").err
    assert os.listdir(space.root / "entries") == []  # noqa: PTH208
