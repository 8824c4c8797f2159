"""Fingerprints: what changes one, what doesn't, and the reason that is given."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Space
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.plan.change import explain_change
from journal.plan.code import read_code
from journal.plan.parts import load_parts
from journal.plan.registry import TaskSource

PLUGIN = '''"""Tasks that read files, helpers, libraries and models."""
import helpers
from inner.deep import scale
from journal import Context, File, Files, ModelName, Report, task

FACTOR = 3


def twice(number: int) -> int:
    """Double a number."""
    return 2 * number  # a comment


@task("m.read", libraries=["toylib"])
def read(source: File, factor: int = 2, words: str = "") -> Report:
    """Read a file."""
    return Report().metric("size", len(source.read_text()) * factor).output("size", len(source.read_text()))


@task("m.help")
def use_helper(number: int = 1) -> Report:
    """Use helpers of another module, and of this one."""
    return Report().metric("n", helpers.add(number) + twice(number) * FACTOR).output("n", helpers.add(number))


@task("m.deep")
def use_deep(number: int = 1) -> Report:
    """Use a helper in a package."""
    return Report().metric("n", scale(number)).output("n", scale(number))


@task("m.after")
def follow(number: int) -> Report:
    """Take a number of another step."""
    return Report().metric("n", number).output("n", number % 2)


@task("m.model")
def use_model(ctx: Context, model: ModelName) -> Report:
    """Read a model's folder."""
    return Report().metric("n", len((ctx.model(model).path / "weights").read_text()))


@task("m.pair")
def pair(first: File, second: File) -> Report:
    """Compare two files."""
    return Report().metric("n", len(first.read_text()) - len(second.read_text()))


@task("m.many")
def many(sources: Files) -> Report:
    """Read files in order."""
    return Report().text("".join(one.read_text() for one in sources))


@task("m.day")
def tell_day(ctx: Context) -> Report:
    """Tell the day."""
    return Report().metric("day", ctx.day)
'''
HELPERS = '''"""Helpers."""
STEP = 10


def add(number):
    return number + STEP


def unused(number):
    return number - 1
