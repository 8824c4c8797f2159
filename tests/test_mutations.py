"""Every kind of thing that a result can depend on, changed: what has to run again does, and nothing else.

Each plugin file has one task, so that a change of code concerns that task alone. A case says what it changes and which
steps have to run again; all other steps must stay as they are.
"""

# ruff: noqa: E501  # a program a line
from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import Space, make_space

pytestmark = pytest.mark.slow
HEAD = '"""A task."""\nfrom journal import Context, File, Files, ModelName, Report, task\n'
OUTSIDE = "outside the workspace"


def _plugin(name: str, body: str, before: str = "", parameters: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f'{HEAD}{before}\n\n@task("x.{name}")\ndef run({parameters}) -> Report:\n    """Run."""\n{lines}'


def _shows(expression: str, before: str = "", parameters: str = "", first: str = "") -> tuple[str, str, str]:
    return f"{first}return Report().text(str({expression})).output('value', str({expression}))", before, parameters


TASKS: dict[str, tuple[tuple[str, str, str], str]] = {
    # code
    "registry": (_shows("sorted(HANDLERS)", "from lib.registry import HANDLERS\nimport lib.handlers"), ""),
    "dispatch": (_shows("getattr(shapes, 'area_of_' + 'square')(3)", "from lib import shapes"), ""),
    "one": (_shows("lib.one.VALUE", "import lib.one\nimport lib.two"), ""),
    "computed": (
        _shows("importlib.import_module('lib.' + 'computed').VALUE", "import importlib"),
        "",
    ),
    "inside": (_shows("VALUE", first="from lib.inside import VALUE\n"), ""),
    "star": (_shows("far()", "from lib.star import *"), ""),
    "base": (_shows("Child().value()", "from lib.base import Base\nclass Child(Base):\n    pass"), ""),
    "docstring": (_shows("describe.__doc__", "from lib.documented import describe"), ""),
    "annotation": (_shows("described.__annotations__", "from lib.annotated import described"), ""),
    "optional": (
        _shows("VALUE", "try:\n    from lib.extra import VALUE\nexcept ImportError:\n    VALUE = 'none'"),
        "",
    ),
    "package": (_shows("inner.VALUE", "import lib.inner as inner"), ""),
    "namespace": (_shows("part.VALUE", "from spaces import part"), ""),
    "default": (_shows("size", "from lib.defaults import SIZE", "size: int = SIZE"), ""),
    "executed": (_shows("found['VALUE']", first="found = {}\nexec(open('lib/executed.txt').read(), found)\n"), ""),
    "partial": (_shows("add_two(1)", "from lib.partials import add_two"), ""),
    "closure": (_shows("make()()", "from lib.closures import make"), ""),
    "installed": (_shows("VALUE", "from inplace.values import VALUE"), ""),
    "scanned": (
        _shows(
            "[importlib.import_module('lib.scanned.' + one.name).VALUE for one in pkgutil.iter_modules(scanned.__path__)]",
            "import importlib, pkgutil\nfrom lib import scanned",
        ),
        "",
    ),
    "resource": (
        _shows("files('lib').joinpath('resource.txt').read_text()", "from importlib.resources import files"),
        "",
    ),
    "lambda": (_shows("call(2)", "from lib.lambdas import call"), ""),
    "decorated": (_shows("value()", "from lib.decorated import value"), ""),
    # inputs
    "file": (_shows("source.read_text()", "", "source: File"), "source: data/file.txt"),
    "folder": (
        _shows("[(p.name, p.read_text()) for p in sorted(source.iterdir())]", "", "source: File"),
        "source: data/folder",
    ),
    "files": (_shows("[p.read_text() for p in sources]", "", "sources: Files"), "sources: data/many/*.txt"),
    "list": (
        _shows("[p.read_text() for p in sources]", "", "sources: list[File]"),
        "sources: [data/list-a.txt, data/list-b.txt]",
    ),
    "mapping": (_shows("sources['a'].read_text()", "", "sources: dict[str, File]"), "sources: {a: data/mapped.txt}"),
    "model": (
        _shows(
            "given.source.read_text()",
            "from pydantic import BaseModel\nfrom pathlib import Path\nclass Given(BaseModel):\n    source: Path\n    n: int = 1",
            "given: Given",
        ),
        "given: {source: data/modelled.txt}",
    ),
    "nested": (
        _shows(
            "[part.source.read_text() for part in parts]",
            "from dataclasses import dataclass\nfrom pathlib import Path\n@dataclass\nclass Part:\n    source: Path",
            "parts: list[Part]",
        ),
        "parts: [{source: data/nested.txt}]",
    ),
    "path": (_shows("source.read_text()", "from pathlib import Path", "source: Path"), "source: data/path.txt"),
    "link": (_shows("source.read_text()", "", "source: File"), "source: data/link.txt"),
    "pair": (
        _shows("one.read_text() + two.read_text()", "", "one: File, two: File"),
        "one: data/one.txt\n    two: data/two.txt",
    ),
    # what is read without being declared
    "opened": (_shows("open('data/opened.txt').read()"), ""),
    "read-text": (_shows("(ctx.root / 'data/read.txt').read_text()", "", "ctx: Context"), ""),
    "low-level": (_shows("os.read(os.open('data/low.txt', os.O_RDONLY), 99)", "import os"), ""),
    "mapped-memory": (
        _shows(
            "bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))",
            "import mmap",
            first="file = open('data/mmap.txt', 'rb')\n",
        ),
        "",
    ),
    "database": (
        _shows("sqlite3.connect('data/some.db').execute('select v from t').fetchall()", "import sqlite3"),
        "",
    ),
    "zipped": (_shows("zipfile.ZipFile('data/some.zip').read('a.txt')", "import zipfile"), ""),
    "settings": (
        _shows(
            "dict(parser['a'])",
            "import configparser",
            first="parser = configparser.ConfigParser()\nparser.read('data/some.ini')\n",
        ),
        "",
    ),
    "listed": (_shows("sorted(os.listdir('data/listed'))", "import os"), ""),
    "globbed": (_shows("sorted(p.name for p in Path('data/globbed').glob('*.txt'))", "from pathlib import Path"), ""),
    "walked": (_shows("[names for _, _, names in os.walk('data/walked')]", "import os"), ""),
    "exists": (_shows("os.path.exists('data/flag')", "import os"), ""),
    "path-exists": (_shows("(ctx.root / 'data/flag2').is_file()", "", "ctx: Context"), ""),
    "outside": (_shows(f"open(r'{OUTSIDE}/far.txt').read()"), ""),
    "home": (_shows("Path('~/near.txt').expanduser().read_text()", "from pathlib import Path"), ""),
    "script": (_shows("subprocess.check_output([sys.executable, 'scripts/tool.py'])", "import subprocess, sys"), ""),
    "shell-script": (_shows("subprocess.check_output(['sh', 'scripts/tool.sh'])", "import subprocess"), ""),
    "mapped-items": (
        _shows(
            "ctx.map(read, ['data/item-a.txt', 'data/item-b.txt'])",
            "def read(name):\n    return open(name).read()",
            "ctx: Context",
        ),
        "",
    ),
    "numbers": (_shows("np.loadtxt('data/numbers.txt').sum()", "import numpy as np"), ""),
    # variables
    "variable": (_shows("os.environ['MODE']", "import os"), ""),
    "getenv": (_shows("os.getenv('LEVEL', 'none')", "import os"), ""),
    "is-set": (_shows("'SWITCH' in os.environ", "import os"), ""),
    "bytes": (_shows("os.environb[b'RAW']", "import os"), ""),
    "expanded": (_shows("os.path.expandvars('$EXPANDED')", "import os"), ""),
    "every": (
        _shows(
            "sorted(k for k in dict(os.environ) if k.startswith('EVERY_')) + [os.environ.get('EVERY_ONE')]", "import os"
        ),
        "",
    ),
    "secret": (_shows("len(os.environ['SERVICE_API_KEY'])", "import os"), ""),
    # parameters
    "number": (_shows("n", "", "n: float"), "n: 1"),
    "anything": (_shows("repr(value)", "from typing import Any", "value: Any"), "value: 1"),
    "long": (_shows("text", "", "text: str"), f"text: {'a' * 300}"),
    "options": (
        _shows("options", "from typing import Any", "options: dict[str, Any]"),
        "options: {a: {b: [1, 2]}, c: 3}",
    ),
    "set": (_shows("sorted(names)", "", "names: set[str]"), "names: [b, a]"),
    "unicode": (_shows("text.encode()", "", "text: str"), 'text: "caf\\u00e9"'),
    "large": (_shows("n", "", "n: int"), "n: 123456789012345678901234567890"),
    "precise": (_shows("n", "", "n: float"), "n: 0.1"),
    # models, days, references
    "weights": (
        _shows("(ctx.model(model).path / 'weights').read_text()", "", "ctx: Context, model: ModelName"),
        "model: small",
    ),
    "models": (
        _shows(
            "[(ctx.model(one).path / 'weights').read_text() for one in models]",
            "",
            "ctx: Context, models: list[ModelName]",
        ),
        "models: [small, other]",
    ),
    "day": (_shows("ctx.day", "", "ctx: Context"), ""),
    "date": (_shows("getattr(ctx, 'da' + 'te')", "", "ctx: Context"), ""),
    "source": (_shows("n % 2", "", "n: int"), "n: 4"),
    "follower": (_shows("given", "", "given: str"), "given: ${source.value}"),
}
FILES = {
    "lib/__init__.py": "",
    "lib/registry.py": "HANDLERS = {}\n\n\ndef handles(name):\n    def keep(f):\n        HANDLERS[name] = f\n        return f\n\n    return keep\n",
    "lib/handlers.py": "from lib.registry import handles\n\n\n@handles('first')\ndef first():\n    return 1\n",
    "lib/shapes.py": "def area_of_square(side):\n    return side * side\n",
    "lib/one.py": "VALUE = 1\n",
    "lib/two.py": "import lib.one\n\nlib.one.VALUE += 1\n",
    "lib/computed.py": "VALUE = 1\n",
    "lib/inside.py": "VALUE = 1\n",
    "lib/star.py": "def far():\n    return 1\n",
    "lib/base.py": "class Base:\n    factor = 2\n\n    def value(self):\n        return self.factor\n",
    "lib/documented.py": 'def describe():\n    """Say this."""\n',
    "lib/annotated.py": "def described(n: 'in metres') -> 'an area':\n    return n\n",
    "lib/inner/__init__.py": "from lib.inner.deep import VALUE\n",
    "lib/inner/deep.py": "VALUE = 1  # a comment\n",
    "spaces/part.py": "VALUE = 1\n",
    "lib/defaults.py": "SIZE = 3\n",
    "lib/executed.txt": "VALUE = 1\n",
    "lib/partials.py": "from functools import partial\nfrom operator import add\n\nadd_two = partial(add, 2)\n",
    "lib/closures.py": "def make():\n    kept = 1\n    return lambda: kept\n",
    "lib/scanned/__init__.py": "",
    "lib/scanned/a.py": "VALUE = 1\n",
    "lib/resource.txt": "words",
    "lib/lambdas.py": "call = lambda n: n + 1\n",
    "lib/decorated.py": "from lib.decorators import twice\n\n\n@twice\ndef value():\n    return 1\n",
    "lib/decorators.py": "def twice(f):\n    return lambda: f() * 2\n",
    **{
        f"data/{name}.txt": f"{name}\n" for name in ("file", "list-a", "list-b", "mapped", "modelled", "nested", "path")
    },
    **{f"data/{name}.txt": f"{name}\n" for name in ("one", "two", "opened", "read", "low", "mmap", "item-a", "item-b")},
    "data/target-1.txt": "first",
    "data/target-2.txt": "second",
    "data/folder/a.txt": "a",
    "data/many/a.txt": "a",
    "data/many/b.txt": "b",
    "data/some.ini": "[a]\nb = 1\n",
    "data/listed/a.txt": "",
    "data/globbed/a.txt": "",
    "data/walked/a.txt": "",
    "data/numbers.txt": "1 2 3\n",
    "scripts/tool.py": "print('tool')\n",
    "scripts/tool.sh": "echo tool\n",
    "models/small/weights": "0101",
    "models/other/weights": "1111",
}
VARIABLES = {
    "MODE": "fast",
    "LEVEL": "1",
    "RAW": "raw",
    "EXPANDED": "some",
    "EVERY_ONE": "1",
    "SERVICE_API_KEY": "sk-0123456789",
}
ALL = set(TASKS)


@dataclass(frozen=True)
class Place:
    """A workspace with all these steps, the folders beside it, and the environment it is run in."""

    space: Space
    variables: dict[str, str]

    @property
    def root(self) -> Path:
        return self.space.root

    def is_stale(self) -> set[str]:
        """Return what ``status`` calls out of date, by what it noted before or by a full look."""
        status = next(one for one in json.loads(self._run("status", "--json").out) if one["day"] == 133)
        assert not status["failed"], status
        return {*status["stale"], *status["never_run"]}

    def would_run(self) -> set[str]:
        done = self._run("day", "133", "--dry-run", "--json")
        steps = json.loads(done.out)["steps"]
        assert {one["outcome"] for one in steps} <= {"current", "would run"}, done.out
        return {one["step"] for one in steps if one["outcome"] == "would run"}

    def run(self, check: int = 0) -> None:
        self._run("day", "133", "--jobs", "2", check=check)

    def _run(self, *arguments: str, check: int = 0):
        with pytest.MonkeyPatch.context() as patch:
            for name in VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            return self.space.run(*arguments, check=check, timeout=300)


def _fill(root: Path) -> Place:
    space = make_space(root / "workspace")
    space.write(
        "journal.yml", "name: A\nday-1: 2024-01-02\nmodels:\n  small: ./models/small\n  other: ./models/other\n"
    )
    for name, text in FILES.items():
        space.write(name, text)
    (space.root / "data/link.txt").symlink_to("target-1.txt")
    with sqlite3.connect(space.root / "data/some.db") as database:
        database.execute("create table t (v int)")
        database.execute("insert into t values (1)")
    database.close()
    _zip(space.root, "a")
    outside, home, packages = root / "outside", root / "home", root / "packages"
    for folder, name, text in (
        (outside, "far.txt", "far"),
        (home, "near.txt", "near"),
        (packages / "inplace", "values.py", "VALUE = 1\n"),
    ):
        folder.mkdir(parents=True)
        (folder / name).write_text(text)
    (packages / "inplace/__init__.py").write_text("")
    tasks = ""
    for name, ((body, before, parameters), values) in TASKS.items():
        text = _plugin(name, body, before, parameters).replace(OUTSIDE, str(outside))
        space.write(f"plugins/{name.replace('-', '_')}.py", text)
        tasks += f"  {name}:\n    uses: x.{name}\n" + (f"    {values}\n" if values else "")
    space.entry(tasks)
    return Place(space, _variables(root))


def _variables(root: Path) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(root / "packages"), os.environ.get("PYTHONPATH", "")]))
    return {**VARIABLES, "HOME": str(root / "home"), "PYTHONPATH": path}


