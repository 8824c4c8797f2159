"""A solution in tables, plots and sentences that a learner can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from journal import Composite, Number, Report, escape

from .cells import chi_square_cell, determinant_cell, rmsea_cell
from .plots import draw_loadings, draw_number_of_factors, draw_path, draw_plane, draw_scree

if TYPE_CHECKING:
    from .errors import Caution
    from .solution import Solution

_METHODS = {
    "principal": "Principal components",
    "axis": "Principal axis factors, iterated",
    "minres": "Minimum residual factors",
    "ml": "Maximum likelihood factors",
}
_MISSING = {
    "listwise": "rows with a missing cell are left out",
    "pairwise": "each pair of variables over the rows that have both",
    "mean": "missing cells get their variable's mean",
}
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
_FROM_DATA = ("index", "codes", "nearly constant", "few points")
"""Cautions whose text holds names from the file."""
_NAMED = 6
_LARGEST_RESIDUALS = 5
_PATH_VARIABLES = 14  # beyond this a path diagram is a thicket, and the shaded loadings say it


def build_report(solution: Solution, cutoff: float, digits: int, *, recommend: bool) -> Report:
    """Report one solution: is it allowed, how many, loadings, shares, variance, plots, sentences, cautions."""
    report = Report().headline(_headline(solution)).part("loadings").text(what_was_done(solution))
    if solution.association.source:
        report.text(f"Read: {solution.association.source}.")
    _name_numbers(report, solution)
    _add_loadings(report, solution, cutoff, digits)
    report.part("cautions")
    for caution in _cautions(solution, recommend):
        report.text(f"> **Caution, {caution[0]}:** {caution[1]}")
    report.part("variance", "Eigenvalues, and the variance explained", folded=True)
    _add_variance(report, solution, digits)
    report.part("pictures", "Pictures: scree plot, loadings, the plane of two factors, paths", folded=True)
    _draw(report, solution, cutoff)
    report.part("adequacy", "Can these data be factored? How many factors, and how well they fit", folded=True)
    _add_adequacy(report, solution)
    if recommend:
        _add_number_of_factors(report, solution)
    _add_fit(report, solution)
    report.part("sentences", "Each variable in a sentence", folded=True)
    report.text("\n".join(f"- {sentence}" for sentence in sentences(solution)))
    report.output("loadings", solution.loadings.tolist())
    return report.output("eigenvalues", solution.extraction.eigenvalues.tolist())


def build_comparison(raw: Solution, standardised: Solution, cutoff: float, digits: int) -> Report:
    """Report the unstandardised and the standardised solution side by side, and why they differ."""
    report = Report().headline(f"standardised: {_headline(standardised)}")
    names = [f"{name}, {kind}" for kind, one in (("raw", raw), ("standardised", standardised)) for name in one.names]
    variances = np.diag(raw.association.matrix)
    rows = [
        [variable, variances[i], *raw.loadings[i], *standardised.loadings[i]]
        for i, variable in enumerate(raw.association.variables)
    ]
    title = "Loadings, unstandardised (in the variables' units) and standardised (correlations)"
    report.table(rows, ["Variable", "variance", *names], title=title, digits=digits)
    report.text(_why_they_differ(raw, standardised))
    for heading, one in (("Unstandardised", raw), ("Standardised", standardised)):
        report.text(f"#### {heading}")
        part = build_report(one, cutoff, digits, recommend=False)
        report.items += [item for item in part.items if getattr(item, "path", "") not in part.plots]
    report.figure("scree-raw", draw_scree(raw), alt=_scree_alt(raw))
    return report.figure("scree", draw_scree(standardised), alt=_scree_alt(standardised))


def sentences(solution: Solution) -> list[str]:
    """Read each variable's row aloud: which factor accounts for how much of its variance."""
    return [_sentence(solution, index) for index in range(len(solution.association.variables))]


def percent(share: float) -> str:
    """Write a percentage with two decimals, with four where it is below one or where two would make it a hundred."""
    return f"{share:.4f} %" if abs(share) < 1 or 99.995 <= share < 100 else f"{share:.2f} %"


