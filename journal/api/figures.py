"""Figures: matplotlib in the journal's style, saved as SVG for inlining in a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

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


def new_figure(width: float = 7.0, height: float = 3.2, rows: int = 1, columns: int = 1) -> tuple[Plot, Any]:
    """Return an empty matplotlib figure in the journal's style and its axes (an array where there are several).

    Sizes are in inches. Text and axes take the page's text colour, light or dark.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        plot = Figure(figsize=(width, height), layout="constrained")
        return plot, plot.subplots(rows, columns)


def write_svg(plot: Plot, path: Path) -> None:
    """Save a figure as an SVG that can be inlined in a page and whose bytes depend only on the figure."""
    import io

    import matplotlib as mpl
    from matplotlib.legend import Legend
    from matplotlib.text import Text as PlotText

    for legend in plot.findobj(Legend):
        legend.set_frame_on(False)  # its white box would stand out on a dark page
    for text in plot.findobj(PlotText):
        if isinstance(text, PlotText):
            text.set_parse_math(False)  # a dollar in a name is a dollar
        if isinstance(text, PlotText) and text.get_color() == "black":  # written after new_figure set the style
            text.set_color(_FOREGROUND)
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        plot.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    named = {name for pair in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg) for name in pair}
    svg = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in named else "", svg)
    svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", path[0]), svg)
    path.parent.mkdir(parents=True, exist_ok=True)
    svg = svg[svg.index("<svg") :].replace(_FOREGROUND, "var(--md-default-fg-color, #777)")
    path.write_text("\n".join(line for line in svg.splitlines() if line.strip()) + "\n", encoding="utf-8")
