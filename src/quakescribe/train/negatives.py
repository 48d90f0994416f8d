"""Windows without an earthquake: how many per station and day, and where they lie."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.train import SamplesSettings

DAY_NS = 86_400_000_000_000
BEFORE_P_S = 2.0
AFTER_S_S = 5.0
CODA = 2.0
"""An earthquake is taken to last until S + CODA (S - P) + AFTER_S_S."""
TRIES = 20
"""Places drawn for one window before it is given up."""

Intervals = NDArray[np.int64]


def numbers(counted: pd.DataFrame, settings: SamplesSettings, labelled: int | None = None) -> pd.DataFrame:
    """Return how many negatives every station-day gets: AI-PAL's adaptive rule.

    Parameters
    ----------
    counted
        One row per pair: station_id, p_ns (ns after 1970), associated.
    labelled
        How many pairs are labels, where that is not all that are associated.

    Returns
    -------
    DataFrame
        day (days after 1970), station_id, n_associated, n_unassociated, exact, n; by day and station.

    Notes
    -----
    exact(i, j) = L * scale * U(i, j) * (copies * A / U) * max(0, (0.5 - r) / 0.5) with A and U all associated and
    unassociated pairs, U(i, j) those of day i and station j, r = A(i, j) / (A(i, j) + U(i, j)); and no fewer than
    L * scale * negatives_least * copies * A(i, j), so that aftershocks are not without any. L, labelled pairs over
    associated ones, keeps the balance where few are labels. The whole numbers n have the nearest whole number to the
    total of ``exact`` as their total: what is left after rounding down goes to the largest remainders.
    """
    by = counted["associated"].groupby([counted["p_ns"] // DAY_NS, counted["station_id"]], sort=True)
    table = by.agg(["sum", "size"]).astype("int64")
    table.index.names = ["day", "station_id"]
    table = table.reset_index()
    associated = table.pop("sum")
    unassociated = table.pop("size") - associated
    table["n_associated"], table["n_unassociated"] = associated, unassociated
    rate = associated / (associated + unassociated)
    factor = settings.negatives_scale * settings.copies * associated.sum() / max(int(unassociated.sum()), 1)
    exact = unassociated * factor * np.maximum(0.0, (0.5 - rate) / 0.5)
    least = settings.negatives_scale * settings.negatives_least * settings.copies * associated
    exact = exact.combine(least, max)
    share = 1.0 if labelled is None else labelled / max(int(associated.sum()), 1)
    table["exact"] = exact.astype(np.float64) * share * (settings.negatives == "adaptive")
    table["n"] = whole(table["exact"].to_numpy(np.float64))
    return table


def whole(exact: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return whole numbers next to the exact ones, whose total is the nearest to theirs (largest remainders)."""
    out = np.floor(exact).astype(np.int64)
    left = round(float(exact.sum())) - int(out.sum())
    order = np.argsort(-np.round(exact - out, 12), kind="stable")
    out[order[:max(left, 0)]] += 1
    return out


def generator(seed: int, *words: object) -> np.random.Generator:
    """Return the random numbers of one thing, named by words; they depend on nothing else."""
    text = "/".join(str(word) for word in (seed, *words))
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little"))


def busy(quakes: pd.DataFrame) -> Intervals:
    """Return shape (n, 2): from when to when (ns) an earthquake is taken to last; quakes have p_ns and s_ns."""
    p, s = quakes["p_ns"].to_numpy(np.int64), quakes["s_ns"].to_numpy(np.int64)
    first, last = np.minimum(p, s), np.maximum(p, s)
    after = np.round(CODA * (last - first) + AFTER_S_S * 1e9).astype(np.int64)
    return np.stack([first - round(BEFORE_P_S * 1e9), last + after], axis=1)


def forbidden(quakes: pd.DataFrame, edges: NDArray[np.int64], cut_ns: int, step_ns: int,
              settings: SamplesSettings) -> Intervals:
    """Return shape (n, 2): the intervals (ns, both ends included) in which no window may begin; ascending, apart.

    Parameters
    ----------
    quakes
        station_id, p_ns, s_ns, associated: of this station.
    edges
        Times that no window may hold inside.
    cut_ns, step_ns
        Length of a window, and by how much it may be moved to begin with a sample.

    Notes
    -----
    A window [t, t + cut) touches [a, b] if a - cut < t <= b. With ``keep_quakes_out`` no window touches a busy
    interval; without, none holds P and S of an associated pair: s - cut < t <= p.
    """
    if settings.keep_quakes_out:
        spans = busy(quakes)
        low, high = spans[:, 0] - cut_ns, spans[:, 1]
    else:
        pairs = quakes[quakes["associated"]]
        low, high = pairs["s_ns"].to_numpy(np.int64) - cut_ns, pairs["p_ns"].to_numpy(np.int64)
    keep = low < high
    low, high = np.concatenate([low[keep], edges - cut_ns]), np.concatenate([high[keep], edges])
    return merged(np.stack([low - step_ns, high + step_ns], axis=1))


def merged(intervals: Intervals) -> Intervals:
    """Return the union of intervals as disjoint ones in ascending order."""
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    if not len(intervals):
        return intervals
    highest = np.maximum.accumulate(intervals[:, 1])
    new = np.concatenate([[True], intervals[1:, 0] > highest[:-1]])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [len(intervals) - 1]])
    return np.stack([intervals[new, 0], highest[last]], axis=1)


def inside(times: NDArray[np.int64], intervals: Intervals) -> NDArray[np.bool_]:
    """Say which times (any shape) lie in one of the disjoint ascending intervals, ends included."""
    if not len(intervals):
        return np.zeros(times.shape, dtype=bool)
    at = np.searchsorted(intervals[:, 0], times, "right") - 1
    return (at >= 0) & (times <= intervals[np.maximum(at, 0), 1])


def draw(n: int, runs: Intervals, closed: Intervals, cut_ns: int, step_ns: int,
         random: np.random.Generator) -> NDArray[np.int64]:
    """Draw where n windows begin, evenly over the recorded span; at most TRIES places are tried for each.

    Parameters
    ----------
    runs
        Shape (n_runs, 2), ascending: recorded without a break from, and until before (ns). A window lies in one run.
    closed
        Where no window may begin (see :func:`forbidden`).

    Returns
    -------
    array
        Ascending times (ns, multiples of ``step_ns``), all different; fewer than n where too little is free.
    """
    if n <= 0 or not len(runs):
        return np.empty(0, dtype=np.int64)
    low, high = int(runs[0, 0]), int(runs[-1, 1]) - cut_ns
    if high <= low:
        return np.empty(0, dtype=np.int64)
    places = random.integers(low, high, (n, TRIES)) // step_ns * step_ns
    room = np.stack([runs[:, 0], runs[:, 1] - cut_ns], axis=1)
    allowed = inside(places, room[room[:, 0] <= room[:, 1]]) & ~inside(places, closed)
    taken: dict[int, None] = {}
    for row, fits in zip(places, allowed, strict=True):
        place = next((int(one) for one in row[fits] if int(one) not in taken), None)
        if place is not None:
            taken[place] = None
    return np.sort(np.array(list(taken), dtype=np.int64))
