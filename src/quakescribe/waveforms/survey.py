"""What data there are and what is wrong with them, from headers and metadata alone, before hours are spent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import COMPONENTS, DAY_NS, Archive
from quakescribe.waveforms.orient import axis, channels_of
from quakescribe.waveforms.skips import skip, skip_table

COLUMNS = {"station_id": "str", "channel": "str", "day": "datetime64[ns, UTC]", "read": "bool", "coverage": "float64",
           "gaps": "int64", "overlaps": "int64", "rates": "str", "has_station": "bool", "has_gain": "bool",
           "unit": "str", "has_orientation": "bool", "has_response": "bool"}


def survey(archive: Archive, stations: pd.DataFrame, channels: pd.DataFrame,
           settings: WaveformsSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per channel and UTC day, and everything that is wrong as skips.

    The columns: ``read`` (chosen for its station on this day), ``coverage`` (recorded share of the day), ``gaps`` and
    ``overlaps`` (breaks of more than half a sample), ``rates`` (Hz, comma-separated), ``has_station``, ``has_gain``,
    ``unit``, ``has_orientation`` (a stated direction, or Z, N, E) and ``has_response``, the metadata at noon.
    """
    parts = [_channel_days(str(station_id), str(channel), rows, stations, channels)
             for (station_id, channel), rows in archive.index.groupby(["station_id", "channel"], sort=True)]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    chosen = set(zip(archive.chosen["station_id"], archive.chosen["instrument"], archive.chosen["day"], strict=True))
    days = table["day_number"]
    table["read"] = [key in chosen for key in zip(table["station_id"], table["channel"].str[:2], days, strict=True)]
    table["day"] = pd.to_datetime(days * DAY_NS, unit="ns", utc=True)
    alone = _alone(table[table["read"]], settings.orientation_tolerance_deg)
    table = table[list(COLUMNS)].astype(COLUMNS)
    skips: list[Any] = [*archive.skips.to_dict("records"), *_metadata_skips(table), *alone,
                        *_without_data(stations, archive)]
    return table, _merge(skips)


