"""May these data be factor analysed at all: KMO, Bartlett's sphericity, multicollinearity, sample size."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_correlation, as_matrix, is_singular
from .errors import Caution

GRADES = (
    (0.9, "marvelous"),
    (0.8, "meritorious"),
    (0.7, "middling"),
    (0.6, "mediocre"),
    (0.5, "miserable"),
    (0.0, "unacceptable"),
)


class Sphericity(NamedTuple):
    """Bartlett's test that all correlations are zero."""

    chi_square: float
    df: int
    p_value: float


@dataclass(frozen=True)
class Adequacy:
    """Whether p variables can be factored; what needs an inverse is None for a singular matrix.

    ``kmo`` is Kaiser, Meyer and Olkin's measure of sampling adequacy, ``msa`` (p,) the same by variable, ``grade``
    Kaiser's (1974) word for it. ``multiple_r2`` (p,) is each variable's R² on the others, ``inflation`` (p,) = 1 / (1 −
    R²). ``sphericity`` and ``rows_per_variable`` are None without a number of observations.
    """

    kmo: float | None
    grade: str | None
    msa: Array | None
    sphericity: Sphericity | None
    determinant: float
    multiple_r2: Array | None
    inflation: Array | None
    condition: float
    rows_per_variable: float | None
    cautions: tuple[Caution, ...]


def assess(matrix: ArrayLike, observations: int | None = None) -> Adequacy:
    """Assess a correlation matrix (p, p), or a covariance matrix by its correlations.

    Sources: Kaiser & Rice 1974 (KMO from the anti-image), Bartlett 1951 (sphericity). Raises FactorError when it is
    no square symmetric matrix.
    """
    correlation = as_correlation(as_matrix(matrix, "the matrix"))
    values = np.asarray(np.linalg.eigvalsh(correlation), np.float64)
    singular = is_singular(correlation)
    inverse = None if singular else np.asarray(np.linalg.inv(correlation), np.float64)
    kmo, msa = (None, None) if inverse is None else _kmo(correlation, inverse)
    inflation = None if inverse is None else np.diag(inverse).copy()
    multiple = None if inflation is None else 1 - 1 / inflation
    determinant = 0.0 if singular else float(np.exp(np.log(values).sum()))
    sphericity = None if singular or observations is None else _sphericity(values, observations)
    per_variable = None if observations is None else observations / len(correlation)
    cautions = [
        *_correlation_cautions(kmo, msa, sphericity),
        *_collinearity_cautions(singular, determinant, multiple),
        *_size_cautions(observations, len(correlation)),
    ]
    return Adequacy(
        kmo=kmo,
        grade=None if kmo is None else next(word for least, word in GRADES if kmo >= least),
        msa=msa,
        sphericity=sphericity,
        determinant=determinant,
        multiple_r2=multiple,
        inflation=inflation,
        condition=float("inf") if singular else float(values[-1] / values[0]),
        rows_per_variable=per_variable,
        cautions=tuple(cautions),
    )


def _kmo(correlation: Array, inverse: Array) -> tuple[float | None, Array | None]:
    off = ~np.eye(len(correlation), dtype=bool)
    plain = np.where(off, correlation, 0.0) ** 2
    partial = np.where(off, as_correlation(inverse), 0.0) ** 2
    if not plain.any():
        return None, None
    by_variable = plain.sum(axis=0) / np.maximum(plain.sum(axis=0) + partial.sum(axis=0), 1e-300)
    return float(plain.sum() / (plain.sum() + partial.sum())), by_variable


def _sphericity(values: Array, observations: int) -> Sphericity | None:
    from scipy.special import chdtrc

    variables = len(values)
    scale = observations - 1 - (2 * variables + 5) / 6
    if scale <= 0:
        return None
    statistic = float(-scale * np.log(values).sum())
    df = variables * (variables - 1) // 2
    return Sphericity(statistic, df, float(chdtrc(df, max(statistic, 0.0))))


def _correlation_cautions(kmo: float | None, msa: Array | None, sphericity: Sphericity | None) -> list[Caution]:
    cautions = []
    if kmo is not None and kmo < 0.5:
        cautions.append(
            Caution("low-kmo", f"KMO {kmo:.2f}, below 0.5: the variables share too little; do not factor these data")
        )
    low = () if msa is None else tuple(int(row) for row in np.flatnonzero(msa < 0.5))
    if low:
        values = tuple(float(msa[row]) for row in low) if msa is not None else ()
        text = "sampling adequacy (MSA) below 0.5; drop the variable with the lowest first"
        cautions.append(Caution("low-msa", text, low, values))
    if sphericity and sphericity.p_value >= 0.05:
        text = f"Bartlett's test (p = {sphericity.p_value:.2f}) does not tell the correlations from zero"
        cautions.append(Caution("sphericity", text))
    return cautions


def _collinearity_cautions(singular: bool, determinant: float, multiple: Array | None) -> list[Caution]:
    if singular:
        return [Caution("singular", "the matrix is singular: drop a variable that the others add up to, or add rows")]
    cautions = []
    if determinant < 1e-5:
        text = f"determinant {determinant:.2g}, below 0.00001: variables nearly repeat one another"
        cautions.append(Caution("determinant", text))
    high = () if multiple is None else tuple(int(row) for row in np.flatnonzero(multiple > 0.9))
    if high:
        values = tuple(float(multiple[row]) for row in high) if multiple is not None else ()
        cautions.append(Caution("multicollinearity", "R² on the others above 0.9; consider dropping one", high, values))
    return cautions


def _size_cautions(observations: int | None, variables: int) -> list[Caution]:
    if observations is None:
        return [Caution("no-observations", "number of observations unknown: tests and fit need it; state it")]
    if observations <= variables:
        text = f"{observations} rows for {variables} variables: components can be shown, factors cannot be trusted"
        return [Caution("few-rows", text)]
    if observations < 100 or observations < 5 * variables:
        text = f"{observations} rows for {variables} variables: take 100 and 5 for each variable as the least"
        return [Caution("few-rows", text)]
    return []
