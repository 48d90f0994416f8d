"""After the clusters: single onsets join the events they fit, and every event is located with all it has."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.gridsearch import LEAST_STEP_KM, compass, travel_time


@kernel
def _candidates(network, places, times, sites, phases, onsets, owner, tolerance_s, wide_s, longest_ns):
    """Return event, pick and |residual| (s) of the picks an event owns, and of the free ones within the tolerance."""
    events, picks, misfits = [0], [0], [0.0]
    events.clear()
    picks.clear()
    misfits.clear()
    margin = np.int64(wide_s * 1e9)
    for k in range(times.shape[0]):
        first = np.searchsorted(onsets, times[k] - margin)
        for j in range(first, onsets.shape[0]):
            if onsets[j] > times[k] + longest_ns + margin:
                break
            if owner[j] != -1 and owner[j] != k:
                continue
            travel = travel_time(network, sites[j], phases[j], places[k, 0], places[k, 1], places[k, 2])
            misfit = abs((onsets[j] - times[k]) * 1e-9 - travel)
            if misfit <= tolerance_s or owner[j] == k:
                events.append(k)
                picks.append(j)
                misfits.append(misfit)
    return np.array(events), np.array(picks), np.array(misfits)


@kernel
def gather(network, places, times, sites, phases, onsets, owner, tolerance_s, wide_s, longest_ns, duplicate_ns):
    """Give picks to the events they fit best, the best fit first, one per event, station and phase.

    A pick that an event owns already competes for this event only; a free one for every event it fits.

    Parameters
    ----------
    network
        :class:`quakescribe.kernels.gridsearch.Network`. Not changed.
    places, times
        Shape (n_events, 3) float64 (km) and (n_events,) int64 (ns UTC): hypocentres and origin times. Not changed.
    sites, phases, onsets
        Shape (n_picks,), int64: site, phase (0 = P, 1 = S), onset (ns UTC, ascending). Not changed.
    owner
        Shape (n_picks,), int64: event of each pick, -1 = free, -2 = duplicate. Changed in place.
    tolerance_s
        Largest |residual| (s) of a free pick.
    wide_s
        A |residual| (s) that no owned pick exceeds.
    longest_ns
        Longest travel time (ns).
    duplicate_ns
        A free pick this close to an owned one of the same station and phase becomes a duplicate first.

    Notes
    -----
    O(n_events * picks per travel-time window), plus sorting of the candidates. Equal residuals go to the earlier event
    and pick.
    """
    n_stations = network.station.max() + 1
    taken = np.zeros((times.shape[0], n_stations, 2), dtype=np.bool_)
    for j in range(onsets.shape[0]):
        if owner[j] < 0:
            continue
        for way in (-1, 1):
            k = j + way
            while 0 <= k < onsets.shape[0] and abs(onsets[k] - onsets[j]) <= duplicate_ns:
                if owner[k] == -1 and phases[k] == phases[j] and network.station[sites[k]] == network.station[sites[j]]:
                    owner[k] = -2
                k += way
    events, picks, misfits = _candidates(network, places, times, sites, phases, onsets, owner, tolerance_s, wide_s,
                                         longest_ns)
    owner[owner >= 0] = -1
    for c in np.argsort(misfits, kind="mergesort"):
        event, pick = events[c], picks[c]
        station = network.station[sites[pick]]
        if owner[pick] == -1 and not taken[event, station, phases[pick]]:
            owner[pick] = event
            taken[event, station, phases[pick]] = True


@kernel
def settle(network, sites, phases, onsets, members, bounds, places, times, tolerance_s, share, s_weight, step_km):
    """Locate every event with all its picks, and return their residuals.

    Parameters
    ----------
    sites, phases, onsets
        Shape (n_picks,), int64: site, phase, onset (ns UTC). Not changed.
    members, bounds
        Shapes (n_members,) and (n_events + 1,), int64: picks of event k are members[bounds[k]:bounds[k + 1]].
    places, times
        Shape (n_events, 3) float64 (km), (n_events,) int64 (ns UTC). Changed in place: from start to result.
    tolerance_s, share, s_weight, step_km
        Largest residual of a pick that counts (s), what it earns by that alone, weight of S, first step (km).

    Returns
    -------
    array
        Shape (n_members,), float64: residual of each member (s), observed - predicted.
    """
    residuals = np.empty(members.shape[0])
    for k in range(times.shape[0]):
        own = members[bounds[k]:bounds[k + 1]]
        weights = np.where(phases[own] == 0, 1.0, s_weight)
        zero = times[k]
        relative = (onsets[own] - zero) * 1e-9
        time = compass(network, sites[own], phases[own], relative, weights, tolerance_s, share, places[k], step_km,
                       LEAST_STEP_KM)[0]
        times[k] = zero + np.int64(np.round(time * 1e9))
        for i in range(own.shape[0]):
            travel = travel_time(network, sites[own[i]], phases[own[i]], places[k, 0], places[k, 1], places[k, 2])
            residuals[bounds[k] + i] = relative[i] - time - travel
    return residuals
