"""Where and when an event was, from its P and S onsets: scan of a grid, then a compass search between its nodes."""

from typing import NamedTuple

import numpy as np

from quakescribe.kernels.compiled import kernel

LEAST_STEP_KM = 0.25  # how finely the compass search tells places apart


class Network(NamedTuple):
    """What the search knows of the stations. A site is a station at one place (one epoch of one location code).

    Attributes
    ----------
    x, y
        Shape (n_sites,), float64: local coordinates (km).
    station
        Shape (n_sites,), int64: number of the station (NET.STA) of each site.
    open_ns
        Shape (n_sites, 2), int64 (ns UTC): first time of each site's epoch, and the time at which it has ended.
    surface
        Shape (n_sites,), int64: which travel-time table each site reads.
    times
        Shape (2, n_surfaces, n_distance, n_depth), float32 (s): travel times of P and S.
    steps
        Shape (3,), float64: distance step and depth step of the tables, depth of their first node (km).
    box
        Shape (6,), float64: least x, y, z and greatest x, y, z of a hypocentre (km).
    reach_km
        Largest epicentral distance at which a pick may belong to an event.
    nodes
        Shape (n_nodes, 3), float64: x, y, z of the start grid (km).
    node_p, node_sp
        Shape (n_sites, n_nodes), float32 (s): travel time of P, and of S minus P; infinite beyond the reach.
    """

    x: np.ndarray
    y: np.ndarray
    station: np.ndarray
    open_ns: np.ndarray
    surface: np.ndarray
    times: np.ndarray
    steps: np.ndarray
    box: np.ndarray
    reach_km: float
    nodes: np.ndarray
    node_p: np.ndarray
    node_sp: np.ndarray


@kernel
def travel_time(network, site, phase, x, y, z):
    """Return the travel time (s) of phase 0 = P or 1 = S to a site from x, y, z (km); infinite beyond the reach.

    Bilinear reading of the table, as :func:`quakescribe.kernels.grid.interpolate` without its derivatives. O(1).
    """
    dx = x - network.x[site]
    dy = y - network.y[site]
    distance = np.sqrt(dx * dx + dy * dy)
    if distance > network.reach_km:
        return np.inf
    u = distance / network.steps[0]
    w = (z - network.steps[2]) / network.steps[1]
    surface = network.surface[site]
    i = min(int(u), network.times.shape[2] - 2)
    j = min(max(int(w), 0), network.times.shape[3] - 2)
    a = u - i
    b = w - j
    table = network.times
    near = table[phase, surface, i, j] * (1.0 - b) + table[phase, surface, i, j + 1] * b
    far = table[phase, surface, i + 1, j] * (1.0 - b) + table[phase, surface, i + 1, j + 1] * b
    return near * (1.0 - a) + far * a


