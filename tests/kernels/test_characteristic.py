import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.kernels import characteristic as c

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import pal_reference as reference

BOTH = pytest.mark.parametrize("way", ["compiled", "python"])


def kernel(function, way):
    return function if way == "compiled" else function.py_func


@BOTH
@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("first", [0, 5, 123_456_789_012])
def test_moving_sum_agrees_with_the_sum_of_each_window(way, n, first):
    x = np.random.default_rng(n).random(100)
    got = kernel(c.moving_sum, way)(x, n, first)
    np.testing.assert_allclose(got[n - 1:], [x[i - n + 1:i + 1].sum() for i in range(n - 1, 100)], rtol=1e-13)
    assert (got[:n - 1] == 0).all()


@settings(max_examples=50, deadline=None)
@given(cut=st.integers(0, 180), n=st.integers(1, 60), first=st.integers(0, 10**11))
def test_moving_sum_does_not_see_the_cut(cut, n, first):
    x = np.random.default_rng(0).random(300) * 10.0 ** np.random.default_rng(1).integers(-8, 8, 300)
    whole = c.moving_sum(x, n, first)
    part = c.moving_sum(x[cut:], n, first + cut)
    np.testing.assert_array_equal(part[n - 1:], whole[cut + n - 1:])


@BOTH
def test_moving_sum_forgets_what_has_left_the_window(way):
    x = np.ones(50)
    x[10] = 1e20
    np.testing.assert_array_equal(kernel(c.moving_sum, way)(x, 5, 3)[15:], 5.0)


@BOTH
@pytest.mark.parametrize("m", [0, 1, 4])
def test_windows_longer_than_the_series_give_zero(way, m):
    assert (kernel(c.moving_sum, way)(np.ones(m), 5, 0) == 0).all()
    assert (kernel(c.sta_lta, way)(np.ones(m), 2, 5) == 0).all()
    assert len(kernel(c.sliding_kurtosis, way)(np.ones(m), 5)) == 0


@BOTH
def test_sta_lta_agrees_with_the_reference(way):
    x = np.random.default_rng(2).random(300) ** 4
    np.testing.assert_allclose(kernel(c.sta_lta, way)(x, 8, 50), reference.sta_lta(x, 8, 50), rtol=1e-12)


@BOTH
def test_sta_lta_is_zero_where_nothing_moved_before(way):
    x = np.zeros(100)
    x[60:] = 1.0
    out = kernel(c.sta_lta, way)(x, 5, 20)
    assert np.isfinite(out).all()
    assert (out[:60] == 0).all()


@BOTH
@pytest.mark.parametrize("threshold", [1.5, 3.0])
def test_excursions_are_where_the_ratio_is_above(way, threshold):
    rng = np.random.default_rng(3)
    x = (rng.standard_normal(3000) * (1 + 9 * (rng.random(3000) < 0.01).cumsum() % 2)).astype(np.float32)
    spans = kernel(c.excursions, way)(x, 7, 10, 60, threshold)
    over = np.zeros(len(x), dtype=bool)
    for begin, end in spans:
        over[begin:end] = True
    np.testing.assert_array_equal(over, reference.sta_lta(x.astype(float) ** 2, 10, 60) > threshold)
    assert (spans[1:, 0] > spans[:-1, 1]).all()


def test_excursions_do_not_see_their_own_pieces():
    rng = np.random.default_rng(4)
    x = (rng.standard_normal(100_000) * (1 + 20 * (rng.random(100_000) < 0.001))).astype(np.float32)
    spans = c.excursions(x, 0, 10, 60, 2.0)
    over = np.flatnonzero(reference.sta_lta_fast(x.astype(float) ** 2, 10, 60) > 2.0)
    np.testing.assert_array_equal(np.concatenate([np.arange(a, b) for a, b in spans]), over)
    assert len(spans) > 256


@BOTH
@pytest.mark.parametrize("x", [np.zeros(500), np.full(500, np.nan), np.zeros(3), np.zeros(0)])
def test_dead_and_short_traces_have_no_excursion(way, x):
    assert kernel(c.excursions, way)(x.astype(np.float32), 0, 10, 60, 2.0).shape == (0, 2)


def test_an_excursion_may_reach_the_last_sample():
    x = np.ones(200, dtype=np.float32)
    x[150:] = 10.0
    spans = c.excursions(x, 0, 40, 60, 2.0)
    assert spans[-1, 1] == 160


@BOTH
def test_kurtosis_agrees_with_scipy(way):
    x = np.random.default_rng(5).standard_normal(200) ** 2
    x[150:] *= 1e6
    np.testing.assert_allclose(kernel(c.sliding_kurtosis, way)(x, 40), reference.sliding_kurtosis(x, 40), rtol=1e-8)


@BOTH
@pytest.mark.parametrize("x", [np.zeros(50), np.ones(50), np.full(50, 1e-30)])
def test_the_kurtosis_of_a_constant_is_zero(way, x):
    assert (kernel(c.sliding_kurtosis, way)(x, 10) == 0).all()


@BOTH
@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(0, 6), max_size=30))
def test_turns_agree_with_the_reference(way, values):
    x = np.array(values, dtype=float)
    for order, slow in ((1, reference.first_turn), (2, reference.second_turn)):
        assert kernel(c.turn, way)(x, 0, 1, len(x), order) == slow(x)
        assert kernel(c.turn, way)(x, len(x) - 1, -1, len(x), order) == slow(x[::-1])
