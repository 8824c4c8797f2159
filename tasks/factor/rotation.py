"""Rotation of loadings to simple structure: orthogonal and oblique, with its signs and order fixed by rule."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, Mask
from .criteria import Criterion, crawford_ferguson, geomin, oblimin, quartimax, varimax
from .errors import Caution, FactorError
from .ordering import arrange
from .projection import Oblique, Orthogonal, Search, descend


@dataclass(frozen=True)
class Rotation:
    """Loadings (p, k) after rotation by ``method``, with Kaiser normalisation or not (``normalized``).

    ``loadings`` is the pattern matrix, ``structure`` = pattern × ``correlations`` (k, k), which is I where orthogonal.
    pattern = unrotated × ``matrix`` (k, k). ``variance`` (k,) is what each factor accounts for, diag(Φ L'L).
    ``criterion`` is the value reached; ``agreeing`` of the ``starts`` searches ended there, all of them in ``optima``
    places.
    """

    method: str
    oblique: bool
    normalized: bool
    loadings: Array
    structure: Array
    correlations: Array
    matrix: Array
    variance: Array
    criterion: float | None
    iterations: int
    converged: bool
    starts: int
    agreeing: int
    optima: int
    cautions: tuple[Caution, ...]


class Rule(NamedTuple):
    """How a rotation is done: oblique or not, normalised unless told otherwise, its criterion for p × k loadings.

    The criterion goes with the loadings' size to the power of ``degree``; the search is among loadings of size 1.
    """

    oblique: bool
    normalize: bool
    degree: int
    criterion: Callable[[int, int, float, float], Criterion]


RULES = {
    "varimax": Rule(False, True, 4, lambda p, k, gamma, delta: varimax),
    "quartimax": Rule(False, False, 4, lambda p, k, gamma, delta: quartimax),
    "equamax": Rule(False, False, 4, lambda p, k, gamma, delta: crawford_ferguson(k / (2 * p))),
    "geominT": Rule(False, False, 2, lambda p, k, gamma, delta: geomin(delta)),
    "promax": Rule(True, True, 4, lambda p, k, gamma, delta: varimax),
    "oblimin": Rule(True, False, 4, lambda p, k, gamma, delta: oblimin(gamma)),
    "quartimin": Rule(True, False, 4, lambda p, k, gamma, delta: oblimin(0.0)),
    "geominQ": Rule(True, False, 2, lambda p, k, gamma, delta: geomin(delta)),
}
METHODS = ("none", *RULES)


class RotationMatrix(NamedTuple):
    """A rotation before its factors are put in order: pattern = unrotated × matrix."""

    matrix: Array
    correlations: Array
    search: Search


def rotate(
    loadings: ArrayLike,
    method: str = "varimax",
    normalize: bool | None = None,
    *,
    gamma: float = 0.0,
    delta: float = 0.01,
    power: float = 4.0,
    starts: int = 10,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_iterations: int = 2000,
) -> Rotation:
    """Rotate ``loadings`` (p, k), k at least 1.

    ``normalize`` (Kaiser: rows scaled to length 1 meanwhile) is on for varimax and promax and off for the rest unless
    given, as in R's psych. ``gamma`` is oblimin's, ``delta`` geomin's. ``power`` is promax's (Hendrickson & White
    1964), all of which is done on the normalised rows, as by psych's ``fa``; factanal's promax normalises in its
    varimax only.

    The lowest criterion of ``starts`` searches is taken: the first from the loadings as they are, the others from
    random rotations drawn with ``seed``. Order and signs: see ``ordering.arrange``.

    Raises FactorError for an unknown method, loadings that are not a p × k table of numbers, or an empty factor.
    """
    unrotated = _check(loadings, method)
    factors = unrotated.shape[1]
    if method == "none" or factors == 1:
        return _unrotated(unrotated, method)
    _check_rank(unrotated)
    rule = RULES[method]
    normalize = rule.normalize if normalize is None else normalize
    lengths = _row_lengths(unrotated)
    size = 1.0 if normalize else float(lengths.max())
    scaled = unrotated / (lengths if normalize else size)
    family = Orthogonal if method == "promax" or not rule.oblique else Oblique
    criterion = rule.criterion(len(unrotated), factors, gamma, delta / size**2)
    search = descend(family(scaled, criterion), _starts(factors, starts, seed), tolerance, max_iterations)
    best = search.rotations[_best(search)]
    if method == "promax":
        rotation = _promax(scaled, best, power, search)
    else:
        rotation = _rotation_matrix(best, rule.oblique, search)
    return _finish(unrotated, rotation, method, normalize, size**rule.degree)


def _check(loadings: ArrayLike, method: str) -> Array:
    if method not in METHODS:
        raise FactorError(f"unknown rotation '{method}'; use one of {', '.join(METHODS)}")
    values = np.asarray(loadings, dtype=float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise FactorError(f"loadings have shape {values.shape} or missing cells; give variables × factors")
    return values


def _check_rank(loadings: Array) -> None:
    sizes = np.linalg.svd(loadings, compute_uv=False)
    rank = int((sizes > 1e-7 * sizes[0]).sum())
    if rank < loadings.shape[1]:
        raise FactorError(f"{loadings.shape[1]} factors, of which {rank} are there; ask for fewer factors")


def _unrotated(loadings: Array, method: str) -> Rotation:
    """Leave the loadings as they are, but for order and signs; say so where there is one factor only."""
    same = np.eye(loadings.shape[1])
    search = Search(same[None], np.zeros(1), np.zeros(1, dtype=int), np.ones(1, dtype=bool))
    done = _finish(loadings, RotationMatrix(same, same, search), "none", False, 1.0)
    alone = Caution("one-factor", "one factor leaves nothing to rotate")
    cautions = () if method == "none" else (alone,)
    return replace(done, criterion=None, starts=0, agreeing=0, optima=0, cautions=cautions)


def _row_lengths(loadings: Array) -> Array:
    lengths = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    return np.where(lengths > 0, lengths, 1.0)


def _starts(factors: int, starts: int, seed: int) -> Array:
    """The identity, then rotations that are uniform over the orthogonal matrices."""
    rng = np.random.default_rng(seed)
    rotations = np.linalg.qr(rng.standard_normal((max(starts, 1), factors, factors)))[0]
    rotations[0] = np.eye(factors)
    return rotations


def _agreeing(search: Search) -> Mask:
    """Which searches ended at the lowest value, to 7 digits of the values' size."""
    usable = np.where(np.isfinite(search.values), search.values, np.inf)
    return np.asarray(usable <= usable.min() + 1e-7 * max(1.0, abs(float(usable.min()))))


def _best(search: Search) -> int:
    """The first of the searches at the lowest value, a converged one where there is one."""
    lowest = _agreeing(search)
    settled = lowest & search.converged
    return int(np.argmax(settled if settled.any() else lowest))


def _rotation_matrix(best: Array, oblique: bool, search: Search) -> RotationMatrix:
    if not oblique:
        return RotationMatrix(best, np.eye(len(best)), search)
    return RotationMatrix(np.asarray(np.linalg.inv(best).T, np.float64), best.T @ best, search)


def _promax(scaled: Array, best: Array, power: float, search: Search) -> RotationMatrix:
    """Least squares from varimax to its own loadings raised to a power."""
    simple = scaled @ best
    target = simple * np.abs(simple) ** (power - 1)
    fit = np.linalg.lstsq(simple, target, rcond=None)[0]
    fit *= np.sqrt(np.diag(np.linalg.inv(fit.T @ fit)))
    back = np.linalg.inv(fit)
    return RotationMatrix(best @ fit, back @ back.T, search)


def _finish(unrotated: Array, rotation: RotationMatrix, method: str, normalize: bool, unit: float) -> Rotation:
    """Put the factors in order and gather the result; ``unit`` is that of the criterion's values."""
    pattern = unrotated @ rotation.matrix
    arrangement = arrange(pattern, np.diag(rotation.correlations @ pattern.T @ pattern))
    pattern = arrangement.columns(pattern)
    correlations = arrangement.both(rotation.correlations)
    best = _best(rotation.search)
    return Rotation(
        method=method,
        oblique=method != "none" and RULES[method].oblique,
        normalized=normalize,
        loadings=pattern,
        structure=pattern @ correlations,
        correlations=correlations,
        matrix=arrangement.columns(rotation.matrix),
        variance=np.diag(correlations @ pattern.T @ pattern),
        criterion=float(rotation.search.values[best]) * unit,
        iterations=int(rotation.search.iterations[best]),
        converged=bool(rotation.search.converged[best]),
        starts=len(rotation.search.values),
        agreeing=int(_agreeing(rotation.search).sum()),
        optima=len(np.unique(np.round(rotation.search.values[rotation.search.converged], 5))),
        cautions=_cautions(rotation.search, best),
    )


def _cautions(search: Search, best: int) -> tuple[Caution, ...]:
    if search.converged[best]:
        return ()
    text = f"the rotation did not settle in {search.iterations[best]} steps; use fewer factors or another rotation"
    return (Caution("no-convergence", text),)
