"""Faults of catalogues: events, magnitudes, depths and stations are changed after everything was made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from audits.bases import Base
from audits.planted_picks import busiest_but
from quakescribe.earth.geodesy import LocalFrame, destination
from quakescribe.tables import PICKS, event_ids, pick_ids


def with_events(base: Base, origins: pd.DataFrame, arrivals: pd.DataFrame, magnitudes: pd.DataFrame) -> Base:
    """Return the base with more events, arrivals and magnitudes."""
    old = base.tables
    tables = dict(old)
    tables["origins"] = pd.concat([old["origins"], origins], ignore_index=True)
    tables["arrivals"] = pd.concat([old["arrivals"], arrivals], ignore_index=True)
    tables["magnitudes"] = pd.concat([old["magnitudes"], magnitudes], ignore_index=True)
    rows = origins.rename(columns={"n_phases": "n_picks"}).assign(associator="pal")
    tables["events"] = pd.concat([old["events"], rows[[one for one in old["events"] if one in rows]]],
                                 ignore_index=True)
    new = arrivals[~arrivals["pick_id"].isin(old["picks"]["pick_id"])]
    tables["picks"] = PICKS.order(PICKS.conform(pd.concat([old["picks"], new.assign(picker="made", pair_id=0)[
        ["pick_id", "station_id", "phase", "time", "pair_id", "picker"]]], ignore_index=True)))
    return replace(base, tables=tables, chained=False)


def copies(base: Base, ids: np.ndarray, time: pd.Series, latitude: np.ndarray, longitude: np.ndarray,
           same_picks: bool) -> Base:
    """Return the base with copies of events at other times and places; their arrivals move along unless the same."""
    old = base.tables
    origins = old["origins"].set_index("event_id").loc[ids].reset_index()
    shift = (time.reset_index(drop=True) - origins["time"]).to_numpy()
    taken = set(old["origins"]["event_id"])
    new = event_ids(time)
    while any(int(one) in taken for one in new):
        new = np.where(np.isin(new, list(taken)), new + 1, new)
    numbers = pd.DataFrame({"event_id": ids, "new": new, "shift": shift})
    origins = origins.assign(event_id=new, time=time.reset_index(drop=True).array, latitude=latitude,
                             longitude=longitude)
    arrivals = numbers.merge(old["arrivals"], on="event_id")
    if not same_picks:
        arrivals["time"] = (arrivals["time"] + arrivals["shift"]).dt.as_unit("ns")
        arrivals["pick_id"] = pick_ids(arrivals["station_id"], arrivals["phase"], arrivals["time"])
    magnitudes = numbers.merge(old["magnitudes"], on="event_id")
    return with_events(base, origins, arrivals.assign(event_id=arrivals["new"])[list(old["arrivals"])],
                       magnitudes.assign(event_id=magnitudes["new"])[list(old["magnitudes"])])


def blasts(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of events more are blasts of one quarry, Monday to Friday from 9 to 17 h local time."""
    origins = base.tables["origins"]
    n = round(share * len(origins))
    ids = rng.choice(origins["event_id"].to_numpy(), n, replace=False)
    frame = LocalFrame.around(origins["latitude"], origins["longitude"])
    x, y = rng.normal(0, 0.7, (2, n)) + np.array([[12.0], [-9.0]])
    latitude, longitude = frame.to_geographic(x, y)
    start = origins["time"].min().floor("D")
    days = [day for day in range(int(base.days)) if (start + pd.Timedelta(day, "D")).weekday() < 5]
    zone = float(origins["longitude"].median()) / 15.0
    hour = rng.choice(days, n) * 24.0 + rng.uniform(9.0, 17.0, n) - zone
    time = pd.Series(start + pd.to_timedelta((hour * 3.6e12).round().astype(np.int64), unit="ns"))
    return copies(base, ids, time, latitude, longitude, same_picks=False), None


