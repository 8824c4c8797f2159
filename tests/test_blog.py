"""The blog: pages for entries, listing pages, links that lead somewhere, publishing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import Space, entry_name, environment, make_space

pytestmark = pytest.mark.slow

SITE = (Path(__file__).parents[1] / "site" / "mkdocs.yml").read_text()


@pytest.fixture
def blog(space: Space) -> Space:
    """A workspace with two days, one of them with results of every kind that has a file."""
    return write_days(space)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Space:
    """Such a workspace, built, for tests that only look at it."""
    space = write_days(make_space(tmp_path_factory.mktemp("blog")))
    space.run("build", check=0)
    return space


def write_days(space: Space) -> Space:
    space.write("site/mkdocs.yml", SITE)
    space.write("plugins/pictures.py", PICTURES)
    space.entry(
        "  all:\n    uses: toy.all\n",
        "## Hello\n\nToday I drew:\n\n* a plot\n* a picture\n\n<!-- journal:all -->\n"
        "\n```mermaid\ngraph LR\n  Entry --> Block\n```\n\n```mermaid\nno such diagram\n```\n",
    )
    space.entry("", "## Hello\n\nNothing ran, see [yesterday](2024-05-13-day-133.md).\n", day=134)
    space.run("day", "133", check=0)
    return space


PICTURES = '''"""A report with everything in it."""
import wave
from journal import Context, Report, new_figure, task

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@task("toy.all")
def everything(ctx: Context) -> Report:
    """Report one thing of each kind."""
    plot, axes = new_figure()
    axes.plot([1, 2, 3])
    (ctx.out / "one.png").write_bytes(PIXEL)
    with wave.open(str(ctx.out / "a tone.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    report = Report().figure("plot", plot, alt="Three points").image(ctx.out / "one.png", alt="A pixel")
    report.gallery([(ctx.out / "one.png", "a pixel")], columns=1).audio(ctx.out / "a tone.wav", caption="A tone")
    return report.quote("<script>alert(1)</script>").total("glaswegian", 90, "s")
'''


class Page(HTMLParser):
    """Collects what a page links to, its elements and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def day_file(space: Space, day: int = 133) -> Path:
    return space.root / "build/site/day" / str(day) / "index.html"


