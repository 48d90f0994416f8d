"""A simulation on disk: SDS archive, StationXML, velocity model and the truth, a station and day at a time."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.instruments import DAY_NS, pieces
from quakescribe.simulate.network import NETWORK, Station, orientations
from quakescribe.simulate.record import judged, record
from quakescribe.simulate.scenario import Scenario, build
from quakescribe.simulate.spectra import DAMPING
from quakescribe.simulate.truth import TRUTH, TRUTH_ARRIVALS, TRUTH_EVENTS, TRUTH_STATES, TRUTH_TRANSIENTS
from quakescribe.tables import store

MADE = ".made"  # the file in truth/ that says by what code all of it was made
PARTS = (TRUTH_ARRIVALS, TRUTH_TRANSIENTS)  # what every unit tells of itself


@dataclass(frozen=True)
class Unit:
    """One station and UTC day to be made; ``note`` says of what code and settings it is."""

    settings: SimulateSettings
    folder: Path
    station: int
    start_ns: int
    end_ns: int
    note: str = ""
    store: bool = True


def units(scenario: Scenario, folder: Path, note: str = "", store: bool = True) -> list[Unit]:
    """Return every station and day of a scenario."""
    start, end = scenario.span_ns
    days = [(max(day, start), min(day + DAY_NS, end)) for day in range(start // DAY_NS * DAY_NS, end, DAY_NS)]
    return [Unit(scenario.settings, folder, station.index, *day, note, store)
            for day in days for station in scenario.stations]


def write_unit(unit: Unit) -> int:
    """Write the recordings of one station and day and its part of the truth; return the number of samples written.

    Without ``store`` only the truth is written.

    A unit that was finished with the same note is left as it is (0 samples).
    """
    scenario = build(unit.settings)
    station = scenario.stations[unit.station]
    files = _files(unit.folder, station, unit.start_ns) if unit.store else []
    finished = part(unit, TRUTH_ARRIVALS.name)
    if unit.note and store.read_note(finished) == unit.note and all(path.exists() for path in files):
        return 0
    temporary = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in files]
    with contextlib.ExitStack() as stack:
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
        writer = _Writer(scenario, station, [stack.enter_context(open(path, "wb")) for path in temporary])
        tables = record(scenario, unit.station, unit.start_ns, unit.end_ns, writer if unit.store else None)
    for path, new in zip(files, temporary, strict=True):
        if new.stat().st_size:
            os.replace(new, path)
        else:  # the whole day is a gap
            new.unlink()
            path.unlink(missing_ok=True)
    for table in reversed(PARTS):
        store.write(tables[table.name], table, part(unit, table.name), unit.note)
    return writer.written


class _Writer:
    """Appends hours of counts to a day's files of every channel as Steim-2 miniSEED, without the gaps."""

    def __init__(self, scenario: Scenario, station: Station, handles: list[BinaryIO]) -> None:
        self._scenario, self._station, self._handles = scenario, station, handles
        self.written = 0

    def __call__(self, low: int, samples: NDArray[np.int32]) -> None:
        rate = self._scenario.settings.network.sampling_rate
        high = low + round(samples.shape[1] / rate * 1e9)
        for begin, stop in pieces(self._scenario.states, self._station, low, high):
            a, b = (round((t - low) * 1e-9 * rate) for t in (begin, stop))
            self._append(rate, begin, samples[:, a:b])
            self.written += (b - a) * len(self._handles)

    def _append(self, rate: float, begin_ns: int, samples: NDArray[np.int32]) -> None:
        from obspy import Stream, Trace, UTCDateTime

        network, name, location = self._station.station_id.split(".")
        for row, (code, _, _) in enumerate(orientations(self._station)):
            header = {"network": network, "station": name, "location": location, "channel": "HH" + code,
                      "starttime": UTCDateTime(ns=begin_ns), "sampling_rate": rate}
            Stream([Trace(np.ascontiguousarray(samples[row]), header)]).write(
                self._handles[row], format="MSEED", encoding="STEIM2", reclen=4096)


