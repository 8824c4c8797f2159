"""Counts, sums and cross-products of rows that come in chunks, merged without losing digits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array
from .errors import FactorError

BLOCK = 512
MISSING_RULES = ("listwise", "pairwise", "mean")


@dataclass(frozen=True)
class Moments:
    """Moments of p columns about an origin near their means; cell (i, j) counts rows where both i and j are present.

    ``counts``, ``sums`` (of column i), ``squares`` (of column i) and ``products`` are (p, p), ``origin`` and
    ``missing`` (cells missing per column) are (p,). ``rows`` were read, ``complete`` of them have no missing cell.
    """

    rows: int
    complete: int
    missing: Array
    origin: Array
    counts: Array
    sums: Array
    squares: Array
    products: Array

    @property
    def means(self) -> Array:
        """Mean of each column over its present cells (p,)."""
        return np.asarray(self.origin + np.diag(self.sums) / np.maximum(np.diag(self.counts), 1))


def stream(
    chunks: Iterable[ArrayLike], rule: str = "listwise", progress: Callable[[int], None] | None = None
) -> Moments:
    """Take the moments of all ``chunks`` (each n × p, NaN is missing) in one pass; ``progress`` gets the rows so far.

    Raises FactorError on no rows, on an unknown rule, on infinite cells.
    """
    total: Moments | None = None
    for chunk in chunks:
        part = measure(chunk, rule)
        total = part if total is None else merge(total, part)
        if progress:
            progress(total.rows)
    if total is None:
        raise FactorError("there are no rows; give a file or table with data")
    return total


def merge_all(parts: Iterable[Moments]) -> Moments:
    """Merge the moments of several parts, for instance of files measured in parallel."""
    return reduce(merge, parts)


def measure(chunk: ArrayLike, rule: str = "listwise") -> Moments:
    """Take the moments of one chunk (n × p, NaN is missing); ``listwise`` leaves rows with a missing cell out."""
    if rule not in MISSING_RULES:
        raise FactorError(f"unknown rule '{rule}' for missing values; use one of {', '.join(MISSING_RULES)}")
    values = np.asarray(chunk, dtype=float)
    if values.ndim != 2:
        raise FactorError(f"the data have shape {values.shape}; give rows × variables")
    absent = np.isnan(values)
    if not absent.any():
        return _checked(_measure_full(values))
    missing = absent.sum(axis=0).astype(float)
    whole = ~absent.any(axis=1)
    part = _measure_full(values[whole]) if rule == "listwise" else _measure_gaps(values, ~absent)
    return _checked(replace(part, rows=len(values), complete=int(whole.sum()), missing=missing))


def merge(first: Moments, second: Moments) -> Moments:
    """Merge the moments of two sets of rows about their common mean (Chan, Golub & LeVeque 1983, eq. 2.1)."""
    weights = np.diag(first.counts), np.diag(second.counts)
    total = np.maximum(weights[0] + weights[1], 1)
    origin = (weights[0] * first.means + weights[1] * second.means) / total
    a, b = move_origin(first, origin), move_origin(second, origin)
    return Moments(
        rows=a.rows + b.rows,
        complete=a.complete + b.complete,
        missing=a.missing + b.missing,
        origin=origin,
        counts=a.counts + b.counts,
        sums=a.sums + b.sums,
        squares=a.squares + b.squares,
        products=a.products + b.products,
    )


def move_origin(moments: Moments, origin: Array) -> Moments:
    """State the same moments about another origin (p,)."""
    shift = (origin - moments.origin)[:, None]
    crossed = shift * moments.sums.T
    return replace(
        moments,
        origin=origin,
        sums=moments.sums - shift * moments.counts,
        squares=moments.squares - 2 * shift * moments.sums + shift**2 * moments.counts,
        products=moments.products - crossed - crossed.T + shift * shift.T * moments.counts,
    )


def covariance(moments: Moments, rule: str = "listwise") -> Array:
    """Return the covariance matrix (p, p), divisor n − 1; under ``pairwise`` each cell over its own rows."""
    if rule == "mean":
        return move_origin(moments, moments.means).products / (moments.rows - 1)
    centred = moments.products - moments.sums * moments.sums.T / moments.counts
    return np.asarray(centred / (moments.counts - 1))


def correlation(moments: Moments, rule: str = "listwise") -> Array:
    """Return the correlation matrix (p, p); under ``pairwise`` the deviations too are over the rows of each pair."""
    if rule == "mean":
        scatter = move_origin(moments, moments.means).products
        spread = np.sqrt(np.diag(scatter))
        return np.asarray(scatter / np.outer(spread, spread), np.float64)
    scatter = moments.products - moments.sums * moments.sums.T / moments.counts
    spread = np.sqrt(moments.squares - moments.sums**2 / moments.counts)
    return np.asarray(scatter / (spread * spread.T))


def gram(left: Array, right: Array) -> Array:
    """left' right for tall arrays (n, p), in blocks of rows.

    A block is too small for the linear algebra library to split among threads, which on a busy machine costs more
    than it saves (measured: 9.8 s of CPU against 1.5 s for a million rows), and sums of blocks round less.
    """
    whole = len(left) // BLOCK * BLOCK
    blocks = [array[:whole].reshape(-1, BLOCK, array.shape[1]) for array in (left, right)]
    return np.asarray((blocks[0].mT @ blocks[1]).sum(axis=0) + left[whole:].T @ right[whole:])


def _measure_full(values: Array) -> Moments:
    rows, columns = values.shape
    origin = values.mean(axis=0) if rows else np.zeros(columns)
    centred = values - origin
    products = gram(centred, centred)
    ones = np.ones((columns, columns))
    return Moments(
        rows=rows,
        complete=rows,
        missing=np.zeros(columns),
        origin=origin,
        counts=rows * ones,
        sums=centred.sum(axis=0)[:, None] * ones,
        squares=np.diag(products)[:, None] * ones,
        products=products,
    )


def _measure_gaps(values: Array, present: Array) -> Moments:
    mask = present.astype(float)
    filled = np.where(present, values, 0.0)
    counts = mask.sum(axis=0)
    origin = filled.sum(axis=0) / np.maximum(counts, 1)
    centred = (filled - origin) * mask
    return Moments(
        rows=len(values),
        complete=0,
        missing=len(values) - counts,
        origin=origin,
        counts=gram(mask, mask),
        sums=gram(centred, mask),
        squares=gram(centred**2, mask),
        products=gram(centred, centred),
    )


def _checked(moments: Moments) -> Moments:
    if not np.isfinite(moments.products).all():
        columns = np.flatnonzero(~np.isfinite(np.diag(moments.products))) + 1
        raise FactorError(f"column {', '.join(map(str, columns))} has infinite cells; mark them as missing")
    return moments
