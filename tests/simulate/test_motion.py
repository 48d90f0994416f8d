from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from quakescribe.simulate import build
from quakescribe.simulate.motion import _directions, _radiation, ground_motion
from quakescribe.simulate.noise import noise
from quakescribe.simulate.record import counts
from quakescribe.waveforms.block import grid_index


@pytest.fixture(scope="module")
def smooth(small):
    return build(small.model_copy(update={"coda_ratio": 0.0, "path_noise": 0.0}))


def test_motion_begins_at_the_onset_and_not_before(smooth, small):
    onset = int(smooth.paths.onset_ns[3, 2, 0])
    first, motion = ground_motion(smooth, 3, 2)
    assert first == grid_index(onset, small.sampling_rate)
    size = np.abs(motion).max(axis=0)
    assert size[:10].max() > 0.02 * size.max()
    gap = grid_index(int(smooth.paths.onset_ns[3, 2, 1]), small.sampling_rate) - first
    assert size[gap - 3] < 0.05 * size[gap:gap + 10].max()


def test_p_shakes_along_the_ray_and_s_across_it(smooth):
    _, s = (smooth.paths.onset_ns[3, 2] - smooth.paths.onset_ns[3, 2, 0]) * 1e-9
    _, motion = ground_motion(smooth, 3, 2)
    (ray,), across = _directions(smooth, 3, 2)
    p_part = motion[:, :int(min(s, 0.5) * 100) - 2]
    assert np.abs(ray @ p_part).max() == pytest.approx(np.linalg.norm(p_part, axis=0).max(), rel=1e-6)
    assert np.abs(across @ ray).max() == pytest.approx(
        abs(np.sin(np.radians(np.diff(smooth.paths.incidence_deg[3, 2])[0]))), abs=1e-9)


def test_radiation_is_that_of_the_moment_tensor(scenario):
    """F_P = g.M.g, F_SV = e_theta.M.g, F_SH = e_phi.M.g with the tensor written out (Aki & Richards 2002, box 4.4)."""
    for i, j in ((0, 0), (4, 3), (9, 5)):
        row = scenario.events.iloc[i]
        s, d, r = np.radians([row["strike_deg"], row["dip_deg"], row["rake_deg"]])
        slip = np.array([np.cos(r) * np.cos(s) + np.cos(d) * np.sin(r) * np.sin(s),
                         np.cos(r) * np.sin(s) - np.cos(d) * np.sin(r) * np.cos(s), -np.sin(d) * np.sin(r)])
        normal = np.array([-np.sin(d) * np.sin(s), np.sin(d) * np.cos(s), -np.cos(d)])  # north, east, down
        tensor = np.outer(slip, normal) + np.outer(normal, slip)
        phi = np.radians(scenario.paths.azimuth_deg[i, j])
        ours = _radiation(scenario, i, j)
        for k, wave in ((0, "P"), (1, "SV"), (1, "SH")):
            t = np.radians(scenario.paths.takeoff_deg[i, j, k])
            ray = np.array([np.sin(t) * np.cos(phi), np.sin(t) * np.sin(phi), np.cos(t)])
            theta = np.array([np.cos(t) * np.cos(phi), np.cos(t) * np.sin(phi), -np.sin(t)])
            east = np.array([-np.sin(phi), np.cos(phi), 0.0])
            other = {"P": ray, "SV": theta, "SH": east}[wave]
            assert ours[("P", "SV", "SH").index(wave)] == pytest.approx(other @ tensor @ ray, abs=1e-12)


def test_a_magnitude_more_is_about_ten_times_the_displacement(small):
    peaks = []
    for magnitude in (0.5, 1.5):
        one = build(small.model_copy(update={"n_events": 1, "mainshock": magnitude, "coda_ratio": 0.0}))
        _, motion = ground_motion(one, 0, 1)
        peaks.append(np.abs(np.cumsum(motion, axis=1)).max())
    assert peaks[1] / peaks[0] == pytest.approx(10.0, rel=0.15)


def test_noise_has_the_stated_level_from_1_to_20_hz(scenario, small):
    quiet = small.model_copy(update={"bursts_per_hour": 0.0})
    band = butter(4, (1, 20), "bandpass", fs=100, output="sos")
    station = scenario.stations[1]
    ground = noise(quiet, station, 170_000_000_000, 120_000)  # two tiles
    level = sosfiltfilt(band, ground)[:, 2000:-2000].std(axis=1)
    np.testing.assert_allclose(level, station.noise_m_s, rtol=0.06)


def test_noise_does_not_repeat_between_stations_tiles_or_components(scenario, small):
    a = noise(small, scenario.stations[0], 170_000_000_000, 4000)
    b = noise(small, scenario.stations[1], 170_000_000_000, 4000)
    c = noise(small, scenario.stations[0], 170_000_120_000, 4000)
    band = butter(4, (1, 20), "bandpass", fs=100, output="sos")
    rows = sosfiltfilt(band, np.concatenate((a, b, c)))
    correlation = np.corrcoef(rows) - np.eye(9)
    assert np.abs(correlation).max() < 0.15


@pytest.mark.parametrize("cuts", [(0, 1080), (0, 300, 600, 1080), (0, 7, 359, 611, 1080)])
def test_any_stretch_can_be_made_on_its_own_in_any_order(scenario, cuts):
    start, _ = scenario.span_ns
    whole = counts(scenario, 2, start, start + 1080 * 10**9)
    spans = list(pairwise(cuts))
    parts = {a: counts(scenario, 2, start + a * 10**9, start + b * 10**9) for a, b in reversed(spans)}
    np.testing.assert_array_equal(np.concatenate([parts[a] for a, _ in spans], axis=1), whole)


def test_events_add_up(small):
    quiet = small.model_copy(update={"noise_m_s": 1e-30, "bursts_per_hour": 0.0, "gain": 1e12, "clip_counts": 2e9,
                                     "mainshock": 1.0, "magnitude_max": 1.0})
    scenario = build(quiet)
    start, end = scenario.span_ns
    total = np.zeros((3, round((end - start) * 1e-9 * 100)))
    site = scenario.stations[0]
    for event in range(len(scenario.events)):
        first, motion = ground_motion(scenario, event, 0)
        at = first - grid_index(start, 100.0)
        n = min(motion.shape[1], total.shape[1] - at)
        total[:, at:at + n] += motion[:, :n] * site.gain
    np.testing.assert_allclose(counts(scenario, 0, start, end), total, atol=1.0)


def test_a_strong_event_ends_at_the_digitiser(small):
    loud = build(small.model_copy(update={"mainshock": 6.0, "gain": 1e9}))
    start, end = loud.span_ns
    assert np.abs(counts(loud, 0, start, end)).max() == loud.settings.clip_counts
