"""Reports, which tasks return: items to show, totals for ledgers, and named outputs for later steps."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.figures import new_figure
from journal.api.item import Item
from journal.api.items import Audio, FileLink, Gallery, Image, Metric, Part, Quote, Table, Text, Total, Trial
from journal.api.numbers import Cell, Composite, Number
from journal.errors import TaskError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

__all__ = ["Report", "new_figure"]
_LARGEST = 10**308


@dataclass
class Report:
    """A task's results; each method adds one thing and returns the report, so that calls can be chained.

    Paths are in ``ctx.out`` (files from elsewhere are copied there when the report is written).
    """

    items: list[Item] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    headline_text: str = ""
    plots: dict[str, Plot] = field(default_factory=dict, repr=False)
    synonyms: dict[str, list[str]] = field(default_factory=dict)
    """What else sentences call a metric, row or column, by its name in the report."""

    def metric(
        self, name: str, value: Any, unit: str = "", *, digits: int | None = None, visible: bool = True
    ) -> Report:
        """Add a number; the first one becomes the step's headline unless ``headline`` sets another."""
        return self._add(Metric(name, _cell(value, f"metric {name!r}"), unit, digits, visible))

    def table(
        self,
        rows: Sequence[Mapping[str, Any]] | Sequence[Sequence[Any]],
        columns: Sequence[str] | None = None,
        *,
        title: str = "",
        digits: int = 3,
        strong: float | None = None,
        name: str = "",
    ) -> Report:
        """Add a table from mappings, whose keys are the columns, or from sequences and ``columns``.

        A table with a ``name`` has its cells called STEP.NAME[ROW, COLUMN], one without STEP.COLUMN[ROW].
        """
        names = list(columns) if columns is not None else _columns_of(rows)
        cells = [[_cell(value, f"table column {name!r}") for name, value in _pairs(row, names)] for row in rows]
        return self._add(Table(names, cells, title, digits, strong, name))

    def figure(self, name: str, plot: Plot, *, alt: str, caption: str = "") -> Report:
        """Add a matplotlib figure (see ``new_figure``), saved as ``NAME.svg``."""
        self.plots[f"{name}.svg"] = plot
        return self._add(Image(f"{name}.svg", alt, caption))

    def image(self, path: Path | str, *, alt: str, caption: str = "") -> Report:
        """Add a picture file."""
        return self._add(Image(str(path), alt, caption))

    def gallery(self, pictures: Sequence[tuple[Path | str, str]], *, columns: int, title: str = "") -> Report:
        """Add a grid of pictures, given as (path, caption); the caption is also the alt text."""
        images = [Image(str(path), caption, caption) for path, caption in pictures]
        return self._add(Gallery(images, columns, title))

    def audio(self, path: Path | str, *, caption: str = "") -> Report:
        """Add a sound file with a player."""
        return self._add(Audio(str(path), caption))

    def text(self, markdown: str) -> Report:
        """Add Markdown written by the task itself."""
        return self._add(Text(markdown))

    def quote(self, text: str, *, title: str = "") -> Report:
        """Add text from a model or another untrusted source."""
        return self._add(Quote(text, title))

    def file(self, path: Path | str, *, title: str = "") -> Report:
        """Add a file to download."""
        return self._add(FileLink(str(path), title))

    def part(self, name: str, title: str = "", *, folded: bool = False) -> Report:
        """Begin a part: what is added from here on, up to the next part, stands together under its name.

        An entry shows, hides and folds parts by name. A folded one stands under its title, a few words that say what
        is in it. A report without parts is arranged by the kinds of its items.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise TaskError(f"part {name!r}: use lower-case letters, digits and hyphens, such as 'loadings'")
        return self._add(Part(name, title, folded))

    def add(self, item: Item) -> Report:
        """Add an item of any kind, such as one from a plugin."""
        if not isinstance(item, Item) or not isinstance(getattr(item, "kind", None), str):
            kind = "has no kind; add: kind: ClassVar = 'name'" if isinstance(item, Item) else "is not a journal.Item"
            raise TaskError(f"the item {type(item).__name__} {kind}")
        return self._add(item)

    def total(self, ledger: str, value: float, unit: str) -> Report:
        """Add an amount, in a unit such as "s" or "clips", to a ledger. Raises ``TaskError`` where it isn't finite."""
        try:
            amount = float(value)
        except (TypeError, ValueError) as error:
            raise TaskError(f"the total for ledger '{ledger}' is {value!r}, not a number; leave it out") from error
        if not math.isfinite(amount):
            raise TaskError(f"the total for ledger '{ledger}' is {amount}, not a number; leave it out")
        return self._add(Total(ledger, amount, unit))

    def trial(
        self,
        prompt: str,
        path: Path | str,
        *,
        model: str,
        seed: int | None = None,
        settings: str = "",
        right: bool | None = None,
        seen: str = "",
    ) -> Report:
        """Record a picture as an attempt at a prompt; ``right`` and ``seen`` are a judge's verdict."""
        return self._add(Trial(prompt, str(path), model, seed, settings, right, seen))

    def output(self, name: str, value: Any) -> Report:
        """Name a value (plain data), or a file or folder (a ``Path`` in ``ctx.out``), for later steps."""
        self.outputs[name] = value
        return self

    def also_called(self, name: str, *others: str) -> Report:
        """Say what else a sentence may call a metric, row or column, so that ``journal check`` finds what is meant."""
        self.synonyms.setdefault(name, []).extend(others)
        return self

    def headline(self, text: str) -> Report:
        """Set the summary of the result, a few words for the line on the terminal."""
        self.headline_text = text
        return self

    @property
    def totals(self) -> list[Total]:
        return [item for item in self.items if isinstance(item, Total)]

    @property
    def trials(self) -> list[Trial]:
        return [item for item in self.items if isinstance(item, Trial)]

    @property
    def metrics(self) -> list[Metric]:
        return [item for item in self.items if isinstance(item, Metric)]

    def _add(self, item: Item) -> Report:
        self.items.append(item)
        return self