def _channel_days(station_id: str, channel: str, rows: pd.DataFrame, stations: pd.DataFrame,
                  channels: pd.DataFrame) -> pd.DataFrame:
    """Return the days of one channel: coverage without counting overlaps twice, breaks, rates and metadata."""
    rows = rows.sort_values(["start", "end"], kind="stable")
    step = np.round(1e9 / rows["sampling_rate"].to_numpy()).astype(np.int64)
    start = rows["start"].astype("int64").to_numpy()
    end = rows["end"].astype("int64").to_numpy() + step
    reach = np.maximum.accumulate(end)
    before = np.concatenate([start[:1], reach[:-1]])
    apart = start - before
    fresh = np.maximum(start, before)
    metadata = channels_of(channels, station_id, {channel})
    bare = station_id.rsplit(".", 1)[0] + "."
    known = stations[stations["station_id"].isin([station_id, bare])]
    found = []
    for day in range(int(start[0] // DAY_NS), int((reach[-1] - 1) // DAY_NS) + 1):
        low, high = day * DAY_NS, (day + 1) * DAY_NS
        touches = (start < high) & (end > low)
        if not touches.any():
            continue
        recorded = np.clip(np.minimum(end, high) - np.maximum(fresh, low), 0, None).sum()
        begins = (start >= low) & (start < high)
        found.append({
            "station_id": station_id, "channel": channel, "day_number": day,
            "coverage": min(1.0, recorded / DAY_NS), "gaps": int((begins & (apart > step // 2)).sum()),
            "overlaps": int((begins & (apart < -(step // 2))).sum()),
            "rates": ",".join(f"{rate:g}" for rate in sorted(set(rows["sampling_rate"].to_numpy()[touches]))),
            "has_station": bool(len(_valid(known, low + DAY_NS // 2))),
            **_metadata(_valid(metadata, low + DAY_NS // 2), channel)})
    return pd.DataFrame(found)


def _valid(rows: pd.DataFrame, time_ns: int) -> pd.DataFrame:
    now = pd.Timestamp(time_ns, unit="ns", tz="UTC")
    return rows[~(rows["valid_from"] > now) & ~(rows["valid_to"] <= now)]


def _metadata(rows: pd.DataFrame, channel: str) -> dict[str, Any]:
    row = rows.iloc[0] if len(rows) else None
    gain = row is not None and bool(np.isfinite(row["gain"]) and row["gain"] != 0)
    direction = row is not None and bool(np.isfinite(row["azimuth_deg"]) and np.isfinite(row["dip_deg"]))
    return {"has_gain": gain, "unit": str(row["unit"]) if gain and row is not None else "counts",
            "has_orientation": direction or channel[2] in "ZNE",
            "has_response": row is not None and bool(row["has_response"]),
            "known": row is not None, "along": _along(row, channel) if direction and row is not None else 1.0}


def _along(row: pd.Series, channel: str) -> float:
    """Return the part of the direction of motion that lies along the component's name (without its sign)."""
    return abs(float(axis(row["azimuth_deg"], row["dip_deg"])[COMPONENTS[channel[2]]]))


def _alone(read: pd.DataFrame, tolerance_deg: float) -> list[dict[str, Any]]:
    """Return one row per station and instrument with days on which one oblique horizontal has no partner."""
    sides = read[read["known"] & (read["channel"].str[2].map(COMPONENTS) > 0)]
    sides = sides.assign(instrument=sides["channel"].str[:2])
    alone = sides[~sides.duplicated(["station_id", "instrument", "day_number"], keep=False)]
    alone = alone[alone["along"] < np.cos(np.radians(tolerance_deg))]
    return [skip("no-orientation", f"{', '.join(sorted(rows['channel'].unique()))}: one horizontal alone cannot be "
                 "rotated; taken along its name", station_id=str(station_id), count=rows["day"].nunique(),
                 start_ns=rows["day"].min().value, end_ns=rows["day"].max().value + DAY_NS)
            for (station_id, _), rows in alone.groupby(["station_id", "instrument"], sort=True)]


def _metadata_skips(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row per station (and instrument) for metadata that are missing on days that are read."""
    skips = []
    read = table[table["read"]]
    for reason, column, what in (
            ("no-metadata", "has_station", "recorded, but not among the stations at this time"),
            ("no-gain", "has_gain", "no gain at this time; picks without amplitudes"),
            ("no-orientation", "has_orientation", "no direction; 1 and 2 are taken as north and east")):
        bad = read[~read[column]]
        for (station_id, _), rows in bad.groupby(["station_id", bad["channel"].str[:2]], sort=True):
            codes = ", ".join(sorted(rows["channel"].unique()))
            skips.append(skip(reason, f"{codes}: {what}", station_id=str(station_id), count=rows["day"].nunique(),
                              start_ns=rows["day"].min().value, end_ns=rows["day"].max().value + DAY_NS))
    for station_id, rows in read.groupby("station_id", sort=True):
        missing = {0, 1, 2} - {COMPONENTS[code[2]] for code in rows["channel"].unique()}
        if missing:
            names = ", ".join("ZNE"[c] for c in sorted(missing))
            skips.append(skip("components-missing", f"no component {names}", station_id=str(station_id),
                              start_ns=rows["day"].min().value, end_ns=rows["day"].max().value + DAY_NS))
    return skips


def _without_data(stations: pd.DataFrame, archive: Archive) -> list[dict[str, Any]]:
    present = set(archive.index["station_id"].str.rsplit(".", n=1).str[0])
    return [skip("no-recordings", "among the stations, but not recorded", station_id=str(name))
            for name in sorted(stations["station_id"].unique()) if name.rsplit(".", 1)[0] not in present]


def _merge(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the skips, nulls as None."""
    return skip_table([{key: None if value is None or value is pd.NaT or value != value else value
                        for key, value in row.items()} for row in rows])
