"""The doors: kinds of items, executors and commands that others bring, each in a few lines, a broken one harmless."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Space, environment

from journal.blog import build_site
from journal.doors import DOORS, EXECUTORS, ITEMS, Installed
from journal.text.workspace import read_workspace

pytestmark = pytest.mark.slow

EXAMPLES = re.findall(
    r"```python\n(.*?)```", (Path(__file__).parents[1] / "docs/extending.md").read_text(encoding="utf-8"), re.DOTALL
)
"""The complete examples of the page on plugins: a task, its test, an item, a sheet, an executor, a command."""
TASK, TEST, VIDEO, SHEET, EXECUTOR, COMMAND = EXAMPLES


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
    assert (site / "day/133/film/film.webm").read_bytes() == b"webm"
    assert "<video controls" in (site / "day/133/index.html").read_text()
    assert "typed 25 s, but step 'film' says 2.5" in space.run("check", "133", check=1).out


def test_a_plugin_file_brings_a_sheet_in_which_its_authors_words_stay(space: Space) -> None:
    space.write("plugins/words.py", SHEET)
    path = space.entry("  words: {uses: words.check}\n")
    space.run("day", "133", check=0)
    sheet = path.with_suffix(".words.words.csv")
    found = "word,meaning,found\naye,yes,aye|yes\nwee,small,wee|small\n"
    assert sheet.read_text() == found
    assert "up to date" in space.run("day", "133", check=0).out
    sheet.write_text(found.replace("small,", "little,"))
    space.run("day", "133", check=0)
    assert sheet.read_text() == "word,meaning,found\nwee,little,\naye,yes,aye|yes\n"
    assert "up to date" in space.run("day", "133", check=0).out


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
    assert "threads" in packages.run("history", check=0).out
    assert "all" not in packages.run("day", "133", "--on", "local", check=1).err


def test_an_executor_that_cannot_be_had_is_one_line(packages: Space) -> None:
    install(packages, "broken", "import nowhere_at_all\n", "[journal.executors]\nbroken = broken:Executor\n")
    packages.entry("  b: {uses: text.write}\n")
    assert "can't be imported: ModuleNotFoundError" in packages.run("day", "133", "--on", "broken", check=2).err
    assert "did you mean 'dask'?" in packages.run("day", "133", "--on", "dusk", check=2).err
    packages.run("day", "133", check=0)


def test_a_package_brings_a_command(packages: Space) -> None:
    install(packages, "days", COMMAND, "[journal.commands]\ndays = days:app\n")
    packages.entry()
    assert packages.run("days", check=0).out == "1 days\n"
    assert "Count the days that have an entry." in packages.run("--help", check=0).out
    assert "Count the days" in packages.run("days", "--help", check=0).out


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


def test_the_examples_are_right_to_a_strict_type_checker(tmp_path: Path) -> None:
    for name, code in zip(("task", "test", "video", "sheet", "executor", "command"), EXAMPLES, strict=True):
        (tmp_path / f"{name}.py").write_text(code)
    root = Path(__file__).parents[1]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
        *map(str, tmp_path.glob("*.py")),
    ]
    environment = {**os.environ, "MYPYPATH": str(root)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


BAD = """from dataclasses import dataclass
from typing import ClassVar
from journal import Composite, Context, Item, Number, Report, task


@dataclass(frozen=True)
class Raises(Item):
    kind: ClassVar[str] = "raises"
    word: str = "x"

    def markdown(self, page):
        raise ValueError("boom")


@dataclass(frozen=True)
class Opens(Item):
    kind: ClassVar[str] = "opens"
    text: str = "<!-- open"

    def markdown(self, page):
        return self.text

    def numbers(self):
        raise KeyError("n")


@dataclass(frozen=True)
class Taken(Item):
    kind: ClassVar[str] = "metric"
    word: str = "x"


@dataclass(frozen=True)
class Odd(Item):
    kind: ClassVar[str] = "odd"
    what: object = print


@task("bad.raises")
def raises() -> Report:
    return Report().add(Raises()).metric("n", 1)


@task("bad.opens")
def opens() -> Report:
    return Report().add(Opens()).metric("n", 2)


@task("bad.taken")
def taken() -> Report:
    return Report().add(Taken())


@task("bad.odd")
def odd() -> Report:
    return Report().add(Odd())


@task("bad.none")
def none() -> Report:
    return Report().add("words")


@task("bad.composite")
def composite() -> Report:
    return Report().metric("span", Composite("{low} to {high}", {"low": Number(1)}))


@task("bad.huge")
def huge() -> Report:
    return Report().metric("huge", 10**400)


@task("bad.object")
def an_object() -> Report:
    return Report().table([[object()]], ["thing"])
