"""Distances and travel times with the tolerances of HYPOINVERSE 1.40, so that its solutions can be met step by step.

Its direct rays end up to tens of metres beside the station and their times are not corrected for it (up to 0.015 s).
For every other purpose use `quakescribe.kernels.raytrace`, which is exact.
"""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.raytrace import _head, _thickness

RADIANS = 0.0174532  # per degree, to the digits HYPOINVERSE has
MAJOR_AXIS_M, ECCENTRICITY2 = 6378206.4, 0.00676866  # Clarke 1866
SECOND = ECCENTRICITY2 / (1.0 - ECCENTRICITY2)  # square of the second eccentricity
VERTICAL_KM = 1e-4  # rays to nearer stations are vertical
NEAR_KM, STEEP, MISS_S = 0.04, 0.05, 0.015  # a ray ends when it misses by less than 0.04 km, or 0.015 s if not steep
GRAZING = 0.99999  # sines beyond this run along the top of the source's layer
ROUNDS = 25


@kernel
def meridian_arc(latitude):
    """Return the distance (m) from the equator along the meridian."""
    a = latitude * RADIANS
    return 111132.0894 * latitude - 16216.94 * np.sin(2 * a) + 17.21 * np.sin(4 * a) - 0.02 * np.sin(6 * a)


@kernel
def point_terms(latitude):
    """Return what a point's latitude (deg) contributes to its offsets: cosine, tangent, n (m), c, arc (m)."""
    a = latitude * RADIANS
    n = MAJOR_AXIS_M / np.sqrt(1.0 - ECCENTRICITY2 * np.sin(a) ** 2)
    return np.cos(a), np.tan(a), n, SECOND * np.cos(a) ** 2, meridian_arc(latitude)


@kernel
def offset_km(arc, longitude, terms, to_longitude):
    """Return km east and km north in the transverse Mercator projection through the first point.

    Parameters
    ----------
    arc, longitude
        `meridian_arc` (m) of the first point, and its longitude (deg).
    terms, to_longitude
        `point_terms` of the second point, and its longitude (deg).

    Notes
    -----
    Formulas: Snyder 1987, USGS Professional Paper 1395, p. 61, scale 1, ellipsoid Clarke 1866.
    """
    cosine, tangent, n, c, to_arc = terms[0], terms[1], terms[2], terms[3], terms[4]
    t = tangent * tangent
    b = ((to_longitude - longitude + 180.0) % 360.0 - 180.0) * RADIANS * cosine
    bb = b * b
    east = n * b * (1.0 + bb * ((1 - t + c) / 6 + bb * (5 - 18 * t + t * t + 72 * c - 58 * SECOND) / 120))
    north = to_arc - arc + n * tangent * bb * (
        0.5 + bb * ((5 - t + 9 * c + 4 * c * c) / 24 + bb * (61 - 58 * t + t * t + 600 * c - 330 * SECOND) / 720))
    return east / 1000.0, north / 1000.0


@kernel
def layer_above(tops, depth_km):
    """Return the layer that holds a depth; a depth on an interface belongs to the layer above."""
    for k in range(tops.shape[0] - 1):
        if depth_km <= tops[k + 1]:
            return k
    return tops.shape[0] - 1


@kernel
def _reach(tops, velocities, upper, lower, shallow, deep, sine):
    """Return where the ray with this sine in the deep layer comes up (km), and its time (s)."""
    distance, time = 0.0, 0.0
    for k in range(shallow, deep + 1):
        ratio = velocities[deep] / velocities[k]
        root = np.sqrt(ratio * ratio - sine * sine)
        thick = _thickness(tops, k, upper, lower)
        distance += sine * thick / root
        time += thick * ratio / (velocities[k] * root)
    return distance, time


