"""What a station records when nothing happens: Gaussian ground noise, louder by day, and a machine's hum."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from quakescribe.settings.simulate import NoiseSettings, SimulateSettings
from quakescribe.simulate.network import Station
from quakescribe.simulate.spectra import HIGH_HZ, LOW_HZ, band_powers, changing, response, velocity_amplitude
from quakescribe.simulate.streams import STREAM_NOISE, stream

TILE_S = 600  # noise is made in tiles of the absolute time axis, so that it is the same wherever one cuts
BLEND_S = 10  # neighbouring tiles are blended over at least this long
CUT_HZ = 0.02  # no noise below
DAWN_H = 2.0  # how long the day takes to begin and to end, half of it before and half after
HUM_EVERY = 3  # every so many stations have a machine nearby


def noise(settings: SimulateSettings, station: Station, first: int, n: int) -> NDArray[np.float64]:
    """Return ground velocity (3, n) of noise (m/s; rows Z, N, E) from a grid index on, as the seismometer sees it."""
    rate = int(settings.network.sampling_rate)
    size, length = TILE_S * rate, _length(rate)
    out = np.zeros((3, n), dtype=np.float32)
    for tile in range((first - length) // size + 1, (first + n - 1) // size + 1):
        begin = tile * size
        low, high = max(begin, first), min(begin + length, first + n)
        if low < high:
            out[:, low - first:high - first] += _tile(settings, station, tile)[:, low - begin:high - begin]
    result = out.astype(np.float64)
    if hum := _hum(settings, station):
        cycles = np.arange(first, first + n) * (settings.noise.hum_hz or 0.0) / rate
        phase = stream(settings, STREAM_NOISE, station.index).uniform(0.0, 1.0, (3, 1))
        loud = np.array([1.0, settings.noise.horizontal, settings.noise.horizontal])[:, None]
        result += np.sqrt(2.0) * hum * loud * np.sin(2.0 * np.pi * (cycles + phase))
    return result


def level(settings: SimulateSettings, station: Station, times_ns: ArrayLike) -> NDArray[np.float64]:
    """Return the root mean square (m/s) from 1 to 20 Hz of the vertical's noise at given times (ns after 1970).

    That of the horizontals is ``noise.horizontal`` times as large.
    """
    times = np.asarray(times_ns, dtype=np.int64)
    all_of_it, mixed, its_changing = band_powers(station.noise_level, station.noise_tilt_db, settings.noise,
                                                settings.instruments.corner_hz, settings.network.sampling_rate)
    more = _gain(settings, station, times * 1e-9) - 1.0
    hum = _hum(settings, station) if LOW_HZ <= (settings.noise.hum_hz or 0.0) <= HIGH_HZ else 0.0
    return np.asarray(np.sqrt(all_of_it + 2.0 * more * mixed + more**2 * its_changing + hum**2))


def daytime(noise: NoiseSettings, seconds: ArrayLike) -> NDArray[np.float64]:
    """Return how much of a working day it is, 0 (night) to 1, at given times (s after 1970); smooth."""
    local = np.asarray(seconds, dtype=np.float64) / 3600.0 + noise.local_time_h
    begin, end = noise.day_hours
    length = (end - begin) % 24.0
    if length == 0.0:
        return np.full(local.shape, float(end > begin))
    since = (local - begin) % 24.0
    inside = np.where(since <= length, np.minimum(since, length - since), -np.minimum(since - length, 24.0 - since))
    share = np.clip(0.5 + inside / min(DAWN_H, length, 24.0 - length), 0.0, 1.0)
    weekday = np.floor(local / 24.0 + 3.0) % 7.0  # 1970-01-01 was a Thursday
    return np.asarray(np.sin(0.5 * np.pi * share) ** 2 * np.where(weekday >= 5.0, noise.weekend, 1.0))


def _gain(settings: SimulateSettings, station: Station, seconds: ArrayLike) -> NDArray[np.float64]:
    """Return the amplitude above 1 Hz over the ordinary one at night; a faulty station's grows within a second."""
    times = np.asarray(seconds, dtype=np.float64)
    gain = 1.0 + (settings.noise.day_factor - 1.0) * daytime(settings.noise, times)
    if station.faulty:
        failed = np.clip(times - settings.faulty_from_ns * 1e-9, 0.0, 1.0)
        gain = gain * (1.0 + (settings.faulty.noise_factor - 1.0) * failed)
    return np.asarray(gain)


def _hum(settings: SimulateSettings, station: Station) -> float:
    """Return the root mean square (m/s) of the station's hum, 0 if it has none."""
    frequency = settings.noise.hum_hz
    if frequency is None or station.index % HUM_EVERY:
        return 0.0
    seen = float(np.abs(response(frequency, settings.instruments.corner_hz)))
    return settings.noise.hum_factor * station.noise_m_s * seen


def _length(rate: int) -> int:
    """Return the samples of a tile, blends included: the next number that an FFT likes."""
    return int(fft.next_fast_len((TILE_S + BLEND_S) * rate, real=True))


@lru_cache(maxsize=2)
def _tile(settings: SimulateSettings, station: Station, tile: int) -> NDArray[np.float32]:
    """Return a tile of noise (3, n) whose ends fade in and out with constant total power. The last two are kept."""
    rate = int(settings.network.sampling_rate)
    n = _length(rate)
    total, part = _amplitudes(station.noise_level, station.noise_tilt_db, settings.noise,
                                  settings.instruments.corner_hz, rate)
    rng = stream(settings, STREAM_NOISE, station.index, tile)
    white = rng.standard_normal((3, 2 * total.size), dtype=np.float32).view(np.complex64)
    white[1:] *= np.float32(settings.noise.horizontal)
    knots = np.arange(n // rate + 2)
    more = (_gain(settings, station, tile * TILE_S + knots) - 1.0).astype(np.float32)
    if np.ptp(more) == 0.0:
        made = fft.irfft(white * (total + more[0] * part), n)
    else:
        made = fft.irfft(white * total, n)
        made += fft.irfft(white * part, n) * np.interp(np.arange(n) / rate, knots, more).astype(np.float32)
    blend = n - TILE_S * rate
    ramp = np.sin(0.5 * np.pi * (np.arange(blend) + 0.5) / blend).astype(np.float32)
    made[:, :blend] *= ramp
    made[:, -blend:] *= ramp[::-1]
    made.flags.writeable = False
    return np.asarray(made)


@lru_cache(maxsize=128)
def _amplitudes(level_: float, tilt_db: float, rules: NoiseSettings, corner_hz: float | None,
                rate: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what turns complex white noise of unit variance into the spectrum of a tile, and the part above 1 Hz."""
    n = _length(rate)
    f = fft.rfftfreq(n, 1.0 / rate)
    density = velocity_amplitude(f, level_, tilt_db, rules.microseism, rules.level) * np.abs(response(f, corner_hz))
    total = np.where(f >= CUT_HZ, density, 0.0) * 0.5 * np.sqrt(rate * n)
    return total.astype(np.float32), (total * changing(f)).astype(np.float32)