def _zip(root: Path, text: str) -> None:
    import zipfile

    with zipfile.ZipFile(root / "data/some.zip", "w") as archive:
        archive.writestr("a.txt", text)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = _fill(tmp_path_factory.mktemp("ran"))
    place.run()
    place.run()  # what is young is read again by its content
    assert place.would_run() == set()
    assert place.is_stale() == set()
    with sqlite3.connect(place.root / ".journal/journal.db") as database:
        assert database.execute("select count(*) from memo where kind = 'standing'").fetchone() == (1,)
    database.close()
    yield place


@pytest.fixture
def copy(ran: Place, tmp_path: Path) -> Place:
    """That workspace, files' times and all; what lies outside it stays where it is."""
    root = tmp_path / "workspace"
    shutil.copytree(ran.root, root, symlinks=True)
    return Place(replace(ran.space, root=root), dict(ran.variables))


Mutation = Callable[[Place], object]


def _edit(name: str, old: str, new: str) -> Mutation:
    def change(place: Place) -> None:
        path = place.root / name
        text = path.read_text()
        assert old in text, f"{old} in {name}"
        path.write_text(text.replace(old, new, 1))

    return change


def _write(name: str, text: str) -> Mutation:
    return lambda place: place.space.write(name, text)


def _remove(name: str) -> Mutation:
    return lambda place: (place.root / name).unlink()


