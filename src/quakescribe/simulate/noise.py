"""What a station records when the earth is quiet: coloured noise, and short local disturbances."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.scenario import STREAM_BURSTS, STREAM_NOISE, Station, stream

TILE_S = 600  # noise is made in tiles of the absolute time axis, so that it is the same wherever one cuts
BLEND_S = 10  # neighbouring tiles are blended over this long
BURST_S = 8  # longest disturbance
LOW_HZ, HIGH_HZ = 1.0, 20.0  # the band in which the noise level is stated


def noise(settings: SimulateSettings, station: Station, first: int, n: int) -> NDArray[np.float64]:
    """Return ground velocity (3, n) of noise and disturbances from a grid index on (m/s)."""
    rate = int(settings.sampling_rate)
    size = TILE_S * rate
    out = np.zeros((3, n))
    for tile in range((first - BLEND_S * rate) // size, (first + n) // size + 1):
        begin = tile * size
        for start, part in ((begin, _tile(settings, station, tile)), *_bursts(settings, station, tile)):
            low, high = max(start, first), min(start + part.shape[1], first + n)
            if low < high:
                out[:, low - first:high - first] += part[:, low - start:high - start]
    return out


def _tile(settings: SimulateSettings, station: Station, tile: int) -> NDArray[np.float64]:
    """Return noise (3, TILE_S + BLEND_S) whose ends fade in and out with constant total power."""
    rate = int(settings.sampling_rate)
    n = (TILE_S + BLEND_S) * rate
    white = stream(settings, STREAM_NOISE, station.index, tile).standard_normal((3, n))
    shaped = np.fft.irfft(np.fft.rfft(white) * _shape(n, rate), n) * station.noise_m_s
    ramp = np.sin(0.5 * np.pi * (np.arange(BLEND_S * rate) + 0.5) / (BLEND_S * rate))
    shaped[:, :BLEND_S * rate] *= ramp
    shaped[:, -BLEND_S * rate:] *= ramp[::-1]
    return shaped


@lru_cache(maxsize=4)
def _shape(n: int, rate: int) -> NDArray[np.float64]:
    """Return the noise's amplitude spectrum, which gives white noise a root mean square of 1 between 1 and 20 Hz.

    Falling as f^-0.5 to 5 Hz and level above, a microseism a hundred times higher at 0.2 Hz, nothing below 0.02 Hz.
    """
    f = np.fft.rfftfreq(n, 1.0 / rate)
    safe = np.maximum(f, 1e-6)
    shape = np.maximum(safe / 5.0, 1e-3) ** -0.5
    shape[f > 5.0] = 1.0
    shape += 100.0 * np.exp(-0.5 * (np.log(safe / 0.2) / 0.4) ** 2)
    shape[f < 0.02] = 0.0
    inside = (f >= LOW_HZ) & (f <= HIGH_HZ)
    power = np.sum(shape[inside] ** 2) * 2.0 / n
    return np.asarray(shape / np.sqrt(power))


def _bursts(settings: SimulateSettings, station: Station, tile: int) -> list[tuple[int, NDArray[np.float64]]]:
    """Return (grid index, motion (3, n)) of the disturbances of a tile: ringing at 3-15 Hz that dies away."""
    rng = stream(settings, STREAM_BURSTS, station.index, tile)
    rate = int(settings.sampling_rate)
    count = rng.poisson(settings.bursts_per_hour * TILE_S / 3600.0)
    out = []
    for _ in range(count):
        start = tile * TILE_S * rate + int(rng.integers(0, TILE_S * rate))
        peak = station.noise_m_s * 10 ** rng.uniform(0.3, 1.5)
        frequency, decay = rng.uniform(3, 15), 10 ** rng.uniform(-1.0, 0.2)
        t = np.arange(BURST_S * rate) / rate
        envelope = peak * np.minimum(t / 0.05, 1.0) * np.exp(-t / decay)
        phases, weights = rng.uniform(0, 2 * np.pi, 3), rng.uniform(0.2, 1.0, 3)
        motion = weights[:, None] * envelope * np.sin(2 * np.pi * frequency * t + phases[:, None])
        out.append((start, motion))
    return out