def what_was_done(solution: Solution) -> str:
    """Say the method, the matrix, the rows and what became of missing cells, the rotation and its normalisation."""
    found, rotation = solution.association, solution.rotation
    kind = "standardised variables (correlation matrix)"
    if found.kind == "covariance":
        kind = "unstandardised variables (covariance matrix)"
    rows = f", {found.observations:,} rows" if found.observations else ""
    gaps = ""
    if found.missing and sum(found.missing.cells):
        count, rule = sum(found.missing.cells), _MISSING[found.missing.rule]
        gaps = f" of {found.missing.rows:,}, {count:,} cells missing: {rule}"
    rotated = "no rotation"
    if rotation:
        normal = "with" if rotation.normalized else "without"
        rotated = f"{rotation.method} rotation {normal} Kaiser normalisation"
    return f"{_METHODS[solution.extraction.method]} of {kind}{rows}{gaps}; {rotated}."


def _sentence(solution: Solution, index: int) -> str:
    variable = escape(solution.association.variables[index])
    communality = percent(solution.communality_percent[index])
    if solution.oblique:
        strongest = int(np.argmax(np.abs(solution.loadings[index])))
        loading = solution.loadings[index, strongest]
        most = f"{variable} goes most with {solution.names[strongest]} (pattern {loading:.2f})"
        return f"{most}; all factors account for {communality} of its variance."
    first, *others = [percent(share) for share in solution.shares[index]]
    more = "".join(f", {name} for {share}" for name, share in zip(solution.names[1:], others, strict=True))
    end = f"; together {communality}" if others else ""
    return f"{solution.names[0]} accounts for {first} of the variance of {variable}{more}{end}."


def _headline(solution: Solution) -> str:
    kept = ", ".join(f"{value:.5f}" for value in solution.extraction.eigenvalues[: len(solution.names)])
    noun = "factor" if len(solution.names) == 1 else "factors"
    explained = percent(100 * float(solution.extraction.proportion.sum()))
    return f"{len(solution.names)} {noun}, eigenvalues {kept}, {explained} of the variance"


def _name_numbers(report: Report, solution: Solution) -> None:
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


def _add_adequacy(report: Report, solution: Solution) -> None:
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


def _add_variables(report: Report, solution: Solution) -> None:
    """Add what each variable has in common with the others: MSA, R² on them, communality; the lowest MSA first."""
    found, variables = solution.adequacy, solution.association.variables
    if found.msa is None or found.multiple_r2 is None:
        return
    shares = solution.communality_percent / 100
    rows = [[variables[row], found.msa[row], found.multiple_r2[row], shares[row]] for row in np.argsort(found.msa)]
    title = "By variable: sampling adequacy, R² on the others, share of variance explained"
    report.table(rows, ["Variable", "MSA", "SMC", "explained"], title=title)
    report.also_called("SMC", "squared multiple correlation", "R²")


def _add_number_of_factors(report: Report, solution: Solution) -> None:
    found = solution.number_of_factors
    votes = [[vote.rule.replace("-", " "), vote.factors, vote.reason] for vote in found.votes]
    report.table(votes, ["rule", "factors", "why"], title="How many factors?")
    summary = ", ".join(f"{vote.rule.replace('-', ' ')} {vote.factors}" for vote in found.votes)
    report.figure("number", draw_number_of_factors(solution), alt=f"How many factors: {summary}")
    report.text(f"Recommended: **{found.factors}**. {found.reason[:1].upper()}{found.reason[1:]}.")


