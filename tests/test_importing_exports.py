"""Exports of Blogger, WordPress and dev.to, a vault of Obsidian, folders, and notebooks become entries."""

# ruff: noqa: E501  # exports in long lines
from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from conftest import Space

pytest.importorskip("markdownify")
pytestmark = pytest.mark.slow
KIND = "http://schemas.google.com/g/2005#kind"


def _blogger_entry(kind: str, title: str, day: str, body: str, *, address: str = "", more: str = "") -> str:
    link = f"<link rel='alternate' type='text/html' href='{address}' title='x'/>" if address else ""
    return (
        f"<entry><id>tag:blogger.com,1999:blog-1.post-{abs(hash(title))}</id><published>{day}T21:30:00.001+03:00</published>"
        f"<updated>2024-06-01T10:00:00Z</updated><category scheme='{KIND}' term='http://schemas.google.com/blogger/2008/kind#{kind}'/>"
        f"<category scheme='http://www.blogger.com/atom/ns#' term='deep learning'/><title type='text'>{title}</title>"
        f"<content type='html'>{html.escape(body)}</content>{link}<author><name>Ann</name></author>{more}</entry>"
    )


def _blogger(*entries: str) -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?><?xml-stylesheet href='http://www.blogger.com/styles/atom.css'?>"
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:app='http://purl.org/atom/app#'>"
        "<generator version='7.00' uri='http://www.blogger.com'>Blogger</generator>" + "".join(entries) + "</feed>"
    )


BODY = (
    "<p>Hello :) Today is <b>Day 133</b>! a &lt; b &amp; c</p><h3>Firstly</h3><pre><code class='language-python'>"
    "if a &lt; b:\n\n\n    pass</code></pre><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x|y</td></tr></table>"
    "<figure><img src='https://x.test/a.png' alt='a cat'/><figcaption>My cat</figcaption></figure>"
    "<iframe src='https://www.youtube.com/embed/x'></iframe><script>alert(1)</script>"
    "<p>See <a href='http://www.ann.blogspot.com/2024/05/day-132.html#more'>yesterday</a>,"
    " <a href='https://ann.blogspot.com/2020/01/gone.html'>gone</a> and &lt;!-- journal:x --&gt;.</p>"
)


@pytest.fixture
def blogger(space: Space) -> Space:
    space.write(
        "blog-05-13.xml",
        _blogger(
            _blogger_entry(
                "post",
                "(Day 132) Before",
                "2024-05-12",
                "<p>Words</p>",
                address="https://ann.blogspot.com/2024/05/day-132.html",
            ),
            _blogger_entry(
                "post",
                "(Day 133) Data &amp; more",
                "2024-05-13",
                BODY,
                address="https://ann.blogspot.com/2024/05/day-133.html",
            ),
            _blogger_entry(
                "post", "Later", "2024-05-14", "<p>x</p>", more="<app:control><app:draft>yes</app:draft></app:control>"
            ),
            _blogger_entry("comment", "A comment", "2024-05-13", "nice"),
            _blogger_entry("page", "About", "2024-05-13", "me"),
            _blogger_entry("template", "Template", "2024-05-13", "x"),
        ),
    )
    return space


def test_blogger_becomes_entries_and_says_what_is_left_out(blogger: Space) -> None:
    said = blogger.run("import", "blog-05-13.xml", check=0).out
    assert said.startswith("blog-05-13.xml: an export of Blogger, 3 posts; left out: 1 comment, 1 page, 1 template\n")
    text = (blogger.root / "entries/2024-05-13-day-133.md").read_text()
    assert 'title: "(Day 133) Data & more"' in text and 'redirect_from: ["/2024/05/day-133.html"]' in text
    assert "draft: true" in (blogger.root / "entries/2024-05-14-day-134.md").read_text()
    assert "```python\nif a < b:\n\n\n    pass\n```" in text and r"| 1 | x\|y |" in text
    assert "*My cat*" in text and "youtube.com/embed/x" in text and "alert(1)" not in text
    assert "a &lt; b & c" in text and "<!-- journal:x -->" not in text


def test_links_between_posts_lead_to_entries_and_others_of_the_blog_are_told(blogger: Space) -> None:
    done = blogger.run("import", "blog-05-13.xml", check=0)
    text = (blogger.root / "entries/2024-05-13-day-133.md").read_text()
    assert "[yesterday](2024-05-12-day-132.md#more)" in text
    assert "https://ann.blogspot.com/2020/01/gone.html is no post of this import" in done.err
    assert "1 link leads to entries now: build/import.txt" in done.out
    assert "day-132.html#more leads to 2024-05-12-day-132.md now" in (blogger.root / "build/import.txt").read_text()


