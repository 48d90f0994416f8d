import numpy as np
import pytest

from quakescribe.pick.uncertainty import CEILING_S, FLOOR_S, P, S, uncertainty


@pytest.mark.parametrize("phase", [P, S])
def test_agrees_with_the_formula(phase):
    got = uncertainty(np.array([4.0]), np.array([0.1]), phase)
    assert got[0] == pytest.approx(np.sqrt(FLOOR_S**2 + (phase.rise * 0.1) ** 2 + (phase.noise_s / 16.0) ** 2))


def test_a_stronger_and_sharper_onset_is_better_known():
    snr, rise = np.meshgrid(np.linspace(1, 50, 20), np.linspace(0.01, 0.5, 20))
    spread = uncertainty(snr, rise, P)
    assert (np.diff(spread, axis=1) <= 0).all()
    assert (np.diff(spread, axis=0) >= 0).all()


def test_unknown_and_infinite_ratios_stay_in_range():
    spread = uncertainty(np.array([np.nan, np.inf, 0.0]), np.array([0.01, 0.01, 3.0]), S)
    assert np.isfinite(spread).all()
    assert (spread >= FLOOR_S).all()
    assert (spread <= CEILING_S).all()
