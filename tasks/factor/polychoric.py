"""Polychoric correlations: those of normal variables of which items of a few points are the rounded form.

Estimated in two steps (Olsson 1979): thresholds from each item's own answers, then each correlation by maximum
likelihood on the table of its pair. Items of two points give tetrachoric correlations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Array, named
from .errors import Caution, FactorError

MOST_POINTS = 12
"""Items of more points are as good as continuous."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_LARGEST = 0.9999
_STEPS = 100
_INFINITE = 40.0
"""A normal variable never goes so far."""


@dataclass(frozen=True)
class Tables:
    """Counts of all pairs of answers to p items, taken in one pass.

    ``points`` are each item's values in order. ``counts`` (m, m) has a row and a column for each point of each item, in
    the order of the items; ``first`` (p + 1,) is where each item begins.
    """

    points: tuple[Array, ...]
    first: Array
    counts: Array
    rows: int
    used: int
    missing: Array

    def pair(self, one: int, other: int) -> Array:
        """The table (points of one, points of other) of the rows that have both."""
        return self.counts[self.first[one] : self.first[one + 1], self.first[other] : self.first[other + 1]]

    def margin(self, item: int) -> Array:
        """How often each point of an item was given (points,)."""
        return np.diag(self.pair(item, item))


@dataclass(frozen=True)
class Polychoric:
    """Correlations (p, p), the thresholds of each item (points − 1,), the tables they come from, and cautions."""

    correlations: Array
    thresholds: tuple[Array, ...]
    tables: Tables
    cautions: tuple[Caution, ...]

    @property
    def sentence(self) -> str:
        """What was correlated, in a few words."""
        numbers = sorted({len(one) for one in self.tables.points})
        if numbers == [2]:
            return "tetrachoric correlations of items of two points"
        span = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        return f"polychoric correlations of items of {span} points"


def tabulate(chunks: Callable[[], Iterable[Array]], names: Sequence[str], rule: str = "listwise") -> Tables:
    """Count all pairs of answers in rows that come in chunks (n × p, NaN is missing); they are read twice.

    Raises FactorError for an item of one point or of more than ``MOST_POINTS``, and for too few rows.
    """
    if rule not in ("listwise", "pairwise"):
        raise FactorError(f"missing: {rule} makes points that nobody gave; use listwise or pairwise with polychoric")
    points = _points(chunks(), names)
    first = np.concatenate([[0], np.cumsum([len(one) for one in points])])
    counts, missing = np.zeros((first[-1], first[-1])), np.zeros(len(points))
    rows = used = 0
    for chunk in chunks():
        absent = np.isnan(chunk)
        kept = chunk[~absent.any(axis=1)] if rule == "listwise" else chunk
        given = np.concatenate([kept[:, [item]] == one for item, one in enumerate(points)], axis=1).astype(np.float64)
        counts += given.T @ given
        rows, used, missing = rows + len(chunk), used + len(kept), missing + absent.sum(axis=0)
    if used < 3:
        raise FactorError(f"{used} of {rows} rows can be used; at least 3 are needed")
    tables = Tables(tuple(points), first, counts, rows, used, missing)
    return _check(tables, names)


def correlate(tables: Tables, names: Sequence[str]) -> Polychoric:
    """Estimate the correlations of all pairs at once. Raises FactorError for a pair that no row has both of.

    Thresholds come from all the answers to an item (as in psych with ``global = TRUE``), and no count is corrected.
    """
    thresholds = tuple(_thresholds(tables.margin(item)) for item in range(len(tables.points)))
    most = max(len(one) for one in tables.points)
    padded = np.array([np.pad(one, (0, most - 1 - len(one)), constant_values=_INFINITE) for one in thresholds])
    ones, others = np.triu_indices(len(thresholds), 1)
    observed = np.zeros((len(ones), most, most))
    for place, (one, other) in enumerate(zip(ones, others, strict=True)):
        table = tables.pair(int(one), int(other))
        observed[place, : table.shape[0], : table.shape[1]] = table
    if (empty := np.flatnonzero(observed.sum(axis=(1, 2)) < 3)).size:
        pair = [int(ones[empty[0]]), int(others[empty[0]])]
        raise FactorError(f"fewer than 3 rows have {named(pair, names)}; drop a variable or give more rows")
    found = _likeliest(observed, padded[ones], padded[others])
    correlations = np.eye(len(thresholds))
    correlations[ones, others] = correlations[others, ones] = found
    extreme = np.flatnonzero(np.abs(found) > 0.99)
    cautions = [_at_the_edge(int(ones[place]), int(others[place]), found[place], names) for place in extreme]
    return Polychoric(correlations, thresholds, tables, tuple(cautions))


