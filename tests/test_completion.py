"""What the Tab key offers, as a real bash asks for it; a broken workspace offers nothing, rather than an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Space, environment
from transcripts import make_commands

STEPS = "  one: {uses: text.write}\n  two: {uses: text.join, sources: data.txt}\n"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    return make_commands(tmp_path / "bin")


def offered(space: Space, commands: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    typed = " ".join(f"'{word}'" for word in ("journal", *words))
    script = f"""
source <(_JOURNAL_COMPLETE=source_bash journal)
COMP_WORDS=({typed}); COMP_CWORD={len(words)}
_journal_completion journal "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    variables = environment()
    done = subprocess.run(
        ["bash", "-c", script], cwd=space.root, capture_output=True, text=True, check=True,
        env={**variables, "PATH": f"{commands}:{variables['PATH']}"},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def days(space: Space) -> Space:
    space.entry(STEPS, day=133)
    space.entry("  three: {uses: toy.total, seconds: 4}\n", day=134)
    return space


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["day", ""], ["today", "134", "133"]),
        (["day", "133..1"], ["133..134", "133..133"]),
        (["day", "133", "--only", ""], ["one", "two"]),
        (["day", "--only", "t"], ["three", "two"]),
        (["day", "133", "--edits", "k"], ["keep"]),
        (["day", "133", "--edits", "o"], ["one="]),
        (["why", "133."], ["133.one", "133.two"]),
        (["run", "toy.t"], ["toy.total"]),
        (["run", "text.write", ""], ["text=", "times="]),
        (["run", "text.write", "text", "=", "aye", "t"], ["times="]),
        (["run", "factor.analysis", "method", "=", "m"], ["minres", "ml"]),
        (["run", "factor.analysis", "rotation", "="], []),
        (["task", "n"], ["new", "notebook.run"]),
        (["stats", "g"], ["glaswegian"]),
        (["che"], ["check"]),
    ],
)
def test_days_steps_tasks_parameters_and_ledgers_are_offered(
    days: Space, commands: Path, words: list[str], expected: list[str]
) -> None:
    found = offered(days, commands, *words)
    assert found == expected if words[:2] != ["run", "factor.analysis"] or expected else "varimax" in found


def test_a_broken_workspace_offers_nothing_and_says_nothing(space: Space, commands: Path) -> None:
    space.write("journal.yml", "name: [\n")
    assert offered(space, commands, "day", "") == []
    assert offered(space, commands, "run", "") == []


def test_a_plugin_that_prints_and_fails_offers_nothing(space: Space, commands: Path) -> None:
    space.write("plugins/bad.py", "from journal import task\nprint('noise')\n1 / 0\n@task('bad.one')\ndef one(): ...\n")
    assert offered(space, commands, "run", "bad.one", "") == []


def test_a_workspace_that_is_not_trusted_runs_no_code_at_the_tab_key(space: Space) -> None:
    space.write(
        "plugins/bad.py", "from journal import task\nopen('ran', 'w')\n@task('bad.one')\ndef one(x: int): ...\n"
    )
    variables = {name: value for name, value in environment().items() if name != "JOURNAL_TRUST"}
    asked = {"_JOURNAL_COMPLETE": "complete_bash", "COMP_WORDS": "journal run bad.one ", "COMP_CWORD": "3"}
    subprocess.run([sys.executable, "-m", "journal"], cwd=space.root, env={**variables, **asked}, check=True)
    assert not (space.root / "ran").exists()


def test_the_tab_key_moves_no_workspace_of_an_earlier_format(days: Space, commands: Path) -> None:
    """The move says a line, which nobody would see."""
    path = days.write("journal.yml", "name: x\nday-1: 2024-01-02\nmodels: {p: package:tasks/audio}\n")
    before = path.read_bytes()
    assert offered(days, commands, "day", "13") == ["134", "133"]
    assert offered(days, commands, "run", "toy.t") == ["toy.total"]
    assert path.read_bytes() == before
