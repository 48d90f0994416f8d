"""The uncertainty of an onset, from the time it takes to rise and its amplitude ratio."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FLOOR_S = 0.015
CEILING_S = 1.0


class Spread(NamedTuple):
    """Share of the rise time, and seconds at an amplitude ratio of 1; fitted to simulated onsets (docs/pick.md)."""

    rise: float
    noise_s: float


P = Spread(rise=0.6, noise_s=1.0)
S = Spread(rise=0.5, noise_s=0.6)


def uncertainty(snr: NDArray[np.float64], rise_s: NDArray[np.float64], phase: Spread) -> NDArray[np.float64]:
    """Return one standard deviation (s) of onsets.

    ``sigma = sqrt(FLOOR_S**2 + (phase.rise * rise_s)**2 + (phase.noise_s / snr**2)**2)``, at most ``CEILING_S``. The
    second term is the walk back to the turning points of the energy, the third the chance that noise is taken for the
    onset; ``snr**2`` is the energy ratio across it. An unknown ratio counts as 1, an infinite one as no noise.
    """
    strength = np.maximum(np.where(np.isnan(snr), 1.0, snr), 1.0)
    spread = np.sqrt(FLOOR_S**2 + (phase.rise * rise_s) ** 2 + (phase.noise_s / strength**2) ** 2)
    return np.minimum(spread, CEILING_S)
