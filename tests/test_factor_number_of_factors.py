"""The rules for the number of factors against R's psych, and the recommendation."""

import json
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.factor.number_of_factors import (
    Vote,
    elbow,
    minimum_average_partials,
    most_factors,
    recommend,
    suggest_number,
)
from journal_tasks.factor.parallel import analyse_parallel, random_correlations

from journal import Composite

REFERENCES = Path(__file__).parent / "references" / "factor"
SETS = ("ability", "harman74", "harman23", "thurstone", "bfi", "judges", "attitude", "swiss", "mtcars")


def reference(name):
    return json.loads((REFERENCES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", SETS)
def test_partial_correlations_are_those_of_psych(name):
    # psych::vss(...)$map, which begins with one component taken out
    known = reference(name)
    theirs = np.array(known["number"]["map"], dtype=float)
    ours = minimum_average_partials(np.array(known["correlation"]))[1:]
    length = min(len(ours), len(theirs))
    assert np.allclose(ours[:length], theirs[:length], atol=1e-6)
    assert length >= len(known["correlation"]) - 2 or length == len(theirs)


@pytest.mark.parametrize("name", SETS)
def test_parallel_analysis_is_that_of_psych(name):
    # psych::fa.parallel(SMC = TRUE, n.iter = 500): observed values to the digit, random means to their sampling error
    known = reference(name)
    components, common = analyse_parallel(np.array(known["correlation"]), known["n"], samples=500)
    theirs = known["number"]
    assert np.allclose(components.observed, theirs["pc_values"], atol=1e-6)
    assert np.allclose(common.observed, theirs["fa_values"], atol=1e-6)
    sampling = 0.5 / known["n"] ** 0.5 * 10 / 500**0.5
    assert np.allclose(components.mean, theirs["pc_sim"], atol=sampling)
    assert np.allclose(common.mean, theirs["fa_sim"], atol=2 * sampling)
    assert components.factors == theirs["components"]
    assert common.factors == theirs["factors"]


@pytest.mark.parametrize(("rows", "variables"), [(30, 6), (4, 6)])
def test_random_correlations_are_those_of_random_rows(rows, variables):
    # E r² = 1 / (n − 1) for independent normal variables, and a matrix of few rows has their rank
    matrices = random_correlations(rows, variables, 4000, np.random.default_rng(0))
    off = matrices[:, ~np.eye(variables, dtype=bool)]
    assert (off**2).mean() == pytest.approx(1 / (rows - 1), rel=0.03)
    assert np.allclose(matrices[:, range(variables), range(variables)], 1)
    assert np.linalg.matrix_rank(matrices[0]) == min(rows - 1, variables)


@pytest.mark.parametrize(("name", "factors"), [("ability", 2), ("harman23", 2), ("harman74", 4), ("thurstone", 3)])
def test_the_number_that_the_literature_settled_on_is_recommended(name, factors):
    # Bartholomew 1987 (ability), Harman 1976 (Harman23, Harman74), Bechtoldt 1961 (Thurstone)
    known = reference(name)
    assert suggest_number(known["correlation"], known["n"]).factors == factors


def test_the_big_five_are_near():
    known = reference("bfi")
    found = suggest_number(known["correlation"], known["n"])
    assert {vote.rule: vote.factors for vote in found.votes}["map"] == 5
    assert found.factors in (5, 6)


def test_the_same_seed_gives_the_same_recommendation():
    known = reference("mtcars")
    first, second = (suggest_number(known["correlation"], known["n"], seed=3) for _ in range(2))
    assert (first.components.quantile == second.components.quantile).all()
    assert first.reason == second.reason


def test_without_observations_the_other_rules_decide_and_that_is_said():
    found = suggest_number(reference("harman23")["correlation"])
    assert found.factors == 2
    assert found.components is None
    assert "no-observations" in {caution.code for caution in found.cautions}


def test_noise_has_no_factors_and_that_is_said():
    found = suggest_number(np.corrcoef(np.random.default_rng(2).standard_normal((300, 8)).T), 300)
    assert found.factors == 1
    assert "no-factors" in {caution.code for caution in found.cautions}


def test_few_rows_leave_parallel_analysis_of_components_only():
    rows = np.random.default_rng(1).standard_normal((6, 8))
    found = suggest_number(np.corrcoef(rows.T), 6)
    assert found.common is None and found.components is not None


def test_a_tie_goes_to_the_preferred_rule():
    said = {"kaiser": 2, "elbow": 2, "map": 3, "parallel-factors": 3}
    votes = [Vote(rule, factors, Composite("")) for rule, factors in said.items()]
    factors, reason, _ = recommend(votes, 5)
    assert factors == 3
    assert reason == "2 of 4 rules say 3 (parallel-factors, map); 2 had as many, parallel-factors goes first"


def test_more_than_can_be_determined_is_held_back_and_named():
    factors, _, cautions = recommend([Vote("kaiser", 3, Composite(""))], 2)
    assert factors == 2
    assert [caution.code for caution in cautions] == ["too-many-factors"]


def test_the_elbow_is_furthest_from_the_line():
    assert elbow(np.array([4.0, 3.5, 0.5, 0.4, 0.3, 0.3])) == 2


def test_the_most_factors_are_ledermanns():
    # Ledermann 1937: 6 variables 3 factors, 15 variables 10
    assert [most_factors(count) for count in (2, 3, 6, 15)] == [1, 1, 3, 10]


def test_explained_variance_adds_up():
    found = suggest_number(reference("attitude")["correlation"], 30, share=0.7)
    assert found.explained[-1] == pytest.approx(1)
    vote = found.votes[-1]
    assert (vote.rule, vote.counted) == ("explained-variance", False)
    assert found.explained[vote.factors - 1] >= 0.7 > found.explained[vote.factors - 2]
