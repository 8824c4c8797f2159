"""The doors: kinds of items, executors and commands that others bring, each in a few lines, a broken one harmless."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import Space

from journal.blog import build_site
from journal.doors import DOORS, EXECUTORS, ITEMS, Installed
from journal.text.workspace import read_workspace

VIDEO = '''"""Films in reports: a kind of item with its own player, and a task that shows one."""
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from journal import Context, Item, NamedNumber, Number, Page, Report, escape_html, task


@dataclass(frozen=True)
class Video(Item):
    """A film."""

    kind: ClassVar = "video"
    path: str
    seconds: float
    caption: str = ""

    def markdown(self, page: Page) -> str:
        return f'<video controls src="{page.link(self.path)}" aria-label="{escape_html(self.caption)}"></video>'

    def numbers(self) -> Iterator[NamedNumber]:
        yield NamedNumber(("length",), Number(self.seconds, "s", digits=1))


@task("film.show")
def show(ctx: Context, caption: str = "A film") -> Report:
    """Show a film."""
    (ctx.out / "film.webm").write_bytes(b"webm")
    return Report().add(Video("film.webm", 2.5, caption)).metric("films", 1)
'''
"""All that a new kind of item takes."""


def test_a_plugin_file_brings_a_kind_of_item_to_entry_report_and_blog(space: Space) -> None:
    (space.root / "plugins/toys.py").unlink()
    space.write("plugins/video.py", VIDEO)
    assert len([line for line in VIDEO.splitlines() if line.strip()]) <= 30
    path = space.entry("  film: {uses: film.show, caption: A <b>}\n", "Look: the length is 25 s.\n")
    space.run("day", "133", check=0)
    player = f'<video controls src="{path.stem}/film/film.webm" aria-label="A &lt;b&gt;"></video>'
    assert player in path.read_text()
    report = json.loads((path.with_suffix("") / "film/report.json").read_text())
    assert report["items"][0] == {"kind": "video", "path": "film.webm", "seconds": 2.5, "caption": "A <b>"}
    space.write("site/mkdocs.yml", "site_name: x\ntheme: {name: mkdocs}\nplugins: []\nuse_directory_urls: false\n")
    site = build_site(read_workspace(space.root)).index.parent
    assert (site / f"days/{path.stem}/film/film.webm").read_bytes() == b"webm"
    assert "<video controls" in (site / f"days/{path.stem}.html").read_text()
    assert "typed 25 s, but step 'film' says 2.5" in space.run("check", "133", check=1).out


def test_an_item_whose_plugin_is_gone_is_named_and_harms_nothing_else(space: Space) -> None:
    space.write("plugins/video.py", VIDEO)
    path = space.entry("  film: {uses: film.show}\n  words: {uses: text.write}\n")
    space.run("day", "133", check=0)
    space.write("plugins/video.py", "1 / 0\n")
    space.entry(
        "  film: {uses: film.show}\n  words: {uses: text.write, text: more}\n", path.read_text().split("---\n")[2]
    )
    done = space.run("day", "133", check=3)
    assert "unknown task 'film.show'" in done.err
    assert "letters: **4**" in path.read_text()
    assert "no typed number differs" in space.run("check", "133", check=0).out


def test_an_item_of_an_unknown_kind_says_so_where_it_would_stand(space: Space) -> None:
    space.write("plugins/video.py", VIDEO)
    path = space.entry("  film: {uses: film.show}\n")
    space.run("day", "133", check=0)
    from journal.record import Record

    (space.root / "plugins/video.py").unlink()
    (item, metric) = Record(read_workspace(space.root)).step(path.with_suffix("") / "film").report.items
    assert "an item of the kind 'video'" in item.markdown(None)  # type: ignore[arg-type]
    assert item.to_json()["seconds"] == 2.5
    assert metric.to_json()["name"] == "films"


EXECUTOR = '''"""Steps in threads, each in a process of its own that sees none of the workspace's files."""
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from journal import Executor, run_packed


class Threads(Executor):
    name = "threads"

    def __init__(self, address, resources, work):
        super().__init__(address, resources, work)
        self.pool, self.events = ThreadPoolExecutor(2), SimpleQueue()
        self.marker = work / "nobody-sees-this" / "marker"

    def start(self, key, job, timeout_s, claims):
        future = self.pool.submit(run_packed, self.pack(job, timeout_s))
        future.add_done_callback(lambda done: self.events.put(self.receive(key, job, done.result())))

    def write_marker(self):
        """Nobody shares a folder here."""

    def wait(self):
        yield self.events.get()

    def close(self):
        self.pool.shutdown(cancel_futures=True)
