"""Global search of hypocentres on travel-time tables: no trial location, no derivative, robust to outliers."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.grid import interpolate


@kernel
def l1_misfit(implied, weights, order):
    """Return the least weighted sum of absolute deviations from one common origin time, and that time.

    Parameters
    ----------
    implied
        Shape (n,), float64: observed minus travel time (s) of the arrivals order[0], order[1], ... Sorted in place.
    weights
        Shape (n,), float64, positive: by arrival. Not changed.
    order
        Shape (n,), int64: which arrival each entry of ``implied`` belongs to. Permuted in place with it.

    Returns
    -------
    tuple of float
        Misfit, sum w |implied - t0| (unit of w times s), and t0, the weighted median (s).

    Notes
    -----
    The weighted median minimises the sum. Insertion sort: O(n) where the order is that of a neighbouring node, as in
    the search below; O(n^2) at worst.
    """
    n = implied.shape[0]
    total = 0.0
    for i in range(n):
        value, who = implied[i], order[i]
        j = i - 1
        while j >= 0 and implied[j] > value:
            implied[j + 1] = implied[j]
            order[j + 1] = order[j]
            j -= 1
        implied[j + 1] = value
        order[j + 1] = who
        total += weights[who]
    median, below = implied[n - 1], 0.0
    for i in range(n):
        below += weights[order[i]]
        if below >= 0.5 * total:
            median = implied[i]
            break
    misfit = 0.0
    for i in range(n):
        misfit += weights[order[i]] * abs(implied[i] - median)
    return misfit, median


@kernel
def _keep(cells, misfit, x, y, z):
    """Put a cell into the list of the best, sorted by misfit; the first of equals stays first."""
    k = cells.shape[0] - 1
    if not misfit < cells[k, 0]:
        return
    while k > 0 and misfit < cells[k - 1, 0]:
        cells[k] = cells[k - 1]
        k -= 1
    cells[k, 0] = misfit
    cells[k, 1] = x
    cells[k, 2] = y
    cells[k, 3] = z


@kernel
def pair_bound(implied, weights):
    """Return a lower bound of :func:`l1_misfit` without sorting: the first arrival against the last, and so inward.

    w_i |a - t0| + w_j |b - t0| >= min(w_i, w_j) |a - b| for any t0, summed over disjoint pairs. O(n).
    """
    n = implied.shape[0]
    total = 0.0
    for i in range(n // 2):
        j = n - 1 - i
        total += min(weights[i], weights[j]) * abs(implied[i] - implied[j])
    return total


@kernel
def _score(cells, implied, weights, work, order, east, north, depth):
    """Put a cell into the list of the best if its misfit belongs there; ``work`` and ``order`` are scratch."""
    if pair_bound(implied, weights) >= cells[-1, 0]:
        return
    for k in range(implied.shape[0]):
        work[k] = implied[order[k]]
    misfit, _ = l1_misfit(work, weights, order)
    _keep(cells, misfit, east, north, depth)


@kernel
def _coarse(cells, x, y, tables, observed, weights, times, step_km, box, shape):
    """Score the centres of shape = (columns, rows, layers) cells that fill the box; keep the best in ``cells``.

    Depth node c of ``times`` is the centre of layer c; its distance step is ``step_km``.
    """
    n = observed.shape[0]
    flat, n_depth = times.ravel(), times.shape[3]
    node, part = np.empty(n, np.int64), np.empty(n)
    implied, work, order = np.empty(n), np.empty(n), np.arange(n)
    size = (box[:, 1] - box[:, 0]) / shape
    for a in range(int(shape[0])):
        east = box[0, 0] + (a + 0.5) * size[0]
        for b in range(int(shape[1])):
            north = box[1, 0] + (b + 0.5) * size[1]
            for i in range(n):
                far = np.hypot(x[i] - east, y[i] - north) / step_km
                row = min(int(far), times.shape[2] - 2)
                part[i] = far - row
                node[i] = ((tables[i, 0] * times.shape[1] + tables[i, 1]) * times.shape[2] + row) * n_depth
            for c in range(int(shape[2])):
                depth = box[2, 0] + (c + 0.5) * size[2]
                for i in range(n):
                    near = flat[node[i] + c]
                    implied[i] = observed[i] - (near + part[i] * (flat[node[i] + c + n_depth] - near))
                _score(cells, implied, weights, work, order, east, north, depth)


@kernel
def _implied(implied, x, y, tables, observed, times, steps, east, north, depth):
    """Fill the origin time (s) that each arrival implies for a source at a place."""
    z = (depth - steps[2]) / steps[1]
    for i in range(observed.shape[0]):
        far = np.hypot(x[i] - east, y[i] - north) / steps[0]
        implied[i] = observed[i] - interpolate(times[tables[i, 0], tables[i, 1]], far, z)[0]


@kernel
def search_event(x, y, tables, observed, weights, coarse, times, steps, box, shape, n_kept, finest_km):
    """Find one event's hypocentre: score a coarse grid, then halve the best cells until they are small.

    Parameters
    ----------
    x, y
        Shape (n,), float64: place of each arrival's station in the local plane (km). Not changed.
    tables
        Shape (n, 2), int64: phase (0 P, 1 S) and surface of each arrival, the first two indices into the tables.
    observed, weights
        Shape (n,), float64: arrival time (s after any zero) and weight (1/s). Not changed.
    coarse, times
        Shape (2, n_surfaces, n_distance, n_depth), float32: travel times (s). Not changed. The depth nodes of
        ``coarse`` are the centres of the coarse cells: small enough for the processor's cache.
    steps
        Shape (4,), float64 (km): of ``times`` the distance step, depth step and depth of the first node; of ``coarse``
        the distance step.
    box
        Shape (3, 2), float64: lowest and highest x, y, depth (km).
    shape
        Shape (3,), float64: number of coarse cells along x, y, depth.
    n_kept
        How many of the best cells are halved at each level.
    finest_km
        Cells are halved until no side is longer than this.

    Returns
    -------
    tuple of float
        Misfit (sum of w |residual|), x, y, depth (km), origin time (s).

    Notes
    -----
    Misfit: weighted L1 norm with the origin time solved at each node (weighted median). Cost: product(shape) nodes,
    then 8 n_kept nodes per level, each O(n). The result depends on this event's arrivals alone.
    """
    n = observed.shape[0]
    cells = np.full((n_kept, 4), np.inf)
    _coarse(cells, x, y, tables, observed, weights, coarse, steps[3], box, shape)
    size = (box[:, 1] - box[:, 0]) / shape
    implied, work, order = np.empty(n), np.empty(n), np.arange(n)
    while size.max() > finest_km:
        finer = np.full((n_kept, 4), np.inf)
        for k in range(n_kept):
            if not cells[k, 0] < np.inf:
                break
            for child in range(8):
                east = cells[k, 1] + (0.25 if child & 1 else -0.25) * size[0]
                north = cells[k, 2] + (0.25 if child & 2 else -0.25) * size[1]
                depth = cells[k, 3] + (0.25 if child & 4 else -0.25) * size[2]
                _implied(implied, x, y, tables, observed, times, steps, east, north, depth)
                _score(finer, implied, weights, work, order, east, north, depth)
        cells = finer
        size = size / 2.0
    _implied(implied, x, y, tables, observed, times, steps, cells[0, 1], cells[0, 2], cells[0, 3])
    misfit, origin = l1_misfit(implied, weights, np.arange(n))
    return misfit, cells[0, 1], cells[0, 2], cells[0, 3], origin


@kernel
def search_events(starts, boxes, offsets, x, y, tables, observed, weights, coarse, times, steps, grid):
    """Search many events: arrivals offsets[e] to offsets[e + 1] belong to event e.

    Parameters
    ----------
    starts
        Shape (n_events, 5), float64. Overwritten with the result of :func:`search_event` for each event.
    boxes
        Shape (n_events, 3, 2), float64 (km). Its depth limits are read; its horizontal limits are overwritten with
        the extent of the event's own stations plus a margin on every side.
    offsets
        Shape (n_events + 1,), int64. Events without arrivals are left as they are.
    x, y, tables, observed, weights
        By arrival, as in :func:`search_event`, all events one after the other.
    coarse, times, steps
        As in :func:`search_event`.
    grid
        Shape (6,), float64: coarse cells along x, y, depth; cells kept; finest side (km); margin (km).

    Notes
    -----
    Cost: the sum of the events' costs; a few kilobytes of memory per event in turn.
    """
    for e in range(offsets.shape[0] - 1):
        a, b = offsets[e], offsets[e + 1]
        if a == b:
            continue
        boxes[e, 0, 0] = x[a:b].min() - grid[5]
        boxes[e, 0, 1] = x[a:b].max() + grid[5]
        boxes[e, 1, 0] = y[a:b].min() - grid[5]
        boxes[e, 1, 1] = y[a:b].max() + grid[5]
        starts[e] = search_event(x[a:b], y[a:b], tables[a:b], observed[a:b], weights[a:b], coarse, times, steps,
                                 boxes[e], grid[:3], int(grid[3]), grid[4])
