"""Jobs, which are sent to workers: a step, ready to run, or one item of a step's ``ctx.map``."""

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
    """A step to run, with references resolved and files as paths."""

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
    """The GPUs it sees; if it claims none, it sees those the run sees."""
    cache_dir: Path | None = None
    """Where tasks keep files that later runs need not recreate; None recreates them all."""
    code: tuple[Path, ...] = ()
    """The workspace's own files that contain the task's code."""
    uses_models: tuple[str, ...] = ()
    """The models named by its parameters; a worker that has them loaded suits it best."""

    @property
    def folders(self) -> Folders:
        """The folders of its files, innermost first, since ``out`` may be in the workspace."""
        return {"out": self.out, "workspace": self.root}


@dataclass(frozen=True)
class MapItem:
    """One call in a ``ctx.map``: ``function(value)``, both pickled, for an item by its number."""

    number: int
    source: TaskSource
    function: bytes
    value: bytes
    log: Path | None
    root: Path
    """The folder of the workspace's own code."""
    folders: Folders
    """The folders of the files it names and makes."""


@dataclass(frozen=True)
class MapRequest:
    """A step's call of ``ctx.map``."""

    source: TaskSource
    function: Pickled
    values: tuple[Pickled, ...]
    log: Path
    root: Path
    folders: Folders

    def item(self, number: int) -> MapItem:
        """Return an item by its number, with its files in the step's folders."""
        value = self.values[number].data
        return MapItem(number, self.source, self.function.data, value, self.log, self.root, self.folders)
