"""The array types of the factor modules, and the few matrix steps that several of them take."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import FactorError

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def as_matrix(values: ArrayLike, what: str) -> Array:
    """Turn ``values`` into a square symmetric float matrix, or raise FactorError."""
    matrix = np.asarray(values, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise FactorError(f"{what} has shape {matrix.shape}; give a square matrix")
    if not np.isfinite(matrix).all():
        raise FactorError(f"{what} has missing or infinite cells; drop those variables or fill them")
    if not np.allclose(matrix, matrix.T, atol=1e-8 * max(1.0, float(np.abs(matrix).max()))):
        raise FactorError(f"{what} is not symmetric; give the same value for (i, j) and (j, i)")
    return np.asarray((matrix + matrix.T) / 2)


def as_correlation(covariance: Array) -> Array:
    """Scale a covariance matrix (p, p) to the correlation matrix."""
    deviations = np.sqrt(np.diag(covariance))
    correlation: Array = covariance / np.outer(deviations, deviations)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def eigen(matrix: Array) -> tuple[Array, Array]:
    """Return eigenvalues, largest first, and their eigenvectors as columns."""
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors[:, ::-1]


def eigenvalues_of(matrices: Array) -> Array:
    """Return the eigenvalues alone, largest first, of a matrix or of each of several."""
    return np.asarray(np.linalg.eigvalsh(matrices)[..., ::-1], np.float64)


def squared_multiple_correlations(correlation: Array) -> Array:
    """Return each variable's R² on all others (p,); raises FactorError when the matrix is singular."""
    if is_singular(correlation):
        raise FactorError("the correlation matrix is singular; drop a variable that the others add up to")
    return 1 - 1 / np.diag(np.linalg.inv(correlation))


def is_singular(matrix: Array, tolerance: float = 1e-12) -> bool:
    """Whether the smallest eigenvalue is zero, or below, to within ``tolerance`` of the largest."""
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] <= tolerance * max(values[-1], 0.0))


def named(rows: Sequence[int] | NDArray[np.signedinteger], names: Sequence[str]) -> str:
    """List the variables with these row numbers, by name where there are names."""
    return ", ".join(names[int(row)] if names else f"variable {int(row) + 1}" for row in rows)
