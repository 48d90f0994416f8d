"""First arrivals in flat homogeneous layers: exact direct and head waves."""

import numpy as np

from quakescribe.kernels.compiled import kernel

THIN_KM = 1e-9  # a path through less than this of a layer is no path through it


@kernel
def layer_of(tops, depth_km):
    """Return the index of the layer that holds a depth; a depth on an interface belongs to the layer below.

    Parameters
    ----------
    tops
        Shape (n,), float64, ascending: layer tops (km). Not changed. The first layer reaches up without end.
    depth_km
        Depth (km).
    """
    layer = 0
    for k in range(1, tops.shape[0]):
        if tops[k] <= depth_km:
            layer = k
    return layer


@kernel
def _thickness(tops, k, upper_km, lower_km):
    """Return how much of layer k (km) lies between two depths."""
    top = upper_km if k == 0 else max(tops[k], upper_km)
    bottom = lower_km if k == tops.shape[0] - 1 else min(tops[k + 1], lower_km)
    return max(bottom - top, 0.0)


@kernel
def _direct(tops, velocities, distance_km, upper_km, lower_km):
    """Return time (s), ray parameter p (s/km) and the two end slownesses' layers of the direct ray.

    Solves X(q) = sum d_k r_k q / sqrt(1 + (1 - r_k^2) q^2) = distance with r_k = v_k / v_max and
    p = q / (v_max sqrt(1 + q^2)). X rises and is concave in q, so Newton steps from a lower bound of the root rise to
    it without a safeguard. Lower bounds: the tangent at q = 0, and the asymptote for large q.
    """
    first, last, fastest = -1, -1, 0.0
    for k in range(tops.shape[0]):
        if _thickness(tops, k, upper_km, lower_km) > THIN_KM:
            first = k if first < 0 else first
            last = k
            fastest = max(fastest, velocities[k])
    if first < 0:
        layer = layer_of(tops, lower_km)
        return distance_km / velocities[layer], 1.0 / velocities[layer], layer, layer
    slope, thick, reach = 0.0, 0.0, 0.0
    for k in range(first, last + 1):
        d = _thickness(tops, k, upper_km, lower_km)
        r = velocities[k] / fastest
        slope += d * r
        if r < 1.0:
            reach += d * r / np.sqrt(1.0 - r * r)
        else:
            thick += d
    q = max(distance_km / slope, (distance_km - reach) / thick)
    for _ in range(60):
        x, dx = 0.0, 0.0
        for k in range(first, last + 1):
            d = _thickness(tops, k, upper_km, lower_km)
            r = velocities[k] / fastest
            s = 1.0 / np.sqrt(1.0 + (1.0 - r * r) * q * q)
            x += d * r * q * s
            dx += d * r * s * s * s
        step = (distance_km - x) / dx
        q += step
        if step <= 1e-12 * q:
            break
    root = np.sqrt(1.0 + q * q)
    p = q / (fastest * root)
    time = p * distance_km
    for k in range(first, last + 1):
        r = velocities[k] / fastest
        time += _thickness(tops, k, upper_km, lower_km) * np.sqrt(1.0 + (1.0 - r * r) * q * q) / (velocities[k] * root)
    return time, p, first, last


@kernel
def _head(tops, velocities, distance_km, source_km, receiver_km, m, below):
    """Return the time (s) of the head wave along layer m, infinity where there is none.

    ``below``: along the top of layer m under source and receiver; otherwise along its bottom over both.
    t = distance / v_m + sum d_k eta_k, eta_k = sqrt(1/v_k^2 - 1/v_m^2), from sum d_k / (v_m eta_k) on.
    """
    edge = tops[m] if below else tops[m + 1]
    fast = velocities[m]
    time, onset = distance_km / fast, 0.0
    for depth in (source_km, receiver_km):
        for k in range(tops.shape[0]):
            d = _thickness(tops, k, min(depth, edge), max(depth, edge))
            if d <= THIN_KM:
                continue
            if velocities[k] >= fast * (1.0 - 1e-9):
                return np.inf
            eta = np.sqrt(1.0 / (velocities[k] * velocities[k]) - 1.0 / (fast * fast))
            time += d * eta
            onset += d / (fast * eta)
    return time if distance_km >= onset else np.inf


@kernel
def first_ray(tops, velocities, distance_km, source_depth_km, receiver_depth_km):
    """Return what `first_arrival` does, and whether the first arrival is a head wave."""
    upper, lower = min(source_depth_km, receiver_depth_km), max(source_depth_km, receiver_depth_km)
    time, p, first, last = _direct(tops, velocities, distance_km, upper, lower)
    leave = last if source_depth_km >= receiver_depth_km else first
    sign, head = (1.0 if source_depth_km >= receiver_depth_km else -1.0), False
    if lower - upper <= THIN_KM:
        sign = 0.0
    for m in range(tops.shape[0]):
        if m > 0 and tops[m] >= lower:
            t = _head(tops, velocities, distance_km, source_depth_km, receiver_depth_km, m, True)
            if t < time:
                time, p, sign, leave, head = t, 1.0 / velocities[m], -1.0, layer_of(tops, source_depth_km), True
        elif m < tops.shape[0] - 1 and tops[m + 1] <= upper:
            t = _head(tops, velocities, distance_km, source_depth_km, receiver_depth_km, m, False)
            if t < time:
                time, p, sign, leave, head = t, 1.0 / velocities[m], 1.0, layer_of(tops, source_depth_km), True
    squared = 1.0 / (velocities[leave] * velocities[leave]) - p * p
    dtdz = sign * np.sqrt(squared) if squared > 0.0 else 0.0
    return time, p, dtdz, np.degrees(np.arctan2(p, -dtdz)), head


@kernel
def first_arrival(tops, velocities, distance_km, source_depth_km, receiver_depth_km):
    """Return the first arrival between a source and a receiver in flat layers.

    Parameters
    ----------
    tops
        Shape (n,), float64, ascending: layer tops (km below sea level). Not changed. tops[0] is not used: the first
        layer reaches up without end.
    velocities
        Shape (n,), float64, positive (km/s). Not changed. May fall with depth.
    distance_km
        Horizontal distance (km), >= 0.
    source_depth_km, receiver_depth_km
        Depths (km below sea level; negative above it), in any order.

    Returns
    -------
    tuple of float
        Travel time (s); its derivatives by distance (s/km) and by source depth (s/km); take-off angle of the ray at
        the source (deg, 0 = down, 180 = up).

    Notes
    -----
    The earliest of the direct ray and all head waves under (or, where a fast layer lies above, over) both ends.
    With p the ray parameter, dt/dx = p and dt/dz = +sqrt(1/v^2 - p^2) for a ray that leaves upward, minus for one
    that leaves downward. At an interface v is that of the layer the ray leaves through. Cost: O(n) per head wave and
    per Newton step (3 to 6). Formulas: Lee & Stewart 1981, Principles and Applications of Microearthquake Networks.
    """
    return first_ray(tops, velocities, distance_km, source_depth_km, receiver_depth_km)[:4]
