"""How sure loadings are: the same analysis of many samples, drawn from the rows with replacement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from journal import Context

from .arrays import Array
from .congruence import congruence, match
from .data import associate
from .errors import FactorError
from .extraction import extract
from .rotation import rotate

CONFIDENCE = 0.95
_PARTS = 20
_FEWEST = 0.9
"""Below so large a part of samples with a solution there are no intervals."""


@dataclass(frozen=True)
class Intervals:
    """Percentile intervals of loadings (Efron 1981): ``low`` and ``high`` (p, k), standard errors ``errors`` (p, k)."""

    samples: int
    low: Array
    high: Array
    errors: Array


@dataclass(frozen=True)
class Way:
    """How the whole data were analysed, and each sample is."""

    kind: str
    missing: str
    method: str
    rotation: str
    normalize: bool | None


def bootstrap(rows: Array, loadings: Array, way: Way, samples: int, ctx: Context) -> Intervals:
    """Analyse ``samples`` of the rows (n, p) as the whole, whose ``loadings`` (p, k) give order and signs.

    Raises FactorError where too many samples have no solution.
    """
    parts = np.array_split(np.arange(samples), min(_PARTS, samples))
    found: list[Array] = []
    for place, part in enumerate(ctx.map(partial(_analyse, rows, loadings, way, ctx.seed), parts), 1):
        found.append(part)
        ctx.progress(place, len(parts), "samples analysed")
    all_found = np.concatenate(found)
    if len(all_found) < _FEWEST * samples:
        raise FactorError(
            f"{samples - len(all_found)} of {samples} samples of the rows have no solution; "
            "take fewer factors, or leave bootstrap out"
        )
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(all_found, [tail, 100 - tail], axis=0)
    return Intervals(len(all_found), low, high, all_found.std(axis=0, ddof=1))


def _analyse(rows: Array, loadings: Array, way: Way, seed: int, samples: Array) -> Array:
    """Return the loadings (s, p, k) of those samples that have a solution, each drawn by its own number."""
    found = []
    for number in samples:
        drawn = np.random.default_rng([seed, int(number)]).integers(len(rows), size=len(rows))
        try:
            matrix = associate(rows[drawn], (), way.kind, way.missing).matrix
            one = extract(matrix, loadings.shape[1], way.method, starts=1).loadings
            if way.rotation != "none" and loadings.shape[1] > 1:
                one = rotate(one, way.rotation, way.normalize).loadings
        except FactorError:
            continue
        order, signs = match(congruence(loadings, one))
        found.append(one[:, order] * signs)
    return np.array(found).reshape(-1, *loadings.shape)
