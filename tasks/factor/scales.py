"""The items of each factor as a scale: how reliable their sum is, and how well scores would stand for the factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array, as_correlation, is_singular
from .solution import Solution

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scale:
    """The variables that load on a factor most, and at least by the cutoff; those in ``reversed`` load negatively.

    ``alpha`` is Cronbach's of the standardised items (Cronbach 1951), ``low`` and ``high`` its 95 % interval (Feldt,
    Woodruff & Salih 1987), None without rows. ``omega`` is McDonald's total of the one factor, from its loadings alone
    (McDonald 1999). All are None for fewer than two items. ``determinacy`` is the correlation of the factor with its
    regression scores (Grice 2001), None where the matrix is singular.
    """

    factor: str
    items: tuple[int, ...]
    reversed: tuple[int, ...]
    alpha: float | None = None
    low: float | None = None
    high: float | None = None
    omega: float | None = None
    determinacy: float | None = None


def scales(solution: Solution, cutoff: float) -> list[Scale]:
    """Return a scale for each factor, of the correlations of the variables."""
    correlations = as_correlation(solution.association.matrix)
    standard, rows = solution.standardised_loadings, solution.association.observations
    strongest = np.argmax(np.abs(standard), axis=1)
    determined = _determinacies(solution, correlations)
    found = []
    for factor, name in enumerate(solution.names):
        own = standard[:, factor]
        items = np.flatnonzero((strongest == factor) & (np.abs(own) >= cutoff))
        signs = np.sign(own[items])
        turned = tuple(int(one) for one in items[signs < 0]) if (signs > 0).sum() else ()
        scale = Scale(name, tuple(map(int, items)), turned, determinacy=determined[factor] if determined else None)
        if len(items) > 1:
            part = correlations[np.ix_(items, items)] * np.outer(signs, signs)
            alpha = cronbach(part)
            low, high = feldt(alpha, rows, len(items)) if rows else (None, None)
            omega = mcdonald(np.abs(own[items]))
            scale = Scale(name, scale.items, turned, alpha, low, high, omega, scale.determinacy)
        found.append(scale)
    return found


def cronbach(matrix: Array) -> float:
    """Return Cronbach's α of items with this covariance or correlation matrix (p, p)."""
    count = len(matrix)
    return float(count / (count - 1) * (1 - np.trace(matrix) / matrix.sum()))


def mcdonald(loadings: Array) -> float:
    """Return McDonald's ω of standardised items (p,) with these loadings on one factor."""
    common = float(loadings.sum()) ** 2
    return common / (common + float((1 - loadings**2).sum()))


def feldt(alpha: float, rows: int, items: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return α's interval: (1 - α) times quantiles of F with n - 1 and (n - 1)(p - 1) degrees of freedom."""
    from scipy.special import fdtri  # scipy.stats would take a third of a second to import

    freedom, tail = ((rows - 1), (rows - 1) * (items - 1)), (1 - confidence) / 2
    return 1 - (1 - alpha) * float(fdtri(*freedom, 1 - tail)), 1 - (1 - alpha) * float(fdtri(*freedom, tail))


def _determinacies(solution: Solution, correlations: Array) -> list[float] | None:
    if is_singular(correlations) or solution.extraction.method == "principal":
        return None  # a component is a sum of the variables, so its scores are it
    phi = solution.rotation.correlations if solution.rotation is not None else None
    pattern = solution.standardised_loadings
    structure = pattern if phi is None else pattern @ phi
    squared = np.diag(structure.T @ np.linalg.solve(correlations, structure))
    return [float(np.sqrt(min(one, 1.0))) for one in np.maximum(squared, 0.0)]