"""


@pytest.fixture
def bad(space: Space) -> Space:
    space.write("plugins/bad.py", BAD)
    return space


def test_an_item_that_cannot_be_shown_says_why_and_the_others_are_written(bad: Space) -> None:
    path = bad.entry("  a: {uses: bad.raises}\n  b: {uses: bad.opens}\n  c: {uses: text.write}\n")
    bad.run("day", "133", check=0)
    text = path.read_text()
    assert "> Not shown: an item of the kind 'raises': ValueError: boom" in text
    assert "> Not shown: an item of the kind 'opens': an open comment" in text
    assert "- n: **1**" in text and "- n: **2**" in text and "letters: **5**" in text
    assert "its numbers can't be listed: KeyError: 'n'" in bad.run("check", "133", check=1).err


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("taken", "the kind 'metric' is already Metric of journal.api.items; rename it"),
        ("odd", "an item of the kind 'odd' is not plain data"),
        ("none", "the item str is not a journal.Item"),
        ("composite", "metric 'span': its text names {high}, which is none of its numbers; add it"),
        ("huge", "metric 'huge' has more than 308 digits; give it in a larger unit"),
        ("object", "table column 'thing' is an object of the class object; give a number or text"),
    ],
)
def test_what_cannot_be_reported_is_one_line_and_fails_that_step_alone(bad: Space, task: str, message: str) -> None:
    path = bad.entry(f"  a: {{uses: bad.{task}}}\n  c: {{uses: text.write}}\n")
    done = bad.run("day", "133", check=1)
    (line,) = [line for line in done.out.splitlines() if line.startswith("✗")]
    assert message in line and 'File "' not in done.out
    assert "letters: **5**" in path.read_text()


def test_two_kinds_of_one_name_fail_the_step_and_name_both_files(bad: Space) -> None:
    bad.write("plugins/worse.py", 'class Raises:\n    kind = "raises"\n')
    bad.entry("  a: {uses: bad.raises}\n  c: {uses: text.write}\n")
    done = bad.run("day", "133", check=1)
    assert "'raises' is provided by plugins/bad.py and plugins/worse.py; rename one of them" in done.out
    (bad.root / "plugins/worse.py").unlink()
    bad.run("day", "133", check=0)


def test_an_item_whose_class_has_changed_is_named_and_all_else_is_read(bad: Space) -> None:
    bad.entry("  a: {uses: bad.raises}\n  t: {uses: toy.total, seconds: 60}\n")
    bad.run("day", "133", check=0)
    bad.write("plugins/bad.py", BAD.replace("word: str", "letters: str"))
    bad.run("check", "133", check=0)
    assert "1.00 of 120 min" in bad.run("stats", check=0).out
    bad.run("history", "--asked", check=0)


EXECUTORS_GONE_WRONG = '''from journal import Event, Executor, Finished


class Base(Executor):
    name = "bad"
    keys: list = []

    def start(self, key, job, timeout_s, claims):
        self.keys.append(key)

    def wait(self):
        yield Event(self.keys.pop(), Finished("done"))

    def close(self):
        pass


class Empty(Base):
    """Calls steps finished that left nothing."""


class Raising(Base):
    def wait(self):
        raise ValueError("boom")


class NoStart(Base):
    def start(self, key, job, timeout_s, claims):
        raise ValueError("no start")


class Unopened(Base):
    def __init__(self):
        pass


class Talker(Base):
    def wait(self):
        yield "hello"
'''


def test_an_executor_that_goes_wrong_is_named_in_one_line_and_good_results_stay(packages: Space) -> None:
    names = {"empty": "Empty", "raising": "Raising", "nostart": "NoStart", "unopened": "Unopened", "talker": "Talker"}
    points = "".join(f"{name} = wrong:{kind}\n" for name, kind in names.items())
    install(packages, "wrong", EXECUTORS_GONE_WRONG, f"[journal.executors]\n{points}local = wrong:Empty\n")
    path = packages.entry("  a: {uses: text.write}\n")
    packages.run("day", "133", check=0)  # what is built in can't be replaced
    expected = {
        "empty": (1, "called it finished, but there is no result"),
        "raising": (1, "executor 'bad': ValueError: boom; finished steps are kept"),
        "nostart": (1, "executor 'bad': ValueError: no start"),
        "unopened": (2, "steps can't run on 'unopened': TypeError"),
        "talker": (1, "executor 'bad': TypeError: wait() yields str; yield an Event"),
    }
    for name, (code, message) in expected.items():
        done = packages.run("day", "133", "--force", "--on", name, check=code)
        assert message in done.out + done.err, name
        assert "internal error" not in done.err
    assert "up to date" in packages.run("day", "133", check=0).out
    assert "letters: **5**" in path.read_text()


def test_a_command_that_goes_wrong_is_named(packages: Space) -> None:
    code = "import typer\napp = typer.Typer()\nempty = typer.Typer()\n\n@app.command()\ndef x() -> None:\n    1 / 0\n"
    install(packages, "wrong", code, "[journal.commands]\nraises = wrong:app\nempty = wrong:empty\n")
    assert packages.run("raises", check=1).err == (
        "command 'raises' of the package wrong: ZeroDivisionError: division by zero\n"
    )
    assert "empty" in packages.run("--help", check=0).out
    assert "command 'empty' of the package wrong" in packages.run("empty", check=1).err


def test_doctor_tells_of_doors_that_are_broken(packages: Space) -> None:
    install(packages, "broken", "1 / 0\n", "[journal.executors]\nfar = broken:X\n[journal.items]\nfilm = broken:Y\n")
    examined = packages.run("doctor").out
    assert "NOT executor far: 'far' of the package broken can't be imported: ZeroDivisionError" in examined
    assert "NOT item film: " in examined


def test_a_task_alone_shows_items_of_any_kind(bad: Space) -> None:
    bad.write("plugins/video.py", VIDEO)
    assert "<video controls" in bad.run("run", "film.show", check=0).out


def test_the_test_of_the_page_passes_on_the_task_that_the_command_makes(space: Space) -> None:
    (space.root / "plugins/toys.py").unlink()
    space.run("task", "new", "text.count", check=0)
    space.write("tests/test_words.py", TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "tests/test_words.py"]
    done = subprocess.run(command, cwd=space.root, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stdout
