"""Fit statistics against R's psych."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import degrees_of_freedom, extract
from journal_tasks.factor.fit import assess_fit

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "judges", "attitude", "swiss", "mtcars")


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


def compare(ours, theirs, tolerance):
    """Compare with psych::fa.stats(alpha = 0.1); discrepancies, chi-squares and BIC relative to their size."""
    pairs = {
        "p_value": (ours.p_value, theirs["p_value"]),
        "rmsea": (ours.rmsea, theirs["rmsea"]["RMSEA"]),
        "low": (ours.rmsea_low, theirs["rmsea"]["lower"]),
        "high": (ours.rmsea_high, theirs["rmsea"]["upper"]),
        "tli": (ours.tli, theirs["tli"]),
        "rms": (ours.rmsr, theirs["rms"]),
        "crms": (ours.rmsr_corrected, theirs["crms"]),
    }
    sizes = {
        "objective": (ours.objective, theirs["objective"]),
        "chi_square": (ours.chi_square, theirs["chi_square"]),
        "bic": (ours.bic, theirs["bic"]),
        "null": (ours.null_chi_square, theirs["null_chi_square"]),
    }
    assert ours.df == theirs["df"]
    for name, (one, other) in pairs.items():
        assert one == pytest.approx(other, abs=tolerance), name
    for name, (one, other) in sizes.items():
        assert one == pytest.approx(other, rel=tolerance, abs=tolerance), name


@pytest.mark.parametrize(("name", "method"), list(product(SETS, ("minres", "ml"))))
def test_the_formulas_are_those_of_psych(name, method):
    # psych::fa.stats at psych's own loadings, so that nothing but the formulas is compared
    known = reference(name)
    for fitted in (known["extractions"][method], known["extractions"][method]["polished"]):
        loadings = np.array(fitted["loadings"]).reshape(len(known["correlation"]), -1)
        compare(assess_fit(known["correlation"], loadings, None, known["n"]), fitted["fit"], 1e-6)


@pytest.mark.parametrize(("name", "method"), list(product(SETS, ("minres", "ml"))))
def test_the_fit_of_our_own_loadings_is_that_of_psych(name, method):
    # psych::fa as it is, and psych::fa.stats at its loadings taken on to the minimum (see make_references.R)
    known = reference(name)
    ours = assess_fit(
        known["correlation"], extract(known["correlation"], known["k"], method).loadings, None, known["n"]
    )
    compare(ours, known["extractions"][method]["fit"], 1e-4)
    compare(ours, known["extractions"][method]["polished"]["fit"], 1e-6)


@pytest.mark.parametrize("name", SETS)
def test_chi_square_of_maximum_likelihood_is_that_of_factanal(name):
    # stats::factanal's STATISTIC (swiss ends at the bound of the uniqueness, where the two diagonals differ a little)
    known = reference(name)
    ours = assess_fit(known["correlation"], extract(known["correlation"], known["k"], "ml").loadings, None, known["n"])
    assert ours.chi_square == pytest.approx(known["extractions"]["ml"]["factanal"]["chi_square"], rel=1e-5)


def test_a_model_that_is_not_positive_definite_has_no_chi_square_and_says_so():
    fit = assess_fit(np.full((4, 4), 0.5) + 0.5 * np.eye(4), np.full((4, 1), 1.2), None, 100)
    assert fit.chi_square is None and fit.rmsea is None and fit.tli is None
    assert fit.rmsr == pytest.approx(0.94)
    assert "not-positive-definite" in {caution.code for caution in fit.cautions}


def test_no_degrees_of_freedom_are_named():
    matrix = reference("ability")["correlation"]
    fit = assess_fit(matrix, extract(matrix, 3, "minres").loadings, None, 112)
    assert (fit.df, fit.rmsea, fit.tli, fit.p_value) == (0, None, None, None)
    assert "no-df" in {caution.code for caution in fit.cautions}


def test_an_unknown_number_of_observations_leaves_residuals_only():
    matrix = reference("ability")["correlation"]
    fit = assess_fit(matrix, extract(matrix, 2, "ml").loadings)
    assert fit.chi_square is None and fit.rmsr > 0
    assert [caution.code for caution in fit.cautions] == ["no-observations"]


def test_a_covariance_matrix_gives_the_fit_of_its_correlations():
    known = reference("attitude")
    covariance = np.cov(np.array(known["data"]).T)
    plain, scaled = (
        assess_fit(matrix, extract(matrix, 2, "ml").loadings, None, 30) for matrix in (known["correlation"], covariance)
    )
    assert scaled.chi_square == pytest.approx(plain.chi_square)
    assert scaled.srmr == pytest.approx(plain.srmr)


def test_srmr_counts_every_cell_of_one_triangle():
    # Hu & Bentler 1999: Σ residual² over p (p + 1) / 2 cells, where rmsr has p (p − 1) / 2
    fit = assess_fit(np.array([[1, 0.5], [0.5, 1]]), np.array([[0.5], [0.5]]))
    assert fit.rmsr == pytest.approx(0.25)
    assert fit.srmr == pytest.approx((0.25**2 / 3) ** 0.5)


def test_degrees_of_freedom_are_those_of_the_textbook():
    # Lawley & Maxwell 1971: 9 variables, 3 factors: 12; 6 variables, 2 factors: 4
    assert degrees_of_freedom(9, 3) == 12
    assert degrees_of_freedom(6, 2) == 4


def test_loadings_that_do_not_fit_the_matrix_are_refused():
    with pytest.raises(FactorError, match="do not fit"):
        assess_fit(np.eye(3), np.ones((4, 1)))
