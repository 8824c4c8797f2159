"""Entries as a new user gets them wrong: each fault is a line that says where, what, and what to do."""

# ruff: noqa: E501  # an entry a line
from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from conftest import Space, environment

from journal.cli.opening import source_lines

HEAD = "---\nday: 133\ndate: 2024-05-13\ntitle: A day\n"
STEP = "tasks:\n  a:\n    uses: text.count\n    source: data/words.txt\n"
CASES: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "a tab": (HEAD + "tasks:\n\ta:\n\t\tuses: text.count\n---\n", [(6, "a tab can't indent in YAML; use spaces")]),
    "a tab after spaces": (HEAD + "tasks:\n  a:\n  \tuses: text.count\n---\n", [(7, "a tab can't indent")]),
    "an open quote": (HEAD.replace("A day", '"A day') + STEP + "---\n", [(4, "the quote that begins here is never closed")]),
    "an open quote in a list": (HEAD + "tags: ['a, b]\n" + STEP + "---\n", [(5, "never closed; end it with '")]),
    "an open list": (HEAD + "tags: [a, b\n" + STEP + "---\n", [(5, "the [ here is never closed")]),
    "a colon in the title": (HEAD.replace("A day", "Day 1: more") + "---\n", [(4, 'write title: "Day 1: more"')]),
    "a star": (HEAD + "tasks:\n  a:\n    uses: text.count\n    source: *.txt\n---\n", [(8, 'write source: "*.txt"')]),
    "an at sign": (HEAD + "tasks:\n  a:\n    uses: @text\n---\n", [(7, "a value that begins with @ needs quotes")]),
    "a percent sign": (HEAD + "title2: %x\n---\n", [(5, "a value that begins with % needs quotes")]),
    "two keys on a line": (HEAD + "tasks:\n  a: uses: text.count\n---\n", [(6, "two keys on one line; put uses: on a line")]),
    "another indent": (HEAD + "tasks:\n  a:\n   uses: text.count\n    source: x\n---\n", [(8, "indented otherwise")]),
    "no space": (HEAD + "tasks:\n  a:\n    uses:text.count\n---\n", [(6, "write a space after 'uses:'")]),
    "a capital": (HEAD + "tasks:\n  a:\n    Uses: text.count\n---\n", [(6, "write 'uses' for 'Uses'")]),
    "use": (HEAD + "tasks:\n  a:\n    use: text.count\n---\n", [(6, "write 'uses' for 'use'")]),
    "no uses": (HEAD + "tasks:\n  a:\n    source: x\n---\n", [(6, "add 'uses: TASK' below it")]),
    "a list of steps": (HEAD + "tasks:\n  - uses: text.count\n---\n", [(5, "tasks must hold steps")]),
    "task": (HEAD + "task:\n  a: {uses: text.count}\n---\n", [(5, "unknown key 'task'; did you mean 'tasks'?")]),
    "steps as a list": (HEAD + "steps:\n  - id: a\n    task: text.count\n---\n", [(5, "write the steps below 'tasks:'")]),
    "jobs": (HEAD + "jobs:\n  a: {uses: text.count}\n---\n", [(5, "write the steps below 'tasks:'")]),
    "never closed": ("---\nday: 133\ntitle: A day\n\nHello\n", [(1, "the front matter is never closed")]),
    "curly quotes": (HEAD + "tasks:\n  a:\n    uses: “text.count”\n---\n", [(7, "did you mean 'text.count'?")]),
    "an unknown task": (HEAD + "tasks:\n  a:\n    uses: text.cuont\n---\n", [(7, "unknown task 'text.cuont'; did you mean")]),
    "the same with Windows' line ends": (
        (HEAD + "tasks:\n  a:\n    uses: text.cuont\n---\n").replace("\n", "\r\n"), [(7, "unknown task 'text.cuont'")]
    ),
    "a file that is not there": (HEAD + STEP.replace("words", "wrods") + "---\n", [(8, "did you mean 'data/words.txt'?")]),
    "another folder": (HEAD + STEP.replace("data/", "dat/") + "---\n", [(8, "no file dat/words.txt; did you mean 'data/words.txt'?")]),
    "a folder that is not there": (HEAD + STEP.replace("data/words", "x/y") + "---\n", [(8, "there is no folder x")]),
    "an absolute path": (HEAD + STEP.replace("data/words", "/nowhere/x") + "---\n", [(8, "there is no file /nowhere/x.txt")]),
    "an unknown step": (HEAD + STEP.replace("data/words.txt", "${b.file}") + "---\n", [(8, "refers to an unknown step 'b'")]),
    "the same step twice": (HEAD + STEP + "  a: {uses: text.write}\n---\n", [(9, "the key 'a' appears twice")]),
    "a draft that may be": (HEAD + "draft: maybe\n---\n", [(5, "draft is 'maybe'; write true or false")]),
    "a date of another kind": (HEAD.replace("2024-05-13", "13.05.2024") + "---\n", [(3, "write a date such as 2024-05-13")]),
    "a day in words": (HEAD.replace("133", "one") + "---\n", [(2, "write a number such as 133")]),
    "several of a step": (
        HEAD + "tasks:\n  a:\n    uses: text.count\n    source: data/wrods.txt\n    sorce: x\n    scale: many\n---\n",
        [(8, "did you mean 'data/words.txt'?"), (9, "has no parameter 'sorce'; did you mean 'source'?"), (10, "scale")],
    ),
    "several of an entry": (
        HEAD + "draft: maybe\ntasks:\n  a:\n    use: text.count\n  b c:\n    uses: text.count\n---\n",
        [(5, "draft is 'maybe'"), (7, "write 'uses' for 'use'"), (9, "step id 'b c'")],
    ),
    "several steps": (
        HEAD + "tasks:\n  a:\n    uses: text.cuont\n  b:\n    uses: text.count\n---\n",
        [(7, "unknown task 'text.cuont'"), (8, "needs the parameter 'source'")],
    ),
    "a marker with a space": (HEAD + STEP + "---\n\n<!--journal: a-->\n", [(11, "write <!-- journal:a -->")]),
    "a marker without a colon": (HEAD + STEP + "---\n\n<!-- journal a -->\n", [(11, "write <!-- journal:a -->")]),
    "a marker of no step": (HEAD + STEP + "---\n\n<!-- journal:b -->\n", [(11, "marker 'b' names no step")]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_a_line_with_its_place_and_mend(space: Space, name: str) -> None:
    text, faults = CASES[name]
    space.write("data/words.txt", "some words")
    path = space.root / "entries/2024-05-13-day-133.md"
    path.write_bytes(text.encode())
    done = space.run("day", "133", "--dry-run")
    lines = done.err.splitlines()
    assert len(lines) == len(faults), done.err
    for line, words in faults:
        said = next((one for one in lines if one.startswith(f"entries/2024-05-13-day-133.md:{line}: ")), "")
        assert words in said, done.err
    assert done.code == (0 if "marker" in name else 3)
    assert path.read_bytes() == text.encode()


def test_the_line_of_the_file_is_shown_with_a_mark_under_it(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    space.write("entries/a.md", "---\ntasks:\n    uses: x\n")
    monkeypatch.chdir(space.root)
    assert source_lines("entries/a.md:3: unknown task 'x'") == ["  3 |     uses: x", "    |     ^^^^^^^"]
    assert source_lines("entries/a.md:30: gone") == source_lines("no place") == source_lines("none.md:1: x") == []


def test_at_a_terminal_the_mark_is_shown_and_in_a_pipe_not(space: Space) -> None:
    space.write("entries/2024-05-13-day-133.md", HEAD + "draft: maybe\n---\n")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "journal", "day", "133"]
    subprocess.run(command, cwd=space.root, stderr=theirs, env=environment(), check=False)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    assert "  5 | draft: maybe" in said and "^^^^^^^^^^^^" in said
    assert "^" not in space.run("day", "133").err
