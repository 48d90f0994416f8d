"""Another sampling rate, by a ratio of whole numbers, with the mask that goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

REACH = 10
"""SciPy's anti-alias filter reaches this many samples of the lower rate to both sides."""


def reach_of(up: int, down: int) -> int:
    """Return how many samples of the input the filter sees on either side."""
    return -(-REACH * max(up, down) // up)


def resample(data: NDArray[Any], mask: NDArray[np.bool_], up: int, down: int) -> tuple[NDArray[np.float32],
                                                                                       NDArray[np.bool_]]:
    """Return samples at up / down times the rate, and where they rest on masked ones.

    Parameters
    ----------
    data, mask
        Shape (n_rows, n); masked samples are zero. Not changed.
    up, down
        Without common factor. Sample 0 stays where it is: output j lies at input ``j down / up``.
    """
    from scipy.ndimage import maximum_filter1d
    from scipy.signal import resample_poly

    fine = resample_poly(data.astype(np.float64), up, down, axis=1).astype(np.float32)
    wide = maximum_filter1d(mask.astype(np.uint8), 2 * reach_of(up, down) + 1, axis=1)
    nearest = np.round(np.arange(fine.shape[1]) * (down / up)).astype(np.int64)
    return fine, wide[:, np.minimum(nearest, mask.shape[1] - 1)] > 0
