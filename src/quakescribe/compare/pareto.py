"""Which arms cannot be bettered: more associated picks only at a lower association rate, and the other way round."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def front(first: ArrayLike, second: ArrayLike) -> NDArray[np.bool_]:
    """Return which points no other point betters: at least as large in both, and larger in one.

    Parameters
    ----------
    first, second
        Shape (n,), both to be large. A point with a NaN is never on the front and betters none.

    Notes
    -----
    Going down in `first`, and among equals down in `second`, a point is on the front if its `second` is larger than
    all before, or if it equals the last point of the front. O(n log n).
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    out = np.zeros(len(x), dtype=bool)
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    best, at = -np.inf, np.nan
    for i in good[np.lexsort((-y[good], -x[good]))]:
        if y[i] > best:
            best, at = y[i], x[i]
            out[i] = True
        elif y[i] == best and x[i] == at:
            out[i] = True
    return out
