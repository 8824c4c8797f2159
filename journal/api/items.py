"""Report items: a class for each kind, with its JSON form, files and Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from journal.api.item import Item, Page
from journal.api.numbers import Cell, Composite, NamedNumber, dump_cell, format_cell, load_cell, numbers_in
from journal.text.escape import escape, escape_html, preformatted, stands_alone


@dataclass(frozen=True)
class Metric(Item):
    """A named number (or word) with a unit and ``digits`` decimals; if not ``visible``, only in report.json."""

    kind: ClassVar = "metric"
    name: str
    value: Cell
    unit: str = ""
    digits: int | None = None
    visible: bool = True

    def __str__(self) -> str:
        return f"{format_cell(self.value, self.digits)} {self.unit}".strip()

    def markdown(self, page: Page) -> str:
        return f"- {escape(self.name)}: **{escape(str(self))}**" if self.visible else ""

    def numbers(self) -> Iterator[NamedNumber]:
        for name, number in numbers_in(self.value, self.digits, self.unit):
            yield NamedNumber((self.name, name) if name else (self.name,), number)

    def to_json(self) -> dict[str, object]:
        data = {**super().to_json(), "value": dump_cell(self.value)}
        data["shown"] = data.pop("visible")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        values = {**data, "value": load_cell(data["value"])}
        visible = values.pop("shown", True)
        return super().from_json({**values, "visible": visible})


@dataclass(frozen=True)
class Table(Item):
    """Rows under named columns; cells of at least ``strong`` in absolute value are bold."""

    kind: ClassVar = "table"
    columns: list[str]
    rows: list[list[Cell]]
    title: str = ""
    digits: int = 3
    strong: float | None = None
    name: str = ""
    """What sentences call it: with the name "share", a cell is STEP.share[ROW, COLUMN]."""

    def markdown(self, page: Page) -> str:
        numeric = [_is_numeric([row[index] for row in self.rows]) for index in range(len(self.columns))]
        rule = ["--:" if number else ":--" for number in numeric]
        lines = [_row([escape(name) for name in self.columns]), _row(rule)]
        lines += [_row([self._cell(cell) for cell in row]) for row in self.rows]
        return _title(self.title) + ("\n".join(lines) if self.columns else "")

    def numbers(self) -> Iterator[NamedNumber]:
        """Yield the table's numbers, taking the first column as the rows' names."""
        for row in self.rows:
            for column, cell in zip(self.columns[1:], row[1:], strict=True):
                for name, number in numbers_in(cell, self.digits if isinstance(cell, float) else 0, self._unit(column)):
                    label = format_cell(row[0])
                    yield NamedNumber((label, column, name) if name else (label, column), number, self.title)

    def to_json(self) -> dict[str, object]:
        data = {**super().to_json(), "rows": [[dump_cell(cell) for cell in row] for row in self.rows]}
        if not self.name:
            del data["name"]  # as earlier versions wrote it
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        rows: Sequence[Sequence[object]] = data["rows"]  # type: ignore[assignment]
        return super().from_json({**data, "rows": [[load_cell(cell) for cell in row] for row in rows]})

    def _cell(self, cell: Cell) -> str:
        text = escape(format_cell(cell, self.digits))
        strong = self.strong is not None and isinstance(cell, float) and abs(cell) >= self.strong
        return f"**{text}**" if strong else text

    def _unit(self, column: str) -> str:
        if "%" in column or "%" in self.title:
            return "%"
        return {"seconds": "s", "minutes": "min", "hours": "h"}.get(
            column, column if column in ("s", "min", "h") else ""
        )


@dataclass(frozen=True)
class Image(Item):
    """A picture file; SVGs from ``Report.figure`` are inlined in the blog and follow its colours."""

    kind: ClassVar = "image"
    path: str
    alt: str
    caption: str = ""

    def markdown(self, page: Page) -> str:
        caption = f"\n*{escape(self.caption)}*" if self.caption.strip() else ""
        return f"![{escape(self.alt)}]({page.link(self.path)}){caption}"

    def as_cell(self, page: Page) -> str:
        """Return the picture as HTML: a small version that links to the full size."""
        link, alt = html.escape(page.link(self.path)), escape_html(self.alt)
        return f'<a href="{link}"><img src="{link}" alt="{alt}" width="192"></a><br>{escape_html(self.caption)}'


@dataclass(frozen=True)
class Gallery(Item):
    """A grid of pictures."""

    kind: ClassVar = "gallery"
    pictures: list[Image]
    columns: int
    title: str = ""

    def markdown(self, page: Page) -> str:
        """Return a table of linked pictures, which both GitHub and the blog show as a grid."""
        cells = [picture.as_cell(page) for picture in self.pictures]
        width = max(1, self.columns)
        rows = [cells[start : start + width] for start in range(0, len(cells), width)]
        rows[-1] += [""] * (width - len(rows[-1])) if rows else []
        body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        return f'{_title(self.title)}<table class="gallery">\n{body}\n</table>'

    def with_files(self, place: Callable[[str], str]) -> Self:
        return replace(self, pictures=[picture.with_files(place) for picture in self.pictures])

    def to_json(self) -> dict[str, object]:
        pictures = [{"path": one.path, "alt": one.alt, "caption": one.caption} for one in self.pictures]
        return {**super().to_json(), "pictures": pictures}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        pictures: Sequence[Mapping[str, str]] = data["pictures"]  # type: ignore[assignment]
        return super().from_json({**data, "pictures": [Image(**picture) for picture in pictures]})


@dataclass(frozen=True)
class Audio(Item):
    """A sound file with a player."""

    kind: ClassVar = "audio"
    path: str
    caption: str = ""

    def markdown(self, page: Page) -> str:
        link, label = html.escape(page.link(self.path)), escape_html(self.caption or self.path)
        player = f'<audio controls preload="none" src="{link}" aria-label="{label}"></audio>'
        return f'<p class="audio">{player} {escape_html(self.caption)}</p>'


@dataclass(frozen=True)
class Text(Item):
    """Markdown written by the task itself."""

    kind: ClassVar = "text"
    text: str

    def markdown(self, page: Page) -> str:
        return self.text.strip("\n") if stands_alone(self.text) else Quote(self.text).markdown(page)

    def to_json(self) -> dict[str, object]:
        return {"kind": self.kind, "markdown": self.text}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        return cls(str(data["markdown"]))


@dataclass(frozen=True)
class Quote(Item):
    """Text written by a model, shown literally: nothing in it is taken as HTML or Markdown."""

    kind: ClassVar = "quote"
    text: str
    title: str = ""

    def markdown(self, page: Page) -> str:
        return f'{_title(self.title)}<pre class="quote">{preformatted(self.text)}</pre>'


@dataclass(frozen=True)
class FileLink(Item):
    """A file to download."""

    kind: ClassVar = "file"
    path: str
    title: str = ""

    def markdown(self, page: Page) -> str:
        return f"[{escape(self.title or self.path)}]({page.link(self.path)})"


@dataclass(frozen=True)
class Total(Item):
    """An amount added to the ledger of that name; shown as the ledger's total including it."""

    kind: ClassVar = "total"
    ledger: str
    value: float
    unit: str

    def markdown(self, page: Page) -> str:
        return f"**{escape(page.total(self.ledger))}**"


@dataclass(frozen=True)
class Part(Item):
    """The beginning of a part of a report: what follows has this name, and is folded under this title if so."""

    kind: ClassVar = "part"
    name: str
    title: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Trial(Item):
    """One attempt at a prompt: the resulting picture and its origin; not shown, but kept for lists of attempts."""

    kind: ClassVar = "trial"
    prompt: str
    path: str
    model: str
    seed: int | None = None
    settings: str = ""
    right: bool | None = None
    """Whether it shows what was asked for, if that was judged."""
    seen: str = ""
    """What a judge saw."""


def _title(text: str) -> str:
    return f"**{escape(text)}**\n\n" if text.strip() else ""


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_numeric(cells: list[Cell]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(_looks_numeric(cell) for cell in known)


def _looks_numeric(cell: Cell) -> bool:
    """Return whether a cell is right-aligned: a number, or one formatted as text by an earlier version."""
    if isinstance(cell, str):
        return bool(re.fullmatch(r"[-−]?\d+(\.\d+)?", cell))
    return not isinstance(cell, bool | Composite)
