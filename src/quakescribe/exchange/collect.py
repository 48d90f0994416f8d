"""Rows of a foreign file on their way into tables: events are numbered, stations resolved, faults counted."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from quakescribe.exchange.clock import from_ns
from quakescribe.exchange.names import Names
from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, SKIPS, event_ids, pick_ids

Tables = dict[str, pd.DataFrame]
NAN = math.nan
COVARIANCE = tuple(f"covariance_{pair}" for pair in ("xx", "xy", "xz", "yy", "yz", "zz", "xt", "yt", "zt", "tt"))
_NUMERIC = re.compile(r"(?:.*[/=#:|])?0*(\d{1,18})")
_CHUNK = 50_000


class Associated(NamedTuple):
    """The associator's own place and time, where a file keeps it beside the location."""

    time: int
    latitude: float
    longitude: float
    depth_km: float
    n_picks: int
    n_stations: int
    associator: str


class Event(NamedTuple):
    """One event of a foreign file: ``time`` in ns; ``source_id`` None = derived from ``id``; ``located`` False = no
    row of origins.
    """

    id: str
    time: int
    latitude: float
    longitude: float
    depth_km: float = NAN
    erh_km: float = NAN
    erz_km: float = NAN
    ert_s: float = NAN
    rms_s: float = NAN
    gap_deg: float = NAN
    dmin_km: float = NAN
    n_phases: int = -1
    n_stations: int = -1
    quality: str | None = None
    well_located: bool = False
    flags: str | None = None
    source_id: str | None = None
    method: str | None = None
    covariance: tuple[float, ...] | None = None
    located: bool = True
    associated: Associated | None = None


class Phase(NamedTuple):
    """One onset. ``event`` is what `Collector.event` returned, -1 = belongs to none; ``pick_id`` 0 = by digest."""

    event: int
    station_id: str
    phase: str
    time: int
    uncertainty_s: float = NAN
    amplitude_m: float = NAN
    distance_km: float = NAN
    azimuth_deg: float = NAN
    takeoff_deg: float = NAN
    residual_s: float = NAN
    weight: float = NAN
    probability: float = NAN
    snr: float = NAN
    pair: int = 0
    pick_id: int = 0
    picker: str | None = None
    arrival: bool = True


class Magnitude(NamedTuple):
    """One magnitude; ``station_id`` None = the network's."""

    event: int
    kind: str
    value: float
    station_id: str | None = None
    uncertainty: float = NAN
    amplitude_m: float = NAN
    n_stations: int = 0
    used: bool = True


_FIELDS: dict[str, tuple[str, ...]] = {"event": Event._fields, "phase": Phase._fields,
                                       "magnitude": Magnitude._fields}


