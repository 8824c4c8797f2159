"""factor.analysis as a task: what its report says, of which data, and what bad data get."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journal_tasks.factor.analysis import analysis
from journal_tasks.factor.reading import percent

from journal import Composite, Context, Number, TaskError
from journal.api.numbers import load_cell
from journal.api.report_file import write_report

GRADES = "Finance,Marketing,Policy\n3,6,5\n7,3,3\n10,9,8\n3,9,7\n10,6,5\n"
Analyse = Callable[..., dict[str, Any]]


@pytest.fixture
def analyse(tmp_path: Path) -> Analyse:
    """Run the task on a text; returns its report.json."""

    def run(text: str | bytes, name: str = "grades.csv", jobs: int = 1, **parameters: Any) -> dict[str, Any]:
        path, out = tmp_path / name, tmp_path / "out"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        report = analysis(
            ctx=Context(out=out, root=tmp_path, jobs=jobs), **analysis.validate({"data": path, **parameters})
        )
        write_report(report, out)
        return json.loads((out / "report.json").read_text())  # type: ignore[no-any-return]

    return run


def tables(report: dict[str, Any]) -> dict[str, dict[str, list[Any]]]:
    found = [item for item in report["items"] if item["kind"] == "table"]
    return {
        item["title"] or item["columns"][0]: {
            row[0]: [value_of(cell) for cell in row[1:]] for row in item["rows"] if "sum of squares" not in row[0]
        }
        for item in found
    }


def value_of(cell: Any) -> Any:
    """Return the number of a cell that holds one with its precision; words with numbers in them as they are shown."""
    read = load_cell(cell)
    return read.value if isinstance(read, Number) else str(read) if isinstance(read, Composite) else cell


def text(report: dict[str, Any]) -> str:
    return "\n".join(item["markdown"] for item in report["items"] if item["kind"] == "text")


def survey(rows: int = 400, seed: int = 1) -> np.ndarray:
    """Draw six variables, three of each of two factors that correlate by a half."""
    random = np.random.default_rng(seed)
    common = random.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], rows)
    return np.repeat(common, 3, axis=1) * 0.8 + random.normal(size=(rows, 6)) * 0.6


def as_csv(values: np.ndarray, delimiter: str = ",") -> str:
    names = delimiter.join(f"v{number}" for number in range(1, values.shape[1] + 1))
    return "\n".join([names, *(delimiter.join(f"{one:.12g}" for one in row) for row in values)]) + "\n"


def test_the_textbook_values_to_five_decimals(analyse: Analyse) -> None:
    """Of the grades in Day 133's class: the values stated for its standardised run."""
    report = analyse(GRADES, factors=2, digits=5)
    assert tables(report)["Loadings"]["Finance"][:2] == pytest.approx([0.02987, 0.99951], abs=5e-6)
    eigenvalues = [row[0] for row in tables(report)["Eigenvalues and variance explained"].values()]
    assert eigenvalues == pytest.approx([1.98146, 1.00831, 0.01023], abs=5e-6)


def test_the_sentence_has_the_right_percentages(analyse: Analyse) -> None:
    """0.02987 squared is 0.000892, that is 0.0892 %."""
    said = (
        "Read a row like this: F1 accounts for 0.0892 % of the variance of Finance, F2 for 99.90 %; together 99.99 %."
    )
    assert said in text(analyse(GRADES, factors=2))


def test_unstandardised_loadings_are_in_the_units_of_the_variables(analyse: Analyse) -> None:
    """The squared loadings of all three components sum to the variances of the columns."""
    loadings = tables(analyse(GRADES, factors=3, standardize=False))["Loadings, in the units of the variables"]
    variances = np.var([[3, 6, 5], [7, 3, 3], [10, 9, 8], [3, 9, 7], [10, 6, 5]], axis=0, ddof=1)
    assert [sum(one**2 for one in row[:3]) for row in loadings.values()] == pytest.approx(variances)


def test_both_stand_side_by_side_with_why_they_differ(analyse: Analyse) -> None:
    report = analyse(GRADES, factors=2, standardize="both")
    raw, standardised = analyse(GRADES, factors=2, standardize=False), analyse(GRADES, factors=2)
    (both,) = [table for title, table in tables(report).items() if title.startswith("Loadings: standardised")]
    assert both["Finance"][:2] == tables(standardised)["Loadings"]["Finance"][:2]
    assert both["Finance"][2:] == tables(raw)["Loadings, in the units of the variables"]["Finance"][:2]
    assert "Finance 54.91 %" in text(report)  # 12.3 of 22.4, the variances' sum


