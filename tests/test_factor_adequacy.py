"""KMO, sphericity and the rest against R's psych."""

import json
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.factor.adequacy import assess

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "judges", "attitude", "swiss", "mtcars")


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", SETS)
def test_adequacy_is_that_of_psych(name):
    # psych::KMO, cortest.bartlett, smc and R's det, made by references/factor/make_references.R
    known = reference(name)
    found = assess(known["correlation"], known["n"])
    assert found.kmo == pytest.approx(known["kmo"], abs=1e-6)
    assert np.allclose(found.msa, known["msa"], atol=1e-6)
    assert found.sphericity.chi_square == pytest.approx(known["bartlett"]["chisq"], rel=1e-8)
    assert found.sphericity.df == known["bartlett"]["df"]
    assert found.sphericity.p_value == pytest.approx(known["bartlett"]["p.value"], rel=1e-6, abs=1e-300)
    assert found.determinant == pytest.approx(known["determinant"], rel=1e-8)
    assert np.allclose(found.multiple_r2, known["smc"], atol=1e-8)
    assert np.allclose(found.inflation, 1 / (1 - np.array(known["smc"])), rtol=1e-6)


@pytest.mark.parametrize(
    ("kmo", "grade"), [(0.35, "unacceptable"), (0.7, "middling"), (0.84, "meritorious"), (0.95, "marvelous")]
)
def test_grades_are_kaisers(kmo, grade):
    # Kaiser 1974, p. 35
    from journal_tasks.factor.adequacy import GRADES

    assert next(word for least, word in GRADES if kmo >= least) == grade


def test_a_covariance_matrix_is_judged_by_its_correlations():
    known = reference("swiss")
    covariance = np.cov(np.array(known["data"]).T)
    assert assess(covariance, 47).kmo == pytest.approx(known["kmo"], abs=1e-8)


def test_a_singular_matrix_has_no_kmo_and_says_so():
    rows = np.random.default_rng(0).standard_normal((50, 3))
    found = assess(np.corrcoef(np.column_stack([rows, rows.sum(axis=1)]).T), 50)
    assert found.kmo is None and found.msa is None and found.sphericity is None
    assert found.determinant == 0
    assert "singular" in {caution.code for caution in found.cautions}


def test_noise_is_named():
    found = assess(np.corrcoef(np.random.default_rng(5).standard_normal((200, 5)).T), 200)
    assert "sphericity" in {caution.code for caution in found.cautions}


def test_uncorrelated_variables_have_no_kmo():
    assert assess(np.eye(4), 100).kmo is None


def test_multicollinear_variables_are_named():
    known = reference("judges")
    named = {caution.code: caution.variables for caution in assess(known["correlation"], known["n"]).cautions}
    assert named["multicollinearity"] == tuple(np.flatnonzero(np.array(known["smc"]) > 0.9))
    assert "determinant" in named and "few-rows" in named


def test_an_unknown_number_of_observations_is_named():
    found = assess(reference("ability")["correlation"])
    assert found.sphericity is None and found.rows_per_variable is None
    assert "no-observations" in {caution.code for caution in found.cautions}
