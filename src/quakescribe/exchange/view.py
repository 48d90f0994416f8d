"""What a writer needs: one row per event, one per arrival, P-S pairs; and the list of what a format cannot hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from quakescribe.tables import ARRIVALS, EVENTS, MAGNITUDES, ORIGINS, PICKS, TABLES

Tables = dict[str, pd.DataFrame]


def preferred_magnitudes(magnitudes: pd.DataFrame | None) -> pd.DataFrame:
    """Return one network magnitude per event (ML before M_PAL before others), indexed by event_id."""
    table = MAGNITUDES.empty() if magnitudes is None else magnitudes
    network = table[table["station_id"].isna()].copy()
    rank = network["kind"].map({"ML": 0, "M_PAL": 1}).fillna(2)
    network = network.assign(rank=rank).sort_values(["event_id", "rank", "kind"], kind="stable")
    return network.drop_duplicates("event_id").set_index("event_id")


def catalogue(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per event: its origin, or the associator's place where it has none; with its magnitude."""
    origins = tables.get("origins", ORIGINS.empty())
    events = tables.get("events", EVENTS.empty())
    rest = events[~events["event_id"].isin(origins["event_id"])]
    rest = rest.rename(columns={"n_picks": "n_phases", "associator": "method"})
    if len(rest):
        rest = rest.assign(well_located=False, flags=None, quality=None)
    frames = [frame for frame in (origins, rest) if len(frame)]
    rows = pd.concat(frames, ignore_index=True) if frames else ORIGINS.empty()
    rows = rows.reindex(columns=ORIGINS.names).sort_values(["time", "event_id"], kind="stable").reset_index(drop=True)
    preferred = preferred_magnitudes(tables.get("magnitudes"))
    for name, column in (("magnitude", "value"), ("magnitude_kind", "kind"), ("magnitude_uncertainty", "uncertainty")):
        rows[name] = rows["event_id"].map(preferred[column]) if len(preferred) else (None if name[-4:] == "kind"
                                                                                     else np.nan)
    return rows


def arrivals_with_picks(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the arrivals with probability, snr, pair_id and picker of their picks, sorted by event."""
    arrivals = tables.get("arrivals", ARRIVALS.empty())
    picks = tables.get("picks", PICKS.empty())
    columns = picks[["pick_id", "probability", "snr", "pair_id", "picker"]]
    rows = arrivals.merge(columns, on="pick_id", how="left")
    rows["pair_id"] = rows["pair_id"].fillna(0).astype("int64") if len(picks) else 0
    return rows


def pairs(rows: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, int]:
    """Return one row per group with the earliest P and S (columns p_*, s_*), and how many onsets were left over."""
    first = rows.sort_values("time", kind="stable").drop_duplicates([*by, "phase"])
    p, s = (first[first["phase"] == phase].drop(columns="phase") for phase in ("P", "S"))
    wide = p.merge(s, on=by, how="outer", suffixes=("_p", "_s"))
    start = wide["time_p"].fillna(wide["time_s"])
    return wide.assign(start=start).reset_index(drop=True), len(rows) - len(first)


def losses(tables: Mapping[str, pd.DataFrame], holds: Mapping[str, tuple[str, ...]], name: str) -> list[str]:
    """Say in plain words which tables and columns that carry something the format has no place for."""
    result = []
    for table, frame in tables.items():
        if table not in TABLES or not len(frame):
            continue
        if table not in holds:
            result.append(f"{table}: {len(frame)} rows are left out; {name} has no place for them")
            continue
        lost = [c for c in TABLES[table].names if c not in holds[table] and _says_something(frame[c])]
        if lost:
            result.append(f"{table}: {', '.join(lost)} left out; {name} has no place for them")
    return result


def catalogue_losses(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame, holds: Mapping[str, tuple[str, ...]],
                     name: str) -> list[str]:
    """Say what a format loses that writes one place and one magnitude per event (``rows`` from `catalogue`)."""
    if "method" in holds.get("origins", ()) and not len(tables.get("origins", ())):
        holds = {**holds, "events": (*holds["events"], "associator")}  # the one column for both takes it
    result = losses(tables, holds, name)
    both = {"events", "origins"} <= set(tables)
    if both and bool(tables["events"]["event_id"].isin(tables["origins"]["event_id"]).any()):
        result.append("events: the associator's own places and times are left out; an event is written with its origin")
    magnitudes = tables.get("magnitudes")
    kept = int(rows["magnitude"].notna().sum())
    if "magnitudes" in holds and magnitudes is not None and len(magnitudes) > kept:
        result.append(f"magnitudes: {len(magnitudes) - kept} of {len(magnitudes)} rows are left out; one network "
                      "magnitude per event is written (ML before M_PAL before others)")
    return result


def _says_something(column: pd.Series) -> bool:
    if column.dtype.kind in "iub":
        return bool((column != 0).any())
    present = column.dropna()
    return bool(len(present)) and not bool((present.astype(str) == "").all())


def orphans(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> list[str]:
    """Say how many arrivals and picks belong to no event of the catalogue, where the format writes by event."""
    result = []
    arrivals, picks = tables.get("arrivals"), tables.get("picks")
    if arrivals is not None:
        lost = int((~arrivals["event_id"].isin(rows["event_id"])).sum())
        if lost:
            result.append(f"arrivals: {lost} rows of events that have no place and time are left out")
    if picks is not None and len(picks):
        used = ARRIVALS.empty() if arrivals is None else arrivals
        lost = int((~picks["pick_id"].isin(used["pick_id"])).sum())
        if lost:
            result.append(f"picks: {lost} that belong to no event are left out; the format writes picks by event")
    return result


def arrivals_by_event(rows: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return the arrivals of each event in order of time."""
    result: dict[int, pd.DataFrame] = {}
    for event_id, group in rows.groupby("event_id", sort=False):
        result[int(str(event_id))] = group
    return result