def _add_loadings(report: Report, solution: Solution, cutoff: float, digits: int) -> None:
    found, scaled = solution.extraction, solution.association.kind == "correlation"
    name = "Pattern matrix (loadings)" if solution.oblique else "Loadings"
    report.table(
        [
            [
                variable,
                *solution.loadings[i],
                Number(found.communalities[i], digits=digits),
                Number(found.uniqueness[i], digits=digits),
            ]
            for i, variable in enumerate(solution.association.variables)
        ],
        ["Variable", *solution.names, "communality", "uniqueness"],
        title=name if scaled else f"{name}, in the units of the variables",
        digits=digits,
        strong=cutoff if scaled else None,
        name="loadings",
    )
    if solution.rotation and solution.oblique:
        _add_oblique(report, solution, solution.rotation.structure, solution.rotation.correlations, digits)
        return
    shares = np.column_stack([solution.shares, solution.communality_percent])
    report.table(
        [[variable, *row] for variable, row in zip(solution.association.variables, shares, strict=True)],
        ["Variable", *solution.names, "together"],
        title="Share of each variable's variance, in % (squared loadings)",
        digits=4,
        name="share",
    )


def _add_oblique(report: Report, solution: Solution, structure: np.ndarray, phi: np.ndarray, digits: int) -> None:
    variables, names = solution.association.variables, solution.names
    title = "Structure matrix (correlations of variables and factors)"
    rows = [[variable, *row] for variable, row in zip(variables, structure, strict=True)]
    report.table(rows, ["Variable", *names], title=title, digits=digits)
    between = [[name, *row] for name, row in zip(names, phi, strict=True)]
    report.table(between, ["factor", *names], title="Correlations of the factors", digits=digits)


def _add_variance(report: Report, solution: Solution, digits: int) -> None:
    values = solution.extraction.eigenvalues
    total, kept = float(np.trace(solution.association.matrix)), len(solution.names)
    reached = np.cumsum(values)
    rows = [
        [f"F{n}" if n <= kept else f"F{n} (not kept)", value, 100 * value / total, 100 * reached[n - 1] / total]
        for n, value in enumerate(values, 1)
    ]
    columns = ["factor", "eigenvalue", "% of variance", "cumulative %"]
    report.table(rows, columns, title="Eigenvalues and variance explained", digits=digits)
    for number, value in enumerate(values, 1):
        report.metric(f"eigenvalue {number}", value, digits=digits, visible=False)
    if solution.rotation or solution.extraction.method != "principal":
        variance = solution.rotation.variance if solution.rotation else solution.extraction.variance
        after = [[name, value, 100 * value / total] for name, value in zip(solution.names, variance, strict=True)]
        report.table(after, ["factor", "sum of squares", "% of variance"], title="The factors as shown", digits=digits)


def _add_fit(report: Report, solution: Solution) -> None:
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


def _draw(report: Report, solution: Solution, cutoff: float) -> None:
    report.figure("scree", draw_scree(solution), alt=_scree_alt(solution))
    if solution.association.kind == "correlation":
        report.figure("loadings", draw_loadings(solution, cutoff), alt="Loadings shaded by size, the weak ones faint")
    if len(solution.names) == 2 and solution.association.kind == "correlation":
        report.figure("plane", draw_plane(solution), alt="The variables in the plane of F1 and F2")
    if len(solution.association.variables) <= _PATH_VARIABLES and solution.association.kind == "correlation":
        report.figure("path", draw_path(solution, cutoff), alt=f"Path diagram of the loadings from {cutoff:g} on")


def _scree_alt(solution: Solution) -> str:
    return "Scree plot of the eigenvalues " + ", ".join(
        f"{value:.4g}" for value in solution.extraction.eigenvalues[:12]
    )


def _why_they_differ(raw: Solution, standardised: Solution) -> str:
    variances = np.diag(raw.association.matrix)
    parts = [
        f"{escape(name)} brings {percent(100 * float(value) / float(variances.sum()))}"
        for name, value in zip(raw.association.variables, variances, strict=True)
    ]
    equal = percent(100 / len(variances))
    return (
        f"Why they differ: unstandardised, a variable counts by its variance ({', '.join(parts)} of all of it), so F1 "
        f"goes where the numbers spread most. Standardised, each variable brings {equal}, and F1 goes where most "
        "variables agree."
    )


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
