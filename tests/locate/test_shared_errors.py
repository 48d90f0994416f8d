"""Errors that P and S of a station share, against plain linear algebra."""

import numpy as np
import pytest

from quakescribe.kernels.correlated import apply_change, cholesky4, shared_errors
from quakescribe.kernels.profile import PRIOR_KM, PRIOR_S

MODES = {"compiled": shared_errors, "plain": shared_errors.py_func}


def case(n, rng, together):
    """Return rows, weights, arrivals, sigma of n arrivals; two by two at a place if ``together``, P and S in turn."""
    rows = np.column_stack([rng.uniform(5, 20, n), rng.normal(0, 0.2, (n, 3)), rng.uniform(0, 180, n)])
    place = rng.normal(0, 30, (n, 2))
    if together:
        place = place[np.arange(n) // 2]
    arrivals = np.column_stack([place, np.zeros(n), np.arange(n) % 2, rng.uniform(5, 20, n),
                                rng.uniform(0.02, 0.1, n), np.zeros(n)])
    return rows, rng.uniform(0.2, 1, n), arrivals, np.hypot(arrivals[:, 5], rng.uniform(0.05, 0.2, n))


def linear(rows, weights, arrivals, sigma, correlation):
    """Return A^-1 and A^-1 B A^-1 from whole matrices."""
    g = np.column_stack([rows[:, 1:4], np.ones(len(rows))])
    model = np.sqrt(sigma**2 - arrivals[:, 5] ** 2)
    same = np.all(arrivals[:, None, :2] == arrivals[None, :, :2], axis=2)
    alike = np.where(arrivals[:, None, 3] == arrivals[None, :, 3], 1.0, correlation)
    covariance = np.where(same, alike * np.outer(model, model), 0.0)
    np.fill_diagonal(covariance, sigma**2 / weights)
    w = np.diag(weights / sigma**2)
    prior = np.diag([PRIOR_KM**-2] * 3 + [PRIOR_S**-2])
    inverse = np.linalg.inv(g.T @ w @ g + prior)
    middle = g.T @ w @ covariance @ w @ g + prior
    return inverse, inverse @ middle @ inverse, float(np.trace(inverse @ middle))


@pytest.mark.parametrize("how", MODES)
@pytest.mark.parametrize(("correlation", "scale"), [(0.0, 1.0), (0.9, 1.0), (1.0, 2.5)])
def test_the_covariance_becomes_that_of_errors_shared_by_a_station(how, correlation, scale):
    rows, weights, arrivals, sigma = case(12, np.random.default_rng(3), True)
    change = np.empty((4, 4))
    taken = MODES[how](change, rows, weights, arrivals, sigma * scale, scale, correlation)
    inverse, wanted, trace = linear(rows, weights, arrivals, sigma, correlation)
    covariance = inverse.copy()
    apply_change(covariance, change)
    np.testing.assert_allclose(covariance, wanted, rtol=1e-8)
    assert taken == pytest.approx(trace)


def test_nothing_changes_where_every_arrival_is_at_a_place_of_its_own():
    rows, weights, arrivals, sigma = case(9, np.random.default_rng(4), False)
    change = np.empty((4, 4))
    assert shared_errors(change, rows, weights, arrivals, sigma, 1.0, 0.9) == pytest.approx(4.0)
    np.testing.assert_allclose(change, np.eye(4), atol=1e-8)


def test_one_arrival_or_none_leaves_what_was_assumed_beforehand():
    for n in (0, 1):
        rows, weights, arrivals, sigma = case(n, np.random.default_rng(5), False)
        change = np.empty((4, 4))
        assert shared_errors(change, rows, weights, arrivals, sigma, 1.0, 0.9) == pytest.approx(4.0, abs=1e-6)
        np.testing.assert_allclose(change, np.eye(4), atol=1e-6)


def test_a_matrix_that_is_not_positive_definite_has_no_cholesky_factor():
    low = np.empty((4, 4))
    assert not cholesky4(low, np.diag([1.0, 1.0, 0.0, 1.0]))
    assert not cholesky4(low, np.full((4, 4), np.nan))
    assert cholesky4(low, 4 * np.eye(4))
    np.testing.assert_array_equal(low, 2 * np.eye(4))
