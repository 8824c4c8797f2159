"""Plots of a solution: scree with parallel analysis, shaded loadings, the plane of two factors, a path diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from journal import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from .solution import Solution

BLUE, RED, GREY = "#3f51b5", "#e53935", "#8a8a8a"
PLANE_VARIABLES = 24
"""Of more, not all labels would have room beside the plane; the shaded loadings say it."""
_TICKED = 12
_LONGEST_LABEL = 18
_LINE = 0.17
"""The height of a label in the plane's units, a little above its own."""


def draw_scree(solution: Solution) -> Figure:
    """Draw the eigenvalues as bars and a line, Kaiser's line, and what random data of the same size would give."""
    values = solution.extraction.eigenvalues[:25]
    plot, axes = new_figure(6.4, 3.0)
    numbers = np.arange(1, len(values) + 1)
    kept = numbers <= len(solution.names)
    axes.bar(numbers, values, width=0.6, color=np.where(kept, BLUE, GREY), alpha=0.35)
    axes.plot(numbers, values, "o-", color=BLUE, label="eigenvalue")
    mean = float(np.trace(solution.association.matrix)) / len(solution.association.matrix)
    axes.axhline(mean, linestyle="--", linewidth=1, color=RED, label=f"mean eigenvalue, {mean:.4g} (Kaiser)")
    random = solution.number_of_factors.components
    if random is not None and solution.association.kind == "correlation":
        axes.plot(
            numbers,
            random.quantile[: len(values)],
            ":",
            color=GREY,
            label=f"random data, {random.level:.0%} quantile",
        )
    axes.set(xlabel="factor", ylabel="eigenvalue")
    if len(values) <= _TICKED:
        axes.set_xticks(numbers)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)  # where nothing is drawn
    return plot


def draw_number_of_factors(solution: Solution) -> Figure:
    """Draw what each rule for the number of factors looks at, in a panel with an axis of its own."""
    found = solution.number_of_factors
    counts = {vote.rule: vote.factors for vote in found.votes}
    plot, ((scree, components), (common, partials)) = new_figure(6.4, 5.2, rows=2, columns=2)
    numbers = np.arange(1, len(found.eigenvalues) + 1)
    _draw_rule(scree, numbers, found.eigenvalues, counts["elbow"] + 0.5, f"Scree: {counts['elbow']}")
    scree.axhline(1, linestyle="--", linewidth=1, color=RED)
    scree.annotate(f"Kaiser: {counts['kaiser']}", (numbers[-1], 1), xytext=(0, 3), textcoords="offset points",
                   ha="right", fontsize=8, color=RED)  # fmt: skip
    for axes, parallel, title in (
        (components, found.components, "Parallel analysis, components"),
        (common, found.common, "Parallel analysis, factors"),
    ):
        if parallel is None:
            axes.axis("off")
            continue
        count = counts["parallel-components" if axes is components else "parallel-factors"]
        _draw_rule(axes, numbers, parallel.observed, count + 0.5, f"{title}: {count}")
        axes.plot(numbers, parallel.quantile, ":", color=GREY)
        axes.annotate("random data", (numbers[-1], parallel.quantile[-1]), xytext=(0, 6),
                      textcoords="offset points", ha="right", fontsize=8, color=GREY)  # fmt: skip
    taken_out = np.arange(len(found.map_values))
    _draw_rule(partials, taken_out, found.map_values, counts["map"], f"MAP: {counts['map']}")
    partials.set(xlabel="components taken out")
    return plot


