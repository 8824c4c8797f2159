"""Claims about posts of other programs that become entries."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Space

JEKYLL = """---
layout: post
title: "Day 131: k-means"   # a comment
date: 2024-05-11 21:30:00 +0000
category: theory
permalink: /:title/
---
![a plot](/assets/plot.png) and <img src="cat.png">

Words\twith  *odd* spaces.  \nNo line end"""


@pytest.fixture
def posts(space: Space) -> Path:
    """A blog of Jekyll's beside the workspace's own files."""
    space.write("blog/_posts/2024-05-11-k-means.md", JEKYLL)
    space.write("blog/_posts/cat.png", "the cat")
    space.write("blog/assets/plot.png", "the plot")
    return space.root / "blog/_posts/2024-05-11-k-means.md"


def test_a_post_of_jekyll_becomes_an_entry_with_its_words_as_they_were(space: Space, posts: Path) -> None:
    done = space.run("import", str(posts), check=0)
    assert done.out == "made entries/2024-05-11-day-131.md\n1 entry made of 1 file\n"
    folder = space.root / "entries/2024-05-11-day-131"
    body = JEKYLL.split("---\n")[2]
    body = body.replace("/assets/plot.png", f"{folder.name}/files/plot.png").replace(
        "cat.png", f"{folder.name}/files/cat.png"
    )
    assert folder.with_suffix(".md").read_text() == (
        "---\nday: 131\ndate: 2024-05-11\nlayout: post\n"
        'title: "Day 131: k-means"   # a comment\ncategories: theory\npermalink: /:title/\n---\n' + body
    )
    assert (folder / "files/plot.png").read_text() == "the plot"
    assert (folder / "files/cat.png").read_text() == "the cat"


def test_an_imported_entry_is_run_and_built_as_any_other(space: Space, posts: Path) -> None:
    space.run("init", check=0)
    space.run("import", str(posts), check=0)
    space.run("day", "131", check=0)
    space.run("build", check=0)
    page = (space.root / "build/site/days/2024-05-11-day-131.html").read_text()
    assert "Day 131: k-means" in page and "odd" in page
    assert (space.root / "build/site/days/2024-05-11-day-131/files/cat.png").is_file()


def test_hugo_and_plain_markdown_and_windows_line_ends(space: Space) -> None:
    space.write("one.md", "+++\ntitle = 'PCA'\ndate = 2024-05-12T10:00:00Z\ntags = ['maths']\n+++\nBody.\n")
    space.write("2024-05-13.md", "# Gathering data\r\n\r\nBody.\r\n")
    space.write("Day 134 - more.md", "Just words.\n")
    done = space.run("import", "one.md", "2024-05-13.md", "Day 134 - more.md", check=0)
    assert done.out.endswith("3 entries made of 3 files\n")
    entries = space.root / "entries"
    assert (entries / "2024-05-12-day-132.md").read_text() == (
        "---\nday: 132\ndate: 2024-05-12\ntitle: PCA\ntags:\n- maths\n---\nBody.\n"
    )
    assert (entries / "2024-05-13-day-133.md").read_bytes().endswith(b'title: "Gathering data"\n---\nBody.\r\n')
    assert (entries / "2024-05-14-day-134.md").read_text().endswith('title: "Day 134 - more"\n---\nJust words.\n')


def test_what_jrnl_exports_becomes_an_entry_a_date(space: Space) -> None:
    """The layout is that of `jrnl --format json`, version 4."""
    entry = {"time": "09:00", "tags": ["@pca"], "starred": False}
    entries = [
        {"title": "Morning.", "body": "Slept well.", "date": "2024-05-11", **entry},
        {"title": "Evening.", "body": "Read on.\n", "date": "2024-05-11", **entry},
        {"title": "Alone.", "body": "All day.", "date": "2024-05-12", **entry},
    ]
    space.write("journal.json", json.dumps({"tags": {"@pca": 3}, "entries": entries}))
    space.run("import", "journal.json", check=0)
    both = (space.root / "entries/2024-05-11-day-131.md").read_text()
    assert both.endswith(
        'title: "Morning."\ntags: ["pca"]\n---\n## Morning.\n\nSlept well.\n\n## Evening.\n\nRead on.\n'
    )
    assert (space.root / "entries/2024-05-12-day-132.md").read_text().endswith("---\nAll day.\n")


def test_an_entry_that_is_there_is_never_written_over(space: Space) -> None:
    path = space.entry(body="Mine.\n")
    before = path.read_bytes()
    space.write("2024-05-13-other.md", "Theirs.\n")
    done = space.run("import", "2024-05-13-other.md", check=0)
    assert "left out; day 133 has its entry: entries/2024-05-13-day-133.md" in done.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.md", "Words.", "notes.md: it tells no date; add 'day: 133' and 'date: 2024-05-13'"),
        ("a.md", "---\ndate: May 13\n---\n", "a.md: its date is 'May 13'; write one such as 2024-05-13"),
        ("a.md", "---\ndate: 2024-02-31\n---\n", "a.md: its date is '2024-02-31'"),
        ("a.md", "---\ndate: [\n---\n", "a.md:3: not valid YAML"),
        ("a.md", "---\ntitle: no end\n", "a.md:1: the front matter has no end"),
        ("a.md", "+++\ntitle = \n+++\n", "a.md: front matter that is no valid TOML"),
        ("a.md", "---\ndate: 2024-05-13\ntitel: x\n---\n", "unknown key 'titel'; did you mean 'title'?"),
        ("a.md", "---\ndate: 1999-05-13\n---\n", "1999-05-13 is before day 1"),
        ("a.json", "[]", "a.json: no JSON as jrnl exports it"),
        ("a.json", '{"entries": [{"date": "x", "title": "", "body": ""}]}', "a.json: its date is 'x'"),
        ("b.md", None, "b.md: can't be read: No such file or directory"),
    ],
)
def test_a_file_that_can_be_no_entry_is_one_line_and_harms_no_other(
    space: Space, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        space.write(name, text)
    space.write("Day 140.md", "Words.\n")
    done = space.run("import", name, "Day 140.md", check=3)
    assert said in done.err and done.err.count("\n") == 1
    assert [path.name for path in (space.root / "entries").glob("*.md")] == ["2024-05-20-day-140.md"]


def test_a_picture_that_is_not_there_is_told_and_two_of_one_name_are_kept_apart(space: Space) -> None:
    space.write("Day 135.md", "![](a/x.png) ![](b/x.png) ![](c/x.png) [page](https://example.org/x.png)\n")
    space.write("a/x.png", "a")
    space.write("b/x.png", "b")
    done = space.run("import", "Day 135.md", check=0)
    assert done.err == "Day 135.md: c/x.png is not there; its link stays as it is\n"
    folder = space.root / "entries/2024-05-15-day-135/files"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"x.png": "a", "b-x.png": "b"}
