"""Claims about posts of other programs that become entries."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import Space

from journal.blog.posts import Post, read_post
from journal.record import Record
from journal.text.document import parse_yaml
from journal.text.workspace import read_workspace

pytestmark = pytest.mark.slow

JEKYLL = """---
layout: post
title: "Day 131: k-means"   # a comment
date: 2024-05-11 21:30:00 +0000
category: theory
# on the address
permalink: /:title/
---
![a plot](/assets/plot.png) and <img src="cat.png">

Words\twith  *odd* spaces.  \nNo line end"""


@pytest.fixture
def posts(space: Space) -> Path:
    """A blog of Jekyll's beside the workspace's own files."""
    space.write("blog/_posts/2024-05-11-k-means.md", JEKYLL)
    space.write("blog/_config.yml", "")
    space.write("blog/_posts/cat.png", "the cat")
    space.write("blog/assets/plot.png", "the plot")
    return space.root / "blog/_posts/2024-05-11-k-means.md"


def test_a_post_of_jekyll_becomes_an_entry_with_its_words_as_they_were(space: Space, posts: Path) -> None:
    done = space.run("import", str(posts), check=0)
    assert done.out == "made entries/2024-05-11-day-131.md\n1 entry made from 1 file\n"
    folder = space.root / "entries/2024-05-11-day-131"
    body = JEKYLL.split("---\n")[2]
    for name in ("/assets/plot.png", "cat.png"):
        body = body.replace(name, f"{folder.name}/_files/{Path(name).name}")
    assert folder.with_suffix(".md").read_text() == (
        "---\nday: 131\ndate: 2024-05-11\nlayout: post\n"
        'title: "Day 131: k-means"   # a comment\n# on the address\npermalink: /:title/\n'
        'categories: ["theory"]\n---\n' + body
    )
    assert (folder / "_files/plot.png").read_text() == "the plot"
    assert (folder / "_files/cat.png").read_text() == "the cat"


def test_an_imported_entry_is_run_and_built_as_any_other(space: Space, posts: Path) -> None:
    space.run("init", check=0)
    space.run("import", str(posts), check=0)
    space.run("day", "131", check=0)
    space.run("build", check=0)
    page = (space.root / "build/site/day/131/index.html").read_text()
    assert "Day 131: k-means" in page and "odd" in page
    assert (space.root / "build/site/day/131/_files/cat.png").is_file()


def test_hugo_and_plain_markdown_and_windows_line_ends(space: Space) -> None:
    space.write("one.md", "+++\ntitle = 'PCA'\ndate = 2024-05-12T10:00:00Z\ntags = ['maths']\n+++\nBody.\n")
    space.write("2024-05-13.md", "# Gathering data\r\n\r\nBody.\r\n")
    space.write("Day 134 - more.md", "Just words.\n")
    done = space.run("import", "one.md", "2024-05-13.md", "Day 134 - more.md", check=0)
    assert done.out.endswith("3 entries made from 3 files\n")
    entries = space.root / "entries"
    assert (entries / "2024-05-12-day-132.md").read_text() == (
        '---\nday: 132\ndate: 2024-05-12\ntitle: "PCA"\ntags: ["maths"]\n---\nBody.\n'
    )
    assert (entries / "2024-05-13-day-133.md").read_bytes().endswith(b'title: "Gathering data"\r\n---\r\nBody.\r\n')
    assert (entries / "2024-05-14-day-134.md").read_text().endswith('title: "More"\n---\nJust words.\n')


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
    assert "skipped; day 133 already has an entry: entries/2024-05-13-day-133.md" in done.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.md", "Words.", "notes.md: it has no date; add 'day: 133' and 'date: 2024-05-13'"),
        ("a.md", "---\ndate: May 13\n---\n", "a.md: date is 'May 13'; write a date such as 2024-05-13"),
        ("a.md", "---\ndate: 2024-02-31\n---\n", "a.md: date is '2024-02-31'"),
        ("a.md", "---\ndate: [\n---\n", "a.md:2: the [ here is never closed"),
        ("a.md", "---\ntitle: no end\n", "a.md:1: the front matter is never closed"),
        ("a.md", "+++\ntitle = \n+++\n", "a.md:1: the front matter is not valid TOML"),
        ("a.md", "---\ndate: 2024-05-13\ntitel: x\n---\n", "unknown key 'titel'; did you mean 'title'?"),
        ("a.md", "---\ndate: 1999-05-13\n---\n", "1999-05-13 is before day 1"),
        ("a.md", "---\ndate: 2024-05-13\nday: Monday\n---\n", "a.md: day is 'Monday'"),
        ("a.md", "+++\ntitle = 'x'\n", "a.md:1: the front matter is never closed; end it with a line +++"),
        ("a.json", "[" * 100_000, "a.json: not a JSON export of jrnl"),
        ("a.json", '{"entries": [{"date": "2024-05-13", "title": "", "body": null}]}', "not a JSON export"),
        ("a.md", "---\ndate: 2024-05-13\n---\n\n<!-- /journal:x -->\n", "a.md:5:"),
        ("a.md", "---\ndate: 2024-05-13\ncategory: {a: b}\n---\n", "a.md: category is a mapping"),
        ("a.md", "+++\na = " + "[" * 3000 + "\n+++\n", "a.md:1: the front matter is not valid TOML"),
        ("a.json", '{"entries": [{"date": "2024-05-13", "title": "", "body": "", "tags": 5}]}', "not a JSON export"),
        ("a.json", '{"entries": [{"date": "2024-05-13", "title": "", "body": "\\ud800"}]}', "not a JSON export"),
        ("a.json", "[]", "a.json: not a JSON export of jrnl"),
        ("a.json", '{"entries": [{"date": "x", "title": "", "body": ""}]}', "a.json: date is 'x'"),
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
    assert done.err == "Day 135.md:1: c/x.png does not exist; the link was not changed\n"
    folder = space.root / "entries/2024-05-15-day-135/_files"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"x.png": "a", "x-2.png": "b"}


POST = "---\ntitle: X\ndate: 2024-05-13\n---\n"


def imported(space: Space, body: str, front: str = POST, code: int = 0) -> tuple[str, str]:
    """Import a post of day 133; returns the entry's body and what was said beside."""
    space.write("post.md", front + body)
    done = space.run("import", "post.md", check=code)
    entry = space.root / "entries/2024-05-13-day-133.md"
    return entry.read_bytes().decode().split("---\n", 2)[2], done.err


