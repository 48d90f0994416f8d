"""The tables of a run, brought into the shape the figures need: one catalogue, stations once, picks with their fate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.tables import TABLES

KINDS = ("ML", "Mw", "M_PAL")  # the kind of magnitude shown, in this order; else the most frequent kind


@dataclass(frozen=True)
class Facts:
    """Everything the sections read. Frames may be empty, never absent.

    ``catalogue`` has one row per event in time order: the origin where the event was located (``located``), else the
    associator's place and time. ``picks`` carries ``event_id`` (0 = not associated).
    """

    stations: pd.DataFrame
    picks: pd.DataFrame
    arrivals: pd.DataFrame
    catalogue: pd.DataFrame
    magnitudes: pd.DataFrame
    skips: pd.DataFrame
    kind: str
    span: tuple[pd.Timestamp, pd.Timestamp] | None

    @property
    def located(self) -> pd.DataFrame:
        """The located events."""
        return self.catalogue[self.catalogue["located"]]


def gather(tables: Mapping[str, pd.DataFrame], info: Mapping[str, Any]) -> Facts:
    """Check the tables (absent ones are empty) and join them.

    Raises
    ------
    TableError
        When a table breaks its contract.
    """
    frames = {
        name: table.order(table.conform(tables[name]))
        if tables.get(name) is not None and len(tables[name])
        else table.empty()
        for name, table in TABLES.items()
    }
    stations = frames["stations"].drop_duplicates("station_id", keep="last").reset_index(drop=True)
    magnitudes = frames["magnitudes"]
    kind = _kind(magnitudes)
    catalogue = _catalogue(frames["events"], frames["origins"], magnitudes, kind)
    arrivals = frames["arrivals"].merge(
        catalogue[["event_id", "time"]].rename(columns={"time": "origin_time"}), on="event_id", how="left"
    )
    arrivals["travel_s"] = (arrivals["time"] - arrivals["origin_time"]).dt.total_seconds()
    picks = frames["picks"].copy()
    owner = frames["arrivals"].drop_duplicates("pick_id").set_index("pick_id")["event_id"]
    picks["event_id"] = picks["pick_id"].map(owner).fillna(0).astype("int64")
    return Facts(
        stations,
        picks,
        arrivals,
        catalogue,
        magnitudes,
        frames["skips"],
        kind,
        _span(info.get("span"), picks, catalogue),
    )


def _kind(magnitudes: pd.DataFrame) -> str:
    """Return the kind of magnitude that the report shows, '' without magnitudes."""
    network = magnitudes[magnitudes["station_id"].isna()]
    if network.empty:
        return ""
    found = network["kind"].value_counts(sort=False)
    for kind in KINDS:
        if kind in found.index:
            return kind
    return str(found.sort_index().idxmax())


def _catalogue(events: pd.DataFrame, origins: pd.DataFrame, magnitudes: pd.DataFrame, kind: str) -> pd.DataFrame:
    columns = [name for name in TABLES["origins"].names if not name.startswith("covariance")]
    located = origins[columns].assign(located=True)
    rough = events[~events["event_id"].isin(origins["event_id"])]
    rough = pd.DataFrame(
        {
            **{name: rough[name] for name in columns if name in rough.columns},
            "located": np.zeros(len(rough), dtype=bool),
        }
    )
    parts = [part for part in (located, rough) if len(part)]
    catalogue = pd.concat(parts, ignore_index=True).reindex(columns=[*columns, "located"]) if parts else located
    catalogue["well_located"] = catalogue["well_located"].eq(True)
    for name in columns:
        if TABLES["origins"][name].type in ("float64", "int64") and name != "event_id":
            catalogue[name] = catalogue[name].astype("float64")
    network = magnitudes[magnitudes["station_id"].isna() & (magnitudes["kind"] == kind)].set_index("event_id")
    catalogue["magnitude"] = catalogue["event_id"].map(network["value"]).astype("float64")
    catalogue["magnitude_uncertainty"] = catalogue["event_id"].map(network["uncertainty"]).astype("float64")
    return catalogue.sort_values(["time", "event_id"], kind="stable").reset_index(drop=True)


def _span(given: Any, picks: pd.DataFrame, catalogue: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the span as given, else from the first to the last pick or event."""
    if given is not None:
        first, last = (pd.Timestamp(time) for time in given)
        return (
            first.tz_localize("UTC") if first.tzinfo is None else first,
            last.tz_localize("UTC") if last.tzinfo is None else last,
        )
    times = pd.concat([picks["time"], catalogue["time"]])
    return None if times.empty else (times.min(), times.max())
