"""What a report shows on demand: how sure the loadings are, and whether another solution has the same factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from journal import Composite, Number, Report

from .arrays import Array
from .bootstrap import CONFIDENCE, Intervals
from .congruence import FAIR, SAME, congruence, match, words_for
from .errors import FactorError
from .solution import Solution


@dataclass(frozen=True)
class Extra:
    """Intervals of the loadings, and the loadings (p, l) of another solution; either may be missing."""

    intervals: Intervals | None = None
    other: Array | None = None


def add_extra(report: Report, solution: Solution, extra: Extra, digits: int) -> None:
    """Add the parts that were asked for."""
    if extra.intervals:
        report.part("intervals", "How sure the loadings are", folded=True)
        _add_intervals(report, solution, extra.intervals, digits)
    if extra.other is not None:
        report.part("congruence", "The factors of the other solution", folded=False)
        _add_congruence(report, solution, extra.other)


def _add_intervals(report: Report, solution: Solution, found: Intervals, digits: int) -> None:
    rows: list[list[object]] = []
    for place, variable in enumerate(solution.association.variables):
        cells: list[object] = []
        for factor in range(solution.loadings.shape[1]):
            numbers = {
                name: Number(float(values[place, factor]), digits=digits)
                for name, values in (("loading", solution.loadings), ("low", found.low), ("high", found.high))
            }
            cells.append(Composite("{loading} ({low} to {high})", numbers))
        rows.append([variable, *cells])
    title = f"Loadings with {100 * CONFIDENCE:.0f} % intervals, of {found.samples:,} samples of the rows"
    report.table(rows, ["Variable", *solution.names], title=title, name="intervals")
    errors = [[name, *row] for name, row in zip(solution.association.variables, found.errors, strict=True)]
    report.table(errors, ["Variable", *solution.names], title="Standard errors", digits=digits, name="errors")


def _add_congruence(report: Report, solution: Solution, other: Array) -> None:
    """Add the congruence of each factor with each of the other solution, and which is which."""
    if other.ndim != 2 or len(other) != len(solution.loadings):
        raise FactorError(
            f"compare: the other solution has loadings of shape {other.shape}, this one of {solution.loadings.shape}; "
            "the same variables in the same order are needed"
        )
    values = congruence(solution.loadings, other)
    columns = [f"its F{number}" for number in range(1, other.shape[1] + 1)]
    rows = [[name, *row] for name, row in zip(solution.names, values, strict=True)]
    title = f"Congruence (Tucker's φ); the same from {SAME:g} on, fairly alike from {FAIR:g}"
    report.table(rows, ["factor", *columns], title=title, name="congruence")
    turned = values.shape[0] > values.shape[1]
    found, _ = match(values.T if turned else values)
    pairs = [(int(own), place) if turned else (place, int(own)) for place, own in enumerate(found)]
    said = [
        f"{solution.names[here]} is {words_for(abs(values[here, there]))}"
        f"{'' if abs(values[here, there]) < FAIR else f' as its F{there + 1}'} ({values[here, there]:.3f})"
        for here, there in sorted(pairs)
    ]
    report.text("; ".join(said) + ".")


def as_loadings(given: list[list[float]] | None) -> Array | None:
    """Return loadings that were given as lists of rows. Raises FactorError where these differ in length."""
    if given is None:
        return None
    if len({len(row) for row in given}) != 1:
        raise FactorError("compare: the rows of loadings differ in length; give the output loadings of another step")
    return np.array(given, dtype=float)
