"""Picks as the search sees them: which site, which P and S belong together, and the origin time each pair implies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.associate.network import Sites
from quakescribe.settings.associate import AssociateSettings

Ints = NDArray[np.int64]


class Onsets(NamedTuple):
    """The picks at known sites, in an order of their own: time, station, phase, pick_id.

    ``row`` points into the picks table; ``station`` numbers the station_id; ``phase`` is 0 for P and 1 for S.
    """

    row: Ints
    site: Ints
    station: Ints
    phase: Ints
    time: Ints
    pick_id: Ints
    pair_id: Ints


class Pairs(NamedTuple):
    """P-S pairs by their own origin time ``t0`` (ns UTC); ``p`` and ``s`` point into the onsets."""

    t0: Ints
    p: Ints
    s: Ints


def find_onsets(picks: pd.DataFrame, sites: Sites) -> tuple[Onsets, Ints]:
    """Return the onsets at known sites, and the rows of picks whose station is unknown (-1) or out of epoch (-2).

    The second array has one entry per row of ``picks``: the site, or the reason.
    """
    names, station = np.unique(picks["station_id"].to_numpy(dtype=object).astype(str), return_inverse=True)
    time = picks["time"].to_numpy("datetime64[ns]").view(np.int64)
    site = np.full(len(picks), -1, dtype=np.int64)
    by_station = np.argsort(station, kind="stable")
    bounds = np.searchsorted(station[by_station], np.arange(len(names) + 1))
    number = {name: k for k, name in enumerate(names)}
    for k, (name, first, last) in enumerate(sites.table.itertuples(index=False)):
        at = number.get(name)
        if at is None:
            continue
        rows = by_station[bounds[at]:bounds[at + 1]]
        open_rows = rows[site[rows] < 0]
        inside = (time[open_rows] >= first) & (time[open_rows] < last)
        site[open_rows] = np.where(inside, k, -2)
    phase = (picks["phase"].to_numpy(dtype=object) == "S").astype(np.int64)
    pick_id, pair_id = (picks[name].to_numpy(np.int64) for name in ("pick_id", "pair_id"))
    row = np.flatnonzero(site >= 0)
    row = row[np.lexsort((pick_id[row], phase[row], station[row], time[row]))]
    return Onsets(row, site[row], station[row].astype(np.int64), phase[row], time[row], pick_id[row],
                  pair_id[row]), site


def find_pairs(onsets: Onsets, sites: Sites, settings: AssociateSettings) -> Pairs:
    """Return the pairs that the picker gave and those that the rule makes of the unpaired picks, by t0.

    The rule: the first unpaired S after an unpaired P, later than ``min_sp_s`` and no later than ``max_sp_s`` after
    it, and before the next P of the same station_id.
    """
    given_p, given_s = _given(onsets)
    made_p, made_s = _made(onsets, settings)
    p, s = np.concatenate([given_p, made_p]), np.concatenate([given_s, made_s])
    lag = (onsets.time[s] - onsets.time[p]) * 1e-9
    travel = p_travel_time(lag, sites.network.surface[onsets.site[p]], sites)
    keep = np.isfinite(travel) & (travel + lag <= sites.longest_s + settings.max_residual_s)
    p, s, travel = p[keep], s[keep], travel[keep]
    t0 = onsets.time[p] - np.round(travel * 1e9).astype(np.int64)
    order = np.lexsort((s, p, t0))
    return Pairs(t0[order], p[order], s[order])


def p_travel_time(lag_s: NDArray[np.float64], surface: Ints, sites: Sites) -> NDArray[np.float64]:
    """Return the P travel time (s) that an S-P time means at the middle depth; NaN for an S not after its P.

    Read from the tables of S-P and P against distance. Below the least and beyond the greatest S-P time of the table
    the ratio of both at its end holds: exact where Vp/Vs is the same in all layers.
    """
    travel = np.full(len(lag_s), np.nan)
    for k in np.unique(surface):
        at = np.flatnonzero((surface == k) & (lag_s > 0))
        lag, p = sites.lag_s[k], sites.p_s[k]
        end = np.clip(lag_s[at], lag[0], lag[-1])
        travel[at] = np.interp(end, lag, p) * lag_s[at] / end
    return travel


def _given(onsets: Onsets) -> tuple[Ints, Ints]:
    """Return P and S of the pairs that the picker gave; of several S with one pair_id, the first."""
    p = np.flatnonzero((onsets.phase == 0) & (onsets.pair_id == onsets.pick_id))
    s = np.flatnonzero((onsets.phase == 1) & (onsets.pair_id != 0))
    p = p[np.argsort(onsets.pick_id[p], kind="stable")]
    if not len(p) or not len(s):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    at = np.minimum(np.searchsorted(onsets.pick_id[p], onsets.pair_id[s]), len(p) - 1)
    fits = ((onsets.pick_id[p[at]] == onsets.pair_id[s]) & (onsets.station[p[at]] == onsets.station[s])
            & (onsets.time[s] > onsets.time[p[at]]))
    s, at = s[fits], at[fits]
    at, first = np.unique(at, return_index=True)
    return p[at], s[first]


def _made(onsets: Onsets, settings: AssociateSettings) -> tuple[Ints, Ints]:
    """Return P and S of the pairs that the rule makes of unpaired picks."""
    order = np.lexsort((onsets.phase, onsets.time, onsets.station))
    is_p = onsets.phase[order] == 0
    last_p = np.maximum.accumulate(np.where(is_p, np.arange(len(order)), -1))
    s = np.flatnonzero(~is_p & (last_p >= 0) & (onsets.pair_id[order] == 0))
    p = last_p[s]
    lag = (onsets.time[order[s]] - onsets.time[order[p]]) * 1e-9
    fits = ((onsets.station[order[p]] == onsets.station[order[s]]) & (onsets.pair_id[order[p]] == 0)
            & (lag > settings.min_sp_s) & (lag <= settings.max_sp_s))
    p, first = np.unique(p[fits], return_index=True)
    return order[p], order[s[fits][first]]
