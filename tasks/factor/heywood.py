"""Heywood cases: communalities at or above the variance, and factors that ran out of variance."""

import numpy as np

from .arrays import Array
from .errors import Caution

REMEDY = "ask for fewer factors, drop the variable, or use principal components"


def find_heywood(matrix: Array, loadings: Array, bound: float) -> list[Caution]:
    """Name the variables of ``matrix`` (p, p) that ``loadings`` (p, k) leave a uniqueness at the bound or below."""
    left = 1 - (loadings**2).sum(axis=1) / np.diag(matrix)
    ultra = tuple(int(row) for row in np.flatnonzero(left < -1e-9))
    edge = tuple(int(row) for row in np.flatnonzero((left >= -1e-9) & (left < bound * 1.001)))
    cautions = []
    if ultra:
        cautions.append(
            Caution(
                "ultra-heywood", f"communality above the variable's variance; {REMEDY}", ultra, _of(1 - left, ultra)
            )
        )
    if edge:
        cautions.append(Caution("heywood", f"uniqueness is next to nothing; {REMEDY}", edge, _of(left, edge)))
    if ((loadings**2).sum(axis=0) < 1e-10 * np.trace(matrix)).any():
        cautions.append(Caution("empty-factor", "a factor accounts for no variance: ask for fewer factors"))
    return cautions


def _of(values: Array, rows: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(float(values[row]) for row in rows)
