"""Spectra of ground noise between the low- and high-noise models of Peterson (1993), and a seismometer's response."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOW_HZ, HIGH_HZ = 1.0, 20.0  # the band in which the level of noise is stated
PIVOT_HZ = 4.5  # a tilt turns the spectrum about the middle of that band
MICROSEISM_HZ = (0.1, 0.4)
DAMPING = 0.707  # of the seismometers


@lru_cache(maxsize=1)
def _models() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return log10 frequency (ascending; 1e-5 to 10 Hz) and the acceleration power (dB) of both noise models."""
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm

    (period, low), (_, high) = get_nlnm(), get_nhnm()
    return -np.log10(period), low, high


def noise_db(frequency_hz: ArrayLike, level: float, tilt_db: float, microseism: float) -> NDArray[np.float64]:
    """Return the noise's power of ground acceleration (dB relative to 1 (m/s^2)^2/Hz), one-sided.

    Parameters
    ----------
    frequency_hz
        Any shape. Beyond the models' ends (10 Hz, 1e-5 Hz) the acceleration stays as it is at the end, so that
        velocity falls as 1/f above 10 Hz.
    level
        0 = the low-noise, 1 = the high-noise model; linear in dB between and beyond.
    tilt_db
        Slope added to both, dB per decade of frequency, zero at 4.5 Hz.
    microseism
        Factor of the amplitude from 0.1 to 0.4 Hz, fading to 1 within an octave on either side.
    """
    log_f, low, high = _models()
    x = np.clip(np.log10(np.maximum(np.asarray(frequency_hz, dtype=np.float64), 1e-9)), log_f[0], log_f[-1])
    at_low = np.interp(x, log_f, low)
    middle = (1.0 - level) * at_low + level * np.interp(x, log_f, high)
    start, end = np.log10(MICROSEISM_HZ)
    outside = np.clip(np.maximum(start - x, x - end) / np.log10(2.0), 0.0, 1.0)
    rise = 20.0 * np.log10(max(microseism, 1e-3)) * np.cos(0.5 * np.pi * outside) ** 2
    return np.asarray(middle + tilt_db * (x - np.log10(PIVOT_HZ)) + rise)


def velocity_amplitude(frequency_hz: ArrayLike, level: float, tilt_db: float,
                       microseism: float) -> NDArray[np.float64]:
    """Return the noise's amplitude density of ground velocity ((m/s)/sqrt(Hz), one-sided); 0 at 0 Hz."""
    f = np.asarray(frequency_hz, dtype=np.float64)
    amplitude = 10.0 ** (0.05 * noise_db(f, level, tilt_db, microseism))
    return np.divide(amplitude, 2.0 * np.pi * f, out=np.zeros_like(f), where=f > 0.0)


@lru_cache(maxsize=1024)
def band_rms(level: float, tilt_db: float, microseism: float, corner_hz: float | None = None,
             high_hz: float = HIGH_HZ) -> float:
    """Return the root mean square (m/s) of the velocity from 1 Hz to `high_hz`, as a seismometer records it."""
    f = np.linspace(LOW_HZ, high_hz, 2000)
    density = velocity_amplitude(f, level, tilt_db, microseism) * np.abs(response(f, corner_hz))
    return float(np.sqrt(np.trapezoid(density**2, f)))


def response(frequency_hz: ArrayLike, corner_hz: float | None) -> NDArray[np.complex128]:
    """Return what a seismometer makes of ground velocity: s^2 / (s^2 + 2 h w0 s + w0^2), s = 2 pi i f, h = 0.707.

    1 everywhere if it has no corner. The sign suits numpy.fft (time dependence exp(+2 pi i f t)).
    """
    f = np.asarray(frequency_hz, dtype=np.float64)
    if corner_hz is None:
        return np.ones(f.shape, dtype=np.complex128)
    s = 1j * f / corner_hz
    return np.asarray(s**2 / (s**2 + 2.0 * DAMPING * s + 1.0))
