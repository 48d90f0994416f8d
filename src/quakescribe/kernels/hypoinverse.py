"""HYPOINVERSE's iteration for many events and trial depths: weights, guards, stops and flags in its order.

Facts from the manual (Klein 2002, USGS OFR 02-171, revised 2014) and the behaviour of version 1.40. A hypocentre is
time (s after the event's zero), latitude, longitude (deg), depth (km below sea level); steps are s and km.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from quakescribe.kernels.coarserays import coarse_arrival, offset_km
from quakescribe.kernels.geiger import (
    UNRESOLVED,
    UNSOLVED,
    cosine_taper,
    covariance_of,
    damped_step,
    decompose,
    standard_errors,
    taper_residuals,
    weighted_rms,
)
from quakescribe.kernels.raytrace import first_arrival

KM_PER_DEGREE = 111.19
SOFTENING = 0.006  # added to every singular value in a step
SLOW_FRACTION = 0.6  # the damping is halved after this fraction of the iterations
COUNTED = 0.1  # arrivals with a smaller weight do not count
REJECTIONS = 2  # residual weights are applied this many times an iteration
OVERTIME = 100  # iterations beyond the limit, spent going back, before the iteration is cut off

PLAIN, HASH, MINUS, FAILED = 0, 1, 2, 3
(TIME, LATITUDE, LONGITUDE, DEPTH, RMS, ERH, ERZ, GAP, DMIN, COUNT, FLAG, GRADE, ITERATIONS, CANCELLED, TRIAL,
 UNFLAGGED) = range(16)
SUMMARY = 16  # columns of a solution


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
    (weight of the phase): float64 but phase int64. tops (km), vp, vs (km/s): shape (n_layers,).
    """

    latitude: np.ndarray
    longitude: np.ndarray
    receiver: np.ndarray
    phase: np.ndarray
    observed: np.ndarray
    base: np.ndarray
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


@njit(cache=True, nogil=True)
def workspace(n):
    """Return a `Work` for n arrivals."""
    return Work(np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((n, 4)), np.zeros(4), np.zeros(4),
                np.zeros(4), np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4)))


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
            factor = cosine_taper(distance[i], main * rules.distance_full, main * rules.distance_zero)
        elif iteration >= rules.first_distance_from and distance[i] >= first * rules.first_distance_full:
            factor = cosine_taper(distance[i], first * rules.first_distance_full, first * rules.first_distance_zero)
        weight[i] = base[i] * factor


@njit(cache=True, nogil=True)
def measure(data, work):
    """Fill distance and azimuth from the present epicentre to every station."""
    for i in range(data.latitude.shape[0]):
        east, north = offset_km(work.state[1], work.state[2], data.latitude[i], data.longitude[i])
        work.distance[i] = np.hypot(east, north)
        work.azimuth[i] = np.degrees(np.arctan2(east, north))


@njit(cache=True, nogil=True)
def same_ray(rules, data, i):
    """Return True where arrival i has the ray of the one before it."""
    return (i > 0 and data.latitude[i] == data.latitude[i - 1] and data.longitude[i] == data.longitude[i - 1]
            and data.receiver[i] == data.receiver[i - 1]
            and (rules.vp_vs > 0.0 or data.phase[i] == data.phase[i - 1]))


@njit(cache=True, nogil=True)
def trace_rays(rules, data, work):
    """Fill residuals (s) and derivatives at the present hypocentre, after `measure`.

    With ``imitate_times`` as HYPOINVERSE has them: coarse rays, travel times cut to 0.01 s, whole degrees of azimuth.
    """
    time, p, dtdz = 0.0, 0.0, 0.0
    for i in range(data.latitude.shape[0]):
        own = data.phase[i] == 1 and rules.vp_vs == 0.0
        if not same_ray(rules, data, i):
            velocities = data.vs if own else data.vp
            if rules.imitate_times:
                time, p, dtdz = coarse_arrival(data.tops, velocities, work.distance[i], work.state[3], data.receiver[i])
                time = np.floor(100.0 * time) / 100.0
            else:
                time, p, dtdz, _ = first_arrival(data.tops, velocities, work.distance[i], work.state[3],
                                                 data.receiver[i])
        factor = rules.vp_vs if data.phase[i] == 1 and not own else 1.0
        azimuth = np.radians(np.trunc(work.azimuth[i]) if rules.imitate_times else work.azimuth[i])
        work.residual[i] = data.observed[i] - factor * time - work.state[0]
        work.derivatives[i, 0] = 1.0
        work.derivatives[i, 1] = -factor * p * np.cos(azimuth)
        work.derivatives[i, 2] = -factor * p * np.sin(azimuth)
        work.derivatives[i, 3] = factor * dtdz


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def step_length(step):
    """Return the spatial length of a step (km)."""
    return np.sqrt(step[1] * step[1] + step[2] * step[2] + step[3] * step[3])


