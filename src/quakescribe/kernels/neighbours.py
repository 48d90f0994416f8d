"""Who follows whom: the nearest earlier event in time, place and magnitude; and pairs of events close in time."""

import numpy as np

from quakescribe.kernels.compiled import kernel

LEAF = 8  # events that are compared one by one


@kernel
def proximity(later_yr, apart2_km2, weight, least_yr, least2_km2, half_dimension):
    """Return t * r**df * weight, with t and r no smaller than their floors; r enters squared, df halved."""
    return max(later_yr, least_yr) * max(apart2_km2, least2_km2) ** half_dimension * weight


@kernel
def nearest(time_yr, x_km, y_km, weight, asked, least_yr, least_km, dimension):
    """Return the nearest earlier event of events, and how near it is.

    Parameters
    ----------
    time_yr
        Shape (n,), float64, ascending (years). Not changed. Earlier events are those of lower row.
    x_km, y_km
        Shape (n,), float64: places (km). Not changed.
    weight
        Shape (n,), float64: 10**(-b m), positive. Not changed.
    asked
        Shape (k,), int64, ascending: rows of the events whose nearest one is wanted. Not changed.
    least_yr, least_km
        Floors of the time and of the distance between two events, both above 0.
    dimension
        Fractal dimension df of the places.

    Returns
    -------
    tuple
        parent, shape (k,), int64: row of the nearest earlier event, the lowest of equals, -1 for the first event;
        eta, shape (k,), float64: its proximity, infinite for the first event.

    Notes
    -----
    eta_ij = t_ij r_ij**df 10**(-b m_i) and parent_j = argmin_i eta_ij (Zaliapin et al. 2008, eq. 1; Zaliapin &
    Ben-Zion 2013, eq. 1). Exact: a k-d tree splits time (twice), x and y in turn at the median; every node knows its
    box, its latest time and its least weight, hence a lower bound of eta, and is left out where that exceeds the best
    so far. From 10,000 to 100,000 events the time grows about as n**1.4; O(n) memory.
    """
    n = time_yr.shape[0]
    parent = np.full(asked.shape[0], -1, dtype=np.int64)
    eta = np.full(asked.shape[0], np.inf)
    if n < 2:
        return parent, eta
    depth = 0
    while (n >> depth) > LEAF:
        depth += 1
    rows, first, last = _split(time_yr, x_km, y_km, depth)
    boxes = _boxes(time_yr, x_km, y_km, weight, rows, first, last)
    half, least2 = 0.5 * dimension, least_km * least_km
    todo = np.empty(2 * depth + 2, dtype=np.int64)
    bounds = np.empty(2 * depth + 2)
    leaves = 1 << depth
    for q in range(asked.shape[0]):
        j = asked[q]
        best, row = np.inf, -1
        for i in (j - 1, parent[q - 1] if q > 0 else -1):  # a good start: the event before, and what it belongs to
            if i >= 0:
                apart2 = (x_km[j] - x_km[i]) ** 2 + (y_km[j] - y_km[i]) ** 2
                found = proximity(time_yr[j] - time_yr[i], apart2, weight[i], least_yr, least2, half)
                if found < best or (found == best and i < row):
                    best, row = found, i
        todo[0], bounds[0], left = 1, 0.0, 1
        while left > 0:
            left -= 1
            node = todo[left]
            if bounds[left] > best:
                continue
            if node >= leaves:
                for k in range(first[node], last[node]):
                    i = rows[k]
                    if i >= j:
                        continue
                    later = time_yr[j] - time_yr[i]
                    if max(later, least_yr) * weight[i] * least2**half > best * (1.0 + 1e-12):
                        continue
                    apart2 = (x_km[j] - x_km[i]) ** 2 + (y_km[j] - y_km[i]) ** 2
                    found = proximity(later, apart2, weight[i], least_yr, least2, half)
                    if found < best or (found == best and i < row):
                        best, row = found, i
                continue
            a, b = 2 * node, 2 * node + 1
            bound_a = _bound(boxes, a, j, time_yr, x_km, y_km, least_yr, least2, half)
            bound_b = _bound(boxes, b, j, time_yr, x_km, y_km, least_yr, least2, half)
            if bound_a <= bound_b:  # the nearer of the two comes off the stack first
                a, b, bound_a, bound_b = b, a, bound_b, bound_a
            if bound_a <= best:
                todo[left], bounds[left] = a, bound_a
                left += 1
            if bound_b <= best:
                todo[left], bounds[left] = b, bound_b
                left += 1
        parent[q], eta[q] = row, best
    return parent, eta


