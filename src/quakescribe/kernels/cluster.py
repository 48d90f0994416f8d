"""PAL's first step: clusters of P-S pairs whose single-station origin times agree, each tried on the grid."""

from typing import NamedTuple

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.gridsearch import LEAST_STEP_KM, compass, scan, share_nearby, travel_time

REFITS = 4


class Rules(NamedTuple):
    """The settings that the search needs: see :class:`quakescribe.settings.associate.AssociateSettings`."""

    deviation_s: float
    tolerance_s: float
    count_share: float
    mean_s: float
    least_share: float
    duplicate_s: float
    s_weight: float
    step_km: float
    need: int
    need_full: int
    max_drops: int


@kernel
def count_stations(t0, stations, alive, deviation_s, first, last, count, stamp):
    """Count, for pairs first..last-1, the distinct stations of live pairs within a deviation of each one's t0.

    Parameters
    ----------
    t0
        Shape (n,), float64, ascending (s). Not changed.
    stations
        Shape (n,), int64: number of each pair's station. Not changed.
    alive
        Shape (n,), bool. Not changed.
    deviation_s
        Largest |t0 difference| (s), inclusive.
    first, last
        Which pairs.
    count
        Shape (n,), int64: overwritten from first to last - 1; 0 for a pair that is not alive.
    stamp
        Shape (n_stations,), int64, no value in first..last-1 as left by :func:`numpy.full` with -1: work space, set
        to -1 where it was touched.

    Notes
    -----
    O((last - first) * pairs per window).
    """
    n = t0.shape[0]
    low = 0
    while low < n and t0[low] < t0[first] - deviation_s:
        low += 1
    for i in range(first, last):
        count[i] = 0
        if not alive[i]:
            continue
        while t0[low] < t0[i] - deviation_s:
            low += 1
        j = low
        while j < n and t0[j] <= t0[i] + deviation_s:
            if alive[j] and stamp[stations[j]] != i:
                stamp[stations[j]] = i
                count[i] += 1
            j += 1
    for j in range(n):
        stamp[stations[j]] = -1


@kernel
def nearest_per_station(t0, stations, usable, centre_s, deviation_s):
    """Return the usable pair of each station whose t0 is nearest to a centre, within a deviation of it.

    Returns indices in ascending order (int64). Ties go to the earlier pair. O(window^2) in the worst case.
    """
    first = np.searchsorted(t0, centre_s - deviation_s)
    chosen = np.empty(t0.shape[0] - first, dtype=np.int64)
    n = 0
    for j in range(first, t0.shape[0]):
        if t0[j] > centre_s + deviation_s:
            break
        if not usable[j]:
            continue
        place = n
        for k in range(n):
            if stations[chosen[k]] == stations[j]:
                place = k
                break
        if place == n:
            chosen[n] = j
            n += 1
        elif abs(t0[j] - centre_s) < abs(t0[chosen[place]] - centre_s):
            chosen[place] = j
    return np.sort(chosen[:n])


@kernel
def fitting_pairs(network, t0, sites, p, s, usable, place, time, reach_s, tolerance_s):
    """Return the pair of each station that fits a hypocentre best: P within the tolerance, and S if it can be.

    Parameters
    ----------
    t0, sites, p, s, usable
        Shape (n,): origin time of each pair by itself (s, ascending), site, onsets (s), and whether it is free.
    place, time
        Hypocentre x, y, z (km) and origin time (s).
    reach_s
        Only pairs whose t0 lies this close to the origin time.
    tolerance_s
        Largest residual (s).

    Returns
    -------
    tuple
        Indices, ascending (int64); whether S fits too (bool); sum of |residual| of the picks that fit (s).

    Notes
    -----
    Of several pairs at one station one whose S fits goes first, then the least misfit, then the earliest t0.
    """
    first = np.searchsorted(t0, time - reach_s)
    chosen = np.empty(t0.shape[0] - first, dtype=np.int64)
    full = np.empty(t0.shape[0] - first, dtype=np.bool_)
    misfit = np.empty(t0.shape[0] - first)
    n = 0
    for j in range(first, t0.shape[0]):
        if t0[j] > time + reach_s:
            break
        if not usable[j]:
            continue
        p_off = abs(p[j] - time - travel_time(network, sites[j], 0, place[0], place[1], place[2]))
        if not p_off <= tolerance_s:
            continue
        s_off = abs(s[j] - time - travel_time(network, sites[j], 1, place[0], place[1], place[2]))
        s_fits = s_off <= tolerance_s
        off = p_off + s_off if s_fits else p_off
        at = n
        for k in range(n):
            if network.station[sites[chosen[k]]] == network.station[sites[j]]:
                at = k
                break
        if at == n:
            n += 1
        elif full[at] > s_fits or (full[at] == s_fits and off >= misfit[at]):
            continue
        chosen[at], full[at], misfit[at] = j, s_fits, off
    by = np.argsort(chosen[:n])
    return chosen[:n][by], full[:n][by], misfit[:n][by]


