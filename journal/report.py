"""What a task returns: items to show in order, totals for the ledger, and named outputs for later steps."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from journal.errors import TaskError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

SCHEMA = 1
"""Version of report.json."""

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


Item = Metric | Table | Image | Gallery | Audio | Text | Quote | FileLink | Total
_KINDS: dict[str, type[Any]] = {
    kind.kind: kind for kind in (Metric, Table, Image, Gallery, Audio, Text, Quote, FileLink, Total)
}


@dataclass
class Report:
    """Collects what a task found. Each method adds one thing and returns the report, so that calls chain.

    Paths lie in ``ctx.out`` (a file from elsewhere is copied there when the report is written).
    """

    items: list[Item] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    headline_text: str = ""
    plots: dict[str, Plot] = field(default_factory=dict, repr=False)

    def metric(self, name: str, value: Any, unit: str = "", *, digits: int | None = None, shown: bool = True) -> Report:
        """Add a number; the first one is the step's headline unless ``headline`` says another."""
        return self._add(Metric(name, _cell(value, f"metric {name!r}"), unit, digits, shown))

    def table(
        self,
        rows: Sequence[Mapping[str, Any]] | Sequence[Sequence[Any]],
        columns: Sequence[str] | None = None,
        *,
        title: str = "",
        digits: int = 3,
        strong: float | None = None,
    ) -> Report:
        """Add a table from mappings (their keys are the columns) or from sequences and ``columns``."""
        names = list(columns) if columns is not None else _columns_of(rows)
        cells = [[_cell(value, f"table column {name!r}") for name, value in _pairs(row, names)] for row in rows]
        return self._add(Table(names, cells, title, digits, strong))

    def figure(self, name: str, plot: Plot, *, alt: str, caption: str = "") -> Report:
        """Add a matplotlib figure (see ``new_figure``), kept as ``NAME.svg``."""
        self.plots[f"{name}.svg"] = plot
        return self._add(Image(f"{name}.svg", alt, caption))

    def image(self, path: Path | str, *, alt: str, caption: str = "") -> Report:
        """Add a picture file."""
        return self._add(Image(str(path), alt, caption))

    def gallery(self, pictures: Sequence[tuple[Path | str, str]], *, columns: int, title: str = "") -> Report:
        """Add pictures as (path, caption) in a grid; the caption is the alt text too."""
        images = [Image(str(path), caption, caption) for path, caption in pictures]
        return self._add(Gallery(images, columns, title))

    def audio(self, path: Path | str, *, caption: str = "") -> Report:
        """Add a sound with a player."""
        return self._add(Audio(str(path), caption))

    def text(self, markdown: str) -> Report:
        """Add Markdown of the task's own."""
        return self._add(Text(markdown))

    def quote(self, text: str, *, title: str = "") -> Report:
        """Add text from a model or another source that isn't trusted."""
        return self._add(Quote(text, title))

    def file(self, path: Path | str, *, title: str = "") -> Report:
        """Add a file to download."""
        return self._add(FileLink(str(path), title))

    def total(self, ledger: str, value: float, unit: str) -> Report:
        """Count an amount (``unit`` such as "s", "min", "clips") toward a ledger."""
        return self._add(Total(ledger, float(value), unit))

    def output(self, name: str, value: Any) -> Report:
        """Name a value (plain data) or a file or folder (a Path in ``ctx.out``) for later steps."""
        self.outputs[name] = value
        return self

    def headline(self, text: str) -> Report:
        """Say in a few words what came out, for the line on the terminal."""
        self.headline_text = text
        return self

    @property
    def totals(self) -> list[Total]:
        return [item for item in self.items if isinstance(item, Total)]

    @property
    def metrics(self) -> list[Metric]:
        return [item for item in self.items if isinstance(item, Metric)]

    def _add(self, item: Item) -> Report:
        self.items.append(item)
        return self


