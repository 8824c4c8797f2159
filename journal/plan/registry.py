"""Which tasks there are: names tied to places by entry points and by files in the workspace's plugin folder."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from journal.api.task import Task
from journal.errors import EntryError, nearest
from journal.text.entry import RESERVED

GROUP = "journal.tasks"


@dataclass(frozen=True)
class TaskSource:
    """Where a task of a name is to be had; nothing is imported before ``load_task``."""

    name: str
    module: str
    """A module's dotted name, or a plugin file's path."""
    attribute: str
    origin: str
    """The distribution or file that brings it, for people."""


@dataclass(frozen=True)
class Point:
    """What an installed package registers under a task's name; ``module`` is empty where ``value`` is no place."""

    name: str
    value: str
    module: str
    attribute: str
    package: str


@dataclass(frozen=True)
class Registry:
    """All task sources by name; several of one name are an error when it is used."""

    sources: Mapping[str, tuple[TaskSource, ...]]
    broken: Mapping[str, str]
    """Plugin files that can't be read, and why."""

    def names(self) -> list[str]:
        return sorted(self.sources)

    def find(self, name: str) -> TaskSource:
        """Return the one source of a name; raises EntryError (without a place) for none or several."""
        found = self.sources.get(name, ())
        if len(found) > 1:
            places = " and ".join(source.origin for source in found)
            raise EntryError(f"task '{name}' comes from {places}; rename one of them")
        if not found:
            raise EntryError(f"unknown task '{name}'{nearest(name, self.names())}{self._broken_hint()}")
        return found[0]

    def _broken_hint(self) -> str:
        return "".join(f" (plugin {path} can't be read: {why})" for path, why in self.broken.items())


def read_registry(plugins: Path, points: Iterable[Point] | None = None) -> Registry:
    """List the tasks of installed packages and of the files in a workspace's plugin folder; imports none.

    ``points`` are those of the packages, where they are known.
    """
    sources: dict[str, tuple[TaskSource, ...]] = {}
    broken: dict[str, str] = {}
    for point in installed_points() if points is None else points:
        if not point.module:
            broken[f"entry point {point.name}"] = f"{point.value!r} is no place; write 'package.module:function'"
            continue
        source = _installed(point)
        if source not in sources.get(point.name, ()):
            sources[point.name] = (*sources.get(point.name, ()), source)
    for path in sorted(plugins.glob("*.py")) if plugins.is_dir() else []:
        try:
            for source in _declared_in(path):
                sources[source.name] = (*sources.get(source.name, ()), source)
        except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
            broken[f"{plugins.name}/{path.name}"] = " ".join(str(error).split())
    return Registry(sources, broken)


def installed_points() -> list[Point]:
    """Read what installed packages register as tasks."""
    from importlib.metadata import entry_points  # it takes a while to import

    found = []
    for point in entry_points(group=GROUP):
        package = point.dist.name if point.dist else ""
        try:
            found.append(Point(point.name, point.value, point.module, point.attr, package))
        except AttributeError:
            found.append(Point(point.name, point.value, "", "", package))
    return found


def load_task(source: TaskSource) -> Task:
    """Import a task; raises EntryError that names the plugin where it fails to import."""
    try:
        with redirect_stdout(sys.stderr):  # what a plugin prints while it is imported is no answer of a command
            found = getattr(_load_module(source), source.attribute)
        if isinstance(found, Task):
            _check_names(found)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must harm no other
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise EntryError(f"task '{source.name}' of {source.origin} can't be imported: {cause}") from error
    if not isinstance(found, Task):
        kind = type(found).__name__
        raise EntryError(f"task '{source.name}' of {source.origin} is a {kind}; decorate the function with @task")
    if found.name != source.name:
        raise EntryError(
            f"{source.origin} registers '{source.name}', but its @task says '{found.name}'; make them equal"
        )
    return found


def _check_names(task: Task) -> None:
    for name in task.parameters:
        if name in RESERVED:
            raise TypeError(f"'{name}' is a word of every step, so no parameter can have that name; rename it")


def _installed(point: Point) -> TaskSource:
    origin = f"the package {point.package}" if point.package else point.value
    return TaskSource(point.name, point.module, point.attribute, origin)


def _declared_in(path: Path) -> list[TaskSource]:
    """Find ``@task("name")`` functions in a file by reading its syntax tree."""
    tree = ast.parse(path.read_bytes(), path.name)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [
        TaskSource(name, str(path), function.name, f"{path.parent.name}/{path.name}")
        for function in functions
        for name in map(_task_name, function.decorator_list)
        if name
    ]


def _task_name(decorator: ast.expr) -> str | None:
    if not isinstance(decorator, ast.Call):
        return None
    called = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else getattr(decorator.func, "id", "")
    given = [*decorator.args[:1], *(keyword.value for keyword in decorator.keywords if keyword.arg == "name")]
    if called == "task" and given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
        return given[0].value
    return None


def _load_module(source: TaskSource) -> ModuleType:
    if not source.module.endswith(".py"):
        return importlib.import_module(source.module)
    path = Path(source.module)
    content = path.read_bytes()
    name = f"journal_plugin_{path.stem}_{hashlib.sha256(content).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path.name} is no Python module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            exec(compile(content, str(path), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
