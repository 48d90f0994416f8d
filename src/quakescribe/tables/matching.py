"""What is the same in two tables: rows of equal code that lie close in time, and one-to-one matches of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Rows = NDArray[np.int64]

YEAR_2000 = pd.Timestamp("2000-01-01", tz="UTC")
"""Where :func:`seconds` begin."""

_NONE = np.iinfo(np.int64).min
"""What a missing time is in nanoseconds."""


def nanoseconds(times: pd.Series) -> Rows:
    """Return whole nanoseconds after 1970; a missing time is the smallest integer."""
    return np.asarray(times.to_numpy(dtype="datetime64[ns]").view(np.int64))


def seconds(times: pd.Series) -> NDArray[np.float64]:
    """Return seconds after the year 2000 (to a microsecond)."""
    return np.asarray((nanoseconds(times) - YEAR_2000.value) * 1e-9)


def codes(*columns: pd.Series) -> list[Rows]:
    """Return a whole number for every entry; equal entries of any column have the same."""
    number, _ = pd.factorize(pd.concat([column.astype("str") for column in columns], ignore_index=True))
    return np.split(number.astype(np.int64), np.cumsum([len(column) for column in columns])[:-1])


def close(a: tuple[Rows, Rows], b: tuple[Rows, Rows], within_s: float) -> tuple[Rows, Rows]:
    """Return the rows of all pairs of equal code whose times (ns) differ by no more than `within_s`.

    ``a`` and ``b`` are each code and time. Code and time are put behind each other in one number of microseconds, so
    that one sort and one search serve all stations.
    """
    if not len(a[0]) or not len(b[0]):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    start = min(a[1].min(), b[1].min())
    reach = int(within_s * 1e6) + 1
    step = (max(a[1].max(), b[1].max()) - start) // 1000 + 2 * reach + 1
    left, right = (code * step + (time - start) // 1000 for code, time in (a, b))
    from_a, from_b = np.argsort(left, kind="stable"), np.argsort(right, kind="stable")
    left, right = left[from_a], right[from_b]  # sorted on both sides: the search stays in the cache
    low, high = np.searchsorted(right, left - reach), np.searchsorted(right, left + reach, side="right")
    i, j = np.repeat(from_a, high - low), from_b[_ranges(low, high)]
    keep = np.abs(a[1][i] - b[1][j]) <= within_s * 1e9
    return i[keep], j[keep]


def one_to_one(i: Rows, j: Rows, *costs: NDArray) -> tuple[Rows, Rows]:
    """Return the pairs that remain when the cheapest are taken first and nothing twice, ordered by the first.

    Earlier costs weigh more than later ones. Each round takes the pairs that are the cheapest left of both members.
    """
    order = np.lexsort((j, i, *reversed(costs)))
    i, j = i[order], j[order]
    left, kept = np.arange(len(i)), [np.empty(0, np.int64)]
    best_i, best_j = (np.full(k.max(initial=-1) + 1, -1) for k in (i, j))
    while len(left):
        best_i[i[left[::-1]]], best_j[j[left[::-1]]] = left[::-1], left[::-1]
        first = (best_i[i[left]] == left) & (best_j[j[left]] == left)
        won = left[first]
        kept.append(won)
        best_i[i[won]] = best_j[j[won]] = -2
        left = left[(best_i[i[left]] != -2) & (best_j[j[left]] != -2)]
    chosen = np.concatenate(kept)
    chosen = chosen[np.argsort(i[chosen], kind="stable")]
    return i[chosen], j[chosen]


def _ranges(low: Rows, high: Rows) -> Rows:
    """Return low[0]..high[0]-1, low[1]..high[1]-1, ... in one array."""
    lengths = high - low
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(low, lengths)


def match_stations(station_id: pd.Series, times_ns: NDArray[np.int64], stations: pd.DataFrame) -> NDArray[np.int64]:
    """Return the station-table row of every arrival, -1 where the station is unknown.

    Of several epochs the one that holds the time; where none does, the last that begins before it, or the first.
    """
    begin = nanoseconds(stations["valid_from"]) if "valid_from" in stations else np.full(len(stations), _NONE)
    end = nanoseconds(stations["valid_to"]) if "valid_to" in stations else np.full(len(stations), _NONE)
    end = np.where(end == _NONE, np.iinfo(np.int64).max, end)
    out = np.full(len(station_id), -1, dtype=np.int64)
    rows_of = pd.Series(np.arange(len(stations))).groupby(stations["station_id"].to_numpy()).indices
    for name, places in pd.Series(np.arange(len(station_id))).groupby(station_id.to_numpy()).indices.items():
        if name not in rows_of:
            continue
        rows = np.asarray(rows_of[name])
        rows = rows[np.argsort(begin[rows], kind="stable")]
        out[places] = rows[0]
        for r in rows[1:]:
            later = times_ns[places] >= begin[r]
            out[places[later]] = r
        for r in rows:
            holds = (times_ns[places] >= begin[r]) & (times_ns[places] < end[r])
            out[places[holds]] = r
    return out
