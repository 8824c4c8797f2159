"""Results by fingerprint, and the history of runs, in the workspace's .journal folder."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from journal.errors import StoreError
from journal.models import content_digest

_MIGRATIONS = (
    """
    CREATE TABLE run (id INTEGER PRIMARY KEY, started REAL NOT NULL, command TEXT NOT NULL);
    CREATE TABLE attempt (
        id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, day INTEGER NOT NULL, step TEXT NOT NULL,
        task TEXT NOT NULL, fingerprint TEXT NOT NULL, parts TEXT NOT NULL, reason TEXT NOT NULL,
        outcome TEXT NOT NULL, message TEXT NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL, place TEXT NOT NULL
    );
    CREATE INDEX attempt_by_step ON attempt (day, step, id);
    CREATE TABLE digest (
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, inode INTEGER NOT NULL,
        digest TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE block (checksum TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
    """,
)
_FRESH_NS = 100_000_000  # a file changed this lately may change again without a new time stamp


@dataclass(frozen=True)
class Attempt:
    """One run of a step, as history keeps it."""

    day: int
    step: str
    task: str
    fingerprint: str
    parts: Mapping[str, str]
    reason: str
    outcome: str
    """ "done" or "failed"."""
    message: str = ""
    started: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    place: str = "local"


class Store:
    """The folder ``.journal``: ``results/`` by fingerprint, ``work/`` for steps that run, ``journal.db``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results"
        self.work = folder / "work"
        self.logs = folder / "logs"
        try:
            for part in (self.results, self.work, self.logs):
                part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder.name}: results can't be kept there: {error.strerror}") from error
        self.rebuilt = False
        self.database = self._open()

    def close(self) -> None:
        self.database.close()

    def result(self, fingerprint: str) -> Path | None:
        """Return the folder of a finished result, or None."""
        folder = self.results / fingerprint[:2] / fingerprint
        return folder if (folder / "report.json").is_file() else None

    def keep(self, work: Path, fingerprint: str) -> Path:
        """Move a finished step's folder to its place by one rename; an older result gives way."""
        target = self.results / fingerprint[:2] / fingerprint
        target.parent.mkdir(exist_ok=True)
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
        return target

    @contextmanager
    def hold(self, who: str, waiting: Callable[[str], None]) -> Iterator[None]:
        """Hold the workspace for one run; where another holds it, ``waiting(its words)`` is called once, then wait.

        The system lets go of the lock when the process ends, however it ends: none is ever left behind.
        """
        with (self.folder / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                waiting(lock.read().strip() or "another run")
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.truncate(0)
            lock.write(f"{who} (process {os.getpid()})")
            lock.flush()
            yield

    def begin_run(self, command: str) -> int:
        """Note that a run begins; returns its number."""
        with self.database:
            values = (time.time(), command)
            cursor = self.database.execute("INSERT INTO run (started, command) VALUES (?, ?)", values)
        return int(cursor.lastrowid or 0)

    def record(self, run: int, attempt: Attempt) -> None:
        """Write down an attempt, durably."""
        with self.database:
            self.database.execute(
                "INSERT INTO attempt (run, day, step, task, fingerprint, parts, reason, outcome, message, started,"
                " seconds, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run, attempt.day, attempt.step, attempt.task, attempt.fingerprint,
                    json.dumps(dict(attempt.parts), ensure_ascii=False), attempt.reason, attempt.outcome,
                    attempt.message, attempt.started, attempt.seconds, attempt.place,
                ),
            )  # fmt: skip

    def last_attempt(self, day: int, step: str, outcome: str | None = None) -> Attempt | None:
        """Return the latest attempt at a step, of any outcome or of the one given."""
        where = "day = ? AND step = ?" + (" AND outcome = ?" if outcome else "")
        row = self.database.execute(
            "SELECT day, step, task, fingerprint, parts, reason, outcome, message, started, seconds, place"
            f" FROM attempt WHERE {where} ORDER BY id DESC LIMIT 1",
            (day, step, outcome) if outcome else (day, step),
        ).fetchone()
        if row is None:
            return None
        day, step, task, fingerprint, parts, *rest = row
        return Attempt(day, step, task, fingerprint, json.loads(parts), *rest)

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file or folder; a file's is kept by size, time and inode."""
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file())
            listing = [(one.relative_to(path).as_posix(), self.digest(one)) for one in files]
            return hashlib.sha256(repr(listing).encode()).hexdigest()
        now = path.stat()
        key = (str(path), now.st_size, now.st_mtime_ns, now.st_ino)
        query = "SELECT digest FROM digest WHERE path = ? AND size = ? AND changed = ? AND inode = ?"
        if row := self.database.execute(query, key).fetchone():
            return str(row[0])
        digest = content_digest(path)
        if time.time_ns() - now.st_mtime_ns > _FRESH_NS:
            with self.database:
                self.database.execute("INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?)", (*key, digest))
        return digest

    def keep_block(self, checksum: str, text: str) -> None:
        """Keep a block's generated text: the base of a merge, should the block be edited by hand."""
        with self.database:
            self.database.execute("INSERT OR REPLACE INTO block VALUES (?, ?)", (checksum, text))

    def block(self, checksum: str) -> str | None:
        """Return the generated text of that checksum."""
        row = self.database.execute("SELECT text FROM block WHERE checksum = ?", (checksum,)).fetchone()
        return str(row[0]) if row else None

    def _open(self) -> sqlite3.Connection:
        path = self.folder / "journal.db"
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "not a database" not in str(error):
                raise StoreError(f".journal/journal.db can't be opened: {error}") from error
            # history is lost with it; results are not, since they are found by their folders
            for damaged in (path, *self.folder.glob("journal.db-*")):
                damaged.replace(damaged.with_name(damaged.name + ".damaged"))
            self.rebuilt = True
            return _connect(path)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: at any kill it is the old one or the new one. Keeps the file's mode."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            shutil.copymode(path, partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{path.name} can't be written: {error.strerror}; it is as it was") from error


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=30)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        done = int(database.execute("PRAGMA user_version").fetchone()[0])
        for number, script in enumerate(_MIGRATIONS[done:], done + 1):
            database.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
    except BaseException:
        database.close()
        raise
    return database