@pytest.mark.parametrize(
    "link",
    [
        "/etc/ld.so.conf",
        "../../../../../../etc/ld.so.conf",
        "/../secret.txt",
        "../secret.txt",
        "link.txt",
        "%2e%2e/secret.txt",
    ],
)
def test_nothing_from_outside_of_the_posts_site_is_taken(space: Space, tmp_path: Path, link: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    space.write("_config.yml", "")
    (space.root / "link.txt").symlink_to(tmp_path / "secret.txt")
    body, said = imported(space, f"[a]({link})\n")
    assert body == f"[a]({link})\n" and "the link was not changed" in said
    assert not (space.root / "entries/2024-05-13-day-133").exists()


def test_a_file_that_is_there_is_never_written_over(space: Space) -> None:
    there = space.write("entries/2024-05-13-day-133/_files/a.png", "mine")
    space.write("a.png", "theirs")
    body, _ = imported(space, "![](a.png)\n")
    assert there.read_text() == "mine"
    assert body == "![](2024-05-13-day-133/_files/a-2.png)\n"
    assert (there.parent / "a-2.png").read_text() == "theirs"


@pytest.mark.parametrize(
    "text",
    [
        "```md\n![](a.png)\n```\n",
        "`![](a.png)` and ``[`](a.png)``\n",
        "words\n\n    ![](a.png)\n",
        "<!-- ![](a.png) -->\n",
        "a stray ` here\r\n\r\nsome `code ![c](a.png)` end\r\n",
        "text <!-- ![](a.png) --> more\n",
        "<div>\n<!-- <img src='a.png'> -->\n</div>\n",
        "<pre>\n![](a.png)\n</pre>\n",
        "<code>![](a.png)</code>\n",
        "a note[^1]\n\n[^1]: a.png is the picture\n",
        "![x](my.old pic.png) is no link\n",
        "![](https://example.org/a.png) ![](//example.org/a.png) ![](data:image/png;base64," + "A" * 5000 + ")\n",
        "[next](b.md) [site](/about/) [top](#a.png) [mail](mailto:a@b.png)\n",
    ],
)
def test_code_comments_blocks_and_links_elsewhere_stay_as_they_are(space: Space, text: str) -> None:
    space.write("a.png", "a")
    space.write("b.md", "b")
    assert imported(space, text) == (text, "")


@pytest.mark.parametrize(
    ("written", "placed"),
    [
        ('![a](my%20pic.png "t")', '![a](@/my%20pic.png "t")'),
        ("![a](<my pic.png>)", "![a](<@/my%20pic.png>)"),
        ("![a](pic(1).png)", "![a](@/pic%281%29.png)"),
        ("![a](./img/../pic(1).png)", "![a](@/pic%281%29.png)"),
        ("![a][r]\n\n[r]: a%23b.png", "![a][r]\n\n[r]: @/a%23b.png"),
        ("<img src='a%23b.png'>", "<img src='@/a%23b.png'>"),
        ('<video poster="my pic.png"></video>', '<video poster="@/my%20pic.png"></video>'),
        ("a stray ` here\r\n\r\n![a](doc.pdf)\r\n", "a stray ` here\r\n\r\n![a](@/doc.pdf)\r\n"),
        ("- a ` b\n- ![x](doc.pdf)\n- c ` d", "- a ` b\n- ![x](@/doc.pdf)\n- c ` d"),
        ("press \\` ![x](doc.pdf) and \\` done", "press \\` ![x](@/doc.pdf) and \\` done"),
        ("```\na\n\nb\n```\n![x](doc.pdf)\n```\nc\n\nd\n```", "```\na\n\nb\n```\n![x](@/doc.pdf)\n```\nc\n\nd\n```"),
        ("<IMG class=a SRC=doc.pdf>", "<IMG class=a SRC=@/doc.pdf>"),
        ("![x]({{ site.baseurl }}/doc.pdf)", "![x](@/doc.pdf)"),
        ("![x]({{ '/doc.pdf' | relative_url }})", "![x](@/doc.pdf)"),
        ("[d](doc.pdf#page=3)", "[d](@/doc.pdf#page=3)"),
        ("[![a](my%20pic.png)](doc.pdf?raw=true)", "[![a](@/my%20pic.png)](@/doc.pdf?raw=true)"),
    ],
)
def test_a_link_however_written_leads_to_the_file_in_the_blog_too(space: Space, written: str, placed: str) -> None:
    space.write("_config.yml", "")
    for name in ("my pic.png", "my", "pic(1).png", "a#b.png", "doc.pdf", "img/x"):
        space.write(name, name)
    body, said = imported(space, written + "\n")
    assert (body, said) == (placed.replace("@/", "2024-05-13-day-133/_files/") + "\n", "")
    post = _post(space)
    assert post.files and all((space.root / source).read_text() == Path(source).name for source in post.files.values())
    assert post.warnings == []


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("# Learning C#\n\nB\n", '"Learning C#"', "B\n"),
        ("# Closed ##\nB\n", '"Closed"', "B\n"),
        ("    # code\nB\n", '"2024-05-13"', "    # code\nB\n"),
        ('---\ntitle: ""\n---\n# Head\nB\n', '""', "# Head\nB\n"),
        ("---\ntitle: 0\n---\n# Head\nB\n", "0", "# Head\nB\n"),
        ("", '"2024-05-13"', ""),
    ],
)
def test_no_heading_is_lost(space: Space, text: str, title: str, body: str) -> None:
    space.write("2024-05-13.md", text)
    space.run("import", "2024-05-13.md", check=0)
    entry = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert f"\ntitle: {title}\n" in entry and entry.endswith(f"---\n{body}")


