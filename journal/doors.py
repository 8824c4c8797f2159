"""The doors: entry points of installed packages, imported only when used."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from journal.errors import JournalError, one_line
from journal.extras import DISTRIBUTION, mend_import
from journal.files import file_stat

TASKS, EXECUTORS, ITEMS, COMMANDS = "journal.tasks", "journal.executors", "journal.items", "journal.commands"
DOORS = (TASKS, EXECUTORS, ITEMS, COMMANDS)
_FILES = {
    ".dist-info": ("", "METADATA", "entry_points.txt"),
    ".egg-info": ("", "PKG-INFO", "entry_points.txt"),
    ".egg": ("", "EGG-INFO/PKG-INFO", "EGG-INFO/entry_points.txt"),
}
"""The files that describe a package, by the suffix of its folder."""


class DoorError(JournalError):
    """Something that a package provides is missing or broken."""


class Notes(Protocol):
    """A cache of notes that lasts between commands."""

    def recall(self, kind: str, key: str) -> str | None: ...
    def note(self, kind: str, key: str, value: str) -> None: ...


@dataclass(frozen=True)
class EntryPoint:
    """What an installed package provides under a name; ``module`` is empty if ``value`` is malformed."""

    name: str
    value: str
    module: str
    attribute: str
    package: str

    @property
    def origin(self) -> str:
        """Where it comes from, for messages."""
        return f"the package {self.package}" if self.package else self.value

    def load(self) -> Any:
        """Import it. Raises ``DoorError``, which names the package, where the import fails in any way."""
        try:
            with redirect_stdout(sys.stderr):  # keep a package's prints out of the command's output
                return getattr(importlib.import_module(self.module), self.attribute)
        except (Exception, SystemExit) as error:  # third-party code may fail in any way
            cause = one_line(f"{type(error).__name__}: {error}")
            message = f"'{self.name}' of {self.origin} can't be imported: {cause}{mend_import(error)}"
            raise DoorError(message) from error


class Installed:
    """Installed entry points and versions, read again only when a package was added, removed or changed.

    Answers come from notes where possible: the library that reads packages takes longer to import than everything else
    that checking a day needs.
    """

    def __init__(self, notes: Notes | None = None) -> None:
        self.notes = notes

    def entry_points(self, door: str) -> list[EntryPoint]:
        """Return the entry points in a group."""
        rows = self._noted(f"door {door}", lambda: [asdict(point) for point in _entry_points(door)])
        return [EntryPoint(**row) for row in rows]

    def find(self, door: str, name: str) -> EntryPoint:
        """Return the entry point of that name. Raises ``DoorError`` where there is none or more than one."""
        found = [point for point in self.entry_points(door) if point.name == name]
        own = [point for point in found if point.package == DISTRIBUTION]
        if own or len(found) == 1:
            return (own or found)[0]  # what is built in can't be replaced
        if not found:
            raise DoorError(f"nothing installed here brings '{name}' ({door})")
        raise DoorError(f"'{name}' is provided by {' and '.join(one.origin for one in found)}; uninstall one of them")

    def version(self, distribution: str) -> str:
        """Return the installed version of a distribution."""
        return str(self._noted(f"version {distribution}", lambda: library_version(distribution)))

    def distributions(self, modules: Iterable[str]) -> list[str]:
        """Return the distributions that bring top-level modules, leaving out modules that none brings."""
        known: dict[str, list[str]] = self._noted("distributions", _distributions) if modules else {}
        return [known[module][0] for module in modules if module in known]

    def _noted(self, what: str, read: Callable[[], Any]) -> Any:
        if self.notes is None:
            return read()
        stat = _packages_stat(_PATH) if _is_plain() else ""
        noted = self.notes.recall("installed", what)
        if noted and stat and (kept := json.loads(noted))[0] == stat:
            return kept[1]
        answer = read()
        self.notes.note("installed", what, json.dumps([stat, answer]))
        return answer


_PATH = tuple(sys.path)
"""Where packages are; later, the folders of the workspace come to it."""


@lru_cache(maxsize=256)
def library_version(distribution: str) -> str:
    """Return the installed version of a distribution, read afresh from its metadata."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _distributions() -> dict[str, list[str]]:
    from importlib.metadata import packages_distributions

    return {module: sorted(set(names)) for module, names in packages_distributions().items()}


@lru_cache(maxsize=len(DOORS) + 8)
def _entry_points(door: str) -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # it takes a while to import

    return tuple(_entry_point(point) for point in entry_points(group=door))


def _entry_point(point: Any) -> EntryPoint:
    package = point.dist.name if point.dist else ""
    try:
        return EntryPoint(point.name, point.value, point.module, point.attr, package)
    except AttributeError:
        return EntryPoint(point.name, point.value, "", "", package)


def _is_plain() -> bool:
    """Return whether packages are found only in the folders of ``sys.path``, not by a third-party finder."""
    return sum(hasattr(finder, "find_distributions") for finder in sys.meta_path) == 1


@lru_cache(maxsize=4)
def _packages_stat(path: tuple[str, ...]) -> str:
    """Return a text that changes when a package on the path is added, removed or changed, or this code changes."""
    return repr([file_stat(__file__), *((folder, *_packages_in(folder or ".")) for folder in path)])


def _packages_in(folder: str) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(name for name in os.listdir(folder) if os.path.splitext(name)[1] in _FILES)  # noqa: PTH122, PTH208
    except NotADirectoryError:  # an archive
        yield "", file_stat(folder)
        return
    except OSError:
        return
    for name in names:
        for file in _FILES[os.path.splitext(name)[1]]:  # noqa: PTH122  # hundreds at each start
            try:
                yield name, file_stat(os.path.join(folder, name, file))  # noqa: PTH118
            except OSError:
                yield name, ""


@lru_cache(maxsize=1)
def own_code() -> str:
    """Return a text that changes with any file of the installed core: the cache key for what it works out."""
    home = Path(__file__).parent
    files = sorted(path for path in home.rglob("*") if path.suffix in (".py", ".html", ".css", ".md", ".yml"))
    return repr([(path.relative_to(home).as_posix(), file_stat(path)) for path in files])