@kernel
def _direct_sine(tops, velocities, distance, upper, lower, shallow, deep):
    """Return the sine, in the deeper end's layer, of a direct ray that nearly meets the distance; 1 where it grazes.

    The distance reached is fitted through 0 and two sines by c / (m - u) + a (u - m) + b, m the largest sine; the fit
    is solved for the distance, and the result replaces one of the two (Lahr 1999, HYPOELLIPSE, USGS OFR 99-23).
    """
    top = 1.0
    for k in range(shallow, deep):
        top = min(top, velocities[deep] / velocities[k])
    low, high = 0.75 * top, min(distance / np.hypot(lower - upper, distance), top - 1e-4)
    low, high = min(low, high), max(low, high)
    low_x = _reach(tops, velocities, upper, lower, shallow, deep, low)[0]
    high_x = _reach(tops, velocities, upper, lower, shallow, deep, high)[0]
    sine = high
    for _ in range(ROUNDS):
        if low * high * (high - low) == 0.0:
            break
        first, second = low_x * high * (top - low), high_x * low * (top - high)
        scale = low * high * (high - low)
        a = (first - second) / scale
        b = (first * (2 * top - high) - second * (2 * top - low)) / scale
        if a == 0.0:
            break
        rest = distance - b
        sine = top + (rest - np.sqrt(max(rest * rest + 4 * a * (a * top * top - b * top), 0.0))) / (2 * a)
        if sine >= GRAZING:
            return 1.0
        sine = max(min(sine, top - 1e-6), 0.0)
        x = _reach(tops, velocities, upper, lower, shallow, deep, sine)[0]
        if abs(distance - x) < (NEAR_KM if sine < STEEP else MISS_S * velocities[deep] / sine):
            break
        if distance >= high_x:
            low, low_x, high, high_x = high, high_x, sine, x
        elif distance <= low_x:
            low, low_x, high, high_x = sine, x, low, low_x
        elif distance >= x:
            low, low_x = sine, x
        else:
            high, high_x = sine, x
    return sine


@kernel
def _grazing(tops, velocities, distance, upper, shallow, deep):
    """Return the time (s) along the top of the deep layer and up from it."""
    p = 1.0 / velocities[deep]
    time = distance * p
    for k in range(shallow, deep):
        slowness2 = 1.0 / (velocities[k] * velocities[k])
        time += _thickness(tops, k, upper, tops[deep]) * np.sqrt(max(slowness2 - p * p, 0.0))
    return time


@kernel
def coarse_arrival(tops, velocities, distance_km, source_depth_km, receiver_depth_km):
    """Return the first arrival as `first_arrival` does, but as HYPOINVERSE's layered models find it.

    Parameters
    ----------
    tops, velocities
        Shape (n,), float64: layer tops (km below sea level, ascending) and velocities (km/s). Not changed.
    distance_km, source_depth_km, receiver_depth_km
        Horizontal distance, >= 0; depths below sea level, in any order (km).

    Returns
    -------
    tuple of float
        Travel time (s), its derivatives by distance (s/km) and by source depth (s/km).

    Notes
    -----
    Head waves run under both ends only. A direct ray that grazes runs along the top of the deeper end's layer.
    """
    upper, lower = min(source_depth_km, receiver_depth_km), max(source_depth_km, receiver_depth_km)
    below = source_depth_km >= receiver_depth_km
    shallow, deep = layer_above(tops, upper), layer_above(tops, lower)
    leave = velocities[deep] if below else velocities[shallow]
    upward = 1.0 if below else -1.0
    if shallow == deep:
        length = np.hypot(lower - upper, distance_km)
        time, p = length / leave, distance_km / (length * leave) if length > VERTICAL_KM else 1.0 / leave
    elif distance_km < VERTICAL_KM:
        time, p = _reach(tops, velocities, upper, lower, shallow, deep, 0.0)[1], 0.0
    else:
        sine = _direct_sine(tops, velocities, distance_km, upper, lower, shallow, deep)
        p = sine / velocities[deep]
        if sine == 1.0:
            time = _grazing(tops, velocities, distance_km, upper, shallow, deep)
        else:
            time = _reach(tops, velocities, upper, lower, shallow, deep, sine)[1]
    fastest = 0.0
    for m in range(shallow + 1, tops.shape[0]):
        fastest = max(fastest, velocities[m - 1])
        if m <= deep or distance_km < VERTICAL_KM or velocities[m] <= fastest:
            continue
        slowness = 1.0 / velocities[m]
        least = np.sqrt(1.0 / (fastest * fastest) - slowness * slowness)  # s per km of depth, at the fastest above
        if distance_km * slowness + (2.0 * tops[m] - upper - lower) * least > time:
            continue
        head = _head(tops, velocities, distance_km, source_depth_km, receiver_depth_km, m, True)
        if head <= time:
            time, p, upward = head, slowness, -1.0
    return time, p, upward * np.sqrt(max(1.0 / (leave * leave) - p * p, 0.0))