'''
DEEP = "from . import base\n\n\ndef scale(number):\n    return base.FACTOR * number\n"
TASKS = """  read-a:
    uses: m.read
    source: data/a.txt
  read-b:
    uses: m.read
    source: data/b.txt
    factor: 3
    words: some
  help:
    uses: m.help
    number: 4
  deep:
    uses: m.deep
  after-help:
    uses: m.after
    number: ${help.n}
  after-after:
    uses: m.after
    number: ${after-help.n}
  model:
    uses: m.model
    model: small
  pair:
    uses: m.pair
    first: data/a.txt
    second: data/b.txt
  many:
    uses: m.many
    sources: data/many/*.txt
  day:
    uses: m.day
"""
ALL = set(re.findall(r"^  ([\w-]+):$", TASKS, re.MULTILINE))


def _fill(space) -> None:
    space.write("journal.yml", "name: A journal\nday-1: 2024-01-02\nmodels:\n  small: ./models/small\n")
    space.write("plugins/mutable.py", PLUGIN)
    space.write("helpers.py", HELPERS)
    space.write("inner/__init__.py", "")
    space.write("inner/base.py", "FACTOR = 7\nOTHER = 8\n")
    space.write("inner/deep.py", DEEP)
    space.write("data/a.txt", "first")
    space.write("data/b.txt", "second")
    for name in "xyz":
        space.write(f"data/many/{name}.txt", name)
    space.write("models/small/weights", "0101")
    space.write("lib/toylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toylib\nVersion: 1.0\n")
    space.entry(TASKS)


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Iterator[Space]:
    """A workspace whose day was run; tests work on copies of it."""
    space = Space(tmp_path_factory.mktemp("ran") / "workspace")
    _fill(space)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{space.root / 'lib'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        done = space.run("day", "133")
        assert done.code == 0, done.out + done.err
        yield space


@pytest.fixture
def copy(ran, tmp_path, monkeypatch):
    """A copy of that workspace, files' times and all."""
    root = tmp_path / "workspace"
    shutil.copytree(ran.root, root)
    monkeypatch.setenv("PYTHONPATH", f"{root / 'lib'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return replace(ran, root=root)


def _would_run(space) -> dict[str, list[str]]:
    done = space.run("day", "133", "--dry-run", "--json")
    assert done.code == 0, done.out + done.err
    steps = json.loads(done.out)["steps"]
    assert {one["outcome"] for one in steps} <= {"current", "would run"}
    return {one["step"]: one["reasons"] for one in steps if one["outcome"] == "would run"}


def _change(name: str, old: str, new: str) -> Callable[[Space], None]:
    def change(space) -> None:
        path = space.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


def _entry(old: str, new: str) -> Callable[[Space], None]:
    return _change("entries/2024-05-13-day-133.md", old, new)


def _rename_version(space) -> None:
    info = space.root / "lib/toylib-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toylib\nVersion: 2.4\n")
    info.rename(info.with_name("toylib-2.4.dist-info"))


MUTATIONS = {
    "an input's byte": (
        _change("data/a.txt", "first", "fIrst"),
        {"read-a": "input data/a.txt changed", "pair": "input data/a.txt changed"},
    ),
    "a parameter": (_entry("factor: 3", "factor: 4"), {"read-b": "parameter factor 3 → 4"}),
    "a parameter that was left out": (
        _entry("uses: m.deep", "uses: m.deep\n    number: 2"),
        {"deep": "parameter number 1 → 2"},
    ),
    "a model's weights": (_change("models/small/weights", "0101", "0102"), {"model": "model small changed"}),
    "another model under the name": (
        lambda space: (
            shutil.copytree(space.root / "models/small", space.root / "models/other"),
            (space.root / "models/other/weights").write_text("1"),
            _change("journal.yml", "./models/small", "./models/other")(space),
        ),
        {"model": "model small changed"},
    ),
    "two inputs swapped": (
        _entry("first: data/a.txt\n    second: data/b.txt", "first: data/b.txt\n    second: data/a.txt"),
        {"pair": "parameter first names different files, or in a different order"},
    ),
    "a file more in a glob": (
        lambda space: space.write("data/many/w.txt", "w"),
        {"many": "input data/many/w.txt added"},
    ),
    "a file less in a glob": (
        lambda space: (space.root / "data/many/y.txt").unlink(),
        {"many": "input data/many/y.txt removed"},
    ),
    "another task": (_entry("uses: m.deep", "uses: m.help"), {"deep": "task m.deep → m.help"}),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_reruns_precisely_what_depends_on_it_and_says_why(name, copy) -> None:
    mutate, expected = MUTATIONS[name]
    mutate(copy)
    said = _would_run(copy)
    assert {step: reasons[0] for step, reasons in said.items()} == expected
    assert _would_run(copy) == said, "looking changes nothing"


def test_a_change_of_code_names_the_module(copy) -> None:
    _change("inner/base.py", "FACTOR = 7", "FACTOR = 9")(copy)
    assert _would_run(copy)["deep"] == ["code of inner/base.py changed"]


def test_another_version_of_a_library_is_named_and_runs_nothing_unless_asked(copy) -> None:
    _rename_version(copy)
    assert _would_run(copy) == {}
    said = copy.run("day", "133", "--dry-run", check=0).out
    assert said.count("made with toylib 1.0, and 2.4 is here; --upgrade runs it again") == 2
    done = json.loads(copy.run("day", "133", "--upgrade", "--json", check=0).out)["steps"]
    assert {one["step"]: one["reasons"] for one in done if one["outcome"] == "done"} == {
        "read-a": ["toylib 1.0 → 2.4"],
        "read-b": ["toylib 1.0 → 2.4"],
    }
    assert "toylib" not in copy.run("day", "133", "--dry-run", check=0).out


NOTHING = {
    "a comment": _change("plugins/mutable.py", "# a comment", "# other words"),
    "formatting": _change("plugins/mutable.py", "return 2 * number", "return (2 *\n            number)"),
    "a reordered parameter": _entry("factor: 3\n    words: some", "words: some\n    factor: 3"),
    "a default written out": _entry("source: data/a.txt\n", "source: data/a.txt\n    factor: 2\n"),
    "the words around the blocks": _entry("Words of mine.", "Other words."),
    "a touch": lambda space: [
        path.touch() for path in space.root.rglob("*") if path.is_file() and ".journal" not in path.parts
    ],
    "a file replaced by its like": lambda space: (
        (space.root / "data/new").write_text("first"),
        (space.root / "data/new").replace(space.root / "data/a.txt"),
    ),
    "the name of a model's short name's folder": _change(
        "journal.yml", "./models/small", "models/../models/small".replace("models/..", "./models/..")
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_no_result_reruns_nothing(name, copy) -> None:
    NOTHING[name](copy)
    assert _would_run(copy) == {}


def test_a_change_of_the_same_size_with_its_time_set_back_is_seen(copy) -> None:
    path = copy.root / "data/a.txt"
    before = path.stat()
    path.write_text("FIRST")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert set(_would_run(copy)) == {"read-a", "pair"}


def test_a_result_that_comes_out_the_same_reruns_nothing_after_it(copy) -> None:
    _entry("number: 4", "number: 6")(copy)
    done = copy.run("day", "133", "--json", check=0)
    outcomes = {one["step"]: one["outcome"] for one in json.loads(done.out)["steps"]}
    ran = {step for step, outcome in outcomes.items() if outcome == "done"}
    assert ran == {"help", "after-help"}, "after-help gives the same parity, so after-after stays"


def test_what_runs_after_a_change_says_that_its_source_ran_again(copy) -> None:
    _entry("number: 4", "number: 5")(copy)
    steps = json.loads(copy.run("day", "133", "--json", check=0).out)["steps"]
    reasons = {one["step"]: one["reasons"] for one in steps if one["outcome"] == "done"}
    assert reasons == {
        "help": ["parameter number 4 → 5"],
        "after-help": ["help ran again"],
        "after-after": ["after-help ran again"],
    }


def test_a_change_taken_back_finds_its_result_again(copy) -> None:
    _entry("number: 4", "number: 5")(copy)
    copy.run("day", "133", check=0)
    _entry("number: 5", "number: 4")(copy)
    done = copy.run("day", "133", check=0)
    assert "0 ran" in done.out


def test_another_entry_with_the_same_step_uses_the_same_result(copy) -> None:
    copy.entry("  again:\n    uses: m.read\n    source: data/a.txt\n", day=134)
    copy.entry("  again:\n    uses: m.day\n", day=135)
    assert "0 ran" in copy.run("day", "134", check=0).out
    assert "1 ran" in copy.run("day", "135", check=0).out, "its task asks for the day"


def test_an_output_file_counts_by_its_name_and_content(copy) -> None:
    copy.write(
        "plugins/naming.py",
        "from journal import Context, File, Report, task\n"
        '@task("n.make")\ndef make(ctx: Context, name: str) -> Report:\n'
        '    """Make a file."""\n    (ctx.out / name).write_text("same")\n'
        '    return Report().output("file", ctx.out / name)\n'
        '@task("n.name")\ndef tell(source: File) -> Report:\n'
        '    """Tell a name."""\n    return Report().text(source.name)\n',
    )
    copy.entry(
        "  make:\n    uses: n.make\n    name: one\n  tell:\n    uses: n.name\n    source: ${make.file}\n", day=134
    )
    copy.run("day", "134", check=0)
    path = copy.entry(
        "  make:\n    uses: n.make\n    name: two\n  tell:\n    uses: n.name\n    source: ${make.file}\n", day=134
    )
    copy.run("day", "134", check=0)
    assert "two" in path.read_text()


def test_names_imported_with_a_star_or_inside_a_condition_count(tmp_path) -> None:
    (tmp_path / "starred.py").write_text("def far():\n    return 1\n")
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "try:\n    from starred import *\nexcept ImportError:\n    pass\nfrom starred import *\n"
        "from journal import Report, task\n\n\n@task('s.t')\ndef run() -> Report:\n"
        "    return Report().metric('n', far())\n"
    )
    first = _code_digest(plugin, tmp_path)
    (tmp_path / "starred.py").write_text("def far():\n    return 2\n")
    assert _code_digest(plugin, tmp_path) != first


def _code_digest(plugin: Path, root: Path) -> str:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from journal.plan.code import read_code; from journal.plan.registry import TaskSource\n"
        "print(read_code(TaskSource('s.t', sys.argv[1], 'run', 'p'), Path(sys.argv[2])).digest)"
    )
    command = [sys.executable, "-c", code, str(plugin), str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


_STATEMENTS = st.sampled_from(
    ["total = 1", "for i in range(3):\n        total += i", "if total:\n        total = 2", "words = 'a b'", "pass"]
)


@settings(max_examples=40)
@given(st.lists(_STATEMENTS, min_size=1, max_size=5), st.integers(0, 3), st.text("abc #\"'", max_size=20))
def test_comments_and_blank_lines_never_count(tmp_path_factory, statements, blanks, words) -> None:
    folder = tmp_path_factory.mktemp("code")
    body = "".join(f"    {one}\n" for one in ["total = 0", *statements, "return total"])
    plain = f"def run():\n{body}"
    dressed = (
        f"# {words}\n"
        + "\n" * blanks
        + "def run():\n"
        + "".join(f"{line}  # {words}\n" + "\n" * blanks for line in body.splitlines())
    )
    digests = []
    for text in (plain, dressed, plain.replace("total = 0", "total = 9")):
        path = folder / "plugin.py"
        path.write_text(text)
        digests.append(read_code(TaskSource("x.y", str(path), "run", "p"), folder).digest)
    assert digests[0] == digests[1] != digests[2]


def _pythons() -> list[Path]:
    """Return the Pythons on this machine that can run, one of each minor version."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [Path(sys.executable)]
    for minor in ("3.11", "3.12", "3.13", "3.14"):
        installed = [*sorted(pyenv.glob(f"{minor}.*/bin/python")), *filter(None, [shutil.which(f"python{minor}")])]
        found += [Path(one) for one in installed[:1] if subprocess.run([one, "-c", ""], check=False).returncode == 0]
    return found


PYTHONS = _pythons()


@pytest.mark.skipif(
    len(PYTHONS) < 2 or sys.version_info >= (3, 12), reason="needs other Pythons, and code all can read"
)
def test_every_python_gives_code_the_same_digest() -> None:
    """The standard library's own modules, which use all of the syntax there is."""
    files = sorted(Path(os.__file__).parent.glob("*.py")) + sorted(
        (Path(os.__file__).parent / "test").glob("test_*str*.py")
    )
    module = Path(__file__).parents[1] / "journal/plan/syntax.py"
    code = (
        "import runpy, sys; from pathlib import Path\n"
        "digest = runpy.run_path(sys.argv[1])['syntax_digest']\n"
        "print([digest(Path(one).read_bytes()) for one in sys.argv[2:]])"
    )
    commands = [[str(python), "-W", "ignore", "-c", code, str(module), *map(str, files)] for python in PYTHONS]
    said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands]
    assert len(files) > 150
    assert len(set(said)) == 1


def test_reasons_are_told_in_words() -> None:
    old = {"task": "t", "parameter a": "1", "input x": "1", "library numpy": "2.4", "code t": "1", "output s.o": "1"}
    new = {"task": "t", "parameter a": "2", "input x": "2", "library numpy": "2.5", "code t": "2", "output s.o": "2"}
    old, new = load_parts(old), load_parts(new)
    assert explain_change(old, new) == [
        "code of t changed",
        "parameter a 1 → 2",
        "input x changed",
        "s ran again",
        "numpy 2.4 → 2.5",
    ]
    assert explain_change(None, new) == ["never run"]
    assert explain_change(old, old) == []
