"""A solution in tables, plots and sentences that a learner can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from journal import Number, Report

from .diagnosis import add_adequacy, add_cautions, add_fit, add_number_of_factors
from .extra import Extra, add_extra
from .plots import PLANE_VARIABLES, draw_loadings, draw_path, draw_plane, draw_scree
from .reading import percent, reading, what_was_done

if TYPE_CHECKING:
    from .solution import Solution

_COUNTED = (
    ("first", "one"), ("second", "two"), ("third", "three"), ("fourth", "four"), ("fifth", "five"),
    ("sixth", "six"), ("seventh", "seven"), ("eighth", "eight"),
)  # fmt: skip
_ALSO_CALLED = {
    "sampling adequacy (KMO)": ("Kaiser-Meyer-Olkin",),
    "Bartlett's sphericity": ("Bartlett", "Bartlett's test"),
    "determinant of the correlations": ("determinant",),
    "rows": ("cases", "people", "observations", "respondents"),
    "TLI": ("Tucker-Lewis",),
    "χ²": ("chi-square", "chi-square test"),
    "uniqueness": ("specific variance",),
    "together": ("both factors", "all factors", "in total", "factor space"),
    "cumulative %": ("cumulatively",),
}
SHARES = "Share of each variable's variance, in % (squared loadings)"
_FEW_VARIABLES = 12
_PATH_VARIABLES = 14  # beyond this a path diagram is a thicket, and the shaded loadings say it


def build_report(
    solution: Solution, cutoff: float, digits: int, *, recommend: bool, extra: Extra | None = None
) -> Report:
    """Report one solution: is it allowed, how many, loadings, shares, variance, plots, sentences, cautions."""
    report = Report().headline(headline(solution)).part("loadings").text(what_was_done(solution))
    if solution.association.source:
        report.text(f"Read: {solution.association.source}.")
    name_numbers(report, solution)
    _add_loadings(report, solution, cutoff, digits)
    add_cautions(report, solution, recommend)
    report.part("shares", "What the factors account for of each variable", folded=True)
    if solution.rotation and solution.oblique:
        _add_oblique(report, solution, solution.rotation.structure, solution.rotation.correlations, digits)
    else:
        shares = np.column_stack([solution.shares, solution.communality_percent])
        rows = [[variable, *row] for variable, row in zip(solution.association.variables, shares, strict=True)]
        report.table(rows, ["Variable", *solution.names, "together"], title=SHARES, digits=4, name="share")
    report.text(reading(solution, cutoff))
    report.part("variance", "Eigenvalues, and the variance explained", folded=True)
    add_variance(report, solution, digits)
    report.part("pictures", "Pictures: scree plot, loadings, the plane of two factors, paths", folded=True)
    draw(report, solution, cutoff)
    add_adequacy(report, solution, cutoff)
    if recommend:
        add_number_of_factors(report, solution)
    add_fit(report, solution)
    if extra:
        add_extra(report, solution, extra, digits)
    report.output("loadings", solution.loadings.tolist())
    return report.output("eigenvalues", solution.extraction.eigenvalues.tolist())


def headline(solution: Solution) -> str:
    """Say how many factors there are, their eigenvalues, and what they account for."""
    noun = "factor" if len(solution.names) == 1 else "factors"
    return f"{len(solution.names)} {noun}, {eigenvalues_in_words(solution)} of the variance"


def sum_of_squares(solution: Solution) -> str:
    """Return what the squared loadings of a factor add up to: of components, their eigenvalue."""
    return "eigenvalue (sum of squares)" if solution.extraction.method == "principal" else "sum of squares"


def eigenvalues_in_words(solution: Solution) -> str:
    """Say the eigenvalues of the factors, and what these account for: "eigenvalues 1.98, 1.01, 99.66 %"."""
    kept = ", ".join(f"{value:.5f}" for value in solution.extraction.eigenvalues[: len(solution.names)])
    return f"eigenvalues {kept}, {percent(100 * float(solution.extraction.proportion.sum()))}"


def name_numbers(report: Report, solution: Solution) -> None:
    """Give as metrics what headline and text say in words, and say what else sentences call all these numbers."""
    found = solution.association
    report.metric("factors", len(solution.names), visible=False)
    report.metric("variables", len(found.variables), visible=False)
    if found.observations:
        report.metric("rows", found.observations, visible=False)
    explained = 100 * float(solution.extraction.proportion.sum())
    report.metric("variance explained", explained, "%", digits=2, visible=False)
    for number, (ordinal, word) in enumerate(_COUNTED, 1):
        report.also_called(f"F{number}", f"factor {number}", f"factor {word}", f"{ordinal} factor", f"the {ordinal}")
        if number > len(solution.names):
            more = (f"factor {number}", f"factor {word}", f"{ordinal} factor")
            report.also_called(f"F{number} (not kept)", *more)
        if number >= len(solution.extraction.eigenvalues):
            break
    for name, others in _ALSO_CALLED.items():
        report.also_called(name, *others)


def _add_loadings(report: Report, solution: Solution, cutoff: float, digits: int) -> None:
    """Add the loadings; of many variables a sorted table without the small ones first, and the whole one folded."""
    found, scaled = solution.extraction, solution.association.kind == "correlation"
    title = "Pattern matrix (loadings)" if solution.oblique else "Loadings"
    title = title if scaled else f"{title}, in the units of the variables"
    variables = solution.association.variables
    rows = [
        [
            variable,
            *solution.loadings[i],
            Number(found.communalities[i], digits=digits),
            Number(found.uniqueness[i], digits=digits),
        ]
        for i, variable in enumerate(variables)
    ]
    if not solution.rotation:
        rows.append(
            [
                sum_of_squares(solution),
                *(Number(one, digits=digits) for one in (solution.loadings**2).sum(axis=0)),
                None,
                None,
            ]
        )
    columns = ["Variable", *solution.names, "communality", "uniqueness"]
    if len(variables) > _FEW_VARIABLES:
        _add_sorted(report, solution, cutoff)
        report.part("all-loadings", "All loadings, communalities and uniquenesses", folded=True)
    report.table(rows, columns, title=title, digits=digits, strong=cutoff if scaled else None, name="loadings")


def _add_sorted(report: Report, solution: Solution, cutoff: float) -> None:
    """Add the loadings from the cutoff on, each variable beside others of its strongest factor."""
    standard = solution.standardised_loadings
    strongest = np.argmax(np.abs(standard), axis=1)
    size = np.abs(standard)[np.arange(len(standard)), strongest]
    rows = [
        [solution.association.variables[place], *(_shown(one, cutoff) for one in standard[place])]
        for place in np.lexsort((-size, strongest))
    ]
    title = f"Loadings from {cutoff:g} on, by factor" + (
        "" if solution.association.kind == "correlation" else ", standardised"
    )
    report.table(rows, ["Variable", *solution.names], title=title, name="sorted")


def _shown(loading: float, cutoff: float) -> Number | None:
    return Number(float(loading), digits=2) if abs(loading) >= cutoff else None


def _add_oblique(report: Report, solution: Solution, structure: np.ndarray, phi: np.ndarray, digits: int) -> None:
    variables, names = solution.association.variables, solution.names
    title = "Structure matrix (correlations of variables and factors)"
    rows = [[variable, *row] for variable, row in zip(variables, structure, strict=True)]
    report.table(rows, ["Variable", *names], title=title, digits=digits)
    between = [[name, *row] for name, row in zip(names, phi, strict=True)]
    report.table(between, ["factor", *names], title="Correlations of the factors", digits=digits)


def add_variance(report: Report, solution: Solution, digits: int, *, unstandardised: bool = False) -> None:
    """Add all eigenvalues; ``unstandardised`` ones beside others get a name of their own, and are no metrics."""
    values = solution.extraction.eigenvalues
    total, kept = float(np.trace(solution.association.matrix)), len(solution.names)
    reached = np.cumsum(values)
    rows = [
        [f"F{n}" if n <= kept else f"F{n} (not kept)", value, 100 * value / total, 100 * reached[n - 1] / total]
        for n, value in enumerate(values, 1)
    ]
    columns = ["factor", "eigenvalue", "% of variance", "cumulative %"]
    more, name = (", unstandardised", "unstandardised") if unstandardised else ("", "")
    report.table(rows, columns, title=f"Eigenvalues and variance explained{more}", digits=digits, name=name)
    for number, value in enumerate([] if unstandardised else values, 1):
        report.metric(f"eigenvalue {number}", value, digits=digits, visible=False)
    if solution.rotation or solution.extraction.method != "principal":
        variance = solution.rotation.variance if solution.rotation else solution.extraction.variance
        after = [[name, value, 100 * value / total] for name, value in zip(solution.names, variance, strict=True)]
        report.table(
            after,
            ["factor", "sum of squares", "% of variance"],
            title=f"The factors as shown{more}",
            digits=digits,
            name=f"shown-{name}" if name else "",
        )


def draw(report: Report, solution: Solution, cutoff: float) -> None:
    """Draw the eigenvalues, and of correlations the loadings."""
    report.figure("scree", draw_scree(solution), alt=scree_alt(solution))
    if solution.association.kind == "correlation":
        report.figure("loadings", draw_loadings(solution, cutoff), alt="Loadings shaded by size, the weak ones faint")
    few = len(solution.association.variables) <= PLANE_VARIABLES
    if len(solution.names) == 2 and few and solution.association.kind == "correlation":
        report.figure("plane", draw_plane(solution), alt="The variables in the plane of F1 and F2")
    if len(solution.association.variables) <= _PATH_VARIABLES and solution.association.kind == "correlation":
        report.figure("path", draw_path(solution, cutoff), alt=f"Path diagram of the loadings from {cutoff:g} on")


def scree_alt(solution: Solution) -> str:
    """Return what a scree plot shows, in words."""
    return "Scree plot of the eigenvalues " + ", ".join(
        f"{value:.4g}" for value in solution.extraction.eigenvalues[:12]
    )
