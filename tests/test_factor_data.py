"""From rows or a matrix to what is analysed, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.factor.data import associate, from_matrix
from journal_tasks.factor.errors import FactorError

REFERENCES = Path(__file__).parent / "references" / "factor"
GRADES = [(3, 6, 5), (7, 3, 3), (10, 9, 8), (3, 9, 7), (10, 6, 5)]
SUBJECTS = ("Finance", "Marketing", "Policy")


def test_rows_become_a_correlation_matrix():
    found = associate(GRADES, SUBJECTS)
    assert np.allclose(found.matrix, np.corrcoef(np.array(GRADES).T))
    assert (found.kind, found.observations, found.variables) == ("correlation", 5, SUBJECTS)
    assert np.allclose(found.means, [6.6, 6.6, 5.6])
    assert found.missing.dropped == 0


def test_rows_become_a_covariance_matrix():
    # by hand: the variance of Finance (3, 7, 10, 3, 10) is 49.2 / 4 = 12.3
    found = associate(GRADES, SUBJECTS, "covariance")
    assert found.matrix[0, 0] == pytest.approx(12.3)
    assert np.allclose(found.deviations, np.sqrt(np.diag(found.matrix)))


@pytest.mark.parametrize(("rule", "used"), [("listwise", 111), ("pairwise", 153), ("mean", 153)])
def test_missing_cells_are_counted(rule, used):
    # R: airquality has 153 rows, 111 of them complete, 37 missing in Ozone, 7 in Solar.R
    known = json.loads((REFERENCES / "cases.json").read_text())["missing"]
    found = associate(np.array(known["data"], dtype=float), rule=rule)
    assert np.allclose(found.matrix, known[rule], atol=1e-9)
    assert (found.observations, found.missing.rows, found.missing.dropped) == (used, 153, 153 - used)
    assert found.missing.cells == (37, 7, 0, 0, 0, 0)
    assert found.missing.fewest_of_a_pair == 111 if rule != "mean" else True


def test_a_constant_column_is_named():
    with pytest.raises(FactorError, match="Marketing has the same value in every row"):
        associate([(1, 0.1, 3), (2, 0.1, 5), (3, 0.1, 1), (4, 0.1, 1)], SUBJECTS)


def test_too_few_rows_are_refused():
    with pytest.raises(FactorError, match="1 of 3 rows can be used"):
        associate([(1, np.nan, 3), (2, 4, 5), (3, 4, np.nan)])


def test_a_pair_that_is_never_seen_together_is_named():
    rows = np.array([(1, np.nan, 2), (2, np.nan, 1), (4, np.nan, 2), (np.nan, 1, 3), (np.nan, 3, 4), (np.nan, 2, 7)])
    with pytest.raises(FactorError, match="Finance, Marketing"):
        associate(rows, SUBJECTS, rule="pairwise")


def test_no_more_rows_than_variables_make_a_singular_matrix_and_that_is_said():
    found = associate(np.random.default_rng(0).standard_normal((4, 6)))
    assert [caution.code for caution in found.cautions] == ["singular"]


def test_a_matrix_that_no_data_can_have_is_named():
    matrix = [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]
    assert [caution.code for caution in from_matrix(matrix).cautions] == ["not-positive-definite"]


def test_a_covariance_matrix_is_scaled_for_a_correlation_run():
    covariance = np.cov(np.array(GRADES).T)
    assert np.allclose(from_matrix(covariance).matrix, associate(GRADES).matrix)
    assert np.allclose(from_matrix(covariance, kind="covariance").matrix, covariance)


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[1, 0.2, 0.1]], "square"),
        ([[1, 1.2], [1.2, 1]], "above 1"),
        ([[1, 0.2], [0.4, 1]], "not symmetric"),
        ([[0, 0], [0, 1]], "no variance in V1"),
    ],
)
def test_a_bad_matrix_is_refused_in_one_line(matrix, says):
    with pytest.raises(FactorError, match=says) as caught:
        from_matrix(matrix)
    assert "\n" not in str(caught.value)


def test_wrong_words_are_refused():
    with pytest.raises(FactorError, match="unknown kind 'cor'"):
        associate(GRADES, kind="cor")
    with pytest.raises(FactorError, match="2 names for 3 variables"):
        associate(GRADES, ("a", "b"))
