"""Rotations against R's GPArotation and psych's promax, and their own properties."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.factor.criteria import crawford_ferguson, geomin, oblimin, quartimax, varimax
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import extract
from journal_tasks.factor.rotation import METHODS, RULES, rotate

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "judges", "attitude", "swiss", "mtcars")
IN_R = {"principal": "principal", "axis": "pa", "minres": "minres", "ml": "ml"}

# Where psych's one start (the loadings as they are) ends in a local optimum of geomin, whose many optima are known
# (Browne 2001): R from random starts finds the lower value that is found here, and that is what is compared.
LOCAL_OPTIMA_IN_PSYCH = {
    ("harman23", "minres", "flipped", "geominT"),
    ("harman74", "principal", "usual", "geominT"),
    ("harman74", "axis", "usual", "geominT"),
    ("harman74", "minres", "usual", "geominT"),
    ("harman74", "ml", "usual", "geominT"),
    ("mtcars", "principal", "usual", "geominT"),
    ("mtcars", "principal", "usual", "geominQ"),
    ("mtcars", "axis", "usual", "geominT"),
    ("mtcars", "minres", "usual", "geominT"),
    ("mtcars", "minres", "flipped", "geominT"),
    ("thurstone", "axis", "usual", "geominT"),
    ("thurstone", "minres", "usual", "geominT"),
    ("thurstone", "minres", "flipped", "geominT"),
}


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


def match(ours, theirs):
    """Column order and signs that bring their p × k table next to ours."""
    from scipy.optimize import linear_sum_assignment

    pairs = [[min(abs(a - b).max(), abs(a + b).max()) for b in theirs.T] for a in ours.T]
    order = linear_sum_assignment(pairs)[1]
    return order, np.sign((ours * theirs[:, order]).sum(axis=0))


def sample(seed, variables=9, factors=3):
    rng = np.random.default_rng(seed)
    simple = np.kron(np.eye(factors), rng.uniform(0.5, 0.9, (variables // factors, 1)))
    return simple @ np.linalg.qr(rng.standard_normal((factors, factors)))[0] + rng.normal(0, 0.05, (variables, factors))


@pytest.mark.parametrize(("name", "method"), list(product(SETS, IN_R)))
def test_every_rotation_of_every_extraction_is_that_of_r(name, method):
    # GPArotation to a gradient of 1e-7 (promax: psych's code) on psych's loadings, by references/make_references.R
    known = reference(name)
    unrotated = extract(known["correlation"], known["k"], method).loadings
    for which, rotations in known["extractions"][IN_R[method]]["rotations"].items():
        for rotation, theirs in rotations.items():
            assert ("best" in theirs) == ((name, method, which, rotation) in LOCAL_OPTIMA_IN_PSYCH)
            found = rotate(unrotated, rotation, theirs["normalize"])
            theirs = theirs.get("best", theirs)
            order, signs = match(found.loadings, np.array(theirs["loadings"]))
            assert np.allclose(found.loadings, np.array(theirs["loadings"])[:, order] * signs, atol=1e-4), rotation
            if found.oblique:
                phi = np.array(theirs["phi"])[np.ix_(order, order)] * np.outer(signs, signs)
                assert np.allclose(found.correlations, phi, atol=1e-4), rotation
            assert found.converged
            if "criterion" in theirs:
                assert found.criterion == pytest.approx(theirs["criterion"], abs=1e-5)


@pytest.mark.parametrize("rotation", ["varimax", "promax", "oblimin"])
def test_psych_called_as_people_call_it_gives_the_same_table(rotation):
    # psych::fa(Thurstone, 3, n.obs = 213, rotate = ...), with psych's own tolerances, order and signs
    theirs = reference("cases")["psych_thurstone"][rotation]
    found = rotate(extract(reference("thurstone")["correlation"], 3).loadings, rotation)
    assert np.allclose(found.loadings, theirs["loadings"], atol=1e-3)
    assert np.allclose(found.variance, theirs["ss"], atol=2e-3)
    if rotation != "varimax":
        assert np.allclose(found.correlations, theirs["phi"], atol=1e-3)


@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.booleans())
@settings(max_examples=60)
def test_rotation_keeps_communalities(seed, method, normalize):
    unrotated = sample(seed)
    found = rotate(unrotated, method, normalize, starts=3)
    model = found.loadings @ found.correlations @ found.loadings.T
    assert np.allclose(model, unrotated @ unrotated.T, atol=1e-9)
    assert np.allclose(found.structure, found.loadings @ found.correlations)
    assert np.allclose(np.diag(found.correlations), 1)
    assert found.variance.sum() == pytest.approx((unrotated**2).sum())


@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.permutations(range(9)))
@settings(max_examples=40)
def test_permuted_variables_permute_the_rows(seed, method, order):
    unrotated = sample(seed)
    plain, permuted = rotate(unrotated, method), rotate(unrotated[order], method)
    assert permuted.criterion == pytest.approx(plain.criterion, abs=1e-6)
    assert np.allclose(plain.loadings[order], permuted.loadings, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_turned_and_reflected_loadings_give_the_same_table(method):
    known = reference("thurstone")
    unrotated = np.array(known["extractions"]["minres"]["loadings"])
    turned = unrotated[:, [2, 0, 1]] * [-1, 1, -1]
    assert np.allclose(rotate(unrotated, method).loadings, rotate(turned, method).loadings, atol=1e-5)


@pytest.mark.parametrize(
    "criterion", [varimax, quartimax, crawford_ferguson(0.2), oblimin(0.0), oblimin(-0.5), geomin(0.01)]
)
def test_gradients_are_those_of_differences(criterion):
    loadings = sample(5)
    slopes = np.zeros_like(loadings)
    for cell in np.ndindex(loadings.shape):
        step = np.zeros_like(loadings)
        step[cell] = 1e-6
        slopes[cell] = (criterion(loadings + step)[0] - criterion(loadings - step)[0]) / 2e-6
    assert np.allclose(criterion(loadings)[1], slopes, atol=1e-7)


@pytest.mark.parametrize("method", [method for method in METHODS if not method.startswith("geomin")])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_units_of_a_covariance_run_do_not_turn_the_factors(method, normalize):
    unrotated = sample(4)
    small, large = (rotate(unrotated * size, method, normalize) for size in (1e-6, 1e6))
    assert small.converged and large.converged
    assert np.allclose(small.loadings * 1e12, large.loadings, rtol=1e-4, atol=1)


def test_geomins_delta_is_in_the_units_of_the_loadings():
    # Σ (Π (λ² + δ))^(1/k) is unchanged but for its unit when λ and √δ grow alike
    unrotated = sample(4)
    small, large = (rotate(unrotated * size, "geominQ", delta=0.01 * size**2) for size in (1, 1000))
    assert np.allclose(small.loadings * 1000, large.loadings, atol=1e-2)
    assert large.criterion == pytest.approx(small.criterion * 1e6)


def test_psychs_choice_of_normalisation_is_stated():
    unrotated = sample(1)
    assert {method: rotate(unrotated, method).normalized for method in RULES} == {
        method: method in ("varimax", "promax") for method in RULES
    }


def test_the_same_seed_gives_the_same_table():
    unrotated = np.array(reference("mtcars")["extractions"]["minres"]["loadings"])
    first, second = (rotate(unrotated, "geominT", seed=7) for _ in range(2))
    assert (first.loadings == second.loadings).all()
    assert first.optima > 1


def test_one_factor_is_left_alone_and_said_so():
    found = rotate(np.array([[0.8], [0.7], [-0.6]]), "oblimin")
    assert found.method == "none"
    assert [caution.code for caution in found.cautions] == ["one-factor"]


def test_too_few_steps_are_named():
    unrotated = np.array(reference("bfi")["extractions"]["minres"]["loadings"])
    found = rotate(unrotated, "oblimin", max_iterations=2)
    assert not found.converged
    assert [caution.code for caution in found.cautions] == ["no-convergence"]


def test_an_unknown_rotation_is_refused_with_the_known_ones():
    with pytest.raises(FactorError, match=r"unknown rotation 'vari'; use one of none, varimax"):
        rotate(np.eye(3), "vari")


def test_an_empty_factor_is_refused():
    with pytest.raises(FactorError, match="2 factors, of which 1 are there"):
        rotate(np.array([[0.8, 0.0], [0.7, 0.0], [0.6, 0.0]]))
