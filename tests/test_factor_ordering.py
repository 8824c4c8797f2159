"""The rule for the order and the signs of factors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.factor.ordering import arrange


def arranged(loadings):
    loadings = np.array(loadings, dtype=float)
    return arrange(loadings, (loadings**2).sum(axis=0)).columns(loadings).tolist()


def test_the_factor_with_the_most_variance_comes_first():
    assert arranged([[0.1, 0.9], [0.2, 0.8]]) == [[0.9, 0.1], [0.8, 0.2]]


def test_loadings_sum_above_zero():
    assert arranged([[-0.9], [0.2]]) == [[0.9], [-0.2]]


def test_where_the_sum_is_zero_the_cubes_decide():
    assert arranged([[-0.8], [0.4], [0.4]]) == [[0.8], [-0.4], [-0.4]]


def test_where_both_are_zero_the_first_loading_decides():
    assert arranged([[0.0], [-0.5], [0.5]]) == [[0.0], [0.5], [-0.5]]


def test_rounding_does_not_change_the_order_of_equal_variances():
    column = np.array([0.6, 0.5, 0.1])
    other = np.array([0.1, 0.6, 0.5])
    one, two = (np.column_stack([column * scale, other[[0, 2, 1]]]) for scale in (1 + 1e-14, 1 - 1e-14))
    assert np.allclose(arranged(one), arranged(two))


@pytest.mark.parametrize("scale", [1 - 1e-14, 1, 1 + 1e-14])
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_equal_variances_the_one_with_the_larger_cubes_comes_first(scale, order):
    half = 0.5**0.5
    loadings = np.array([[half, scale], [half, 0.0]])[:, order]
    assert np.allclose(arranged(loadings), [[1, half], [0, half]])


@given(st.integers(0, 1000), st.permutations(range(3)), st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3))
@settings(max_examples=50)
def test_order_and_signs_given_do_not_matter(seed, order, signs):
    loadings = np.random.default_rng(seed).normal(0, 1, (6, 3))
    assert np.allclose(arranged(loadings), arranged(loadings[:, order] * signs))


def test_factor_correlations_follow_the_factors():
    correlations = np.array([[1, 0.3], [0.3, 1]])
    found = arrange(np.array([[0.1, -0.9], [0.2, -0.8]]), np.array([0.05, 1.45]))
    assert found.both(correlations)[0, 1] == pytest.approx(-0.3)
