"""Damage to the database, in every column of every table and to the file itself: said in a word, and no result lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Space, make_space

ENTRY = """  write:
    uses: text.write
    times: 2
  count:
    uses: text.count
    source: ${write.path}
  total:
    uses: toy.total
    seconds: 3
"""
COLUMNS = {
    "run": ["id", "started", "command"],
    "step_run": [
        "id", "run", "day", "step", "task", "fingerprint", "parts", "reason", "outcome", "message", "started",
        "seconds", "executor", "peak_gb",
    ],
    "digest": ["path", "stamp", "digest"],
    "block": ["checksum", "text"],
    "memo": ["kind", "key", "value"],
}  # fmt: skip
VALUES: dict[str, object] = {
    "words": "no such thing",
    "bytes": b"\x00\xff\xfe",
    "a number": -(2**40),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    space = make_space(tmp_path_factory.mktemp("ran") / "workspace")
    space.entry(ENTRY)
    space.run("day", "133", check=0)
    space.run("day", "133", check=0)
    yield space


@pytest.fixture
def copy(ran: Space, tmp_path: Path) -> Space:
    shutil.copytree(ran.root, tmp_path / "workspace")
    return replace(ran, root=tmp_path / "workspace")


def _database(space: Space) -> Path:
    return space.root / ".journal/journal.db"


def _check(space: Space) -> None:
    """Look at everything, run the day, and look again: no fault, and no step runs that has a result."""
    before = (space.root / "entries/2024-05-13-day-133.md").read_text()
    for command in (["status"], ["history"]):
        done = space.run(*command)
        assert done.code == 0, f"{command}: {done.out}{done.err}"
        assert "internal error" not in done.err
    done = space.run("day", "133", "--json", check=0)
    assert [one["outcome"] for one in json.loads(done.out)["steps"]] == ["current"] * 3
    assert (space.root / "entries/2024-05-13-day-133.md").read_text() == before
    assert "rebuilt" not in space.run("status", check=0).err, "said once"


def _set(table: str, column: str, value: object) -> Callable[[sqlite3.Connection], object]:
    return lambda database: database.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", (value,))


@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize(("table", "column"), [(table, column) for table in COLUMNS for column in COLUMNS[table]])
def test_a_damaged_column_costs_no_result(copy: Space, table: str, column: str, name: str) -> None:
    with sqlite3.connect(_database(copy)) as database:
        try:
            _set(table, column, VALUES[name])(database)
        except sqlite3.IntegrityError:
            pytest.skip("the table itself refuses that")
    database.close()
    _check(copy)


def _truncate(share: float) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def _overwrite(start: float, length: int) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        begin = int(len(content) * start)
        content[begin : begin + length] = b"\x5a" * min(length, len(content) - begin)
        path.write_bytes(content)

    return damage


def _execute(statement: str) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        database = sqlite3.connect(path)
        database.executescript(statement)
        database.close()

    return damage


FILES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "other bytes": lambda path: path.write_bytes(b"nothing of the kind" * 100),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "cut to a tenth": _truncate(0.1),
    "cut to a half": _truncate(0.5),
    "cut a little": _truncate(0.98),
    "its head": _overwrite(0, 100),
    "its schema": _overwrite(0.01, 600),
    "a page": _overwrite(0.3, 4096),
    "another page": _overwrite(0.6, 4096),
    "its end": _overwrite(0.9, 8000),
    "an older version": _execute("PRAGMA user_version = 1"),
    "no version": _execute("PRAGMA user_version = 0"),
    "a negative version": _execute("PRAGMA user_version = -3"),
    **{f"no table {table}": _execute(f"DROP TABLE {table}") for table in COLUMNS},
    **{
        f"table {table} of another shape": _execute(f"DROP TABLE {table}; CREATE TABLE {table} (x)")
        for table in COLUMNS
    },
    "a journal of another": lambda path: path.with_name("journal.db-wal").write_bytes(b"\x00" * 5000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_costs_no_result(copy: Space, name: str) -> None:
    for part in _database(copy).parent.glob("journal.db-*"):
        part.unlink()
    FILES[name](_database(copy))
    _check(copy)