@kernel
def share_nearby(network, sites, place, time_ns):
    """Return which share of the stations near an event has picks of it.

    Parameters
    ----------
    sites
        Shape (n,), int64, n > 0: sites with picks, one per station. Not changed.
    place, time_ns
        Shape (3,), float64: x, y, z (km); origin time (ns UTC).

    Returns
    -------
    float
        In (0, 1]: stations with picks over all stations that are in operation then, both no farther from the
        epicentre than the median station with picks (the upper of two).

    Notes
    -----
    O(n_sites + n log n).
    """
    distances = np.empty(sites.shape[0])
    for k in range(sites.shape[0]):
        distances[k] = np.hypot(network.x[sites[k]] - place[0], network.y[sites[k]] - place[1])
    limit = np.sort(distances)[sites.shape[0] // 2]
    near = np.zeros(network.station.max() + 1, dtype=np.bool_)
    for k in range(network.x.shape[0]):
        if network.open_ns[k, 0] <= time_ns < network.open_ns[k, 1]:
            near[network.station[k]] |= np.hypot(network.x[k] - place[0], network.y[k] - place[1]) <= limit
    return np.sum(distances <= limit) / max(near.sum(), 1)


@kernel
def fill_nodes(network):
    """Fill ``network.node_p`` and ``network.node_sp`` in place from the travel-time tables. O(n_sites * n_nodes)."""
    for site in range(network.node_p.shape[0]):
        for k in range(network.nodes.shape[0]):
            x, y, z = network.nodes[k]
            p = travel_time(network, site, 0, x, y, z)
            network.node_p[site, k] = p
            network.node_sp[site, k] = np.inf if p == np.inf else travel_time(network, site, 1, x, y, z) - p


@kernel
def weighted_median(values, weights, order, n):
    """Return the lower weighted median of the first n values.

    Parameters
    ----------
    values, weights
        Shape (>= n,), float64. Not changed. Weights >= 0, some > 0.
    order
        Shape (>= n,), int64: a permutation of 0..n-1, sorted by value in place. Left from a similar call it makes
        the insertion sort nearly linear.

    Returns
    -------
    float
        The least value v with sum of weights of values <= v at least half of all: the minimum of sum w |value - v|.
    """
    total = 0.0
    for k in range(n):
        total += weights[k]
        item = order[k]
        value = values[item]
        j = k - 1
        while j >= 0 and values[order[j]] > value:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = item
    running = 0.0
    for k in range(n):
        running += weights[order[k]]
        if 2.0 * running >= total:
            return values[order[k]]
    return values[order[n - 1]]


@kernel
def fit_score(origins, weights, order, n, tolerance, share):
    """Return origin time and score of a trial place.

    Parameters
    ----------
    origins
        Shape (>= n,), float64 (s): onset minus travel time of every pick. Not changed.
    weights
        Shape (>= n,), float64: weight of every pick; 0 = out of reach. Not changed.
    order
        Shape (>= n,), int64, a permutation of 0..n-1: work space.
    tolerance
        Largest residual (s) of a pick that counts.
    share
        What a pick earns by being within the tolerance at all, in [0, 1]; the rest of 1 falls with its residual.

    Returns
    -------
    tuple of float
        Origin time (s), the weighted median of ``origins``, and the score: the sum over picks within the tolerance of
        w (1 - (1 - share) |origin - median| / tolerance).
    """
    time = weighted_median(origins, weights, order, n)
    score = 0.0
    for k in range(n):
        off = abs(origins[k] - time)
        if off <= tolerance:
            score += weights[k] * (1.0 - (1.0 - share) * off / tolerance)
    return time, score


@kernel
def scan(network, sites, p, s, n, tolerance, share, need, s_weight):
    """Find the start node that fits the P-S pairs of distinct stations best.

    Parameters
    ----------
    network
        The :class:`Network`. Not changed.
    sites
        Shape (>= n,), int64: site of each pair. Not changed.
    p, s
        Shape (>= n,), float64 (s): onsets of each pair, from any common zero. Not changed.
    tolerance, share
        As in :func:`fit_score`.
    need
        Least number of stations whose P and S both fit.
    s_weight
        Weight of an S onset; a P has 1.

    Returns
    -------
    tuple
        Node (-1 if none can hold ``need`` stations) and its score.

    Notes
    -----
    A node can hold a pair only if |(s - p) - (T_s - T_p)| <= 2 tolerance, whatever the origin time: this is counted
    first for all nodes, and only nodes with ``need`` of them are scored. O(n * n_nodes) plus O(n) per node left.
    """
    n_nodes = network.nodes.shape[0]
    count = np.zeros(n_nodes, dtype=np.int32)
    wide = np.float32(2.0 * tolerance)
    for k in range(n):
        row = network.node_sp[sites[k]]
        sp = np.float32(s[k] - p[k])
        for i in range(n_nodes):
            count[i] += np.int32(abs(row[i] - sp) <= wide)
    origins = np.empty(2 * n)
    weights = np.empty(2 * n)
    order = np.arange(2 * n)
    best, best_score = -1, -1.0
    for i in range(n_nodes):
        if count[i] < need:
            continue
        possible = 0.0
        for k in range(n):
            travel = float(network.node_p[sites[k], i])
            lag = float(network.node_sp[sites[k], i])
            reached = travel < np.inf
            origins[2 * k] = p[k] - travel if reached else 0.0
            origins[2 * k + 1] = s[k] - travel - lag if reached else 0.0
            weights[2 * k] = 1.0 if reached else 0.0
            weights[2 * k + 1] = s_weight if reached else 0.0
            if reached:
                gap = (1.0 - share) * abs(lag - (s[k] - p[k])) / tolerance
                possible += max(1.0, 1.0 + s_weight - s_weight * gap)
        if possible <= best_score:
            continue
        score = fit_score(origins, weights, order, 2 * n, tolerance, share)[1]
        if score > best_score:
            best, best_score = i, score
    return best, best_score


@kernel
def score_at(network, sites, phases, onsets, weights, tolerance, share, place, work, order):
    """Return origin time (s) and score of picks for a hypocentre.

    Parameters
    ----------
    sites, phases, onsets, weights
        Shape (n,): site, phase (0 = P, 1 = S), onset (s) and weight of each pick. Not changed.
    tolerance, share
        As in :func:`fit_score`.
    place
        Shape (3,), float64: x, y, z (km). Not changed.
    work
        Shape (2, n), float64: overwritten with the origin times by each pick, and the weights used.
    order
        Shape (n,), int64, a permutation of 0..n-1: work space.
    """
    n = sites.shape[0]
    for k in range(n):
        travel = travel_time(network, sites[k], phases[k], place[0], place[1], place[2])
        reached = travel < np.inf
        work[0, k] = onsets[k] - travel if reached else 0.0
        work[1, k] = weights[k] if reached else 0.0
    return fit_score(work[0], work[1], order, n, tolerance, share)


@kernel
def compass(network, sites, phases, onsets, weights, tolerance, share, place, step_km, least_km):
    """Climb from a start to the nearest top of the score, between the nodes of any grid.

    Parameters
    ----------
    sites, phases, onsets, weights, tolerance, share
        As in :func:`score_at`. Not changed.
    place
        Shape (3,), float64: start x, y, z (km). Overwritten with the top.
    step_km, least_km
        First and last step.

    Returns
    -------
    tuple of float
        Origin time (s) and score.

    Notes
    -----
    Compass search (Kolda, Lewis & Torczon 2003): try +-step along x, y, z; move to the best of the six if it is
    better; otherwise halve the step. The hypocentre stays inside ``network.box``.
    """
    n = sites.shape[0]
    work = np.empty((2, n))
    order = np.arange(n)
    trial = np.empty(3)
    time, score = score_at(network, sites, phases, onsets, weights, tolerance, share, place, work, order)
    step = step_km
    while step >= least_km:
        best_axis, best_value, best_time, best_score = -1, 0.0, time, score
        for axis in range(3):
            for sign in (-1.0, 1.0):
                trial[:] = place
                value = place[axis] + sign * step
                trial[axis] = min(max(value, network.box[axis]), network.box[axis + 3])
                if trial[axis] == place[axis]:
                    continue
                t, q = score_at(network, sites, phases, onsets, weights, tolerance, share, trial, work, order)
                if q > best_score + 1e-9:
                    best_axis, best_value, best_time, best_score = axis, trial[axis], t, q
        if best_axis < 0:
            step *= 0.5
        else:
            place[best_axis] = best_value
            time, score = best_time, best_score
    return time, score