def clear(folder: Path) -> None:
    """Remove the recordings and the truth that another scenario left in a folder, and nothing else."""
    for path in folder.glob(f"waveforms/*/{NETWORK}"):
        shutil.rmtree(path)
    for table in TRUTH:
        (folder / "truth" / f"{table.name.removeprefix('truth_')}.parquet").unlink(missing_ok=True)
    (folder / "truth" / MADE).unlink(missing_ok=True)
    shutil.rmtree(folder / "truth" / "parts", ignore_errors=True)


def part(unit: Unit, table: str) -> Path:
    """Return where a unit's part of a truth table lies until all are put together."""
    name = f"{unit.station:02d}_{datetime.fromtimestamp(unit.start_ns // 10**9, UTC):%Y-%m-%d}.parquet"
    return unit.folder / "truth" / "parts" / table.removeprefix("truth_") / name


def finished(work: list[Unit]) -> bool:
    """Say whether all units were made and put together with the same note before."""
    unit = work[0]
    made = unit.folder / "truth" / MADE
    if not unit.note or not made.exists() or made.read_text(encoding="utf-8") != unit.note:
        return False
    scenario = build(unit.settings)
    return not unit.store or all(path.exists() for one in work
                                 for path in _files(one.folder, scenario.stations[one.station], one.start_ns))


def read_truth(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the truth tables of a finished simulation."""
    return {table.name: store.read(folder / "truth" / f"{table.name.removeprefix('truth_')}.parquet", table)
            for table in TRUTH}


def _files(folder: Path, station: Station, start_ns: int) -> list[Path]:
    network, name, location = station.station_id.split(".")
    day = datetime.fromtimestamp(start_ns // 10**9, UTC)
    return [folder / "waveforms" / f"{day:%Y}" / network / name / f"HH{code}.D"
            / f"{network}.{name}.{location}.HH{code}.D.{day:%Y.%j}" for code, _, _ in orientations(station)]


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
    path.parent.mkdir(parents=True, exist_ok=True)
    inventory.write(str(path), format="STATIONXML", validate=False)


def _channel(scenario: Scenario, station: Station, location: str, code: str, azimuth: float, dip: float) -> Any:
    from obspy.core.inventory import Channel, Response

    response = None
    corner = scenario.settings.instruments.corner_hz
    if station.gain_known:
        turn = np.sqrt(1.0 - DAMPING**2)
        poles = [] if corner is None else [2 * np.pi * corner * complex(-DAMPING, sign * turn) for sign in (1, -1)]
        response = Response.from_paz(
            zeros=[0j] * len(poles), poles=poles, stage_gain=station.gain,
            stage_gain_frequency=1.0 if corner is None else 10.0 * corner, input_units="M/S", output_units="COUNTS",
            normalization_frequency=1.0 if corner is None else 10.0 * corner)
    return Channel("HH" + code, location, station.latitude, station.longitude, station.elevation_m, 0.0,
                   azimuth=azimuth, dip=dip, sample_rate=scenario.settings.network.sampling_rate, response=response)


def write_truth(scenario: Scenario, folder: Path, made: list[Unit]) -> dict[str, pd.DataFrame]:
    """Put the units' parts together; write and return the truth tables."""
    tables = {}
    for table in PARTS:
        frames = [store.read(part(unit, table.name), table) for unit in made]
        frames = [frame for frame in frames if len(frame)] or [table.empty()]
        tables[table.name] = table.order(pd.concat(frames, ignore_index=True))
    tables[TRUTH_EVENTS.name] = judged(scenario, tables[TRUTH_ARRIVALS.name])
    tables[TRUTH_STATES.name] = scenario.states
    for table in TRUTH:
        store.write(tables[table.name], table, folder / "truth" / f"{table.name.removeprefix('truth_')}.parquet")
    shutil.rmtree(folder / "truth" / "parts")
    if made[0].note:
        (folder / "truth" / MADE).write_text(made[0].note, encoding="utf-8")
    return tables
