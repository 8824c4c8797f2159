"""How a text table is written: its encoding, delimiter, decimal mark and thousands mark, found from its cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from journal.errors import TaskError

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "."))
"""Cells that hold nothing, in any case."""
SNIFFED_BYTES = 4 << 20
"""How much of a long file is looked at to find its dialect; the rest is held to it."""
_DELIMITERS = ",;\t|"
_POINT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+|\d+)(?:[eE][-+]?\d+)?")
_POINT_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_COMMA_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d*)?")
_NAMES = {",": "`,`", ";": "`;`", "\t": "tabs", "|": "`|`"}


@dataclass(frozen=True)
class Dialect:
    """How a text table is written."""

    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    quoted_line_ends: bool = False

    def __str__(self) -> str:
        words = [_NAMES[self.delimiter], *(["decimal comma"] if self.decimal == "," else [])]
        if self.thousands:
            words.append(f"`{self.thousands}` between thousands")
        text = " and ".join(words)
        return text if self.encoding == "utf-8" else f"{text}, {self.encoding}"

    def number(self, cell: str) -> float:
        """Return a cell's number, NaN where it is missing. Raises ``ValueError`` where it is neither."""
        text = cell.strip()
        if text.lower() in MISSING:
            return float("nan")
        if self.thousands:
            text = text.replace(self.thousands, "")
        if self.decimal == ",":
            if "." in text:
                raise ValueError(cell)
            text = text.replace(",", ".")
        if not _POINT.fullmatch(text):
            raise ValueError(cell)
        return float(text)


def find_dialect(path: Path) -> Dialect:
    """Find how a text table is written. Raises ``TaskError`` for an empty one, or one that can be read in two ways."""
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
        is_whole = not file.read(1)
    encoding = _encoding(head, path)
    text = head.decode(encoding, "replace" if not is_whole else "strict").lstrip("\ufeff")
    if not is_whole:
        text = text[: text.rfind("\n") + 1]
    if not text.strip():
        raise TaskError(f"{path.name} is empty; give a file with a line of column names and rows of numbers")
    delimiter = _delimiter(text, path)
    quoted = '"' in text and any(line.count('"') % 2 for line in text.splitlines())
    decimal, thousands = _marks(_cells(text, delimiter), path)
    return Dialect(delimiter, decimal, thousands, encoding, quoted)


def _encoding(head: bytes, path: Path) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in head:
        raise TaskError(f"{path.name} is no text; give a CSV, TSV, Parquet, SPSS, Stata or Excel file")
    try:
        head[: head.rfind(b"\n") + 1 or len(head)].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(text: str, path: Path) -> str:
    """Return the delimiter by which most lines have as many cells as the first."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    lines = [line for line in text.splitlines()[:2000] if line.strip()]
    cells = {mark: list(csv.reader(lines, delimiter=mark)) for mark in _DELIMITERS if mark in lines[0]}
    if not cells:
        return ","
    return max(cells, key=lambda mark: (_agreement(cells[mark]), len(cells[mark][0])))


def _agreement(rows: Sequence[Sequence[str]]) -> float:
    return round(sum(len(row) == len(rows[0]) for row in rows) / len(rows), 2)


def _cells(text: str, delimiter: str) -> Iterator[str]:
    """Yield the cells below the header that have a comma or a point."""
    rows = (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
    next(rows, None)
    for row in rows:
        yield from (cell.strip() for cell in row if "," in cell or "." in cell)


def _marks(cells: Iterable[str], path: Path) -> tuple[str, str]:
    """Return the decimal mark and the mark between thousands."""
    counts, shown = Counter[str](), dict[str, str]()
    for cell in cells:
        kind = _kind(cell)
        counts[kind] += 1
        shown.setdefault(kind, cell)
    comma, point = counts["comma"] + counts["comma thousands"], counts["point"] + counts["point thousands"]
    if counts["either"] and not comma and not counts["point"] and not counts["point thousands"]:
        raise TaskError(
            f"{path.name}: '{shown['either']}' may be a decimal comma or a mark between thousands, and no cell tells; "
            "write such cells without the comma, or with a point"
        )
    if comma and point:
        one = shown.get("comma") or shown["comma thousands"]
        other = shown.get("point") or shown["point thousands"]
        raise TaskError(
            f"{path.name}: some cells have a decimal comma ('{one}'), others a point ('{other}'); write all in one way"
        )
    if comma:
        return ",", "." if counts["comma thousands"] else ""
    return ".", "," if counts["point thousands"] or counts["either"] else ""


def _kind(cell: str) -> str:
    """Return how a cell is written: "either" for one such as 1,526, which has two readings."""
    if "," in cell and "." in cell:
        if _POINT_THOUSANDS.fullmatch(cell):
            return "point thousands"
        return "comma thousands" if _COMMA_THOUSANDS.fullmatch(cell) else ""
    if "," in cell:
        if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell):
            return "either"
        if _POINT_THOUSANDS.fullmatch(cell) and cell.count(",") > 1:
            return "point thousands"
        return "comma" if _COMMA.fullmatch(cell) else ""
    if cell.count(".") > 1 and _COMMA_THOUSANDS.fullmatch(cell):
        return "comma thousands"
    return "point" if _POINT.fullmatch(cell) else ""
