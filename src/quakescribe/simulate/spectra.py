"""Spectra of ground noise between the low- and high-noise models of Peterson (1993), and a seismometer's response."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quakescribe.settings.simulate import NoiseSettings

LOW_HZ, HIGH_HZ = 1.0, 20.0  # the band in which the level of noise is stated
PIVOT_HZ = 4.5  # a tilt turns the spectrum about the middle of that band
MICROSEISM_HZ = (0.1, 0.4)
CHANGE_HZ = (0.5, 1.0)
LOCAL_LOG = (np.log10(0.3), 0.0)  # a station's own level and tilt begin and are whole (log10 Hz)
RISE_DB = 12.0  # per decade above 10 Hz, where the models end
DAMPING = 0.707  # of the seismometers


# The models' corners: period (s), power of acceleration (dB); straight lines over log10 period between (Peterson 1993).
LOW_MODEL = ((0.10, -168.0), (0.17, -166.7), (0.40, -166.7), (0.80, -169.2), (1.24, -163.7), (2.40, -148.6),
             (4.30, -141.1), (5.0, -141.1), (6.0, -149.0), (10.0, -163.8), (12.0, -166.2), (15.6, -162.1),
             (21.9, -177.5), (31.6, -185.0), (45.0, -187.5), (70.0, -187.5), (101.0, -185.0))
HIGH_MODEL = ((0.10, -91.5), (0.22, -97.4), (0.32, -110.5), (0.80, -120.0), (3.80, -98.0), (4.60, -96.5),
              (6.30, -101.0), (7.90, -113.5), (15.4, -120.0), (20.0, -138.5), (101.0, -131.5))


def noise_db(frequency_hz: ArrayLike, level: float, tilt_db: float, microseism: float,
             common: float | None = None) -> NDArray[np.float64]:
    """Return the noise's power of ground acceleration (dB relative to 1 (m/s^2)^2/Hz), one-sided.

    Parameters
    ----------
    frequency_hz
        Any shape. Below 0.01 Hz the models' acceleration stays as it is there; above 10 Hz, where they end, it rises
        by 12 dB per decade, as at the surface stations of Ridgecrest.
    level
        0 = the low-noise, 1 = the high-noise model; linear in dB between and beyond. Whole above 1 Hz.
    tilt_db
        Slope added to both, dB per decade of frequency, zero at 4.5 Hz. Whole above 1 Hz.
    microseism
        Factor of the amplitude from 0.1 to 0.4 Hz, fading to 1 within an octave on either side.
    common
        The level below 0.3 Hz, where the sea shakes all stations alike; that of the station if None.
    """
    x = np.log10(np.maximum(np.asarray(frequency_hz, dtype=np.float64), 0.01))
    low, high = (np.interp(-x, np.log10([p for p, _ in m]), [power for _, power in m]) for m in (LOW_MODEL, HIGH_MODEL))
    local = np.sin(0.5 * np.pi * np.clip((x - LOCAL_LOG[0]) / (LOCAL_LOG[1] - LOCAL_LOG[0]), 0.0, 1.0)) ** 2
    at = level if common is None else common + (level - common) * local
    middle = (1.0 - at) * low + at * high + RISE_DB * np.maximum(x - 1.0, 0.0)
    start, end = np.log10(MICROSEISM_HZ)
    outside = np.clip(np.maximum(start - x, x - end) / np.log10(2.0), 0.0, 1.0)
    rise = 20.0 * np.log10(max(microseism, 1e-3)) * np.cos(0.5 * np.pi * outside) ** 2
    return np.asarray(middle + tilt_db * (x - np.log10(PIVOT_HZ)) * local + rise)


def velocity_amplitude(frequency_hz: ArrayLike, level: float, tilt_db: float, microseism: float,
                       common: float | None = None) -> NDArray[np.float64]:
    """Return the noise's amplitude density of ground velocity ((m/s)/sqrt(Hz), one-sided); 0 at 0 Hz."""
    f = np.asarray(frequency_hz, dtype=np.float64)
    amplitude = 10.0 ** (0.05 * noise_db(f, level, tilt_db, microseism, common))
    return np.divide(amplitude, 2.0 * np.pi * f, out=np.zeros_like(f), where=f > 0.0)


@lru_cache(maxsize=1024)
def band_powers(level: float, tilt_db: float, rules: NoiseSettings, corner_hz: float | None,
                sampling_rate: float) -> tuple[float, float, float]:
    """Return the power ((m/s)^2) of the vertical behind `band` as a seismometer records it: d^2, d^2 c, d^2 c^2.

    ``d`` is the density of the velocity and ``c`` the part that `changing` gives. A loud microseism leaks in.
    """
    from scipy.signal import sosfreqz

    f = np.geomspace(0.02, 0.4999 * sampling_rate, 4000)
    seen = np.abs(response(f, corner_hz) * sosfreqz(band(sampling_rate), f, fs=sampling_rate)[1])
    power = (velocity_amplitude(f, level, tilt_db, rules.microseism, rules.level) * seen) ** 2
    c = changing(f)
    return (float(np.trapezoid(power, f)), float(np.trapezoid(power * c, f)), float(np.trapezoid(power * c**2, f)))


def band_rms(level: float, tilt_db: float, rules: NoiseSettings) -> float:
    """Return the root mean square (m/s) of the vertical's ground velocity behind `band` at night."""
    return float(np.sqrt(band_powers(level, tilt_db, rules, None, 100.0)[0]))


def changing(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Return the part of the amplitude that day and fault change: nothing below 0.5 Hz, all above 1 Hz."""
    low, high = CHANGE_HZ
    share = np.clip(np.log(np.maximum(frequency_hz, 1e-9) / low) / np.log(high / low), 0.0, 1.0)
    return np.asarray(np.sin(0.5 * np.pi * share) ** 2)


@lru_cache(maxsize=8)
def band(sampling_rate: float) -> NDArray[np.float64]:
    """Return the band-pass in which signals and noise are compared: 1 to 20 Hz, four Butterworth poles a corner."""
    from scipy.signal import butter

    return np.asarray(butter(4, (LOW_HZ, HIGH_HZ), "bandpass", fs=sampling_rate, output="sos"))


def response(frequency_hz: ArrayLike, corner_hz: float | None) -> NDArray[np.complex128]:
    """Return what a seismometer makes of ground velocity: s^2 / (s^2 + 2 h w0 s + w0^2), s = 2 pi i f, h = 0.707.

    1 everywhere if it has no corner. The sign suits numpy.fft (time dependence exp(+2 pi i f t)).
    """
    f = np.asarray(frequency_hz, dtype=np.float64)
    if corner_hz is None:
        return np.ones(f.shape, dtype=np.complex128)
    s = 1j * f / corner_hz
    return np.asarray(s**2 / (s**2 + 2.0 * DAMPING * s + 1.0))
