"""Moments of chunks: the same as of the whole, without losing digits, and in R's terms."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.moments import MISSING_RULES, correlation, covariance, measure, merge, merge_all, stream

REFERENCES = Path(__file__).parent / "references" / "factor"


def airquality():
    known = json.loads((REFERENCES / "cases.json").read_text())["missing"]
    return np.array(known["data"], dtype=float), known


def chunks(rows, cuts):
    return np.split(rows, sorted(cuts))


@pytest.mark.parametrize(("rule", "in_r"), [("listwise", "listwise"), ("pairwise", "pairwise"), ("mean", "mean")])
def test_missing_cells_are_met_as_in_r(rule, in_r):
    # R: cor/cov(airquality, use = "complete.obs" | "pairwise"), and after filling in the means
    rows, known = airquality()
    moments = stream(chunks(rows, [10, 11, 90]), rule)
    assert np.allclose(correlation(moments, rule), known[in_r], atol=1e-9)
    assert np.allclose(covariance(moments, rule), known[f"{in_r}_cov"], rtol=1e-8)


def test_counts_are_those_of_psych():
    # psych::pairwiseCount(airquality); 42 of the 153 rows have a missing cell
    rows, known = airquality()
    moments = measure(rows, "pairwise")
    assert (moments.counts == known["counts"]).all()
    assert (moments.rows, moments.complete) == (153, 111)
    assert moments.missing.tolist() == [37, 7, 0, 0, 0, 0]


@given(st.integers(0, 1000), st.lists(st.integers(0, 60), max_size=5), st.sampled_from(MISSING_RULES), st.booleans())
@settings(max_examples=60)
def test_chunks_give_what_the_whole_gives(seed, cuts, rule, gaps):
    rng = np.random.default_rng(seed)
    rows = rng.normal(rng.normal(0, 100, 4), rng.uniform(0.1, 10, 4), (60, 4))
    rows[rng.random(rows.shape) < 0.1 * gaps] = np.nan
    whole, merged = measure(rows, rule), stream(chunks(rows, cuts), rule)
    assert (whole.rows, whole.complete) == (merged.rows, merged.complete)
    assert np.allclose(merged.means, whole.means)
    assert np.allclose(covariance(merged, rule), covariance(whole, rule), rtol=1e-9, atol=1e-9)
    assert np.allclose(correlation(merged, rule), correlation(whole, rule), atol=1e-9)


def test_a_large_mean_and_a_trend_lose_no_digits():
    # exact in integers: the column 10¹² + i has the covariance of i, n (n + 1) / 12
    count = 100_000
    steps = np.arange(count, dtype=float)
    rows = np.column_stack([1e12 + steps, 1e12 - 2 * steps])
    found = covariance(stream(np.array_split(rows, 37)))
    exact = count * (count + 1) / 12
    assert np.allclose(found, [[exact, -2 * exact], [-2 * exact, 4 * exact]], rtol=1e-12)


def test_parts_merge_in_any_order():
    rows = np.random.default_rng(0).standard_normal((1000, 3))
    parts = [measure(part) for part in np.array_split(rows, 7)]
    assert np.allclose(covariance(merge_all(parts)), covariance(merge_all(parts[::-1])), rtol=1e-12)
    assert np.allclose(covariance(merge(parts[0], merge_all(parts[1:]))), np.cov(rows.T), rtol=1e-12)


def test_progress_counts_rows():
    seen = []
    stream(np.array_split(np.ones((10, 2)), 3), progress=seen.append)
    assert seen == [4, 7, 10]


@pytest.mark.parametrize(
    ("data", "rule", "says"),
    [
        ([[1, 2], [3, np.inf]], "listwise", "column 2 has infinite cells"),
        ([1, 2, 3], "listwise", "give rows × variables"),
        ([[1, 2]], "drop", "unknown rule 'drop'"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_chunks_are_refused(data, rule, says):
    with pytest.raises(FactorError, match=says):
        measure(data, rule)


def test_no_rows_are_refused():
    with pytest.raises(FactorError, match="no rows"):
        stream([])
