import numpy as np
import pytest

from quakescribe.settings.simulate import EarthSettings
from quakescribe.simulate import radiation
from quakescribe.simulate.pulses import Ray, causal, frequencies, in_time, log_path, log_site, log_source, moment

EARTH = EarthSettings()
RAY = Ray(1e12, 3e6, (6100.0, 3500.0), 25_000.0)


def test_the_spectrum_is_brunes_with_attenuation():
    """Omega0 / (1 + (f/fc)^2) exp(-pi f r / (Q v)) exp(-pi kappa f), with every factor written out."""
    for f in (0.5, 3.0, 17.0):
        ours = np.exp(log_source(RAY, EARTH.kappa_s, np.array([f])) + log_path(RAY, EARTH, np.array([f])))[:, 0]
        for k, (v, corner, q, kappa) in enumerate((
                (6100.0, 1.4 * 0.49 * 3500.0 * (3e6 / 1e12) ** (1 / 3), EARTH.q_s * EARTH.q_p_over_q_s, 0.55),
                (3500.0, 0.49 * 3500.0 * (3e6 / 1e12) ** (1 / 3), EARTH.q_s, 1.0))):
            q_f = q * max(f, 1.0) ** EARTH.q_exponent
            level = (1.5, 2.0)[k] * 1e12 / (4 * np.pi * 2700.0 * v**3 * 25_000.0)
            expected = level / (1 + (f / corner) ** 2) * np.exp(-np.pi * f * 25_000.0 / (q_f * v))
            assert ours[k] == pytest.approx(expected * np.exp(-np.pi * kappa * EARTH.kappa_s * f), rel=1e-9)


def test_more_stress_drop_means_a_higher_corner_and_more_high_frequencies_only():
    strong = Ray(1e15, 24e6, (6100.0, 3500.0), 25_000.0)
    weak = Ray(1e15, 3e6, (6100.0, 3500.0), 25_000.0)
    assert strong.corner_hz[1] == pytest.approx(2.0 * weak.corner_hz[1])
    assert strong.corner_hz[0] == pytest.approx(1.4 * strong.corner_hz[1])
    low, high = (np.diff([log_source(r, EARTH.kappa_s, np.array([f]))[1, 0] for r in (weak, strong)])[0]
                 for f in (0.01, 40.0))
    assert low == pytest.approx(0.0, abs=1e-3)
    assert np.exp(high) == pytest.approx(4.0, rel=0.02)  # (2 fc)^2


