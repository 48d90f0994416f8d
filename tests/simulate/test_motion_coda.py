import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from quakescribe.simulate.coda import log_decay, shaped_noise
from quakescribe.simulate.motion import KAPPA_SCATTER, _spectra, ground_motion
from quakescribe.simulate.pulses import log_source
from quakescribe.simulate.shot import shot_of

from .motion_cases import changed


def test_late_coda_forgets_the_distance():
    late, f = np.array([60.0]), np.array([1.0, 6.0])
    near, far = (log_decay(late, onset, f, 1.0, 130.0) for onset in (3.0, 12.0))
    np.testing.assert_allclose(near, far, atol=0.03)


def test_coda_falls_as_a_power_and_as_its_quality_factor_says():
    t, f = np.array([200.0, 400.0]), np.array([2.0])
    early, late = log_decay(t, 0.1, f, 1.3, 130.0)[:, 0]
    q = 130.0 * 2.0**0.8
    assert late - early == pytest.approx(-2.6 * np.log(2.0) - 2 * np.pi * 2.0 * 200.0 / q, abs=1e-3)


def test_shaped_noise_has_the_power_asked_for_at_each_time_and_frequency():
    rate, size, n = 100, 128, 60_000
    f = np.fft.rfftfreq(size, 1 / rate)
    t = np.arange(2 * n // size + 2) * size / 2 / rate
    power = np.exp(-t / 200.0)[:, None] * (1.0 + (f / 10.0) ** 2)
    rows = shaped_noise(np.random.default_rng(0), power, np.array([[1.0], [2.0]]) * np.ones(len(f)), n, rate)
    assert rows.shape == (2, n)
    for low, high in ((4.0, 6.0), (20.0, 24.0)):
        band = sosfiltfilt(butter(4, (low, high), "bandpass", fs=rate, output="sos"), rows.astype(np.float64))
        inside = (f >= low) & (f <= high)
        for begin in (5_000, 45_000):
            seen = np.mean(band[:, begin:begin + 10_000] ** 2, axis=1)
            asked = np.mean(1.0 + (f[inside] / 10.0) ** 2) * np.exp(-(begin + 5_000) / rate / 200.0) * (high - low)
            np.testing.assert_allclose(seen, asked * np.array([1.0, 4.0]), rtol=0.25)


def test_shaped_noise_is_gaussian_and_its_rows_differ():
    power = np.ones((640, 1)) / (1.0 + (np.arange(65) / 6.0) ** 4)
    rows = shaped_noise(np.random.default_rng(0), power, np.ones((3, 65)), 40_000, 100)
    kurtosis = np.mean(rows**4, axis=1) / np.mean(rows**2, axis=1) ** 2
    np.testing.assert_allclose(kurtosis, 3.0, atol=0.3)
    np.testing.assert_allclose(np.corrcoef(rows), np.eye(3), atol=0.05)


def _level(motion, begin, band, rate=100):
    """Root mean square of 8 s of all components in a band."""
    filtered = sosfiltfilt(butter(3, band, "bandpass", fs=rate, output="sos"), motion)
    return np.sqrt(np.mean(filtered[:, begin:begin + 8 * rate] ** 2))


def _at_lapse(scenario, event, station, lapse_s, band):
    first, motion = ground_motion(scenario, event, station)
    origin = scenario.events["time"].iloc[event].value
    return _level(motion, round((origin * 1e-9 + lapse_s) * 100) - first, band)


@pytest.fixture(scope="module")
def loud(scenario):
    """Equal sites, no noise, so that every coda is heard to its end."""
    return changed(scenario, noise_m_s=1e-13, site=1.0, earth={"site_log10": 0.0, "kappa_s": 0.0}, magnitude=3.0,
                   stress_drop_mpa=3.0, depth_km=8.0)


def test_near_and_far_stations_have_the_same_late_coda(loud):
    order = np.argsort(loud.paths.distance_km[0])
    near, far = int(order[0]), int(order[-1])
    assert loud.paths.hypocentral_km[0, far] > 1.8 * loud.paths.hypocentral_km[0, near]
    for band in ((1.5, 3.0), (6.0, 12.0)):
        levels = [_at_lapse(loud, 0, j, 50.0, band) for j in (near, far)]
        assert levels[1] / levels[0] == pytest.approx(1.0, abs=0.2)


def test_high_frequencies_die_first(loud):
    falls = [np.mean([np.log(_at_lapse(loud, i, 1, 25.0, band) / _at_lapse(loud, i, 1, 70.0, band)) for i in range(3)])
             for band in ((1.5, 3.0), (6.0, 12.0))]
    expected = [np.log(70.0 / 25.0) + np.pi * f * 45.0 / (130.0 * f**0.8) for f in (2.25, 8.5)]
    np.testing.assert_allclose(falls, expected, rtol=0.2)
    assert falls[1] > falls[0] + 0.2


def test_a_larger_event_and_a_better_amplifier_have_a_stronger_coda(loud):
    base = _at_lapse(loud, 0, 1, 40.0, (1.5, 3.0))
    site = _at_lapse(changed(loud, site=2.0), 0, 1, 40.0, (1.5, 3.0))
    size = _at_lapse(changed(loud, magnitude=2.0, stress_drop_mpa=300.0), 0, 1, 40.0, (1.5, 3.0))
    assert site / base == pytest.approx(2.0, rel=1e-6)
    assert size < 0.3 * base


def test_the_coda_of_p_is_as_strong_as_its_setting_says(loud):
    """Energy between the first second of P and S grows with the square of the ratio, beyond what the pulse leaves."""
    gaps = np.diff(loud.paths.onset_ns, axis=2)[..., 0] * 1e-7
    far = np.argwhere((gaps > 150) & ~loud.paths.head_wave[..., 0])[:25]
    assert len(far) >= 10
    power = []
    for ratio in (0.0, 0.5, 1.0):
        case = changed(loud, earth={"p_coda_ratio": ratio, "converted": 0.0})
        mean = []
        for event, station in far:
            motion = ground_motion(case, event, station)[1]
            gap = int(gaps[event, station])
            mean.append((motion[:, gap - 50:gap - 5] ** 2).mean() / (motion[:, :100] ** 2).mean())
        power.append(np.median(mean))
    assert power[1] - power[0] > 0.05
    assert 1.5 < (power[2] - power[0]) / (power[1] - power[0]) < 6.0  # 4, less what the coda adds to the first second


def test_each_station_has_a_kappa_of_its_own(loud):
    case, kappa = changed(loud, earth={"kappa_s": 0.03}), []
    for station in range(len(loud.stations)):
        shot = shot_of(case, 0, station)
        seen = _spectra(shot)
        at = np.searchsorted(seen.frequency_hz, 20.0)
        without = log_source(shot.ray, 0.0, seen.frequency_hz[at:at + 1])[1, 0]
        kappa.append((without - seen.source[1, at]) / np.pi / seen.frequency_hz[at])
    scatter = np.log(np.array(kappa) / 0.03)
    expected = KAPPA_SCATTER * np.array([shot_of(loud, 0, j).draws[2, 1] for j in range(len(loud.stations))])
    np.testing.assert_allclose(scatter, expected, atol=1e-6)
    assert scatter.std() > 0.0
