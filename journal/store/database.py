"""The SQLite database of a store: its tables, their migrations, and recovery from damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from journal.errors import StoreError

Answer = TypeVar("Answer")

MIGRATIONS = (
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
    """
    DROP TABLE digest;
    CREATE TABLE digest (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE memo (
        kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE attempt ADD COLUMN peak_gb REAL",
    """
    ALTER TABLE attempt RENAME TO step_run;
    ALTER TABLE step_run RENAME COLUMN place TO executor;
    DROP INDEX attempt_by_step;
    CREATE INDEX step_run_by_step ON step_run (day, step, id);
    """,
    """
    DELETE FROM memo;
    DELETE FROM digest;
    """,
)
"""Never edited once released: a database of an earlier version is updated by the migrations it lacks."""


class Database:
    """A connection with one-line errors, which replaces the file if it turns out to be damaged."""

    def __init__(self, path: Path, renew: Callable[[Database, str], None]) -> None:
        self.path = path
        self.renew = renew
        """Called with "gone" or "damaged" when a new database replaces a lost or damaged one."""
        there = path.exists()
        self.connection = self._open()
        if not there:
            renew(self, "gone")

    def read(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._try(lambda connection: connection.execute(query, values).fetchall())

    def write(self, *statements: tuple[str, Iterable[Sequence[Any]]]) -> None:
        """Execute statements, each for all its rows, in one durable transaction."""
        held = [(statement, list(rows)) for statement, rows in statements]

        def work(connection: sqlite3.Connection) -> None:
            with connection:
                for statement, rows in held:
                    connection.executemany(statement, rows)

        self._try(work)

    def add(self, statement: str, values: Sequence[Any]) -> int:
        """Insert one row and return its id."""

        def work(connection: sqlite3.Connection) -> int:
            with connection:
                return int(connection.execute(statement, values).lastrowid or 0)

        return self._try(work)

    def close(self) -> None:
        self.connection.close()

    def _try(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        try:
            return work(self.connection)
        except sqlite3.DatabaseError as error:
            self._set_aside(error)
            return work(self.connection)

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self.path)
        except sqlite3.DatabaseError as error:
            self.connection = sqlite3.connect(":memory:")
            self._set_aside(error)
            return self.connection

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Replace a damaged database by a new one. Raises ``StoreError`` where the trouble is not damage."""
        if not _is_damage(error):
            raise StoreError(f".journal/journal.db: {error}; finished steps are kept, run again") from error
        self.connection.close()
        for part in (self.path, *self.path.parent.glob(f"{self.path.name}-*")):
            if part.exists():
                part.replace(part.with_name(f"{part.name}.damaged"))
        self.connection = _connect(self.path)
        self.renew(self, "damaged")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the file's content is damaged, unlike with a full disk or a held lock."""
    if isinstance(error, sqlite3.OperationalError):
        damage = ("no such table", "no such column", "table", "malformed", "cannot modify", "incomplete")
        return str(error).startswith(damage)
    return not isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError)


def _connect(path: Path) -> sqlite3.Connection:
    if path.is_dir():
        raise sqlite3.DatabaseError("a folder is in its place")
    connection = sqlite3.connect(path, timeout=30)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    if _version(connection) == len(MIGRATIONS):
        return
    if _version(connection) < 0:
        raise sqlite3.DatabaseError("its version is negative")
    connection.execute("BEGIN IMMEDIATE")  # another run may be migrating it
    done = _version(connection)
    if done > len(MIGRATIONS):
        connection.rollback()
        raise StoreError(".journal/journal.db was written by a newer version of journal; update journal")
    try:
        for script in MIGRATIONS[done:]:
            for statement in script.split(";\n"):
                _execute(connection, statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if str(error).startswith(("database is locked", "disk", "attempt to write", "unable")):
            raise
        raise sqlite3.DatabaseError(str(error)) from error  # its tables are not those of its version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