@njit(cache=True, nogil=True)
def move(work):
    """Add the step to the hypocentre."""
    work.state[0] += work.step[0]
    work.state[1] += work.step[1] / KM_PER_DEGREE
    work.state[2] += work.step[2] / (KM_PER_DEGREE * np.cos(np.radians(work.state[1])))
    work.state[3] += work.step[3]


@njit(cache=True, nogil=True)
def hold(rules, data, work, iteration, cancelled):
    """Give up: keep the hypocentre, take the mean residual out of the origin time, and return as `solve` does."""
    measure(data, work)
    trace_rays(rules, data, work)
    work.weight[:] = data.base
    if data.base.sum() > 0.0:
        work.state[0] += (work.residual * data.base).sum() / data.base.sum()
        trace_rays(rules, data, work)
    rms, counted = normalise(rules, work, False)
    return FAILED, rms, max(counted, 0), 0, iteration, cancelled


@njit(cache=True, nogil=True)
def solve(rules, data, start, trial_depth_km, work):
    """Iterate from one trial depth; return flag, RMS (s), arrivals counted, parameters solved for, iterations, and
    whether weighting was cancelled.

    Parameters
    ----------
    rules, data
        A `Rules` and a `Data`. Not changed.
    start
        Shape (3,), float64: origin time (s), latitude, longitude (deg) to start from. Not changed.
    trial_depth_km
        Depth to start from.
    work
        A `Work`. Changed: at the end it holds the hypocentre in ``state`` and the residuals, weights, derivatives,
        singular values and vectors at it.

    Notes
    -----
    Flag: FAILED = too few weighted arrivals; MINUS = fewer than four parameters moved in the last step (the depth
    never freed, or a singular value too small); HASH = not converged, or a guard or a step back fired last, or
    weighting was cancelled; PLAIN = none of these.
    """
    work.state[:3] = start
    work.state[3] = max(trial_depth_km, rules.model_top_km)
    work.step[:] = 0.0
    if data.base.shape[0] < 4:
        return hold(rules, data, work, 0, False)
    size, used, backs, counted = 3, 0, 0, 0
    rms, smallest, previous, length = 0.0, 1e4, 1e4, 1e4
    freed, weighting, guarded, done = False, True, False, False
    iteration = 0
    while iteration < rules.max_iterations + OVERTIME:
        iteration += 1
        measure(data, work)
        second = second_nearest(work.distance)
        done = second > rules.max_second_station_km
        if weighting:
            distance_weights(rules, work.distance, data.base, iteration, second, work.weight)
        else:
            work.weight[:] = data.base
        trace_rays(rules, data, work)
        rms, counted = normalise(rules, work, weighting and iteration >= rules.residual_from)
        if counted < 4 and not (weighting and rules.cancel_weights) and (weighting or counted < 0):
            return hold(rules, data, work, iteration, not weighting)
        if counted < 4:
            weighting = False
        if counted < 0:
            continue
        if iteration > rules.distance_from and iteration > rules.residual_from and not done:
            settled = freed and (abs(previous - rms) < rules.stop_rms_s or length < rules.stop_step_km)
            done = settled or (iteration > rules.max_iterations and rms < smallest + rules.back_rms_s)
        if rms > smallest + rules.back_rms_s and not done:
            backs += 1
            previous = rms
            factor = -rules.back_fraction if backs == 1 else 1.0 - rules.back_fraction
            work.step[:] *= factor
            length *= abs(factor)
            guarded = True
        else:
            decompose(work.derivatives, work.weight, size, work.normal, work.singular, work.vectors)
            used = damped_step(work.derivatives, work.residual, work.weight, size, work.singular, work.vectors,
                               rules.min_eigenvalue, SOFTENING, work.step)
            slow = iteration > int(SLOW_FRACTION * rules.max_iterations)
            work.step[:] *= 0.5 * rules.damping if slow else rules.damping
            guarded = guard(rules, work)
            previous, smallest, backs = rms, min(smallest, rms), 0
            length = step_length(work.step)
        if done:
            break
        move(work)
        freed = freed or length < rules.free_depth_step_km
        size = 4 if freed else 3
    if used < 4:
        flag = MINUS
    elif iteration > rules.max_iterations or guarded or not weighting or not done:
        flag = HASH
    else:
        flag = PLAIN
    return flag, rms, counted, size, iteration, not weighting


@njit(cache=True, nogil=True)
def geometry(work):
    """Return the azimuthal gap (deg) and the nearest distance (km) over arrivals with weight of at least 0.1."""
    n = work.weight.shape[0]
    azimuths = np.empty(n)
    used = 0
    nearest = np.inf
    for i in range(n):
        if work.weight[i] >= COUNTED:
            azimuths[used] = work.azimuth[i]
            nearest = min(nearest, work.distance[i])
            used += 1
    if used == 0:
        return 360.0, 0.0
    a = np.sort(azimuths[:used])
    gap = 360.0 - a[used - 1] + a[0]
    for i in range(used - 1):
        gap = max(gap, a[i + 1] - a[i])
    return gap, nearest


