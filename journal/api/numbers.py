"""Numbers in reports, stored with unit and precision rather than as formatted text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"\{([^{}]*)\}")
_LONGEST = 1e15  # from here on, powers of ten are easier to read


@dataclass(frozen=True)
class Number:
    """A number with a unit and a format: ``digits`` decimals, or a number of significant ``figures``."""

    value: float
    unit: str = ""
    digits: int | None = None
    figures: int | None = None

    def __str__(self) -> str:
        if self.figures is not None:
            return f"{self.value:.{self.figures}g}" + (f" {self.unit}" if self.unit else "")
        return f"{format_number(self.value, self.digits)} {self.unit}".strip()

    def to_json(self) -> dict[str, object]:
        """Return the number as plain data, omitting defaults."""
        return {"value": self.value, **{name: one for name, one in _settings(self) if one not in ("", None)}}


@dataclass(frozen=True)
class Composite:
    """Text that contains numbers: ``Composite("{low} to {high}", {"low": Number(1), "high": Number(2)})``."""

    text: str
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def __str__(self) -> str:
        return _NAME.sub(lambda match: str(self.numbers.get(match[1], match[0])), self.text)

    def names(self) -> list[str]:
        """Return the names of the numbers that its text has in braces."""
        return _NAME.findall(self.text)

    def to_json(self) -> dict[str, object]:
        """Return the text and its numbers as plain data."""
        return {"text": self.text, "numbers": {name: number.to_json() for name, number in self.numbers.items()}}


Cell = str | int | float | bool | None | Number | Composite
"""The value of a metric or of a table cell."""


@dataclass(frozen=True)
class NamedNumber:
    """A number shown by a report, and the words that name it: a row's and a column's, or a metric's."""

    names: tuple[str, ...]
    number: Number
    title: str = ""
    """The title of its table."""


def load_cell(data: object) -> Cell:
    """Create a cell from its JSON form."""
    if not isinstance(data, Mapping):
        return data  # type: ignore[return-value]  # JSON has no other values than these
    if "text" in data:
        return Composite(data["text"], {name: Number(**one) for name, one in data["numbers"].items()})
    return Number(**data)


def dump_cell(cell: Cell) -> object:
    """Return a cell's JSON form."""
    return cell.to_json() if isinstance(cell, Number | Composite) else cell


def numbers_in(cell: Cell, digits: int | None = None, unit: str = "") -> Iterator[tuple[str, Number]]:
    """Yield a cell's numbers with their names in it; ``digits`` and ``unit`` apply to a plain number."""
    if isinstance(cell, Composite):
        yield from cell.numbers.items()
    elif isinstance(cell, Number):
        yield "", cell
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        yield "", Number(cell, unit, digits)


def format_cell(cell: Cell, digits: int | None = None) -> str:
    """Format a cell for display, a plain number as ``format_number`` does."""
    return str(cell) if isinstance(cell, Number | Composite) else format_number(cell, digits)


def format_number(value: str | float | bool | None, digits: int | None = None) -> str:
    """Format a number for display: with ``digits`` decimals, or four significant figures and all integer digits."""
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


def _settings(number: Number) -> Iterator[tuple[str, object]]:
    yield from (("unit", number.unit), ("digits", number.digits), ("figures", number.figures))
