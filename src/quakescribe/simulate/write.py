"""A simulation on disk: SDS archive, StationXML, velocity model and the truth."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.simulate.record import counts, truth
from quakescribe.simulate.scenario import NETWORK, Scenario, Station, orientations
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.tables import store

HOUR_NS = 3_600_000_000_000


def write_archive(scenario: Scenario, folder: Path) -> None:
    """Write every station's recording, an hour at a time, as SDS miniSEED (Steim-2)."""
    start, end = scenario.span_ns
    for station in scenario.stations:
        _clear(folder, scenario, station)
        cuts = [start, *range((start // HOUR_NS + 1) * HOUR_NS, end, HOUR_NS), end]
        for low, high in pairwise(cuts):
            samples = counts(scenario, station.index, low, high)
            for begin, stop in _pieces(station, low, high):
                a, b = (round((t - low) * 1e-9 * scenario.settings.sampling_rate) for t in (begin, stop))
                _append(scenario, station, begin, samples[:, a:b], folder)


def _pieces(station: Station, low: int, high: int) -> list[tuple[int, int]]:
    """Return what is written of an hour: without the gap, and with the overlap once more."""
    gap, overlap = station.gap_ns, station.overlap_ns
    pieces = [(low, high)] if gap is None else [(low, min(high, max(low, gap[0]))), (min(high, max(low, gap[1])), high)]
    if overlap is not None:
        pieces.append((max(low, overlap[0]), min(high, overlap[1])))
    return [(a, b) for a, b in pieces if a < b]


def _path(folder: Path, station: Station, channel: str, day: datetime) -> Path:
    network, name, location = station.station_id.split(".")
    leaf = f"{network}.{name}.{location}.{channel}.D.{day:%Y.%j}"
    return folder / f"{day:%Y}" / network / name / f"{channel}.D" / leaf


def _clear(folder: Path, scenario: Scenario, station: Station) -> None:
    """Remove an earlier simulation's files of the station, which `_append` would only add to."""
    start, end = scenario.span_ns
    for day in range(start // (24 * HOUR_NS), (end - 1) // (24 * HOUR_NS) + 1):
        for code, _, _ in orientations(station):
            _path(folder, station, "HH" + code, datetime.fromtimestamp(day * 86400, UTC)).unlink(missing_ok=True)


def _append(scenario: Scenario, station: Station, begin_ns: int, samples: np.ndarray, folder: Path) -> None:
    from obspy import Stream, Trace, UTCDateTime

    network, name, location = station.station_id.split(".")
    for row, (code, _, _) in enumerate(orientations(station)):
        header = {"network": network, "station": name, "location": location, "channel": "HH" + code,
                  "starttime": UTCDateTime(ns=begin_ns), "sampling_rate": scenario.settings.sampling_rate}
        path = _path(folder, station, "HH" + code, datetime.fromtimestamp(begin_ns // 1_000_000_000, UTC))
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as handle:
            Stream([Trace(np.ascontiguousarray(samples[row]), header)]).write(
                handle, format="MSEED", encoding="STEIM2", reclen=4096)


def write_stations(scenario: Scenario, path: Path) -> None:
    """Write StationXML; a station without a known gain has channels but no response."""
    from obspy import UTCDateTime
    from obspy.core.inventory import Inventory, Network
    from obspy.core.inventory import Station as InventoryStation

    stations = []
    for station in scenario.stations:
        _, name, location = station.station_id.split(".")
        channels = [_channel(scenario, station, location, *place) for place in orientations(station)]
        stations.append(InventoryStation(name, station.latitude, station.longitude, station.elevation_m,
                                         channels=channels, creation_date=UTCDateTime(scenario.settings.start)))
    inventory = Inventory([Network(NETWORK, stations=stations, description="simulated")], source="quakescribe simulate",
                          created=UTCDateTime(scenario.settings.start))
    inventory.write(str(path), format="STATIONXML", validate=False)


def _channel(scenario: Scenario, station: Station, location: str, code: str, azimuth: float, dip: float) -> Any:
    from obspy.core.inventory import Channel, Response

    response = None
    if station.gain_known:
        response = Response.from_paz(zeros=[], poles=[], stage_gain=station.gain, stage_gain_frequency=1.0,
                                     input_units="M/S", output_units="COUNTS", normalization_frequency=1.0)
    return Channel("HH" + code, location, station.latitude, station.longitude, station.elevation_m, 0.0,
                   azimuth=azimuth, dip=dip, sample_rate=scenario.settings.sampling_rate, response=response)


def write_truth(scenario: Scenario, folder: Path) -> dict[str, pd.DataFrame]:
    """Write and return the truth tables."""
    tables = truth(scenario)
    for table in (TRUTH_EVENTS, TRUTH_ARRIVALS):
        store.write(tables[table.name], table, folder / f"{table.name.removeprefix('truth_')}.parquet")
    return tables
