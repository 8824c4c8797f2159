"""The task factor.analysis: factors of a table of numbers, explained a row at a time."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from journal import Context, Field, File, Report, TaskError, new_figure, task
from tasks.factor.data import Association, associate
from tasks.factor.errors import FactorError
from tasks.factor.extraction import Extraction, extract

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@task("factor.analysis", libraries=["numpy", "scipy"])
def analysis(
    data: File,
    ctx: Context,
    factors: Annotated[int, Field(ge=1, description="how many factors to keep")],
    columns: Annotated[list[str], Field(description="the variables, by their column names; all if left out")] = [],  # noqa: B006
    standardize: Annotated[bool, Field(description="analyse correlations rather than covariances")] = True,
    method: Annotated[
        Literal["principal", "axis", "minres", "ml"], Field(description="how the factors are extracted")
    ] = "principal",
) -> Report:
    """Find the factors behind the columns of a CSV file: loadings, communalities, eigenvalues, variance explained."""
    try:
        names, rows = read_numbers(data, columns)
        ctx.progress(1, 3, "read")
        found = associate(rows, names, "correlation" if standardize else "covariance")
        extraction = extract(found.matrix, factors, method)
    except FactorError as error:
        raise TaskError(f"{data.name}: {error}") from error
    ctx.progress(2, 3, "extracted")
    return describe(found, extraction)


def read_numbers(path: Path, columns: list[str]) -> tuple[list[str], np.ndarray]:
    """Read a CSV file's numeric columns as (n, p) floats; an empty cell is NaN.

    Raises TaskError with the line of a cell that holds no number, and for columns that aren't there.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = [name.strip() for name in next(reader, [])]
        chosen = _choose(header, columns, path)
        rows = [[_number(row, index, header, path, reader.line_num) for index in chosen] for row in reader if row]
    if not rows:
        raise TaskError(f"{path.name}: no rows below the header; give one row for each case")
    return [header[index] for index in chosen], np.array(rows)


def describe(found: Association, extraction: Extraction) -> Report:
    """Put an extraction into tables, a scree plot and sentences."""
    names = [f"F{number}" for number in range(1, extraction.loadings.shape[1] + 1)]
    unit = "" if found.kind == "correlation" else " (covariance units)"
    report = Report().headline(_headline(extraction, names))
    report.text(_what_was_done(found, extraction))
    report.table(
        [[variable, *row, h2, u2] for variable, row, h2, u2 in _rows(found, extraction.loadings, extraction)],
        ["Variable", *names, "communality", "uniqueness"],
        title=f"Loadings{unit}",
        digits=5,
        strong=0.4 if found.kind == "correlation" else None,
    )
    report.table(
        [[variable, *row] for variable, row in zip(found.variables, _shares(extraction), strict=True)],
        ["Variable", *names, "together"],
        title="Share of each variable's variance, in % (squared loadings)",
        digits=4,
    )
    report.table(_variance_rows(found, extraction), title="Eigenvalues and variance explained", digits=5)
    for number, value in enumerate(extraction.eigenvalues, 1):
        report.metric(f"eigenvalue {number}", value, digits=5, shown=False)
    report.figure("scree", _scree(found, extraction), alt=_scree_alt(extraction))
    report.text("\n".join(f"- {sentence}" for sentence in sentences(found, extraction, names)))
    for caution in extraction.cautions + found.cautions:
        report.text(f"> **{caution.code}**: {caution.message}")
    return report.output("loadings", extraction.loadings.tolist()).output(
        "eigenvalues", extraction.eigenvalues.tolist()
    )


def sentences(found: Association, extraction: Extraction, names: list[str]) -> list[str]:
    """Read each variable's row aloud: which factor accounts for how much of its variance."""
    said = []
    for variable, row in zip(found.variables, _shares(extraction), strict=True):
        first, *others = [percent(share) for share in row[:-1]]
        more = "".join(f", {name} for {share}" for name, share in zip(names[1:], others, strict=True))
        together = f"; together {percent(row[-1])}" if others else ""
        said.append(f"{names[0]} accounts for {first} of the variance of {variable}{more}{together}.")
    return said


