"""A map of events in working hours: nodes, their nearest events, and how likely so many are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import binom, t

from quakescribe.audit.local_time import Array
from quakescribe.audit.statistics import false_discovery
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.settings.audit_rates import AuditRatesSettings


@dataclass(frozen=True)
class Daytime:
    """Events that the map of quarries is made of.

    Attributes
    ----------
    row, x, y
        Shape (n,): row in the catalogue and place (km).
    work
        Shape (n,): in working hours.
    day
        Shape (n,): local day, numbered from 0.
    expected
        Share of the recorded time that lies in working hours.
    """

    row: NDArray[np.int64]
    x: Array
    y: Array
    work: NDArray[np.bool_]
    day: NDArray[np.int64]
    expected: float
    frame: LocalFrame


def daytime_p(work: NDArray, day: NDArray, expected: NDArray | float) -> tuple[Array, Array]:
    """Return, per row, the probability of so many events in working hours, and the largest share of one day.

    Parameters
    ----------
    work, day
        Shape (m, k): whether each of k events lies in working hours, and on which day.
    expected
        Shape (m,) or one: share of events in working hours without blasts.

    Returns
    -------
    tuple
        p, shape (m,): the larger of the binomial upper tail of N_d ~ Bin(k, q) and the upper tail of Student's t of
        (N_d - q k) / sqrt(v) with v the larger of k q (1 - q) and D / (D - 1) sum((d_j - s n_j)^2) over D days j with
        n_j events, d_j of them in working hours, and s = N_d / k: days are independent, events of one day need not be.
        And the share of the working-hour events on one day.

    Notes
    -----
    O(m k log k).
    """
    m, k = work.shape
    q = np.broadcast_to(np.asarray(expected, np.float64), m)
    order = np.argsort(day, axis=1, kind="stable")
    flag, label = np.take_along_axis(work, order, 1), np.take_along_axis(day, order, 1)
    new = np.ones((m, k), dtype=bool)
    new[:, 1:] = label[:, 1:] != label[:, :-1]
    starts = np.flatnonzero(new)
    owner = starts // k
    of_day = np.diff(np.append(starts, m * k))
    worked = np.add.reduceat(flag.ravel().astype(np.float64), starts)
    n_work, n_days = work.sum(axis=1), np.bincount(owner, minlength=m)
    between = np.bincount(owner, (worked - (n_work / k)[owner] * of_day) ** 2, m) * n_days / np.maximum(n_days - 1, 1)
    score = (n_work - q * k) / np.sqrt(np.maximum(between, k * q * (1 - q)))
    most = np.zeros(m)
    np.maximum.at(most, owner, worked)
    by_count = binom.sf(n_work - 1, k, q)
    by_day = np.where(n_days > 2, t.sf(score, np.maximum(n_days - 1, 1)), 1.0)
    return np.maximum(by_count, by_day), most / np.maximum(n_work, 1)


def quarry_map(events: Daytime, rules: AuditRatesSettings) -> tuple[pd.DataFrame, list[NDArray[np.int64]]]:
    """Return the nodes of a map of Rq = (N_d / N_n)(L_n / L_d), and the events of each.

    Nodes are places of events, thinned evenly in space; of each the 50, 100, ... nearest events are taken together
    (Wiemer & Baer 2000). One row per node: of the numbers of nearest events the one with the smallest p.

    Returns
    -------
    tuple
        x, y, latitude, longitude, n, n_work, ratio, radius_km, p (against both expectations), p_own (against the rest
        of the catalogue alone), one_day (share of the working-hour events on the fullest day), significant (q of all
        nodes and numbers below the false-discovery rate, against both), own (the same against the rest alone).
    """
    at = _thinned(events, rules.quarry_nodes)
    tree = cKDTree(np.column_stack([events.x, events.y]))
    sizes = _sizes(len(events.row), rules)
    distance, near = tree.query(np.column_stack([events.x[at], events.y[at]]), k=sizes[-1])
    p, own, one_day = (np.empty((len(sizes), len(at))) for _ in range(3))
    total, n_all = int(events.work.sum()), len(events.row)
    for s, k in enumerate(sizes):
        work, day = events.work[near[:, :k]], events.day[near[:, :k]]
        elsewhere = (total - work.sum(axis=1)) / (n_all - k)
        own[s], one_day[s] = daytime_p(work, day, np.clip(elsewhere, 0.02, 0.98))
        p[s] = np.maximum(daytime_p(work, day, events.expected)[0], own[s])
    repeats = one_day <= rules.quarry_one_day_share
    both, alone = (np.where(repeats, one, 1.0) for one in (p, own))
    found = false_discovery(both.ravel(), rules.quarry_rate).reshape(both.shape)
    found_own = false_discovery(alone.ravel(), rules.quarry_rate).reshape(both.shape)
    best = both.argmin(axis=0)
    node = np.arange(len(at))
    best = np.where(found.any(axis=0), np.where(found, both, 2.0).argmin(axis=0), best)
    taken = np.array(sizes)[best]
    members = [near[i, :k] for i, k in zip(node, taken, strict=True)]
    n_work = np.array([events.work[m].sum() for m in members])
    q = events.expected
    latitude, longitude = events.frame.to_geographic(events.x[at], events.y[at])
    return pd.DataFrame({
        "x": events.x[at], "y": events.y[at], "latitude": latitude, "longitude": longitude, "n": taken,
        "n_work": n_work, "ratio": n_work / np.maximum(taken - n_work, 0.5) * (1 - q) / q,
        "radius_km": distance[node, taken - 1], "p": both[best, node], "p_own": alone[best, node],
        "one_day": one_day[best, node], "significant": found.any(axis=0), "own": found_own.any(axis=0)}), members


def _sizes(n: int, rules: AuditRatesSettings) -> list[int]:
    """Return the numbers of nearest events: doubling, no more than half of the catalogue."""
    sizes, k = [], rules.quarry_least_events
    while k <= min(rules.quarry_most_events, n // 2):
        sizes.append(k)
        k *= 2
    return sizes or [n // 2]


def _thinned(events: Daytime, most: int) -> NDArray[np.int64]:
    """Return events that are spread evenly in space: one of each cell, with cells as small as their number allows."""
    x, y = events.x - events.x.min(), events.y - events.y.min()
    side = max(float(max(x.max(), y.max())), 1e-6)
    low, high = 1, 4096
    keep = np.array([0])
    while low <= high:
        middle = (low + high) // 2
        column, line = (np.floor(v / side * middle).astype(np.int64) for v in (x, y))
        one = np.unique(column * (middle + 1) + line, return_index=True)[1]
        if len(one) <= most:
            keep, low = one, middle + 1
        else:
            high = middle - 1
    return np.sort(keep)
