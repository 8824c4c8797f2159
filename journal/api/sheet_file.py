"""Sheets as files: CSV whose last column says what was found, by which the author's rows are told from the others.

A row that still says what its last column says is the program's; every other row is its author's. Spreadsheets may
write it back with semicolons or tabs, with a decimal comma, or with numbers in another spelling.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from journal.errors import EntryError

FOUND = "found"
_COUNTED = "number"  # counts rows, and so says nothing of one
_DELIMITERS = ",;\t"

Row = dict[str, str]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[tuple[Mapping[str, str], bool]]) -> None:
    """Write a sheet: each row, and whether it is its author's."""
    given = [{**row, FOUND: "" if is_authors else found_text(row, columns)} for row, is_authors in rows]
    path.write_text(dump_rows([*columns, FOUND], given), encoding="utf-8")


def dump_rows(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parse_rows(text: str, shown: str) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of a sheet, whatever parts them. Raises ``EntryError`` where it is none."""
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restval="", delimiter=delimiter)
        columns = [column.strip().casefold() for column in reader.fieldnames or []]
        reader.fieldnames = columns
        rows = []
        for row in reader:
            if None in row:
                raise EntryError(f"{shown}:{reader.line_num}: too many cells; put quotes around the text")
            rows.append({name: value.strip() for name, value in row.items()})
    except csv.Error as error:
        raise EntryError(f"{shown}:1: this is no CSV file: {error}; save it as one") from error
    return columns, rows


def found_text(row: Mapping[str, str], columns: Sequence[str]) -> str:
    """Return what a row says, in one cell."""
    return "|".join(row.get(name, "").replace("|", "¦") for name in columns if name not in (FOUND, _COUNTED))


def is_touched(row: Mapping[str, str], columns: Sequence[str]) -> bool:
    """Return whether a row says something else than its last column."""
    found = row.get(FOUND, "")
    own = [name for name in columns if name not in (FOUND, _COUNTED)]
    cells = found.split("|")
    if not found or len(cells) != len(own):
        return True
    return any(not _same(row.get(name, ""), cell) for name, cell in zip(own, cells, strict=True))


def without_found(row: Mapping[str, str]) -> Row:
    """Return a row's own cells."""
    return {name: value for name, value in row.items() if name not in (FOUND, _COUNTED)}


def _same(one: str, other: str) -> bool:
    if one.replace("|", "¦").strip().casefold() == other.strip().casefold():
        return True
    try:
        return abs(float(one.replace(",", ".")) - float(other.replace(",", "."))) < 1e-9
    except ValueError:
        return False
