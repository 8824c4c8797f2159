"""Jobs, which are sent to workers: a step, ready to run, or one item of a step's ``ctx.map``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from journal.api.kept_files import Limits
from journal.api.report_file import ReportHeader
from journal.plan.registry import TaskSource
from journal.run.pickling import Folders, Pickled
from journal.text.servers import Server


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
    servers: Mapping[str, Server]
    threads: int
    gpus: tuple[str, ...] = ()
    """The GPUs it sees; if it claims none, it sees those the run sees."""
    cache_dir: Path | None = None
    """Where tasks keep files that later runs need not recreate; None recreates them all."""
    answers: Path | None = None
    """The file with the answers that the step was given, to which it adds."""
    answers_begin: int = 0
    """The byte of that file before which answers don't count, as they are to be asked for again."""
    cache_key: str = ""
    """What files kept by the task are valid for: its code and libraries."""
    code: tuple[Path, ...] = ()
    """The workspace's own files that contain the task's code."""
    code_digest: str = ""
    """The digest of the code that importing the task brings in, which every machine must have alike."""
    known_code: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Source files, each with its stat and the digest of its syntax."""
    libraries: tuple[str, ...] = ()
    """The installed packages that the task's code imports, by the names they are imported by."""
    is_versioned: bool = False
    """Whether the task's version stands for its code."""
    inputs: tuple[Path, ...] = ()
    """The files, folders and models that the step declares."""
    guarded: tuple[Path, ...] = ()
    """The folders of results, to which no step may write."""
    declared_models: frozenset[str] = frozenset()
    """The models that its parameters name."""
    limits: Limits = field(default_factory=Limits)

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
    is_versioned: bool = False
    inputs: tuple[Path, ...] = ()
    guarded: tuple[Path, ...] = ()


@dataclass(frozen=True)
class MapRequest:
    """A step's call of ``ctx.map``."""

    source: TaskSource
    function: Pickled
    values: tuple[Pickled, ...]
    log: Path
    root: Path
    folders: Folders
    is_versioned: bool = False
    inputs: tuple[Path, ...] = ()
    guarded: tuple[Path, ...] = ()

    def item(self, number: int) -> MapItem:
        """Return an item by its number, with its files in the step's folders."""
        return MapItem(
            number, self.source, self.function.data, self.values[number].data, self.log, self.root, self.folders,
            self.is_versioned, self.inputs, self.guarded,
        )  # fmt: skip