def _entry(old: str, new: str) -> Mutation:
    return _edit("entries/2024-05-13-day-133.md", old, new)


def _set(name: str, value: str | None) -> Mutation:
    return lambda place: place.variables.pop(name) if value is None else place.variables.update({name: value})


def _same_size_and_times(name: str, text: str) -> Mutation:
    def change(place: Place) -> None:
        path = place.root / name
        before = path.stat()
        assert len(text) == before.st_size
        path.write_text(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    return change


def _older(name: str, text: str) -> Mutation:
    def change(place: Place) -> None:
        (place.root / name).write_text(text)
        os.utime(place.root / name, (1, 1))

    return change


def _database(place: Place) -> None:
    with sqlite3.connect(place.root / "data/some.db") as database:
        database.execute("update t set v = 2")
    database.close()


def _relink(place: Place) -> None:
    (place.root / "data/link.txt").unlink()
    (place.root / "data/link.txt").symlink_to("target-2.txt")


MUTATIONS: dict[str, dict[str, tuple[Mutation, set[str]]]] = {
    "code": {
        "a handler joins a registry": (
            _edit("lib/handlers.py", "def first", "@handles('second')\ndef first"),
            {"registry"},
        ),
        "the registry itself": (_edit("lib/registry.py", "HANDLERS = {}", "HANDLERS = {'zeroth': None}"), {"registry"}),
        "a function called by a made-up name": (_edit("lib/shapes.py", "side * side", "side * 4"), {"dispatch"}),
        "import a.b beside import a.c": (_edit("lib/two.py", "+= 1", "+= 2"), {"one"}),
        "the other of them": (_edit("lib/one.py", "VALUE = 1", "VALUE = 5"), {"one"}),
        "a module imported by a computed name": (_edit("lib/computed.py", "1", "2"), {"computed"}),
        "a module imported inside the function": (_edit("lib/inside.py", "1", "2"), {"inside"}),
        "a module imported with a star": (_edit("lib/star.py", "return 1", "return 2"), {"star"}),
        "a class attribute of a base": (_edit("lib/base.py", "factor = 2", "factor = 3"), {"base"}),
        "a method of a base": (_edit("lib/base.py", "return self.factor", "return -self.factor"), {"base"}),
        "a docstring used as data": (_edit("lib/documented.py", "Say this.", "Say that."), {"docstring"}),
        "a quoted annotation used as data": (_edit("lib/annotated.py", "in metres", "in feet"), {"annotation"}),
        "a module that was missing": (_write("lib/extra.py", "VALUE = 'some'\n"), {"optional"}),
        "a package's __init__": (
            _edit("lib/inner/__init__.py", "import VALUE", "import VALUE\nVALUE += 1"),
            {"package"},
        ),
        "a module behind a package's __init__": (_edit("lib/inner/deep.py", "1", "2"), {"package"}),
        "a module of a namespace package": (_edit("spaces/part.py", "1", "2"), {"namespace"}),
        "a default from another module": (_edit("lib/defaults.py", "3", "4"), {"default"}),
        "code that is executed from a file": (_edit("lib/executed.txt", "1", "2"), {"executed"}),
        "the arguments of a partial": (_edit("lib/partials.py", "add, 2", "add, 3"), {"partial"}),
        "what a closure keeps": (_edit("lib/closures.py", "kept = 1", "kept = 2"), {"closure"}),
        "a module found by looking through a package": (_edit("lib/scanned/a.py", "1", "2"), {"scanned"}),
        "a module more in such a package": (_write("lib/scanned/b.py", "VALUE = 2\n"), {"scanned"}),
        "a file beside the code": (_edit("lib/resource.txt", "words", "other words"), {"resource"}),
        "a lambda": (_edit("lib/lambdas.py", "n + 1", "n + 2"), {"lambda"}),
        "a decorator in another module": (_edit("lib/decorators.py", "* 2", "* 3"), {"decorated"}),
        "the decorated function": (_edit("lib/decorated.py", "return 1", "return 2"), {"decorated"}),
        "the task's own function": (_edit("plugins/number.py", "str(n)", "str(n * 2)"), {"number"}),
        "a helper in the plugin": (
            _edit("plugins/mapped_items.py", "open(name).read()", "open(name).read()[1:]"),
            {"mapped-items"},
        ),
        "the task's docstring": (_edit("plugins/number.py", "Run.", "Run it."), {"number"}),
        "an operator": (_edit("plugins/source.py", "n % 2", "n // 2"), {"source", "follower"}),
        "a module that would shadow another": (_write("lib/inside/__init__.py", "VALUE = 7\n"), {"inside"}),
        "a module that is gone": (_remove("lib/computed.py"), {"computed"}),
    },
    "inputs": {
        "a file's content": (_edit("data/file.txt", "file", "other"), {"file"}),
        "the same size and times": (_same_size_and_times("data/file.txt", "FILE\n"), {"file"}),
        "an older time": (_older("data/file.txt", "old\n"), {"file"}),
        "a file in a folder": (_edit("data/folder/a.txt", "a", "b"), {"folder"}),
        "a file more in a folder": (_write("data/folder/b.txt", "b"), {"folder"}),
        "a file renamed in a folder": (
            lambda p: (p.root / "data/folder/a.txt").rename(p.root / "data/folder/c.txt"),
            {"folder"},
        ),
        "a file of a glob": (_edit("data/many/a.txt", "a", "A"), {"files"}),
        "a file more in a glob": (_write("data/many/c.txt", "c"), {"files"}),
        "a file less in a glob": (_remove("data/many/b.txt"), {"files"}),
        "a file in a list": (_edit("data/list-b.txt", "list", "last"), {"list"}),
        "the order of a list": (
            _entry("[data/list-a.txt, data/list-b.txt]", "[data/list-b.txt, data/list-a.txt]"),
            {"list"},
        ),
        "a file in a mapping": (_edit("data/mapped.txt", "mapped", "m"), {"mapping"}),
        "the same size and times in a mapping": (_same_size_and_times("data/mapped.txt", "MAPPED\n"), {"mapping"}),
        "a file in a pydantic model": (_edit("data/modelled.txt", "modelled", "m"), {"model"}),
        "another field of that model": (
            _entry("{source: data/modelled.txt}", "{source: data/modelled.txt, n: 2}"),
            {"model"},
        ),
        "a file in a list of dataclasses": (_edit("data/nested.txt", "nested", "n"), {"nested"}),
        "a plain path": (_edit("data/path.txt", "path", "p"), {"path"}),
        "where a link leads": (_relink, {"link"}),
        "what a link leads to": (_edit("data/target-1.txt", "first", "1st"), {"link"}),
        "two files swapped": (
            _entry("one: data/one.txt\n    two: data/two.txt", "one: data/two.txt\n    two: data/one.txt"),
            {"pair"},
        ),
        "the contents of two files swapped": (
            lambda p: [_write("data/one.txt", "two\n")(p), _write("data/two.txt", "one\n")(p)],
            {"pair"},
        ),
    },
    "undeclared": {
        "a file that is opened": (_edit("data/opened.txt", "opened", "o"), {"opened"}),
        "the same size and times": (_same_size_and_times("data/opened.txt", "OPENED\n"), {"opened"}),
        "a file read by a path": (_edit("data/read.txt", "read", "r"), {"read-text"}),
        "a file opened by number": (_edit("data/low.txt", "low", "l"), {"low-level"}),
        "a file mapped into memory": (_edit("data/mmap.txt", "mmap", "m"), {"mapped-memory"}),
        "a row of a database": (_database, {"database"}),
        "a file in an archive": (lambda p: _zip(p.root, "b"), {"zipped"}),
        "a file of settings": (_edit("data/some.ini", "1", "2"), {"settings"}),
        "a name in a listed folder": (_write("data/listed/b.txt", ""), {"listed"}),
        "a name that a glob finds": (_write("data/globbed/b.txt", ""), {"globbed"}),
        "a name that a walk finds": (_write("data/walked/b.txt", ""), {"walked"}),
        "a name less in a listed folder": (_remove("data/listed/a.txt"), {"listed"}),
        "a flag that is raised": (_write("data/flag", ""), {"exists"}),
        "a flag asked for by a path": (_write("data/flag2", ""), {"path-exists"}),
        "a script in Python": (_edit("scripts/tool.py", "tool", "t"), {"script"}),
        "a script of the shell": (_edit("scripts/tool.sh", "echo tool", "echo t"), {"shell-script"}),
        "a file read by an item": (_edit("data/item-b.txt", "item", "i"), {"mapped-items"}),
        "a file read by numpy": (_edit("data/numbers.txt", "1 2 3", "1 2 4"), {"numbers"}),
        "a file that is gone": (_remove("data/numbers.txt"), {"numbers"}),
    },
    "variables": {
        "a variable": (_set("MODE", "slow"), {"variable"}),
        "a variable by getenv": (_set("LEVEL", "2"), {"getenv"}),
        "a variable that is taken away": (_set("LEVEL", None), {"getenv"}),
        "a variable that is only asked for": (_set("SWITCH", "1"), {"is-set"}),
        "a variable as bytes": (_set("RAW", "r"), {"bytes"}),
        "a variable in a text": (_set("EXPANDED", "other"), {"expanded"}),
        "a variable in a copy of all": (_set("EVERY_ONE", "2"), {"every"}),
    },
    "parameters": {
        "a number": (_entry("n: 1\n", "n: 2\n"), {"number"}),
        "1 to true": (_entry("value: 1\n", "value: true\n"), {"anything"}),
        "1 to 1.0": (_entry("value: 1\n", "value: 1.0\n"), {"anything"}),
        'to "1"': (_entry("value: 1\n", 'value: "1"\n'), {"anything"}),
        "to nothing": (_entry("value: 1\n", "value: null\n"), {"anything"}),
        "to a list": (_entry("value: 1\n", "value: [1]\n"), {"anything"}),
        "the end of a long text": (_entry("a" * 300, "a" * 299 + "b"), {"long"}),
        "deep in a mapping": (_entry("{b: [1, 2]}", "{b: [1, 3]}"), {"options"}),
        "a key of a mapping": (_entry("c: 3}", "d: 3}"), {"options"}),
        "a name in a set": (_entry("names: [b, a]", "names: [b, c]"), {"set"}),
        "the same letter in two signs": (_entry('"caf\\u00e9"', '"cafe\\u0301"'), {"unicode"}),
        "the last digit of a large number": (_entry("567890\n", "567891\n"), {"large"}),
        "the seventeenth digit": (_entry("n: 0.1\n", "n: 0.10000000000000002\n"), {"precise"}),
        "a default": (_entry("uses: x.default\n", "uses: x.default\n    size: 4\n"), {"default"}),
        "another task": (_entry("uses: x.number\n", "uses: x.precise\n"), {"number"}),
    },
    "models and references": {
        "a model's weights": (_edit("models/small/weights", "0101", "0102"), {"weights", "models"}),
        "another model under the name": (
            _edit("journal.yml", "small: ./models/small", "small: ./models/other"),
            {"weights", "models"},
        ),
        "a model in a list": (_edit("models/other/weights", "1111", "1112"), {"models"}),
        "a file more in a model's folder": (_write("models/small/config.json", "{}"), {"weights", "models"}),
        "the order of models": (_entry("[small, other]", "[other, small]"), {"models"}),
        "what a step refers to": (_entry("n: 4\n", "n: 5\n"), {"source", "follower"}),
        "an output written out": (_entry("${source.value}", '"0"'), {"follower"}),
    },
    "nothing": {
        "a comment": (_edit("lib/inner/deep.py", "# a comment", "# other words"), set()),
        "formatting": (_edit("lib/shapes.py", "side * side", "(side\n            * side)"), set()),
        "quotes": (_edit("lib/annotated.py", "'in metres'", '"in metres"'), set()),
        "a number written otherwise": (_edit("lib/defaults.py", "3", "0x3"), set()),
        "a blank line": (_edit("plugins/number.py", "\n\n@task", "\n\n\n# mine\n@task"), set()),
        "the order of parameters": (
            _entry("one: data/one.txt\n    two: data/two.txt", "two: data/two.txt\n    one: data/one.txt"),
            set(),
        ),
        "the order of a mapping": (_entry("{a: {b: [1, 2]}, c: 3}", "{c: 3, a: {b: [1, 2]}}"), set()),
        "the order of a set": (_entry("names: [b, a]", "names: [a, b]"), set()),
        "a default written out": (_entry("uses: x.default\n", "uses: x.default\n    size: 3\n"), set()),
        "a number as its type has it": (_entry("n: 1\n", "n: 1.0\n"), set()),
        "words around the blocks": (_entry("Words of mine.", "Other words."), set()),
        "the title": (_entry("title: A day", "title: Another day"), set()),
        "a touch": (lambda p: [path.touch() for path in p.root.rglob("*") if ".journal" not in path.parts], set()),
        "a file replaced by its like": (lambda p: (p.root / "data/file.txt").write_text("file\n"), set()),
        "a file that nothing reads": (_write("data/new.txt", "new"), set()),
        "a module that nothing imports": (_write("lib/unused.py", "x = 1\n"), set()),
        "a plugin more": (_write("plugins/more.py", _plugin("more", "return Report()")), set()),
        "a goal": (_edit("journal.yml", "name: A", "name: B\ngoals: {x: 1 min}"), set()),
        "a model more": (_edit("journal.yml", "models:", "models:\n  third: ./models/other"), set()),
        "a variable that nothing reads by name": (_set("OTHER", "1"), {"every"}),
        "a variable that a terminal sets": (_set("COLORTERM", "truecolor"), set()),
        "a key": (_set("SERVICE_API_KEY", "sk-9876543210"), set()),
        "the caches of Python": (lambda p: [shutil.rmtree(path) for path in p.root.rglob("__pycache__")], set()),
        "the place of the workspace": (lambda p: None, set()),
        "another entry": (lambda p: p.space.entry("", day=134), set()),
        "the build": (_write("build/site/index.html", "<p>"), set()),
    },
}
CASES = [(kind, name) for kind, cases in MUTATIONS.items() for name in cases]


def test_there_are_many() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_what_has_to_run_again_does_and_nothing_else(copy: Place, kind: str, name: str) -> None:
    mutate, expected = MUTATIONS[kind][name]
    assert copy.is_stale() == set()
    mutate(copy)
    found = copy.is_stale()
    assert found == expected or (kind == "variables" and found - {"every"} == expected), "every reads all variables"


OUTSIDE_CASES: dict[str, tuple[str, str, str]] = {
    "a package installed in place": ("packages/inplace/values.py", "VALUE = 2\n", "installed"),
    "a file outside the workspace": ("outside/far.txt", "farther", "outside"),
    "a file in the home folder": ("home/near.txt", "nearer", "home"),
}


@pytest.mark.parametrize("name", OUTSIDE_CASES)
def test_what_lies_outside_the_workspace_counts(tmp_path: Path, name: str) -> None:
    place = _fill(tmp_path)
    place.space.entry("".join(f"  {one}:\n    uses: x.{one}\n" for one in ("installed", "outside", "home", "opened")))
    place.run()
    path, text, step = OUTSIDE_CASES[name]
    (tmp_path / path).write_text(text)
    assert place.would_run() == {step}


def test_a_step_that_asks_for_the_day_runs_on_each_day_and_another_does_not(copy: Place) -> None:
    copy.space.entry("".join(f"  {one}:\n    uses: x.{one}\n" for one in ("day", "date", "opened")), day=134)
    done = copy._run("day", "134", "--dry-run", "--json")
    steps = {one["step"]: one["outcome"] for one in json.loads(done.out)["steps"]}
    assert steps == {"day": "would run", "date": "would run", "opened": "current"}


def test_a_result_is_found_from_wherever_the_command_is_called(copy: Place) -> None:
    folder = copy.root / "data/folder"
    there = Place(replace(copy.space, root=folder), copy.variables)
    assert there.would_run() == set()


def test_a_key_is_in_no_report(copy: Place) -> None:
    found = list((copy.root / "entries").rglob("report.json"))
    assert found
    assert not any("sk-0123456789" in path.read_text() for path in found)
    assert any("variable SERVICE_API_KEY" in path.read_text() for path in found)


def test_no_report_holds_a_path_of_this_machine(copy: Place, ran: Place) -> None:
    texts = [path.read_text() for path in (ran.root / "entries").rglob("report.json")]
    assert [text for text in texts if str(ran.root.parent) in text] == []
    assert sys.executable not in "".join(texts)


def test_a_variable_counts_as_it_was_before_the_step_changed_it(copy: Place) -> None:
    body = "value = os.environ.setdefault('SET_HERE', 'x') + os.environ.pop('MODE')\nreturn Report().text(value)"
    copy.space.write("plugins/setting.py", _plugin("setting", body, "import os"))
    copy.space.entry("  setting:\n    uses: x.setting\n", day=134)
    copy._run("day", "134")
    assert '"current"' in copy._run("day", "134", "--dry-run", "--json").out
    copy.variables["MODE"] = "slow"
    assert '"would run"' in copy._run("day", "134", "--dry-run", "--json").out
