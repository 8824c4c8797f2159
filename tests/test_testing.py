"""A new task and its test pass as they are, and check_task finds each way of breaking the contract."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Space, environment

from journal.testing import check_task, make_workspace

BROKEN = {
    "times": ("report.text(str(time.time_ns()))", "the same input gave another report"),
    "bytes": ("(ctx.out / 'a.txt').write_bytes(os.urandom(8))", "the same input gave other bytes: a.txt"),
    "writes": ("(ctx.root / 'notes.txt').write_text('x')", "it wrote outside ctx.out: notes.txt"),
    "prints": ("print('hello there')", "it printed 'hello there'"),
    "reads": ("Path(ctx.root / 'data.txt').read_text()", "it read data.txt, which it does not declare"),
    "fails": ("raise ValueError('no luck')", "failed: ValueError: no luck"),
    "returns": ("return None", "it must return a Report"),
}
PLUGIN = '''"""Breaks the contract."""
import os
import time
from pathlib import Path
from journal import Context, Report, task


@task("bad.{name}")
def {name}(ctx: Context) -> Report:
    """Break it."""
    report = Report().metric("n", 1)
    {line}
    return report
'''


def _pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), check=False)


def test_a_new_task_and_its_test_pass_as_they_are(space: Space) -> None:
    said = space.run("task", "new", "words.count", check=0).out
    assert "plugins/words_count.py" in said and "tests/test_words_count.py" in said
    done = _pytest(space.root, "tests/test_words_count.py")
    assert done.returncode == 0 and "2 passed" in done.stdout
    assert "words: **3**" in space.run("run", "words.count", "text=one two three", check=0).out


def test_a_new_package_has_an_entry_point_and_a_test_that_passes(space: Space, tmp_path: Path) -> None:
    space.run("task", "new", "words.count", "--package", check=0)
    folder = space.root / "journal-words-count"
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", target, folder],
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests"], cwd=folder, capture_output=True, text=True,
        env={**environment(), "PYTHONPATH": str(target)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(("name", "message"), [("words", "no name for a task"), ("Text.Count", "no name for a task")])
def test_a_bad_name_is_refused(space: Space, name: str, message: str) -> None:
    assert message in space.run("task", "new", name, check=2).err


def test_what_is_there_already_is_kept(space: Space) -> None:
    space.write("tests/test_words_count.py", "mine")
    assert "is there already" in space.run("task", "new", "words.count", check=2).err
    assert (space.root / "tests/test_words_count.py").read_text() == "mine"
    assert not (space.root / "plugins/words_count.py").exists()


@pytest.mark.parametrize("name", BROKEN)
def test_each_breach_of_the_contract_is_named(tmp_path: Path, name: str) -> None:
    line, message = BROKEN[name]
    root = make_workspace(tmp_path / "workspace")
    (root / "plugins").mkdir()
    (root / "data.txt").write_text("x")
    (root / f"plugins/{name}.py").write_text(PLUGIN.format(name=name, line=line))
    with pytest.raises(AssertionError) as caught:
        check_task(f"bad.{name}", root)
    assert message in str(caught.value)
