"""The ground motion of one event at one station: causal pulses of P and S, and their coda."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quakescribe.simulate.scenario import STREAM_MOTION, Scenario, stream
from quakescribe.waveforms.block import grid_index

DENSITY = 2700.0  # kg/m3
SURFACE = 2.0  # the free surface doubles the motion
PULSE_N = 2048  # samples of a pulse
MEAN_RADIATION = (0.52, 0.63)  # root mean square over the focal sphere, P and S (Boore & Boatwright 1984)
P_KAPPA = 0.8  # near-surface attenuation time of P, as a share of that of S
P_CODA = 1.4  # coda behind P, as a share of the coda behind S
CODA_HZ, CODA_Q = 5.0, 360.0  # at which the coda's anelastic decay is taken
LONGEST_S, SHORTEST_S = 60.0, 3.0  # of the coda behind S


def ground_motion(scenario: Scenario, event: int, station: int) -> tuple[int, NDArray[np.float64]]:
    """Return the grid index of the first sample and the ground velocity (3, n), rows Z, N, E (m/s).

    Depends on the settings, the event and the station only. The first sample is the one nearest to the P onset.
    """
    settings, paths, site = scenario.settings, scenario.paths, scenario.stations[station]
    rate = settings.sampling_rate
    onset = paths.onset_ns[event, station]
    first = [grid_index(int(t), rate) for t in onset]
    late = [(int(t) - round(k / rate * 1e9)) * 1e-9 for t, k in zip(onset, first, strict=True)]  # within half a sample
    pulses = _pulses(scenario, event, station, np.array(late))
    p_fraction, sv, sh = _radiation(scenario, event, station)
    s_minus_p = (onset[1] - onset[0]) * 1e-9
    lapse = (onset[1] - scenario.events["time"].iloc[event].value) * 1e-9
    decay = _decay(np.arange(LONGEST_S), lapse, settings.coda_decay)
    strength = settings.coda_ratio * MEAN_RADIATION[1] * np.abs(pulses[1]).max()
    heard = np.flatnonzero(strength * decay > 0.1 * site.noise_m_s)
    seconds = max(SHORTEST_S, float(heard[-1]) + 1.0 if len(heard) else 0.0)

    gap = max(first[1] - first[0], 0)
    n = gap + int(seconds * rate) + 1
    motion = np.zeros((3, n))
    directions = _directions(scenario, event, station)
    radiated = (np.array([p_fraction]), np.array([sv, sh]))
    rng = stream(settings, STREAM_MOTION, event, station)
    for k, begin in enumerate((0, gap)):
        length = min(PULSE_N, n - begin)
        motion[:, begin:begin + length] += np.outer(radiated[k] @ directions[k], pulses[k, :length])
        t = np.arange(n - begin) / rate
        envelope = _decay(t, lapse, settings.coda_decay) if k == 1 else P_CODA * np.exp(-t / (0.4 * s_minus_p + 1.0))
        rise = 1.0 - np.exp(-t / (0.05 * paths.hypocentral_km[event, station] ** 0.6))
        weights = np.array([1.0, 0.6, 0.6]) if k == 0 else np.array([0.6, 1.0, 1.0])
        scatter = rng.standard_normal((3, n - begin)) * (envelope * rise)
        strength_k = settings.coda_ratio * MEAN_RADIATION[k] * weights
        motion[:, begin:] += strength_k[:, None] * _scattered(scatter, pulses[k])
    fade = int(min(seconds / 3.0, 5.0) * rate)
    motion[:, n - fade:] *= 0.5 * (1.0 + np.cos(np.pi * np.arange(1, fade + 1) / fade))
    return first[0], motion


def _decay(seconds: NDArray[np.float64], lapse_s: float, exponent: float) -> NDArray[np.float64]:
    """Return the coda envelope behind S: ((t + lapse)/lapse)^-exponent exp(-pi f t / Q)."""
    return np.asarray((1.0 + seconds / lapse_s) ** -exponent * np.exp(-np.pi * CODA_HZ / CODA_Q * seconds))


def _pulses(scenario: Scenario, event: int, station: int, late_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the velocity pulses (2 [P, S], PULSE_N) in m/s for a radiation factor of 1.

    Displacement spectrum (Brune 1970): M0 F / (4 pi rho v^3 R) / (1 + (f/fc)^2) exp(-pi f R / (Q v) - pi kappa f),
    with fc_S = 0.49 v (stress drop / M0)^(1/3), fc_P = 1.4 fc_S, made causal as the minimum-phase signal of that
    amplitude, differentiated, and moved to the onset within the sample.
    """
    settings, row = scenario.settings, scenario.events.iloc[event]
    layer = max(int(np.searchsorted(scenario.model.top_km, row["depth_km"], side="right")) - 1, 0)
    speed = 1000.0 * np.array([scenario.model.vp[layer], scenario.model.vs[layer]])
    f = np.fft.rfftfreq(PULSE_N, 1.0 / settings.sampling_rate)
    radius = 1000.0 * max(float(scenario.paths.hypocentral_km[event, station]), 0.5)
    corner = 0.49 * speed[1] * (row["stress_drop_mpa"] * 1e6 / row["moment_nm"]) ** (1 / 3) * np.array([1.4, 1.0])
    level = scenario.stations[station].site * SURFACE * row["moment_nm"] / (4 * np.pi * DENSITY * speed**3 * radius)
    q = settings.q_s * np.array([1.75, 1.0])[:, None] * np.maximum(f, 1.0) ** settings.q_exponent
    t_star = radius / (q * speed[:, None]) + settings.kappa_s * np.array([P_KAPPA, 1.0])[:, None]
    log_amplitude = np.log(level)[:, None] - np.log1p((f / corner[:, None]) ** 2) - np.pi * f * t_star
    cepstrum = np.fft.irfft(log_amplitude, PULSE_N)
    cepstrum[:, 1:PULSE_N // 2] *= 2.0
    cepstrum[:, PULSE_N // 2 + 1:] = 0.0
    spectrum = np.exp(np.fft.rfft(cepstrum)) * 2j * np.pi * f * np.exp(-2j * np.pi * f * late_s[:, None])
    nyquist = f[-1]
    edge = np.clip((nyquist - f) / (0.2 * nyquist), 0.0, 1.0)
    pulses = np.fft.irfft(spectrum * 0.5 * (1 - np.cos(np.pi * edge)), PULSE_N) * settings.sampling_rate
    half = PULSE_N // 2
    pulses[:, half:] *= np.linspace(1.0, 0.0, PULSE_N - half)
    return np.asarray(pulses)


def _scattered(noise: NDArray[np.float64], pulse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return noise with the pulse's spectrum, causal, whose root mean square is the noise's times the pulse's peak."""
    short = pulse[:512]
    n = noise.shape[1]
    size = 1 << int(np.ceil(np.log2(n + len(short))))
    filtered = np.fft.irfft(np.fft.rfft(noise, size) * np.fft.rfft(short, size), size)[:, :n]
    return np.asarray(filtered * (np.abs(short).max() / np.sqrt(np.sum(short**2))))


def _radiation(scenario: Scenario, event: int, station: int) -> tuple[float, float, float]:
    """Return the far-field radiation of P, SV and SH from a double couple (Aki & Richards 2002, eq. 4.89-4.91)."""
    row, paths = scenario.events.iloc[event], scenario.paths
    phi = np.radians(paths.azimuth_deg[event, station] - row["strike_deg"])
    d, r = np.radians(row["dip_deg"]), np.radians(row["rake_deg"])
    i, j = np.radians(paths.takeoff_deg[event, station])
    sin, cos = np.sin, np.cos
    p = (cos(r) * sin(d) * sin(i) ** 2 * sin(2 * phi) - cos(r) * cos(d) * sin(2 * i) * cos(phi)
         + sin(r) * sin(2 * d) * (cos(i) ** 2 - sin(i) ** 2 * sin(phi) ** 2)
         + sin(r) * cos(2 * d) * sin(2 * i) * sin(phi))
    sv = (sin(r) * cos(2 * d) * cos(2 * j) * sin(phi) - cos(r) * cos(d) * cos(2 * j) * cos(phi)
          + 0.5 * cos(r) * sin(d) * sin(2 * j) * sin(2 * phi)
          - 0.5 * sin(r) * sin(2 * d) * sin(2 * j) * (1 + sin(phi) ** 2))
    sh = (cos(r) * cos(d) * cos(j) * sin(phi) + cos(r) * sin(d) * sin(j) * cos(2 * phi)
          + sin(r) * cos(2 * d) * cos(j) * cos(phi) - 0.5 * sin(r) * sin(2 * d) * sin(j) * sin(2 * phi))
    return float(p), float(sv), float(sh)


def _directions(scenario: Scenario, event: int, station: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit vectors (Z, N, E) of P (1, 3), along the ray, and of SV and SH (2, 3), across it."""
    paths = scenario.paths
    azimuth = np.radians(paths.azimuth_deg[event, station])
    p, s = np.radians(paths.incidence_deg[event, station])
    radial = np.array([0.0, np.cos(azimuth), np.sin(azimuth)])
    transverse = np.array([0.0, -np.sin(azimuth), np.cos(azimuth)])
    up = np.array([1.0, 0.0, 0.0])
    return (np.array([np.cos(p) * up + np.sin(p) * radial]),
            np.array([np.cos(s) * radial - np.sin(s) * up, transverse]))
