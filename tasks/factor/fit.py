"""How well loadings reproduce the correlations: chi-square, RMSEA, TLI, BIC, residuals, defined as in R's psych."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Array, as_correlation, as_matrix, is_singular
from .errors import Caution, FactorError
from .extraction import degrees_of_freedom


@dataclass(frozen=True)
class Fit:
    """Fit of k factors to p variables; what the degrees of freedom or observations do not allow is None.

    ``objective`` is log|M| − log|R| + tr(R M⁻¹) − p, ``chi_square`` that × (n − 1 − (2p + 5)/6 − 2k/3), ``rmsea_low``
    and ``rmsea_high`` the ends of its interval at ``confidence``. ``rmsr`` is the root mean square of the off-diagonal
    residuals (psych's rms), ``rmsr_corrected`` the same over the degrees of freedom (psych's crms), ``srmr`` over all p
    (p + 1)/2 cells (Hu & Bentler 1999).
    """

    objective: float | None
    chi_square: float | None
    df: int
    p_value: float | None
    rmsea: float | None
    rmsea_low: float | None
    rmsea_high: float | None
    confidence: float
    tli: float | None
    bic: float | None
    rmsr: float
    rmsr_corrected: float | None
    srmr: float
    null_chi_square: float | None
    null_df: int
    residuals: Array
    cautions: tuple[Caution, ...]


def assess_fit(
    matrix: ArrayLike,
    loadings: Array,
    correlations: Array | None = None,
    observations: int | None = None,
    confidence: float = 0.90,
) -> Fit:
    """Compare the matrix (p, p) with its model L Φ L' + Ψ, on the correlation scale.

    ``loadings`` (p, k) are in the units of the matrix; rotation changes nothing. Meant for minres and ml. Sources:
    Bartlett 1951 (correction), Steiger & Lind 1980 (RMSEA), Tucker & Lewis 1973 (TLI), psych's fa.stats.
    Raises FactorError when the shapes do not fit.
    """
    values = as_matrix(matrix, "the matrix")
    if loadings.ndim != 2 or len(loadings) != len(values):
        raise FactorError(f"loadings {loadings.shape} do not fit a matrix of {len(values)} variables")
    correlation = as_correlation(values)
    scaled = loadings / np.sqrt(np.diag(values))[:, None]
    residuals = correlation - scaled @ (np.eye(scaled.shape[1]) if correlations is None else correlations) @ scaled.T
    np.fill_diagonal(residuals, 0.0)
    return _gather(correlation, residuals, scaled.shape[1], observations, confidence)


def _gather(correlation: Array, residuals: Array, factors: int, observations: int | None, confidence: float) -> Fit:
    variables = len(correlation)
    df = degrees_of_freedom(variables, factors)
    pairs = variables * (variables - 1) // 2
    squared = float((residuals**2).sum())
    objective, null = _objective(correlation, residuals), _null_objective(correlation)
    multiplier = _multiplier(observations, variables, factors)
    chi = _chi_square(objective, multiplier)
    tested = chi if df > 0 else None
    rmsea, low, high = _rmsea(tested, df, observations, confidence)
    return Fit(
        objective=objective,
        chi_square=chi,
        df=df,
        p_value=None if tested is None else _p_value(tested, df),
        rmsea=rmsea,
        rmsea_low=low,
        rmsea_high=high,
        confidence=confidence,
        tli=None if tested is None else _tli(objective, null, df, pairs, multiplier),
        bic=None if tested is None or observations is None else tested - df * float(np.log(observations)),
        rmsr=(squared / (2 * pairs)) ** 0.5 if pairs else 0.0,
        rmsr_corrected=(squared / (2 * df)) ** 0.5 if df > 0 else None,
        srmr=(squared / (variables * (variables + 1))) ** 0.5,
        null_chi_square=_chi_square(null, _multiplier(observations, variables, 0)),
        null_df=pairs,
        residuals=residuals,
        cautions=tuple(_cautions(objective, df, observations)),
    )


def _objective(correlation: Array, residuals: Array) -> float | None:
    """The maximum likelihood discrepancy, or None where model or matrix is not positive definite."""
    model = correlation - residuals
    if is_singular(model) or is_singular(correlation):
        return None
    ratio = np.linalg.solve(model, correlation)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(ratio))


def _null_objective(correlation: Array) -> float | None:
    return None if is_singular(correlation) else -float(np.linalg.slogdet(correlation)[1])


def _multiplier(observations: int | None, variables: int, factors: int) -> float | None:
    """Bartlett's factor from a discrepancy to a chi-square."""
    return None if observations is None else observations - 1 - (2 * variables + 5) / 6 - 2 * factors / 3


def _chi_square(objective: float | None, multiplier: float | None) -> float | None:
    return None if objective is None or multiplier is None else max(objective * multiplier, 0.0)


def _p_value(chi_square: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, chi_square))


def _tli(objective: float | None, null: float | None, df: int, pairs: int, multiplier: float | None) -> float | None:
    """How far the model has come from no correlations at all (0) to what chance leaves (1)."""
    if objective is None or null is None or not multiplier:
        return None
    worst = null / pairs
    return (worst - objective / df) / (worst - 1 / multiplier)


def _rmsea(
    chi_square: float | None, df: int, observations: int | None, confidence: float
) -> tuple[float | None, float | None, float | None]:
    """The point as psych has it (χ²/(n df) − 1/(n − 1)), and the interval by the noncentral chi-square."""
    if chi_square is None or observations is None:
        return None, None, None
    point = max(chi_square / (df * observations) - 1 / (observations - 1), 0.0) ** 0.5
    tail = (1 - confidence) / 2
    low, high = ((_noncentrality(chi_square, df, level) / (observations - 1) / df) ** 0.5 for level in (1 - tail, tail))
    return point, low, high


def _noncentrality(chi_square: float, df: int, level: float) -> float:
    """The noncentrality at which P(χ² ≤ ``chi_square``) is ``level``, or 0 when it is below that from the start."""
    from scipy.special import chndtr

    def below(noncentrality: float) -> float:
        return float(chndtr(chi_square, df, noncentrality)) - level

    if below(0.0) <= 0:
        return 0.0
    low, high = 0.0, max(chi_square, 1.0)
    while below(high) > 0:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:  # halved, since a root finder of scipy.optimize takes a quarter second to import
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) > 0 else (low, middle)
    return low


def _cautions(objective: float | None, df: int, observations: int | None) -> list[Caution]:
    cautions = []
    if df <= 0:
        text = f"{df} degrees of freedom: the fit cannot be tested; ask for fewer factors"
        cautions.append(Caution("no-df", text))
    if objective is None:
        text = "matrix or model is not positive definite: there is no chi-square; drop a variable or a factor"
        cautions.append(Caution("not-positive-definite", text))
    if observations is None:
        cautions.append(Caution("no-observations", "number of observations unknown: state it to have the fit tested"))
    return cautions
