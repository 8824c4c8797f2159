"""A solution read aloud: what was done, what each factor accounts for, and what stands out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from journal import escape

from .solution import Solution

METHODS = {
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
KINDS = {
    "correlation": "standardised variables (correlation matrix)",
    "covariance": "unstandardised variables (covariance matrix)",
}
_FEW = 10
"""Up to so many variables the table says it all."""
_NAMED = 6
_LEAST_EXPLAINED = 3


def reading(solution: Solution, cutoff: float) -> str:
    """Read the first row aloud, as an example; of many variables, what each factor goes with, and which stand out."""
    if len(solution.association.variables) <= _FEW:
        return f"Read a row like this: {_sentence(solution, 0)}"
    return "\n".join(f"- {sentence}" for sentence in _what_stands_out(solution, cutoff))


def percent(share: float) -> str:
    """Write a percentage with two decimals, with four where it is below one or where two would make it a hundred."""
    return f"{share:.4f} %" if abs(share) < 1 or 99.995 <= share < 100 else f"{share:.2f} %"


def what_was_done(solution: Solution, kind: str = "") -> str:
    """Say the method, the matrix, the rows and what became of missing cells, the rotation and its normalisation."""
    found, rotation = solution.association, solution.rotation
    rows = f", {found.observations:,} rows" if found.observations else ""
    gaps = ""
    if found.missing and sum(found.missing.cells):
        count, rule = sum(found.missing.cells), _MISSING[found.missing.rule]
        gaps = f" of {found.missing.rows:,}, {count:,} cells missing: {rule}"
    rotated = "no rotation"
    if rotation:
        normal = "with" if rotation.normalized else "without"
        rotated = f"{rotation.method} rotation {normal} Kaiser normalisation"
    return f"{METHODS[solution.extraction.method]} of {kind or KINDS[found.kind]}{rows}{gaps}; {rotated}."


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


def _what_stands_out(solution: Solution, cutoff: float) -> Iterator[str]:
    """Yield a sentence for each factor, for variables of several factors, of none, and those least explained."""
    variables = [escape(name) for name in solution.association.variables]
    standard = solution.standardised_loadings
    strongest = np.argmax(np.abs(standard), axis=1)
    strong = np.abs(standard) >= cutoff
    for factor, name in enumerate(solution.names):
        own = [place for place in np.argsort(-np.abs(standard[:, factor])) if strongest[place] == factor]
        named = [f"{variables[place]} ({standard[place, factor]:.2f})" for place in own if strong[place, factor]]
        yield f"{name} goes with {_listed(named)}." if named else f"No variable goes with {name} first of all."
    several = []
    for place in np.flatnonzero(strong.sum(axis=1) > 1):
        loads = [f"{solution.names[one]} {standard[place, one]:.2f}" for one in np.flatnonzero(strong[place])]
        several.append(f"{variables[place]} ({', '.join(loads)})")
    if several:
        yield f"More than one factor goes with {_listed(several)}."
    if none := [variables[place] for place, row in enumerate(strong) if not row.any()]:
        yield f"No factor goes with {_listed(none)}: all their loadings are below {cutoff:g}."
    shares = solution.communality_percent
    least = [f"{variables[place]} ({percent(shares[place])})" for place in np.argsort(shares)[:_LEAST_EXPLAINED]]
    yield f"The factors say least about {_listed(least)}."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
