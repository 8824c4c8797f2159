"""What a notebook's cells put out, in a report: pictures, tables of data frames, and text."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from journal import Report, TaskError

from .showing import add_cells

_PICTURES = {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif"}
_COLOURS = re.compile("\x1b\\[[0-9;]*[A-Za-z]")
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")


def show_output(report: Report, output: Mapping[str, Any], out: Path, name: str) -> None:
    """Add one output of a cell: its richest form that a page can show. What goes to standard error is left out."""
    if output["output_type"] == "stream":
        if output.get("name") == "stdout":
            _add_text(report, output["text"])
        return
    data = output.get("data", {})
    for kind, suffix in _PICTURES.items():
        if kind in data:
            _add_picture(report, data[kind], out / f"{name}{suffix}", data.get("text/plain", ""))
            return
    if "text/html" in data and _add_table(report, data["text/html"]):
        return
    if "text/markdown" in data:
        report.text(data["text/markdown"])
    elif "text/latex" in data:
        report.text(data["text/latex"])
    elif "text/plain" in data:
        _add_text(report, data["text/plain"])


def steady(text: str) -> str:
    """Return a text without addresses in memory, which differ from run to run."""
    return _ADDRESS.sub("", text)


def without_colours(text: str) -> str:
    """Return a text without the codes that colour it in a terminal."""
    return _COLOURS.sub("", text)


def _add_text(report: Report, text: str) -> None:
    plain = without_colours(text).strip("\n")
    if plain.strip():
        report.quote(plain)


def _add_picture(report: Report, data: str, path: Path, said: str) -> None:
    if path.exists():
        raise TaskError(f"results: {path.name} is what the picture of a cell is called; give the file another name")
    path.write_bytes(data.encode() if path.suffix == ".svg" else base64.b64decode(data))
    alt = "" if not said or said.startswith("<") else said
    report.image(path, alt=alt or f"{path.stem.replace('-', ' ')}, as the notebook drew it")


def _add_table(report: Report, html: str) -> bool:
    """Add the first table of an HTML text, and return whether there was a plain one."""
    reader = _TableReader()
    reader.feed(html)
    rows = [row for row in reader.rows if row]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1 or len(set(rows[0])) < len(rows[0]):
        return False
    add_cells(report, rows[0], rows[1:], "")
    return True


class _TableReader(HTMLParser):
    """Collects the cells of a table's rows; the head of a data frame's index column is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self.is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self.is_in_cell:
            self.rows[-1][-1] += data.strip()
