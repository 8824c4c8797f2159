"""What minres and maximum likelihood minimise over the uniquenesses, with first and second derivatives."""

import numpy as np

from tasks.factor.arrays import Array, eigen
from tasks.factor.newton import Point


def least_squares(uniqueness: Array, matrix: Array, factors: int) -> Point:
    """Half the sum of squared residuals left by the best `factors` loadings, as a function of uniqueness (p,).

    It is ½ Σ λ² over the eigenvalues of S − Ψ after the first k (Harman & Jones 1966; Jöreskog 1977).
    """
    values, vectors = eigen(matrix - np.diag(uniqueness))
    head, tail = values[:factors], values[factors:]
    gradient = -(vectors[:, factors:] ** 2) @ tail
    across = 2 * tail[:, None] / _apart(tail[:, None] - head)
    weights = np.hstack([across, np.ones((len(tail), len(tail)))])
    return Point(float(tail @ tail) / 2, gradient, _products(vectors, weights))


def likelihood(log_uniqueness: Array, matrix: Array, factors: int) -> Point:
    """The maximum likelihood discrepancy as a function of log uniqueness (p,).

    It is Σ (θ − log θ − 1) over the eigenvalues of Ψ^−½ S Ψ^−½ after the first k (Jöreskog 1967, eqs. 20–27).
    """
    scale = np.exp(-log_uniqueness / 2)
    values, vectors = eigen(matrix * np.outer(scale, scale))
    values = np.maximum(values, 1e-300)
    head, tail = values[:factors], values[factors:]
    gradient = (vectors[:, factors:] ** 2) @ (1 - tail)
    across = (tail[:, None] - 1) * (3 * head + tail[:, None]) / _apart(tail[:, None] - head) / 2
    within = (1 + (tail[:, None] + tail) / 2) / 2
    hessian = _products(vectors, np.hstack([across, within])) - np.diag(gradient) / 2
    return Point(float(np.sum(tail - np.log(tail) - 1)), gradient, hessian)


def _products(vectors: Array, weights: Array) -> Array:
    """Σ w[m, l] (v_m ∘ v_l)(v_m ∘ v_l)' over the last eigenvectors m and all l; weights are (p − k, p)."""
    last = vectors[:, len(vectors) - len(weights) :]
    pairs = (last[:, :, None] * vectors[:, None, :]).reshape(len(vectors), -1)
    return np.asarray((pairs * weights.ravel()) @ pairs.T)


def _apart(differences: Array) -> Array:
    """Keep eigenvalue differences (negative) away from zero."""
    return np.minimum(differences, -1e-10)
