"""HYPOINVERSE's iteration for many events and trial depths: its order of weights, steps, stops, flags and choice.

Facts from the manual (Klein 2002, USGS OFR 02-171, revised 2014) and the behaviour of version 1.40. What happens
within an iteration is in `quakescribe.kernels.hypoinverse_step`.
"""

import numpy as np

from quakescribe.kernels.coarserays import point_terms
from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.geiger import UNRESOLVED, UNSOLVED, covariance_of, damped_step, decompose, standard_errors
from quakescribe.kernels.hypoinverse_step import (
    COUNTED,
    Data,
    distance_weights,
    guard,
    measure,
    move,
    normalise,
    same_place,
    second_nearest,
    step_length,
    trace_rays,
    workspace,
)

SOFTENING = 0.006  # added to every singular value in a step
SLOW_FRACTION = 0.6  # the damping is halved after this fraction of the iterations
OVERTIME = 100  # iterations beyond the limit, spent going back, before the iteration is cut off

PLAIN, HASH, MINUS, FAILED = 0, 1, 2, 3
(TIME, LATITUDE, LONGITUDE, DEPTH, RMS, ERH, ERZ, GAP, DMIN, COUNT, FLAG, GRADE, ITERATIONS, CANCELLED, TRIAL,
 UNFLAGGED) = range(16)
SUMMARY = 16  # columns of a solution


@kernel
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


@kernel
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


@kernel
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


@kernel
def grade(rms, erh, erz, gap, dmin, depth, counted):
    """Return the quality 1 (A) to 4 (D): the mean, rounded half up, of the grades of errors and of geometry."""
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


@kernel
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


@kernel
def rank(row):
    """Return what solutions are compared by, smaller is better.

    Flagged or not, quality, whole gap, arrivals counted, RMS, then the earliest origin time and the southernmost
    epicentre: the order of the printed lines, so values count to the digit that HYPOINVERSE prints.
    """
    return (min(row[FLAG], 1.0), row[GRADE], np.floor(row[GAP]), -row[COUNT], np.rint(100.0 * row[RMS]),
            np.rint(100.0 * row[TIME]), row[LATITUDE])


@kernel
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
    terms = np.empty((latitude.shape[0], 5))
    for i in range(latitude.shape[0]):
        terms[i, 0], terms[i, 1], terms[i, 2], terms[i, 3], terms[i, 4] = point_terms(latitude[i])
    for e in range(offsets.shape[0] - 1):
        a, b = offsets[e], offsets[e + 1]
        again = same_place(latitude[a:b], longitude[a:b], receiver[a:b])
        data = Data(latitude[a:b], longitude[a:b], receiver[a:b], phase[a:b], observed[a:b], base[a:b], again,
                    terms[a:b], tops, vp, vs)
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
