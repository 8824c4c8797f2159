"""Horn's parallel analysis: eigenvalues of the data beside those of random data of the same size."""

from dataclasses import dataclass

import numpy as np

from .arrays import Array, eigen, eigenvalues_of, is_singular, squared_multiple_correlations


@dataclass(frozen=True)
class Parallel:
    """Observed and random eigenvalues (p,), of the correlations or, for factors, with SMCs on the diagonal.

    ``mean`` is over the random samples, ``quantile`` theirs at ``level``; ``factors`` is how many observed values from
    the first on exceed the quantile.
    """

    observed: Array
    mean: Array
    quantile: Array
    level: float
    factors: int


def analyse_parallel(
    correlation: Array, observations: int, samples: int = 200, level: float = 0.95, seed: int = 0
) -> tuple[Parallel, Parallel | None]:
    """Compare a correlation matrix (p, p) with ``samples`` of normal noise: for components and for factors.

    Sources: Horn 1965; Glorfeld 1995 (quantile); Humphreys & Montanelli 1975 (SMC on the diagonal). Those for factors
    are None where the number of rows leaves random matrices singular, or where the matrix itself is.
    """
    variables = len(correlation)
    random = random_correlations(observations, variables, samples, np.random.default_rng(seed))
    components = _compare(eigen(correlation)[0], eigenvalues_of(random), level)
    if observations <= variables + 1 or is_singular(correlation):
        return components, None
    reduced = correlation.copy()
    np.fill_diagonal(reduced, squared_multiple_correlations(correlation))
    diagonal = np.arange(variables)
    random[:, diagonal, diagonal] = 1 - 1 / np.linalg.inv(random)[:, diagonal, diagonal]
    return components, _compare(eigen(reduced)[0], eigenvalues_of(random), level)


def random_correlations(observations: int, variables: int, samples: int, rng: np.random.Generator) -> Array:
    """Draw correlation matrices (samples, p, p) of independent normal data.

    With more rows than variables the scatter is drawn directly (Bartlett's decomposition of the Wishart
    distribution), so that the time does not depend on the number of rows.
    """
    degrees = observations - 1
    if degrees >= variables:
        factor = np.tril(rng.standard_normal((samples, variables, variables)), -1)
        diagonal = np.arange(variables)
        factor[:, diagonal, diagonal] = np.sqrt(rng.chisquare(degrees - diagonal, (samples, variables)))
    else:
        rows = rng.standard_normal((samples, variables, observations))
        factor = rows - rows.mean(axis=2, keepdims=True)
    factor /= np.sqrt((factor**2).sum(axis=2, keepdims=True))
    return factor @ factor.mT


def _compare(observed: Array, random: Array, level: float) -> Parallel:
    quantile = np.quantile(random, level, axis=0)
    above = observed > quantile
    return Parallel(observed, random.mean(axis=0), quantile, level, int(np.argmin(np.append(above, False))))
