"""The site as a whole: the same by any way of building it, its feeds, its search, its addresses, what it leaves out."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
import yaml
from conftest import Space, entry_name, make_space

from journal.blog import build_site, write_docs
from journal.blog.compile import compile_blog, sort_posts
from journal.blog.frame import THEME, build_whole, make_frames
from journal.blog.look import contrast, readable
from journal.blog.posts import PostBox
from journal.blog.words import words_of
from journal.record import Record
from journal.record.ledger import read_ledgers
from journal.text.workspace import read_workspace

pytestmark = pytest.mark.slow

SITE = (Path(__file__).parents[1] / "site" / "mkdocs.yml").read_text()
ATOM = "{http://www.w3.org/2005/Atom}"
SAMPLES = ["day/1/index.html", "category/one.html", "page.html"]


@pytest.fixture
def year(space: Space) -> Space:
    """A workspace with six days, an address and a page of the author's own."""
    return write_year(space)


def write_year(space: Space) -> Space:
    space.write("site/mkdocs.yml", SITE)
    space.write("site/pages/about.md", "# About me\n\nI write *every* day.\n")
    space.write("journal.yml", "name: A year\nurl: https://year.dev/\nday-1: 2024-01-02\nblog: {author: Me}\n")
    for day in range(130, 136):
        write_day(space, day, f"Words of day {day}.")
    return space


def write_day(space: Space, day: int, body: str, front: str = "") -> Path:
    path = space.entry(day=day, body=f"## Part\n\n{body}\n")
    path.write_text(path.read_text().replace("title: A day\n", f"title: The {day}th\n{front}"))
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build(space: Space, **options: bool) -> dict[str, bytes]:
    build_site(read_workspace(space.root), **options)
    return tree(space.root / "build/site")


def clean(space: Space, folder: Path) -> dict[str, bytes]:
    """Return what a build from nothing gives."""
    other = make_space(folder)
    for name in ("journal.yml", "site", "entries"):
        subprocess.run(["cp", "-a", str(space.root / name), str(other.root)], check=True)
    return build(other)


