"""The rule that gives factors their order and sign, so that the same data always give the same table."""

from typing import NamedTuple

import numpy as np

from .arrays import Array, Indices


class Arrangement(NamedTuple):
    """New column order (k,) and the sign (k,) each column gets after it."""

    order: Indices
    signs: Array

    def columns(self, matrix: Array) -> Array:
        """Arrange the columns of a (·, k) matrix."""
        return matrix[:, self.order] * self.signs

    def both(self, matrix: Array) -> Array:
        """Arrange rows and columns of a (k, k) matrix."""
        return np.asarray(matrix[np.ix_(self.order, self.order)] * np.outer(self.signs, self.signs))


def arrange(loadings: Array, variance: Array) -> Arrangement:
    """Order the columns by variance accounted for, largest first; turn each so that its loadings sum above zero.

    Variances equal to 9 digits go by the sum of |loading|³. Where a column's sum is zero to 9 digits the sum of cubes
    decides, and where that is zero too the first loading that is not. Neither rule looks at the order of the rows.
    """
    ranks = -np.round(variance / max(float(variance.max()), 1e-300), 9)
    order = np.lexsort((-np.round((np.abs(loadings) ** 3).sum(axis=0), 9), ranks))
    return Arrangement(order.astype(np.int64), _signs(loadings[:, order]))


def _signs(loadings: Array) -> Array:
    unit = loadings / np.maximum(np.abs(loadings).max(axis=0), 1e-300)
    first = np.take_along_axis(unit, np.argmax(np.abs(unit) > 1e-9, axis=0)[None], axis=0)[0]
    sums, cubes = unit.sum(axis=0), (unit**3).sum(axis=0)
    deciding = np.where(np.abs(sums) > 1e-9, sums, np.where(np.abs(cubes) > 1e-9, cubes, first))
    return np.asarray(np.where(deciding < 0, -1.0, 1.0))
