"""Newton's method within bounds, for the uniquenesses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .arrays import Array, Mask


class Point(NamedTuple):
    """A function's value, gradient (p,) and Hessian (p, p) somewhere."""

    value: float
    gradient: Array
    hessian: Array


@dataclass(frozen=True)
class Minimum:
    """Where the search ended: x (p,), the value there, how many steps, and whether the gradient is zero."""

    x: Array
    value: float
    iterations: int
    converged: bool


def minimize(
    function: Callable[[Array], Point],
    start: Array,
    lower: Array,
    upper: Array,
    tolerance: float = 1e-8,
    max_iterations: int = 200,
) -> Minimum:
    """Minimise by projected Newton steps (Bertsekas 1982) with halving.

    Converged when no free gradient entry exceeds ``tolerance``, or when no step lowers the value any further and none
    exceeds its square root.
    """
    x = np.clip(start, lower, upper)
    point = function(x)
    for iteration in range(max_iterations):
        slope = np.where(_held(x, point.gradient, lower, upper), 0.0, point.gradient)
        if np.abs(slope).max() < tolerance:
            return Minimum(x, point.value, iteration, True)
        step = _newton_step(point, slope != 0)
        moved = _search(function, x, point, step, lower, upper) or _search(function, x, point, -slope, lower, upper)
        if moved is None:
            return Minimum(x, point.value, iteration, bool(np.abs(slope).max() < tolerance**0.5))
        x, point = moved
    return Minimum(x, point.value, max_iterations, False)


def _held(x: Array, gradient: Array, lower: Array, upper: Array) -> Mask:
    return ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))


def _newton_step(point: Point, free: Mask) -> Array:
    """Step down along the Hessian's eigenvectors, each curvature taken as positive."""
    curvatures, directions = np.linalg.eigh(point.hessian[np.ix_(free, free)])
    curvatures = np.maximum(np.abs(curvatures), 1e-8 * max(float(np.abs(curvatures).max()), 1e-300))
    step = np.zeros_like(point.gradient)
    step[free] = -directions @ ((directions.T @ point.gradient[free]) / curvatures)
    return step


def _search(
    function: Callable[[Array], Point], x: Array, point: Point, step: Array, lower: Array, upper: Array
) -> tuple[Array, Point] | None:
    """Halve the step until the value falls enough (Armijo); None when it never does."""
    for halvings in range(30):
        trial = np.clip(x + step * 0.5**halvings, lower, upper)
        promised = float(point.gradient @ (trial - x))
        if promised >= 0:
            continue
        reached = function(trial)
        if reached.value <= point.value + 1e-4 * promised:
            return trial, reached
    return None