@pytest.mark.parametrize("seed", range(4))
def test_a_build_of_what_changed_equals_a_build_from_nothing(year: Space, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for turn in range(8):
        for _ in range(chance.randint(1, 2)):
            change(year, chance)
        assert build(year) == clean(year, tmp_path / f"clean-{turn}")


def change(space: Space, chance: random.Random) -> None:
    """Change, add, rename, draft or remove something."""
    entries = sorted((space.root / "entries").glob("*.md"))
    path = chance.choice(entries)
    text = path.read_text()
    match chance.randrange(10):
        case 0 | 1:
            path.write_text(f"{text}\nMore words, {chance.random()}.\n")
        case 2:
            write_day(space, chance.randint(100, 140), "A new day.", "categories: [theory, C++]\n")
        case 3:
            path.write_text(text.replace("title: The", "draft: true\ntitle: The"))
        case 4 if len(entries) > 3:
            path.unlink()
        case 5:
            path.write_text(text.replace("title: The", f"tags: [t{chance.randint(1, 2)}]\ntitle: The"))
        case 6:
            space.write("journal.yml", f"name: Year {chance.random()}\nurl: https://year.dev/\nday-1: 2024-01-02\n")
        case 7:
            space.write("site/mkdocs.yml", SITE.replace("Switch to dark", f"Switch {chance.random()}"))
        case 8:
            space.write(f"entries/pictures/{chance.randint(1, 2)}.txt", str(chance.random()))
            links = f"[a file](pictures/{chance.randint(1, 2)}.txt) [a day]({chance.choice(entries).name})"
            path.write_text(f"{text}\n{links}\n")
        case _:
            number = chance.randint(100, 140)
            if not (target := path.with_name(f"{entry_name(number)}.md")).exists():
                path.write_text(text.replace(f"day: {path.stem.rpartition('-')[2]}\n", f"day: {number}\n"))
                path.rename(target)


def test_each_page_is_byte_for_byte_what_mkdocs_makes_of_the_tree(year: Space, tmp_path: Path) -> None:
    workspace = read_workspace(year.root)
    site = build(year)
    record = Record(workspace)
    box = PostBox(tmp_path / "posts.db", record)
    posts = sort_posts(box.posts(), drafts=False, future=False, today=date.today()).shown
    blog = compile_blog(posts, box, read_ledgers(record), workspace)
    frames = make_frames(workspace, blog.listed, SAMPLES)
    write_docs(blog, frames, box, tmp_path / "docs")
    build_whole(workspace, tmp_path / "docs", tmp_path / "site", blog.listed)
    made = {name: text for name, text in tree(tmp_path / "site").items() if name.endswith(".html")}
    pages = {name: site[name] for name in made}
    assert len(pages) >= 18
    assert {name for name in pages if pages[name] != made[name]} == set()


def test_settings_that_need_mkdocs_for_each_page_are_honoured_with_a_word(year: Space) -> None:
    year.write("site/hook.py", "def on_page_content(html, **_):\n    return html + '<p>from a hook</p>'\n")
    year.write("site/mkdocs.yml", f"{SITE}hooks: [hook.py]\n")
    done = year.run("build", check=0)
    assert "site/mkdocs.yml: it has hooks, so MkDocs builds every page at each build" in done.err
    assert "from a hook" in (year.root / "build/site/day/133/index.html").read_text()


def test_a_reader_never_meets_an_empty_site(year: Space) -> None:
    build(year)
    before = (year.root / "build/site/index.html").stat().st_ino
    year.write("journal.yml", "name: Another\nurl: https://year.dev/\nday-1: 2024-01-02\n")
    build(year)
    assert (year.root / "build/site/index.html").stat().st_ino != before
    assert not list((year.root / "build").glob(".site*"))


def test_what_is_unchanged_is_not_made_again(year: Space) -> None:
    build(year)
    write_day(year, 133, "Other words.")
    made = set(build_site(read_workspace(year.root)).made)
    assert "day/133/index.html" in made and "day/131/index.html" not in made
    assert build_site(read_workspace(year.root)).made == ()


def test_a_file_of_the_site_that_was_changed_or_removed_is_made_again(year: Space) -> None:
    before = build(year)
    (year.root / "build/site/day/133/index.html").write_text("gone")
    (year.root / "build/site/feed.xml").unlink()
    (year.root / "build/site/left.html").write_text("from elsewhere")
    assert build(year) == before


def test_feeds_have_the_full_text_with_addresses_that_hold_from_anywhere(year: Space) -> None:
    write_day(year, 136, "See [yesterday](2024-05-15-day-135.md) & <b>more</b>.")
    build(year)
    feed = ElementTree.parse(year.root / "build/site/feed.xml").getroot()
    first = feed.findall(f"{ATOM}entry")[0]
    assert first.findtext(f"{ATOM}title") == "(Day 136) The 136th"
    assert first.findtext(f"{ATOM}id") == "https://year.dev/day/136/"
    content = first.findtext(f"{ATOM}content") or ""
    assert 'href="https://year.dev/day/135/index.html"' in content and "<b>more</b>" in content
    items = json.loads((year.root / "build/site/feed.json").read_text())["items"]
    assert items[0]["content_html"] == content and len(items) == 7


def test_a_sound_is_an_enclosure_with_its_size(year: Space) -> None:
    year.write("entries/2024-05-15-day-135/tone.wav", "RIFF and so on")
    write_day(year, 135, '<audio controls src="2024-05-15-day-135/tone.wav"></audio>')
    build(year)
    feed = ElementTree.parse(year.root / "build/site/feed.xml").getroot()
    sound = next(link for link in feed.iter(f"{ATOM}link") if link.get("rel") == "enclosure")
    assert sound.get("href") == "https://year.dev/day/135/tone.wav" and sound.get("length") == "14"


def test_without_an_address_of_ones_own_there_are_no_feeds_and_a_word_says_so(year: Space) -> None:
    year.write("journal.yml", "name: A year\nurl: https://example.org/\nday-1: 2024-01-02\n")
    done = year.run("build", check=0)
    assert "url is still https://example.org/, so there are no feeds" in done.err
    site = tree(year.root / "build/site")
    assert not {"feed.xml", "feed.json", "sitemap.xml"} & site.keys()
    assert b"canonical" not in site["day/133/index.html"] and b"og:" not in site["day/133/index.html"]


def test_a_day_has_one_address_and_former_ones_lead_there(year: Space) -> None:
    write_day(year, 133, "Moved.", "permalink: /2024/05/old.html\naliases: [/was/here/, ../out.html]\n")
    site = build(year)
    for former in (f"days/{entry_name(133)}.html", "2024/05/old.html", "was/here/index.html"):
        page = site[former].decode()
        assert 'href="https://year.dev/day/133/"' in page
        leads_to = page.split("url=")[1].split('"')[0]
        assert (year.root / "build/site" / former).parent.joinpath(leads_to).resolve() == (
            year.root / "build/site/day/133/index.html"
        )
    assert not (year.root / "build/out.html").exists()


def test_the_card_of_a_day_is_a_picture_of_the_size_that_others_show(year: Space) -> None:
    from PIL import Image

    site = build(year)
    assert b'property="og:image" content="https://year.dev/day/133/card.png"' in site["day/133/index.html"]
    with Image.open(year.root / "build/site/day/133/card.png") as card:
        assert card.size == (1200, 630)


def test_drafts_and_days_to_come_are_nowhere_in_the_site_and_are_named(year: Space) -> None:
    write_day(year, 132, "A secretdraftword.", "draft: true\n")
    later = date.today() + timedelta(days=40)
    day = (later - date(2024, 1, 2)).days + 1
    year.write(f"entries/{later}-day-{day}.md", "---\ntitle: Later\n---\nA futureword.\n")
    done = year.run("build", check=0)
    assert f"entries/{entry_name(132)}.md: a draft, left out" in done.err
    assert f"its day is {later}, which is still to come; left out" in done.err
    whole = b"".join(tree(year.root / "build/site").values())
    assert b"secretdraftword" not in whole and b"futureword" not in whole
    assert b"futureword" in b"".join(build(year, future=True).values())
    assert b"secretdraftword" in b"".join(build(year, drafts=True).values())


def test_an_entry_that_is_still_the_template_is_a_draft(year: Space) -> None:
    year.run("new", "136", check=0)
    assert "day-136.md: a draft, left out" in year.run("build", check=0).err


def test_what_a_draft_adds_to_a_total_is_not_told(space: Space) -> None:
    write_year(space)
    for day, seconds in ((133, 60), (134, 600)):
        space.entry(f"  t: {{uses: toy.total, seconds: {seconds}}}\n", day=day)
        space.run("day", str(day), check=0)
    path = space.root / f"entries/{entry_name(133)}.md"
    path.write_text(path.read_text().replace("title:", "draft: true\ntitle:"))
    space.run("day", "134", check=0)
    whole = b"".join(build(space).values())
    assert b"600.00 s" in whole and b"660.00 s" not in whole


def test_two_entries_of_one_day_are_told_before_anything_is_shown_of_them(year: Space) -> None:
    path = year.root / f"entries/{entry_name(133)}.md"
    path.with_name("notes.md").write_text(path.read_text())
    done = year.run("build", check=3)
    assert "day 133 has two entries" in done.err
    assert "day/133/index.html" not in tree(year.root / "build/site")


def test_a_title_that_names_its_day_does_not_say_it_twice(year: Space) -> None:
    path = year.root / f"entries/{entry_name(133)}.md"
    path.write_text(path.read_text().replace("title: The 133th", "title: Rest (Day 133)"))
    page = unescape(build(year)["day/133/index.html"].decode())
    assert "<h1>Rest (Day 133)</h1>" in page and "(Day 133) Rest" not in page


def test_the_index_says_which_days_have_a_word(year: Space) -> None:
    write_day(year, 133, "Überraschung: diffusion in Zürich.")
    site = build(year)
    shard = site["search/w-di.js"].decode()
    assert shard.startswith('journalSearch.words("di",{"diffusion":[133]')
    assert words_of("Zürich ÜBER naïve 日本語 a") == ["naive", "uber", "zurich", "日本語"]
    assert '"uberraschung":[133]' in site["search/w-ub.js"].decode()


def test_no_page_loads_the_index_before_somebody_searches(year: Space) -> None:
    pages = {name: text for name, text in build(year).items() if name.endswith(".html")}
    assert not [name for name, text in pages.items() if b"search/" in text]


@pytest.mark.parametrize("accent", ["#ffff00", "#101010", "#2f6f6a", "#ff0000", "#ffffff"])
def test_the_authors_colour_can_be_read_on_either_ground(accent: str) -> None:
    """4.5 is the least contrast of text by WCAG 2.2, level AA."""
    for ground in ("#ffffff", "#1b1f23"):
        assert contrast(readable(accent, ground), ground) >= 4.5


def test_an_own_page_of_the_author_is_part_of_the_site(year: Space) -> None:
    assert b"I write <em>every</em> day." in build(year)["about.html"]


def test_another_engine_builds_the_same_tree(year: Space, tmp_path: Path) -> None:
    """Zensical, which reads MkDocs' settings, adds a frame of its own around the same finished pages."""
    workspace, record = read_workspace(year.root), Record(read_workspace(year.root))
    box = PostBox(tmp_path / "posts.db", record)
    posts = sort_posts(box.posts(), drafts=False, future=False, today=date.today()).shown
    blog = compile_blog(posts, box, read_ledgers(record), workspace)
    frames = make_frames(workspace, blog.listed, SAMPLES)
    write_docs(blog, frames, box, tmp_path / "docs")
    settings = yaml.safe_load(SITE) | {"site_name": "A year", "site_url": workspace.url}
    settings["theme"]["custom_dir"] = str(THEME)
    settings["nav"] = [{name: address.replace(".html", ".md")} for address, name in blog.listed.items()]
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump({**settings, "plugins": []}))
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build"], cwd=tmp_path, check=True, capture_output=True)
    made = tree(tmp_path / "site")
    assert {*blog.pages, *(post.address for post in posts)} <= made.keys()
    for address, page in blog.pages.items():
        assert page.body.strip() in made[address].decode(), address
        assert b"Content-Security-Policy" in made[address]
