"""The sheets beside an entry: what of them is the author's, and a new result merged into one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from journal.api.sheet_file import FOUND, Row, dump_rows, found_text, is_touched, parse_rows, without_found
from journal.errors import EntryError
from journal.files import write_atomically
from journal.layout import proposed_sheet, sheet_of
from journal.text.workspace import Workspace

_NEW = "new"
_SAME = 0.3  # of the shorter of two stretches, from which they are about the same


def read_sheet(entry: Path, step: str, name: str, workspace: Workspace) -> list[Row]:
    """Return the rows of a step's sheet; none if there is no such sheet. Raises ``EntryError`` if it is damaged."""
    path = sheet_of(entry, step, name)
    return _read(path, workspace)[1] if path.is_file() else []


def write_sheet(entry: Path, step: str, name: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Replace a step's sheet."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    write_atomically(sheet_of(entry, step, name), dump_rows(columns, rows).encode())


def sheet_version(entry: Path, step: str, name: str) -> str:
    """Return the digest of a step's sheet as it stands in its file; the empty text where there is none."""
    path = sheet_of(entry, step, name)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def authors_rows(entry: Path, step: str, name: str, workspace: Workspace) -> list[Row]:
    """Return the rows of a step's sheet that its author touched; a row that the author removed comes with keep: no.

    Raises ``EntryError`` where the sheet can't be read.
    """
    path = sheet_of(entry, step, name)
    if not path.is_file():
        return []
    columns, rows = _read(path, workspace)
    touched = [without_found(row) for row in rows if is_touched(row, columns)]
    base = proposed_sheet(entry, step, name)
    proposed = _read(base, workspace)[1] if base.is_file() else []
    removed = [row for row in proposed if not any(_is_about_same(row, one) for one in rows)]
    return [*touched, *({**without_found(row), "keep": "no"} for row in removed)]


def merge_sheet(entry: Path, step: str, name: str, result: Path, workspace: Workspace) -> None:
    """Bring a step's sheet to the result's, marking rows that are new.

    Nothing is written where the author has changed the sheet since the step read it: the next run takes that up.
    """
    path = sheet_of(entry, step, name)
    columns, rows = _read(result / f"{name}.csv", workspace)
    if path.is_file():
        taken = [without_found(row) for row in rows if not row.get(FOUND)]
        if not _same_rows(taken, authors_rows(entry, step, name, workspace)):
            return
        rows = _marked(rows, _read(path, workspace)[1], columns)
    text = dump_rows(columns, rows).encode()
    if not path.is_file() or path.read_bytes() != text:
        write_atomically(path, text)


def _read(path: Path, workspace: Workspace) -> tuple[list[str], list[Row]]:
    shown = workspace.display_path(path)
    try:
        return parse_rows(path.read_bytes().decode("utf-8"), shown)
    except UnicodeDecodeError as error:
        raise EntryError(f"{shown}:1: this is not in UTF-8; save it as CSV in UTF-8") from error


def _marked(rows: Sequence[Row], before: Sequence[Row], columns: Sequence[str]) -> list[Row]:
    """Return rows with a note on those that no row of before is about the same as, until their author has seen them."""
    result = []
    for row in rows:
        same = [one for one in before if _is_about_same(row, one)]
        is_new = not same or all(one.get("note") == _NEW and not is_touched(one, columns) for one in same)
        if row.get(FOUND) and is_new and not row.get("note"):
            row = {**row, "note": _NEW}
            row[FOUND] = found_text(row, columns)
        result.append(row)
    return result


def _is_about_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Return whether two rows are about the same: what their first cells name, and there about the same stretch."""
    if next(iter(one.values()), "") != next(iter(other.values()), ""):
        return False
    stretches = [_stretch(one), _stretch(other)]
    if None in stretches:
        return True  # a sheet without times has a row for each name
    (first, last), (start, end) = (stretch for stretch in stretches if stretch)
    return min(last, end) - max(first, start) > _SAME * min(last - first, end - start)


def _stretch(row: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        return float(row["start"].replace(",", ".")), float(row["end"].replace(",", "."))
    except (KeyError, ValueError):
        return None


def _same_rows(one: Sequence[Row], other: Sequence[Row]) -> bool:
    return sorted(map(_sortable, one)) == sorted(map(_sortable, other))


def _sortable(row: Row) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in row.items() if value)
