import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quakescribe.report.completeness import ENOUGH, frequency_magnitude


def catalogue(b, n, seed):
    """Magnitudes of a Gutenberg-Richter law, rounded to 0.1."""
    return np.round(0.95 + np.random.default_rng(seed).exponential(1 / (b * np.log(10)), n), 1)


@pytest.mark.parametrize("b", [0.6, 1.0, 1.5])
def test_b_comes_back_from_a_catalogue_made_with_it(b):
    found = frequency_magnitude(catalogue(b, 20_000, 1), 0.1, 0.2)
    assert found.peak == 1.0
    assert found.completeness == 1.2
    assert found.b == pytest.approx(b, abs=4 * found.b_error)


def test_the_stated_error_is_the_scatter_of_b():
    found = [frequency_magnitude(catalogue(1.0, 500, seed), 0.1, 0.0) for seed in range(200)]
    scatter = np.std([one.b for one in found])
    assert np.median([one.b_error for one in found]) == pytest.approx(scatter, rel=0.2)


@given(st.lists(st.floats(-3, 9), min_size=1, max_size=80))
def test_counts_agree_with_counting(magnitudes):
    found = frequency_magnitude(magnitudes, 0.1, 0.2)
    assert found.incremental.sum() == len(magnitudes)
    assert found.cumulative[0] == len(magnitudes)
    assert list(found.cumulative) == [found.incremental[i:].sum() for i in range(len(found.incremental))]
    assert np.allclose(np.diff(found.magnitude), 0.1)


def test_few_events_give_no_b():
    found = frequency_magnitude(np.linspace(1, 2, ENOUGH - 1), 0.1, 0.0)
    assert np.isnan(found.b)


def test_events_of_one_size_give_no_b():
    found = frequency_magnitude([1.0] * 200, 0.1, 0.0)
    assert (found.peak, found.used) == (1.0, 200)
    assert np.isnan(found.b)


def test_values_that_are_not_numbers_are_left_out():
    found = frequency_magnitude([1.0, np.nan, np.inf], 0.1, 0.0)
    assert found.incremental.sum() == 1
    assert frequency_magnitude([np.nan], 0.1, 0.2) is None
    assert frequency_magnitude([], 0.1, 0.2) is None


def test_a_magnitude_on_the_edge_of_a_bin_is_not_moved_by_rounding_noise():
    found = frequency_magnitude([0.1 * i for i in range(30)], 0.1, 0.2)
    assert list(found.incremental) == [1] * 30


def test_the_lowest_of_equally_full_bins_is_the_peak():
    assert frequency_magnitude([1.0, 1.0, 2.0, 2.0], 0.1, 0.0).peak == 1.0