def percent(share: float) -> str:
    """Write a percentage: two decimals, and four where it is below one."""
    return f"{share:.4f} %" if abs(share) < 1 else f"{share:.2f} %"


def _choose(header: list[str], columns: list[str], path: Path) -> list[int]:
    from journal.errors import nearest

    for name in columns:
        if name not in header:
            raise TaskError(f"{path.name}:1: no column '{name}'{nearest(name, header)}")
    return [header.index(name) for name in columns] if columns else list(range(len(header)))


def _number(row: list[str], index: int, header: list[str], path: Path, line: int) -> float:
    if index >= len(row):
        raise TaskError(f"{path.name}:{line}: {len(row)} cells where the header has {len(header)}; fill the row up")
    text = row[index].strip()
    try:
        return float(text) if text else float("nan")
    except ValueError as error:
        mend = "write a number, leave the cell empty, or choose the numeric ones with columns:"
        raise TaskError(f"{path.name}:{line}: column '{header[index]}' holds '{text}'; {mend}") from error


def _rows(
    found: Association, loadings: np.ndarray, extraction: Extraction
) -> list[tuple[str, list[float], float, float]]:
    return [
        (variable, list(loadings[i]), extraction.communalities[i], extraction.uniqueness[i])
        for i, variable in enumerate(found.variables)
    ]


def _shares(extraction: Extraction) -> np.ndarray:
    """Return (p, k + 1) percentages of each variable's variance: by factor, and together."""
    shares = 100 * extraction.rescaled**2
    return np.column_stack([shares, shares.sum(axis=1)])


def _variance_rows(found: Association, extraction: Extraction) -> list[dict[str, float | str]]:
    total = float(np.trace(found.matrix))
    reached = np.cumsum(extraction.eigenvalues)
    return [
        {
            "factor": f"F{number}" + ("" if number <= extraction.loadings.shape[1] else " (not kept)"),
            "eigenvalue": float(value),
            "% of variance": 100 * float(value) / total,
            "cumulative %": 100 * float(so_far) / total,
        }
        for number, (value, so_far) in enumerate(zip(extraction.eigenvalues, reached, strict=True), 1)
    ]


def _headline(extraction: Extraction, names: list[str]) -> str:
    kept = ", ".join(f"{value:.5f}" for value in extraction.eigenvalues[: len(names)])
    return f"{len(names)} factors, eigenvalues {kept}, {percent(100 * extraction.proportion.sum())} of the variance"


def _what_was_done(found: Association, extraction: Extraction) -> str:
    methods = {
        "principal": "principal components",
        "axis": "principal axis",
        "minres": "minimum residuals",
        "ml": "maximum likelihood",
    }
    data = (
        "standardised variables (correlation matrix)"
        if found.kind == "correlation"
        else ("unstandardised variables (covariance matrix)")
    )
    return f"{methods[extraction.method].capitalize()} on {data}, {found.observations} rows, no rotation."


def _scree(found: Association, extraction: Extraction) -> Figure:
    plot, axes = new_figure(6, 2.8)
    numbers = np.arange(1, len(extraction.eigenvalues) + 1)
    axes.plot(numbers, extraction.eigenvalues, "o-", color="#3f51b5")
    mean = float(np.trace(found.matrix)) / len(found.matrix)
    axes.axhline(mean, linestyle="--", linewidth=1, color="#e53935")
    axes.annotate(f"mean eigenvalue {mean:.4g}", (numbers[-1], mean), ha="right", va="bottom", color="#e53935")
    axes.set(xlabel="factor", ylabel="eigenvalue", title="Scree plot", xticks=numbers)
    return plot


def _scree_alt(extraction: Extraction) -> str:
    return "Scree plot of the eigenvalues " + ", ".join(f"{value:.4g}" for value in extraction.eigenvalues)