@pytest.mark.parametrize(
    ("front", "kept"),
    [
        ("+++\ndate = 2024-05-13\ntitle = '1e3'\ntags = ['08', '2e5']\n+++\n", 'title: "1e3"\ntags: ["08", "2e5"]\n'),
        ("+++\ndate = 2024-05-13\ntitle = 'x'\nwhen = 10:00:00\n+++\n", 'title: "x"\nwhen: "10:00:00"\n'),
        ("---\ndate: 2024-05-13\n# a comment\ntitle: x\n---\n", "# a comment\ntitle: x\n"),
        ('---\ntitle: x\ndate: 2024-05-13\npublished: "no"\ndraft: false\n---\n', "title: x\ndraft: true\n"),
        ("---\ntitle: x\ndate: 2024-05-13\npublished: 2020-01-01\n---\n", "title: x\npublished: 2020-01-01\n"),
        ("---\ntitle: x\ndate: 2024-05-13\ncategory:\ntag: 1.10\n---\n", 'title: x\ncategories: []\ntags: ["1.10"]\n'),
        ("---\ntitle: x\ndate: 2024-05-13\npublished: false\n---\n", "title: x\ndraft: true\n"),
        ("---\n{title: x, date: 2024-05-13, a: [1]}\n---\n", 'title: "x"\na: [1]\n'),
        ("---\ndate: &d 2024-05-13\ntitle: *d\n---\n", 'title: "2024-05-13"\n'),
        ("---\n  title: x\n  date: 2024-05-13\n---\n", "  title: x\n"),
        ("---\ntitle: x\ndate: 2024-05-13\ncategory: b\ncategories: [a]\n---\n", 'title: x\ncategories: ["a", "b"]\n'),
        (
            "---\ntitle: |\n  two\n  lines\ndate: 2024-05-13\nformat:\n  html: {}\n---\n",
            "title: |\n  two\n  lines\nformat:\n  html: {}\n",
        ),
        (
            "---\ntitle: x\ndate: 2024-05-13\nseries: a\nimages: b\nstatus: c\n---\n",
            "title: x\nseries: a\nimages: b\nstatus: c\n",
        ),
    ],
)
def test_front_matter_keeps_what_it_says(space: Space, front: str, kept: str) -> None:
    space.write("post.md", front + "Body.\n")
    space.run("import", "post.md", check=0)
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert parse_yaml(text.split("---\n")[1], "entry").data == {
        "day": 133,
        "date": date(2024, 5, 13),
        **parse_yaml(kept, "kept").data,
    }


