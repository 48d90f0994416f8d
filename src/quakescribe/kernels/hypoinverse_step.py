"""What HYPOINVERSE does with one hypocentre within an iteration: distances, weights, rays, and the guards on a step.

A hypocentre is time (s after the event's zero), latitude, longitude (deg), depth (km below sea level); steps are s
and km. Facts from the manual (Klein 2002, USGS OFR 02-171, revised 2014) and the behaviour of version 1.40.
"""

from typing import NamedTuple

import numpy as np

from quakescribe.kernels.coarserays import coarse_arrival, meridian_arc, offset_km
from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.geiger import taper_residuals, weighted_rms
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.kernels.refine import taper

KM_PER_DEGREE = 111.19
COUNTED = 0.1  # arrivals with a smaller weight do not count
REJECTIONS = 2  # residual weights are applied this many times an iteration


class Rules(NamedTuple):
    """The control file as numbers; see `quakescribe.settings.hypoinverse` for what each means."""

    imitate_times: bool
    vp_vs: float
    min_phases: int
    cancel_weights: bool
    first_distance_from: int
    first_distance_km: float
    first_distance_full: float
    first_distance_zero: float
    distance_from: int
    distance_km: float
    distance_full: float
    distance_zero: float
    residual_from: int
    residual_s: float
    residual_full: float
    residual_zero: float
    reading_error_s: float
    rms_error_factor: float
    max_iterations: int
    stop_step_km: float
    stop_rms_s: float
    free_depth_step_km: float
    max_depth_step_km: float
    top_fraction: float
    damping: float
    min_eigenvalue: float
    back_rms_s: float
    back_fraction: float
    max_step_km: float
    max_second_station_km: float
    model_top_km: float


class Data(NamedTuple):
    """The arrivals of one event, those of a station together. Shape (n,) each; nothing is changed.

    latitude, longitude (deg), receiver (sensor depth, km below sea level), phase (0 P, 1 S), observed (s), base
    (weight of the phase): float64 but phase int64. again: `same_place`; terms: shape (n, 5), `point_terms`
    of the stations. tops (km), vp, vs (km/s): shape (n_layers,).
    """

    latitude: np.ndarray
    longitude: np.ndarray
    receiver: np.ndarray
    phase: np.ndarray
    observed: np.ndarray
    base: np.ndarray
    again: np.ndarray
    terms: np.ndarray
    tops: np.ndarray
    vp: np.ndarray
    vs: np.ndarray


class Work(NamedTuple):
    """Arrays the iteration writes: distance (km), azimuth (deg, -180 to 180), residual (s), weight (n,); derivatives
    (n, 4); small ones of 4 or 4 x 4."""

    distance: np.ndarray
    azimuth: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    derivatives: np.ndarray
    state: np.ndarray
    step: np.ndarray
    singular: np.ndarray
    vectors: np.ndarray
    normal: np.ndarray
    covariance: np.ndarray


@kernel
def workspace(n):
    """Return a `Work` for n arrivals."""
    return Work(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, 4)), np.zeros(4), np.zeros(4),
                np.zeros(4), np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4)))


@kernel
def second_nearest(distance):
    """Return the second smallest distinct distance (km); infinity where all stations are at one place."""
    nearest, second = np.inf, np.inf
    for d in distance:
        if d < nearest:
            second = nearest
            nearest = d
        elif nearest < d < second:
            second = d
    return second


@kernel
def distance_weights(rules, distance, base, iteration, second, weight):
    """Fill the weights: phase weight times the main distance taper, or the first one where the main has no effect yet.

    Parameters
    ----------
    rules
        A `Rules`.
    distance, base
        Shape (n,), float64: epicentral distance (km), phase weight. Not changed.
    iteration
        Counted from 1.
    second
        Distance of the second nearest station (km).
    weight
        Shape (n,), float64. Filled.
    """
    main = max(second, rules.distance_km)
    first = max(second, rules.first_distance_km)
    for i in range(distance.shape[0]):
        factor = 1.0
        if iteration >= rules.distance_from and distance[i] >= main * rules.distance_full:
            factor = taper(distance[i], main * rules.distance_full, main * rules.distance_zero)
        elif iteration >= rules.first_distance_from and distance[i] >= first * rules.first_distance_full:
            factor = taper(distance[i], first * rules.first_distance_full, first * rules.first_distance_zero)
        weight[i] = base[i] * factor


@kernel
def same_place(latitude, longitude, receiver):
    """Return, shape (n,), which arrivals are of the station of the one before."""
    out = np.zeros(latitude.shape[0], dtype=np.bool_)
    for i in range(1, latitude.shape[0]):
        out[i] = (latitude[i] == latitude[i - 1] and longitude[i] == longitude[i - 1]
                  and receiver[i] == receiver[i - 1])
    return out


