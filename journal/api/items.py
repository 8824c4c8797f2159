"""The items of a report: plain values, each with its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

_LONGEST = 1e15  # from here on, powers of ten are easier to read
Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Metric:
    """A named number (or word), with its unit; ``digits`` are decimals. Not ``shown``: kept in report.json alone."""

    kind: ClassVar = "metric"
    name: str
    value: Cell
    unit: str = ""
    digits: int | None = None
    shown: bool = True


@dataclass(frozen=True)
class Table:
    """Rows under named columns. Cells from ``strong`` on in absolute value are set in bold."""

    kind: ClassVar = "table"
    columns: list[str]
    rows: list[list[Cell]]
    title: str = ""
    digits: int = 3
    strong: float | None = None


@dataclass(frozen=True)
class Image:
    """A picture file. SVGs made by ``Report.figure`` stand inline in the blog and follow its colours."""

    kind: ClassVar = "image"
    path: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures in a grid of so many columns."""

    kind: ClassVar = "gallery"
    pictures: list[Image]
    columns: int
    title: str = ""


@dataclass(frozen=True)
class Audio:
    """A sound file with a player."""

    kind: ClassVar = "audio"
    path: str
    caption: str = ""


@dataclass(frozen=True)
class Text:
    """Markdown that the task wrote itself."""

    kind: ClassVar = "text"
    markdown: str


@dataclass(frozen=True)
class Quote:
    """Text that a model wrote: shown as text, never run as HTML or Markdown."""

    kind: ClassVar = "quote"
    text: str
    title: str = ""


@dataclass(frozen=True)
class FileLink:
    """A file to download."""

    kind: ClassVar = "file"
    path: str
    title: str = ""


@dataclass(frozen=True)
class Total:
    """An amount that counts in the ledger of that name."""

    kind: ClassVar = "total"
    ledger: str
    value: float
    unit: str


@dataclass(frozen=True)
class Trial:
    """One try at a prompt: the picture that came of it and what made it. Not shown; `journal attempts` counts it."""

    kind: ClassVar = "trial"
    prompt: str
    path: str
    model: str
    seed: int | None = None
    settings: str = ""
    right: bool | None = None
    """Whether it shows what was asked for, where something has judged that."""
    seen: str = ""
    """What a judge saw."""


Item = Metric | Table | Image | Gallery | Audio | Text | Quote | FileLink | Total | Trial
_KINDS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (Metric, Table, Image, Gallery, Audio, Text, Quote, FileLink, Total, Trial)
}


def load_item(data: Mapping[str, Any]) -> Item:
    """Make an item of its JSON form."""
    values = {name: value for name, value in data.items() if name != "kind"}
    if data["kind"] == "gallery":
        values["pictures"] = [Image(**picture) for picture in values["pictures"]]
    item: Item = _KINDS[data["kind"]](**values)
    return item


def format_number(value: Cell, digits: int | None = None) -> str:
    """Write a cell as a reader wants it: ``digits`` decimals, or four significant figures and all whole ones."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.{digits}f}" if digits is not None else f"{value:.4g}"
    if "e+" in text and abs(value) < _LONGEST:
        text = f"{value:.0f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
