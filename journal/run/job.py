"""What goes to a worker: a step, ready to run, or one item of a step's fan-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journal.plan.registry import TaskSource
from journal.run.pickling import Folders, Packed


@dataclass(frozen=True)
class Job:
    """A step: its references are resolved, its files are paths."""

    source: TaskSource
    values: Mapping[str, Any]
    header: Mapping[str, Any]
    """What report.json says of the step itself."""
    out: Path
    log: Path
    root: Path
    day: int
    date: date
    models: Mapping[str, str]
    threads: int
    cards: tuple[str, ...] = ()
    """The graphics cards that it sees; where it claims none it sees what the run sees."""
    memory: Path | None = None
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
class Event:
    """What a worker said of a step: "progress" (done, total, what), "done" (headline, peak), "failed" (message, peak).

    The peak is the most memory that the step's process had, in GB; it is left out or None where nobody knows.
    """

    key: str
    kind: str
    values: tuple[Any, ...]

    @property
    def peak_gb(self) -> float | None:
        return self.values[1] if self.kind != "progress" and len(self.values) > 1 else None


@dataclass(frozen=True)
class Item:
    """One call of a fan-out: ``function(value)``, both packed, for the number-th item."""

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
class FanOut:
    """What a step asks for with ``ctx.map``."""

    source: TaskSource
    function: Packed
    values: tuple[Packed, ...]
    log: Path
    root: Path
    folders: Folders

    def item(self, number: int) -> Item:
        """Return the number-th item, with its files where the step's are."""
        value = self.values[number].data
        return Item(number, self.source, self.function.data, value, self.log, self.root, self.folders)