def test_squared_loadings_add_up_to_the_eigenvalue_in_the_table_itself(analyse: Analyse) -> None:
    """1.98146 and 1.00831, as in Day 133's class, and those of the covariances."""
    report = analyse(GRADES, factors=2, standardize="both", digits=5)
    (rows,) = [item["rows"] for item in report["items"] if str(item.get("title")).startswith("Loadings: standardised")]
    *variables, last = rows
    assert last[0] == "eigenvalue (sum of squares)"
    sums = [value_of(cell) for cell in last[1:]]
    assert sums[:2] == pytest.approx([1.98146, 1.00831], abs=5e-6)
    assert sums == pytest.approx([sum(row[column] ** 2 for row in variables) for column in range(1, 5)])


def test_what_is_the_same_for_both_is_said_once(analyse: Analyse) -> None:
    report = analyse(GRADES, factors=2, standardize="both")
    said = text(report)
    assert said.count("Caution, low KMO") == 1
    titles = [item["title"] or item["columns"][0] for item in report["items"] if item["kind"] == "table"]
    assert len(titles) == len(set(titles))


def test_of_many_variables_only_what_stands_out_is_read_aloud(analyse: Analyse) -> None:
    """80 variables on 8 factors once had 80 sentences."""
    random = np.random.default_rng(4)
    common = random.normal(size=(600, 8))
    values = np.repeat(common, 10, axis=1) + random.normal(size=(600, 80))
    values[:, 79] = common[:, 0] + common[:, 1] + random.normal(size=600)
    values[:, 78] = random.normal(size=600)
    report = analyse(as_csv(values), factors=8, method="minres", rotation="varimax")
    lines = [line for line in text(report).splitlines() if line.startswith("- ")]
    assert len(lines) == 8 + 3  # the factors, one of two, one of none, the least
    assert any("More than one factor goes with v80 (" in line for line in lines)
    assert any("No factor goes with v79" in line for line in lines)
    shown = next(item["rows"] for item in report["items"] if item.get("name") == "sorted")
    assert sum(cell is not None for row in shown for cell in row[1:]) == 80  # 78 of one, one of two, one of none
    whole = next(
        item["rows"] for item in report["items"] if item.get("kind") == "table" and item.get("name") == "loadings"
    )
    assert all(cell is not None for row in whole[:80] for cell in row[1:9])


def test_the_number_of_factors_is_recommended_with_reasons(analyse: Analyse) -> None:
    report = analyse(as_csv(survey()), factors="auto", method="minres")
    assert "Recommended: **2**" in text(report)
    votes = tables(report)["How many factors?"]
    assert {"parallel factors", "map", "kaiser", "elbow"} <= set(votes)
    pictures = [item["alt"] for item in report["items"] if item["kind"] == "image"]
    assert any("kaiser 2" in alt and "map 2" in alt and "explained variance" in alt for alt in pictures)
    assert len(tables(report)["Loadings"]["v1"]) == 4


@pytest.mark.parametrize("rotation", ["promax", "oblimin", "quartimin", "geominQ"])
def test_an_oblique_rotation_shows_pattern_structure_and_correlations(analyse: Analyse, rotation: str) -> None:
    report = analyse(as_csv(survey()), factors=2, method="ml", rotation=rotation)
    between = tables(report)["Correlations of the factors"]
    assert between["F1"][1] == pytest.approx(0.5, abs=0.12)  # as it was drawn
    assert f"{rotation} rotation with" in text(report)
    pattern = tables(report)["Pattern matrix (loadings)"]
    assert sum(abs(row[0]) > 0.6 for row in pattern.values()) == 3


@pytest.mark.parametrize("rotation", ["varimax", "quartimax", "equamax", "geominT"])
def test_an_orthogonal_rotation_keeps_the_communalities(analyse: Analyse, rotation: str) -> None:
    rotated = analyse(as_csv(survey()), factors=2, method="axis", rotation=rotation, digits=6)
    unrotated = analyse(as_csv(survey()), factors=2, method="axis", digits=6)
    for name, row in tables(rotated)["Loadings"].items():
        assert row[2] == pytest.approx(tables(unrotated)["Loadings"][name][2], abs=1e-6)


def test_a_correlation_matrix_gives_what_its_rows_give(analyse: Analyse) -> None:
    values = survey()
    names = ",".join(f"v{number}" for number in range(1, 7))
    matrix = "\n".join(",".join(f"{one:.15g}" for one in row) for row in np.corrcoef(values.T))
    given = analyse(f"{names}\n{matrix}\n", factors=2, method="ml", input="correlation", observations=400)
    from_rows = analyse(as_csv(values), factors=2, method="ml")
    for title in ("Loadings", "Fit"):
        for name, row in tables(given)[title].items():
            assert row == pytest.approx(tables(from_rows)[title][name], abs=1e-6)


