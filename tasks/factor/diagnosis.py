"""Whether data can be factored, how many factors there are, how well they fit, and what a reader has to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from journal import Composite, Number, Report, escape

from .cells import chi_square_cell, determinant_cell, rmsea_cell
from .plots import draw_number_of_factors
from .scales import scales

if TYPE_CHECKING:
    from .errors import Caution
    from .solution import Solution

_FROM_DATA = ("index", "codes", "nearly constant", "few points")
"""Cautions whose text holds names from the file."""
_NAMED = 6
_LARGEST_RESIDUALS = 5


def add_cautions(report: Report, solution: Solution, recommend: bool) -> None:
    """Add what the reader has to know, each once."""
    report.part("cautions")
    for caution in _cautions(solution, recommend):
        report.text(f"> **Caution, {caution[0]}:** {caution[1]}")


def add_adequacy(report: Report, solution: Solution, cutoff: float) -> None:
    """Add whether the data can be factored, by variable too, and how the factors would do as scales."""
    report.part("adequacy", "Can these data be factored? How many factors, and how well they fit", folded=True)
    found = solution.adequacy
    rows: list[list[object]] = []
    if found.kmo is not None:
        grade = f"{found.grade} by Kaiser's words; above 0.6 is wanted"
        rows.append(["sampling adequacy (KMO)", Number(found.kmo, digits=3), grade])
    if found.sphericity is not None:
        conclusion = "the variables correlate"
        if found.sphericity.p_value >= 0.05:
            conclusion = "the correlations may all be chance"
        rows.append(["Bartlett's sphericity", chi_square_cell("χ²({df}) = {χ²}", *found.sphericity), conclusion])
    scale = "from 1, nothing in common, to 0, some variables say the same"
    rows.append(["determinant of the correlations", determinant_cell(found.determinant), scale])
    if found.rows_per_variable is not None:
        per_variable = Number(found.rows_per_variable, digits=1)
        rows.append(["rows for each variable", per_variable, "5 to 10 at least are wanted"])
    report.table(rows, ["Can these data be factored?", "value", "what it says"])
    _add_variables(report, solution)
    if found.kmo is not None:
        report.metric("KMO", found.kmo, digits=3, visible=False)
    _add_scales(report, solution, cutoff)


def _add_scales(report: Report, solution: Solution, cutoff: float) -> None:
    """Add how reliable the sum of each factor's variables is."""
    rows: list[list[object]] = []
    variables = solution.association.variables
    for scale in scales(solution, cutoff):
        if scale.alpha is None or scale.omega is None:
            continue
        items = ", ".join(
            variables[place] + (" (reversed)" if place in scale.reversed else "") for place in scale.items
        )
        alpha: object = Number(scale.alpha, digits=3)
        if scale.low is not None and scale.high is not None:
            ends = {"low": Number(scale.low, digits=3), "high": Number(scale.high, digits=3)}
            alpha = Composite("{α} ({low} to {high})", {"α": Number(scale.alpha, digits=3), **ends})
        determined = None if scale.determinacy is None else Number(scale.determinacy, digits=3)
        rows.append([scale.factor, items, alpha, Number(scale.omega, digits=3), determined])
    if rows:
        columns = ["Factor", "variables", "α, 95 % interval", "ω", "determinacy"]
        if all(row[-1] is None for row in rows):
            rows, columns = [row[:-1] for row in rows], columns[:-1]
        report.table(rows, columns, title="The variables of a factor taken as a scale", name="scales")


def _add_variables(report: Report, solution: Solution) -> None:
    """Add what each variable has in common with the others: MSA, R² on them, communality; the lowest MSA first."""
    found, variables = solution.adequacy, solution.association.variables
    if found.msa is None or found.multiple_r2 is None:
        return
    shares = solution.communality_percent / 100
    rows = [[variables[row], found.msa[row], found.multiple_r2[row], shares[row]] for row in np.argsort(found.msa)]
    title = "By variable: sampling adequacy, R² on the others, share of variance explained"
    report.table(rows, ["Variable", "MSA", "SMC", "explained"], title=title)
    report.also_called("MSA", "sampling adequacy", "measure of sampling adequacy")
    report.also_called("SMC", "squared multiple correlation", "R²")


