"""Loadings from a correlation or covariance matrix by principal components, principal axis, minres or ML."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_correlation, as_matrix, eigen, eigenvalues_of, is_singular
from .data import check_definite
from .discrepancy import least_squares, likelihood
from .errors import Caution, FactorError
from .heywood import find_heywood
from .newton import Minimum, minimize
from .ordering import arrange

METHODS = ("principal", "axis", "minres", "ml")
LOWEST_UNIQUENESS = 0.005  # as a share of the variable's variance: the bound of psych and factanal
STARTS = 10  # the first from the squared multiple correlations, the others at random, always the same
_STEPS_OF_OTHERS = 200
_SAME = 1e-6  # how far apart, relatively, minima may be that count as one


@dataclass(frozen=True)
class Starts:
    """Where the searches from several starts ended: how many there were, and how many reached the least ``value``.

    ``at_bound`` if the best leaves a uniqueness at its bound; then ``inner`` (p,) are the communalities of the best
    minimum inside the bounds and ``inner_value`` its value, None where no start found one.
    """

    count: int
    agreeing: int
    value: float
    at_bound: bool
    inner_value: float | None = None
    inner: Array | None = None


@dataclass(frozen=True)
class Extraction:
    """What ``extract`` found, for p variables and k factors, before rotation.

    ``loadings`` (p, k) are covariances of variable and factor, ``rescaled`` (p, k) their correlations (the same in a
    correlation run). ``communalities`` and ``uniqueness`` (p,) are in the units of the matrix and sum to its diagonal.
    ``eigenvalues`` (p,) are the matrix's own, ``common_eigenvalues`` (p,) those with communalities on the diagonal (for
    components: the same). ``variance`` (k,) is what each factor accounts for, ``proportion`` (k,) its share of all.
    """

    method: str
    loadings: Array
    rescaled: Array
    communalities: Array
    uniqueness: Array
    eigenvalues: Array
    common_eigenvalues: Array
    variance: Array
    proportion: Array
    iterations: int
    converged: bool
    cautions: tuple[Caution, ...]
    starts: Starts | None = None
    """None where there is but one way: principal components, principal axes."""


class Fitted(NamedTuple):
    """Loadings (p, k) as a method left them, its steps, and whether they ended by themselves."""

    loadings: Array
    iterations: int
    converged: bool
    starts: Starts | None = None


def extract(
    matrix: ArrayLike, factors: int, method: str = "minres", max_iterations: int = 10_000, starts: int = STARTS
) -> Extraction:
    """Extract ``factors`` from a correlation or covariance matrix (p, p).

    principal: eigenvectors × √eigenvalue. axis: principal axis iterated until communalities move by less than 1e-9
    of the variance (Harman 1976, ch. 8). minres: least squares of the residuals (Harman & Jones 1966). ml: Jöreskog
    1967; it does not depend on the units, so a covariance matrix is scaled and its loadings scaled back. Uniqueness
    is at least 0.005 of the variance in minres and ml, which search from ``starts`` places.
    Order and signs: see ``ordering.arrange``. Heywood cases and
    missing convergence come as cautions.

    Raises FactorError for an unknown method, too many factors, or ml on a matrix that is not positive definite.
    """
    values = as_matrix(matrix, "the matrix")
    _check(values, factors, method)
    fitted = _fit(values, factors, method, max_iterations, starts)
    diagonal = np.diag(values)
    scale = np.sqrt(diagonal)[:, None]
    order = arrange(fitted.loadings / scale, (fitted.loadings**2).sum(axis=0))
    loadings = order.columns(fitted.loadings)
    communalities = (loadings**2).sum(axis=1)
    variance = (loadings**2).sum(axis=0)
    common = values if method == "principal" else _reduced(values, communalities)
    return Extraction(
        method=method,
        loadings=loadings,
        rescaled=loadings / scale,
        communalities=communalities,
        uniqueness=diagonal - communalities,
        eigenvalues=eigenvalues_of(values),
        common_eigenvalues=eigenvalues_of(common),
        variance=variance,
        proportion=variance / diagonal.sum(),
        iterations=fitted.iterations,
        converged=fitted.converged,
        cautions=tuple(_cautions(values, fitted, method)),
        starts=fitted.starts,
    )


def degrees_of_freedom(variables: int, factors: int) -> int:
    """((p − k)² − p − k) / 2; below zero the factors are not determined."""
    return ((variables - factors) ** 2 - variables - factors) // 2


def _check(matrix: Array, factors: int, method: str) -> None:
    variables = len(matrix)
    if method not in METHODS:
        raise FactorError(f"unknown method '{method}'; use one of {', '.join(METHODS)}")
    most = variables if method == "principal" else variables - 1
    if most < 1:
        raise FactorError(f"{variables} variable; {method} needs at least 2")
    if not 1 <= factors <= most:
        raise FactorError(f"{factors} factors from {variables} variables by {method}; ask for 1 to {most}")
    if (np.diag(matrix) <= 0).any():
        raise FactorError("a variable has no variance; drop it")
    if method == "ml" and is_singular(matrix):
        raise FactorError("maximum likelihood needs a positive definite matrix; drop a variable or use minres")


def _fit(matrix: Array, factors: int, method: str, max_iterations: int, starts: int) -> Fitted:
    if method == "principal":
        return Fitted(_leading(matrix, factors), 0, True)
    if method == "axis":
        return _principal_axis(matrix, factors, max_iterations)
    search = _minres if method == "minres" else _ml
    return search(matrix, factors, max_iterations, starts)


def _leading(matrix: Array, factors: int) -> Array:
    """Loadings of the first ``factors`` eigenvectors."""
    values, vectors = eigen(matrix)
    return vectors[:, :factors] * np.sqrt(np.maximum(values[:factors], 0.0))


def _principal_axis(matrix: Array, factors: int, max_iterations: int) -> Fitted:
    diagonal = np.diag(matrix)
    communalities = diagonal - _first_uniqueness(matrix)
    for iteration in range(1, max_iterations + 1):
        loadings = _leading(_reduced(matrix, communalities), factors)
        before, communalities = communalities, (loadings**2).sum(axis=1)
        if np.abs((communalities - before) / diagonal).max() < 1e-9:
            return Fitted(loadings, iteration, True)
    return Fitted(loadings, max_iterations, False)


def _minres(matrix: Array, factors: int, max_iterations: int, count: int) -> Fitted:
    diagonal = np.diag(matrix).copy()
    lower = LOWEST_UNIQUENESS * diagonal
    found = [
        minimize(
            lambda uniqueness: least_squares(uniqueness, matrix, factors),
            start,
            lower,
            diagonal,
            tolerance=1e-9 * float(diagonal.max()),
            max_iterations=max_iterations if number == 0 else min(max_iterations, _STEPS_OF_OTHERS),
        )
        for number, start in enumerate(_many_starts(_first_uniqueness(matrix), diagonal, count))
    ]
    best, starts = _compare_minima(found, lower, lambda x: 1 - x / diagonal)
    return Fitted(_leading(matrix - np.diag(best.x), factors), best.iterations, best.converged, starts)


def _ml(matrix: Array, factors: int, max_iterations: int, count: int) -> Fitted:
    deviations = np.sqrt(np.diag(matrix))
    scaled = as_correlation(matrix)
    lower = np.full(len(matrix), np.log(LOWEST_UNIQUENESS))
    found = [
        minimize(
            lambda logs: likelihood(logs, scaled, factors),
            np.log(start),
            lower,
            np.zeros(len(matrix)),
            max_iterations=max_iterations if number == 0 else min(max_iterations, _STEPS_OF_OTHERS),
        )
        for number, start in enumerate(_many_starts(_first_uniqueness(scaled), np.ones(len(matrix)), count))
    ]
    best, starts = _compare_minima(found, lower, lambda x: 1 - np.exp(x))
    scale = np.exp(best.x / 2)
    values, vectors = eigen(scaled / np.outer(scale, scale))
    loadings = vectors[:, :factors] * np.sqrt(np.maximum(values[:factors] - 1, 0.0))
    return Fitted((deviations * scale)[:, None] * loadings, best.iterations, best.converged, starts)


def _many_starts(first: Array, diagonal: Array, count: int) -> list[Array]:
    """Return the usual start, and others between a twentieth and nearly all of the variance, the same in every run."""
    drawn = np.random.default_rng(0).uniform(0.05, 0.95, (count - 1, len(first)))
    return [first, *(drawn * diagonal)]


def _compare_minima(
    found: list[Minimum], lower: Array, communalities: Callable[[Array], Array]
) -> tuple[Minimum, Starts]:
    """Return the lowest minimum, the first of equals, and how the others compare with it."""
    least = min(one.value for one in found)
    same = [one for one in found if one.value <= least + _SAME * (1 + abs(least))]
    best = next((one for one in same if one.converged), same[0])
    at_bound = _is_at_bound(best, lower)
    inside = [one for one in found if one.converged and not _is_at_bound(one, lower)]
    inner = min(inside, key=lambda one: one.value) if at_bound and inside else None
    return best, Starts(
        len(found),
        len(same),
        best.value,
        at_bound,
        inner.value if inner else None,
        communalities(inner.x) if inner else None,
    )


def _is_at_bound(minimum: Minimum, lower: Array) -> bool:
    return bool((minimum.x <= lower + 1e-6 * np.abs(lower)).any())


def _first_uniqueness(matrix: Array) -> Array:
    """1 − SMC in the units of the matrix, or half the variance where the matrix is singular."""
    if is_singular(matrix):
        return np.diag(matrix) / 2
    return 1 / np.diag(np.linalg.inv(matrix))


def _reduced(matrix: Array, communalities: Array) -> Array:
    return matrix - np.diag(np.diag(matrix) - communalities)


def _cautions(matrix: Array, fitted: Fitted, method: str) -> list[Caution]:
    cautions = check_definite(matrix)
    if not fitted.converged:
        text = f"{method} did not converge in {fitted.iterations} steps; ask for fewer factors or another method"
        cautions.append(Caution("no-convergence", text))
    if method == "principal":
        return cautions
    if degrees_of_freedom(*fitted.loadings.shape) < 0:
        text = "more loadings than correlations: many other solutions fit as well; ask for fewer factors"
        cautions.append(Caution("undetermined", text))
    cautions += find_heywood(matrix, fitted.loadings, LOWEST_UNIQUENESS)
    return cautions + _start_cautions(matrix, fitted, method)


def _start_cautions(matrix: Array, fitted: Fitted, method: str) -> list[Caution]:
    """Say where other starts ended elsewhere, and what the best solution inside the bounds is."""
    starts = fitted.starts
    if starts is None:
        return []
    if starts.at_bound:
        said = f"the least discrepancy (F = {starts.value:.4f}) lies where a uniqueness is at its bound"
        if starts.inner_value is None or starts.inner is None:
            return [Caution("bound", f"{said}, and none of {starts.count} starts ended inside the bounds")]
        highest = int(np.argmax(starts.inner))
        text = f"{said}; the best inside has F = {starts.inner_value:.4f}, its highest communality"
        return [Caution("bound", text, (highest,), (float(starts.inner[highest]),))]
    if starts.agreeing < starts.count:
        others = starts.count - starts.agreeing
        said = f"{others} of {starts.count} starts of {method} ended in worse solutions"
        text = f"{said}; the best (F = {starts.value:.4f}) is shown"
        return [Caution("local-optima", text)]
    return []