@njit(cache=True, nogil=True)
def grade(rms, erh, erz, gap, dmin, depth, counted):
    """Return the quality 1 (A) to 4 (D): the mean, rounded half up, of a grade of the errors and one of the geometry."""
    errors = 4
    if rms < 0.15 and erh <= 1.0 and erz <= 2.0:
        errors = 1
    elif rms < 0.30 and erh <= 2.5 and erz <= 5.0:
        errors = 2
    elif rms < 0.50 and erh <= 5.0:
        errors = 3
    shape = 4
    if counted >= 6:
        if gap <= 90.0 and (dmin <= depth or dmin <= 5.0):
            shape = 1
        elif gap <= 135.0 and (dmin <= 2.0 * depth or dmin <= 10.0):
            shape = 2
        elif gap <= 180.0 and dmin <= 50.0:
            shape = 3
    return (errors + shape + 1) // 2


@njit(cache=True, nogil=True)
def summarise(rules, work, outcome, row):
    """Fill one row of solutions, and the covariance in ``work``, from what `solve` returned and left in ``work``."""
    flag, rms, counted, size, iterations, cancelled = outcome
    variance = rules.reading_error_s ** 2 + rules.rms_error_factor * rms * rms
    row[ERH], row[ERZ] = UNRESOLVED, UNRESOLVED
    if flag == FAILED:
        work.covariance[:] = 0.0
        for a in range(4):
            work.covariance[a, a] = UNSOLVED
    else:
        covariance_of(work.singular, work.vectors, size, variance, rules.min_eigenvalue, work.covariance)
        row[ERH], row[ERZ] = standard_errors(work.covariance, work.normal, work.step, work.vectors)
    row[TIME:DEPTH + 1] = work.state
    row[RMS], row[COUNT], row[FLAG], row[ITERATIONS] = rms, counted, flag, iterations
    row[CANCELLED] = cancelled
    row[GAP], row[DMIN] = geometry(work)
    row[GRADE] = grade(rms, row[ERH], row[ERZ], np.floor(row[GAP]), row[DMIN], row[DEPTH], counted)


@njit(cache=True, nogil=True)
def rank(row):
    """Return what solutions are compared by, smaller is better.

    Flagged or not, quality, whole gap, arrivals counted, RMS, then the earliest origin time and the southernmost
    epicentre: the order of the printed lines, so values count to the digit that HYPOINVERSE prints.
    """
    return (min(row[FLAG], 1.0), row[GRADE], np.floor(row[GAP]), -row[COUNT], np.rint(100.0 * row[RMS]),
            np.rint(100.0 * row[TIME]), row[LATITUDE])


@njit(cache=True, nogil=True)
def locate_all(rules, trial_depths, offsets, starts, arrivals, model, summary, covariance, rays):
    """Locate every event from every trial depth and keep the best solution of each; of equals, the first.

    Parameters
    ----------
    rules
        A `Rules`.
    trial_depths
        Shape (n_trials,), float64 (km below sea level).
    offsets
        Shape (n_events + 1,), int64: arrivals offsets[e] to offsets[e + 1] belong to event e, those of one station
        together. An event needs at least one arrival.
    starts
        Shape (n_events, 3), float64: origin time (s after the event's zero), latitude, longitude (deg) to start from.
    arrivals
        Tuple of latitude, longitude, receiver, phase, observed, base, each of shape (n,); see `Data`.
    model
        Tuple of tops, vp, vs, each of shape (n_layers,).
    summary, covariance
        Shapes (n_events, SUMMARY), (n_events, 4, 4), float64. Filled.
    rays
        Shape (n, 3), float64. Filled from the best solution: residual (s), weight (mean 1, 0 = not used), take-off
        angle (deg, 0 = down).

    Notes
    -----
    O(trials x iterations x arrivals) rays; each event stands alone.
    """
    latitude, longitude, receiver, phase, observed, base = arrivals
    tops, vp, vs = model
    row = np.empty(SUMMARY)
    for e in range(offsets.shape[0] - 1):
        a, b = offsets[e], offsets[e + 1]
        data = Data(latitude[a:b], longitude[a:b], receiver[a:b], phase[a:b], observed[a:b], base[a:b], tops, vp, vs)
        work = workspace(b - a)
        unflagged = 0
        for k in range(trial_depths.shape[0]):
            summarise(rules, work, solve(rules, data, starts[e], trial_depths[k], work), row)
            unflagged += row[FLAG] == PLAIN
            row[TRIAL] = trial_depths[k]
            if k == 0 or rank(row) < rank(summary[e]):
                summary[e] = row
                covariance[e] = work.covariance
                rays[a:b, 0] = work.residual
                rays[a:b, 1] = work.weight
                d = work.derivatives
                rays[a:b, 2] = np.degrees(np.arctan2(np.hypot(d[:, 1], d[:, 2]), -d[:, 3]))
        summary[e, UNFLAGGED] = unflagged
