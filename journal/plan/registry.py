"""The available tasks: names registered by entry points and by plugin files in the workspace."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from journal.api.plugin_files import Declared, load_plugin_file, read_plugin_files
from journal.api.task import Task
from journal.doors import TASKS, EntryPoint, Installed
from journal.errors import EntryError, nearest, one_line
from journal.extras import mend_import
from journal.plan.values import check_types
from journal.text.entry import RESERVED
from journal.trust import HOW, is_trusted


@dataclass(frozen=True)
class TaskSource:
    """Where to import a task from; nothing is imported before ``load_task``."""

    name: str
    module: str
    """A module's dotted name, or a plugin file's path."""
    attribute: str
    origin: str
    """The distribution or file that provides it, for messages."""
    package: str = ""
    """The distribution, if it is one."""

    @property
    def is_plugin_file(self) -> bool:
        return self.module.endswith(".py")


@dataclass(frozen=True)
class Registry:
    """All task sources by name; a name with several sources is an error only when used."""

    sources: Mapping[str, tuple[TaskSource, ...]]
    broken: Mapping[str, str]
    """Plugin files that can't be read, and why."""
    is_trusted: bool = True
    """Whether the workspace's plugins may be imported."""

    def names(self) -> list[str]:
        return sorted(self.sources)

    def find(self, name: str) -> TaskSource:
        """Return the source of a name. Raises ``EntryError`` (without a line) where there is none or more than one."""
        found = self.sources.get(name, ())
        if len(found) > 1:
            places = " and ".join(source.origin for source in found)
            raise EntryError(f"task '{name}' comes from {places}; rename one of them")
        if not found:
            raise EntryError(f"unknown task '{name}'{nearest(name, self.names())}{self._broken_hint()}")
        if found[0].is_plugin_file and not self.is_trusted:
            raise EntryError(
                f"task '{name}' is code of this workspace ({found[0].origin}), which is not trusted; {HOW}"
            )
        if not self.is_trusted and load_task(found[0]).runs_programs:
            raise EntryError(f"task '{name}' runs a program of this workspace, which is not trusted; {HOW}")
        return found[0]

    def _broken_hint(self) -> str:
        return "".join(f" (plugin {path} can't be read: {why})" for path, why in self.broken.items())


def read_registry(plugins: Path, installed: Installed | None = None) -> Registry:
    """List the tasks of installed packages and of a workspace's plugin files, without importing any."""
    sources: dict[str, tuple[TaskSource, ...]] = {}
    broken: dict[str, str] = {}
    for point in (installed or Installed()).entry_points(TASKS):
        if not point.module:
            broken[f"entry point {point.name}"] = f"{point.value!r} is malformed; write 'package.module:function'"
        elif (source := _of_package(point)) not in sources.get(point.name, ()):
            sources[point.name] = (*sources.get(point.name, ()), source)
    for file in read_plugin_files(plugins):
        for declared in file.tasks:
            sources[declared.name] = (*sources.get(declared.name, ()), _of_file(declared))
        if file.problem:
            broken[f"{plugins.name}/{file.path.name}"] = file.problem
    return Registry(sources, broken, is_trusted(plugins.parent))


def load_task(source: TaskSource) -> Task:
    """Import a task and check it. Raises ``EntryError``, which names the plugin, where either fails."""
    task = import_task(source)
    try:
        _check_names(task)
        check_types(task)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must not break others
        raise _not_imported(source, error) from error
    return task


def import_task(source: TaskSource) -> Task:
    """Import a task that was checked before. Raises ``EntryError`` where the import fails."""
    try:
        with redirect_stdout(sys.stderr):  # keep a plugin's prints out of the command's output
            found = getattr(_load_module(source), source.attribute)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must not break others
        raise _not_imported(source, error) from error
    if not isinstance(found, Task):
        kind = type(found).__name__
        raise EntryError(f"task '{source.name}' of {source.origin} is a {kind}; decorate the function with @task")
    if found.name != source.name:
        raise EntryError(
            f"{source.origin} registers '{source.name}', but its @task says '{found.name}'; make them agree"
        )
    return found


def _not_imported(source: TaskSource, error: BaseException) -> EntryError:
    cause = one_line(f"{type(error).__name__}: {error}")
    mend = mend_import(error, source.module)
    return EntryError(f"task '{source.name}' of {source.origin} can't be imported: {cause}{mend}")


def _check_names(task: Task) -> None:
    for name in task.parameters:
        if name in RESERVED:
            raise TypeError(f"'{name}' is a keyword of every step, so no parameter can have that name; rename it")


def _of_package(point: EntryPoint) -> TaskSource:
    return TaskSource(point.name, point.module, point.attribute, point.origin, point.package)


def _of_file(declared: Declared) -> TaskSource:
    return TaskSource(declared.name, str(declared.path), declared.attribute, declared.origin)


def _load_module(source: TaskSource) -> ModuleType:
    return load_plugin_file(Path(source.module)) if source.is_plugin_file else importlib.import_module(source.module)
