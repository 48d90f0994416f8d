"""Source and path: how much of what frequency a source sends to a station."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def moment(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seismic moment (N m) of a local magnitude.

    M0 = 10^(1.5 Mw + 9.1) with Mw = 2/3 ML + 0.65 below ML 3 and Mw = ML - 0.35 above: the local magnitude of small
    events grows with log M0, because attenuation and not the corner frequency limits their amplitude (Deichmann 2017).
    The constant makes the Wood-Anderson amplitudes of this earth agree with those of Hutton & Boore (1987) within 0.1.
    """
    mw = np.where(magnitude < 3.0, 2.0 / 3.0 * magnitude + 0.65, magnitude - 0.35)
    return np.asarray(10.0 ** (1.5 * mw + 9.1))