def test_every_local_link_and_medium_of_the_site_resolves(built: Space) -> None:
    pages = list((built.root / "build/site").rglob("*.html"))
    assert len(pages) >= 7
    for page in pages:
        for link in Page(page).links if page.name != "404.html" else []:
            target = unquote(link.split("#")[0].split("?")[0])
            if target and "://" not in link and not link.startswith(("data:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name} links to {link}"


def test_a_page_asks_no_other_host_for_anything(built: Space) -> None:
    text = day_file(built).read_text()
    assert 'src="http' not in text
    assert 'rel="stylesheet" href="http' not in text


def test_a_day_page_is_titled_as_a_daily_journal_does(built: Space) -> None:
    text = Page(day_file(built)).text
    assert "(Day 133) A day" in text
    assert "13 May 2024" in text


def test_plots_stand_inline_and_follow_the_colours_of_the_page(built: Space) -> None:
    text = day_file(built).read_text()
    assert "<svg" in text
    assert "var(--md-default-fg-color" in text
    assert 'aria-label="Three points"' in text


def test_text_of_a_model_is_never_run(built: Space) -> None:
    assert "<script>alert(1)</script>" not in day_file(built).read_text()
    assert "<script>alert(1)</script>" in Page(day_file(built)).text


def test_no_marker_is_left_in_a_page(built: Space) -> None:
    assert "journal:all" not in day_file(built).read_text()


def test_home_tells_the_newest_day_first_with_its_first_words(built: Space) -> None:
    text = Page(built.root / "build/site/index.html").text
    assert text.index("(Day 134)") < text.index("(Day 133)")
    assert "Today I drew: a plot; a picture" in text


def test_totals_are_computed_from_the_reports(built: Space) -> None:
    assert "1.50 of 120 min" in Page(built.root / "build/site/totals.html").text


def test_an_entry_that_goes_takes_its_page_along(blog: Space) -> None:
    blog.run("build", check=0)
    (blog.root / "entries" / f"{entry_name(134)}.md").unlink()
    blog.run("build", check=0)
    assert not day_file(blog, 134).exists()
    assert "(Day 134)" not in (blog.root / "build/site/index.html").read_text()


def test_a_draft_is_not_built(blog: Space) -> None:
    path = blog.root / "entries" / f"{entry_name(134)}.md"
    path.write_text(path.read_text().replace("day: 134", "day: 134\ndraft: true"))
    blog.run("build", check=0)
    assert not day_file(blog, 134).exists()


def test_build_changes_nothing_in_site_and_entries(blog: Space) -> None:
    before = {p: p.read_bytes() for top in ("site", "entries") for p in (blog.root / top).rglob("*") if p.is_file()}
    blog.run("build", check=0)
    after = {p: p.read_bytes() for top in ("site", "entries") for p in (blog.root / top).rglob("*") if p.is_file()}
    assert before == after


def test_a_link_that_leads_nowhere_is_said(blog: Space) -> None:
    blog.entry("", "See [this](nowhere.md).\n", day=135)
    done = blog.run("build", check=0)
    assert "nowhere.md" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_the_letters_of_formulas_come_along_where_there_are_some(blog: Space) -> None:
    font = blog.root / "build/site/assets/stix-two-math.woff2"
    blog.run("build", check=0)
    assert not font.exists()
    blog.entry("", "So $x = 1$.\n", day=135)
    blog.run("build", check=0)
    assert font.read_bytes()[:4] == b"wOF2"


def test_an_anchor_that_is_nowhere_is_said(blog: Space) -> None:
    body = f"## Here\n\n[a](#here) [b](#hree) [c]({entry_name(133)}.md#there)\n"
    blog.entry("", body, day=135)
    said = blog.run("build", check=0).err.strip().splitlines()
    name = f"entries/{entry_name(135)}.md"
    assert said == [
        f"{name}: a link leads nowhere: {entry_name(135)}.md has no heading or place 'hree'",
        f"{name}: a link leads nowhere: {entry_name(133)}.md has no heading or place 'there'",
    ]


def test_a_former_address_of_two_days_is_said(blog: Space) -> None:
    for day in (135, 136):
        blog.entry("aliases: [/old/]\n", "Words of this day.\n", day=day)
    said = blog.run("build", check=0).err
    assert (
        f"entries/{entry_name(136)}.md: its former address /old/ is a former address of {entry_name(135)}.md too"
        in said
    )


def test_a_file_with_a_sharp_in_its_name_is_found(blog: Space) -> None:
    blog.entry("", "See [this](c%23.txt).\n", day=135)
    (blog.root / "entries/c#.txt").write_text("C#")
    assert blog.run("build", check=0).err == ""
    assert 'href="../../files/c%23.txt"' in (blog.root / "build/site/day/135/index.html").read_text()


def test_serve_shows_the_day_and_follows_its_entry(blog: Space) -> None:
    port = free_port()
    command = [sys.executable, "-m", "journal", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=blog.root, env=environment(), stdout=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}/day/133/"
            assert _wait_for(address, "A day")
            path = blog.root / "entries" / f"{entry_name(133)}.md"
            path.write_text(path.read_text().replace("Today I drew", "Today I really drew"))
            assert _wait_for(address, "Today I really drew")
            path.write_text(path.read_text().replace("day: 133", "day: [133"))
            assert _wait_for(address, f"entries/{path.name}")  # the fault stands where the day's page did
            style = next((blog.root / "build/preview").rglob("*.css"))
            part = urllib.request.Request(f"http://127.0.0.1:{port}/{style.relative_to(blog.root / 'build/preview')}")
            part.add_header("Range", "bytes=1-3")
            with urllib.request.urlopen(part) as answer:  # as a player asks that jumps
                assert (answer.status, answer.read()) == (206, style.read_bytes()[1:4])
                assert answer.headers["Content-Range"] == f"bytes 1-3/{style.stat().st_size}"
        finally:
            server.terminate()


@pytest.fixture
def served(blog: Space) -> Iterator[tuple[Space, subprocess.Popen[str], int]]:
    """A blog being served, drafts included."""
    port = free_port()
    command = [sys.executable, "-u", "-m", "journal", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=blog.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert _wait_for(f"http://127.0.0.1:{port}/day/133/", "A day")
        yield blog, server, port
        server.kill()


def test_serve_ends_on_one_interrupt(served: tuple[Space, subprocess.Popen[str], int]) -> None:
    _, server, _ = served
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=10) == 0


def test_a_busy_port_leads_to_the_next_one_with_a_word(served: tuple[Space, subprocess.Popen[str], int]) -> None:
    blog, _, port = served
    command = [sys.executable, "-u", "-m", "journal", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=blog.root, env=environment(), stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout
        assert second.stdout.readline() == f"port {port} is in use; taking {port + 1}\n"
        second.terminate()


def test_a_broken_entry_is_shown_in_the_page_at_its_line(served: tuple[Space, subprocess.Popen[str], int]) -> None:
    blog, _, port = served
    path = blog.root / "entries" / f"{entry_name(134)}.md"
    path.write_text("---\ntitle: [\n---\n")
    address = f"http://127.0.0.1:{port}/day/133/"
    assert _wait_for(address, f"entries/{entry_name(134)}.md:")
    path.write_text("---\ntitle: Mended\ndraft: true\n---\nWords.\n")
    assert _wait_for(f"http://127.0.0.1:{port}/day/134/", "Mended")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_site_of_a_new_workspace_looks_like_this_one() -> None:
    skeleton = Path(__file__).parents[1] / "journal" / "start" / "mkdocs.yml"
    assert skeleton.read_text() == SITE


def _wait_for(address: str, text: str) -> bool:
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if text in answer.read().decode():
                    return True
        except urllib.error.HTTPError as page:
            if text in page.read().decode():
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def _git(folder: Path):  # type: ignore[no-untyped-def]
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}

    def git(*arguments: str) -> str:
        environment = {**os.environ, **identity}
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    return git


def _put_cname_on_branch(root: Path, name: str) -> None:
    """Commit a CNAME to the published branch, as a host's settings page does."""
    git = _git(root)
    blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=root, input=name, capture_output=True, text=True)
    tree = git("ls-tree", "gh-pages") + f"100644 blob {blob.stdout.strip()}\tCNAME\n"
    made = subprocess.run(["git", "mktree"], cwd=root, input=tree, capture_output=True, text=True, check=True)
    commit = git("commit-tree", made.stdout.strip(), "-p", "gh-pages", "-m", "A domain")
    git("update-ref", "refs/heads/gh-pages", commit.strip())
    git("push", "--quiet", "--force", "origin", "gh-pages")


def test_a_project_has_a_page_and_its_days_lead_to_each_other(space: Space) -> None:
    for day, more in ((133, ""), (134, ""), (136, ""), (137, "draft: true\n")):
        text = f"---\nday: {day}\ndate: 2024-05-{13 + day - 133}\ntitle: Words {day}\n{more}"
        projects = "[A data set, Other]" if day == 134 else "[a  data-set]" if day == 136 else "[A data set]"
        space.write(f"entries/2024-05-{13 + day - 133}-day-{day}.md", f"{text}projects: {projects}\n---\n\nWords.\n")
    space.write("site/mkdocs.yml", "site_name: x\n")
    space.run("build", check=0)
    site = space.root / "build/site"
    page = (site / "project/a-data-set.html").read_text()
    assert "3 days" in page and ">Day 133</a> to " in page and page.index("Words 133") < page.index("Words 136")
    middle = (site / "day/134/index.html").read_text()
    assert "day 2 of 3" in middle and "before: <a" in middle and "next: <a" in middle
    assert ">Day 136</a>" in middle and 'Project <a href="../../project/other.html">Other</a></p>' in middle
    last = (site / "day/136/index.html").read_text()
    assert "begun on" in last and "next:" not in last and "137" not in page
    assert "A data set 2" in space.run("stats", check=0).out or "projects:" in space.run("stats").out
