"""What minres and maximum likelihood minimise over the uniquenesses, with first and second derivatives."""

import numpy as np

from .arrays import Array, eigen
from .newton import Point


def least_squares(uniqueness: Array, matrix: Array, factors: int) -> Point:
    """Half the sum of squared residuals left by the best ``factors`` loadings, as a function of uniqueness (p,).

    It is ½ Σ λ² over the eigenvalues of S − Ψ after the first k (Harman & Jones 1966; Jöreskog 1977).
    """
    values, vectors = eigen(matrix - np.diag(uniqueness))
    head, tail = values[:factors], values[factors:, None]
    left = vectors[:, factors:]
    across = _across(vectors, 2 * tail / _apart(tail - head))
    return Point(float((tail**2).sum()) / 2, -(left**2) @ tail[:, 0], (left @ left.T) ** 2 + across)


def likelihood(log_uniqueness: Array, matrix: Array, factors: int) -> Point:
    """The maximum likelihood discrepancy as a function of log uniqueness (p,).

    It is Σ (θ − log θ − 1) over the eigenvalues of Ψ^−½ S Ψ^−½ after the first k (Jöreskog 1967, eqs. 20–27).
    """
    scale = np.exp(-log_uniqueness / 2)
    values, vectors = eigen(matrix * np.outer(scale, scale))
    values = np.maximum(values, 1e-300)
    head, tail = values[:factors], values[factors:, None]
    left = vectors[:, factors:]
    gradient = (left**2) @ (1 - tail[:, 0])
    across = _across(vectors, (tail - 1) * (3 * head + tail) / _apart(tail - head) / 2)
    within = (left @ left.T) * (left @ ((1 + tail) * left.T)) / 2
    return Point(float((tail - np.log(tail) - 1).sum()), gradient, within + across - np.diag(gradient) / 2)


def _across(vectors: Array, weights: Array) -> Array:
    """Σ w[m, l] (v_m ∘ v_l)(v_m ∘ v_l)' over the last eigenvectors m and the first l; weights are (p − k, k)."""
    last, factors = weights.shape
    pairs = vectors[:, factors:, None] * vectors[:, None, :factors]
    flat = pairs.reshape(len(vectors), last * factors)
    return np.asarray((flat * weights.ravel()) @ flat.T)


def _apart(differences: Array) -> Array:
    """Keep eigenvalue differences (negative) away from zero."""
    return np.minimum(differences, -1e-10)
