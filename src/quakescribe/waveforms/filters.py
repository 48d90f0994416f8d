"""Design of the band-pass."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import SettingsError

_SETTLED = 1e-3
_LONGEST_S = 30.0


@lru_cache(maxsize=64)
def design(low_hz: float, high_hz: float, sampling_rate: float, unit: str) -> tuple[NDArray[np.float64], int]:
    """Return the second-order sections and the settling time in samples.

    A Butterworth band-pass with four poles per corner (as ObsPy's and SciPy's order 4). Under ``unit`` 'm/s**2' the
    bilinear integrator T/2 (z + 1) / (z - 1) is multiplied in, its pole cancelling one of the four zeros at zero
    frequency; under 'm' its inverse. The settling time is that in which the slowest pole decays to a thousandth.
    An upper corner at or above 0.9 of the Nyquist frequency is lowered to it.

    Raises
    ------
    SettingsError
        If the band is empty at this rate, or settles more slowly than the lead of a tile.
    """
    from scipy.signal import butter, zpk2sos

    nyquist = 0.5 * sampling_rate
    high = min(high_hz, 0.9 * nyquist)
    if not 0 < low_hz < high:
        raise SettingsError(f"band-pass {low_hz:g}-{high_hz:g} Hz is empty at {sampling_rate:g} Hz sampling; "
                            f"the lower corner must lie above 0 and below {min(high_hz, 0.9 * nyquist):g} Hz")
    zeros, poles, gain = butter(4, [low_hz / nyquist, high / nyquist], btype="band", output="zpk")
    if unit == "m/s**2":
        zeros[np.argmin(abs(zeros - 1.0))] = -1.0
        gain *= 0.5 / sampling_rate
    elif unit == "m":
        zeros[np.argmin(abs(zeros + 1.0))] = 1.0
        gain *= 2.0 * sampling_rate
    settle = int(np.ceil(np.log(_SETTLED) / np.log(np.abs(poles).max())))
    if settle > _LONGEST_S * sampling_rate:
        raise SettingsError(f"band-pass from {low_hz:g} Hz settles in {settle / sampling_rate:.0f} s; at most "
                            f"{_LONGEST_S:g} s are possible, so raise the lower corner")
    return np.ascontiguousarray(zpk2sos(zeros, poles, gain)), settle