class Collector:
    """Collects events, phases and magnitudes; `tables` makes the tables. ``source`` names the format.

    Rows are packed into arrays every 50,000, so a large file costs little more than its tables.
    """

    def __init__(self, source: str, stations: pd.DataFrame | None) -> None:
        self.source = source
        self.names = Names(stations)
        self.skips: Counter[tuple[str, str]] = Counter()
        self._rows: dict[str, list[Any]] = {"event": [], "phase": [], "magnitude": []}
        self._packed: dict[str, list[pd.DataFrame]] = {"event": [], "phase": [], "magnitude": []}
        self._n_events = 0

    def event(self, event: Event) -> int:
        """Take an event; the number returned goes into its phases and magnitudes."""
        self._add("event", event)
        self._n_events += 1
        return self._n_events - 1

    def phase(self, phase: Phase) -> None:
        """Take an onset."""
        self._add("phase", phase)

    def magnitude(self, magnitude: Magnitude) -> None:
        """Take a magnitude; one without a value is dropped."""
        if not math.isnan(magnitude.value):
            self._add("magnitude", magnitude)

    def skip(self, reason: str, detail: str) -> None:
        """Count one thing left out."""
        self.skips[reason, detail] += 1

    def _add(self, kind: str, row: Any) -> None:
        rows = self._rows[kind]
        rows.append(row)
        if len(rows) >= _CHUNK:
            self._pack(kind)

    def _pack(self, kind: str) -> None:
        fields = _FIELDS[kind]
        rows = self._rows[kind]
        if rows:
            self._packed[kind].append(pd.DataFrame({name: _column(values) for name, values in
                                                    zip(fields, zip(*rows, strict=True), strict=True)}))
            rows.clear()

    def _frame(self, kind: str) -> pd.DataFrame:
        self._pack(kind)
        frames = self._packed[kind]
        if frames:
            return pd.concat(frames, ignore_index=True)
        return pd.DataFrame({name: [] for name in _FIELDS[kind]})

    def tables(self) -> Tables:
        """Return the tables that hold rows (events and origins always), with a skips table if anything was left out."""
        events, phases, magnitudes = (self._frame(kind) for kind in ("event", "phase", "magnitude"))
        ids, source_ids = self._number(events)
        phases = self._phases(phases, ids)
        result: Tables = {"events": self._events(events, ids, source_ids, phases),
                          "origins": self._origins(events, ids, source_ids, phases)}
        if len(phases):
            result["picks"] = _picks(phases)
            mine = phases[phases["arrival"].astype(bool) & (phases["event_id"] >= 0)]
            result["arrivals"] = ARRIVALS.order(ARRIVALS.conform(mine))
        if len(magnitudes):
            result["magnitudes"] = self._magnitudes(magnitudes, ids)
        skips = self._skips()
        if len(skips):
            result["skips"] = skips
        return result

    def _number(self, events: pd.DataFrame) -> tuple[np.ndarray, list[str | None]]:
        names = [str(name) for name in events["id"]]
        matches = [_NUMERIC.fullmatch(name) for name in names]
        given: list[str | None] = [None if source is None or source != source else str(source)
                                   for source in events["source_id"]]
        if all(matches) and len({int(m[1]) for m in matches if m}) == len(names):
            ids = np.array([int(m[1]) for m in matches if m], dtype=np.int64)
            return ids, [g if g is not None else (None if name.isdigit() else name)
                         for g, name in zip(given, names, strict=True)]
        repeats = sum(n - 1 for n in Counter(name for name in names if name).values())
        if repeats:
            self.skips["duplicate-id", "event ids repeat; all events were numbered by origin time"] += repeats
        ids = event_ids(from_ns(events["time"].to_numpy(np.int64)))
        return ids, [g if g is not None else (name or None) for g, name in zip(given, names, strict=True)]

    def _phases(self, phases: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
        if not len(phases):
            return phases
        ordinal = phases["event"].to_numpy(np.int64)
        phases["event_id"] = np.where(ordinal >= 0, ids[ordinal] if len(ids) else -1, -1)
        ns = phases["time"].to_numpy(np.int64)
        phases["time"] = from_ns(ns)
        given = phases["pick_id"].to_numpy(np.int64)
        phases["pick_id"] = np.where(given > 0, given,
                                     pick_ids(phases["station_id"], phases["phase"], phases["time"]))
        repeated = phases.duplicated(["event_id", "pick_id"]).to_numpy()
        if repeated.any():
            self.skips["duplicate-pick", "the same station, phase and time twice in one event"] += int(repeated.sum())
            phases = phases[~repeated].reset_index(drop=True)
        phases["picker"] = phases["picker"].where(phases["picker"].notna(), self.source)
        return phases

    def _events(self, events: pd.DataFrame, ids: np.ndarray, source_ids: list[str | None],
                phases: pd.DataFrame) -> pd.DataFrame:
        frame = pd.DataFrame({"event_id": ids, "time": from_ns(events["time"].to_numpy(np.int64)),
                              "latitude": events["latitude"], "longitude": events["longitude"],
                              "depth_km": events["depth_km"], "source_id": pd.Series(source_ids, dtype="str")})
        frame["associator"] = events["method"].where(events["method"].notna(), self.source)
        counted = _counts(ids, phases)
        for name, given, count in zip(("n_picks", "n_stations"), ("n_phases", "n_stations"), counted, strict=True):
            frame[name] = np.where(count > 0, count, np.maximum(events[given].to_numpy(np.int64), 0))
        own = events["associated"].notna().to_numpy(bool)
        if own.any():
            rows = pd.DataFrame(list(events["associated"][own]), columns=list(Associated._fields))
            rows["time"] = from_ns(rows["time"].to_numpy(np.int64))
            for name in Associated._fields:
                frame[name] = frame[name].astype(object).where(~own, pd.Series(rows[name].to_numpy(object),
                                                                               index=frame.index[own]))
            frame["depth_km"] = frame["depth_km"].astype(float)
            frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return EVENTS.order(EVENTS.conform(frame))

    def _origins(self, events: pd.DataFrame, ids: np.ndarray, source_ids: list[str | None],
                 phases: pd.DataFrame) -> pd.DataFrame:
        frame = events.drop(columns=["id", "covariance", "source_id", "located", "associated"])
        frame["event_id"], frame["time"] = ids, from_ns(events["time"].to_numpy(np.int64))
        frame["source_id"] = pd.Series(source_ids, dtype="str")
        frame["method"] = events["method"].where(events["method"].notna(), self.source)
        used = phases[phases["weight"].isna() | (phases["weight"].to_numpy(float) > 0)] if len(phases) else phases
        for name, counted in zip(("n_phases", "n_stations"), _counts(ids, used), strict=True):
            given = events[name].to_numpy(np.int64)
            frame[name] = np.where(given >= 0, given, counted)
        nothing = (NAN,) * 10
        rows = [c if isinstance(c, tuple) else nothing for c in events["covariance"]]
        for i, name in enumerate(COVARIANCE):
            frame[name] = np.array([row[i] for row in rows], dtype=float)
        located = events["located"].to_numpy(bool)
        no_depth = frame["depth_km"].isna().to_numpy(bool) & located
        if no_depth.any():
            self.skips["no-depth", "events without a depth stand in events, not in origins"] += int(no_depth.sum())
        return ORIGINS.order(ORIGINS.conform(frame[located & ~no_depth].reset_index(drop=True)))

    def _magnitudes(self, magnitudes: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
        magnitudes["event_id"] = ids[magnitudes["event"].to_numpy(np.int64)]
        repeated = magnitudes.duplicated(["event_id", "kind", "station_id"]).to_numpy()
        if repeated.any():
            self.skips["duplicate-magnitude", "the same kind (and station) twice in one event; the first is kept"] += \
                int(repeated.sum())
        return MAGNITUDES.order(MAGNITUDES.conform(magnitudes[~repeated].reset_index(drop=True)))

    def _skips(self) -> pd.DataFrame:
        rows = [{"station_id": None, "source": self.source, "reason": reason, "detail": detail, "count": count}
                for (reason, detail), count in self.skips.items()]
        for (label, station_id, reason), count in self.names.unresolved.items():
            fits = "fits several stations" if reason == "ambiguous-station" else "is not in the stations table"
            rows.append({"station_id": station_id, "source": self.source, "reason": reason,
                         "detail": f"'{label}' {fits}; used as {station_id}", "count": count})
        if not rows:
            return SKIPS.empty()
        return SKIPS.order(SKIPS.conform(pd.DataFrame(rows).assign(stage="exchange")))


def _column(values: tuple[Any, ...]) -> Any:
    """Keep big integers whole and numbers as float64; None stays an object."""
    first = values[0]
    if isinstance(first, bool) or not isinstance(first, int | float):
        return pd.Series(values, dtype=object)
    return np.array(values, dtype=np.int64 if isinstance(first, int) else np.float64)


def _counts(ids: np.ndarray, phases: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    if not len(phases):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    groups = phases[phases["arrival"].astype(bool)].groupby("event_id")["station_id"]
    counted = groups.agg(["size", "nunique"]).reindex(ids).fillna(0).astype(np.int64)
    return counted["size"].to_numpy(), counted["nunique"].to_numpy()


def _picks(phases: pd.DataFrame) -> pd.DataFrame:
    picks = phases.drop_duplicates("pick_id").reset_index(drop=True)
    picks["pair_id"] = picks["pair"]
    pairs = picks["pair"].to_numpy(np.int64)
    if (pairs < 0).any():  # negative: the number of the pair within the file, not yet a pick_id
        is_p = (picks["phase"] == "P").to_numpy()
        p_of = dict(zip(pairs[is_p], picks["pick_id"][is_p], strict=True))
        s_of = set(pairs[~is_p])
        picks["pair_id"] = [int(p_of.get(n, 0)) if n < 0 and n in s_of else max(int(n), 0) for n in pairs]
    return PICKS.order(PICKS.conform(picks))
