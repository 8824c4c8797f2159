"""What must not happen: a step that costs the others their page, a text that runs as code, a request from elsewhere."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from urllib.error import HTTPError

import pytest
from conftest import Space, environment
from test_blog import _wait_for, free_port

pytestmark = pytest.mark.slow

ODD = """import os
import socket
from journal import Context, Report, task


def _done():
    return Report().metric("n", 1)


@task("odd.pipe")
def pipe(ctx: Context) -> Report:
    os.mkfifo(ctx.out / "pipe")
    return _done()


@task("odd.socket")
def sock(ctx: Context) -> Report:
    os.chdir(ctx.out)
    socket.socket(socket.AF_UNIX).bind("sock")
    return _done()


@task("odd.dangling")
def dangling(ctx: Context) -> Report:
    (ctx.out / "link").symlink_to("nowhere")
    return _done()


@task("odd.outside")
def outside(ctx: Context) -> Report:
    (ctx.out / "deep").mkdir()
    (ctx.out / "deep/etc").symlink_to("/etc")
    return _done()


@task("odd.inside")
def inside(ctx: Context) -> Report:
    (ctx.out / "a.txt").write_text("a")
    (ctx.out / "b.txt").symlink_to("a.txt")
    return _done()


@task("odd.fork")
def fork() -> Report:
    os.fork()
    return _done()


@task("odd.long")
def long() -> Report:
    raise ValueError("x" * 5_000_000)


@task("odd.svg")
def svg(ctx: Context, inside: str) -> Report:
    (ctx.out / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')
    return Report().image(ctx.out / "a.svg", alt="A drawing")
"""
MKDOCS = "site_name: x\ntheme: {name: mkdocs}\nplugins: []\nuse_directory_urls: false\n"


@pytest.fixture
def odd(space: Space) -> Space:
    space.write("plugins/odd.py", ODD)
    space.write("site/mkdocs.yml", MKDOCS)
    return space


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("pipe", "the task made pipe, which is neither a file nor a folder"),
        ("socket", "the task made sock, which is neither a file nor a folder"),
        ("dangling", "the task made link, a link out of its folder"),
        ("outside", "the task made deep/etc, a link out of its folder"),
        ("long", "ValueError: xxxx"),
    ],
)
def test_a_step_that_leaves_what_cannot_be_kept_fails_alone(odd: Space, task: str, message: str) -> None:
    path = odd.entry(f"  a: {{uses: odd.{task}}}\n  b: {{uses: text.write}}\n")
    done = odd.run("day", "133", check=1)
    assert message in done.out and len(done.out) < 50_000
    assert "letters: **5**" in path.read_text() and len(path.read_text()) < 10_000


def test_a_link_within_the_folder_and_a_copy_of_the_process_do_no_harm(odd: Space) -> None:
    path = odd.entry("  a: {uses: odd.inside}\n  b: {uses: odd.fork}\n  c: {uses: text.write}\n")
    odd.run("day", "133", check=0)
    assert path.read_text().count("- n: **1**") == 2
    assert (path.with_suffix("") / "a/b.txt").read_text() == "a"


def test_an_input_without_an_end_is_refused(space: Space) -> None:
    path = space.entry("  a: {uses: text.count, source: /dev/zero}\n")
    before = path.read_bytes()
    assert "zero is a device, a pipe or a socket" in space.run("day", "133", check=3).err
    assert path.read_bytes() == before


ACTIVE = {
    "script": "<script>alert(1)</script>",
    "spaced": "<\n script>alert(1)</script>",
    "handler": '<rect onload="alert(1)"/>',
    "link": '<a xlink:href="javascript:alert(1)"><text>x</text></a>',
    "foreign": "<foreignObject><iframe src='x'></iframe></foreignObject>",
    "fetched": '<image href="https://example.org/a.png"/>',
    "style": "<style>rect { fill: url(https://example.org/a) }</style>",
    "use": '<use href="other.svg#a"/>',
    "animated": '<set attributeName="href" to="javascript:alert(1)"/>',
}


@pytest.mark.parametrize("name", ACTIVE)
def test_a_drawing_with_anything_active_is_never_part_of_the_page(odd: Space, name: str) -> None:
    inside = ACTIVE[name].replace("'", "''").replace("\n", " ")
    odd.entry(f"  a: {{uses: odd.svg, inside: '{inside}'}}\n")
    odd.run("day", "133", check=0)
    odd.run("build", check=0)
    page = (odd.root / "build/site/day/133/index.html").read_text()
    assert "<svg xmlns" not in page and 'src="a/a.svg"' in page


def test_a_plain_drawing_is_part_of_the_page(odd: Space) -> None:
    odd.entry("""  a: {uses: odd.svg, inside: '<rect id="r" width="5"/><use href="#r"/>'}\n""")
    odd.run("day", "133", check=0)
    odd.run("build", check=0)
    assert '<rect id="r"' in (odd.root / "build/site/day/133/index.html").read_text()


def test_titles_and_names_are_text_in_every_page(space: Space) -> None:
    evil = '<script>alert(1)</script> & "x"'
    space.write("journal.yml", f"name: '{evil}'\nday-1: 2024-01-02\n")
    space.write("site/mkdocs.yml", MKDOCS)
    path = space.entry()
    path.write_text(path.read_text().replace("title: A day", f"title: '{evil}'\ndescription: '{evil}'"))
    space.run("build", check=0)
    pages = [page.read_text() for page in (space.root / "build/site").rglob("*.html")]
    assert len(pages) >= 4 and not [page for page in pages if "<script>alert" in page]
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in page for page in pages)


def test_an_entry_that_is_wrong_stops_neither_status_nor_the_build_of_the_others(space: Space) -> None:
    space.write("site/mkdocs.yml", MKDOCS)
    space.entry(day=132)
    space.entry().write_text("---\ntitle: [\n---\n")
    done = space.run("build", check=3)
    assert done.err.startswith("entries/2024-05-13-day-133.md:") and done.err.count("\n") == 1
    assert (space.root / "build/site/day/132/index.html").is_file()
    assert "day 132" in space.run("status", check=0).out
    assert "entries/2024-05-13-day-133.md:" in space.run("publish", check=3).err


def test_serve_answers_for_this_machine_alone(space: Space) -> None:
    space.write("site/mkdocs.yml", MKDOCS)
    space.entry()
    port = free_port()
    command = [sys.executable, "-m", "journal", "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=space.root, env=environment(), stdout=subprocess.DEVNULL) as server:
        try:
            assert _wait_for(f"http://127.0.0.1:{port}/", "A journal")
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"evil.example:{port}"})
            with pytest.raises(HTTPError) as caught:
                urllib.request.urlopen(request, timeout=10)
            assert caught.value.code == 403
            caught.value.close()
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": f"localhost:{port}"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert answer.status == 200
        finally:
            server.terminate()
