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
    ``expected`` (event_id, station_id, p_ns, s_ns) gives windows of events of `origins` at stations where they have no
    arrival; such onsets end no other window.
    """
    onsets = _onsets(origins, arrivals, settings).assign(picked=True)
    if expected is not None and len(expected):
        more = expected.rename(columns={"p_ns": "p", "s_ns": "s"}).assign(wanted=True, picked=False)
        onsets = pd.concat([onsets, more], ignore_index=True)
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


def _first_other(every: NDArray[np.int64], owner: NDArray[np.int64], begin: int, end: int, event: int) -> int:
    """Return the first onset of another event in [begin, end), or end."""
    low, high = np.searchsorted(every, (begin, end))
    others = np.flatnonzero(owner[low:high] != event)
    return int(every[low + others[0]]) if len(others) else end


def _onsets(origins: pd.DataFrame, arrivals: pd.DataFrame, settings: MeasureSettings) -> pd.DataFrame:
    """Return event_id, station_id, p and s (ns), wanted; one row per event and station with an arrival."""
    times = arrivals.assign(ns=arrivals["time"].astype("int64"))
    first = times.groupby(["event_id", "station_id", "phase"], sort=True)["ns"].min()
    # whole numbers throughout, which pivot_table would make floats of: these round a time
    table = first.unstack("phase", fill_value=-1).reindex(columns=["P", "S"], fill_value=-1).reset_index()  # noqa: PD010
    begins = pd.Series(origins["time"].astype("int64").to_numpy(), index=origins["event_id"])
    origin = begins.reindex(table["event_id"], fill_value=-1).to_numpy()
    p, s, known = table["P"].to_numpy(), table["S"].to_numpy(), origin >= 0
    p, s = (np.where((p < 0) & known, origin + ((s - origin) / settings.vp_vs).astype(np.int64), p),
            np.where((s < 0) & known, origin + ((p - origin) * settings.vp_vs).astype(np.int64), s))
    p, s = np.where(p < 0, s, p), np.where(s < 0, p, s)  # an event without origin: its one onset
    return pd.DataFrame({"event_id": table["event_id"], "station_id": table["station_id"], "p": np.minimum(p, s),
                         "s": np.maximum(p, s), "wanted": known})