@kernel
def measure(data, work):
    """Fill distance and azimuth from the present epicentre to every station."""
    again, longitude, terms, distance, azimuth = data.again, data.longitude, data.terms, work.distance, work.azimuth
    arc, origin = meridian_arc(work.state[1]), work.state[2]
    for i in range(distance.shape[0]):
        if again[i]:
            distance[i], azimuth[i] = distance[i - 1], azimuth[i - 1]
        else:
            east, north = offset_km(arc, origin, terms[i], longitude[i])
            distance[i] = np.sqrt(east * east + north * north)
            azimuth[i] = np.degrees(np.arctan2(east, north))


@kernel
def trace_rays(rules, data, work):
    """Fill residuals (s) and derivatives at the present hypocentre, after `measure`.

    With ``imitate_times`` as HYPOINVERSE has them: coarse rays, travel times cut to 0.01 s, whole degrees of azimuth.
    """
    # arrays out of the tuples first: each access to one within the loop would cost more than a ray
    again, phase, observed, receiver, tops, vp, vs = (data.again, data.phase, data.observed, data.receiver, data.tops,
                                                      data.vp, data.vs)
    distance, azimuth, residual, derivatives = work.distance, work.azimuth, work.residual, work.derivatives
    origin, depth = work.state[0], work.state[3]
    imitate, vp_vs = rules.imitate_times, rules.vp_vs
    time, p, dtdz, cosine, sine = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(distance.shape[0]):
        own = phase[i] == 1 and vp_vs == 0.0
        if not again[i]:
            angle = np.radians(np.trunc(azimuth[i]) if imitate else azimuth[i])
            cosine, sine = np.cos(angle), np.sin(angle)
        if not again[i] or (vp_vs == 0.0 and phase[i] != phase[i - 1]):
            if imitate:
                time, p, dtdz = coarse_arrival(tops, vs if own else vp, distance[i], depth, receiver[i])
                time = np.floor(100.0 * time) / 100.0
            else:
                time, p, dtdz, _ = first_arrival(tops, vs if own else vp, distance[i], depth, receiver[i])
        factor = vp_vs if phase[i] == 1 and not own else 1.0
        residual[i] = observed[i] - factor * time - origin
        derivatives[i, 0] = 1.0
        derivatives[i, 1] = -factor * p * cosine
        derivatives[i, 2] = -factor * p * sine
        derivatives[i, 3] = factor * dtdz


@kernel
def normalise(rules, work, rejecting):
    """Apply residual weights if ``rejecting``, scale the weights to mean 1, and return RMS (s) and arrivals counted.

    The mean runs over the arrivals with weight; as long as residuals are not weighted, over all. The count is of
    weights above 0.1; it is -1 where no weight is left.
    """
    n = work.weight.shape[0]
    kept = n
    if rejecting:
        for _ in range(REJECTIONS):
            taper_residuals(work.residual, work.weight, rules.residual_s, rules.residual_full, rules.residual_zero)
        kept = 0
        for i in range(n):
            kept += work.weight[i] > 0.0
    total = work.weight.sum()
    if total <= 0.0:
        return 0.0, -1
    counted = 0
    for i in range(n):
        work.weight[i] *= kept / total
        counted += work.weight[i] > COUNTED
    return weighted_rms(work.residual, work.weight), counted


@kernel
def guard(rules, work):
    """Shorten a step that leaves the model, or is too long; return True if it did. Then the step is as it is taken."""
    step = work.step
    fired = False
    height = work.state[3] - rules.model_top_km
    if height + step[3] < 0.0:
        fired = True
        fraction = -rules.top_fraction * height / step[3]
        for a in range(4):
            step[a] *= fraction
    if abs(step[3]) > rules.max_depth_step_km:
        fired = True
        step[3] *= rules.max_depth_step_km / (abs(step[3]) + rules.max_depth_step_km)
    length = step_length(step)
    if length > rules.max_step_km:
        fired = True
        for a in range(4):
            step[a] *= rules.max_step_km / length
    return fired


@kernel
def step_length(step):
    """Return the spatial length of a step (km)."""
    return np.sqrt(step[1] * step[1] + step[2] * step[2] + step[3] * step[3])


@kernel
def move(work):
    """Add the step to the hypocentre."""
    work.state[0] += work.step[0]
    work.state[1] += work.step[1] / KM_PER_DEGREE
    work.state[2] += work.step[2] / (KM_PER_DEGREE * np.cos(np.radians(work.state[1])))
    work.state[3] += work.step[3]
