"""Terminals and pipes: no colour where none is wanted, no cursor moved where none moves, JSON also of failures."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from conftest import Space, environment
from terminals import at_terminal


def test_no_color_is_kept_to(space: Space) -> None:
    space.entry("  one: {uses: toy.sleep, seconds: 0.2}\n")
    said = at_terminal(space, "day", "133", TERM="xterm-256color", NO_COLOR="1")
    assert "✓ one" in said and "\x1b[" in said  # a bar was drawn
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7])(?:;\d+)*m", said)


def test_a_terminal_that_moves_no_cursor_gets_plain_lines(space: Space) -> None:
    space.entry("  one: {uses: toy.sleep, seconds: 0.2}\n")
    said = at_terminal(space, "day", "133", TERM="dumb")
    assert "✓ one" in said and "\x1b" not in said


def test_help_fits_a_narrow_terminal(space: Space) -> None:
    for arguments in (["--help"], ["day", "--help"], ["publish", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "journal", *arguments], capture_output=True, text=True, check=True,
            env={**environment(), "COLUMNS": "54"},
        )  # fmt: skip
        wide = [line for line in done.stdout.splitlines() if len(line) > 52]
        assert not [line for line in wide if len(line.split()) > 2], wide


def test_each_group_of_commands_has_an_example(space: Space) -> None:
    said = space.run("--help", check=0).out
    for group, command in {"Write": "new", "Run": "day", "Look": "why", "Publish": "serve", "Help": "task"}.items():
        assert f"  for example: journal {command}" in said.split(f"{group}:\n")[1].split("\n\n")[0]


def test_a_pipe_that_is_closed_early_is_no_error(space: Space) -> None:
    for day in range(1, 60):
        space.entry(day=day)
    command = f"{sys.executable} -m journal status | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=space.root, capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.startswith("day 1 ") and done.stderr == ""


FAILING = {
    "no such day": (["day", "99", "--json"], 2),
    "no day": (["day", "--json"], 2),
    "an unknown option": (["status", "--jso", "--json"], 2),
    "no such ledger": (["stats", "nothing", "--json"], 2),
    "an entry that is wrong": (["day", "133", "--json"], 3),
    "a check of it": (["check", "133", "--json"], 3),
    "an unknown task": (["run", "text.cuont", "--json"], 3),
    "a wrong parameter": (["run", "text.write", "times=0", "--json"], 3),
}


@pytest.mark.parametrize("name", FAILING)
def test_with_json_a_failure_is_an_object_with_its_error(space: Space, name: str) -> None:
    arguments, code = FAILING[name]
    space.write("entries/2024-05-13-day-133.md", "---\nday: 133\ntasks: [\n---\n")
    done = space.run(*arguments, check=code)
    said = json.loads(done.out)
    assert said["exit_code"] == code
    assert said["error"] == done.err.strip()


def test_with_json_outside_of_a_workspace_there_is_an_object_too(space: Space) -> None:
    outside = Space(space.root.parent)
    assert "no journal.yml here" in json.loads(outside.run("status", "--json", check=2).out)["error"]