def test_importing_again_changes_nothing(blogger: Space) -> None:
    blogger.run("import", "blog-05-13.xml", check=0)
    path = blogger.root / "entries/2024-05-13-day-133.md"
    path.write_text(path.read_text() + "\nMine.\n")
    before = {one: one.read_bytes() for one in (blogger.root / "entries").iterdir()}
    assert "0 entries made" in blogger.run("import", "blog-05-13.xml", check=0).out
    assert {one: one.read_bytes() for one in (blogger.root / "entries").iterdir()} == before


def test_a_dry_run_writes_nothing(blogger: Space) -> None:
    said = blogger.run("import", "--dry-run", "blog-05-13.xml", check=0).out
    assert "would make entries/2024-05-13-day-133.md" in said and "3 entries would be made" in said
    assert list((blogger.root / "entries").iterdir()) == []


def test_bloggers_new_export_is_read_too(space: Space) -> None:
    entry = (
        "<entry><id>x</id><blogger:type>POST</blogger:type><blogger:status>{status}</blogger:status><title>{title}</title>"
        "<content type='html'>&lt;p&gt;Words&lt;/p&gt;</content><published>{day}T10:00:00Z</published>"
        "<blogger:filename>/2024/05/{title}.html</blogger:filename></entry>"
    )
    entries = [entry.format(status=status, title=title, day=day) for status, title, day in (
        ("LIVE", "one", "2024-05-13"), ("DRAFT", "two", "2024-05-14"), ("SOFT_TRASHED", "three", "2024-05-15"),
    )]  # fmt: skip
    space.write(
        "feed.atom",
        "<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom' "
        f"xmlns:blogger='http://schemas.google.com/blogger/2018'>{''.join(entries)}</feed>",
    )
    said = space.run("import", "feed.atom", check=0).out
    assert "2 posts; left out: 1 post in the bin" in said
    assert 'redirect_from: ["/2024/05/one.html"]' in (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "draft: true" in (space.root / "entries/2024-05-14-day-134.md").read_text()


def _wordpress(*items: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">'
        "<channel><title>A blog</title><wp:wxr_version>1.2</wp:wxr_version>" + "".join(items) + "</channel></rss>"
    )


def _item(title: str, day: str, body: str, *, kind: str = "post", status: str = "publish", more: str = "") -> str:
    slug = title.lower().replace(" ", "-")
    return (
        f"<item><title>{title}</title><link>https://ann.example/{day.replace('-', '/')}/{slug}/</link>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded><excerpt:encoded><![CDATA[]]></excerpt:encoded>"
        f"<wp:post_date>{day} 08:00:00</wp:post_date><wp:post_type>{kind}</wp:post_type><wp:status>{status}</wp:status>"
        '<category domain="category" nicename="theory"><![CDATA[Theory]]></category>'
        f'<category domain="post_tag" nicename="pca"><![CDATA[PCA]]></category>{more}</item>'
    )


CLASSIC = (
    'First line\nsecond line\n\nA paragraph with <em>words</em>.\n\n[caption id="a" width="300"]'
    '<img src="https://x.test/b.png" alt="b" /> The caption[/caption]\n\n[code language="python"]x &lt; 1\n\ny = 2[/code]'
)
GUTENBERG = (
    "<!-- wp:paragraph -->\n<p>Block <a href='https://ann.example/2024/05/13/day-133/'>words</a></p>\n<!-- /wp:paragraph -->\n"
    "<!-- wp:list -->\n<ul><li>one</li><li>two</li></ul>\n<!-- /wp:list -->"
)


def test_wordpress_becomes_entries(space: Space) -> None:
    items = (
        _item("Day 133", "2024-05-13", CLASSIC),
        _item("Day 134", "2024-05-14", GUTENBERG, status="private"),
        _item("Hidden", "0000-00-00", "x", status="draft", more="<wp:status>draft</wp:status>"),
        _item("pic", "2024-05-13", "", kind="attachment", status="inherit"),
        _item("Old", "2024-05-13", "x", status="trash"),
        _item("About", "2024-05-13", "x", kind="page"),
    )
    space.write("wp.xml", _wordpress(*items))
    done = space.run("import", "wp.xml", check=3)
    assert done.out.startswith(
        "wp.xml: an export of WordPress, 3 posts; left out: 1 attachment, 1 page, 1 post in the bin"
    )
    assert "wp.xml, 'Hidden': it has no date" in done.err
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "First line  \nsecond line" in text and "A paragraph with *words*." in text
    assert "*The caption*" in text and "```python\nx < 1\n\ny = 2\n```" in text
    assert 'categories: ["Theory"]' in text and 'tags: ["PCA"]' in text
    other = (space.root / "entries/2024-05-14-day-134.md").read_text()
    assert "draft: true" in other and "- one\n- two" in other and "wp:" not in other
    assert "[words](2024-05-13-day-133.md)" in other


def test_obsidians_notes_are_read_as_obsidian_shows_them(space: Space) -> None:
    space.write("vault/.obsidian/app.json", "{}")
    space.write("vault/daily/2024-05-13.md", (
        "Hello, day one\n\n> [!question] Why?\n> Because\n\nSee [[2024-05-14|tomorrow]], [[No such]], "
        "![[cat.png|300]] %%secret%% and `[[code]]`.\n\n```\n[[code]]\n```\n"
    ))  # fmt: skip
    space.write("vault/daily/2024-05-14.md", "# Next\n\nWords [[#A part]]\n")
    space.write("vault/files/cat.png", "cat")
    space.write("vault/templates/daily.md", "day: {{date}}")
    space.write("vault/Some note.md", "no date")
    done = space.run("import", "vault", check=0)
    assert done.out.startswith(
        "vault: a vault of Obsidian, 2 posts; left out: 1 file without a date or day, 1 other file"
    )
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "> [!NOTE]\n> **Why?**\n> Because" in text and "[tomorrow](2024-05-14-day-134.md)" in text
    assert "No such" in text and "[[No such]]" not in text and "![cat](2024-05-13-day-133/_files/cat.png)" in text
    assert "secret" not in text and text.count("[[code]]") == 2 and 'title: "Hello, day one"' in text
    assert "[[No such]] is no file of the vault" in done.err


def test_a_folder_of_jekylls_is_recognised_and_its_posts_link_to_each_other(space: Space) -> None:
    space.write("blog/_config.yml", "title: x")
    space.write("blog/index.md", "---\nlayout: home\n---\n")
    space.write(
        "blog/_posts/2024-05-13-day-133-more-on-kernels.md", "Just words, and [next]({% post_url 2024-05-14-next %}).\n"
    )
    space.write(
        "blog/_posts/2024-05-14-next.md",
        "---\ntitle: Next\npermalink: /next/\n---\n[back](2024-05-13-day-133-more-on-kernels.md) [me](/next/)\n",
    )
    space.write("blog/_posts/comments.csv", "x")
    done = space.run("import", "blog", check=0)
    assert "blog: a blog of Jekyll, 2 posts; left out: 1 other file" in done.out
    assert "('More On Kernels', from its file's name)" in done.out
    assert "[next](2024-05-14-day-134.md)" in (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "[back](2024-05-13-day-133.md) [me](/next/)" in (space.root / "entries/2024-05-14-day-134.md").read_text()


def test_articles_of_dev_to_become_entries(space: Space) -> None:
    articles = [
        {"title": "One", "body_markdown": "Words\n", "published_at": "2024-05-13T10:00:00Z", "tag_list": ["ml"], "url": "https://dev.to/ann/one"},
        {"title": "Two", "body_markdown": "---\ntitle: Own\ndate: 2024-05-14\n---\n[one](https://dev.to/ann/one)\n"},
    ]  # fmt: skip
    space.write("dev.json", json.dumps(articles))
    space.run("import", "dev.json", check=0)
    assert 'tags: ["ml"]' in (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "[one](2024-05-13-day-133.md)" in (space.root / "entries/2024-05-14-day-134.md").read_text()


def test_a_notebook_becomes_an_entry(space: Space) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# My day\n", "\n", "Words"], "metadata": {}},
        {"cell_type": "code", "source": "print('```')", "metadata": {}, "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["```\n"]},
            {"output_type": "display_data", "data": {"image/png": "eA=="}, "metadata": {}},
        ]},
    ]  # fmt: skip
    space.write(
        "2024-05-13-day-133.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    done = space.run("import", "2024-05-13-day-133.ipynb", check=0)
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert 'title: "My day"' in text and "````python\nprint('```')\n````" in text and "````text\n```\n````" in text
    assert "1 of its pictures are left out" in done.err


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("2024-05-13.html", "<html></html>", "is no post"),
        ("2024-05-13.csv", "a,b", "is no post"),
        ("2024-05-13.xml", "<html><body/></html>", "is no export of Blogger or WordPress"),
        ("a.xml", "<feed", "is not valid XML"),
        ("a.xml", '<!DOCTYPE x [<!ENTITY a "b">]><feed/>', "defines entities"),
        ("2024-05-13.ipynb", "{}", "is no notebook"),
    ],
)
def test_what_is_no_post_is_refused_in_a_line(space: Space, name: str, text: str, message: str) -> None:
    space.write(name, text)
    done = space.run("import", name, check=3)
    assert message in done.err and len(done.err.splitlines()) == 1
    assert list((space.root / "entries").iterdir()) == []


def test_days_off_the_rule_keep_their_own_number(space: Space) -> None:
    space.write("blog/2024-01-01-day-0-the-plan.md", "Words.\n")
    space.write("blog/2024-05-13-day-133.md", "Words.\n")
    space.write("blog/2024-05-13-the-final-day-366.md", "Words.\n")
    space.run("import", "blog", check=0)
    names = sorted(path.name for path in (space.root / "entries").iterdir())
    assert names == ["2024-01-01-day-0.md", "2024-05-13-day-133.md", "2024-05-13-day-366.md"]


@pytest.mark.parametrize(
    ("body", "title", "why"),
    [
        ("Words\n\n## A heading\n", "A heading", "its first heading"),
        ("Hello :) Today is Day 133!\n\nWords\n", "Hello :) Today is Day 133!", "its greeting"),
        ("```\n# no heading\n```\n", "More On PCA", "its file's name"),
    ],
)
def test_a_title_is_found_and_the_body_stays(space: Space, body: str, title: str, why: str) -> None:
    space.write("2024-05-13-day-133-more-on-PCA.md", body)
    assert f"('{title}', from {why})" in space.run("import", "2024-05-13-day-133-more-on-PCA.md", check=0).out
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert text.endswith(f'title: "{title}"\n---\n{body}')


def test_the_folder_itself_is_not_touched(space: Space, tmp_path: Path) -> None:
    folder = tmp_path / "blog"
    folder.mkdir()
    (folder / "2024-05-13.md").write_text("Words\n")
    space.run("import", str(folder), check=0)
    assert [path.name for path in folder.iterdir()] == ["2024-05-13.md"]


def test_pages_of_notion_take_their_date_from_their_properties(space: Space) -> None:
    page = "# Day 133: words\n\nDate: May 13, 2024 8:00 PM\nTags: ml, audio\nStatus: Done\n\nWords, and [more](Day%20134%20{two}.md).\n"
    one, two = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    space.write(f"notion/Day 133 words {one}.md", page.format(two=two))
    space.write(f"notion/Day 134 {two}.md", "# Day 134\n\nCreated: 14 May 2024\n\nText\n")
    space.write(f"notion/Shopping {one}.md", "# Shopping\n\nMilk\n")
    said = space.run("import", "notion", check=0).out
    assert said.startswith("notion: an export of Notion, 2 posts; left out: 1 file without a date or day")
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert 'tags: ["ml", "audio"]' in text and text.endswith("---\nWords, and [more](2024-05-14-day-134.md).\n")


def test_hugos_front_matter_in_json_is_read(space: Space) -> None:
    space.write(
        "2024-05-13.md",
        '{\n "title": "A day",\n "date": "2024-05-13T10:00:00Z",\n "tags": ["a"],\n "draft": true\n}\n\nWords\n',
    )
    space.run("import", "2024-05-13.md", check=0)
    text = (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert 'title: "A day"' in text and "draft: true" in text and text.endswith("---\nWords\n")
    space.write("2024-05-14.md", '{"title": "A day",\n')
    assert "the front matter is not valid JSON" in space.run("import", "2024-05-14.md", check=3).err


def test_in_a_folder_each_file_is_read_strictly_and_one_that_is_wrong_stops_no_other(space: Space) -> None:
    page = "# {name}\n\nDate: May {day}, 2024\n\nWords\n"
    one, two = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    space.write(f"notion/One {one}.md", page.format(name="One", day=13))
    (space.root / f"notion/Two {two}.md").write_bytes(page.format(name="Caf\u00e9", day=14).encode("latin-1"))
    done = space.run("import", "notion", check=3)
    assert "not UTF-8 text; save the file as UTF-8" in done.err and "1 entry made" in done.out
    space.write("hugo/hugo.toml", "")
    space.write("hugo/content/words.md", '{\n  "title": "Words",\n  "date": "2024-05-15"\n}\nWords\n')
    assert "1 entry made" in space.run("import", "hugo", check=0).out
    assert (space.root / "entries/2024-05-15-day-135.md").is_file()
