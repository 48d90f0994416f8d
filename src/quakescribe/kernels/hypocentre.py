"""Hypocentres of many events: robust scale and weights around the refinement, covariance, azimuthal gap."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.correlated import apply_change, shared_errors
from quakescribe.kernels.profile import profile
from quakescribe.kernels.refine import PHASE, SIGMA, TIME, X, Y, descend, predict, taper


@kernel
def azimuthal_gap(azimuths):
    """Return the largest angle (deg) not covered by any station, in (0, 360]; 360 for fewer than two stations.

    Parameters
    ----------
    azimuths
        Shape (n,), float64: epicentre to station, clockwise from north (deg), in [0, 360). Not changed.

    Notes
    -----
    With azimuths sorted, gap = max(a[i+1] - a[i]), closing the circle. O(n log n) time, O(n) memory.
    """
    n = azimuths.shape[0]
    if n < 2:
        return 360.0
    a = np.sort(azimuths)
    gap = 360.0 - a[n - 1] + a[0]
    for i in range(n - 1):
        gap = max(gap, a[i + 1] - a[i])
    return gap


@kernel
def gaps(azimuths, offsets):
    """Return the azimuthal gap (deg) of every event: azimuths offsets[e] to offsets[e + 1] belong to event e."""
    out = np.empty(offsets.shape[0] - 1)
    for e in range(out.shape[0]):
        out[e] = azimuthal_gap(azimuths[offsets[e]:offsets[e + 1]])
    return out


@kernel
def distance_reach(hypocentre, x, y, cut_km):
    """Return the distance (km) that distance weights are relative to: the second nearest station, at least cut_km.

    Arrivals at one place count as one station.
    """
    nearest, second = np.inf, np.inf
    for i in range(x.shape[0]):
        d = np.hypot(x[i] - hypocentre[0], y[i] - hypocentre[1])
        if d < nearest - 1e-6:
            second = nearest
            nearest = d
        elif nearest + 1e-6 < d < second:
            second = d
    return max(cut_km, second) if second < np.inf else max(cut_km, nearest)


@kernel
def _prepare(rows, hypocentre, arrivals, sigma, base, options):
    """Set sigma (s, with model error and the event's robust scale) and distance weights; return scale and number used.

    scale = max(1, 1.4826 median |r / sigma|). Where fewer than four arrivals would keep weight 0.1, all weights stay 1
    and the number returned is negative.
    """
    n = arrivals.shape[0]
    reach = distance_reach(hypocentre, arrivals[:, X], arrivals[:, Y], options[3])
    scaled = np.empty(n)
    for i in range(n):
        predicted = options[7] * rows[i, 0]
        model = options[6] * (options[9] if arrivals[i, PHASE] == 1.0 else 1.0)
        sigma[i] = np.sqrt(arrivals[i, SIGMA] ** 2 + model * model + predicted * predicted)
        distance = np.hypot(arrivals[i, X] - hypocentre[0], arrivals[i, Y] - hypocentre[1])
        base[i] = taper(distance / reach, options[4], options[5])
        scaled[i] = abs(arrivals[i, TIME] - hypocentre[3] - rows[i, 0]) / sigma[i]
    scale = max(1.0, 1.4826 * np.median(scaled)) if n > 0 else 1.0
    used = 0
    for i in range(n):
        sigma[i] *= scale
        if base[i] * taper(scaled[i] / scale, options[0], options[1]) >= 0.1:
            used += 1
    if used < min(4, n):
        base[:] = 1.0
        return scale, -n
    return scale, used


@kernel
def _weigh(weights, change, rows, hypocentre, arrivals, sigma, base, shape, scale, options):
    """Set the final weights and :func:`shared_errors`; return the variance factor and the depth's information."""
    squares, total, information = 0.0, 0.0, 0.0
    for i in range(arrivals.shape[0]):
        u = (arrivals[i, TIME] - hypocentre[3] - rows[i, 0]) / sigma[i]
        weights[i] = base[i] * taper(abs(u), shape[0], shape[1])
        squares += weights[i] * u * u * scale * scale
        total += weights[i]
        information += weights[i] * (rows[i, 3] * scale / sigma[i]) ** 2
    taken = shared_errors(change, rows, weights, arrivals, sigma, scale, options[10])
    degrees = options[8] + max(total - taken, 0.0)
    return max((options[8] + squares) / degrees, 1e-6) if degrees > 0.0 else 1.0, information


@kernel
def refine_event(hypocentre, rows, weights, covariance, arrivals, layers, box, options):
    """Refine one hypocentre in place with exact rays, robustly.

    Parameters
    ----------
    hypocentre
        Shape (4,), float64: x, y (km in a plane around the start), depth (km), origin time (s). Overwritten.
    rows, weights, covariance
        Shapes (n, 5), (n,), (4, 4), float64. Overwritten: predictions as in :func:`quakescribe.kernels.refine.predict`,
        weights (0 to 1), covariance of x, y, z (km) and t0 (s).
    arrivals
        Shape (n, 7), float64: place (km) and depth (km) of the sensor, 0 P or 1 S, arrival time (s), its standard
        deviation (s), correction added to the prediction (s). Not changed.
    layers
        Shape (3, n_layers), float64: tops (km), P and S velocities (km/s). Not changed.
    box
        Shape (3, 2), float64: limits of x, y, depth (km).
    options
        Shape (11,), float64: full and zero weight of residuals (standard deviations), most steps, distance cut (km),
        full and zero weight of distances (multiples), model error (s), model error (fraction), prior arrivals, model
        error of S over that of P, correlation of the two at a station.

    Returns
    -------
    tuple of float
        Variance factor (prior + sum w u^2) / (prior + max(sum w - k, 0)), u = r / sigma, k = 4 or more as
        :func:`quakescribe.kernels.correlated.shared_errors` says; 1 if the last descent
        converged, else 0; 1 if the residual and distance weights had to be dropped, else 0.

    Notes
    -----
    Three rounds of robust scale, weights and Levenberg-Marquardt descent; then the profile along depth, from whose
    least misfit the last round is repeated once where that is lower. O(n) per step.
    """
    n = arrivals.shape[0]
    sigma, base, better, change = np.empty(n), np.empty(n), np.empty(4), np.empty((4, 4))
    scale, used, steps = 1.0, n, 0
    predict(rows, hypocentre, arrivals, layers)
    shape = np.array([options[0], options[1], options[2]])
    factor = 1.0
    for turn in range(4):
        scale, used = _prepare(rows, hypocentre, arrivals, sigma, base, options)
        shape[0], shape[1] = (options[0], options[1]) if used >= 0 else (1e6, 2e6)
        steps = descend(hypocentre, rows, arrivals, sigma, base, layers, box, shape)
        if turn < 2:
            continue
        factor, information = _weigh(weights, change, rows, hypocentre, arrivals, sigma, base, shape, scale, options)
        first = 0.25 * np.sqrt(factor / information) if information > 0.0 else 1.0
        lower = profile(covariance, better, hypocentre, arrivals, sigma, base, layers, box, shape,
                        scale * scale / factor, min(max(first, 0.05), 1.0))
        if not lower > 0.01:
            break
        if turn < 3:
            hypocentre[:] = better
            predict(rows, hypocentre, arrivals, layers)
    apply_change(covariance, change)
    return factor, 1.0 if steps >= 0 else 0.0, 0.0 if used >= 0 else 1.0


@kernel
def refine_events(hypocentres, rows, weights, covariance, state, offsets, arrivals, layers, boxes, options):
    """Refine many events in place: arrivals offsets[e] to offsets[e + 1] belong to event e.

    ``hypocentres`` (n_events, 4), ``covariance`` (n_events, 4, 4), ``state`` (n_events, 3: variance factor, converged,
    weights dropped), ``rows`` (n, 5) and ``weights`` (n,) are overwritten; the others are as in :func:`refine_event`.
    """
    for e in range(offsets.shape[0] - 1):
        a, b = offsets[e], offsets[e + 1]
        if a == b:
            continue
        state[e] = refine_event(hypocentres[e], rows[a:b], weights[a:b], covariance[e], arrivals[a:b], layers,
                                boxes[e], options)