def _columns_of(rows: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def _pairs(row: Any, names: list[str]) -> list[tuple[str, Any]]:
    if isinstance(row, Mapping):
        return [(name, row.get(name)) for name in names]
    if len(row) != len(names):
        raise TaskError(f"a table row has {len(row)} cells for {len(names)} columns ({', '.join(names)})")
    return list(zip(names, row, strict=True))


def _cell(value: Any, place: str) -> Cell:
    """Turn numpy scalars into plain ones. Raises ``TaskError`` where a number is not finite."""
    if isinstance(value, Composite):
        return _composite(value, place)
    if isinstance(value, Number):
        return _number(value, place)
    try:
        plain = value.item() if hasattr(value, "item") else value
    except (ValueError, RuntimeError) as error:
        raise TaskError(f"{place} is a {type(value).__name__} of several values; give one of them") from error
    if isinstance(plain, float) and not math.isfinite(plain):
        raise TaskError(f"{place} is {plain}, not a number; leave it out and say why")
    if isinstance(plain, int) and abs(plain) > _LARGEST:
        raise TaskError(f"{place} has more than 308 digits; give it in a larger unit")
    if plain is None or isinstance(plain, str | int | float | bool):
        return plain
    if re.search(r" at 0x[0-9a-f]+>", text := str(plain)):  # each run would write another
        raise TaskError(f"{place} is an object of the class {type(plain).__name__}; give a number or text")
    return text


def _composite(value: Composite, place: str) -> Composite:
    for name, number in value.numbers.items():
        if not isinstance(number, Number):
            raise TaskError(f"{place}: '{name}' is {number!r}, not a Number; write Number({number!r})")
    if missing := [name for name in value.names() if name not in value.numbers]:
        raise TaskError(f"{place}: its text names {{{missing[0]}}}, which is none of its numbers; add it")
    return Composite(value.text, {name: _number(one, place) for name, one in value.numbers.items()})


def _number(number: Number, place: str) -> Number:
    value = _cell(number.value, place)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TaskError(f"{place} is {value!r}, not a number; use Number only for numbers")
    if any(isinstance(one, int) and one < 0 for one in (number.digits, number.figures)):
        raise TaskError(f"{place} has a negative number of digits; give 0 or more")
    return replace(number, value=value)
