import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.kernels import onset_quality as q

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import pal_reference as reference

BOTH = pytest.mark.parametrize("way", ["compiled", "python"])


def kernel(function, way):
    return function if way == "compiled" else function.py_func


@BOTH
@pytest.mark.parametrize("n", [4, 5, 81, 101, 300])
def test_dominant_frequency_agrees_with_the_transform(way, n):
    x = np.random.default_rng(n).standard_normal(n) + 5.0
    wanted = reference.dominant_frequency(x, 100.0)
    assert kernel(q.dominant_frequency, way)(x, 100.0) == pytest.approx(wanted)


@BOTH
@pytest.mark.parametrize("x", [np.zeros(50), np.full(50, 3.0), np.zeros(3), np.zeros(0)])
def test_nothing_has_no_frequency(way, x):
    assert kernel(q.dominant_frequency, way)(x, 100.0) == 0.0


@BOTH
def test_glitch_ratio_agrees_with_the_reference(way):
    rng = np.random.default_rng(3)
    for _ in range(20):
        data = rng.standard_normal((3, 400)) * np.exp(-np.abs(np.arange(400) - 150) / 40)
        wanted = reference.glitch_ratio(data[:, 100:100 + 3 * 60 + 1], 60)
        assert kernel(q.glitch_ratio, way)(data, (0, 1, 2), 100, 60) == pytest.approx(wanted)


@BOTH
def test_a_channel_that_says_nothing_is_passed_over(way):
    data = np.zeros((3, 40))
    data[0, 5], data[0, 25] = 4.0, 1.0
    assert kernel(q.swing_ratio, way)(data, (0, 1, 2), 0, 20, 20, 40) == 4.0
    assert kernel(q.swing_ratio, way)(data, (1, 2), 0, 20, 20, 40) == np.inf


@BOTH
def test_displacement_agrees_with_the_formula_and_counts_a_channel_once(way):
    data = np.random.default_rng(4).standard_normal((3, 200))
    mask = np.zeros(data.shape, dtype=bool)
    d = np.cumsum(data[:, 20:180] - data[:, 20:180].mean(axis=1, keepdims=True), axis=1) / 50.0
    f = kernel(q.displacement, way)
    assert f(data, mask, (0, 1, 2), 20, 180, 50.0) == pytest.approx(np.sqrt((d**2).sum(axis=0).max()))
    assert f(data, mask, (0, 2, 2), 20, 180, 50.0) == pytest.approx(np.sqrt((d[[0, 2]] ** 2).sum(axis=0).max()))


@BOTH
def test_displacement_is_unknown_over_a_gap_or_beyond_the_data(way):
    data = np.ones((3, 200))
    mask = np.zeros(data.shape, dtype=bool)
    mask[1, 100] = True
    f = kernel(q.displacement, way)
    assert np.isnan(f(data, mask, (0, 1, 2), 20, 180, 50.0))
    assert np.isnan(f(data, mask, (0, 2, 2), -1, 180, 50.0))
    assert np.isnan(f(data, mask, (0, 2, 2), 20, 201, 50.0))
    assert f(data, mask, (0, 2, 2), 20, 180, 50.0) == 0.0


@BOTH
def test_contrast_is_the_ratio_of_root_mean_squares(way):
    data = np.ones((3, 100))
    data[:, 51:] = 4.0
    f = kernel(q.contrast, way)
    assert f(data, 0, 0, 50, 20, 40) == pytest.approx(4.0)
    assert f(data, 1, 2, 50, 20, 40) == pytest.approx(4.0)
    data[:, :51] = 0.0
    assert f(data, 0, 0, 50, 20, 40) == np.inf


@BOTH
def test_rise_time_ends_at_half_of_the_largest_amplitude(way):
    data = np.zeros((3, 100))
    data[0, 50:] = np.arange(50)
    assert kernel(q.rise_time, way)(data, 0, 0, 50, 20, 10) == 10.0
    assert kernel(q.rise_time, way)(np.zeros((3, 100)), 0, 0, 50, 20, 10) == 1.0
