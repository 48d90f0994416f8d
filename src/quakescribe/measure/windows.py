"""Where on a station's recording the amplitude of an event is taken, and which of its onsets are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.measure import MeasureSettings

SETTLE_S = 5.0  # of the filters, before the noise window
AFTER_S_LEAST_S = 1.0  # a window that another event cuts shorter than this after S is given up


@dataclass(frozen=True)
class Window:
    """The window of one event at one station; times in ns after 1970."""

    event_id: int
    station_id: str
    noise_ns: int
    begin_ns: int
    end_ns: int
    overlapped: bool

    @property
    def load_ns(self) -> int:
        """First time that is needed: the window depends on nothing before it."""
        return self.noise_ns - int(SETTLE_S * 1e9)


def windows(origins: pd.DataFrame, arrivals: pd.DataFrame, settings: MeasureSettings,
            wanted: Iterable[int] | None = None) -> list[Window]:
    """Return one window per wanted event (all of `origins` by default) and station with an arrival, in order.

    From before_p_s before P to after_s_s + after_s_factor (S - P) after S. An onset that was not observed follows from
    the other and the origin time by vp_vs. The window ends where an onset of another event comes in; if that is before
    S + 1 s, it is marked as overlapped. The events of `origins` that are not wanted are neighbours: their onsets end
    windows just as those of wanted events do. Of an event that is not in `origins`, only the observed onsets count.
    """
    onsets = _onsets(origins, arrivals, settings)
    if wanted is not None:
        onsets["wanted"] &= onsets["event_id"].isin(list(wanted))
    out: list[Window] = []
    for station_id, mine in onsets.groupby("station_id", sort=True):
        p, s = mine["p"].to_numpy(), mine["s"].to_numpy()
        ids, own = mine["event_id"].to_numpy(), mine["wanted"].to_numpy()
        every = np.concatenate((p, s))
        owner = np.concatenate((ids, ids))
        order = np.argsort(every, kind="stable")
        every, owner = every[order], owner[order]
        for i in np.flatnonzero(own):
            begin = int(p[i]) - int(settings.before_p_s * 1e9)
            noise = begin - int(settings.noise_s * 1e9)
            end = int(s[i]) + int(settings.after_s_s * 1e9 + settings.after_s_factor * (int(s[i]) - int(p[i])))
            other = _first_other(every, owner, begin, end, int(ids[i]))
            overlapped = other < int(s[i]) + int(AFTER_S_LEAST_S * 1e9)
            out.append(Window(int(ids[i]), str(station_id), noise, begin, min(end, other), overlapped))
    return sorted(out, key=lambda w: (w.station_id, w.begin_ns, w.event_id))


def _first_other(every: NDArray[np.int64], owner: NDArray[np.int64], begin: int, end: int, event: int) -> int:
    """Return the first onset of another event in [begin, end), or end."""
    low, high = np.searchsorted(every, (begin, end))
    others = np.flatnonzero(owner[low:high] != event)
    return int(every[low + others[0]]) if len(others) else end


def _onsets(origins: pd.DataFrame, arrivals: pd.DataFrame, settings: MeasureSettings) -> pd.DataFrame:
    """Return event_id, station_id, p and s (ns), wanted; one row per event and station with an arrival."""
    times = arrivals.assign(ns=arrivals["time"].astype("int64"))
    first = times.pivot_table(index=["event_id", "station_id"], columns="phase", values="ns", aggfunc="min")
    table = first.reindex(columns=["P", "S"]).astype("float64").rename(columns={"P": "p", "S": "s"}).reset_index()
    exact = times.groupby(["event_id", "station_id", "phase"], sort=True)["ns"].min()
    begins = pd.Series(origins["time"].astype("int64").to_numpy(), index=origins["event_id"])
    table["wanted"] = table["event_id"].isin(begins.index)
    out = {}
    for name, phase in (("p", "P"), ("s", "S")):
        key = pd.MultiIndex.from_arrays([table["event_id"], table["station_id"], np.full(len(table), phase)])
        out[name] = exact.reindex(key, fill_value=-1).to_numpy()  # never by way of float64, which rounds ns
    origin = begins.reindex(table["event_id"], fill_value=-1).to_numpy()
    p, s = out["p"], out["s"]
    known = origin >= 0
    p, s = (np.where((p < 0) & known, origin + ((s - origin) / settings.vp_vs).astype(np.int64), p),
            np.where((s < 0) & known, origin + ((p - origin) * settings.vp_vs).astype(np.int64), s))
    p, s = np.where(p < 0, s, p), np.where(s < 0, p, s)  # an event without origin: its one onset
    table["p"], table["s"] = np.minimum(p, s), np.maximum(p, s)
    return table[["event_id", "station_id", "p", "s", "wanted"]]
