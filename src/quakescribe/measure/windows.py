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
    picked: bool = True

    @property
    def load_ns(self) -> int:
        """First time that is needed: the window depends on nothing before it."""
        return self.noise_ns - int(SETTLE_S * 1e9)


def windows(origins: pd.DataFrame, arrivals: pd.DataFrame, settings: MeasureSettings,
            wanted: Iterable[int] | None = None, expected: pd.DataFrame | None = None) -> list[Window]:
    """Return one window per wanted event (all of `origins` by default) and station with an arrival, in order.

    From before_p_s before P to after_s_s + after_s_factor (S - P) after S. An onset that was not observed follows from
    the other and the origin time by vp_vs. The window ends where an onset of another event comes in; if that is before
    S + 1 s, it is marked as overlapped. The events of `origins` that are not wanted are neighbours: their onsets end
    windows just as those of wanted events do. Of an event that is not in `origins`, only the observed onsets count.
    ``expected`` (event_id, station_id, p_ns, s_ns) gives windows at stations without an arrival; such onsets end no
    other window.
    """
    onsets = _onsets(origins, arrivals, settings).assign(picked=True)
    if expected is not None and len(expected):
        onsets = _with_expected(onsets, expected[expected["event_id"].isin(origins["event_id"])])
    if wanted is not None:
        onsets["wanted"] &= onsets["event_id"].isin(list(wanted))
    out: list[Window] = []
    for station_id, mine in onsets.groupby("station_id", sort=True):
        p, s = mine["p"].to_numpy(), mine["s"].to_numpy()
        ids, own, picked = (mine[name].to_numpy() for name in ("event_id", "wanted", "picked"))
        every = np.concatenate((p[picked], s[picked]))
        owner = np.concatenate((ids[picked], ids[picked]))
        order = np.argsort(every, kind="stable")
        every, owner = every[order], owner[order]
        for i in np.flatnonzero(own):
            begin = int(p[i]) - int(settings.before_p_s * 1e9)
            noise = begin - int(settings.noise_s * 1e9)
            end = int(s[i]) + int(settings.after_s_s * 1e9 + settings.after_s_factor * (int(s[i]) - int(p[i])))
            other = _first_other(every, owner, begin, end, int(ids[i]))
            overlapped = other < int(s[i]) + int(AFTER_S_LEAST_S * 1e9)
            out.append(Window(int(ids[i]), str(station_id), noise, begin, min(end, other), overlapped,
                              bool(picked[i])))
    return sorted(out, key=lambda w: (w.station_id, w.begin_ns, w.event_id))


def _with_expected(onsets: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    """Add the expected onsets of events at stations where they have no arrival."""
    known = pd.MultiIndex.from_frame(onsets[["event_id", "station_id"]])
    new = expected[~pd.MultiIndex.from_frame(expected[["event_id", "station_id"]]).isin(known)]
    more = pd.DataFrame({"event_id": new["event_id"], "station_id": new["station_id"], "p": new["p_ns"],
                         "s": new["s_ns"], "wanted": True, "picked": False})
    return pd.concat([onsets, more], ignore_index=True)


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
