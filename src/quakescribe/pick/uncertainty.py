"""The uncertainty of an onset: from how sharply Akaike's criterion places it, or as PAL's walk back leaves it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REFINED_FLOOR_S = 0.006
FLOOR_S = 0.015
CEILING_S = 1.0
NETWORK_S = 0.12  # of an onset as a network puts it, too weak to be refined (docs/pick.md)


class Spread(NamedTuple):
    """Shares of the sharpness and of the rise time, and seconds at an amplitude ratio of 1 (docs/pick.md)."""

    sharpness: float
    rise: float
    noise_s: float


P = Spread(sharpness=0.7, rise=0.6, noise_s=1.0)
S = Spread(sharpness=1.1, rise=0.5, noise_s=0.6)


def uncertainty(snr: NDArray[np.float64], rise_s: NDArray[np.float64], sharpness_s: NDArray[np.float64],
                phase: Spread) -> NDArray[np.float64]:
    """Return one standard deviation (s) of onsets, at most ``CEILING_S``.

    A refined onset: ``sqrt(REFINED_FLOOR_S**2 + (phase.sharpness * sharpness_s)**2)``, with the sharpness of
    :func:`quakescribe.kernels.onset_time.aic_onset`. One that was not (sharpness NaN):
    ``sqrt(FLOOR_S**2 + (phase.rise * rise_s)**2 + (phase.noise_s / snr**2)**2)``. There the second term is the walk
    back to the turning points of the energy, the third the chance that noise is taken for the onset; ``snr**2`` is the
    energy ratio across it. An unknown ratio counts as 1, an infinite one as no noise.
    """
    strength = np.maximum(np.where(np.isnan(snr), 1.0, snr), 1.0)
    walked = np.sqrt(FLOOR_S**2 + (phase.rise * rise_s) ** 2 + (phase.noise_s / strength**2) ** 2)
    refined = np.hypot(REFINED_FLOOR_S, phase.sharpness * sharpness_s)
    return np.minimum(np.where(np.isnan(sharpness_s), walked, refined), CEILING_S)


def of_network(sharpness_s: NDArray[np.float64], phase: Spread) -> NDArray[np.float64]:
    """Return one standard deviation (s) of a network's onsets, at most ``CEILING_S``.

    As `uncertainty` where an onset was refined; ``NETWORK_S`` where it was left as the network put it (sharpness NaN).
    """
    refined = np.hypot(REFINED_FLOOR_S, phase.sharpness * sharpness_s)
    return np.minimum(np.where(np.isnan(sharpness_s), NETWORK_S, refined), CEILING_S)
