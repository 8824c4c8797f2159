"""The unstandardised and the standardised solution side by side, and why they differ."""

from __future__ import annotations

import numpy as np

from journal import Number, Report, escape

from .arrays import Array
from .diagnosis import add_adequacy, add_cautions
from .plots import draw_scree
from .reading import percent, reading, what_was_done
from .report import SHARES, add_variance, draw, eigenvalues_in_words, headline, name_numbers, scree_alt, sum_of_squares
from .solution import Solution

_BOTH = "the variables standardised (correlation matrix) and as they are (covariance matrix)"


def build_comparison(raw: Solution, standardised: Solution, cutoff: float, digits: int) -> Report:
    """Report both solutions: loadings and shares in one table each, and what is the same for both once."""
    report = Report().headline(f"{headline(standardised)}; unstandardised {eigenvalues_in_words(raw)}")
    report.part("loadings").text(what_was_done(standardised, _BOTH))
    if standardised.association.source:
        report.text(f"Read: {standardised.association.source}.")
    name_numbers(report, standardised)
    variables = standardised.association.variables
    names = [*standardised.names, *(f"{name} unstandardised" for name in raw.names)]
    both = np.column_stack([standardised.loadings, raw.loadings])
    rows: list[list[object]] = [[variable, *both[place]] for place, variable in enumerate(variables)]
    if not standardised.rotation:
        rows.append([sum_of_squares(standardised), *(Number(one, digits=digits) for one in (both**2).sum(axis=0))])
    title = "Loadings: standardised (correlations), and in the units of the variables"
    report.table(rows, ["Variable", *names], title=title, digits=digits, name="loadings")
    report.text(_why_they_differ(raw, standardised))
    add_cautions(report, standardised, recommend=False)
    report.part("shares", "What the factors account for of each variable", folded=True)
    columns = [
        "Variable",
        *standardised.names,
        "together",
        *names[len(standardised.names) :],
        "together unstandardised",
    ]
    report.table(_shares(raw, standardised), columns, title=SHARES, digits=4, name="share")
    report.text(reading(standardised, cutoff))
    report.part("variance", "Eigenvalues, and the variance explained", folded=True)
    add_variance(report, standardised, digits)
    add_variance(report, raw, digits, unstandardised=True)
    report.part("pictures", "Pictures: scree plots, loadings, the plane of two factors, paths", folded=True)
    draw(report, standardised, cutoff)
    report.figure("scree-raw", draw_scree(raw), alt=f"Unstandardised: {scree_alt(raw)}")
    add_adequacy(report, standardised, cutoff)
    report.output("loadings", standardised.loadings.tolist())
    return report.output("eigenvalues", standardised.extraction.eigenvalues.tolist())


def _shares(raw: Solution, standardised: Solution) -> list[list[object]]:
    parts: list[Array] = []
    for one in (standardised, raw):
        parts += [one.shares, one.communality_percent[:, None]]
    return [[name, *row] for name, row in zip(raw.association.variables, np.hstack(parts), strict=True)]


def _why_they_differ(raw: Solution, standardised: Solution) -> str:
    variances = np.diag(raw.association.matrix)
    parts = [
        f"{escape(name)} {percent(100 * float(value) / float(variances.sum()))}"
        for name, value in zip(raw.association.variables, variances, strict=True)
    ]
    equal = percent(100 / len(variances))
    return (
        f"Why they differ: unstandardised, a variable counts by its variance (of all variance: {', '.join(parts)}), so "
        f"F1 goes where the numbers spread most. Standardised, each variable brings {equal}, and F1 goes where most "
        "variables agree."
    )
