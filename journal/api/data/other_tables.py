"""Tables from Parquet, SPSS, Stata and Excel files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.errors import TaskError
from journal.extras import install_line

if TYPE_CHECKING:
    import numpy as np

_CHUNK_ROWS = 1 << 15


class ParquetTable:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = tuple(self._open().schema_arrow.names)

    def __str__(self) -> str:
        return "Parquet"

    is_divisible = True

    def chunks(self, chosen: Sequence[int], part: int = 0, parts: int = 1) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the rows of the chosen columns; ``part`` of ``parts`` has its row groups."""
        import numpy as np

        file, names = self._open(), [self.names[index] for index in chosen]
        groups = list(range(part, file.num_row_groups, parts))
        for batch in file.iter_batches(_CHUNK_ROWS, row_groups=groups, columns=names, use_threads=False):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            yield np.column_stack([self._numbers(columns[name], name) for name in names])

    def _numbers(self, column: Any, name: str) -> np.ndarray[Any, Any]:
        import numpy as np

        try:
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)
        except (TypeError, ValueError) as error:
            message = f"{self.path.name}: column '{name}' holds {column.type}; choose columns of numbers"
            raise TaskError(message) from error

    def _open(self) -> Any:
        try:
            from pyarrow.parquet import ParquetFile
        except ImportError as error:
            message = f"{self.path.name} needs pyarrow; {install_line('parquet')}, or give the data as CSV"
            raise TaskError(message) from error
        return ParquetFile(self.path, memory_map=False)


class StatisticsTable:
    """An SPSS or Stata file, with the labels of its columns and values; user-missing values are missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _, meta = self._read(metadataonly=True)
        self.names = tuple(meta.column_names)
        self.labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
        self.value_labels = dict(meta.variable_value_labels)
        self._types = dict(meta.readstat_variable_types)

    def __str__(self) -> str:
        kind = "Stata" if self.path.suffix.lower() == ".dta" else "SPSS"
        return f"{kind} with labels" if self.labels or self.value_labels else kind

    is_divisible = False

    def chunks(self, chosen: Sequence[int], part: int = 0, parts: int = 1) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the rows of the chosen columns."""
        import numpy as np

        names = [self.names[index] for index in chosen]
        if text := next((name for name in names if self._types.get(name) == "string"), None):
            raise TaskError(f"{self.path.name}: column '{text}' holds text; choose columns of numbers")
        start = 0
        while part == 0:
            found, _ = self._read(usecols=names, row_offset=start, row_limit=_CHUNK_ROWS, output_format="dict")
            rows = len(found[names[0]])
            if rows:
                yield np.column_stack([np.asarray(found[name], dtype=float) for name in names])
            if rows < _CHUNK_ROWS:
                return
            start += rows

    def _read(self, **options: Any) -> Any:
        try:
            import pyreadstat
        except ImportError as error:
            message = f"{self.path.name} needs pyreadstat; {install_line('spss')}, or give the data as CSV"
            raise TaskError(message) from error
        read = pyreadstat.read_dta if self.path.suffix.lower() == ".dta" else pyreadstat.read_sav
        try:
            return read(str(self.path), **options)
        except pyreadstat.ReadstatError as error:
            raise TaskError(f"{self.path.name} can't be read ({error}); export it again, or as CSV") from error


class ExcelTable:
    """The first sheet of an Excel workbook that has cells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = [row for row in self._rows() if any(cell is not None for cell in row)]
        if not rows:
            raise TaskError(f"{path.name} is empty; give a line of column names and rows of numbers")
        width = max(index + 1 for row in rows for index, cell in enumerate(row) if cell is not None)
        self.names = tuple("" if name is None else str(name).strip() for name in [*rows[0], *[None] * width][:width])
        self._body = [[*row, *[None] * width][:width] for row in rows[1:]]

    def __str__(self) -> str:
        return "Excel"

    is_divisible = False

    def chunks(self, chosen: Sequence[int], part: int = 0, parts: int = 1) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the rows of the chosen columns."""
        import numpy as np

        if part == 0 and self._body:
            cells = [
                [self._number(row[index], number, self.names[index]) for index in chosen]
                for number, row in enumerate(self._body, 2)
            ]
            yield np.array(cells)

    def _number(self, cell: object, row: int, column: str) -> float:
        from journal.api.data.dialect import MISSING

        if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
            return float("nan")
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return float(cell)
        raise TaskError(
            f"{self.path.name}:{row}: '{cell}' in column '{column}' is no number; mend it, or choose other columns"
        )

    def _rows(self) -> list[tuple[object, ...]]:
        try:
            from openpyxl import load_workbook
        except ImportError as error:
            message = f"{self.path.name} needs openpyxl; {install_line('excel')}, or give the data as CSV"
            raise TaskError(message) from error
        book = load_workbook(self.path, read_only=True, data_only=True)
        try:
            return next((rows for sheet in book.worksheets if (rows := list(sheet.iter_rows(values_only=True)))), [])
        finally:
            book.close()