def add_number_of_factors(report: Report, solution: Solution) -> None:
    """Add how many factors each rule finds, and which number is recommended."""
    found = solution.number_of_factors
    votes = [[vote.rule.replace("-", " "), vote.factors, vote.reason] for vote in found.votes]
    report.table(votes, ["rule", "factors", "why"], title="How many factors?")
    summary = ", ".join(f"{vote.rule.replace('-', ' ')} {vote.factors}" for vote in found.votes)
    report.figure("number", draw_number_of_factors(solution), alt=f"How many factors: {summary}")
    report.text(f"Recommended: **{found.factors}**. {found.reason[:1].upper()}{found.reason[1:]}.")


def add_fit(report: Report, solution: Solution) -> None:
    """Add how well the factors reproduce the correlations, where the method tells."""
    fit = solution.fit
    if fit is None:
        return
    rows: list[list[object]] = []
    if fit.chi_square is not None and fit.p_value is not None:
        test = chi_square_cell("{χ²} on {df} df", fit.chi_square, fit.df, fit.p_value)
        rows.append(["χ²", test, "a small p: factors are missing"])
    if fit.rmsea is not None:
        rmsea = rmsea_cell(fit.rmsea, fit.rmsea_low, fit.rmsea_high, fit.confidence)
        rows.append(["RMSEA", rmsea, "below 0.06 is good"])
    if fit.tli is not None:
        rows.append(["TLI", Number(fit.tli, digits=3), "above 0.95 is good"])
    if fit.bic is not None:
        rows.append(["BIC", Number(fit.bic, digits=2), "the lowest of several models is the one to take"])
    rows.append(["SRMR", Number(fit.srmr, digits=3), "below 0.08 is good"])
    if starts := solution.extraction.starts:
        numbers = {
            "agreeing": Number(starts.agreeing),
            "starts": Number(starts.count),
            "F": Number(starts.value, digits=4),
        }
        agreed = Composite("{agreeing} of {starts} starts, F = {F}", numbers)
        rows.append(["best solution", agreed, "found again from other starts, it is probably the best there is"])
    report.table(rows, ["Fit", "value", "what it says"])
    _add_residuals(report, solution, fit.residuals)


def _add_residuals(report: Report, solution: Solution, residuals: np.ndarray) -> None:
    """Add the pairs of variables whose correlation the factors reproduce worst."""
    rows, columns = np.triu_indices(len(residuals), 1)
    order = np.argsort(-np.abs(residuals[rows, columns]))[:_LARGEST_RESIDUALS]
    names = solution.association.variables
    worst = [[f"{names[rows[one]]}, {names[columns[one]]}", float(residuals[rows[one], columns[one]])] for one in order]
    report.table(worst, ["pair", "residual"], title="Largest residual correlations")


def _cautions(solution: Solution, recommend: bool) -> Iterator[tuple[str, str]]:
    """Yield what the reader has to know, each once, with the variables and numbers that it is about."""
    sources: Sequence[object] = (
        solution.association, solution.adequacy, solution.extraction, solution.rotation, solution.fit,
        solution.number_of_factors if recommend else None,
    )  # fmt: skip
    found = [one for source in sources if source for one in getattr(source, "cautions", ())]
    words = {"kmo": "KMO", "msa": "MSA"}
    for caution in sorted(dict.fromkeys(found), key=lambda one: (one.code, one.message)):
        name = " ".join(words.get(word, word) for word in caution.code.split("-"))
        yield name, _with_names(caution, solution.association.variables)


def _with_names(caution: Caution, variables: Sequence[str]) -> str:
    """Name the variables of a caution, the worst first, with their numbers: "sampling adequacy …: Politics 0.41"."""
    if not caution.variables:
        return escape(caution.message) if caution.code in _FROM_DATA else caution.message
    places = list(range(len(caution.variables)))
    if caution.values:
        falling = caution.code not in ("low-msa", "heywood")
        places.sort(key=lambda place: caution.values[place], reverse=falling)
    named = [
        escape(variables[caution.variables[place]]) + (f" {caution.values[place]:.3f}" if caution.values else "")
        for place in places[:_NAMED]
    ]
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{caution.message}: {', '.join(named)}{more}"