def test_the_rule_of_day_1_is_stronger_than_a_title_and_weaker_than_front_matter(space: Space) -> None:
    space.write("2024-05-13-day-2-of-pycon.md", "Words.\n")
    done = space.run("import", "2024-05-13-day-2-of-pycon.md", check=0)
    assert (
        "day 133 by its date, though its title or file name says day 2; if that is right, state it: 'day: 2'"
        in done.err
    )
    space.write("b.md", "---\ntitle: Day 7\ndate: 2024-05-13\nday: 7\n---\n")
    assert space.run("import", "b.md", check=0).out.startswith("made entries/2024-05-13-day-7.md\n")


def test_a_folder_of_hugos_takes_its_date_from_the_folders_name(space: Space) -> None:
    space.write("2024-05-14-more/index.md", "---\ntitle: More\n---\n![](a.png)\n")
    space.write("2024-05-14-more/a.png", "a")
    space.run("import", "2024-05-14-more/index.md", check=0)
    assert (space.root / "entries/2024-05-14-day-134/_files/a.png").is_file()


def test_one_date_of_jrnls_that_can_not_be_an_entry_harms_no_other(space: Space) -> None:
    entries = [{"date": when, "title": "T", "body": "B"} for when in ("1999-12-31", "2024-05-11")]
    space.write("journal.json", json.dumps({"entries": entries}))
    done = space.run("import", "journal.json", check=3)
    assert done.err.startswith("journal.json, 1999-12-31: 1999-12-31 is before day 1; add a 'day:'")
    assert done.out.endswith("made entries/2024-05-11-day-131.md\n1 entry made from 1 file\n")


def test_blocks_of_another_journal_stay_as_they_are_and_are_told(space: Space) -> None:
    space.write("a.png", "a")
    text = "<!-- journal:x -->\n![](a.png)\n<!-- /journal:x 00000000 -->\n"
    assert imported(space, text) == (
        text,
        "post.md: its journal blocks stay as they are, and their files are not copied\n",
    )


def test_what_is_in_the_way_stays(space: Space, tmp_path: Path) -> None:
    space.write("post.md", POST + "![](a.png)\n")
    space.write("a.png", "a")
    folder = space.root / "entries/2024-05-13-day-133"
    (folder / "_files/a.png").mkdir(parents=True)
    space.run("import", "post.md", check=0)
    assert (folder / "_files/a-2.png").read_text() == "a"
    folder.with_suffix(".md").unlink()
    folder.with_suffix(".md").symlink_to(tmp_path / "nowhere.md")
    assert "skipped" in space.run("import", "post.md", check=0).err
    assert not (tmp_path / "nowhere.md").exists()


def _post(space: Space) -> Post:
    """Return the workspace's only entry as the blog reads it."""
    record = Record(read_workspace(space.root))
    return read_post(record.readable_entries()[0][0], record, {})[0]


def test_a_picture_within_a_page_is_no_file(space: Space) -> None:
    space.entry(body=f"![](data:image/png;base64,{'A' * 5000})\n\n![]({'a' * 5000}.png)\n")
    assert _post(space).files == {}
