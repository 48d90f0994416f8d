import numpy as np
import pytest

from quakescribe.pick.uncertainty import CEILING_S, FLOOR_S, REFINED_FLOOR_S, P, S, uncertainty

WALKED = np.array([np.nan])


@pytest.mark.parametrize("phase", [P, S])
def test_agrees_with_the_formula(phase):
    got = uncertainty(np.array([4.0]), np.array([0.1]), WALKED, phase)
    assert got[0] == pytest.approx(np.sqrt(FLOOR_S**2 + (phase.rise * 0.1) ** 2 + (phase.noise_s / 16.0) ** 2))


@pytest.mark.parametrize("phase", [P, S])
def test_a_refined_onset_is_as_uncertain_as_its_criterion_is_blunt(phase):
    got = uncertainty(np.array([4.0]), np.array([0.1]), np.array([0.05]), phase)
    assert got[0] == pytest.approx(np.sqrt(REFINED_FLOOR_S**2 + (phase.sharpness * 0.05) ** 2))


def test_a_stronger_and_sharper_onset_is_better_known():
    snr, rise = np.meshgrid(np.linspace(1, 50, 20), np.linspace(0.01, 0.5, 20))
    spread = uncertainty(snr, rise, WALKED, P)
    assert (np.diff(spread, axis=1) <= 0).all()
    assert (np.diff(spread, axis=0) >= 0).all()


def test_unknown_and_infinite_ratios_stay_in_range():
    spread = uncertainty(np.array([np.nan, np.inf, 0.0]), np.array([0.01, 0.01, 3.0]), WALKED, S)
    assert np.isfinite(spread).all()
    assert (spread >= FLOOR_S).all()
    assert (spread <= CEILING_S).all()