@kernel
def _split(time_yr, x_km, y_km, depth):
    """Return rows in the order of the tree's leaves, and of every node (1 = root) its first and last place there."""
    n = time_yr.shape[0]
    rows = np.arange(n)
    first = np.zeros(2 << depth, dtype=np.int64)
    last = np.zeros(2 << depth, dtype=np.int64)
    last[1] = n
    for level in range(depth):
        values = time_yr if level % 4 < 2 else (x_km if level % 4 == 2 else y_km)
        for node in range(1 << level, 2 << level):
            low, high = first[node], last[node]
            part = rows[low:high].copy()
            rows[low:high] = part[np.argsort(values[part])]
            middle = (low + high) // 2
            first[2 * node], last[2 * node] = low, middle
            first[2 * node + 1], last[2 * node + 1] = middle, high
    return rows, first, last


@kernel
def _boxes(time_yr, x_km, y_km, weight, rows, first, last):
    """Return of every node: least and largest x, least and largest y, latest time, least weight, lowest row."""
    out = np.empty((first.shape[0], 7))
    for node in range(first.shape[0]):
        out[node] = np.array([np.inf, -np.inf, np.inf, -np.inf, -np.inf, np.inf, np.inf])
    for node in range(first.shape[0] - 1, 0, -1):
        box = out[node]
        if 2 * node < first.shape[0]:
            for child in (2 * node, 2 * node + 1):
                for k in (0, 2, 5, 6):
                    box[k] = min(box[k], out[child, k])
                for k in (1, 3, 4):
                    box[k] = max(box[k], out[child, k])
            continue
        for k in range(first[node], last[node]):
            i = rows[k]
            box[0], box[1] = min(box[0], x_km[i]), max(box[1], x_km[i])
            box[2], box[3] = min(box[2], y_km[i]), max(box[3], y_km[i])
            box[4], box[5], box[6] = max(box[4], time_yr[i]), min(box[5], weight[i]), min(box[6], i)
    return out


@kernel
def _bound(boxes, node, j, time_yr, x_km, y_km, least_yr, least2_km2, half_dimension):
    """Return what eta from any event of a node to event j cannot fall below (rounding allowed for)."""
    box = boxes[node]
    if box[6] >= j:
        return np.inf
    dx = max(max(box[0] - x_km[j], x_km[j] - box[1]), 0.0)
    dy = max(max(box[2] - y_km[j], y_km[j] - box[3]), 0.0)
    return (1.0 - 1e-12) * proximity(time_yr[j] - box[4], dx * dx + dy * dy, box[5], least_yr, least2_km2,
                                     half_dimension)


@kernel
def pair_counts(time_s, x_km, y_km, low_km, high_km, edges_s, most):
    """Count for every event the later events at given distances, by how much later they are.

    Parameters
    ----------
    time_s
        Shape (n,), float64, ascending (s). Not changed.
    x_km, y_km
        Shape (n,), float64: places (km). Not changed.
    low_km, high_km
        Distances that count: low <= r < high.
    edges_s
        Shape (k + 1,), float64, ascending: class c holds edges[c] <= t < edges[c + 1].
    most
        Of the later events of one event, only so many are looked at.

    Returns
    -------
    tuple
        counts, shape (n, k), int64; and whether some event had more than ``most`` later ones within the last edge.

    Notes
    -----
    O(n * events within the last edge), at most O(n * most).
    """
    n, classes = time_s.shape[0], edges_s.shape[0] - 1
    counts = np.zeros((n, classes), dtype=np.int64)
    cut = False
    for i in range(n):
        c = 0
        for j in range(i + 1, n):
            later = time_s[j] - time_s[i]
            if later >= edges_s[classes]:
                break
            if j - i > most:
                cut = True
                break
            if later < edges_s[0]:
                continue
            while later >= edges_s[c + 1]:
                c += 1
            apart2 = (x_km[j] - x_km[i]) ** 2 + (y_km[j] - y_km[i]) ** 2
            if low_km * low_km <= apart2 < high_km * high_km:
                counts[i, c] += 1
    return counts, cut


@kernel
def pairs(time_s, x_km, y_km, low_km, high_km, low_s, high_s, most, room):
    """Return the rows (earlier, later) of the pairs that :func:`pair_counts` counts in one class, in order of time.

    Parameters
    ----------
    low_s, high_s
        The class: low <= t < high.
    room
        How many pairs are returned at most.

    Returns
    -------
    tuple
        Two arrays of equal length, int64.
    """
    one = np.empty(room, dtype=np.int64)
    two = np.empty(room, dtype=np.int64)
    found = 0
    for i in range(time_s.shape[0]):
        for j in range(i + 1, time_s.shape[0]):
            later = time_s[j] - time_s[i]
            if later >= high_s or j - i > most or found == room:
                break
            apart2 = (x_km[j] - x_km[i]) ** 2 + (y_km[j] - y_km[i]) ** 2
            if later >= low_s and low_km * low_km <= apart2 < high_km * high_km:
                one[found], two[found] = i, j
                found += 1
    return one[:found], two[:found]
