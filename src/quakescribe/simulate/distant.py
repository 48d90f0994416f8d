"""What is no local earthquake: teleseisms, and the Rayleigh wave of a blast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from quakescribe.simulate.coda import shaped_noise
from quakescribe.simulate.pulses import frequencies

TELESEISM_S = 120.0
TELESEISM_HZ = (0.05, 1.5)
ATTENUATION_S = 0.7  # t* of a teleseismic P
STATION_Q = 6.8  # log10 of period over amplitude (um) of a magnitude 0 at 60 to 80 deg (Gutenberg & Richter 1956)
CODA_TIMES_S = 4.0, 35.0  # of the source's own train, of its coda
SCATTERED = 0.15  # of the amplitude, each station's own
RG_HZ = (0.5, 2.0)
RG_M_S = (3000.0, 2500.0)  # group velocity at these frequencies
RG_Q = 60.0


def teleseism(rng: np.random.Generator, magnitude: float, n: int, rate: int) -> NDArray[np.float64]:
    """Return the P train (n,) of a distant earthquake along its ray (m/s): some swings, and a coda that dies away.

    Its peak is 2 pi 10^(mb - 6.8) um/s; the body-wave magnitude mb grows with 0.3 of the moment magnitude above 6.5.
    """
    body = min(magnitude, 6.5 + 0.3 * (magnitude - 6.5))
    size = 16 * rate
    t = np.arange(2 * n // size + 2) * (size / 2) / rate
    f = frequencies(size, rate)
    strength = (np.exp(-2 * t / CODA_TIMES_S[0]) + 0.05 * np.exp(-2 * t / CODA_TIMES_S[1]))[:, None] * _shape(f)
    train = shaped_noise(rng, strength, np.ones((1, len(f))), n, rate)[0].astype(np.float64)
    train *= 1.0 - np.exp(-np.arange(n) / (0.3 * rate))
    return np.asarray(train * (2e-6 * np.pi * 10.0 ** (body - STATION_Q) / np.abs(train).max()))


def _shape(f: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the power spectrum of the train's velocity: f^2 exp(-2 pi f t*), within TELESEISM_HZ."""
    low, high = TELESEISM_HZ
    safe = np.maximum(f, 1e-3)
    return np.asarray(f**2 * np.exp(-2 * np.pi * f * ATTENUATION_S) / (1 + (low / safe) ** 8) / (1 + (f / high) ** 8))


def rayleigh(level: float, distance_m: float, delay_s: float, n: int, rate: int) -> NDArray[np.float64]:
    """Return vertical and radial velocity (2, n) of a blast's dispersed Rg, elliptic and retrograde.

    ``level`` is the displacement spectrum at 1 km (m s); the first sample is ``delay_s`` after the origin. The phase
    is that of a group velocity which falls linearly from 3 km/s at 0.5 Hz to 2.5 km/s at 2 Hz.
    """
    size = next_fast_len(n + 20 * rate, real=True)
    f = np.fft.rfftfreq(size, 1.0 / rate)
    speed = np.interp(f, RG_HZ, RG_M_S)
    arrival = distance_m / speed - delay_s
    phase = -2 * np.pi * np.cumsum(arrival) * f[1]
    safe = np.maximum(f, 1e-3)
    band = 1 / (1 + (RG_HZ[0] / safe) ** 8) / (1 + (f / RG_HZ[1]) ** 8)
    loss = np.exp(-np.pi * f * distance_m / (RG_Q * speed)) / np.sqrt(max(distance_m, 1000.0) / 1000.0)
    vertical = level * 2 * np.pi * f * band * loss * np.exp(1j * phase)
    return np.asarray(np.fft.irfft(np.stack((vertical, 1j * vertical)), size)[:, :n] * rate)
