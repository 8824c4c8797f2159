"""Formats of workspaces: an earlier one is moved with a copy and a word, a newer one is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Space

from journal.text.formats import FORMAT, MOVES

OLD = (
    "# mine\nname: A journal\nday-1: 2024-01-02\nmodels:\n"
    "  pictures: package:tasks.diffusion.emoji_scenes/weights # good\n  other: 'package:tasks/audio'\n"
)


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_earlier_format_is_moved_with_a_copy_and_a_word(space: Space, newline: str) -> None:
    old = OLD.replace("\n", newline)
    path = space.write("journal.yml", old)
    done = space.run("models", check=0)
    assert f"journal.yml: brought to format {FORMAT} (" in done.err
    assert f"as it was: .journal/before-format-{FORMAT}/journal.yml" in done.err
    assert (
        path.read_bytes().decode()
        == old.replace("tasks.diffusion.emoji_scenes", "emoji_scenes").replace(
            "package:tasks/", "package:journal_tasks/"
        )
        + f"format: {FORMAT}{newline}"
    )
    assert (space.root / f".journal/before-format-{FORMAT}/journal.yml").read_bytes().decode() == old
    assert space.run("models", check=0).err == ""  # said once


def test_a_second_copy_does_not_replace_the_first(space: Space) -> None:
    space.write("journal.yml", OLD)
    space.run("status", check=0)
    space.write("journal.yml", OLD.replace("# mine", "# again"))
    space.run("status", check=0)
    kept = space.root / f".journal/before-format-{FORMAT}"
    assert (kept / "journal.yml").read_text() == OLD
    assert (kept / "journal-2.yml").read_text().startswith("# again")


def test_a_format_that_is_stated_is_raised_in_its_line(space: Space) -> None:
    path = space.write("journal.yml", f"format: 1 # old\n{OLD}")
    space.run("status", check=0)
    assert path.read_text().startswith(f"format: {FORMAT} # old\n") and path.read_text().count("format:") == 1


def test_a_workspace_in_which_nothing_changed_its_form_stays_as_it_is(space: Space) -> None:
    before = (space.root / "journal.yml").read_bytes()
    assert space.run("status", check=0).err == ""
    assert (space.root / "journal.yml").read_bytes() == before


def test_a_move_makes_no_result_stale(space: Space) -> None:
    (space.root / "plugins/toys.py").write_text(
        "from journal import Context, ModelName, Report, task\n\n@task('toy.model')\n"
        "def use(ctx: Context, model: ModelName) -> Report:\n"
        "    return Report().metric('letters', len(ctx.model(model).name))\n"
    )
    space.write("journal.yml", OLD.replace("tasks/audio", "journal_tasks/audio") + "format: 2\n")
    space.entry("  one: {uses: toy.model, model: other}\n")
    space.run("day", "133", check=0)
    space.write("journal.yml", OLD)
    done = space.run("day", "133", check=0)
    assert "up to date" in done.out and "brought to format" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_workspace_that_cannot_be_written_is_read_as_it_is(space: Space) -> None:
    space.write("journal.yml", OLD)
    space.root.chmod(0o500)
    try:
        assert "pictures" in space.run("models", check=0).out
    finally:
        space.root.chmod(0o700)


@pytest.mark.parametrize("command", [["status"], ["day", "133"], ["build"], ["gc"], ["new"], ["stats"], ["init"]])
def test_a_newer_format_is_left_alone(space: Space, command: list[str]) -> None:
    space.entry("  one: {uses: text.write}\n")
    space.write("journal.yml", "name: x\nfuture: {key: 1}\nformat: 99\n")
    before = files_of(space.root)
    done = space.run(*command)
    if command != ["init"]:
        assert done.code == 3
        assert done.err.startswith("journal.yml:3: this workspace has format 99, and journal ")
        assert "pip install --upgrade journal-in-public" in done.err
    assert {name: one for name, one in files_of(space.root).items() if name in before} == before


@pytest.mark.parametrize("stated", ["old", "0", "true", "[2]", "2.5"])
def test_a_format_that_is_none_is_told_with_its_line(space: Space, stated: str) -> None:
    space.write("journal.yml", f"name: x\nformat: {stated}\n")
    assert space.run("status", check=3).err.startswith("journal.yml:2: format is ")


def test_a_report_of_a_newer_journal_is_not_misread(space: Space) -> None:
    path = space.entry("  one: {uses: text.write}\n")
    space.run("day", "133", check=0)
    report = path.with_suffix("") / "one/report.json"
    report.write_text(json.dumps({**json.loads(report.read_text()), "schema": 99}))
    assert "was written by a newer version of journal; update journal" in space.run("why", "133.one", check=1).err


def test_a_new_workspace_says_the_present_format(tmp_path: Path) -> None:
    Space(tmp_path).run("init", check=0)
    assert f"\nformat: {FORMAT} #" in (tmp_path / "journal.yml").read_text()
    for name in ("journal.yml", "examples/journal.yml"):
        assert f"\nformat: {FORMAT} #" in (Path(__file__).parents[1] / name).read_text()


def test_formats_rise_one_by_one() -> None:
    assert [move.to for move in MOVES] == list(range(2, FORMAT + 1))
