"""The Wood-Anderson seismometer, applied to ground motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.measure import MeasureSettings

DERIVATIVES = {"m": 0, "m/s": 1, "m/s**2": 2}  # how often displacement was differentiated to give the unit
PADDING_S = 30.0


def transfer(frequency_hz: NDArray[np.floating], unit: str, settings: MeasureSettings) -> NDArray[np.complex128]:
    """Return the record (m) per unit of ground motion at frequencies > 0.

    V s^2 / (s^2 + 2 h w0 s + w0^2) of displacement, s = 2 pi i f, w0 = 2 pi / period, times a two-pole Butterworth
    high-pass s^2 / (s^2 + sqrt(2) wc s + wc^2); divided by s once for velocity and twice for acceleration.
    """
    s = 2j * np.pi * np.asarray(frequency_hz, dtype=np.float64)
    w0 = 2.0 * np.pi / settings.wood_anderson_period_s
    wc = 2.0 * np.pi * settings.highpass_hz
    seismometer = settings.wood_anderson_gain / (s**2 + 2.0 * settings.wood_anderson_damping * w0 * s + w0**2)
    highpass = s**2 / (s**2 + np.sqrt(2.0) * wc * s + wc**2)
    return np.asarray(seismometer * highpass * s ** (2 - DERIVATIVES[unit]))


def record(motion: NDArray[np.floating], rate: float, unit: str, settings: MeasureSettings) -> NDArray[np.float64]:
    """Return the Wood-Anderson record (m) of ground motion in any of the units m, m/s, m/s**2.

    Parameters
    ----------
    motion
        Shape (..., n). At rest before the first sample. Not changed.
    rate
        Samples per second.
    """
    n = motion.shape[-1]
    size = 1 << int(np.ceil(np.log2(n + PADDING_S * rate)))
    f = np.fft.rfftfreq(size, 1.0 / rate)
    h = np.zeros(len(f), dtype=np.complex128)
    h[1:] = transfer(f[1:], unit, settings)
    return np.asarray(np.fft.irfft(np.fft.rfft(motion, size) * h, size)[..., :n])
