"""What goes to a worker: a step, ready to run, or one item of a step's ``ctx.map``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journal.api.report_file import ReportHeader
from journal.plan.registry import TaskSource
from journal.run.pickling import Folders, Pickled


@dataclass(frozen=True)
class Job:
    """A step: its references are resolved, its files are paths."""

    source: TaskSource
    values: Mapping[str, Any]
    header: ReportHeader
    out: Path
    log: Path
    root: Path
    day: int
    date: date
    models: Mapping[str, str]
    threads: int
    gpus: tuple[str, ...] = ()
    """The graphics cards that it sees; where it claims none it sees what the run sees."""
    cache_dir: Path | None = None
    """Where tasks keep what later runs need not make again; None makes all of it again."""
    code: tuple[Path, ...] = ()
    """The workspace's own files that the task's code stands in."""
    uses_models: tuple[str, ...] = ()
    """The models that its parameters name; a worker that holds them is the best one for it."""

    @property
    def folders(self) -> Folders:
        """The folders in which its files lie; the innermost first, since ``out`` may lie in the workspace."""
        return {"out": self.out, "workspace": self.root}


@dataclass(frozen=True)
class MapItem:
    """One call of a ``ctx.map``: ``function(value)``, both packed, for the number-th item."""

    number: int
    source: TaskSource
    function: bytes
    value: bytes
    log: Path | None
    root: Path
    """Where the workspace's own code is."""
    folders: Folders
    """Where the files are that it names, and those that it makes."""


@dataclass(frozen=True)
class MapRequest:
    """What a step asks for with ``ctx.map``."""

    source: TaskSource
    function: Pickled
    values: tuple[Pickled, ...]
    log: Path
    root: Path
    folders: Folders

    def item(self, number: int) -> MapItem:
        """Return the number-th item, with its files where the step's are."""
        value = self.values[number].data
        return MapItem(number, self.source, self.function.data, value, self.log, self.root, self.folders)
