"""Uncertainty of a hypocentre from the misfit along depth: honest where depth has bounds, kinks or two minima."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.refine import cost_of, normal_equations, predict, solve4

GROWTH = 1.35  # each step along depth is this much longer than the one before
PRIOR_KM = 99.0  # standard deviation (km) assumed beforehand, east and north
PRIOR_S = 16.5  # and of the origin time (s)


@kernel
def _hold_depth(matrix, vector):
    """Take the depth out of the normal equations of (x, y, z, t0)."""
    matrix[2, :] = 0.0
    matrix[:, 2] = 0.0
    matrix[2, 2] = 1.0
    vector[2] = 0.0


@kernel
def _settle(place, rows, arrivals, sigma, base, layers, box, shape):
    """Move x, y, t0 to the least misfit at the depth of ``place`` and return it.

    At most three Gauss-Newton steps; none that promises to lower the misfit by less than 0.01.
    """
    matrix, vector = np.zeros((4, 4)), np.zeros(4)
    predict(rows, place, arrivals, layers)
    cost = cost_of(rows, arrivals, place[3], sigma, base, shape[0], shape[1])
    trial, trial_rows = place.copy(), np.empty_like(rows)
    for _ in range(3):
        normal_equations(matrix, vector, rows, place, arrivals, sigma, base, shape[0], shape[1], box)
        _hold_depth(matrix, vector)
        for a in (0, 1, 3):
            matrix[a, a] += 1e-6 * matrix[a, a] + 1e-9
        step = solve4(matrix, vector)
        if vector[0] * step[0] + vector[1] * step[1] + vector[3] * step[3] < 0.02:
            break
        for a in range(2):
            trial[a] = min(max(place[a] + step[a], box[a, 0]), box[a, 1])
        trial[3] = place[3] + step[3]
        predict(trial_rows, trial, arrivals, layers)
        new = cost_of(trial_rows, arrivals, trial[3], sigma, base, shape[0], shape[1])
        if not new < cost:
            break
        cost = new
        place[:] = trial
        rows[:] = trial_rows
    return cost


@kernel
def profile(covariance, better, hypocentre, arrivals, sigma, base, layers, box, shape, per_cost, first_km):
    """Fill the covariance of a hypocentre from the misfit at many depths; return how much lower a misfit was found.

    Parameters
    ----------
    covariance
        Shape (4, 4), float64 (x, y, z in km, t0 in s). Overwritten, in units of the variance factor 1 / per_cost.
    better
        Shape (4,), float64. Overwritten with the place of least misfit, which may lie at another depth.
    hypocentre
        Shape (4,), float64: x, y, z (km), t0 (s), a minimum of the misfit. Not changed.
    arrivals, sigma, base, layers, box, shape
        As in :func:`quakescribe.kernels.refine.descend`. Not changed.
    per_cost
        The misfit is multiplied by this to become a negative log likelihood.
    first_km
        First step along depth (km); each next one is 1.35 times longer, up to the box on both sides.

    Returns
    -------
    float
        Misfit at ``hypocentre`` minus the least found; 0 if there is none lower.

    Notes
    -----
    At each depth z_k the other coordinates settle at m_k, with covariance C_k given depth (and a prior of 99 km and
    16.5 s). Then C = sum p_k (C_k + (m_k - m)(m_k - m)^T), p_k ~ exp(-per_cost F_k) dz_k: the second moment about the
    solution, of the profile likelihood. For a quadratic misfit this is the usual inverse. Cost: about 25 depths, each
    one or two times n rays.
    """
    n_most = 120
    nodes, costs, conditional = np.empty((n_most, 4)), np.empty(n_most), np.empty((n_most, 4, 4))
    rows, place, before, slope = np.empty((arrivals.shape[0], 5)), hypocentre.copy(), np.empty(4), np.zeros(4)
    nodes[0] = hypocentre
    predict(rows, hypocentre, arrivals, layers)
    costs[0] = cost_of(rows, arrivals, hypocentre[3], sigma, base, shape[0], shape[1])
    _given_depth(conditional[0], rows, hypocentre, arrivals, sigma, base, box, shape, per_cost)
    count = 1
    for side in (-1.0, 1.0):
        place[:] = hypocentre
        slope[:] = 0.0
        step = first_km
        edge = box[2, 0] if side < 0.0 else box[2, 1]
        while place[2] != edge and count < n_most:
            before[:] = place
            place[2] = max(place[2] - step, edge) if side < 0.0 else min(place[2] + step, edge)
            step *= GROWTH
            for a in (0, 1, 3):
                place[a] += slope[a] * (place[2] - before[2])
            for a in range(2):
                place[a] = min(max(place[a], box[a, 0]), box[a, 1])
            costs[count] = _settle(place, rows, arrivals, sigma, base, layers, box, shape)
            _given_depth(conditional[count], rows, place, arrivals, sigma, base, box, shape, per_cost)
            slope[:] = (place - before) / (place[2] - before[2])
            nodes[count] = place
            count += 1
    return _mix(covariance, better, hypocentre, nodes[:count], costs[:count], conditional[:count], per_cost)


@kernel
def _given_depth(covariance, rows, place, arrivals, sigma, base, box, shape, per_cost):
    """Fill the covariance of x, y, t0 (with the prior) at a given depth; its depth row and column are 0."""
    matrix, unit = np.zeros((4, 4)), np.zeros(4)
    normal_equations(matrix, unit, rows, place, arrivals, sigma, base, shape[0], shape[1], box)
    _hold_depth(matrix, unit)
    matrix *= per_cost
    for a in range(4):
        matrix[a, a] += 1.0 / (PRIOR_S * PRIOR_S if a == 3 else PRIOR_KM * PRIOR_KM)
    for a in range(4):
        unit[:] = 0.0
        unit[a] = 1.0
        covariance[:, a] = solve4(matrix, unit)
    covariance[2, 2] = 0.0


@kernel
def _mix(covariance, better, hypocentre, nodes, costs, conditional, per_cost):
    """Sum the profile over depth by the trapezoidal rule; see :func:`profile`."""
    order = np.argsort(nodes[:, 2])
    n = order.shape[0]
    least = np.argmin(costs)
    better[:] = nodes[least]
    covariance[:] = 0.0
    total = 0.0
    for i in range(n):
        k = order[i]
        width = 0.5 * (nodes[order[min(i + 1, n - 1)], 2] - nodes[order[max(i - 1, 0)], 2])
        p = max(width, 1e-9) * np.exp(-per_cost * (costs[k] - costs[least]))
        total += p
        for a in range(4):
            for b in range(4):
                covariance[a, b] += p * (conditional[k, a, b] + (nodes[k, a] - hypocentre[a])
                                         * (nodes[k, b] - hypocentre[b]))
    covariance /= total
    return costs[0] - costs[least]
