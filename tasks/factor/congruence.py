"""Whether two solutions found the same factors: Tucker's congruence of their loadings."""

from __future__ import annotations

import numpy as np

from .arrays import Array, Indices

SAME, FAIR = 0.95, 0.85
"""From where on two factors are taken as the same, or as fairly alike (Lorenzo-Seva & ten Berge 2006)."""


def congruence(one: Array, other: Array) -> Array:
    """Return the congruence (k, l) of each factor of one pattern (p, k) with each of another (p, l) (Tucker 1951)."""
    sizes = np.outer(np.linalg.norm(one, axis=0), np.linalg.norm(other, axis=0))
    return np.asarray(one.T @ other / np.where(sizes == 0, 1.0, sizes))


def match(values: Array) -> tuple[Indices, Array]:
    """Pair factors so that the sum of absolute congruences (k, l) is largest; for k ≤ l.

    Returns the column for each row (k,), and the sign of their congruence (k,).
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-np.abs(values))
    signs = np.where(values[rows, columns] < 0, -1.0, 1.0)
    return np.asarray(columns), signs


def words_for(value: float) -> str:
    """Return what an absolute congruence is taken to mean."""
    return "the same" if value >= SAME else "fairly alike" if value >= FAIR else "another"
