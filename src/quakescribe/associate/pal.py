"""The PAL associator: clusters of single-station origin times, then the spatial grid, then the picks left over."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.associate.network import Sites, prepare
from quakescribe.associate.pairs import Ints, Onsets, Pairs, find_onsets, find_pairs
from quakescribe.associate.results import Associated, Found, arrivals_table, count_distinct, events_table, skips_table
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.cluster import Rules, grow
from quakescribe.kernels.gather import gather, settle
from quakescribe.settings.associate import AssociateSettings

NAME = "pal"
FEWEST_PAIRS = 3  # of a cluster; two fit one another at too many places


def associate(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
              settings: AssociateSettings) -> Associated:
    """Return the events that the picks make; see :func:`quakescribe.associate.stage.associate`."""
    sites = prepare(stations, model, settings)
    onsets, site = find_onsets(picks, sites)
    pairs = find_pairs(onsets, sites, settings)
    owner = np.full(len(onsets.time), -1, dtype=np.int64)
    found = _pass(onsets, pairs, sites, settings, settings.min_stations, owner)
    if _fewest(settings) < settings.min_stations:
        found = _both(found, _second_pass(onsets, pairs, sites, settings, owner))
    events = events_table(found, onsets, sites, NAME)
    return Associated(events, arrivals_table(found, events, onsets, sites, picks, stations), skips_table(picks, site))


def _fewest(settings: AssociateSettings) -> int:
    """Return how many stations with pairs make a cluster, in either pass."""
    return min(settings.min_stations, max(settings.min_pairs, FEWEST_PAIRS)) if settings.second_share > 0 else \
        settings.min_stations


def _pass(onsets: Onsets, pairs: Pairs, sites: Sites, settings: AssociateSettings, need: int, owner: Ints) -> Found:
    """Return the events of clusters of ``need`` stations; in ``owner``, all -1 before, their picks are no more -1."""
    event, places, times = _cluster(onsets, pairs, sites, settings, need)
    gather(sites.network, places, times, onsets.site, onsets.phase, onsets.time, event, settings.max_added_residual_s,
           settings.max_residual_s, np.int64(sites.longest_s * 1e9), np.int64(settings.duplicate_s * 1e9))
    found = _finish(onsets, sites, settings, event, places, times)
    owner[event == -2] = -2
    owner[found.members] = np.repeat(np.arange(len(found.times)), np.diff(found.bounds))
    return found


def _second_pass(onsets: Onsets, pairs: Pairs, sites: Sites, settings: AssociateSettings, owner: Ints) -> Found:
    """Return the events of the picks left over, from clusters of fewer stations but closer fits."""
    free = np.flatnonzero(owner == -1)
    rank = np.full(len(owner), -1, dtype=np.int64)
    rank[free] = np.arange(len(free))
    whole = (rank[pairs.p] >= 0) & (rank[pairs.s] >= 0)
    rest = Onsets(*(column[free] for column in onsets))
    share = settings.second_share
    closer = settings.model_copy(update={"max_residual_s": share * settings.max_residual_s,
                                         "max_added_residual_s": share * settings.max_added_residual_s,
                                         "max_mean_residual_s": share * settings.max_mean_residual_s})
    found = _pass(rest, Pairs(pairs.t0[whole], rank[pairs.p[whole]], rank[pairs.s[whole]]), sites, closer,
                  _fewest(settings), np.full(len(free), -1, dtype=np.int64))
    return found._replace(members=free[found.members])


def _both(first: Found, second: Found) -> Found:
    """Return the events of both passes in order of time and place."""
    places, times = np.concatenate([first.places, second.places]), np.concatenate([first.times, second.times])
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0], times))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    event = rank[np.repeat(np.arange(len(order)), np.concatenate([np.diff(first.bounds), np.diff(second.bounds)]))]
    by = np.argsort(event, kind="stable")
    return Found(places[order], times[order], np.concatenate([first.members, second.members])[by],
                 np.searchsorted(event[by], np.arange(len(order) + 1)),
                 np.concatenate([first.residuals, second.residuals])[by])


def groups(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
           settings: AssociateSettings) -> list[pd.DataFrame]:
    """Split picks into independent groups; see :func:`quakescribe.associate.stage.groups`.

    A group is what lies within reach of one or more clusters of as many pairs as either pass needs that follow each
    other without a quiet gap.
    """
    sites = prepare(stations, model, settings)
    onsets, _ = find_onsets(picks, sites)
    pairs = find_pairs(onsets, sites, settings)
    spans = _spans(onsets, pairs, sites, settings)
    first = np.searchsorted(onsets.time, spans[:, 0])
    last = np.searchsorted(onsets.time, spans[:, 1], side="right")
    return [picks.iloc[np.sort(onsets.row[a:b])] for a, b in zip(first, last, strict=True)]


def _spans(onsets: Onsets, pairs: Pairs, sites: Sites, settings: AssociateSettings) -> Ints:
    """Return start and end (ns) of the stretches in which events can have picks: shape (n, 2)."""
    deviation = settings.origin_time_deviation_s
    chain = np.concatenate([[0], np.cumsum(np.diff(pairs.t0) > int(2 * deviation * 1e9))]) if len(pairs.t0) else \
        np.empty(0, np.int64)
    size = np.bincount(chain)
    edges = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    live = np.flatnonzero(size >= _fewest(settings))
    margin = 4 * deviation + max(settings.max_residual_s, settings.max_added_residual_s) + settings.duplicate_s
    start = pairs.t0[edges[live]] - int(margin * 1e9)
    end = pairs.t0[edges[live + 1] - 1] + int((margin + sites.longest_s) * 1e9)
    if not len(live):
        return np.empty((0, 2), np.int64)
    new = np.concatenate([[True], start[1:] > np.maximum.accumulate(end)[:-1]])
    return np.stack([start[new], np.maximum.reduceat(end, np.flatnonzero(new))], axis=1)


def _cluster(onsets: Onsets, pairs: Pairs, sites: Sites, settings: AssociateSettings,
             need: int) -> tuple[Ints, NDArray[np.float64], Ints]:
    """Return the owner of every onset (-1 none, -2 duplicate), and place and time of every event."""
    rules = Rules(deviation_s=settings.origin_time_deviation_s, tolerance_s=settings.max_residual_s,
                  count_share=settings.count_share, mean_s=settings.max_mean_residual_s,
                  least_share=settings.min_nearby_share, duplicate_s=settings.duplicate_s, s_weight=settings.s_weight,
                  step_km=settings.grid_km, need=need, need_full=settings.min_pairs,
                  max_drops=settings.max_drops)
    event, s_fits, places, times = grow(sites.network, rules, pairs.t0, onsets.site[pairs.p], onsets.time[pairs.p],
                                onsets.time[pairs.s])
    owner = np.full(len(onsets.time), -1, dtype=np.int64)
    owner[pairs.p] = event
    owner[pairs.s] = np.where((event >= 0) & ~s_fits, -1, event)
    return owner, places, times


def _finish(onsets: Onsets, sites: Sites, settings: AssociateSettings, owner: Ints,
            places: NDArray[np.float64], times: Ints) -> Found:
    """Locate with all picks, drop those that do not fit, dissolve events that fall below ``min_stations``."""
    members = np.flatnonzero(owner >= 0)
    members = members[np.argsort(owner[members], kind="stable")]
    bounds = np.searchsorted(owner[members], np.arange(len(times) + 1))
    residuals = settle(sites.network, onsets.site, onsets.phase, onsets.time, members, bounds, places, times,
                       settings.max_residual_s, settings.count_share, settings.s_weight, settings.grid_km / 2)
    fits = np.abs(residuals) <= settings.max_residual_s
    n_stations = count_distinct(owner[members][fits], sites.network.station[onsets.site[members[fits]]], len(times))
    good = n_stations >= settings.min_stations
    fits &= good[owner[members]]
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0], times))
    order = order[good[order]]
    rank = np.full(len(times), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    kept, event, residuals = members[fits], rank[owner[members[fits]]], residuals[fits]
    by = np.argsort(event, kind="stable")
    return Found(places[order], times[order], kept[by], np.searchsorted(event[by], np.arange(len(order) + 1)),
                  residuals[by])
