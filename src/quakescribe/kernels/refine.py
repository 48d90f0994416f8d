"""Refinement of hypocentres with exact rays: damped Gauss-Newton on a robust misfit."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.raytrace import first_arrival

# Columns of the array of arrivals, shape (n, 7), that the kernels of location share.
X, Y, DEPTH, PHASE, TIME, SIGMA, DELAY = range(7)
"""Place and depth of the sensor (km), 0 P or 1 S, arrival time (s), its standard deviation (s), correction (s)."""


@kernel
def taper(value, full, zero):
    """Return 1 up to ``full``, 0 from ``zero`` on, and half a cosine between: the weight of a residual or distance."""
    if value <= full:
        return 1.0
    if value >= zero:
        return 0.0
    return 0.5 + 0.5 * np.cos(np.pi * (value - full) / (zero - full))


@kernel
def taper_cost(value, full, zero):
    """Return the misfit whose weight is :func:`taper`: the integral of u * taper(u) from 0 to ``value``."""
    if value <= full:
        return 0.5 * value * value
    end = min(value, zero)
    kappa = np.pi / (zero - full)
    angle = kappa * (end - full)
    return 0.5 * full * full + 0.25 * (end * end - full * full) + 0.5 * (
        end * np.sin(angle) / kappa + (np.cos(angle) - 1.0) / (kappa * kappa))


@kernel
def predict(rows, hypocentre, arrivals, layers):
    """Fill rows (n, 5): predicted arrival time relative to the origin (s), derivatives by x, y, z, take-off (deg).

    ``layers`` has shape (3, n_layers): tops (km), P and S velocities (km/s). The prediction includes the station
    correction. A station on the epicentre has zero horizontal derivative.
    """
    for i in range(arrivals.shape[0]):
        east, north = hypocentre[0] - arrivals[i, X], hypocentre[1] - arrivals[i, Y]
        distance = np.hypot(east, north)
        velocities = layers[1] if arrivals[i, PHASE] == 0.0 else layers[2]
        time, p, dz, takeoff = first_arrival(layers[0], velocities, distance, hypocentre[2], arrivals[i, DEPTH])
        rows[i, 0] = time + arrivals[i, DELAY]
        rows[i, 1] = p * east / distance if distance > 0.0 else 0.0
        rows[i, 2] = p * north / distance if distance > 0.0 else 0.0
        rows[i, 3] = dz
        rows[i, 4] = takeoff


@kernel
def solve4(matrix, vector):
    """Return the solution of a symmetric positive definite 4 x 4 system by Cholesky; zeros where it is not definite."""
    low = np.zeros((4, 4))
    out = np.zeros(4)
    for i in range(4):
        for j in range(i + 1):
            s = matrix[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            if i == j:
                if s <= 0.0:
                    return out
                low[i, i] = np.sqrt(s)
            else:
                low[i, j] = s / low[j, j]
    for i in range(4):
        s = vector[i]
        for k in range(i):
            s -= low[i, k] * out[k]
        out[i] = s / low[i, i]
    for i in range(3, -1, -1):
        s = out[i]
        for k in range(i + 1, 4):
            s -= low[k, i] * out[k]
        out[i] = s / low[i, i]
    return out


@kernel
def cost_of(rows, arrivals, origin, sigma, base, full, zero):
    """Return the robust misfit: sum of base weight times :func:`taper_cost` of the scaled residuals."""
    total = 0.0
    for i in range(arrivals.shape[0]):
        if base[i] > 0.0:
            total += base[i] * taper_cost(abs(arrivals[i, TIME] - origin - rows[i, 0]) / sigma[i], full, zero)
    return total


@kernel
def normal_equations(matrix, vector, rows, hypocentre, arrivals, sigma, base, full, zero, box):
    """Fill the normal equations at a hypocentre (x, y, z, t0), weighted; a coordinate held at the box drops out."""
    matrix[:] = 0.0
    vector[:] = 0.0
    g = np.empty(4)
    for i in range(arrivals.shape[0]):
        r = arrivals[i, TIME] - hypocentre[3] - rows[i, 0]
        w = base[i] * taper(abs(r) / sigma[i], full, zero) / (sigma[i] * sigma[i])
        if w == 0.0:
            continue
        g[0], g[1], g[2], g[3] = rows[i, 1], rows[i, 2], rows[i, 3], 1.0
        for a in range(4):
            vector[a] += w * g[a] * r
            for b in range(4):
                matrix[a, b] += w * g[a] * g[b]
    for a in range(3):
        outward = (hypocentre[a] <= box[a, 0] and vector[a] < 0.0) or (hypocentre[a] >= box[a, 1] and vector[a] > 0.0)
        if outward:
            matrix[a, :] = 0.0
            matrix[:, a] = 0.0
            vector[a] = 0.0


@kernel
def descend(hypocentre, rows, arrivals, sigma, base, layers, box, shape):
    """Move one hypocentre (x, y, z, t0) downhill in place, inside the box; return the steps taken, negative if cut off.

    Levenberg-Marquardt: (A + lambda diag A) step = b; a step counts only if it lowers the robust misfit. Ends when a
    step is shorter than 2 m and 0.2 ms, or none lowers the misfit any more (as at the kink of a crossover).
    ``shape``: full, zero (of the residual taper), most iterations. ``rows`` holds the prediction at the end.
    """
    full, zero, most = shape[0], shape[1], int(shape[2])
    matrix, vector, damped = np.zeros((4, 4)), np.zeros(4), np.zeros((4, 4))
    trial, trial_rows = np.empty(4), np.empty_like(rows)
    predict(rows, hypocentre, arrivals, layers)
    cost = cost_of(rows, arrivals, hypocentre[3], sigma, base, full, zero)
    damping = 1e-3
    for step_number in range(most):
        normal_equations(matrix, vector, rows, hypocentre, arrivals, sigma, base, full, zero, box)
        while True:
            damped[:] = matrix
            for a in range(4):
                damped[a, a] += damping * matrix[a, a] + 1e-9
            step = solve4(damped, vector)
            for a in range(3):
                trial[a] = min(max(hypocentre[a] + step[a], box[a, 0]), box[a, 1])
            trial[3] = hypocentre[3] + step[3]
            moved = max(abs(trial[0] - hypocentre[0]), abs(trial[1] - hypocentre[1]), abs(trial[2] - hypocentre[2]))
            if moved < 0.002 and abs(step[3]) < 2e-4:
                return step_number
            predict(trial_rows, trial, arrivals, layers)
            new = cost_of(trial_rows, arrivals, trial[3], sigma, base, full, zero)
            if new < cost:
                break
            damping *= 8.0
            if damping > 1e9:
                return step_number
        cost = new
        hypocentre[:] = trial
        rows[:] = trial_rows
        damping = max(damping * 0.2, 1e-6)
    return -most
