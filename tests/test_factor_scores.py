"""Factor scores against R's psych."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import extract
from journal_tasks.factor.rotation import rotate
from journal_tasks.factor.scores import METHODS, score, score_weights

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "attitude", "mtcars")
RAW = ("attitude", "mtcars")


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


def given_to_r(known):
    """The oblimin loadings and factor correlations that psych::factor.scores was given, to the same digits."""
    return np.array(known["correlation"]), np.array(known["scores"]["loadings"]), np.array(known["scores"]["phi"])


@pytest.mark.parametrize(("name", "method"), list(product(SETS, METHODS)))
def test_weights_are_those_of_psych(name, method):
    # psych::factor.scores on minres loadings turned by oblimin
    known = reference(name)
    theirs = known["scores"]["methods"][method.replace("-", "_")]
    found = score_weights(*given_to_r(known), method)
    assert np.allclose(found.weights, theirs["weights"], atol=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_validity_of_regression_scores_is_psychs_multiple_correlation(name):
    # psych's R2 of the factor scores (Grice 2001), for regression the squared correlation with the factor
    known = reference(name)
    theirs = known["scores"]["methods"]["regression"]["r_squared"]
    assert np.allclose(score_weights(*given_to_r(known)).validity ** 2, theirs, atol=1e-6)


@pytest.mark.parametrize(("name", "method"), list(product(RAW, METHODS)))
def test_scores_of_rows_are_those_of_psych(name, method):
    # psych::factor.scores on the rows
    known = reference(name)
    rows = np.array(known["data"])
    weights = score_weights(*given_to_r(known), method).weights
    found = score(rows, weights, rows.mean(axis=0), rows.std(axis=0, ddof=1))
    assert np.allclose(found, known["scores"]["values"][method.replace("-", "_")], atol=1e-5)


@pytest.mark.parametrize("name", SETS)
def test_ten_berge_scores_correlate_as_the_factors_do(name):
    known = reference(name)
    assert np.allclose(score_weights(*given_to_r(known), "ten-berge").correlations, known["scores"]["phi"], atol=1e-8)


def test_bartlett_scores_of_a_factor_do_not_mix_in_the_others():
    # Bartlett 1937: W'L = I
    matrix, loadings, phi = given_to_r(reference("bfi"))
    assert np.allclose(score_weights(matrix, loadings, phi, "bartlett").weights.T @ loadings, np.eye(5), atol=1e-10)


def test_a_covariance_run_scores_alike_where_the_method_has_no_units():
    rows = np.array(reference("attitude")["data"])
    means, deviations = rows.mean(axis=0), rows.std(axis=0, ddof=1)
    scored = []
    for matrix, spread in ((np.cov(rows.T), None), (np.corrcoef(rows.T), deviations)):
        scored.append(score(rows, score_weights(matrix, extract(matrix, 1, "ml").loadings).weights, means, spread))
    assert np.allclose(*scored, atol=1e-6)


def test_component_scores_are_uncorrelated_with_unit_variance():
    rows = np.array(reference("swiss")["data"])
    matrix = np.corrcoef(rows.T)
    rotated = rotate(extract(matrix, 2, "principal").loadings, "varimax")
    weights = score_weights(matrix, rotated.loadings, rotated.correlations)
    found = score(rows, weights.weights, rows.mean(axis=0), rows.std(axis=0, ddof=1))
    assert np.allclose(np.cov(found.T), np.eye(2), atol=1e-10)
    assert np.allclose(weights.validity, 1)


def test_a_row_with_a_missing_cell_has_no_score():
    rows = np.array([[1.0, 2.0], [np.nan, 3.0]])
    assert np.isnan(score(rows, np.ones((2, 1)), np.zeros(2))).ravel().tolist() == [False, True]


def test_bartlett_scores_without_uniqueness_are_refused():
    matrix = np.corrcoef(np.random.default_rng(0).standard_normal((20, 3)).T)
    with pytest.raises(FactorError, match="uniqueness above zero"):
        score_weights(matrix, extract(matrix, 3, "principal").loadings, method="bartlett")


def test_a_singular_matrix_and_an_unknown_method_are_refused():
    with pytest.raises(FactorError, match="invertible"):
        score_weights(np.ones((2, 2)), np.ones((2, 1)))
    with pytest.raises(FactorError, match="unknown scores 'anderson'"):
        score_weights(np.eye(2), np.ones((2, 1)), method="anderson")