def _draw_rule(axes: Axes, numbers: NDArray[np.int_], values: NDArray[np.float64], mark: float, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(numbers, values, "o-", color=BLUE, markersize=3.5)
    axes.axvline(mark, linestyle="-.", linewidth=1, color=GREY)
    axes.set_title(title, fontsize=10)
    axes.set(xlabel="factor")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def draw_loadings(solution: Solution, cutoff: float) -> Figure:
    """Draw the loadings as a table shaded by size: blue above zero, red below; those below the cut-off are faint."""
    from matplotlib.colors import LinearSegmentedColormap

    loadings = solution.loadings
    rows, columns = loadings.shape
    plot, axes = new_figure(1.8 + 0.9 * columns, 0.6 + 0.3 * rows)
    shades = LinearSegmentedColormap.from_list("loadings", [RED, "#ffffff00", BLUE])
    axes.imshow(loadings, cmap=shades, vmin=-1.2, vmax=1.2, aspect="auto")
    for (row, column), value in np.ndenumerate(loadings):
        faint = abs(value) < cutoff
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", alpha=0.45 if faint else 1.0, fontsize=9)
    axes.set_xticks(range(columns), solution.names)
    axes.set_yticks(range(rows), solution.association.variables)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    return plot


def draw_plane(solution: Solution) -> Figure:
    """Draw the variables as arrows in the plane of the first two factors, their labels at the sides."""
    from matplotlib.patches import Circle

    plot, axes = new_figure(5.6, 3.6)
    axes.add_patch(Circle((0, 0), 1, fill=False, color=GREY, linewidth=0.8))
    axes.axhline(0, 0.27, 0.73, color=GREY, linewidth=0.6)
    axes.axvline(0, color=GREY, linewidth=0.6)
    loadings = solution.loadings[:, :2]
    for side in (-1, 1):
        own = np.flatnonzero(np.where(loadings[:, 0] < 0, -1, 1) == side)
        own = own[np.argsort(loadings[own, 1])]
        for row, height in zip(own, spread(loadings[own, 1], _LINE), strict=True):
            x, y = loadings[row]
            axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": BLUE})
            line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}
            axes.annotate(_short(solution.association.variables[row]), (x, y), (side * 1.2, height), va="center",
                          ha="left" if side > 0 else "right", fontsize=9, arrowprops=line)  # fmt: skip
    axes.text(1.03, 0, "F1", ha="left", va="bottom", fontsize=9, color=GREY)
    axes.text(0, 1.03, "F2", ha="center", va="bottom", fontsize=9, color=GREY)
    tallest = max(1.1, len(loadings) * _LINE / 2)
    axes.set(xlim=(-2.4, 2.4), ylim=(-tallest, tallest), aspect="equal")
    axes.axis("off")
    return plot


def spread(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move places (n,), in rising order, as little as need be (by least squares) to be at least ``gap`` apart.

    What has to move together goes to its common mean: the pooling of adjacent violators (Barlow et al. 1972).
    """
    steps = gap * np.arange(len(places))
    groups: list[tuple[float, int]] = []
    for place in places - steps:
        mean, count = float(place), 1
        while groups and groups[-1][0] > mean:
            before, many = groups.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        groups.append((mean, count))
    moved = [mean for mean, count in groups for _ in range(count)]
    return np.asarray(moved + steps, np.float64)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"


def draw_path(solution: Solution, cutoff: float) -> Figure:
    """Draw an arrow from each factor to the variables that load on it from the cut-off on, as wide as the loading."""
    variables, names = solution.association.variables, solution.names
    height = max(len(variables), 2 * len(names))
    plot, axes = new_figure(6.0, 0.6 + 0.32 * height)
    where = np.linspace(height, 0, len(variables) + 2)[1:-1]
    places = np.linspace(height, 0, len(names) + 2)[1:-1]
    strong = np.abs(solution.loadings) >= cutoff
    for row, name in enumerate(variables):
        axes.text(1.02, where[row], name, ha="left", va="center")
    for place, column in zip(places, _least_crossing(strong), strict=True):
        axes.text(-0.02, place, names[column], ha="right", va="center", fontweight="bold")
        for row in np.flatnonzero(strong[:, column]).tolist():
            _draw_arrow(axes, place, where[row], float(solution.loadings[row, column]))
    axes.set(xlim=(-0.15, 1.5), ylim=(0, height))
    axes.axis("off")
    return plot


def _least_crossing(strong: NDArray[np.bool_]) -> list[int]:
    """Return the factors from top to bottom: each about as high as its variables are, so that few arrows cross."""
    rows = np.arange(len(strong))
    middles = [rows[column].mean() if column.any() else len(rows) for column in strong.T]
    return sorted(range(strong.shape[1]), key=lambda column: middles[column])


def _draw_arrow(axes: Axes, start: float, end: float, loading: float) -> None:
    color, width = (BLUE if loading >= 0 else RED), 0.5 + 2 * abs(loading)
    arrow = {"arrowstyle": "->", "color": color, "linewidth": width}
    axes.annotate("", (1, end), (0, start), arrowprops=arrow)
    place = (0.7, start + 0.7 * (end - start))
    axes.annotate(
        f"{loading:.2f}", place, xytext=(0, 3), textcoords="offset points", fontsize=8, va="bottom", ha="center"
    )
