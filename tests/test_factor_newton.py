"""Newton's method within bounds."""

import numpy as np
import pytest
from journal_tasks.factor.newton import Point, minimize


def bowl(centre, curvature):
    centre, curvature = np.array(centre, dtype=float), np.array(curvature, dtype=float)

    def function(x):
        apart = x - centre
        return Point(float(apart @ curvature @ apart) / 2, curvature @ apart, curvature)

    return function


def rosenbrock(x):
    # Rosenbrock 1960: the minimum is 0 at (1, 1)
    a, b = x
    return Point(
        float((1 - a) ** 2 + 100 * (b - a**2) ** 2),
        np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)]),
        np.array([[2 - 400 * (b - 3 * a**2), -400 * a], [-400 * a, 200]]),
    )


def test_a_quadratic_takes_one_step():
    found = minimize(bowl([1, 2], [[2, 1], [1, 3]]), np.zeros(2), np.full(2, -9), np.full(2, 9))
    assert np.allclose(found.x, [1, 2])
    assert found.converged and found.iterations == 1


def test_a_minimum_beyond_a_bound_ends_on_it():
    # by hand: with x = 0.5 held, 3 (y − 2) + (x − 1) = 0 at y = 2 + 1/6
    found = minimize(bowl([1, 2], [[2, 1], [1, 3]]), np.zeros(2), np.full(2, -9), np.array([0.5, 9]))
    assert np.allclose(found.x, [0.5, 2 + 1 / 6])
    assert found.converged


def test_a_curved_valley_is_followed():
    found = minimize(rosenbrock, np.array([-1.2, 1.0]), np.full(2, -5), np.full(2, 5))
    assert np.allclose(found.x, [1, 1])
    assert found.value == pytest.approx(0, abs=1e-15)


def test_too_few_steps_are_told():
    assert not minimize(rosenbrock, np.array([-1.2, 1.0]), np.full(2, -5), np.full(2, 5), max_iterations=3).converged