def normal_rectangle(low: Array, high: Array, correlation: Array) -> Array:
    """P(X ≤ low, Y ≤ high) of two standard normal variables, for arrays of one shape, by Drezner & Wesolowsky 1990.

    The integral over the correlation, from none to this one, taken along its arcsine.
    """
    from scipy.special import ndtr

    angle = np.arcsin(correlation)[..., None] * (1 + _NODES) / 2
    sine, square = np.sin(angle), np.cos(angle) ** 2
    a, b = low[..., None], high[..., None]
    density = np.exp(-(a * a + b * b - 2 * a * b * sine) / (2 * square))
    return np.asarray(ndtr(low) * ndtr(high) + np.arcsin(correlation) * (density @ _WEIGHTS) / (4 * np.pi))


def _likeliest(observed: Array, first: Array, second: Array) -> Array:
    """Return the likeliest correlation of each pair, by Fisher scoring that never leaves the interval.

    ``observed`` (pairs, a, b) are the tables, ``first`` (pairs, a − 1) and ``second`` (pairs, b − 1) the thresholds.
    """
    totals = observed.sum(axis=(1, 2))
    low, high = np.full(len(observed), -_LARGEST), np.full(len(observed), _LARGEST)
    found = np.zeros(len(observed))
    todo = np.arange(len(observed))
    for _ in range(_STEPS):
        expected, slope = _cells(first[todo], second[todo], found[todo])
        score = (observed[todo] * slope / expected).sum(axis=(1, 2))
        information = totals[todo] * (slope**2 / expected).sum(axis=(1, 2))
        low[todo] = np.where(score > 0, found[todo], low[todo])
        high[todo] = np.where(score < 0, found[todo], high[todo])
        aimed = found[todo] + score / np.maximum(information, 1e-12)
        inside = (aimed > low[todo]) & (aimed < high[todo])
        new = np.where(inside, aimed, (low[todo] + high[todo]) / 2)
        moved = np.abs(new - found[todo])
        found[todo] = new
        todo = todo[moved > 1e-9]
        if not todo.size:
            break
    return found


def _cells(first: Array, second: Array, correlation: Array) -> tuple[Array, Array]:
    """Return the probability of each cell, and its derivative by the correlation: the density at its corners."""
    from scipy.special import ndtr

    shape = (len(first), first.shape[1], second.shape[1])
    a, b = np.broadcast_to(first[:, :, None], shape), np.broadcast_to(second[:, None, :], shape)
    r = np.broadcast_to(correlation[:, None, None], shape)
    below = np.zeros((shape[0], shape[1] + 2, shape[2] + 2))
    below[:, 1:-1, 1:-1] = normal_rectangle(a, b, r)
    below[:, 1:-1, -1], below[:, -1, 1:-1], below[:, -1, -1] = ndtr(first), ndtr(second), 1
    density = np.zeros_like(below)
    rest = 1 - r * r
    density[:, 1:-1, 1:-1] = np.exp(-(a * a + b * b - 2 * r * a * b) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    cells = np.diff(np.diff(below, axis=1), axis=2)
    return np.maximum(cells, 1e-300), np.diff(np.diff(density, axis=1), axis=2)


def _thresholds(margin: Array) -> Array:
    """Where a normal variable is cut so that its parts are as frequent as the points of an item (points − 1,)."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.cumsum(margin)[:-1] / margin.sum()))


def _points(chunks: Iterable[Array], names: Sequence[str]) -> list[Array]:
    """Return the values that each column has, in order; raises FactorError for a column of too many."""
    points: list[Array] = []
    for chunk in chunks:
        points = points or [np.empty(0)] * chunk.shape[1]
        for item, known in enumerate(points):
            values = chunk[:, item]
            points[item] = np.union1d(known, values[~np.isnan(values)])
            if len(points[item]) > MOST_POINTS:
                raise FactorError(
                    f"{names[item]} has more than {MOST_POINTS} different values, which is no item of a few points; "
                    "leave it out of columns:, or correlate with pearson"
                )
    return points


def _check(tables: Tables, names: Sequence[str]) -> Tables:
    """Drop points that no row in use gave. Raises FactorError for an item with one point."""
    kept = [np.flatnonzero(tables.margin(item) > 0) for item in range(len(tables.points))]
    if single := [item for item, one in enumerate(kept) if len(one) < 2]:
        raise FactorError(f"{named(single, names)} has the same value in every row; drop it")
    index = np.concatenate([tables.first[item] + one for item, one in enumerate(kept)])
    points = tuple(tables.points[item][one] for item, one in enumerate(kept))
    first = np.concatenate([[0], np.cumsum([len(one) for one in points])])
    return Tables(points, first, tables.counts[np.ix_(index, index)], tables.rows, tables.used, tables.missing)


def _at_the_edge(one: int, other: int, value: float, names: Sequence[str]) -> Caution:
    text = f"the polychoric correlation of {names[one]} and {names[other]} is {value:.3f}"
    return Caution("extreme-correlation", f"{text}: their table has empty cells where it matters; drop one of the two")