def new_figure(width: float = 7.0, height: float = 3.2, rows: int = 1, columns: int = 1) -> tuple[Plot, Any]:
    """Return an empty matplotlib figure in the journal's style and its axes (an array where there are several).

    Sizes in inches. Text and axes take the colour of the page's text, light or dark.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        plot = Figure(figsize=(width, height), layout="constrained")
        return plot, plot.subplots(rows, columns)


def write_report(report: Report, folder: Path, **header: Any) -> None:
    """Write the figures and ``report.json`` into a step's folder; every path in it is relative to the folder."""
    for name, plot in report.plots.items():
        _write_svg(plot, folder / name)
    settled = {
        "schema": SCHEMA,
        **header,
        "headline": report.headline_text or _first_metric(report),
        "items": [_settle(item, folder) for item in report.items],
        "outputs": {name: _settle_output(value, folder) for name, value in report.outputs.items()},
    }
    text = json.dumps(settled, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def read_report(folder: Path) -> Report:
    """Read a step's report back; outputs that are files come as absolute paths."""
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    outputs = {name: _load_output(value, folder) for name, value in data["outputs"].items()}
    return Report([load_item(item) for item in data["items"]], outputs, data["headline"])


def load_item(data: Mapping[str, Any]) -> Item:
    """Make an item of its JSON form."""
    values = {name: value for name, value in data.items() if name != "kind"}
    if data["kind"] == "gallery":
        values["pictures"] = [Image(**picture) for picture in values["pictures"]]
    item: Item = _KINDS[data["kind"]](**values)
    return item


def format_number(value: Cell, digits: int | None = None) -> str:
    """Write a cell as a reader wants it: ``digits`` decimals, or four significant figures."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.{digits}f}" if digits is not None else f"{value:.4g}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def _first_metric(report: Report) -> str:
    for item in report.metrics:
        return f"{item.name} {format_number(item.value, item.digits)}{' ' + item.unit if item.unit else ''}"
    return ""


def _columns_of(rows: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def _pairs(row: Any, names: list[str]) -> list[tuple[str, Any]]:
    if isinstance(row, Mapping):
        return [(name, row.get(name)) for name in names]
    if len(row) != len(names):
        raise TaskError(f"a table row has {len(row)} cells for {len(names)} columns ({', '.join(names)})")
    return list(zip(names, row, strict=True))


def _cell(value: Any, place: str) -> Cell:
    """Turn numpy scalars into plain ones; a number that is none is an error, not a cell."""
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not math.isfinite(plain):
        raise TaskError(f"{place} is {plain}, not a number; the task must say why and leave it out")
    if plain is None or isinstance(plain, str | int | float | bool):
        return plain
    return str(plain)


def _settle(item: Item, folder: Path) -> dict[str, Any]:
    if isinstance(item, Gallery):
        item = replace(item, pictures=[replace(p, path=_place(p.path, folder)) for p in item.pictures])
    elif isinstance(item, Image | Audio | FileLink):
        item = replace(item, path=_place(item.path, folder))
    return {"kind": item.kind, **asdict(item)}


def _place(path: str, folder: Path) -> str:
    """Return a path relative to the step's folder; a file from elsewhere is copied in."""
    source = folder / path
    if not source.exists():
        raise TaskError(f"the report names {source.name}, which the task did not make")
    if source.is_relative_to(folder):
        return source.relative_to(folder).as_posix()
    shutil.copy(source, folder / source.name)
    return source.name


def _settle_output(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return {"path": _place(str(value), folder)}
    if isinstance(value, list | tuple) and value and all(isinstance(one, Path) for one in value):
        return {"paths": [_place(str(one), folder) for one in value]}
    return {"value": value.item() if hasattr(value, "item") else value}


def _load_output(data: Mapping[str, Any], folder: Path) -> Any:
    if "path" in data:
        return folder / data["path"]
    if "paths" in data:
        return [folder / path for path in data["paths"]]
    return data["value"]


_FOREGROUND = "#010203"  # stands for the page's text colour until the SVG is written
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "journal",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _FOREGROUND,
    "axes.edgecolor": _FOREGROUND,
    "axes.labelcolor": _FOREGROUND,
    "axes.titlecolor": _FOREGROUND,
    "xtick.color": _FOREGROUND,
    "ytick.color": _FOREGROUND,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
}


def _write_svg(plot: Plot, path: Path) -> None:
    """Save a figure as an SVG whose bytes depend on the figure alone and which stands inline in a page."""
    import io

    import matplotlib as mpl
    from matplotlib.text import Text as PlotText

    for text in plot.findobj(PlotText):
        if isinstance(text, PlotText) and text.get_color() == "black":  # written after new_figure set the style
            text.set_color(_FOREGROUND)
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        plot.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    named = {name for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg) for name in pair}
    svg = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in named else "", svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", path[0]), svg)
    svg = svg[svg.index("<svg") :].replace(_FOREGROUND, "var(--md-default-fg-color, #777)")
    path.write_text("\n".join(line for line in svg.splitlines() if line.strip()) + "\n", encoding="utf-8")
