"""Polychoric correlations against R's psych and polycor, against closed forms, and as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Space
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import extract
from journal_tasks.factor.polychoric import MOST_POINTS, correlate, normal_rectangle, tabulate

REFERENCES = json.loads((Path(__file__).parent / "references/factor/ordinal.json").read_text())
"""Made by references/factor/make_ordinal.R with psych 2.2.9 and polycor 0.8.1."""
WITHIN = 1e-4  # psych and polycor search with a tolerance of about that


def _correlations(answers: np.ndarray[Any, Any], rule: str) -> np.ndarray[Any, Any]:
    names = [f"item {number}" for number in range(answers.shape[1])]
    return correlate(tabulate(lambda: np.array_split(answers, 3), names, rule), names).correlations


@pytest.mark.parametrize("name", REFERENCES)
def test_pairwise_equals_psych(name: str) -> None:
    found = _correlations(np.array(REFERENCES[name]["answers"], float), "pairwise")
    assert found == pytest.approx(np.array(REFERENCES[name]["psych"], float), abs=WITHIN)


@pytest.mark.parametrize("name", REFERENCES)
def test_listwise_equals_polycor_in_two_steps(name: str) -> None:
    found = _correlations(np.array(REFERENCES[name]["answers"], float), "listwise")
    assert found == pytest.approx(np.array(REFERENCES[name]["polycor"], float), abs=WITHIN)


@pytest.mark.parametrize("name", REFERENCES)
def test_minres_on_them_equals_fa_of_psych(name: str) -> None:
    found = extract(_correlations(np.array(REFERENCES[name]["answers"], float), "pairwise"), 2, "minres")
    assert found.communalities == pytest.approx(np.array(REFERENCES[name]["communalities"]), abs=1e-3)


@settings(max_examples=40)
@given(st.floats(-0.95, 0.95), st.integers(0, 1000))
def test_items_split_at_their_medians_have_the_sine_of_their_agreement(correlation: float, seed: int) -> None:
    """Sheppard 1899: for thresholds at zero, P(both above) = 1/4 + arcsin(r) / 2π."""
    rows = 10_000
    both = round(rows * (0.25 + np.arcsin(correlation) / (2 * np.pi)))
    one = np.repeat([1.0, 0.0], rows // 2)
    other = np.concatenate(
        [np.repeat([1.0, 0.0], [both, rows // 2 - both]), np.repeat([0.0, 1.0], [both, rows // 2 - both])]
    )
    order = np.random.default_rng(seed).permutation(rows)
    found = _correlations(np.column_stack([one, other])[order], "listwise")[0, 1]
    assert found == pytest.approx(np.sin(2 * np.pi * (both / rows - 0.25)), abs=1e-7)


@settings(max_examples=40)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.999, 0.999))
def test_the_rectangle_is_that_of_scipy(low: float, high: float, correlation: float) -> None:
    from scipy.stats import multivariate_normal

    whole = multivariate_normal.cdf([low, high], mean=[0, 0], cov=[[1, correlation], [correlation, 1]])
    found = normal_rectangle(np.array([low]), np.array([high]), np.array([correlation]))[0]
    assert found == pytest.approx(whole, abs=1e-7)


def test_the_codes_of_the_points_do_not_matter_and_turning_an_item_turns_its_sign() -> None:
    answers = np.array(REFERENCES["mixed"]["answers"], float)
    found = _correlations(answers, "listwise")
    coded = answers.copy()
    coded[:, 2] = coded[:, 2] ** 3 * 7 - 100
    assert _correlations(coded, "listwise") == pytest.approx(found, abs=1e-8)
    turned = _correlations(np.column_stack([-answers[:, :1], answers[:, 1:]]), "listwise")
    assert turned[0, 1:] == pytest.approx(-found[0, 1:], abs=1e-7)


@pytest.mark.parametrize(
    ("answers", "rule", "message"),
    [
        (np.arange(40.0).reshape(20, 2), "listwise", f"item 0 has more than {MOST_POINTS} different values"),
        (np.column_stack([np.ones(20), np.arange(20) % 2]), "listwise", "item 0 has the same value in every row"),
        (np.tile([[1.0, np.nan], [np.nan, 1], [0, np.nan], [np.nan, 0]], (5, 1)), "pairwise", "fewer than 3 rows have"),
        (np.ones((20, 2)), "mean", "missing: mean makes points that nobody gave"),
    ],
)
def test_what_cannot_be_counted_is_refused(answers: np.ndarray[Any, Any], rule: str, message: str) -> None:
    with pytest.raises(FactorError, match=message):
        _correlations(answers, rule)


def test_a_table_with_an_empty_corner_is_named() -> None:
    one = np.repeat([0.0, 1.0], 50)
    names = ["calm", "quiet"]
    found = correlate(tabulate(lambda: [np.column_stack([one, one])], names), names)
    assert [caution.code for caution in found.cautions] == ["extreme-correlation"]
    assert "calm and quiet" in found.cautions[0].message


@pytest.fixture
def survey(space: Space) -> Space:
    rows = "\n".join(",".join(map(str, row)) for row in REFERENCES["five"]["answers"])
    space.write("data/items.csv", f"a,b,c,d,e,f\n{rows}\n")
    return space


def test_the_block_says_what_was_correlated(survey: Space) -> None:
    path = survey.entry(
        "  it: {uses: factor.analysis, data: data/items.csv, factors: 2, method: minres, correlations: polychoric}\n"
    )
    survey.run("day", "133", check=0)
    assert "polychoric correlations of items of 5 points" in path.read_text()


def test_items_of_few_points_are_told_of_it(survey: Space) -> None:
    path = survey.entry("  it: {uses: factor.analysis, data: data/items.csv, factors: 2, method: minres}\n")
    survey.run("day", "133", check=0)
    assert "consider correlations: polychoric" in path.read_text()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("standardize: both", "the points of items have no units"),
        ("scores: regression", "leave scores out"),
        ("missing: mean", "makes points that nobody gave"),
    ],
)
def test_what_does_not_go_with_items_is_refused(survey: Space, more: str, message: str) -> None:
    survey.entry(f"  it: {{uses: factor.analysis, data: data/items.csv, correlations: polychoric, {more}}}\n")
    assert message in survey.run("day", "133", check=1).out
