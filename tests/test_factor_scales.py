"""Factors as scales, their congruence, and how sure loadings are: against psych, and against fresh samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from journal_tasks.factor.adequacy import assess
from journal_tasks.factor.bootstrap import Way, bootstrap
from journal_tasks.factor.congruence import congruence, match
from journal_tasks.factor.data import from_matrix
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.extraction import extract
from journal_tasks.factor.number_of_factors import suggest_number
from journal_tasks.factor.rotation import rotate
from journal_tasks.factor.scales import cronbach, feldt, mcdonald, scales
from journal_tasks.factor.solution import Solution

from journal import Context

REFERENCES = Path(__file__).parent / "references" / "factor"
KNOWN = json.loads((REFERENCES / "scales.json").read_text())


def reference(name: str) -> dict[str, Any]:
    return json.loads((REFERENCES / f"{name}.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("known", KNOWN["alphas"], ids=lambda known: f"{known['name']}-{len(known['items'])}")
def test_alpha_and_its_interval_are_those_of_psych(known: dict[str, Any]) -> None:
    data, items = reference(known["name"]), known["items"]
    part = np.array(data["correlation"])[np.ix_(items, items)]
    signs = np.sign(extract(part, 1, "principal").loadings[:, 0])
    alpha = cronbach(part * np.outer(signs, signs))
    assert alpha == pytest.approx(known["alpha"], abs=1e-9)
    assert feldt(alpha, data["n"], len(items)) == pytest.approx((known["low"], known["high"]), abs=1e-8)


@given(arrays(float, st.integers(2, 9), elements=st.floats(0.05, 0.95)))
def test_omega_is_the_share_of_the_sums_variance_that_the_factor_makes(loadings: np.ndarray) -> None:
    implied = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    assert mcdonald(loadings) == pytest.approx(loadings.sum() ** 2 / implied.sum())
    assert cronbach(implied) <= mcdonald(loadings) + 1e-12  # alpha is the lower bound (Novick & Lewis 1967)


@pytest.mark.parametrize("name", ["thurstone", "harman74", "bfi", "attitude"])
def test_determinacy_is_psychs_multiple_correlation_of_scores(name: str) -> None:
    """psych's R2 of regression scores, of loadings turned by oblimin."""
    known = reference(name)
    matrix = np.array(known["correlation"])
    extraction = extract(matrix, known["k"], "minres")
    turned = rotate(extraction.loadings, "oblimin")
    found = from_matrix(matrix, known["variables"], known["n"], "correlation")
    number = suggest_number(matrix, known["n"])
    solution = Solution(found, assess(matrix, known["n"]), number, extraction, turned, None, None)
    theirs = known["scores"]["methods"]["regression"]["r_squared"]
    ours = sorted(scale.determinacy**2 for scale in scales(solution, 0.4) if scale.determinacy)
    assert ours == pytest.approx(sorted(theirs), abs=2e-3)  # psych stops its optimiser early


def test_congruence_is_that_of_psych() -> None:
    known = KNOWN["congruence"]
    assert congruence(np.array(known["first"]), np.array(known["second"])) == pytest.approx(
        np.array(known["values"]), abs=1e-9
    )


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_factors_are_matched_whatever_their_order_and_signs(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    loadings = np.linalg.qr(random.normal(size=(12, count)))[0]
    order, signs = random.permutation(count), random.choice([-1.0, 1.0], count)
    found, turned = match(congruence(loadings, loadings[:, order] * signs))
    assert (loadings[:, order] * signs)[:, found] * turned == pytest.approx(loadings)


def draw(random: np.random.Generator, rows: int) -> np.ndarray:
    """Draw six variables, three of each of two factors."""
    return np.repeat(random.normal(size=(rows, 2)), 3, axis=1) * 0.8 + random.normal(size=(rows, 6)) * 0.6


def test_standard_errors_are_those_of_fresh_samples(tmp_path: Path) -> None:
    """The loadings of 300 samples of 400 rows from the population spread as one sample's bootstrap says."""
    random = np.random.default_rng(7)
    whole = rotate(extract(np.corrcoef(draw(random, 200_000).T), 2, "minres").loadings, "varimax").loadings
    fresh = []
    for _ in range(300):
        one = rotate(extract(np.corrcoef(draw(random, 400).T), 2, "minres", starts=1).loadings, "varimax").loadings
        order, signs = match(congruence(whole, one))
        fresh.append(one[:, order] * signs)
    way = Way("correlation", "listwise", "minres", "varimax", None)
    found = bootstrap(draw(random, 400), whole, way, 300, Context(out=tmp_path, root=tmp_path, seed=3))
    assert found.samples == 300
    assert found.errors.mean() == pytest.approx(np.std(fresh, axis=0, ddof=1).mean(), rel=0.15)
    inside = (found.low <= whole) & (whole <= found.high)
    assert inside.mean() >= 0.75  # of twelve loadings, at 95 % each
    assert (found.low < found.high).all()


def test_each_sample_is_drawn_by_its_own_number(tmp_path: Path) -> None:
    """So that neither the number of workers nor more samples change those that were drawn."""
    rows = draw(np.random.default_rng(1), 60)
    loadings = extract(np.corrcoef(rows.T), 2, "principal").loadings
    way = Way("correlation", "listwise", "principal", "none", None)
    one, three = (bootstrap(rows, loadings, way, 60, Context(out=tmp_path, root=tmp_path, jobs=n)) for n in (1, 3))
    assert np.array_equal(one.low, three.low)
    other = bootstrap(rows, loadings, way, 60, Context(out=tmp_path, root=tmp_path, seed=9))
    assert not np.array_equal(one.low, other.low)


def test_samples_without_a_solution_are_told(tmp_path: Path) -> None:
    """Of four rows most samples hold a column of equal values."""
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    way = Way("correlation", "listwise", "principal", "none", None)
    with pytest.raises(FactorError, match="samples of the rows have no solution; take fewer factors"):
        bootstrap(rows, np.eye(3), way, 100, Context(out=tmp_path, root=tmp_path))
