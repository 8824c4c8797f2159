"""The store: results by fingerprint and the history of runs, in the workspace's ``.journal`` folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from journal.errors import StoreError
from journal.files import cause, lock, replace_folder, size_of, write_atomically
from journal.layout import has_report
from journal.store import history
from journal.store.database import Database
from journal.store.digests import Digests, sum_of
from journal.store.found import Found, ResultFinder
from journal.store.gc import Waste, find_waste
from journal.store.history import StepRun, step_run_of, step_runs_on_disk
from journal.text.edits import checksum as checksum_of

__all__ = ["Found", "StepRun", "Store", "Waste", "replace_folder", "size_of", "write_atomically"]


def _keep_quiet(_: str) -> None:
    """Ignore warnings."""


class Store:
    """The folder ``.journal``: ``results/`` by fingerprint, ``work/`` for running steps, ``logs/``, ``journal.db``.

    ``warn`` is called with a sentence if the database was lost or damaged and is rebuilt.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None] = _keep_quiet) -> None:
        self.folder, self.warn = folder, warn
        self.results = folder / "results"
        self.work = folder / "work"
        self.logs = folder / "logs"
        try:
            for part in (self.results, self.work, self.logs):
                part.mkdir(parents=True, exist_ok=True)
            self.database = Database(folder / "journal.db", self._renew)
        except OSError as error:
            raise StoreError(f"{folder.name}: results can't be stored there: {cause(error)}") from error
        self.digests = Digests(self.database)
        self.finder = ResultFinder(self.digests, self.recall, self.note)
        self._has_warned = False
        self._listed: dict[str, list[str]] = {}
        self._notes: dict[str, dict[str, str]] = {}
        self._new_notes: dict[tuple[str, str], str] = {}

    def close(self) -> None:
        self.flush()
        self.database.close()

    def result(self, name: str) -> Path | None:
        """Return the folder of a finished result by its name, or None."""
        folder = self.results / name[:2] / name
        return folder if has_report(folder) else None

    def results_of(self, fingerprint: str) -> list[Path]:
        """Return the results with a fingerprint, newest first; they differ in what was seen to be read."""
        folder = self.results / fingerprint[:2]
        if fingerprint[:2] not in self._listed:
            self._listed[fingerprint[:2]] = os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208
        names = [name for name in self._listed[fingerprint[:2]] if name.startswith(fingerprint)]
        found = [folder / name for name in names if has_report(folder / name)]
        return sorted(found, key=lambda path: -path.stat().st_mtime_ns) if len(found) > 1 else found

    def find(self, folder: Path, copy: Path | None = None) -> Found | None:
        """Return a result of the store if it is whole, after bringing it back from a good copy where it is damaged."""
        found = self.finder.find(folder)
        if found is None and copy is not None and has_report(copy) and self.finder.heal(folder, copy):
            self.warn(
                f"{folder.parent.parent.name}/{folder.name[:12]} was damaged, and is whole again from {copy.name}"
            )
            found = self.finder.find(folder)
        return found

    def find_beside(self, folder: Path) -> Found | None:
        """Return the result beside an entry if it is whole but for files that are not there."""
        return self.finder.find(folder, may_lack=True)

    def keep(self, work: Path, name: str) -> Path:
        """Move a finished step's folder to its place by one rename, replacing an older result."""
        target = self.results / name[:2] / name
        self._listed.pop(name[:2], None)
        try:
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                target.rename(work.with_name(f"{work.name}.old"))
            work.rename(target)
        except OSError as error:
            raise StoreError(f".journal/results: a result can't be stored: {cause(error)}; then run again") from error
        shutil.rmtree(work.with_name(f"{work.name}.old"), ignore_errors=True)
        return target

    def drop(self, name: str) -> None:
        """Remove a damaged result."""
        shutil.rmtree(self.results / name[:2] / name, ignore_errors=True)

    @contextmanager
    def hold(self, who: str, waiting: Callable[[str], None]) -> Iterator[None]:
        """Lock the workspace for one run, after calling ``waiting(holder)`` once if another run holds it."""
        with lock(self.folder / "lock", who, waiting):
            yield

    def begin_run(self, command: str) -> int:
        """Record the start of a run, and return its number."""
        return self.database.add("INSERT INTO run (started, command) VALUES (?, ?)", (time.time(), command))

    def record(self, *runs: StepRun) -> None:
        """Record durably how steps ended."""
        self.database.write((history.INSERT, [run.row() for run in runs]))

    def last_runs(self, day: int, *, done: bool = False) -> dict[str, StepRun]:
        """Return the latest run of each step of a day: with any outcome, or only successful ones."""
        rows = self.database.read(history.LAST_DONE if done else history.LAST, (day,))
        return {run.step: run for run in self._step_runs(rows)}

    def _step_runs(self, rows: list[tuple[Any, ...]]) -> list[StepRun]:
        """Return the step runs in rows, without those that are damaged; the results themselves are on disk."""
        runs = [step_run_of(row) for row in rows]
        if None in runs and not self._has_warned:
            self._has_warned = True
            self.warn(".journal/journal.db: a row of the history is damaged and is left out; no result is lost")
        return [run for run in runs if run is not None]

    def step_runs(self, limit: int, day: int | None = None) -> list[tuple[StepRun, str]]:
        """Return the latest runs of steps, newest first, each with the command that started it."""
        values = (limit,) if day is None else (day, limit)
        rows = self.database.read(history.LATEST if day is None else history.LATEST_OF_DAY, values)
        commands = dict(self.database.read("SELECT id, command FROM run"))
        return [(run, str(commands.get(run.run, ""))) for run in self._step_runs(rows)]

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file or folder; files are cached by size, times and inode."""
        return self.digests.digest(path)

    def recall(self, kind: str, key: str) -> str | None:
        """Return the note of a kind under a key, or None."""
        if kind not in self._notes:
            self._notes[kind] = dict(self.database.read("SELECT key, value FROM memo WHERE kind = ?", (kind,)))
        return _checked(self._notes[kind].get(key), kind, key)

    def note(self, kind: str, key: str, value: str) -> None:
        """Note something that would take time to recompute; the next ``flush`` writes it to disk."""
        if self.recall(kind, key) != value:
            self._notes[kind][key] = self._new_notes[(kind, key)] = f"{sum_of(kind, key, value)} {value}"

    def read_anew(self) -> None:
        """Forget what is known of files by their size, times and inode, so that each is read."""
        self.digests.forget()
        for kind in ("found", "syntax", "code"):
            self._notes[kind] = {}

    def flush(self) -> None:
        """Write new digests and notes to disk."""
        self.digests.flush()
        if self._new_notes:
            rows = [(kind, key, value) for (kind, key), value in self._new_notes.items()]
            self._new_notes = {}
            self.database.write(("INSERT OR REPLACE INTO memo VALUES (?, ?, ?)", rows))

    def keep_blocks(self, blocks: dict[str, str]) -> None:
        """Store generated texts by checksum, as merge bases for blocks edited by hand."""
        self.database.write(("INSERT OR REPLACE INTO block VALUES (?, ?)", blocks.items()))

    def block(self, checksum: str) -> str | None:
        """Return the generated text with a checksum, or None."""
        rows = self.database.read("SELECT text FROM block WHERE checksum = ?", (checksum,))
        text = str(rows[0][0]) if rows else None
        return text if text is not None and checksum_of(text) == checksum else None

    def waste(self, entries: Path, keep_s: float = 0.0) -> list[Waste]:
        """Return what ``journal gc`` would remove."""
        return find_waste(self.folder, self.database, entries, keep_s)

    def _renew(self, database: Database, what: str) -> None:
        """Fill a new database with what can be recovered from disk; the results themselves don't need it."""
        found = list(step_runs_on_disk(self.folder.parent / "entries"))
        count = sum(has_report(folder) for folder in self.results.glob("??/*"))
        if found:
            database.write((history.INSERT, [run.row() for run in found]))
        if what == "damaged" or count:
            aside = "; it is kept as journal.db.damaged" if what == "damaged" else ""
            self.warn(
                f".journal/journal.db was {what}{aside}. It has been rebuilt; no results were lost ({count} found)"
            )


def _checked(noted: Any, kind: str, key: str) -> str | None:
    """Return a note without its checksum, or None if it is damaged."""
    found, _, value = str(noted).partition(" ") if noted is not None else ("", "", "")
    return value if found and found == sum_of(kind, key, value) else None
