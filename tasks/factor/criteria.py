"""What the rotations minimise: the value of each criterion and its gradient by the loadings."""

from collections.abc import Callable

import numpy as np

from .arrays import Array

Criterion = Callable[[Array], tuple[Array, Array]]
"""From loadings (…, p, k) to values (…,) and gradients (…, p, k)."""


def varimax(loadings: Array) -> tuple[Array, Array]:
    """−¼ Σ over factors of the variance of the squared loadings, × p (Kaiser 1958)."""
    squares = loadings**2
    spread = squares - squares.mean(axis=-2, keepdims=True)
    return -(spread**2).sum(axis=(-2, -1)) / 4, -loadings * spread


def quartimax(loadings: Array) -> tuple[Array, Array]:
    """−¼ Σ of the fourth powers (Neuhaus & Wrigley 1954)."""
    return -(loadings**4).sum(axis=(-2, -1)) / 4, -(loadings**3)


def crawford_ferguson(kappa: float) -> Criterion:
    """Crawford & Ferguson 1970: (1 − κ) × complexity of rows + κ × complexity of columns, over 4."""

    def criterion(loadings: Array) -> tuple[Array, Array]:
        squares = loadings**2
        rows = squares.sum(axis=-1, keepdims=True) - squares
        columns = squares.sum(axis=-2, keepdims=True) - squares
        slope = (1 - kappa) * rows + kappa * columns
        return (squares * slope).sum(axis=(-2, -1)) / 4, loadings * slope

    return criterion


def oblimin(gamma: float) -> Criterion:
    """Direct oblimin (Jennrich & Sampson 1966); γ = 0 is quartimin."""

    def criterion(loadings: Array) -> tuple[Array, Array]:
        squares = loadings**2
        others = squares.sum(axis=-1, keepdims=True) - squares
        slope = others - gamma * others.mean(axis=-2, keepdims=True)
        return (squares * slope).sum(axis=(-2, -1)) / 4, loadings * slope

    return criterion


def geomin(delta: float) -> Criterion:
    """Σ over rows of the geometric mean of squared loadings + δ (Yates 1987; Browne 2001)."""

    def criterion(loadings: Array) -> tuple[Array, Array]:
        squares = loadings**2 + delta
        means = np.exp(np.log(squares).mean(axis=-1, keepdims=True))
        return means.sum(axis=(-2, -1)), 2 / loadings.shape[-1] * loadings / squares * means

    return criterion
