"""The uncertainty of an onset, from its amplitude ratio and the time it takes to rise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FLOOR_S = 0.02
SPAN_S = (0.02, 1.0)


def uncertainty_p(snr: NDArray[np.float64], rise_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one standard deviation (s) of P onsets."""
    return _uncertainty(snr, rise_s, 0.5, 0.3)


def uncertainty_s(snr: NDArray[np.float64], rise_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one standard deviation (s) of S onsets."""
    return _uncertainty(snr, rise_s, 0.5, 0.6)


def _uncertainty(snr: NDArray[np.float64], rise_s: NDArray[np.float64], a: float, b: float) -> NDArray[np.float64]:
    strength = np.maximum(np.where(np.isnan(snr), 1.0, snr), 1.0)
    spread = np.sqrt(FLOOR_S**2 + (a * rise_s) ** 2 + (b / strength) ** 2)
    return np.clip(spread, *SPAN_S)
