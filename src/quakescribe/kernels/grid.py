"""Travel-time tables: filling them with exact rays and reading between their nodes."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.raytrace import first_arrival


@kernel
def fill_times(times, tops, velocities, receiver_depth_km, distance_step_km, top_km, depth_step_km):
    """Fill one travel-time table in place with exact first arrivals.

    Parameters
    ----------
    times
        Shape (n_distance, n_depth), float32 (s). Overwritten. Node (i, j) is the time from a source at distance
        i * distance_step_km and depth top_km + j * depth_step_km.
    tops, velocities
        Shape (n,), float64: layers as in :func:`quakescribe.kernels.raytrace.first_arrival`. Not changed.
    receiver_depth_km, distance_step_km, top_km, depth_step_km
        In km; depths below sea level.

    Notes
    -----
    One ray per node; about half a microsecond each for four layers.
    """
    for i in range(times.shape[0]):
        for j in range(times.shape[1]):
            times[i, j] = first_arrival(tops, velocities, i * distance_step_km, top_km + j * depth_step_km,
                                        receiver_depth_km)[0]


@kernel
def interpolate(table, x, z):
    """Read a table between its nodes: bilinear value and the derivatives of that surface.

    Parameters
    ----------
    table
        Shape (n_distance, n_depth), n_distance and n_depth >= 2, any float type (s). Not changed.
    x, z
        Distance and depth in node units (distance / step, (depth - top) / step). Outside the table the outermost
        cell is continued linearly.

    Returns
    -------
    tuple of float
        Time (s), and its derivatives per node step in x and in z (s): divide by the step for s/km.

    Notes
    -----
    t = (1-a)(1-b) t00 + a(1-b) t10 + (1-a)b t01 + ab t11. The error is at most h^2/8 times the curvature, which for a
    homogeneous medium is 1/(v R) at hypocentral distance R. O(1).
    """
    i = min(max(int(np.floor(x)), 0), table.shape[0] - 2)
    j = min(max(int(np.floor(z)), 0), table.shape[1] - 2)
    a = x - i
    b = z - j
    t00 = table[i, j]
    t10 = table[i + 1, j]
    t01 = table[i, j + 1]
    t11 = table[i + 1, j + 1]
    near = t00 + b * (t01 - t00)
    far = t10 + b * (t11 - t10)
    shallow = t00 + a * (t10 - t00)
    deep = t01 + a * (t11 - t01)
    return near + a * (far - near), far - near, deep - shallow
