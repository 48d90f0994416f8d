"""What both location modes start from: arrivals sorted by event, matched to stations, with times in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.locate import LocateSettings
from quakescribe.tables import ARRIVALS, SKIPS
from quakescribe.tables.matching import match_stations, nanoseconds


class Located(NamedTuple):
    """What the stage returns: origins, all arrivals with what the location says of them, and what was left out."""

    origins: pd.DataFrame
    arrivals: pd.DataFrame
    skips: pd.DataFrame


@dataclass(frozen=True)
class Gathered:
    """The usable arrivals of the events, event after event.

    Attributes
    ----------
    events
        One row per event with at least one usable arrival: event_id, source_id.
    row
        Shape (n,), int64: the arrival's row in the table that was given.
    offsets
        Shape (n_events + 1,), int64: arrivals offsets[e] to offsets[e + 1] belong to event e.
    zero_ns
        Shape (n_events,), int64: the first arrival (ns since 1970); ``observed_s`` counts from it.
    station
        Shape (n,), int64: row of the station table.
    site
        Shape (n,), int64: number of the station ``NET.STA``, the same for all its location codes and epochs.
    phase
        Shape (n,), int64: 0 P, 1 S.
    observed_s, sigma_s
        Shape (n,), float64: arrival time after the event's zero, and its standard deviation (s).
    skips
        What was left out.
    """

    events: pd.DataFrame
    row: NDArray[np.int64]
    offsets: NDArray[np.int64]
    zero_ns: NDArray[np.int64]
    station: NDArray[np.int64]
    site: NDArray[np.int64]
    phase: NDArray[np.int64]
    observed_s: NDArray[np.float64]
    sigma_s: NDArray[np.float64]
    skips: pd.DataFrame

    @property
    def event(self) -> NDArray[np.int64]:
        """Shape (n,), int64: which event each arrival belongs to."""
        return np.repeat(np.arange(len(self.events)), np.diff(self.offsets))


def gather(events: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, settings: LocateSettings) -> Gathered:
    """Sort arrivals by event, time, station and phase; match them to stations; list what cannot be used."""
    ids = np.sort(events["event_id"].to_numpy(dtype=np.int64))
    times = nanoseconds(arrivals["time"])
    station = match_stations(arrivals["station_id"], times, stations)
    event = np.searchsorted(ids, arrivals["event_id"].to_numpy(dtype=np.int64))
    listed = np.zeros(len(arrivals), dtype=bool)
    inside = event < len(ids)
    listed[inside] = ids[event[inside]] == arrivals["event_id"].to_numpy(dtype=np.int64)[inside]
    is_s = (arrivals["phase"] == "S").to_numpy(dtype=bool)
    usable = np.flatnonzero(listed & (station >= 0))
    names = pd.factorize(arrivals["station_id"], sort=True)[0]
    order = np.lexsort((arrivals["pick_id"].to_numpy()[usable], is_s[usable], names[usable], times[usable],
                        event[usable]))
    row = usable[order]
    present, counts = np.unique(event[row], return_counts=True)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    zero = times[row][offsets[:-1]] if len(row) else np.zeros(0, dtype=np.int64)
    kept = events.set_index("event_id").loc[ids[present]].reset_index()
    kept = kept[["event_id"]].assign(source_id=kept.get("source_id"))
    sigma = _uncertainty(arrivals, is_s, settings)[row]
    site = pd.factorize(stations["station_id"].astype("str").str.rsplit(".", n=1).str[0])[0].astype(np.int64)
    return Gathered(kept, row, offsets, zero, station[row], site[station[row]], is_s[row].astype(np.int64),
                    (times[row] - np.repeat(zero, counts)) / 1e9, sigma,
                    _skips(arrivals, ids, present, listed, station))


def _uncertainty(arrivals: pd.DataFrame, is_s: NDArray[np.bool_], settings: LocateSettings) -> NDArray[np.float64]:
    default = np.where(is_s, settings.s_uncertainty_s, settings.p_uncertainty_s)
    if "uncertainty_s" not in arrivals:
        return default
    given = arrivals["uncertainty_s"].to_numpy(dtype=np.float64)
    return np.maximum(np.where(np.isfinite(given) & (given > 0), given, default), settings.min_uncertainty_s)


def _skips(arrivals: pd.DataFrame, ids: NDArray[np.int64], present: NDArray[np.int64], listed: NDArray[np.bool_],
           station: NDArray[np.int64]) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for name, group in arrivals[listed & (station < 0)].groupby("station_id"):
        rows.append({"station_id": name, "source": None, "reason": "unknown-station", "count": len(group),
                     "detail": "the station table does not list it; its arrivals are not used"})
    if not listed.all():
        rows.append({"station_id": None, "source": None, "reason": "unknown-event", "count": int((~listed).sum()),
                     "detail": "arrivals whose event_id the events table does not list"})
    for missing in np.delete(ids, present):
        rows.append({"station_id": None, "source": str(missing), "reason": "no-arrivals", "count": 1,
                     "detail": "no arrival at a known station; the event has no origin"})
    if not rows:
        return SKIPS.empty()
    return SKIPS.make({"stage": ["locate"] * len(rows), **{key: [row[key] for row in rows] for key in rows[0]}})


def update_arrivals(arrivals: pd.DataFrame, row: NDArray[np.int64],
                    values: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return the arrivals table with new columns at the given rows; arrivals not located have null, and weight 0."""
    out = arrivals.copy()
    for name, value in values.items():
        column = np.full(len(arrivals), 0.0 if name == "weight" else np.nan)
        column[row] = value
        out[name] = column
    return ARRIVALS.order(ARRIVALS.conform(out))
