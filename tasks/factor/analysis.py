"""The task factor.analysis: what lies behind the columns of a table of numbers, explained to a learner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from journal import (
    Context,
    DataTable,
    Field,
    File,
    Report,
    TaskError,
    looks_like_correlations,
    notes_on,
    open_table,
    task,
)

from .adequacy import assess
from .arrays import Array
from .bootstrap import Intervals, Way
from .bootstrap import bootstrap as draw_samples
from .comparison import build_comparison
from .data import Association, associate_items, associate_moments, from_matrix
from .errors import Caution, FactorError
from .extra import Extra, as_loadings
from .extraction import extract
from .fit import assess_fit
from .moments import Moments, merge_all, stream
from .number_of_factors import suggest_number
from .polychoric import correlate, tabulate
from .report import build_report
from .rotation import rotate
from .scores import ScoreWeights, score, score_weights
from .solution import Solution

Input = Literal["rows", "correlation", "covariance"]
_ADVICE = {"few points": "; pearson correlations of so few points are too low: consider correlations: polychoric"}
_PART_BYTES = 32 << 20
_FEWEST_SAMPLES = 50
_MOST_BYTES = 256 << 20
_AT_ONCE = 8  # parts between two words of progress


@task("factor.analysis", version=4, libraries=["numpy", "scipy"])
def analysis(
    data: Annotated[
        File,
        Field(
            description="CSV, TSV, Parquet, SPSS, Stata or Excel: a row for each case, or a matrix (see input)",
            examples=["data/grades.csv"],
        ),
    ],
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
    correlations: Annotated[
        Literal["pearson", "polychoric"],
        Field(description="polychoric (tetrachoric for two points) suits items of few points"),
    ] = "pearson",
    input: Annotated[Input, Field(description="what the file holds: rows of cases, or a matrix")] = "rows",
    observations: Annotated[int | None, Field(ge=3, description="rows behind a matrix that is given")] = None,
    cutoff: Annotated[float, Field(ge=0, description="loadings from here on count as strong")] = 0.4,
    digits: Annotated[int, Field(ge=1, le=10, description="decimals of loadings and eigenvalues")] = 3,
    absent: Annotated[list[float], Field(description="values that are codes for a missing cell, such as -999")] = [],  # noqa: B006
    bootstrap: Annotated[
        int, Field(ge=0, le=100_000, description="samples of the rows, for intervals of the loadings; 1000 is usual")
    ] = 0,
    compare: Annotated[
        list[list[float]] | None, Field(description="another solution's loadings, such as ${day-120.factors.loadings}")
    ] = None,
) -> Report:
    """Find the factors behind the columns of a table: how many, their loadings, what they account for."""
    try:
        table = open_table(data, columns)
        if correlations == "polychoric":
            _check_ordinal(input, standardize, scores)
            read = _ordinal_reader(table, missing, absent)
        else:
            read = _reader(table, input, observations, missing, absent, ctx)
        other = as_loadings(compare)
        _check_extra(bootstrap, input, correlations, standardize, other)
        solve = partial(
            _solve, factors=factors, method=method, rotation=rotation, normalize=normalize, scores=scores, ctx=ctx
        )
        if scores != "none" and input != "rows":
            raise FactorError(f"a {input} matrix has no rows to score; give the rows, or leave scores out")
        if standardize == "both":
            solution = solve(read("correlation"))
            report = build_comparison(solve(read("covariance")), solution, cutoff, digits)
        else:
            solution = solve(read("correlation" if standardize else "covariance"))
            way = Way(solution.association.kind, missing, method, rotation, normalize)
            intervals = _intervals(table, absent, solution, way, bootstrap, ctx) if bootstrap else None
            report = build_report(solution, cutoff, digits, recommend=factors == "auto", extra=Extra(intervals, other))
        if solution.weights:
            path = _write_scores(solution, solution.weights, table, absent, ctx.out)
            report.file(path, title="factor scores of every row")
        return report
    except FactorError as error:
        raise TaskError(str(error) if str(error).startswith(data.name) else f"{data.name}: {error}") from error


def _check_extra(samples: int, kind: Input, correlations: str, standardize: bool | str, other: Array | None) -> None:
    """Raise FactorError where intervals or a comparison of loadings make no sense."""
    if (samples or other is not None) and standardize == "both":
        raise FactorError("bootstrap and compare are of one solution; set standardize to true or false")
    if samples and (kind != "rows" or correlations != "pearson"):
        what = f"a {kind} matrix has no rows" if kind != "rows" else "polychoric correlations take too long"
        raise FactorError(f"{what} to draw samples from; leave bootstrap out")
    if 0 < samples < _FEWEST_SAMPLES:
        raise FactorError(f"{samples} samples are too few for intervals; take {_FEWEST_SAMPLES} at least")


def _intervals(
    table: DataTable, absent: list[float], solution: Solution, way: Way, samples: int, ctx: Context
) -> Intervals:
    """Draw samples of the file's rows, which have to be in memory for that."""
    rows = np.concatenate(list(_chunks(table, absent)))
    if rows.nbytes > _MOST_BYTES:
        raise FactorError(f"{len(rows):,} rows are too many to draw samples from in memory; leave bootstrap out")
    return draw_samples(rows, solution.loadings, way, samples, ctx)


