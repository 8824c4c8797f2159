"""From rows, or from a matrix made elsewhere, to the correlation or covariance matrix that is analysed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_correlation, as_matrix, is_singular, named
from .errors import Caution, FactorError
from .moments import Moments, correlation, covariance, stream
from .polychoric import Polychoric

KINDS = ("correlation", "covariance")


@dataclass(frozen=True)
class Missing:
    """How missing cells were met: the rule, rows read and used, cells missing per variable, fewest rows of a pair."""

    rule: str
    rows: int
    used: int
    cells: tuple[int, ...]
    fewest_of_a_pair: int

    @property
    def dropped(self) -> int:
        """Rows left out."""
        return self.rows - self.used


@dataclass(frozen=True)
class Association:
    """The matrix (p, p) that is analysed, of ``kind`` correlation or covariance, and what it comes from.

    ``means`` and ``deviations`` (p,) and ``missing`` are None for a matrix made elsewhere; ``observations`` may be None
    there.
    """

    matrix: Array
    kind: str
    variables: tuple[str, ...]
    observations: int | None
    means: Array | None = None
    deviations: Array | None = None
    missing: Missing | None = None
    source: str = ""
    """How the file was read, in a line."""
    cautions: tuple[Caution, ...] = ()


def associate(
    data: ArrayLike, variables: Sequence[str] = (), kind: str = "correlation", rule: str = "listwise"
) -> Association:
    """Correlate the columns of ``data`` (n × p, NaN is missing).

    ``rule`` for missing cells: listwise (rows with one are dropped), pairwise (each cell over its own rows, as R's
    ``use = "pairwise"``), mean (the column's mean is put in). Raises FactorError as ``associate_moments`` does.
    """
    return associate_moments(stream([data], rule), variables, kind, rule)


def associate_moments(
    moments: Moments, variables: Sequence[str] = (), kind: str = "correlation", rule: str = "listwise"
) -> Association:
    """Make the matrix from streamed moments, which have to be taken under the same ``rule``.

    Raises FactorError on fewer than 3 usable rows, on a constant column, on a pair never seen together.
    """
    _check_kind(kind)
    names = _name(variables, len(moments.origin))
    used = moments.complete if rule == "listwise" else moments.rows
    if used < 3:
        raise FactorError(f"{used} of {moments.rows} rows can be used; at least 3 are needed")
    _check_pairs(moments, names)
    spread = covariance(moments, rule)
    _check_constant(moments, spread, names)
    matrix = correlation(moments, rule) if kind == "correlation" else spread
    if kind == "correlation":
        np.fill_diagonal(matrix, 1.0)
    return Association(
        matrix=(matrix + matrix.T) / 2,
        kind=kind,
        variables=names,
        observations=used,
        means=moments.means,
        deviations=np.sqrt(np.diag(spread)),
        missing=Missing(rule, moments.rows, used, tuple(int(n) for n in moments.missing), int(moments.counts.min())),
        cautions=tuple(check_definite(matrix)),
    )


def associate_items(found: Polychoric, variables: Sequence[str], rule: str) -> Association:
    """Take the polychoric correlations of items, which may be such that no data can have all of them at once."""
    tables, cautions = found.tables, list(found.cautions)
    if is_singular(found.correlations):
        smallest = float(np.linalg.eigvalsh(found.correlations)[0])
        text = f"smallest eigenvalue {smallest:.3g}: each pair was estimated by itself, and together they do not fit"
        cautions.append(Caution("not-positive-definite", f"{text}; drop an item, or use minres rather than ml"))
    fewest = min(int(tables.pair(one, other).sum()) for one in range(len(variables)) for other in range(one))
    missing = Missing(rule, tables.rows, tables.used, tuple(int(n) for n in tables.missing), fewest)
    return Association(
        found.correlations, "correlation", tuple(variables), tables.used, missing=missing, cautions=tuple(cautions)
    )


def from_matrix(
    values: ArrayLike, variables: Sequence[str] = (), observations: int | None = None, kind: str = "correlation"
) -> Association:
    """Take a correlation or covariance matrix (p, p) made elsewhere; a covariance is scaled for kind correlation.

    Raises FactorError when it is not square, finite, symmetric, or its diagonal is not above zero.
    """
    _check_kind(kind)
    matrix = as_matrix(values, f"the {kind} matrix")
    names = _name(variables, len(matrix))
    if (np.diag(matrix) <= 0).any():
        raise FactorError(f"no variance in {named(np.flatnonzero(np.diag(matrix) <= 0), names)}; drop it")
    matrix = as_correlation(matrix) if kind == "correlation" else matrix
    if kind == "correlation" and np.abs(matrix).max() > 1 + 1e-8:
        raise FactorError("the matrix has a correlation above 1; check the numbers that were typed")
    return Association(matrix, kind, names, observations, cautions=tuple(check_definite(matrix)))


def check_definite(matrix: Array) -> list[Caution]:
    """Say so where the matrix (p, p) is singular or has negative eigenvalues."""
    if not is_singular(matrix):
        return []
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -1e-10 * len(matrix):
        text = f"smallest eigenvalue {smallest:.3g}: no data can give this matrix; use listwise instead of pairwise"
        return [Caution("not-positive-definite", text)]
    text = "the matrix is singular: a variable is a sum of others, or there are no more rows than variables; drop some"
    return [Caution("singular", text)]


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise FactorError(f"unknown kind '{kind}'; use correlation or covariance")


def _name(variables: Sequence[str], count: int) -> tuple[str, ...]:
    if variables and len(variables) != count:
        raise FactorError(f"{len(variables)} names for {count} variables; give one name each")
    return tuple(variables) or tuple(f"V{number}" for number in range(1, count + 1))


def _check_pairs(moments: Moments, names: Sequence[str]) -> None:
    rare = np.argwhere(moments.counts < 3)
    if len(rare):
        pair = dict.fromkeys(rare[0])
        raise FactorError(f"fewer than 3 rows have {named(list(pair), names)}; drop a variable or give more rows")


def _check_constant(moments: Moments, spread: Array, names: Sequence[str]) -> None:
    scale = np.finfo(float).eps * np.maximum(np.abs(moments.means), 1e-300)
    constant = np.flatnonzero(np.sqrt(np.diag(spread)) <= 8 * scale)
    if len(constant):
        raise FactorError(f"{named(constant, names)} has the same value in every row; drop it")
