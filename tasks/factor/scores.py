"""Factor scores: the weights of the variables, the scores of the rows, and how well they stand for the factors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, is_singular
from .errors import FactorError

METHODS = ("regression", "bartlett", "ten-berge")


@dataclass(frozen=True)
class ScoreWeights:
    """Weights (p, k) of the variables (standardised, or centred in a covariance run) in each score.

    ``validity`` (k,) is the correlation of each score with its factor, ``correlations`` (k, k) those among the scores.
    """

    method: str
    weights: Array
    validity: Array
    correlations: Array


def score_weights(
    matrix: Array, loadings: Array, correlations: Array | None = None, method: str = "regression"
) -> ScoreWeights:
    """Find score weights from the analysed matrix S (p, p), the pattern (p, k) and factor correlations Φ (k, k).

    regression: S⁻¹ L Φ (Thurstone 1935). bartlett: Ψ⁻¹L(L'Ψ⁻¹L)⁻¹ (Bartlett 1937). ten-berge: scores that
    correlate as the factors do (ten Berge et al. 1999). Raises FactorError on an unknown method, a singular matrix,
    or for bartlett a variable without uniqueness.
    """
    phi = np.eye(loadings.shape[1]) if correlations is None else correlations
    if method not in METHODS:
        raise FactorError(f"unknown scores '{method}'; use one of {', '.join(METHODS)}")
    if method != "bartlett" and is_singular(matrix):
        raise FactorError(f"{method} scores need an invertible matrix; drop a variable that the others add up to")
    weights = _FUNCTIONS[method](matrix, loadings, phi)
    covariances = weights.T @ matrix @ weights
    deviations = np.sqrt(np.diag(covariances))
    validity = np.diag(weights.T @ loadings @ phi) / deviations
    return ScoreWeights(method, weights, validity, covariances / np.outer(deviations, deviations))


def score(data: ArrayLike, weights: Array, means: Array, deviations: Array | None = None) -> Array:
    """Score rows: (n × p data − means) ÷ deviations, times weights (p, k); (n, k), NaN for a row with a missing cell.

    Give ``deviations`` in a correlation run, leave them out in a covariance run.
    """
    centred = np.asarray(data, dtype=float) - means
    return (centred if deviations is None else centred / deviations) @ weights


def _regression(matrix: Array, loadings: Array, phi: Array) -> Array:
    return np.asarray(np.linalg.solve(matrix, loadings @ phi), np.float64)


def _bartlett(matrix: Array, loadings: Array, phi: Array) -> Array:
    uniqueness = np.diag(matrix) - np.diag(loadings @ phi @ loadings.T)
    if (uniqueness <= 1e-9 * np.diag(matrix)).any():
        raise FactorError("Bartlett scores need uniqueness above zero for each variable; use regression scores")
    scaled = loadings / uniqueness[:, None]
    if is_singular(loadings.T @ scaled):
        raise FactorError("a factor is empty, so it has no scores; ask for fewer factors")
    return np.asarray(scaled @ np.linalg.inv(loadings.T @ scaled))


def _ten_berge(matrix: Array, loadings: Array, phi: Array) -> Array:
    root = _power(phi, 0.5)
    spread = loadings @ root
    inner = _power(spread.T @ np.linalg.solve(matrix, spread), -0.5)
    return np.linalg.solve(matrix, spread) @ inner @ root


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)


_FUNCTIONS = {"regression": _regression, "bartlett": _bartlett, "ten-berge": _ten_berge}
