"""Gradient projection (Jennrich 2001, 2002; Bernaards & Jennrich 2005), from many starts at once.

How it works: a rotation criterion is to be as small as possible over a family of matrices, the orthogonal ones or those
with columns of length one. From each start the gradient is projected on the directions that stay in the family, a step
is taken against it, and the result is put back into the family; the step is halved until the criterion falls enough.
A start is done when its projected gradient is short enough. All starts are moved together, as one array whose first
axis is the start, and those that are done drop out of it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .arrays import Array, Indices, Mask
from .criteria import Criterion


@dataclass(frozen=True)
class Search:
    """Where each of s starts ended: rotations T (s, k, k), criterion values, steps taken, gradient zero or not (s,)."""

    rotations: Array
    values: Array
    iterations: Indices
    converged: Mask


class Family(ABC):
    """One of the two sets of rotations T (…, k, k), for unrotated loadings A (p, k)."""

    def __init__(self, loadings: Array, criterion: Criterion) -> None:
        self.unrotated = loadings
        self.criterion = criterion

    def evaluate(self, rotations: Array) -> tuple[Array, Array]:
        """Criterion (s,) and its gradient by T (s, k, k)."""
        loadings = self.loadings(rotations)
        values, slopes = self.criterion(loadings)
        return values, self.gradient(rotations, loadings, slopes)

    @abstractmethod
    def loadings(self, rotations: Array) -> Array:
        """Rotated loadings (s, p, k)."""

    @abstractmethod
    def gradient(self, rotations: Array, loadings: Array, slopes: Array) -> Array:
        """Gradient by T from the gradient by the loadings."""

    @abstractmethod
    def tangent(self, rotations: Array, gradient: Array) -> Array:
        """Project a gradient on the directions that stay in the family."""

    @abstractmethod
    def retract(self, matrices: Array) -> Array:
        """Bring matrices near the family back into it."""


class Orthogonal(Family):
    """T'T = I, loadings A T."""

    def loadings(self, rotations: Array) -> Array:
        return self.unrotated @ rotations

    def gradient(self, rotations: Array, loadings: Array, slopes: Array) -> Array:
        return self.unrotated.T @ slopes

    def tangent(self, rotations: Array, gradient: Array) -> Array:
        inner = rotations.mT @ gradient
        return np.asarray(gradient - rotations @ (inner + inner.mT) / 2)

    def retract(self, matrices: Array) -> Array:
        """By Cholesky's QR: a step along the tangent keeps M'M at I or above, so this is as exact as an SVD."""
        return np.asarray(np.linalg.solve(np.linalg.cholesky(matrices.mT @ matrices), matrices.mT).mT)


class Oblique(Family):
    """diag(T'T) = I, loadings A (T⁻¹)', factor correlations T'T."""

    def loadings(self, rotations: Array) -> Array:
        return self.unrotated @ np.linalg.inv(rotations).mT

    def gradient(self, rotations: Array, loadings: Array, slopes: Array) -> Array:
        return -np.linalg.inv(rotations).mT @ slopes.mT @ loadings

    def tangent(self, rotations: Array, gradient: Array) -> Array:
        return np.asarray(gradient - rotations * (rotations * gradient).sum(axis=-2, keepdims=True))

    def retract(self, matrices: Array) -> Array:
        return np.asarray(matrices / np.sqrt((matrices**2).sum(axis=-2, keepdims=True)))


def descend(family: Family, starts: Array, tolerance: float, max_iterations: int) -> Search:
    """Go down from each of ``starts`` (s, k, k) until its projected gradient's norm is below ``tolerance``.

    Each step's first length is Barzilai & Borwein's (1988); it is halved until the criterion falls enough.
    """
    rotations = starts.copy()
    values, gradients = family.evaluate(rotations)
    slopes = family.tangent(rotations, gradients)
    norms = _norm(slopes)
    lengths = 1 / np.maximum(norms, 1.0)
    iterations = np.zeros(len(rotations), dtype=int)
    active = np.flatnonzero(norms >= tolerance)
    while len(active) and iterations.max() < max_iterations:
        before = rotations[active], slopes[active]
        moved = _step(family, rotations[active], values[active], slopes[active], lengths[active])
        rotations[active], values[active], gradient = moved
        slopes[active] = family.tangent(rotations[active], gradient)
        lengths[active] = _next_lengths(rotations[active] - before[0], slopes[active] - before[1])
        iterations[active] += 1
        norms[active] = _norm(slopes[active])
        stuck = (rotations[active] == before[0]).all(axis=(-2, -1))
        active = active[(norms[active] >= tolerance) & ~stuck]
    return Search(rotations, values, iterations, norms < tolerance)


def _step(family: Family, rotations: Array, values: Array, slopes: Array, lengths: Array) -> tuple[Array, Array, Array]:
    """Take one step from each rotation, halving those that do not lower the criterion enough."""
    rotations, values = rotations.copy(), values.copy()
    new_gradients = np.zeros_like(rotations)
    squared = _norm(slopes) ** 2
    waiting = np.arange(len(rotations))
    trial_lengths = lengths.copy()
    for _ in range(40):
        scaled = trial_lengths[waiting, None, None] * slopes[waiting]
        trial = family.retract(rotations[waiting] - scaled)
        reached, gradients = family.evaluate(trial)
        good = reached <= values[waiting] - 1e-4 * squared[waiting] * trial_lengths[waiting]
        if len(waiting) == len(rotations) and good.all():
            return trial, reached, gradients
        done = waiting[good]
        rotations[done], values[done], new_gradients[done] = trial[good], reached[good], gradients[good]
        waiting = waiting[~good]
        if not len(waiting):
            return rotations, values, new_gradients
        trial_lengths[waiting] /= 2
    new_gradients[waiting] = family.evaluate(rotations[waiting])[1]
    return rotations, values, new_gradients


def _next_lengths(steps: Array, changes: Array) -> Array:
    """Barzilai & Borwein's first length, held within bounds."""
    across = np.abs((steps * changes).sum(axis=(-2, -1)))
    return np.asarray(np.clip((steps**2).sum(axis=(-2, -1)) / np.maximum(across, 1e-300), 1e-6, 1e3))


def _norm(matrices: Array) -> Array:
    return np.asarray(np.sqrt((matrices**2).sum(axis=(-2, -1))))
