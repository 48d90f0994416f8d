"""First arrivals of many sources at one receiver."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.raytrace import first_ray


@kernel
def first_arrivals(tops, velocities, distances_km, source_depths_km, receiver_depth_km):
    """Return the first arrivals of many sources at one receiver in flat layers.

    Parameters
    ----------
    tops, velocities, receiver_depth_km
        As in :func:`quakescribe.kernels.raytrace.first_arrival`. Not changed.
    distances_km, source_depths_km
        Shape (n,), float64. Not changed.

    Returns
    -------
    tuple of arrays
        Shape (n,): travel time (s), ray parameter (s/km), take-off angle at the source (deg, 0 = down), each float64;
        whether it is a head wave, bool. Cost: O(n) first arrivals.
    """
    n = distances_km.shape[0]
    times, slownesses, takeoffs = np.empty(n), np.empty(n), np.empty(n)
    heads = np.empty(n, dtype=np.bool_)
    for i in range(n):
        times[i], slownesses[i], _, takeoffs[i], heads[i] = first_ray(
            tops, velocities, distances_km[i], source_depths_km[i], receiver_depth_km)
    return times, slownesses, takeoffs, heads
