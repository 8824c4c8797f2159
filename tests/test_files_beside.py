"""Files beside an entry are what their steps made, by their bytes; where they aren't, that is said and mended."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Space, make_space
from test_blog import write_days

pytestmark = pytest.mark.slow


@pytest.fixture
def day(space: Space) -> tuple[Space, Path]:
    """A day with files of several kinds beside its entry, and their folder."""
    write_days(space)
    return space, next((space.root / "entries").glob("*-day-133/all"))


def test_a_changed_file_is_told_by_each_command_and_put_back(day: tuple[Space, Path]) -> None:
    space, folder = day
    plot = folder / "plot.svg"
    before = plot.read_bytes()
    plot.write_bytes(before.replace(b"</svg>", b"<!-- 99.99 --></svg>"))
    said = "all/plot.svg differs from what the step made"
    assert said in space.run("status", check=0).out
    assert said in space.run("check", "133", check=1).err
    assert f"{said}  [edited]" in space.run("check", "--publish", check=1).out
    done = space.run("day", "133", check=0)
    assert "put back: all/plot.svg" in done.out
    assert "the step is up to date; 1 file put back" in done.out
    assert plot.read_bytes() == before
    assert "differs" not in space.run("status", check=0).out


def test_a_removed_file_is_told_and_put_back(day: tuple[Space, Path]) -> None:
    space, folder = day
    (folder / "one.png").unlink()
    assert "all/one.png is gone; journal day 133 puts it back" in space.run("status", check=0).out
    space.run("day", "133", check=0)
    assert (folder / "one.png").is_file()


def test_a_file_of_the_authors_among_them_is_named_and_left_alone(day: tuple[Space, Path]) -> None:
    space, folder = day
    (folder / "notes.txt").write_text("mine")
    assert "all: notes.txt was not made by the step; it is left alone" in space.run("status", check=0).out
    assert space.run("check", "133", check=0).err == ""
    space.run("day", "133", "--force", check=0)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_clone_that_leaves_out_a_whole_result_says_nothing_of_its_files(tmp_path: Path) -> None:
    space = make_space(tmp_path)
    space.entry("  a: {uses: text.write}\n")
    space.run("day", "133", check=0)
    (next((space.root / "entries").glob("*/a")) / "text.txt").unlink()
    assert "1 up to date\n" in space.run("status", check=0).out
