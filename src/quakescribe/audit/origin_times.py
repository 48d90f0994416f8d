"""Origin times of single stations, from P and S: whether an event's stations agree on when it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from quakescribe.audit.case import Case
from quakescribe.audit.event_pairs import Onsets, travel_times
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


def single_station(case: Case, found: Onsets) -> pd.DataFrame:
    """Return by how much the origin time of each P-S pair differs from the median of its event.

    Parameters
    ----------
    found
        The arrivals by event; of several onsets of a phase at a station the first counts.

    Returns
    -------
    pd.DataFrame
        event (row of the catalogue), station (number), apart_s; one row per pair whose onsets have residuals, ordered
        by event and time. Events of one pair are left out.

    Notes
    -----
    With residuals r of P and S, t0 = r_P - (r_S - r_P) / (vp/vs - 1) after the origin time of the event: what Wadati
    (1933) reads from onsets alone, corrected for the model's vp/vs along the ray. It does not depend on where the
    event was put. A vp/vs that is off makes t0 drift with S - P; one slope for the whole catalogue (the least sum of
    absolute differences) takes that out.
    """
    residual = _residuals(case, found)
    first = np.r_[True, (np.diff(found.event) != 0) | (np.diff(found.station) != 0) | (np.diff(found.phase) != 0)]
    usable = np.flatnonzero(first[: len(residual)] & np.isfinite(residual))
    event, station, phase = found.event[usable], found.station[usable], found.phase[usable]
    p = np.flatnonzero((phase[:-1] == 0) & (phase[1:] == 1) & (event[:-1] == event[1:])
                       & (station[:-1] == station[1:])) if len(usable) else np.empty(0, np.int64)
    r_p, r_s = residual[usable[p]], residual[usable[p + 1]]
    ratio = float(np.median(case.model.vp / case.model.vs))
    table = pd.DataFrame({
        "event": event[p], "station": station[p], "t0": r_p - (r_s - r_p) / (ratio - 1.0),
        "s_p": found.time[usable[p + 1]] - found.time[usable[p]] - (r_s - r_p)})
    grouped = table.groupby("event")
    table = table[grouped["t0"].transform("size") > 1]
    grouped = table.groupby("event")
    apart = table["t0"].to_numpy() - grouped["t0"].transform("median").to_numpy()
    delay = table["s_p"].to_numpy() - grouped["s_p"].transform("median").to_numpy()
    t0 = table["t0"].to_numpy() - _slope(delay, apart) * table["s_p"].to_numpy()
    table = table.assign(t0=t0)
    middle = table.groupby("event")["t0"].transform("median").to_numpy()
    table = pd.DataFrame({"event": table["event"], "station": table["station"], "apart_s": t0 - middle})
    return table.sort_values(["event", "apart_s", "station"], kind="stable", ignore_index=True)


def two_groups(event: Rows, apart_s: Array, limit_s: float) -> Rows:
    """Return the events whose origin times fall into two groups of at least two stations each.

    Parameters
    ----------
    event
        Shape (n,), ascending.
    apart_s
        Shape (n,): origin time of each station (s), ascending within the event.
    limit_s
        The gap between the groups is larger; the smaller group is no wider than this.

    Returns
    -------
    NDArray
        Distinct events, ascending.

    Notes
    -----
    A single wrong pair makes no group, nor do two that disagree with each other as well.
    """
    if len(event) < 4:
        return np.empty(0, np.int64)
    begin = np.flatnonzero(np.r_[True, np.diff(event) != 0])
    size = np.diff(np.r_[begin, len(event)])
    start, n = np.repeat(begin, size), np.repeat(size, size)
    below = np.arange(len(event)) - start  # how many of the event lie below the gap that ends here
    above = n - below
    possible = np.flatnonzero((below >= 2) & (above >= 2))
    gap = apart_s[possible] - apart_s[possible - 1]
    low, high = start[possible], start[possible] + n[possible] - 1
    width = np.where(below[possible] <= above[possible], apart_s[possible - 1] - apart_s[low],
                     apart_s[high] - apart_s[possible])
    return np.unique(event[possible[(gap > limit_s) & (width <= limit_s)]])


def independent(event: Rows, apart_s: Array, limit_s: float, rng: np.random.Generator) -> Array:
    """Return origin times as they would be if every pair disagreed by itself, ascending within the event.

    Parameters
    ----------
    event, apart_s
        As in :func:`two_groups`.
    limit_s
        A pair disagrees where its |apart_s| is larger.
    rng
        Random numbers.

    Notes
    -----
    Only events with no or one disagreeing pair tell how often one disagrees by itself, which keeps merged events out:
    with odds o of a pair and n pairs, one of them has exactly one with probability n o / (1 + n o). Values are drawn
    from the agreeing pairs and from those that disagree alone.
    """
    far = np.abs(apart_s) > limit_s
    size, number = np.bincount(event), np.bincount(event, far)
    alone = np.flatnonzero((size > 0) & (number <= 1))
    single = far & (number[event] == 1)
    mixed = rng.choice(apart_s[~far], len(apart_s))
    if single.any():
        n = size[alone]

        def surplus(odds: float) -> float:
            return float((n * odds / (1.0 + n * odds)).sum() - single.sum())

        odds = brentq(surplus, 0.0, 1e3) if surplus(1e3) > 0 else 1e3
        wrong = rng.random(len(mixed)) < odds / (1.0 + odds)
        mixed[wrong] = rng.choice(apart_s[single], int(wrong.sum()))
    return np.asarray(mixed[np.lexsort((mixed, event))])


def _residuals(case: Case, found: Onsets) -> Array:
    """Return the residuals of the locator, of arrivals without one those of the catalogue's place and the model."""
    residual = case.facts.arrivals["residual_s"].to_numpy(dtype=np.float64)[found.row]
    without = np.flatnonzero(~np.isfinite(residual))
    if len(without):
        travel = travel_times(case, found.event[without], found.place[without], found.phase[without])
        origin = seconds(case.facts.catalogue["time"])[found.event[without]]
        residual = residual.copy()
        residual[without] = found.time[without] - origin - travel
    return residual


def _slope(x: Array, y: Array) -> float:
    """Return the slope through the origin with the least sum of |y - slope x|: a weighted median of y / x."""
    keep = np.abs(x) > 0.1  # s; smaller differences say nothing on the slope
    if keep.sum() < 20:
        return 0.0
    ratio, weight = y[keep] / x[keep], np.abs(x[keep])
    order = np.argsort(ratio, kind="stable")
    total = np.cumsum(weight[order])
    return float(ratio[order][np.searchsorted(total, total[-1] / 2)])
