"""A program's results in a report, each as its suffix says."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

from journal import Number, Report, TaskError

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.(\d+))?")
"""A number as programs print it; a code such as 007 is none."""
_MOST_ROWS = 200


def show_file(report: Report, file: Path, out: Path) -> None:
    """Add a picture, sound, table, text or link, and name the file as an output for later steps.

    A JSON object's numbers become metrics. Raises ``TaskError`` where a file is not what its suffix says.
    """
    name, suffix = file.relative_to(out).as_posix(), file.suffix.lower()
    if suffix in PICTURES:
        report.image(file, alt=f"{file.stem}, as the program drew it")
    elif suffix in SOUNDS:
        report.audio(file, caption=file.stem)
    elif suffix in (".csv", ".tsv"):
        add_table(report, _read(file), "\t" if suffix == ".tsv" else "", name)
        report.file(file)
    elif suffix in (".txt", ".log"):
        report.quote(_read(file).rstrip("\n"), title=name)
    elif suffix == ".md":
        report.text(_read(file))
    elif suffix == ".json":
        _add_metrics(report, file, name)
        report.file(file)
    else:
        report.file(file)
    report.output(re.sub(r"\W+", "_", file.stem), file)


def add_table(report: Report, text: str, delimiter: str, name: str) -> None:
    """Add a table from delimited text with a header; numbers keep the digits they are written with.

    Raises ``TaskError`` where rows are longer or shorter than the header.
    """
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter or _delimiter(text)) if row]
    if len(rows) < 2:
        raise TaskError(f"{name}: a table has a header and rows; found {len(rows)} line{'s' * (len(rows) != 1)}")
    header, body = rows[0], rows[1:]
    for number, row in enumerate(body, 2):
        if len(row) != len(header):
            raise TaskError(f"{name}: row {number} has {len(row)} cells, and the header {len(header)}")
    if len(set(header)) < len(header):
        raise TaskError(f"{name}: two columns have the same name; rename one")
    add_cells(report, header, body, name)


def add_cells(report: Report, header: Sequence[str], body: Sequence[Sequence[str]], name: str) -> None:
    """Add a table of cells as text, of which the numbers become numbers."""
    cells = [[_cell(cell) for cell in row] for row in body[:_MOST_ROWS]]
    more = f"the first {_MOST_ROWS} of {len(body)} rows" if len(body) > _MOST_ROWS else ""
    report.table(cells, list(header), title=", ".join(filter(None, (name, more))))


def _add_metrics(report: Report, file: Path, name: str) -> None:
    try:
        found = json.loads(_read(file))
    except ValueError as error:
        raise TaskError(f"{name}: is not JSON ({error})") from error
    if isinstance(found, dict):
        for key, value in found.items():
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
                report.metric(str(key), value)


def _cell(text: str) -> str | int | Number:
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        return text
    return Number(float(text), digits=len(match[1])) if match[1] else int(text)


def _delimiter(text: str) -> str:
    """Return what stands most often in the first line: a tab, a semicolon or a comma."""
    first = text.partition("\n")[0]
    return max(",", ";", "\t", key=first.count)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TaskError(
            f"{file.name}: is not text in UTF-8 (byte {error.start}); write it so, or as another kind"
        ) from error