@kernel
def picks_of(pairs, full, sites, p, s, s_weight):
    """Return sites, phases, onsets and weights of the picks of pairs: P and S in turn; an S that does not fit has 0."""
    n = pairs.shape[0]
    site = np.empty(2 * n, dtype=np.int64)
    phase = np.empty(2 * n, dtype=np.int64)
    onset = np.empty(2 * n)
    weight = np.empty(2 * n)
    for k in range(n):
        site[2 * k] = site[2 * k + 1] = sites[pairs[k]]
        phase[2 * k], phase[2 * k + 1] = 0, 1
        onset[2 * k], onset[2 * k + 1] = p[pairs[k]], s[pairs[k]]
        weight[2 * k], weight[2 * k + 1] = 1.0, s_weight if full[k] else 0.0
    return site, phase, onset, weight


@kernel
def settle_cluster(network, rules, t0, sites, p, s, usable, cluster, centre_s, place):
    """Locate a cluster, gather the pairs that fit, locate again, until the pairs stay the same.

    Parameters
    ----------
    t0, sites, p, s, usable
        As in :func:`fitting_pairs`.
    cluster, centre_s
        The pairs to start from, ascending, and the t0 they surround (s).
    place
        Shape (3,), float64: start (km). Overwritten with the hypocentre.

    Returns
    -------
    tuple
        The pairs (none if they make no event), whether each one's S fits, and the origin time (s).
    """
    pairs = cluster
    full = np.ones(pairs.shape[0], dtype=np.bool_)
    step = rules.step_km
    nothing = np.empty(0, dtype=np.int64)
    time, mean = centre_s, np.inf
    for _ in range(REFITS):
        site, phase, onset, weight = picks_of(pairs, full, sites, p, s, rules.s_weight)
        time = compass(network, site, phase, onset, weight, rules.tolerance_s, rules.count_share, place, step,
                       LEAST_STEP_KM)[0]
        if abs(time - centre_s) > 2.0 * rules.deviation_s:
            return nothing, full, time
        before = pairs
        pairs, full, misfit = fitting_pairs(network, t0, sites, p, s, usable, place, time, 2.0 * rules.deviation_s,
                                            rules.tolerance_s)
        if pairs.shape[0] < rules.need or full.sum() < rules.need_full:
            return nothing, full, time
        mean = misfit.sum() / (pairs.shape[0] + full.sum())
        if pairs.shape[0] == before.shape[0] and np.all(pairs == before):
            break
        step = 0.5 * rules.step_km
    if mean > rules.mean_s:
        return nothing, full, time
    return pairs, full, time


