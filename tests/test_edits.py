"""Hands and runs side by side: an edit is never silent, and a conflict or a mistake costs nobody else's block."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Space

pytestmark = pytest.mark.slow

STEPS = "  a: {uses: text.write, text: one}\n  b: {uses: text.write, text: two}\n"


@pytest.fixture
def edited(space: Space) -> Path:
    """An entry with two blocks, the first of them edited by hand."""
    path = space.entry(STEPS)
    space.run("day", "133", check=0)
    path.write_text(path.read_text().replace("- letters: **3**", "- letters: **33**", 1))
    return path


def test_an_edit_is_named_by_day_check_and_build_and_marked_on_the_page(space: Space, edited: Path) -> None:
    line = edited.read_text()[: edited.read_text().index("<!-- journal:a -->")].count("\n") + 1
    named = f"entries/2024-05-13-day-133.md:{line}: block 'a' was edited by hand\n"
    assert named in space.run("day", "133", check=0).err
    assert space.run("check", "133", check=1).err == named
    space.write("site/mkdocs.yml", "site_name: x\ntheme: {name: mkdocs}\nplugins: []\nuse_directory_urls: false\n")
    assert named in space.run("build", check=0).err
    page = (space.root / "build/site/day/133/index.html").read_text()
    assert page.count("Edited by hand since it was computed.") == 1
    assert page.index("33") < page.index("Edited by hand") < page.rindex("letters")


def test_a_conflict_leaves_that_block_alone_and_all_others_are_written(space: Space, edited: Path) -> None:
    edited.write_text(edited.read_text().replace("text: one", "text: seven").replace("text: two", "text: eleven"))
    done = space.run("day", "133", check=4)
    assert "block 'a' was edited by hand and its new result changes the same lines; the block is unchanged" in done.err
    text = edited.read_text()
    assert "letters: **33**" in text and "letters: **6**" in text
    assert (edited.with_suffix("") / "a/text.txt").read_text() == "one"
    assert (edited.with_suffix("") / "b/text.txt").read_text() == "eleven"
    space.run("day", "133", "--edits", "a=drop", check=0)
    assert "letters: **5**" in edited.read_text() and "**33**" not in edited.read_text()


def test_edits_are_kept_or_dropped_step_by_step(space: Space, edited: Path) -> None:
    text = edited.read_text().replace("text: one", "text: seven").replace("text: two", "text: eleven")
    edited.write_text(text.replace("- letters: **3**", "- letters: **three**"))
    space.run("day", "133", "--edits", "a=keep", "--edits", "b=drop", check=0)
    text = edited.read_text()
    assert "letters: **33**" in text and "letters: **6**" in text and "three" not in text
    for wrong in ("maybe", "a=maybe"):
        assert "use merge, keep or drop" in space.run("day", "133", "--edits", wrong, check=2).err


def test_a_remark_right_above_a_number_survives_its_change(space: Space) -> None:
    path = space.entry("  a: {uses: text.write, text: one}\n")
    space.run("day", "133", check=0)
    remark = path.read_text().replace("- letters", "Fewer than I thought.\n- letters")
    path.write_text(remark.replace("text: one", "text: seven"))
    space.run("day", "133", check=0)
    assert "Fewer than I thought.\n- letters: **5**\n" in path.read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        "{uses: text.wrte}",
        "{uses: text.write, txt: x}",
        "{uses: text.count, source: nowhere.txt}",
        "{uses: text.write, times: 0}",
    ],
)
def test_what_is_wrong_before_anything_runs_changes_no_byte(space: Space, wrong: str) -> None:
    path = space.entry(f"  a: {wrong}\n  c: {{uses: text.join, sources: '${{a.path}}'}}\n")
    before = path.read_bytes()
    space.run("day", "133", check=3)
    assert path.read_bytes() == before
    path.write_text(path.read_text().replace("tasks:\n", "tasks:\n  b: {uses: text.write}\n"))
    space.run("day", "133", check=3)
    text = path.read_text()
    assert "letters: **5**" in text and "failed" not in text and "journal:a" not in text


def test_what_an_author_keeps_beside_an_entry_stays(space: Space) -> None:
    path = space.entry("  photos: {uses: text.write, text: one}\n")
    mine = path.with_suffix("") / "photos"
    (mine / "deep").mkdir(parents=True)
    (mine / "cat.png").write_bytes(b"my picture")
    (mine / "deep/dog.png").write_bytes(b"my other one")
    (mine / "link.png").symlink_to("cat.png")
    for word in ("one", "seven"):
        path.write_text(path.read_text().replace("text: one", f"text: {word}"))
        space.run("day", "133", check=0)
        assert (mine / "text.txt").read_text() == word
        assert (mine / "cat.png").read_bytes() == b"my picture"
        assert (mine / "deep/dog.png").read_bytes() == b"my other one"
        assert (mine / "link.png").is_symlink()
        listed = json.loads((mine / "report.json").read_text())["artifacts"]
        assert list(listed) == ["text.txt"] and len(listed["text.txt"]) == 64


def test_a_step_takes_its_own_older_files_away_and_no_others(space: Space) -> None:
    code = (
        'from journal import Context, Report, task\n\n\n@task("m.make")\ndef make(ctx: Context, name: str) -> Report:\n'
        '    (ctx.out / name).write_text("x")\n    return Report().metric("files", 1)\n'
    )
    space.write("plugins/m.py", code)
    path = space.entry("  a: {uses: m.make, name: old.txt}\n")
    space.run("day", "133", check=0)
    folder = path.with_suffix("") / "a"
    (folder / "mine.txt").write_text("mine")
    path.write_text(path.read_text().replace("old.txt", "new.txt"))
    space.run("day", "133", check=0)
    assert sorted(one.name for one in folder.iterdir()) == ["mine.txt", "new.txt", "report.json"]
    assert "up to date" in space.run("day", "133", check=0).out


def test_a_file_of_the_authors_in_the_way_is_named_and_kept_and_the_others_are_written(space: Space) -> None:
    path = space.entry(STEPS)
    space.write(f"entries/{path.stem}/a/text.txt", "my own words")
    done = space.run("day", "133", check=1)
    assert (
        f"entries/{path.stem}/a/text.txt is yours, and the step has made a file of that name; rename yours" in done.err
    )
    assert (path.with_suffix("") / "a/text.txt").read_text() == "my own words"
    assert "<!-- journal:b -->\n- letters" in path.read_text() and "journal:a" not in path.read_text()


def test_a_linked_folder_in_the_place_of_artifacts_is_not_followed(space: Space, tmp_path: Path) -> None:
    path = space.entry("  a: {uses: text.write}\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious.txt").write_text("precious")
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "a").symlink_to(tmp_path / "elsewhere")
    assert "is a link, so the step's files can't be put there" in space.run("day", "133", check=1).err
    assert [one.name for one in (tmp_path / "elsewhere").iterdir()] == ["precious.txt"]
