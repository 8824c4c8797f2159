"""The task factor.analysis: what lies behind the columns of a table of numbers, explained to a learner."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from journal import Context, Field, File, Report, TaskError, task

from .adequacy import assess
from .arrays import Array
from .csv_reader import column_names, read_chunks
from .data import Association, associate_moments, from_matrix
from .errors import FactorError
from .extraction import extract
from .fit import assess_fit
from .moments import Moments, merge_all, stream
from .number_of_factors import suggest_number
from .report import build_comparison, build_report
from .rotation import rotate
from .scores import ScoreWeights, score, score_weights
from .solution import Solution

Input = Literal["rows", "correlation", "covariance"]
_PART_BYTES = 32 << 20
_AT_ONCE = 8  # parts between two words of progress


@task("factor.analysis", version=2, libraries=["numpy", "scipy"])
def analysis(
    data: Annotated[File, Field(description="CSV, TSV or Parquet: a row for each case, or a matrix (see input)")],
    ctx: Context,
    factors: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto",
    columns: Annotated[list[str], Field(description="the variables by their column names; all if left out")] = [],  # noqa: B006
    standardize: Annotated[
        bool | Literal["both"], Field(description="correlations (true), covariances (false), or both side by side")
    ] = True,
    method: Annotated[
        Literal["principal", "axis", "minres", "ml"], Field(description="how factors are extracted")
    ] = "principal",
    rotation: Annotated[
        Literal["none", "varimax", "quartimax", "equamax", "promax", "oblimin", "quartimin", "geominT", "geominQ"],
        Field(description="how they are rotated to simple structure"),
    ] = "none",
    normalize: Annotated[bool | None, Field(description="Kaiser normalisation; left out: the rotation's usual")] = None,
    missing: Annotated[
        Literal["listwise", "pairwise", "mean"], Field(description="what missing cells get")
    ] = "listwise",
    scores: Annotated[
        Literal["none", "regression", "bartlett", "ten-berge"], Field(description="factor scores of the rows, as CSV")
    ] = "none",
    input: Annotated[Input, Field(description="what the file holds: rows of cases, or a matrix")] = "rows",
    observations: Annotated[int | None, Field(ge=3, description="rows behind a matrix that is given")] = None,
    cutoff: Annotated[float, Field(ge=0, description="loadings from here on count as strong")] = 0.4,
    digits: Annotated[int, Field(ge=1, le=10, description="decimals of loadings and eigenvalues")] = 3,
) -> Report:
    """Find the factors behind the columns of a table: how many, their loadings, what they account for."""
    if data.is_dir():
        raise TaskError(f"{data.name} is a folder; give one CSV, TSV or Parquet file in it")
    try:
        read = _reader(data, columns, input, observations, missing, ctx)
        solve = partial(
            _solve, factors=factors, method=method, rotation=rotation, normalize=normalize, scores=scores, ctx=ctx
        )
        if standardize == "both":
            return build_comparison(solve(read("covariance")), solve(read("correlation")), cutoff, digits)
        solution = solve(read("correlation" if standardize else "covariance"))
        report = build_report(solution, cutoff, digits, recommend=factors == "auto")
        if solution.weights and input == "rows":
            report.file(_write_scores(solution, solution.weights, data, ctx.out), title="factor scores of every row")
        return report
    except FactorError as error:
        raise TaskError(str(error) if str(error).startswith(data.name) else f"{data.name}: {error}") from error


def _reader(
    data: Path, columns: list[str], kind: Input, observations: int | None, missing: str, ctx: Context
) -> Callable[[str], Association]:
    """Read the file once; returns what makes the correlation or the covariance matrix of it."""
    names = tuple(columns or column_names(data))
    if kind != "rows":
        names, values = _read_matrix(data, names)
        if kind == "correlation":
            return lambda wanted: _only_correlations(wanted, from_matrix(values, names, observations, "correlation"))
        return lambda wanted: from_matrix(values, names, observations, wanted)
    moments = _read_moments(data, names, missing, ctx)
    return lambda wanted: associate_moments(moments, names, wanted, missing)


def _only_correlations(wanted: str, found: Association) -> Association:
    if wanted != "correlation":
        raise FactorError("a correlation matrix holds no variances; leave standardize at true, or give covariances")
    return found


def _read_matrix(data: Path, names: tuple[str, ...]) -> tuple[tuple[str, ...], Array]:
    """Read a square matrix; a first column with the names of the rows is passed over."""
    lines = sum(1 for line in data.read_text(encoding="utf-8-sig").splitlines() if line.strip()) - 1
    names = names[1:] if len(names) == lines + 1 else names
    return names, np.concatenate(list(read_chunks(data, names)))


def _read_moments(data: Path, names: tuple[str, ...], missing: str, ctx: Context) -> Moments:
    """Take the moments of a file of any length in one pass; a long file goes in parts to the run's workers."""
    parts = max(1, data.stat().st_size // _PART_BYTES)
    measure = partial(_measure_part, data, names, missing, parts)
    found: list[Moments] = []
    for first in range(0, parts, _AT_ONCE):
        found += ctx.map(measure, range(first, min(first + _AT_ONCE, parts)))
        ctx.progress(len(found), parts + 1, f"{sum(one.rows for one in found):,} rows read")
    return merge_all(found)


def _measure_part(data: Path, names: tuple[str, ...], missing: str, parts: int, part: int) -> Moments:
    return stream(read_chunks(data, names, part, parts), missing)


def _solve(
    association: Association,
    *,
    factors: int | Literal["auto"],
    method: str,
    rotation: str,
    normalize: bool | None,
    scores: str,
    ctx: Context,
) -> Solution:
    """Go the whole way from a matrix to a solution."""
    matrix, rows = association.matrix, association.observations
    most = len(matrix) if method == "principal" else None
    number_of_factors = suggest_number(matrix, rows, most=most, seed=ctx.seed)
    count = number_of_factors.factors if factors == "auto" else factors
    extraction = extract(matrix, count, method)
    rotated = None if rotation == "none" or count == 1 else rotate(extraction.loadings, rotation, normalize)
    loadings, phi = (rotated.loadings, rotated.correlations) if rotated else (extraction.loadings, None)
    fit = assess_fit(matrix, loadings, phi, rows) if method in ("minres", "ml") else None
    weights = None if scores == "none" else score_weights(matrix, loadings, phi, scores)
    return Solution(association, assess(matrix, rows), number_of_factors, extraction, rotated, fit, weights)


def _write_scores(solution: Solution, weights: ScoreWeights, data: Path, out: Path) -> Path:
    """Write a line of scores for each row, in the file's order; a row with a missing cell has none."""
    association = solution.association
    means = association.means if association.means is not None else np.zeros(len(association.variables))
    deviations = association.deviations if association.kind == "correlation" else None
    path = out / "scores.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(solution.names) + "\n")
        for chunk in read_chunks(data, association.variables):
            for row in score(chunk, weights.weights, means, deviations):
                stream.write(",".join("" if np.isnan(one) else f"{one:.6g}" for one in row) + "\n")
    return path
