"""What is installed, as tasks and versions: read again only where a package came, went or changed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from journal.files import file_stat
from journal.plan.notes import Memory
from journal.plan.registry import Point, installed_points

_FILES = {
    ".dist-info": ("", "METADATA", "entry_points.txt"),
    ".egg-info": ("", "PKG-INFO", "entry_points.txt"),
    ".egg": ("", "EGG-INFO/PKG-INFO", "EGG-INFO/entry_points.txt"),
}
"""What tells of a package, by the end of its name."""


class Installed:
    """Answers from notes: the library that reads packages takes longer to import than the rest of a look at a day."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def points(self) -> list[Point]:
        """Return what installed packages register as tasks."""
        rows = self._noted("tasks", lambda: [vars(point) for point in installed_points()])
        return [Point(**row) for row in rows]

    def version(self, distribution: str) -> str:
        """Return the installed version of a distribution."""
        return str(self._noted(f"version {distribution}", lambda: library_version(distribution)))

    def _noted(self, what: str, read: Callable[[], Any]) -> Any:
        stamp = _stamp(tuple(sys.path)) if _is_plain() else ""
        noted = self.memory.recall("installed", what)
        if noted and stamp and (kept := json.loads(noted))[0] == stamp:
            return kept[1]
        answer = read()
        self.memory.note("installed", what, json.dumps([stamp, answer]))
        return answer


@lru_cache(maxsize=256)
def library_version(distribution: str) -> str:
    """Return the installed version of a distribution, as its package says now."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _is_plain() -> bool:
    """Return whether packages are found in the folders of the path alone, and by no finder of a stranger."""
    return sum(hasattr(finder, "find_distributions") for finder in sys.meta_path) == 1


@lru_cache(maxsize=4)
def _stamp(path: tuple[str, ...]) -> str:
    """Return a text that changes where a package on the path comes, goes or changes, or this code does."""
    own = [file_stat(file) for file in (__file__, Path(__file__).parents[1] / "plan" / "registry.py")]
    return repr([own, *((folder, *_packages_in(folder or ".")) for folder in path)])


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