def _reader(
    table: DataTable, kind: Input, observations: int | None, missing: str, absent: list[float], ctx: Context
) -> Callable[[str], Association]:
    """Read the file once; returns what makes the correlation or the covariance matrix of it."""
    if kind != "rows":
        names, values, source = _read_matrix(table)
        if kind == "correlation":
            return lambda wanted: replace(
                _only_correlations(wanted, from_matrix(values, names, observations, "correlation")), source=source
            )
        return lambda wanted: replace(from_matrix(values, names, observations, wanted), source=source)
    cautions = _look_at(table, absent)
    moments = _read_moments(table, missing, absent, ctx)

    def associate(wanted: str) -> Association:
        found = associate_moments(moments, table.names, wanted, missing)
        return replace(found, source=table.sentence(moments.rows), cautions=(*found.cautions, *cautions))

    return associate


def _check_ordinal(kind: Input, standardize: bool | str, scores: str) -> None:
    if kind != "rows":
        raise FactorError(f"a {kind} matrix has no answers to count; give the rows, or correlate with pearson")
    if standardize is not True:
        raise FactorError("the points of items have no units, so no covariances; leave standardize at true")
    if scores != "none":
        raise FactorError("answers of a few points have no scores by these weights; leave scores out")


def _ordinal_reader(table: DataTable, missing: str, absent: list[float]) -> Callable[[str], Association]:
    """Count the file's answers; returns what makes the polychoric correlations of them."""
    tables = tabulate(lambda: _chunks(table, absent), table.names, missing)
    found = correlate(tables, table.names)
    return lambda wanted: replace(
        associate_items(found, table.names, missing), source=f"{table.sentence(tables.rows)}; {found.sentence}"
    )


def _only_correlations(wanted: str, found: Association) -> Association:
    if wanted != "correlation":
        raise FactorError("a correlation matrix holds no variances; leave standardize at true, or give covariances")
    return found


def _read_matrix(table: DataTable) -> tuple[tuple[str, ...], Array, str]:
    """Read a square matrix; a first column with the names of the rows is passed over."""
    try:
        values = table.read()
    except TaskError:
        if len(table.names) < 3:
            raise
        table = open_table(table.path, table.names[1:])
        values = table.read()
    return table.names, values, table.sentence(len(values))


def _look_at(table: DataTable, absent: list[float]) -> list[Caution]:
    """Return what the first rows tell about the columns. Raises FactorError for a matrix that is given as rows."""
    rows = _without(next(table.chunks(), np.empty((0, len(table.names)))), absent)
    if looks_like_correlations(rows):
        size = len(rows)
        raise FactorError(f"the file holds a {size} × {size} correlation matrix, not rows; say input: correlation")
    return [Caution(note.kind, note.text + _ADVICE.get(note.kind, "")) for note in notes_on(rows, table.names)]


def _without(rows: Array, absent: list[float]) -> Array:
    """Return rows with NaN for the values that are codes for missing cells."""
    return np.where(np.isin(rows, absent), np.nan, rows) if absent else rows


def _chunks(table: DataTable, absent: list[float], part: int = 0, parts: int = 1) -> Iterator[Array]:
    for rows in table.chunks(part, parts):
        yield _without(rows, absent)


def _read_moments(table: DataTable, missing: str, absent: list[float], ctx: Context) -> Moments:
    """Take the moments of a file of any length in one pass; a long file goes in parts to the run's workers."""
    parts = max(1, table.path.stat().st_size // _PART_BYTES) if table.is_divisible else 1
    measure = partial(_measure_part, table, missing, absent, parts)
    found: list[Moments] = []
    for first in range(0, parts, _AT_ONCE):
        measured = ctx.map(measure, range(first, min(first + _AT_ONCE, parts)))
        found += [one for one in measured if one]
        ctx.progress(min(first + _AT_ONCE, parts), parts + 1, f"{sum(one.rows for one in found):,} rows read")
    return merge_all(found or [stream(_chunks(table, absent), missing)])


def _measure_part(table: DataTable, missing: str, absent: list[float], parts: int, part: int) -> Moments | None:
    """Take the moments of a part; None where no row begins in it."""
    chunks = _chunks(table, absent, part, parts)
    first = next(chunks, None)
    return None if first is None else stream(chain([first], chunks), missing)


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


def _write_scores(solution: Solution, weights: ScoreWeights, table: DataTable, absent: list[float], out: Path) -> Path:
    """Write a line of scores for each row, in the file's order; a row with a missing cell has none."""
    association = solution.association
    means = association.means if association.means is not None else np.zeros(len(association.variables))
    deviations = association.deviations if association.kind == "correlation" else None
    path = out / "scores.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write(",".join(solution.names) + "\n")
        for chunk in _chunks(table, absent):
            for row in score(chunk, weights.weights, means, deviations):
                stream.write(",".join("" if np.isnan(one) else f"{one:.6g}" for one in row) + "\n")
    return path