def test_row_names_of_a_matrix_are_passed_over(analyse: Analyse) -> None:
    matrix = "name,a,b,c\na,1,0.5,0.4\nb,0.5,1,0.3\nc,0.4,0.3,1\n"
    assert set(tables(analyse(matrix, factors=1, input="correlation"))["Loadings"]) == {"a", "b", "c"}


@pytest.mark.parametrize(("name", "delimiter"), [("d.csv", ","), ("d.csv", ";"), ("d.tsv", "\t")])
def test_delimiters_are_recognised(analyse: Analyse, name: str, delimiter: str) -> None:
    report = analyse(as_csv(survey(), delimiter), name, factors=2)
    assert len(tables(report)["Loadings"]) == 6


def test_parquet_gives_what_csv_gives(analyse: Analyse, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    values = survey()
    parquet.write_table(pyarrow.table({f"v{n + 1}": values[:, n] for n in range(6)}), tmp_path / "d.parquet")
    report = analyse((tmp_path / "d.parquet").read_bytes(), "d.parquet", factors=2)
    assert tables(report)["Loadings"]["v1"] == pytest.approx(
        tables(analyse(as_csv(values), factors=2))["Loadings"]["v1"]
    )


@pytest.mark.parametrize("rule", ["listwise", "pairwise", "mean"])
def test_what_became_of_missing_cells_is_said(analyse: Analyse, rule: str) -> None:
    lines = as_csv(survey()).split("\n")
    lines[3] = ",".join(["", *lines[3].split(",")[1:]])
    said = text(analyse("\n".join(lines), factors=2, missing=rule))
    assert "1 cells missing" in said.replace("1 cell missing", "1 cells missing")
    assert ("399 rows" in said) == (rule == "listwise")


def test_scores_are_written_for_each_row_and_have_unit_variance(analyse: Analyse, tmp_path: Path) -> None:
    """Of principal components, regression scores are the standardised component scores."""
    analyse(as_csv(survey()), factors=2, scores="regression")
    scores = np.loadtxt(tmp_path / "out/scores.csv", delimiter=",", skiprows=1)
    assert scores.shape == (400, 2)
    assert scores.var(axis=0, ddof=1) == pytest.approx([1, 1], abs=1e-4)
    assert np.corrcoef(scores.T)[0, 1] == pytest.approx(0, abs=1e-4)


def test_a_heywood_case_is_named(analyse: Analyse) -> None:
    """One variable is nearly what the factor is: its communality runs into the bound."""
    matrix = "a,b,c\n1,0.9,0.8\n0.9,1,0.6\n0.8,0.6,1\n"
    said = text(analyse(matrix, factors=1, input="correlation", observations=100, method="minres"))
    assert "heywood" in said.lower()


@pytest.mark.parametrize(
    ("content", "parameters", "said"),
    [
        ("a,b,c\n1,2,3\n4,five,6\n7,8,10\n1,1,1\n", {}, "grades.csv:3: 'five' in column 'b' is no number"),
        (GRADES, {"columns": ["Finanz"]}, "no column 'Finanz'"),
        ("a,b,c\n1,2,3\n1,4,5\n1,3,9\n1,7,7\n", {}, "a has the same value in every row"),
        ("a,b\n1,2\n", {}, "1 of 1 rows can be used; at least 3 are needed"),
        ("", {}, "grades.csv is empty"),
        (GRADES, {"factors": 4}, "4 factors from 3 variables"),
        (GRADES, {"factors": 2, "standardize": False, "input": "correlation"}, ""),
        ("a,b,c\n1,2\n", {}, "2 cells where 3 columns are named"),
    ],
)
def test_bad_data_get_one_line_that_says_what_to_do(
    analyse: Analyse, content: str, parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(TaskError) as caught:
        analyse(content, **{"factors": 1, **parameters})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("grades.csv")


def test_parts_of_a_long_file_give_what_one_pass_gives(analyse: Analyse, monkeypatch: pytest.MonkeyPatch) -> None:
    values = as_csv(survey(5000))
    whole = analyse(values, factors=2)
    monkeypatch.setattr("journal_tasks.factor.analysis._PART_BYTES", 1000)
    parted = analyse(values, factors=2, jobs=3)
    for name, row in tables(whole)["Loadings"].items():
        assert tables(parted)["Loadings"][name][:2] == pytest.approx(row[:2], abs=1e-12)


def test_the_same_data_give_the_same_bytes(analyse: Analyse, tmp_path: Path) -> None:
    analyse(as_csv(survey()), factors="auto", method="minres", rotation="oblimin")
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    analyse(as_csv(survey()), factors="auto", method="minres", rotation="oblimin")
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_a_name_of_a_column_is_never_markup(analyse: Analyse) -> None:
    report = analyse(
        GRADES.replace("Finance", "<img src=x onerror=alert(1)>").replace("Policy", "a$\\frac$"), factors=2
    )
    assert "<img" not in text(report)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text(report)


def test_a_share_just_below_a_hundred_is_not_rounded_up_to_it() -> None:
    assert percent(99.9987) == "99.9987 %"
    assert percent(100.0) == "100.00 %"


def test_the_block_says_how_the_file_was_read(analyse: Analyse) -> None:
    report = analyse("nr;Finance;Marketing;Policy\n1;3,5;6;5\n2;7;3;3,5\n3;10;9;8\n4;3;9;7\n5;10;6;5\n", factors=2)
    assert "Read: 5 rows, 3 columns, `;` and decimal comma; column 'nr' left out as an index." in text(report)


def test_a_correlation_matrix_given_as_rows_is_refused(analyse: Analyse) -> None:
    """It was once factored as six people."""
    matrix = as_csv(np.corrcoef(survey().T))
    with pytest.raises(TaskError, match="holds a 6 × 6 correlation matrix, not rows; say input: correlation"):
        analyse(matrix, factors=2)
    assert analyse(matrix, factors=2, input="correlation", observations=400)


def test_codes_for_missing_cells_are_told_and_left_out_on_demand(analyse: Analyse) -> None:
    values = np.round(survey(), 3)
    clean = tables(analyse(as_csv(values), factors=2))["Loadings"]
    values[[3, 8], 1] = -999
    report = analyse(as_csv(values), factors=2)
    assert "v2 is -999 2 times" in text(report)
    assert tables(report)["Loadings"]["v2"][0] != pytest.approx(clean["v2"][0], abs=0.02)
    report = analyse(as_csv(values), factors=2, absent=[-999])
    assert "-999" not in text(report)
    assert tables(report)["Loadings"]["v2"][0] == pytest.approx(clean["v2"][0], abs=0.02)


def test_scores_are_written_with_both_solutions_and_refused_for_a_matrix(analyse: Analyse, tmp_path: Path) -> None:
    analyse(as_csv(survey()), factors=2, standardize="both", scores="regression")
    assert len((tmp_path / "out/scores.csv").read_text().splitlines()) == 401
    with pytest.raises(TaskError, match="a correlation matrix has no rows to score"):
        analyse(as_csv(np.corrcoef(survey().T)), factors=2, input="correlation", scores="regression")


def test_cautions_name_variables_and_numbers(analyse: Analyse) -> None:
    said = text(analyse(GRADES, factors=2))
    assert "KMO 0.34, below 0.5" in said
    assert "drop the variable with the lowest first: Finance 0." in said
    assert re.search(r"R² on the others above 0.9; consider dropping one: (Policy|Marketing) 0.9\d+, ", said)


def test_variables_residuals_and_starts_stand_in_tables(analyse: Analyse) -> None:
    report = analyse(as_csv(survey()), factors=2, method="ml")
    found = tables(report)
    by_variable = found["By variable: sampling adequacy, R² on the others, share of variance explained"]
    assert [row[0] for row in by_variable.values()] == sorted(row[0] for row in by_variable.values())
    correlation = np.corrcoef(survey().T)
    assert by_variable["v1"][1] == pytest.approx(1 - 1 / np.linalg.inv(correlation)[0, 0])  # SMC by its definition
    residuals = list(found["Largest residual correlations"].values())
    assert len(residuals) == 5
    assert abs(residuals[0][0]) == max(abs(row[0]) for row in residuals)
    assert found["Fit"]["best solution"][0].startswith("10 of 10 starts, F = ")


def test_no_rule_votes_for_factors_with_negative_eigenvalues() -> None:
    """Noise of twelve variables: below zero, random common eigenvalues can lie under the data's own."""
    from journal_tasks.factor.number_of_factors import suggest_number

    for seed in range(30):
        random = np.random.default_rng(seed)
        found = suggest_number(np.corrcoef(random.normal(size=(12, 60))), 60, seed=seed)
        assert found.common is not None
        votes = {vote.rule: vote.factors for vote in found.votes}
        assert votes["parallel-factors"] <= (found.common.observed > 0).sum()
        assert "200 random samples" in str(found.votes[0].reason)


def test_from_fifteen_variables_on_shaded_loadings_stand_for_a_path_diagram(analyse: Analyse) -> None:
    random = np.random.default_rng(0)
    for count, is_drawn in ((14, True), (15, False)):
        values = random.normal(size=(120, 1)) + random.normal(size=(120, count))
        pictures = {item["path"] for item in analyse(as_csv(values), factors=1)["items"] if item["kind"] == "image"}
        assert ("path.svg" in pictures) is is_drawn
        assert "loadings.svg" in pictures
