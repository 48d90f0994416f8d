"""Statistics that several checks share, against SciPy or by hand."""

import numpy as np
import pytest
from scipy import stats

from quakescribe.audit import statistics


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 10), (10, 10), (240, 1000)])
def test_the_interval_of_a_share_is_wilsons(k, n):
    known = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert statistics.wilson(k, n) == pytest.approx((known.low, known.high), abs=1e-12)


def test_discoveries_are_those_of_benjamini_and_hochberg():
    p = np.random.default_rng(1).uniform(size=200) ** 3
    assert (statistics.false_discovery(p, 0.05) == (stats.false_discovery_control(p) <= 0.05)).all()


def test_the_interval_of_a_count_covers_it_as_often_as_stated():
    counts = np.random.default_rng(2).poisson(7.0, 2000)
    ends = np.array([statistics.poisson_interval(one) for one in counts])
    assert np.mean((ends[:, 0] <= 7.0) & (ends[:, 1] >= 7.0)) >= 0.94


@pytest.mark.parametrize(("interval", "of_absolute"), [
    ((-0.2, 0.5), (0.0, 0.5)), ((-0.5, -0.2), (0.2, 0.5)), ((0.1, 0.3), (0.1, 0.3))])
def test_the_absolute_value_has_the_interval_folded_at_zero(interval, of_absolute):
    assert statistics.absolute(*interval) == of_absolute


def test_no_interval_stays_none():
    assert np.isnan(statistics.absolute(float("nan"), 1.0)).all()


def test_a_running_median_follows_the_middle_not_the_outliers():
    x = np.arange(300.0)
    y = 2.0 * x + np.where(x % 10 == 3, 1e6, 0.0)
    at, middle = statistics.running_median(x, y, 20, 10)
    assert (np.diff(at) > 0).all() and np.abs(middle - 2.0 * at).max() < 10.0


def test_the_spread_of_a_normal_distribution_is_its_standard_deviation():
    assert statistics.mad_scale(np.random.default_rng(3).normal(0, 2.0, 20_000)) == pytest.approx(2.0, rel=0.03)
