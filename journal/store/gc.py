"""Garbage collection: what in a store is no longer needed, and how much space it takes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from journal.files import size_of
from journal.plan.seen import result_name
from journal.record import reports_below
from journal.store.database import Database

_REMEMBERED_S = 30 * 86400.0
"""How long files remembered by tasks are kept, in seconds: no index says what still uses them."""


@dataclass(frozen=True)
class Waste:
    """A file or folder that can be removed."""

    path: Path
    bytes: int
    why: str

    def remove(self) -> None:
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)


def find_waste(folder: Path, database: Database, entries: Path, keep_s: float = 0.0) -> list[Waste]:
    """Return results that no entry shows and that are no step's latest, and files left by killed runs.

    Results newer than ``keep_s`` seconds are kept.
    """
    used = _used(database, entries)
    old = time.time() - keep_s
    found = [*_results(folder / "results", used, old), *_left_over(folder)]
    return sorted(found, key=lambda waste: waste.path)


def _used(database: Database, entries: Path) -> set[str]:
    """Return the names of the results shown in entries, and of the last successful one of every step."""
    shown = {result_name(step.fingerprint, step.seen) for step in reports_below(entries) if step.fingerprint}
    last = "SELECT max(id) FROM step_run WHERE outcome = 'done' GROUP BY day, step"
    return shown | {row[0] for row in database.read(f"SELECT fingerprint FROM step_run WHERE id IN ({last})")}


def _results(results: Path, used: set[str], old: float) -> Iterator[Waste]:
    for folder in results.glob("??/*"):
        if folder.name not in used and folder.stat().st_mtime <= old:
            yield Waste(folder, size_of(folder), "a result that no entry shows")


def _left_over(folder: Path) -> Iterator[Waste]:
    for path in (folder / "work").glob("*"):
        yield Waste(path, size_of(path), "left by a run that was killed")
    for path in folder.glob("journal.db*.damaged"):
        yield Waste(path, path.stat().st_size, "a damaged database, since rebuilt")
    for path in (folder / "kept").glob("??/*"):
        if path.stat().st_mtime < time.time() - _REMEMBERED_S:
            yield Waste(path, path.stat().st_size, "remembered by a task more than 30 days ago")