def doubled_events(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events stands twice in the catalogue, the second half a second and two km off."""
    return _doubled(base, share, rng, True)


def doubled_with_other_picks(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The same, the second made of other picks, as of another picker."""
    return _doubled(base, share, rng, False)


def _doubled(base: Base, share: float, rng: np.random.Generator, same_picks: bool) -> tuple[Base, Any]:
    origins = base.tables["origins"]
    ids = origins["event_id"].to_numpy()[rng.random(len(origins)) < share]
    mine = origins.set_index("event_id").loc[ids]
    time = mine["time"] + pd.to_timedelta(rng.normal(0, 0.5, len(ids)), unit="s").round("us").as_unit("ns")
    latitude, longitude = destination(mine["latitude"], mine["longitude"], rng.uniform(0, 360, len(ids)),
                                      np.abs(rng.normal(0, 2.0, len(ids))))
    return copies(base, ids, time.dt.as_unit("ns").reset_index(drop=True), latitude, longitude, same_picks), None


def distant_coincidences(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events has a false second one 40 to 80 km away within 5 s."""
    origins = base.tables["origins"]
    ids = origins["event_id"].to_numpy()[rng.random(len(origins)) < share]
    mine = origins.set_index("event_id").loc[ids]
    time = mine["time"] + pd.to_timedelta(rng.uniform(-5, 5, len(ids)), unit="s").round("us").as_unit("ns")
    latitude, longitude = destination(mine["latitude"], mine["longitude"], rng.uniform(0, 360, len(ids)),
                                      rng.uniform(40, 80, len(ids)))
    return copies(base, ids, time.dt.as_unit("ns").reset_index(drop=True), latitude, longitude, False), None


def wrong_gain(base: Base, factor: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The gain of one station is wrong: its magnitudes are larger by log10(factor)."""
    name = busiest_but(base)
    magnitudes = base.tables["magnitudes"]
    by = np.where(magnitudes["station_id"] == name, np.log10(factor), 0.0)
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"] + by)), name


def changed_scale(base: Base, by: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """All magnitudes of the second half are larger by `by`."""
    magnitudes, origins = base.tables["magnitudes"], base.tables["origins"]
    half = origins["time"].min() + (origins["time"].max() - origins["time"].min()) / 2
    late = magnitudes["event_id"].isin(origins.loc[origins["time"] > half, "event_id"])
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"] + np.where(late, by, 0.0))), None


def one_size(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events has magnitude 1.3, whatever it was."""
    magnitudes = base.tables["magnitudes"]
    ids = base.tables["origins"]["event_id"].to_numpy()
    hit = magnitudes["event_id"].isin(ids[rng.random(len(ids)) < share])
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"].where(~hit, 1.3))), None


def _with_magnitudes(base: Base, magnitudes: pd.DataFrame) -> Base:
    return replace(base, tables={**base.tables, "magnitudes": magnitudes}, chained=False)


def fixed_depths(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the depths is 5 km, as of a locator that did not resolve them."""
    origins = base.tables["origins"]
    depth = origins["depth_km"].where(rng.random(len(origins)) > share, 5.0)
    return replace(base, tables={**base.tables, "origins": origins.assign(depth_km=depth)}, chained=False), None


def on_a_grid(base: Base, step_deg: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """Epicentres lie on the nodes of a grid."""
    origins = base.tables["origins"]
    moved = {name: (origins[name] / step_deg).round() * step_deg for name in ("latitude", "longitude")}
    return replace(base, tables={**base.tables, "origins": origins.assign(**moved)}, chained=False), None


def outage(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the stations is silent in the second half; events of fewer than four stations are lost."""
    old, time = base.tables, base.picks["time"]
    half = time.min() + (time.max() - time.min()) / 2
    names = old["stations"]["station_id"].to_numpy()
    gone = set(rng.choice(names, round(share * len(names)), replace=False))
    picks = base.picks[~(base.picks["station_id"].isin(gone) & (time > half))]
    arrivals = old["arrivals"][old["arrivals"]["pick_id"].isin(picks["pick_id"])]
    n = arrivals.groupby("event_id")["station_id"].nunique()
    ids = set(n.index[n >= 4])
    tables = {name: frame[frame["event_id"].isin(ids)].reset_index(drop=True) if "event_id" in frame else frame
              for name, frame in {**old, "arrivals": arrivals}.items()}
    return replace(base, tables={**tables, "picks": picks.reset_index(drop=True)}, chained=False), None


def lost_in_relocation(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The relocated catalogue lacks a share of the events, whatever their arrivals; the others move by 0.3 km."""
    origins = base.tables["origins"]
    kept = origins[rng.random(len(origins)) > share]
    return replace(base, relocated=_moved(kept, rng)), None


def _moved(origins: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    latitude, longitude = destination(origins["latitude"], origins["longitude"], rng.uniform(0, 360, len(origins)),
                                      np.abs(rng.normal(0, 0.3, len(origins))))
    return origins.assign(latitude=latitude, longitude=longitude).reset_index(drop=True)
