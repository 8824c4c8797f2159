"""The cut sheet as the page reads and writes it; a sheet that was changed on disk meanwhile is never overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from journal import Record, TaskError, UsageError, is_touched

from ..cut_sheet import read_row

Row = dict[str, str]


class SheetChangedError(Exception):
    """The sheet on disk is not the one that the page has read."""


@dataclass(frozen=True)
class ReviewSheet:
    """A step's cut sheet."""

    record: Record
    entry: Path
    step: str
    _lock: Lock

    def read(self) -> dict[str, Any]:
        """Return its rows and a version that changes with its file. Raises JournalError where it is damaged."""
        version = self._version()
        rows = self.record.sheet(self.entry, self.step, "cuts")
        return {"version": version, "rows": [_as_data(row) for row in rows]}

    def write(self, rows: Sequence[Row], version: str) -> None:
        """Replace it, atomically, if it still is of this version.

        Raises SheetChangedError if not, and TaskError for rows that say nothing sensible.
        """
        if not rows:
            raise TaskError("a cut sheet needs a row; drop clips rather than removing them")
        for row in rows:
            read_row(row)
        with self._lock:
            if version != self._version():
                raise SheetChangedError
            self.record.write_sheet(self.entry, self.step, "cuts", rows)

    def _version(self) -> str:
        return self.record.sheet_version(self.entry, self.step, "cuts")


def parse_rows(given: Any) -> list[Row]:
    """Return rows as the page sends them. Raises UsageError where they are none."""
    is_table = isinstance(given, list) and all(isinstance(row, dict) for row in given)
    if not is_table or not all(isinstance(cell, str) for row in given for pair in row.items() for cell in pair):
        raise UsageError("these are no rows of a cut sheet; reload the page")
    return [{name: " ".join(cell.split()) for name, cell in row.items()} for row in given]


def _as_data(given: Mapping[str, str]) -> dict[str, Any]:
    row = read_row(given)
    is_mine = is_touched(given, list(given))
    return {"cells": dict(given), "start": row.start_s, "end": row.end_s, "kept": row.is_kept, "mine": is_mine}
