"""The same numbers as SeismoStats, where both compute the same thing. Skipped where it is not installed."""

from __future__ import annotations

import numpy as np
import pytest
from made_catalogue import _magnitudes_detected

from quakescribe.audit.b_value import grouped, half_bin, positive_differences, standard_error
from quakescribe.audit.completeness import b_stability
from quakescribe.audit.magnitude_bins import binned, exponential_p, maximum_curvature, tinti

pytest.importorskip("seismostats", reason="seismostats is not installed: pip install seismostats")

from seismostats.analysis.bvalue.classic import ClassicBValueEstimator
from seismostats.analysis.bvalue.positive import BPositiveBValueEstimator
from seismostats.analysis.bvalue.utsu import UtsuBValueEstimator
from seismostats.analysis.estimate_mc import cdf_discrete_exp, estimate_mc_b_stability, estimate_mc_ks, estimate_mc_maxc
from seismostats.analysis.lilliefors import ks_test_gr_lilliefors

SIZES = (300, 2000, 10_000)


def magnitudes(n, seed=0):
    return np.round(_magnitudes_detected(n, 1.0, 1.0, np.random.default_rng(seed)), 1)


def heights(m, mc):
    index = np.round((m - mc) / 0.1).astype(np.int64)
    return index[index >= 0]


@pytest.mark.parametrize("n", SIZES)
def test_maximum_curvature_is_theirs(n):
    m = magnitudes(n)
    theirs, _ = estimate_mc_maxc(m, fmd_bin=0.1, correction_factor=0.0)
    assert maximum_curvature(binned(m, 0.1))[0] == pytest.approx(theirs)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("mc", [1.1, 1.3])
def test_b_and_its_error_are_theirs(n, mc):
    m = magnitudes(n)
    index = heights(m, mc)
    one = ClassicBValueEstimator()
    b = one.calculate(m[m >= mc - 0.05], mc=mc, delta_m=0.1)
    assert float(grouped(index.mean(), 0.1)) == pytest.approx(b, rel=1e-9)
    assert standard_error(b, index, 0.1) == pytest.approx(one.std, rel=1e-9)
    bins = binned(m, 0.1)
    at = int(np.argmin(np.abs(bins.magnitude - mc)))
    assert tinti(bins)[0][0, at] == pytest.approx(b, rel=1e-9)


@pytest.mark.parametrize("n", SIZES)
def test_the_half_bin_is_theirs(n):
    m = magnitudes(n)
    theirs = UtsuBValueEstimator().calculate(m[m >= 1.25], mc=1.3, delta_m=0.1)
    assert float(half_bin(heights(m, 1.3).mean(), 0.1)) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("step", [1, 3])
def test_b_positive_is_theirs(n, step):
    m = magnitudes(n)
    m = m[m >= 1.25]
    one = BPositiveBValueEstimator()
    b = one.calculate(m, mc=1.3, delta_m=0.1, dmc=0.1 * step)
    rises, _ = positive_differences(heights(m, 1.3), step)
    assert float(grouped(rises.mean(), 0.1)) == pytest.approx(b, rel=1e-9)
    assert standard_error(b, rises, 0.1) == pytest.approx(one.std, rel=1e-9)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.filterwarnings("ignore")
def test_the_stability_of_b_is_theirs_at_every_cut_off(n):
    """But where their count of steps meets rounding: 6 values are added there and divided by 5."""
    m = magnitudes(n)
    _, info = estimate_mc_b_stability(m, delta_m=0.1, stop_when_passed=False)
    bins = binned(m, 0.1)
    ours = dict(zip(np.round(bins.magnitude, 1), b_stability(bins, 50)[0], strict=True))
    tested = [(round(mc, 1), of) for mc, of in zip(info["mcs_tested"], info["diff_bs"], strict=True)
              if np.isfinite(ours[round(mc, 1)]) and len(np.arange(mc, mc + 0.5, 0.1)) == 5]
    assert len(tested) > 5
    assert [ours[mc] for mc, _ in tested] == pytest.approx([of for _, of in tested], rel=1e-6)
    first, _ = estimate_mc_b_stability(m, delta_m=0.1)
    assert min(mc for mc, of in ours.items() if of <= 1) == pytest.approx(first)


def test_p_of_an_exponential_law_is_near_theirs_and_that_of_simulations():
    """Their table gives too large p (0.108 where simulations give 0.078): equal numbers cannot be asked for."""
    n, rng = 300, np.random.default_rng(5)

    def distance(x):
        law, step = -np.expm1(-x / x.mean(axis=-1, keepdims=True)), np.arange(n) / n
        return np.maximum((law - step).max(axis=-1), (step + 1 / n - law).max(axis=-1))

    null = distance(np.sort(rng.exponential(size=(6000, n)), axis=-1))
    for seed in range(20):
        x = np.sort(np.random.default_rng(seed).exponential(0.43, n) ** (1.0 + 0.01 * seed))
        ours, theirs = exponential_p(x), ks_test_gr_lilliefors(1.0 + x, 1.0)
        assert ours == pytest.approx(float((null >= distance(x)).mean()), abs=0.025)
        assert ours - 0.005 <= theirs <= 1.7 * ours + 0.003


def test_completeness_by_their_test_of_bins_is_near_ours():
    """Theirs compares bins with a law whose b it takes as known, so it is passed a little earlier at most."""
    from quakescribe.audit.completeness import DITHERS, lilliefors, lowest_that

    apart = []
    for seed in range(4):
        m = magnitudes(2000, seed)
        theirs, _ = estimate_mc_ks(m, delta_m=0.1, n=400)
        bins = binned(m, 0.1)
        p = lilliefors(bins, 50, np.random.default_rng(seed), DITHERS)
        apart.append(lowest_that((p >= 0.1)[None], bins.magnitude)[0] - theirs)
    assert -0.11 <= np.mean(apart) <= 0.25
    assert cdf_discrete_exp(np.array([1.0]), 1.0, 0.1, 2.3)[1][0] == pytest.approx(1 - np.exp(-0.23))