def test_a_pulse_has_the_spectrum_asked_for_and_begins_at_its_first_sample():
    n, rate = 1024, 100
    f = frequencies(n, rate)
    asked = log_source(RAY, EARTH.kappa_s, f) + log_path(RAY, EARTH, f)
    pulse = in_time(causal(asked, n, rate), n, rate)
    seen = np.abs(np.fft.rfft(pulse)) / rate
    band = (f > 1.0) & (f < 38.0)
    np.testing.assert_allclose(seen[:, band], (2 * np.pi * f * np.exp(asked))[:, band], rtol=0.03)
    peak = np.abs(pulse).max(axis=1)
    assert np.all(np.abs(pulse[:, :15]).max(axis=1) == peak)
    assert np.all(np.abs(pulse[:, n // 2:]).max(axis=1) < 1e-3 * peak)


def test_a_farther_pulse_is_broader():
    n, rate = 1024, 100
    f = frequencies(n, rate)
    width = []
    for km in (5.0, 60.0, 200.0):
        ray = Ray(1e12, 3e6, (6100.0, 3500.0), 1000.0 * km)
        pulse = in_time(causal(log_source(ray, EARTH.kappa_s, f) + log_path(ray, EARTH, f), n, rate), n, rate)[1]
        width.append(np.sum(pulse > 0.5 * pulse.max()))
    assert width[0] < width[1] < width[2]


def test_s_spreads_more_slowly_beyond_100_km():
    rays = [Ray(1e12, 3e6, (6100.0, 3500.0), r) for r in (100_000.0, 400_000.0)]
    p, s = np.diff([log_path(r, EARTH.model_copy(update={"q_s": 1e9}), np.array([1.0]))[:, 0] for r in rays], axis=0)[0]
    assert np.exp(-p) == pytest.approx(4.0, rel=1e-3)
    assert np.exp(-s) == pytest.approx(2.0, rel=1e-3)


def test_a_station_amplifies_smoothly_and_by_the_stated_scatter():
    draws = np.random.default_rng(1).standard_normal((400, 4))
    curves = log_site(0.2, 1.5, draws, 4096, 100) / np.log(10.0)
    f = frequencies(4096, 100)
    inside = (f > 0.5) & (f < 45.0)
    assert np.median(curves) == pytest.approx(np.log10(1.5), abs=0.02)
    assert curves[:, inside].std(axis=0).mean() == pytest.approx(0.2, rel=0.15)
    per_octave = np.abs(np.diff(curves[:, inside], axis=1)) / np.diff(np.log2(f[inside]))
    assert per_octave.max() < 2.0  # log10 units per octave: no line, no notch
    assert np.all(log_site(0.0, 1.0, draws, 512, 100) == 0.0)


def test_a_magnitude_means_more_moment_without_a_jump():
    m = np.linspace(-1.0, 6.0, 1401)
    steps = np.diff(np.log10(moment(m)))
    assert np.all(steps > 0.0)
    assert steps.max() < 0.02
    assert moment(np.array([0.0]))[0] == pytest.approx(10 ** (1.5 * 0.935 + 9.1))


def test_radiation_is_that_of_the_moment_tensor():
    """F_P = g.M.g, F_SV = theta.M.g, F_SH = phi.M.g with the tensor written out (Aki & Richards 2002, box 4.4)."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        strike, dip, rake, azimuth = rng.uniform((0, 1, -180, 0), (360, 90, 180, 360))
        takeoff = rng.uniform(0, 180), rng.uniform(0, 180)
        s, d, r = np.radians([strike, dip, rake])
        slip = np.array([np.cos(r) * np.cos(s) + np.cos(d) * np.sin(r) * np.sin(s),
                         np.cos(r) * np.sin(s) - np.cos(d) * np.sin(r) * np.cos(s), -np.sin(d) * np.sin(r)])
        normal = np.array([-np.sin(d) * np.sin(s), np.sin(d) * np.cos(s), -np.cos(d)])  # north, east, down
        tensor = np.outer(slip, normal) + np.outer(normal, slip)
        phi = np.radians(azimuth)
        expected = []
        for k, wave in ((0, "P"), (1, "SV"), (1, "SH")):
            t = np.radians(takeoff[k])
            ray = np.array([np.sin(t) * np.cos(phi), np.sin(t) * np.sin(phi), np.cos(t)])
            theta = np.array([np.cos(t) * np.cos(phi), np.cos(t) * np.sin(phi), -np.sin(t)])
            level = np.array([-np.sin(phi), np.cos(phi), 0.0])
            expected.append({"P": ray, "SV": theta, "SH": level}[wave] @ tensor @ ray)
        np.testing.assert_allclose(radiation.double_couple(azimuth, takeoff, strike, dip, rake), expected, atol=1e-12)


def test_the_mean_radiation_is_the_root_mean_square_over_the_sphere():
    rng = np.random.default_rng(2)
    angles = np.degrees(np.arccos(rng.uniform(-1, 1, 20_000))), rng.uniform(0, 360, 20_000)
    p, sv, sh = np.array([radiation.double_couple(a, (i, i), 30.0, 60.0, -70.0)
                          for i, a in zip(*angles, strict=True)]).T
    assert np.sqrt(np.mean(p**2)) == pytest.approx(radiation.MEAN[0], abs=0.01)
    assert np.sqrt(np.mean(sv**2 + sh**2)) == pytest.approx(radiation.MEAN[1], abs=0.01)


def test_nodes_are_filled_and_high_frequencies_forget_the_pattern():
    size = radiation.blurred(np.array([0.0, 0.9, 0.0]), np.array([0.01, 200.0]))
    np.testing.assert_allclose(size[:, 0], [0.1, 0.9, 0.1], rtol=1e-3)
    np.testing.assert_allclose(size[:, 1], [0.52, 0.63 / np.sqrt(2), 0.63 / np.sqrt(2)], rtol=0.01)


def test_directions_are_three_right_angles_where_p_and_s_come_in_alike():
    ways = radiation.directions(73.0, (25.0, 25.0))
    np.testing.assert_allclose(ways @ ways.T, np.eye(3), atol=1e-12)
    assert ways[0, 0] == pytest.approx(np.cos(np.radians(25.0)))
    assert ways[2, 0] == 0.0  # SH stays level
    assert np.degrees(np.arctan2(ways[0, 2], ways[0, 1])) == pytest.approx(73.0)


def test_half_of_the_energy_has_lost_the_pattern_at_12_hz():
    silent = np.array([0.0, 0.0, 0.0])
    share = [radiation.blurred(silent, np.array([f]))[0, 0] ** 2 for f in (1e-3, 12.0, 1e4)]
    assert share[0] == pytest.approx(radiation.FLOOR**2, rel=1e-3)
    assert share[1] == pytest.approx(0.5 * (share[0] + share[2]), rel=1e-3)
    one, four = (radiation.blurred(silent, np.array([f]))[0, 0] ** 2 - share[0] for f in (1.0, 4.0))
    assert four / one == pytest.approx((16 / 160) / (1 / 145), rel=0.02)  # (f/f0)^2 / (1 + (f/f0)^2)
