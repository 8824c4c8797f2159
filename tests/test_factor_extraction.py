"""Extraction against R's psych and factanal, and its own properties."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.factor.discrepancy import least_squares, likelihood
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import METHODS, extract

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "judges", "attitude", "swiss", "mtcars")
IN_R = {"principal": "principal", "axis": "pa", "minres": "minres", "ml": "ml"}


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


def farthest(ours, theirs):
    """Largest difference of two p × k tables once their columns are matched and turned."""
    from scipy.optimize import linear_sum_assignment

    theirs = np.array(theirs).reshape(len(ours), -1)
    pairs = [[min(abs(a - b).max(), abs(a + b).max()) for b in theirs.T] for a in ours.T]
    rows, columns = linear_sum_assignment(pairs)
    return np.array(pairs)[rows, columns].max()


def sample(seed, rows=120, variables=7, factors=2):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((rows, factors)) @ rng.normal(size=(factors, variables))
    return common + rng.standard_normal((rows, variables)) * rng.uniform(0.5, 1.5, variables)


@pytest.mark.parametrize(("name", "method"), list(product(SETS, METHODS)))
def test_loadings_communalities_and_eigenvalues_are_those_of_psych(name, method):
    # psych::principal (principal) and psych::fa (pa, minres, ml), made by references/factor/make_references.R
    known = reference(name)
    theirs = known["extractions"][IN_R[method]]
    ours = extract(known["correlation"], known["k"], method)
    tolerance = 1e-6 if method == "principal" else 1e-3
    assert farthest(ours.loadings, theirs["loadings"]) < tolerance
    assert np.abs(ours.communalities - theirs["communality"]).max() < tolerance
    assert np.abs(ours.common_eigenvalues - theirs["values"]).max() < tolerance
    assert np.abs(ours.eigenvalues - known["eigenvalues"]).max() < 1e-6
    assert ours.converged


@pytest.mark.parametrize(("name", "method"), list(product(SETS, ("minres", "ml"))))
def test_loadings_are_those_of_psych_taken_on_to_the_minimum(name, method):
    # psych's loadings polished by R's nlminb (make_references.R), since psych stops its optimiser early
    known = reference(name)
    theirs = known["extractions"][method]["polished"]
    assert farthest(extract(known["correlation"], known["k"], method).loadings, theirs["loadings"]) < 1e-5


@pytest.mark.parametrize("name", SETS)
def test_maximum_likelihood_is_that_of_factanal(name):
    # stats::factanal(rotation = "none"), tight
    known = reference(name)
    theirs = known["extractions"]["ml"]["factanal"]
    assert farthest(extract(known["correlation"], known["k"], "ml").loadings, theirs["loadings"]) < 1e-5


@pytest.mark.parametrize(("name", "method"), list(product(("attitude", "swiss"), ("principal", "axis"))))
def test_a_covariance_run_is_that_of_psych(name, method):
    # psych::principal(covar = TRUE) and psych::fa(fm = "pa", covar = TRUE)
    known = reference("cases")[name]
    ours = extract(known["covariance"], known["k"], method)
    assert farthest(ours.loadings, known[IN_R[method]]["loadings"]) < 1e-6
    assert np.allclose(ours.communalities, known[IN_R[method]]["communality"], rtol=1e-6)


@pytest.mark.parametrize("name", ["attitude", "swiss"])
def test_minres_of_covariances_is_the_minimum_that_psych_reaches_by_principal_axis(name):
    # psych::fa(fm = "minres", covar = TRUE) stops above its minimum (attitude: 1214.4 where its own fm = "pa" leaves
    # 1159.3 of squared residuals), so minres is compared with psych's principal axis, which has the same minimum
    known = reference("cases")[name]
    covariance = np.array(known["covariance"])

    def left(loadings):
        return (np.tril(covariance - loadings @ loadings.T, -1) ** 2).sum()

    ours = extract(covariance, known["k"], "minres").loadings
    assert farthest(ours, known["pa"]["loadings"]) < 1e-4
    assert left(ours) < left(np.array(known["minres"]["loadings"]).reshape(ours.shape))


def test_day_133_has_its_published_values():
    # the post of day 133: eigenvalues, and Finance on F1 and F2, of the standardised run
    grades = [(3, 6, 5), (7, 3, 3), (10, 9, 8), (3, 9, 7), (10, 6, 5)]
    found = extract(np.corrcoef(np.array(grades).T), 2, "principal")
    assert np.round(found.eigenvalues, 5).tolist() == [1.98146, 1.00831, 0.01023]
    assert np.round(found.loadings[0], 5).tolist() == [0.02987, 0.99951]
    assert np.round(100 * found.loadings[0] ** 2, 2).tolist() == [0.09, 99.90]
    assert round(100 * found.communalities[0], 2) == 99.99


@pytest.mark.parametrize("function", [least_squares, likelihood])
def test_derivatives_are_those_of_differences(function):
    matrix = np.corrcoef(sample(0, variables=8).T)
    at = np.random.default_rng(1).uniform(-0.9, -0.3, 8) + (1.2 if function is least_squares else 0)
    point, step = function(at, matrix, 3), 1e-5 * np.eye(8)
    ups, downs = ([function(at + sign * row, matrix, 3) for row in step] for sign in (1, -1))
    gradient = [(up.value - down.value) / 2e-5 for up, down in zip(ups, downs, strict=True)]
    hessian = [(up.gradient - down.gradient) / 2e-5 for up, down in zip(ups, downs, strict=True)]
    assert np.allclose(point.gradient, gradient, atol=1e-8)
    assert np.allclose(point.hessian, hessian, atol=1e-8)


@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.floats(0.001, 1000))
@settings(max_examples=40)
def test_scaling_a_column_changes_nothing_in_a_correlation_run(seed, method, factor):
    data = sample(seed)
    scaled = data * np.where(np.arange(data.shape[1]) == 3, factor, 1.0) + 5
    plain, changed = (extract(np.corrcoef(rows.T), 2, method) for rows in (data, scaled))
    assert np.allclose(plain.loadings, changed.loadings, atol=1e-5)


@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.permutations(range(7)))
@settings(max_examples=40)
def test_permuted_columns_permute_the_rows(seed, method, order):
    matrix = np.corrcoef(sample(seed).T)
    plain, permuted = extract(matrix, 2, method), extract(matrix[np.ix_(order, order)], 2, method)
    assert np.allclose(plain.loadings[order], permuted.loadings, atol=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_maximum_likelihood_does_not_depend_on_the_units(seed):
    covariance = np.cov(sample(seed).T)
    deviations = np.sqrt(np.diag(covariance))
    scaled = extract(covariance / np.outer(deviations, deviations), 2, "ml")
    assert farthest(extract(covariance, 2, "ml").rescaled, scaled.loadings) < 1e-6


def test_a_heywood_case_is_named_with_its_variable():
    # swiss, 2 factors by minres: psych reports an ultra-Heywood case for Examination (row 2, from 0)
    known = reference("swiss")
    found = extract(known["correlation"], 2, "minres")
    named = {caution.code: caution.variables for caution in found.cautions}
    over = tuple(np.flatnonzero(np.array(known["extractions"]["minres"]["communality"]) > 1))
    assert named["ultra-heywood"] == over


def test_too_few_steps_are_named():
    known = reference("ability")
    found = extract(known["correlation"], 2, "axis", max_iterations=3)
    assert not found.converged
    assert "no-convergence" in {caution.code for caution in found.cautions}


def test_more_loadings_than_correlations_are_named():
    codes = {caution.code for caution in extract(np.corrcoef(sample(1, variables=4).T), 2, "minres").cautions}
    assert "undetermined" in codes


def test_a_singular_matrix_is_named_or_refused():
    data = sample(3)
    data[:, 0] = data[:, 1] + data[:, 2]
    matrix = np.corrcoef(data.T)
    assert "singular" in {caution.code for caution in extract(matrix, 2, "minres").cautions}
    assert extract(matrix, 2, "principal").eigenvalues[-1] == pytest.approx(0, abs=1e-12)
    with pytest.raises(FactorError, match="positive definite"):
        extract(matrix, 2, "ml")


@pytest.mark.parametrize(
    ("matrix", "factors", "method", "says"),
    [
        (np.eye(3), 4, "principal", "ask for 1 to 3"),
        (np.eye(3), 3, "minres", "ask for 1 to 2"),
        (np.eye(3), 1, "pca", "unknown method 'pca'"),
        (np.ones((3, 2)), 1, "minres", "square"),
        ([[1, 0.2], [0.3, 1]], 1, "minres", "not symmetric"),
        ([[1, np.nan], [np.nan, 1]], 1, "minres", "missing or infinite"),
    ],
)
def test_what_cannot_be_extracted_is_refused_in_one_line(matrix, factors, method, says):
    with pytest.raises(FactorError, match=says) as caught:
        extract(matrix, factors, method)
    assert "\n" not in str(caught.value)


def discrepancy(correlation, communalities, factors):
    """Return the maximum likelihood discrepancy at given communalities, from its definition (Jöreskog 1967)."""
    scale = (1 - communalities) ** -0.5
    values, vectors = np.linalg.eigh(correlation * np.outer(scale, scale))
    values, vectors = values[::-1][:factors], vectors[:, ::-1][:, :factors]
    loadings = vectors * np.sqrt(np.maximum(values - 1, 0)) / scale[:, None]
    model = loadings @ loadings.T + np.diag(1 - communalities)
    ratio = np.linalg.solve(model, correlation)
    return np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(ratio)


def test_a_bound_and_the_best_solution_inside_are_both_named():
    """Thurstone's nine tests with four factors: the least discrepancy lies at the bound, another inside."""
    correlation = np.array(reference("thurstone")["correlation"])
    found = extract(correlation, 4, "ml")
    starts = found.starts
    assert starts.at_bound
    assert starts.agreeing < starts.count == 10
    assert starts.value < starts.inner_value
    assert discrepancy(correlation, starts.inner, 4) == pytest.approx(starts.inner_value, abs=1e-6)
    assert discrepancy(correlation, found.communalities, 4) == pytest.approx(starts.value, abs=1e-6)
    (caution,) = [one for one in found.cautions if one.code == "bound"]
    assert f"F = {starts.value:.4f}" in caution.message
    assert f"F = {starts.inner_value:.4f}" in caution.message
    assert caution.variables == (int(np.argmax(starts.inner)),)


def test_worse_solutions_of_other_starts_are_told():
    """The big five items with four factors: some starts end in another place, with a higher discrepancy."""
    found = extract(np.array(reference("bfi")["correlation"]), 4, "ml")
    assert not found.starts.at_bound
    assert found.starts.agreeing < found.starts.count
    assert "local-optima" in {one.code for one in found.cautions}
