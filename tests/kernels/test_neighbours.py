"""Nearest neighbours and pairs, compared with every pair looked at."""

import itertools

import numpy as np
import pytest

from quakescribe.kernels.neighbours import nearest, pair_counts, pairs

YEAR_S = 365.25 * 86_400.0
FLOORS = (0.1 / YEAR_S, 0.1)


def uniform(n, rng):
    return np.sort(rng.uniform(0, 5, n)), rng.uniform(0, 150, n), rng.uniform(0, 150, n), rng.exponential(0.43, n)


def aftershocks(n, rng):
    time, x, y, m = uniform(n, rng)
    time[n // 5 :] = 2.0 + 1e-4 * ((1 + 3e4) ** rng.random(n - n // 5) - 1)
    x[n // 5 :], y[n // 5 :], m[n // 3] = 75 + rng.normal(0, 3, n - n // 5), 75 + rng.normal(0, 3, n - n // 5), 6.0
    order = np.argsort(time, kind="stable")
    return time[order], x[order], y[order], m[order]


def few_places_few_times(n, rng):
    return (np.sort(rng.integers(0, 20, n) / 365.25), rng.integers(0, 3, n).astype(float),
            rng.integers(0, 3, n).astype(float), rng.integers(0, 3, n).astype(float))


def one_place(n, rng):
    return np.sort(rng.uniform(0, 1, n)), np.zeros(n), np.zeros(n), rng.exponential(0.43, n)


def all_pairs(time, x, y, weight, dimension=1.6):
    """The slow oracle: every earlier event, the lowest row of equals."""
    parent, eta = np.full(len(time), -1), np.full(len(time), np.inf)
    for j in range(1, len(time)):
        apart2 = np.maximum((x[j] - x[:j]) ** 2 + (y[j] - y[:j]) ** 2, FLOORS[1] ** 2)
        every = np.maximum(time[j] - time[:j], FLOORS[0]) * apart2 ** (dimension / 2) * weight[:j]
        parent[j], eta[j] = np.argmin(every), every.min()
    return parent, eta


@pytest.fixture(params=["compiled", "python"])
def kernel(request):
    return (lambda f: f) if request.param == "compiled" else (lambda f: f.py_func)


@pytest.mark.parametrize("made", [uniform, aftershocks, one_place])
@pytest.mark.parametrize("n", [2, 3, 17, 400])
def test_the_nearest_earlier_event_is_that_of_all_pairs(kernel, made, n):
    time, x, y, m = made(n, np.random.default_rng(n))
    parent, eta = kernel(nearest)(time, x, y, 10**-m, np.arange(n), *FLOORS, 1.6)
    slow_parent, slow_eta = all_pairs(time, x, y, 10**-m)
    np.testing.assert_array_equal(parent, slow_parent)
    np.testing.assert_allclose(eta, slow_eta, rtol=1e-12)


def test_many_events_too():
    time, x, y, m = aftershocks(4000, np.random.default_rng(5))
    parent, _ = nearest(time, x, y, 10**-m, np.arange(4000), *FLOORS, 1.6)
    np.testing.assert_array_equal(parent, all_pairs(time, x, y, 10**-m)[0])


@pytest.mark.parametrize("seed", range(5))
def test_of_equals_the_lowest_row_is_taken(kernel, seed):
    time, x, y, m = few_places_few_times(150, np.random.default_rng(seed))
    parent, eta = kernel(nearest)(time, x, y, 10**-m, np.arange(150), *FLOORS, 2.0)
    slow_parent, slow_eta = all_pairs(time, x, y, 10**-m, 2.0)
    np.testing.assert_allclose(eta, slow_eta, rtol=1e-12)
    np.testing.assert_array_equal(parent, slow_parent)


def test_some_events_get_the_answer_they_get_among_all(kernel):
    time, x, y, m = aftershocks(300, np.random.default_rng(1))
    asked = np.array([0, 1, 50, 51, 299])
    whole, some = (kernel(nearest)(time, x, y, 10**-m, rows, *FLOORS, 1.6) for rows in (np.arange(300), asked))
    np.testing.assert_array_equal(some[0], whole[0][asked])
    np.testing.assert_array_equal(some[1], whole[1][asked])


def test_no_event_and_one_event_have_no_neighbour(kernel):
    for n in (0, 1):
        parent, eta = kernel(nearest)(np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n), np.arange(n), *FLOORS, 1.6)
        assert list(parent) == [-1] * n and list(eta) == [np.inf] * n


def slow_counts(time, x, y, low, high, edges):
    out = np.zeros((len(time), len(edges) - 1), dtype=int)
    for i in range(len(time)):
        apart = np.hypot(x[i + 1 :] - x[i], y[i + 1 :] - y[i])
        kept = (time[i + 1 :] - time[i])[(apart >= low) & (apart < high)]
        out[i] = [((kept >= a) & (kept < b)).sum() for a, b in itertools.pairwise(edges)]
    return out


@pytest.mark.parametrize("edges", [[0.0, 2.0, 10.0, 60.0], [3.0, 4.0, 100.0]])
def test_pairs_are_counted_by_lag_and_distance(kernel, edges):
    rng = np.random.default_rng(2)
    time, (x, y) = np.sort(rng.integers(0, 300, 200).astype(float)), rng.uniform(0, 50, (2, 200))
    counts, cut = kernel(pair_counts)(time, x, y, 10.0, 30.0, np.array(edges), 1000)
    np.testing.assert_array_equal(counts, slow_counts(time, x, y, 10.0, 30.0, edges))
    assert not cut


def test_the_pairs_returned_are_those_counted(kernel):
    rng = np.random.default_rng(3)
    time, (x, y) = np.sort(rng.uniform(0, 300, 200)), rng.uniform(0, 50, (2, 200))
    one, two = kernel(pairs)(time, x, y, 5.0, 20.0, 1.0, 6.0, 1000, 10_000)
    counts, _ = pair_counts(time, x, y, 5.0, 20.0, np.array([1.0, 6.0]), 1000)
    np.testing.assert_array_equal(np.bincount(one, minlength=200), counts[:, 0])
    lag, apart = time[two] - time[one], np.hypot(x[two] - x[one], y[two] - y[one])
    assert ((lag >= 1) & (lag < 6) & (apart >= 5) & (apart < 20)).all()
    assert len(kernel(pairs)(time, x, y, 5.0, 20.0, 1.0, 6.0, 1000, 7)[0]) == 7


def test_too_many_events_at_once_are_told_and_take_no_quadratic_time(kernel):
    n = 60
    counts, cut = kernel(pair_counts)(np.zeros(n), np.zeros(n), np.zeros(n), 0.0, 1.0, np.array([0.0, 1.0]), 20)
    assert cut and counts.max() == 20
