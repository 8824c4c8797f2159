"""The registry: names tied to places, nothing imported before it is used, and no plugin harms another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Space

from journal.errors import EntryError
from journal.plan.registry import Registry, load_task, read_registry

HEAD = "from journal import File, Report, Context, task\nimport sys\n"
GOOD = HEAD + '@task("good.one")\ndef one() -> Report:\n    """Be good."""\n    return Report().metric("n", 1)\n'


def registry(folder: Path, **files: str | bytes) -> Registry:
    for name, text in files.items():
        (folder / f"{name}.py").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_registry(folder)


def test_the_built_in_tasks_come_by_entry_points() -> None:
    assert {
        "audio.clip",
        "factor.analysis",
        "llm.prompt",
        "llm.evaluate",
        "llm.compare",
        "llm.lora",
        "diffusion.sample",
    } <= set(read_registry(Path("none")).names())


def test_listing_names_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(f"raise SystemExit('imported')\n{GOOD}")
    code = (
        "import sys; from pathlib import Path; from journal.plan.registry import read_registry\n"
        f"before = set(sys.modules); names = read_registry(Path({str(tmp_path)!r})).names()\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith(('tasks', 'journal'))))\n"
        "print('good.one' in names and 'audio.clip' in names)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nTrue\n"


@pytest.mark.parametrize(
    "decorator", ['@task("a.b")', '@task(name="a.b")', '@journal.task("a.b", libraries=["numpy"])']
)
def test_a_task_is_found_however_its_decorator_is_written(tmp_path: Path, decorator: str) -> None:
    found = registry(tmp_path, one=f"import journal\n{HEAD}{decorator}\ndef one() -> Report:\n    return Report()\n")
    assert load_task(found.find("a.b")).name == "a.b"


def test_a_plugin_may_have_a_byte_order_mark_and_an_encoding_of_its_own(tmp_path: Path) -> None:
    latin = ("# coding: latin-1\n" + GOOD.replace("Be good", "Bé good")).encode("latin-1")
    found = registry(tmp_path, a=latin, b=b"\xef\xbb\xbf" + GOOD.replace("good.one", "good.two").encode())
    assert load_task(found.find("good.one")).summary == "Bé good."
    assert load_task(found.find("good.two")).name == "good.two"


BROKEN = {
    "syntax": ("def broken(:\n", "invalid syntax"),
    "nul": ("x = 1\0\n", "null"),
    "deep": ("x = " + "(" * 5000 + ")" * 5000 + "\n", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_plugin_that_is_no_python_is_reported_and_harms_no_other(tmp_path: Path, name: str) -> None:
    text, why = BROKEN[name]
    found = registry(tmp_path, broken=text, good=GOOD)
    assert why in next(iter(found.broken.values()))
    assert list(found.broken) == [f"{tmp_path.name}/broken.py"]
    assert load_task(found.find("good.one"))


FAILING = {
    "import": (f"import nowhere_at_all\n{GOOD}", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "exit": (f"{GOOD}sys.exit(5)\n", "SystemExit: 5"),
    "fault": (f"{GOOD}1 / 0\n", "ZeroDivisionError"),
    "hint": ("from __future__ import annotations\n" + GOOD.replace("one()", "one(x: Missing)"), "Missing"),
    "untyped": (GOOD.replace("one()", "one(x)"), "parameter 'x' has no type"),
    "reserved": (GOOD.replace("one()", "one(timeout: int)"), "'timeout' is a keyword of every step"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILING)
def test_a_plugin_that_fails_to_import_is_named_with_the_cause(tmp_path: Path, name: str) -> None:
    text, why = FAILING[name]
    found = registry(tmp_path, failing=text, good=GOOD.replace("good.one", "good.two"))
    with pytest.raises(EntryError) as caught:
        load_task(found.find("good.one"))
    assert f"task 'good.one' of {tmp_path.name}/failing.py can't be imported: " in str(caught.value)
    assert why in str(caught.value) and "\n" not in str(caught.value)
    assert load_task(found.find("good.two"))


def test_what_a_plugin_prints_while_it_is_imported_is_no_answer_of_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_task(registry(tmp_path, loud=f"print('hello')\n{GOOD}").find("good.one"))
    assert capsys.readouterr() == ("", "hello\n")


def test_two_of_a_name_are_an_error_that_names_both(tmp_path: Path) -> None:
    found = registry(tmp_path, a=GOOD, b=GOOD, c=GOOD.replace("good.one", "audio.clip"))
    with pytest.raises(EntryError, match=r"'good.one' comes from .*/a\.py and .*/b\.py; rename one of them"):
        found.find("good.one")
    with pytest.raises(EntryError, match=r"'audio.clip' comes from the package journal-in-public and .*/c\.py"):
        found.find("audio.clip")


def test_an_unknown_name_gets_the_nearest_one(tmp_path: Path) -> None:
    found = registry(tmp_path, good=GOOD)
    with pytest.raises(EntryError, match=r"unknown task 'god.one'; did you mean 'good.one'\?"):
        found.find("god.one")


def test_an_unknown_name_tells_which_plugin_could_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match=r"unknown task 'mine.x'.*plugin .*/mine\.py can't be read"):
        registry(tmp_path, mine="def broken(:").find("mine.x")


def test_a_name_that_is_no_task_says_what_to_do(tmp_path: Path) -> None:
    text = GOOD + "one = 5\n"
    with pytest.raises(EntryError, match="is a int; decorate the function with @task"):
        load_task(registry(tmp_path, one=text).find("good.one"))


def test_one_broken_plugin_stops_neither_the_list_nor_the_other_steps(space: Space) -> None:
    space.write("plugins/syntax.py", "def broken(:\n")
    space.write("plugins/failing.py", FAILING["exit"][0])
    path = space.entry("  a: {uses: good.one}\n  b: {uses: text.write}\n")
    listed = space.run("task", check=0).out
    assert "plugins/syntax.py: can't be read: invalid syntax" in listed
    assert "SystemExit: 5" in listed and "text.count" in listed
    done = space.run("day", "133", check=3)
    assert done.err.startswith(
        "entries/2024-05-13-day-133.md:5: task 'good.one' of plugins/failing.py can't be imported"
    )
    assert "letters: **5**" in path.read_text()


def test_a_package_that_comes_changes_or_goes_is_seen_at_the_next_look(
    space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Space(tmp_path / "library")
    library.write("counting.py", "from journal import Report, task\n\n\n" + "".join(
        f'@task("{name}")\ndef {name}() -> Report:\n    """Count."""\n    return Report().metric("n", 1)\n\n\n'
        for name in ("first", "second")
    ))  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", f"{library.root}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    space.entry("  one:\n    uses: text.write\n")
    space.run("day", "133", check=0)
    space.entry("  one:\n    uses: first\n")
    assert "unknown task 'first'" in space.run("day", "133", "--dry-run", check=3).err
    info = "counting-1.0.dist-info"
    library.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n")
    library.write(f"{info}/entry_points.txt", "[journal.tasks]\nfirst = counting:first\n")
    space.run("day", "133", check=0)
    library.write(f"{info}/entry_points.txt", "[journal.tasks]\nsecond = counting:second\n")
    assert "unknown task 'first'" in space.run("day", "133", "--dry-run", check=3).err
    space.entry("  one:\n    uses: second\n")
    space.run("day", "133", check=0)
    shutil.rmtree(library.root / info)
    assert "unknown task 'second'" in space.run("day", "133", "--dry-run", check=3).err