@kernel
def grow_chain(network, rules, zero_ns, t0, sites, p, s, event, s_fits, first_event, places, times):
    """Turn the pairs of one chain into events, the cluster of most stations first.

    Parameters
    ----------
    zero_ns
        Time (ns UTC) from which t0, p and s count.
    t0, sites, p, s
        Shape (n,): origin time of each pair by itself (s, ascending), site, onsets (s). Not changed.
    event
        Shape (n,), int64: overwritten with each pair's event, -1 = none, -2 = duplicate of an event's pair.
    s_fits
        Shape (n,), bool: set where the S of a pair belongs to the event too.
    first_event
        Number of the first event.
    places, times
        Shape (n_events, 3) (km) and (n_events,) (s): hypocentres and origin times, filled from ``first_event`` on.

    Returns
    -------
    int
        The number after the last event.

    Notes
    -----
    Take the pair with most stations around its t0 (the earliest of equals); its cluster, one pair per station, goes
    to the grid. Success takes its pairs; the rest of the window is left over once more, and a pair left over more
    than ``max_drops`` times starts no cluster and joins none, though it may still be gathered by a fit.
    """
    n = t0.shape[0]
    stations = network.station[sites]
    alive = np.ones(n, dtype=np.bool_)
    free = np.ones(n, dtype=np.bool_)
    drops = np.zeros(n, dtype=np.int64)
    count = np.zeros(n, dtype=np.int64)
    stamp = np.full(network.station.max() + 1, -1, dtype=np.int64)
    place = np.empty(3)
    event[:] = -1
    n_events = first_event
    count_stations(t0, stations, alive, rules.deviation_s, 0, n, count, stamp)
    while True:
        seed = np.argmax(count)
        if count[seed] < rules.need:
            return n_events
        centre = t0[seed]
        cluster = nearest_per_station(t0, stations, alive, centre, rules.deviation_s)
        node = scan(network, sites[cluster], p[cluster], s[cluster], cluster.shape[0], rules.tolerance_s,
                    rules.count_share, rules.need_full, rules.s_weight)[0]
        if node >= 0:
            place[:] = network.nodes[node]
            pairs, full, time = settle_cluster(network, rules, t0, sites, p, s, free, cluster, centre, place)
            if pairs.shape[0] > 0 and (share_nearby(network, sites[pairs], place, zero_ns + np.int64(time * 1e9))
                                       >= rules.least_share):
                for i in range(pairs.shape[0]):
                    event[pairs[i]] = n_events
                    s_fits[pairs[i]] = full[i]
                    free[pairs[i]] = alive[pairs[i]] = False
                for k in pairs:
                    _absorb(t0, stations, p, s, k, rules.duplicate_s, event, free, alive)
                places[n_events] = place
                times[n_events] = time
                n_events += 1
        low = np.searchsorted(t0, centre - rules.deviation_s)
        high = np.searchsorted(t0, centre + rules.deviation_s, side="right")
        for k in range(low, high):
            if alive[k]:
                drops[k] += 1
                alive[k] = drops[k] <= rules.max_drops
        # pairs taken lie up to 3 deviations from the centre (fit), their neighbours one further
        low = np.searchsorted(t0, centre - 6.0 * rules.deviation_s)
        high = np.searchsorted(t0, centre + 6.0 * rules.deviation_s, side="right")
        count_stations(t0, stations, alive, rules.deviation_s, low, high, count, stamp)


@kernel
def _absorb(t0, stations, p, s, pair, duplicate_s, event, free, alive):
    """Take the duplicates of a pair out of play: same station, P and S both within ``duplicate_s``."""
    reach = 4.0 * duplicate_s
    low = np.searchsorted(t0, t0[pair] - reach)
    high = np.searchsorted(t0, t0[pair] + reach, side="right")
    for k in range(low, high):
        if (free[k] and stations[k] == stations[pair] and abs(p[k] - p[pair]) <= duplicate_s
                and abs(s[k] - s[pair]) <= duplicate_s):
            free[k] = alive[k] = False
            event[k] = -2


@kernel
def grow(network, rules, t0_ns, sites, p_ns, s_ns):
    """Turn all pairs into events, chain by chain.

    Parameters
    ----------
    t0_ns, p_ns, s_ns
        Shape (n,), int64 (ns UTC): origin time of each pair by itself, ascending, and its onsets. Not changed.
    sites
        Shape (n,), int64. Not changed.

    Returns
    -------
    tuple
        event (n,) int64: each pair's event, -1 = none, -2 = duplicate; s_fits (n,) bool: whether its S belongs too;
        places (n_events, 3) float64 (km); times (n_events,) int64 (ns UTC).

    Notes
    -----
    A chain ends where no pair follows within two deviations: no fit reaches across, so chains do not know of one
    another, and every chain counts its time from its own first pair. This makes the result independent of how the
    stream is cut between chains.
    """
    n = t0_ns.shape[0]
    event = np.full(n, -1, dtype=np.int64)
    s_fits = np.zeros(n, dtype=np.bool_)
    places = np.empty((n // rules.need + 1, 3))
    offsets = np.empty(n // rules.need + 1)
    times = np.empty(n // rules.need + 1, dtype=np.int64)
    gap = np.int64(2.0 * rules.deviation_s * 1e9)
    n_events = 0
    start = 0
    for stop in range(1, n + 1):
        if stop < n and t0_ns[stop] - t0_ns[stop - 1] <= gap:
            continue
        if stop - start >= rules.need:
            zero = t0_ns[start]
            before = n_events
            n_events = grow_chain(network, rules, zero, (t0_ns[start:stop] - zero) * 1e-9, sites[start:stop],
                                  (p_ns[start:stop] - zero) * 1e-9, (s_ns[start:stop] - zero) * 1e-9,
                                  event[start:stop], s_fits[start:stop], before, places, offsets)
            for k in range(before, n_events):
                times[k] = zero + np.int64(np.round(offsets[k] * 1e9))
        start = stop
    return event, s_fits, places[:n_events], times[:n_events]