'''


def install(space: Space, module: str, code: str, entry_points: str) -> None:
    """Put a package onto the path that tests and commands share, as pip would."""
    space.write(f"site-packages/{module}.py", code)
    info = f"site-packages/{module}-1.0.dist-info"
    space.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    space.write(f"{info}/entry_points.txt", entry_points)


@pytest.fixture
def packages(space: Space, monkeypatch: pytest.MonkeyPatch) -> Space:
    path = f"{space.root}/site-packages{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    monkeypatch.setenv("PYTHONPATH", path)
    return space


def test_a_package_brings_an_executor(packages: Space) -> None:
    install(packages, "threads", EXECUTOR, "[journal.executors]\nthreads = threads:Threads\n")
    packages.write("words.txt", "three plain words")
    path = packages.entry(
        "  a: {uses: text.count, source: words.txt}\n  b: {uses: text.write}\n  c: {uses: toy.fail}\n"
    )
    packages.run("day", "133", "--on", "threads", check=1)
    text = path.read_text()
    assert "words: **3**" in text and "letters: **5**" in text and "it went wrong; do it right" in text
    assert (path.with_suffix("") / "b/text.txt").read_text() == "hello"
    assert "threads" in packages.run("runs", check=0).out
    assert "all" not in packages.run("day", "133", "--on", "local", check=1).err


def test_an_executor_that_cannot_be_had_is_one_line(packages: Space) -> None:
    install(packages, "broken", "import nowhere_at_all\n", "[journal.executors]\nbroken = broken:Executor\n")
    packages.entry("  b: {uses: text.write}\n")
    assert "can't be imported: ModuleNotFoundError" in packages.run("day", "133", "--on", "broken", check=2).err
    assert "did you mean 'dask'?" in packages.run("day", "133", "--on", "dusk", check=2).err
    packages.run("day", "133", check=0)


COMMAND = '''import typer
from journal import open_record

app = typer.Typer()


@app.command()
def days(reverse: bool = False) -> None:
    """Count the days that have an entry."""
    typer.echo(f"{len(open_record().days())} days")
'''


def test_a_package_brings_a_command(packages: Space) -> None:
    install(packages, "days", COMMAND, "[journal.commands]\ndays = days:app\n")
    packages.entry()
    assert packages.run("days", check=0).out == "1 days\n"
    assert "Count the days that have an entry." in packages.run("--help", check=0).out
    assert "--reverse" in packages.run("days", "--help", check=0).out


def test_a_broken_command_is_told_in_the_help_and_harms_no_other(packages: Space) -> None:
    install(packages, "broken", "1 / 0\n", "[journal.commands]\nbroken = broken:app\nday = broken:app\n")
    packages.entry("  b: {uses: text.write}\n")
    helped = packages.run("--help", check=0).out
    assert "can't be imported: ZeroDivisionError" in " ".join(helped.split()) and "Run the steps of a day" in helped
    assert "can't be imported" in packages.run("broken", check=1).err
    packages.run("day", "133", check=0)


def test_what_is_built_in_comes_by_the_same_doors() -> None:
    installed = Installed()
    assert {"local", "dask", "tcp"} <= {point.name for point in installed.entry_points(EXECUTORS)}
    kinds = {point.name: point.load() for point in installed.entry_points(ITEMS)}
    assert {"metric", "table", "image", "gallery", "audio", "text", "quote", "file", "total", "trial"} <= set(kinds)
    assert all(kind.kind == name for name, kind in kinds.items())
    assert all(point.package == "journal-in-public" for door in DOORS for point in installed.entry_points(door))


def test_looking_through_a_door_imports_nothing(packages: Space) -> None:
    loud = "raise SystemExit('imported')\n"
    points = (
        "[journal.items]\nloud = loud:Item\n[journal.executors]\nloud = loud:Executor\n[journal.tasks]\nl.l = loud:t\n"
    )
    install(packages, "loud", loud, points)
    path = packages.entry("  b: {uses: text.write}\n")
    packages.run("day", "133", check=0)
    assert "letters: **5**" in path.read_text()
    assert Path(path).exists()
