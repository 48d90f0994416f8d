"""StationXML through ObsPy: read and write the tables of stations and channels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.errors import StationError
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import CHANNELS, STATIONS

UNITS = {"M/S": "m/s", "M/S**2": "m/s**2", "M/S/S": "m/s**2", "M/S^2": "m/s**2", "M/(S**2)": "m/s**2", "M": "m",
         "M/SEC": "m/s", "M/SEC**2": "m/s**2"}
_UNIT_TEXT = {"m/s": "M/S", "m/s**2": "M/S**2", "m": "M"}
_ALWAYS = (float("-inf"), float("inf"))
Epoch = tuple[float, float, tuple[Any, ...]]  # from, to (ns after 1970 or infinite), place


def read(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read StationXML: one station row per location code and place, one channel row per channel epoch.

    A location code has one place at a time: where its channels state several, that of the preferred instrument
    (the first in the default order of `WaveformsSettings.instruments`), and of its first channel.
    """
    import obspy
    from lxml.etree import XMLSyntaxError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inventory = obspy.read_inventory(str(path), format="STATIONXML")
    except (XMLSyntaxError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise StationError(f"{path}: not readable as StationXML: {error}") from error
    places: list[tuple[Any, ...]] = []
    ranks: list[int] = []
    channels: list[tuple[Any, ...]] = []
    order = {code: rank for rank, code in enumerate(WaveformsSettings().instruments)}
    for network in inventory:
        for station in network:
            if not station.channels:
                places.append((f"{network.code}.{station.code}.", float(station.latitude), float(station.longitude),
                               float(station.elevation), np.nan, _time(station.start_date), _time(station.end_date)))
                ranks.append(len(order))
            for channel in station:
                places.append(_place(network.code, station, channel))
                ranks.append(order.get(channel.code[:2], len(order)))
                channels.append(_channel(network.code, station.code, channel))
    if not places:
        raise StationError(f"{path}: StationXML without a single station")
    return STATIONS.make(columns(STATIONS.names, merge_places(places, ranks))), \
        CHANNELS.make(columns(CHANNELS.names, _unique(channels)))


def _place(network: str, station: Any, channel: Any) -> tuple[Any, ...]:
    burial = np.nan if channel.depth is None else float(channel.depth)
    return (f"{network}.{station.code}.{channel.location_code or ''}", float(channel.latitude),
            float(channel.longitude), float(station.elevation), burial, _time(channel.start_date),
            _time(channel.end_date))


def _channel(network: str, station: str, channel: Any) -> tuple[Any, ...]:
    response = channel.response
    sensitivity = response.instrument_sensitivity if response is not None else None
    gain, unit = np.nan, None
    if sensitivity is not None and sensitivity.value:
        unit = UNITS.get(str(sensitivity.input_units).strip().upper())
        gain = float(sensitivity.value) if unit is not None else np.nan
    azimuth = np.nan if channel.azimuth is None else float(channel.azimuth) % 360.0
    dip = np.nan if channel.dip is None else float(channel.dip)
    return (f"{network}.{station}.{channel.location_code or ''}", channel.code, azimuth, dip, gain, unit,
            response is not None and bool(response.response_stages), _time(channel.start_date), _time(channel.end_date))


def merge_places(places: list[tuple[Any, ...]], ranks: list[int] | None = None) -> list[tuple[Any, ...]]:
    """Return the epochs of every station, one place at a time; rows are in the order of the table, None = open.

    Of places at the same time the one of the lowest rank counts, then the first. Epochs at one place that follow each
    other are one row, also over a gap.
    """
    found: dict[str, dict[int, list[Epoch]]] = {}
    for row, rank in zip(places, ranks or [0] * len(places), strict=True):
        place = tuple(None if isinstance(v, float) and np.isnan(v) else v for v in row[1:5])
        begin, end = (default if t is None else t.value for t, default in zip(row[5:], _ALWAYS, strict=True))
        found.setdefault(row[0], {}).setdefault(rank, []).append((begin, end, place))
    rows: list[tuple[Any, ...]] = []
    for station_id, by_rank in found.items():
        kept: list[Epoch] = []
        for rank in sorted(by_rank):
            kept = _fill(kept, _fill([], by_rank[rank]))
        rows.extend((station_id, *place, _moment(begin), _moment(end)) for begin, end, place in kept)
    return rows


def _fill(kept: list[Epoch], more: list[Epoch]) -> list[Epoch]:
    """Lay epochs where nothing has been laid yet, the first ones first; join neighbours at one place."""
    kept = list(kept)
    for begin, end, place in more:
        free = begin
        laid = []
        for k0, k1, _ in sorted(kept, key=lambda epoch: epoch[0]):
            laid.append((free, min(end, k0), place))
            free = max(free, k1)
        laid.append((free, end, place))
        kept.extend(epoch for epoch in laid if epoch[0] < epoch[1])
    joined: list[Epoch] = []
    for begin, end, place in sorted(kept, key=lambda epoch: epoch[0]):
        if joined and joined[-1][2] == place:
            joined[-1] = (joined[-1][0], end, place)
        else:
            joined.append((begin, end, place))
    return joined or more[:1]


def _moment(ns: float) -> pd.Timestamp | None:
    return None if np.isinf(ns) else pd.Timestamp(ns, unit="ns", tz="UTC")


def _unique(channels: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Keep the last of repeated descriptions of a channel epoch."""
    return list({(row[0], row[1], row[7]): row for row in channels}.values())


def columns(names: list[str], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return rows as columns by name, ready for a table."""
    found: dict[str, Any] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    for name in ("valid_from", "valid_to"):
        found[name] = pd.to_datetime(pd.Series(found[name], dtype="object"), utc=True)
    if "burial_m" in found:
        found["burial_m"] = np.array([np.nan if v is None else v for v in found["burial_m"]], dtype=float)
    return found


def _time(moment: Any) -> pd.Timestamp | None:
    """Return the moment; None if open (many files write a far year for that)."""
    if moment is None or moment.year >= 2200 or moment.year < 1700:
        return None
    return pd.Timestamp(moment.ns, unit="ns", tz="UTC")


def write(path: str | Path, stations: pd.DataFrame, channels: pd.DataFrame) -> list[str]:
    """Write StationXML with sensitivities and directions; return what it cannot hold."""
    from obspy.core.inventory import Inventory, Network, Station

    by_network: dict[str, list[Any]] = {}
    bare = stations["station_id"].str.rsplit(".", n=1).str[0]
    for code, rows in stations.groupby(bare, sort=True):
        network, name = str(code).split(".", 1)
        first = rows.iloc[0]
        station = Station(name, first["latitude"], first["longitude"], first["elevation_m"],
                          start_date=_utc(rows["valid_from"].min() if rows["valid_from"].notna().all() else None),
                          end_date=_utc(rows["valid_to"].max() if rows["valid_to"].notna().all() else None),
                          channels=list(_xml_channels(rows, channels)))
        by_network.setdefault(network, []).append(station)
    inventory = Inventory(networks=[Network(code, stations=found) for code, found in by_network.items()],
                          source="quakescribe")
    inventory.write(str(path), format="STATIONXML")
    lost = int(channels["has_response"].sum())
    return [f"the full response of {lost} channels (only their gains are written)"] if lost else []


def _xml_channels(places: pd.DataFrame, channels: pd.DataFrame) -> Iterator[Any]:
    from obspy.core.inventory import Channel, InstrumentSensitivity, Response

    for _, row in channels[channels["station_id"].isin(places["station_id"])].iterrows():
        here = places[places["station_id"] == row["station_id"]]
        if row["valid_from"] is not pd.NaT:
            inside = here[~(here["valid_to"] <= row["valid_from"]) & ~(here["valid_from"] > row["valid_from"])]
            here = inside if len(inside) else here
        place = here.iloc[0]
        response = None
        if np.isfinite(row["gain"]):
            unit = _UNIT_TEXT.get(row["unit"], "M/S")
            response = Response(instrument_sensitivity=InstrumentSensitivity(row["gain"], 1.0, unit, "COUNTS"))
        burial = float(place["burial_m"]) if np.isfinite(place["burial_m"]) else 0.0
        yield Channel(row["channel"], row["station_id"].rsplit(".", 1)[1], place["latitude"], place["longitude"],
                      place["elevation_m"] - burial, burial, response=response,
                      azimuth=row["azimuth_deg"] if np.isfinite(row["azimuth_deg"]) else None,
                      dip=row["dip_deg"] if np.isfinite(row["dip_deg"]) else None,
                      start_date=_utc(row["valid_from"]), end_date=_utc(row["valid_to"]))


def _utc(moment: Any) -> Any:
    from obspy import UTCDateTime

    return None if moment is None or pd.isna(moment) else UTCDateTime(ns=int(moment.value))
