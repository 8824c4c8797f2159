"""A table of numbers in a file, opened strictly: its columns, how it is written, and what its user should know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.data.other_tables import ExcelTable, ParquetTable, StatisticsTable
from journal.api.data.text_table import TextTable
from journal.errors import TaskError, nearest

if TYPE_CHECKING:
    import numpy as np

_KINDS = {
    ".parquet": ParquetTable, ".pq": ParquetTable, ".sav": StatisticsTable, ".zsav": StatisticsTable,
    ".dta": StatisticsTable, ".xlsx": ExcelTable, ".xlsm": ExcelTable,
}  # fmt: skip
_INDEX_NAME = re.compile(r"|unnamed: 0|index|id|row|nr|no\.?|case|participant|subject", re.IGNORECASE)
_UNNAMED = ("", "unnamed: 0")


@dataclass(frozen=True)
class DataTable:
    """The columns of a file that are read, how the file is written, and which column was left out as an index."""

    path: Path
    names: tuple[str, ...]
    """The columns that are read, in their order."""
    written: str
    """How the file is written: "`;` and decimal comma"."""
    index: str | None = None
    """A column that only counts the rows, left out."""
    _source: Any = field(repr=False, default=None)
    _chosen: tuple[int, ...] = ()

    @property
    def is_divisible(self) -> bool:
        """Whether its rows can be read in parts."""
        return bool(self._source.is_divisible)

    def chunks(self, part: int = 0, parts: int = 1) -> Iterator[np.ndarray[Any, Any]]:
        """Yield its rows as (rows, columns) floats, NaN where a cell is missing.

        A divisible file can be shared out among workers: ``part`` (from 0) of ``parts`` gets its share. Raises
        ``TaskError`` with the line of a row that is longer or shorter than the header, or of a cell that is no number.
        """
        yield from self._source.chunks(self._chosen, part, parts)

    def read(self) -> np.ndarray[Any, Any]:
        """Return all rows at once."""
        import numpy as np

        return np.concatenate([np.empty((0, len(self.names))), *self.chunks()])

    def sentence(self, rows: int) -> str:
        """Say in one line how the file was read: "200 rows, 6 columns, `;` and decimal comma"."""
        columns = "column" if len(self.names) == 1 else "columns"
        left = f"; column '{self.index}' left out as an index" if self.index is not None else ""
        return f"{rows:,} rows, {len(self.names)} {columns}, {self.written}{left}"


def open_table(path: Path, columns: Sequence[str] = ()) -> DataTable:
    """Open a CSV, TSV, Parquet, SPSS (.sav), Stata (.dta) or Excel file with a line of column names.

    Delimiter, decimal mark, marks between thousands and encoding are found from the file. ``columns`` chooses some;
    without it all are taken but one that only counts the rows. Raises ``TaskError`` with place and mend for
    duplicate or blank names, a header of numbers, a column that is not there, and a file that has two readings.
    """
    if path.is_dir():
        raise TaskError(f"{path.name} is a folder; give one file in it")
    source: Any = _KINDS.get(path.suffix.lower(), TextTable)(path)
    names = source.names
    _check_names(path, names)
    index = None if columns else _find_index(source, names)
    chosen = [names.index(_known(path, name, names)) for name in columns] or [
        place for place in range(len(names)) if place != index
    ]
    if not chosen:
        raise TaskError(f"{path.name} has no column but an index; give columns of numbers")
    left_out = None if index is None else names[index]
    return DataTable(path, tuple(names[one] for one in chosen), str(source), left_out, source, tuple(chosen))


def _check_names(path: Path, names: Sequence[str]) -> None:
    if all(_is_number(name) for name in names):
        shown = ", ".join(names[:3])
        raise TaskError(f"{path.name}:1: the first line is numbers ({shown}); put a line of column names above it")
    for place, name in enumerate(names):
        if not name and place:
            raise TaskError(f"{path.name}:1: column {place + 1} has no name; give it one")
        if name in names[:place]:
            first = list(names).index(name) + 1
            raise TaskError(f"{path.name}:1: columns {first} and {place + 1} are both named '{name}'; rename one")


def _known(path: Path, name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    raise TaskError(f"{path.name} has no column '{name}'; it has {', '.join(names)}{nearest(name, list(names))}")


def _find_index(source: Any, names: Sequence[str]) -> int | None:
    """Return a first column that only counts the rows: unnamed, or named like an index, with 0, 1, 2 … or 1, 2, 3 …"""
    import numpy as np

    if not _INDEX_NAME.fullmatch(names[0]):
        return None
    try:
        values = next(source.chunks([0]), np.empty((0, 1)))[:, 0]
    except TaskError:
        return 0 if names[0].lower() in _UNNAMED else None  # the rows' names
    counts = len(values) > 1 and bool((np.diff(values) == 1).all())
    if not counts and not names[0]:
        raise TaskError(f"{source.path.name}:1: column 1 has no name; give it one")
    return 0 if counts else None


def _is_number(name: str) -> bool:
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return True
