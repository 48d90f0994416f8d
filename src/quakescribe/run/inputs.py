"""What a run starts from: the archive of recordings, the stations, the velocity model, and the span of time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import StationError, WaveformError
from quakescribe.settings.project import Settings
from quakescribe.tables import COVERAGE

if TYPE_CHECKING:
    from quakescribe.waveforms.archive import Archive

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True)
class Inputs:
    """Everything a run reads, opened and checked once."""

    archive: Archive
    stations: pd.DataFrame
    channels: pd.DataFrame
    model: VelocityModel
    stations_path: Path
    station_ids: tuple[str, ...]
    start_ns: int
    end_ns: int
    coverage: pd.DataFrame
    skips: pd.DataFrame


def open_inputs(settings: Settings, folder: Path) -> Inputs:
    """Open the inputs that the settings name, relative to a folder.

    Raises
    ------
    WaveformError, StationError, VelocityError, FormatError
        If an input is missing or unusable as a whole, or recordings and stations have nothing in common.
    """
    from quakescribe.exchange.stations import read_stations
    from quakescribe.simulate.archive import open_scenario
    from quakescribe.simulate.scenario import read_scenario
    from quakescribe.waveforms.archive import open_archive
    from quakescribe.waveforms.survey import survey

    project = settings.project
    stations_path = folder / Path(project.stations).expanduser()
    stations, channels = read_stations(stations_path)
    model = model_of(settings, folder)
    waveforms = folder / Path(project.waveforms).expanduser()
    if waveforms.suffix == ".toml":
        archive = open_scenario(read_scenario(waveforms), settings.waveforms)
    else:
        archive = open_archive(str(waveforms), settings.waveforms)
    recorded = [one for one in archive.station_ids if not excluded(one, project.exclude_stations)]
    stations, channels = with_locations(stations, recorded), with_locations(channels, recorded)
    known = set(stations["station_id"])
    usable = tuple(sorted(one for one in recorded if one in known))
    if not recorded:
        raise WaveformError(f"{project.waveforms}: no recordings of any station that is not excluded")
    if not usable:
        raise StationError(
            f"none of the {len(recorded)} recorded stations ({', '.join(recorded[:5])}, ...) is among the "
            f"{len(known)} of {stations_path} ({', '.join(sorted(known)[:5])}, ...)"
        )
    spans = [archive.span(one) for one in usable]
    start = min(span[0] for span in spans) if project.start is None else pd.Timestamp(project.start).value
    end = max(span[1] for span in spans) if project.end is None else pd.Timestamp(project.end).value
    if start >= end:
        raise WaveformError(
            f"nothing recorded between {_iso(start)} and {_iso(end)}; the recordings go from "
            f"{_iso(min(span[0] for span in spans))} to {_iso(max(span[1] for span in spans))}"
        )
    coverage, skips = survey(archive, stations, channels, settings.waveforms)
    kept = [pd.isna(one) or not excluded(one, project.exclude_stations) for one in skips["station_id"]]
    skips = skips[np.array(kept, dtype=bool)].reset_index(drop=True)
    return Inputs(archive, stations, channels, model, stations_path, usable, start, end, coverage, skips)


def model_of(settings: Settings, folder: Path) -> VelocityModel:
    """Return the velocity model that the settings name, relative to a folder; the shipped generic crust without one."""
    from quakescribe.earth.velocity import read_velocity

    velocity = settings.project.velocity
    return read_velocity(folder / Path(velocity).expanduser() if velocity else None, settings.velocity)


def recorded_stretches(index: pd.DataFrame) -> pd.DataFrame:
    """Return the table COVERAGE of an archive's index: what any channel recorded, gaps under a minute closed."""
    rows = index[["station_id", "start", "end"]].sort_values(["station_id", "start", "end"], kind="stable")
    rows = rows.reset_index(drop=True)
    until = rows.groupby("station_id")["end"].cummax()
    same = rows["station_id"] == rows["station_id"].shift()
    part = (~same | (rows["start"] > until.shift() + pd.Timedelta(1, "min"))).cumsum()
    return COVERAGE.make(dict(rows.groupby(part).agg({"station_id": "first", "start": "first", "end": "max"})))


def _iso(ns: int) -> str:
    return pd.Timestamp(ns).strftime("%Y-%m-%dT%H:%M:%S")


def with_locations(table: pd.DataFrame, recorded: list[str]) -> pd.DataFrame:
    """Add rows for recorded stations (NET.STA.LOC) that the table knows only without a location code (NET.STA.)."""
    known = set(table["station_id"])
    new = {one: one.rpartition(".")[0] + "." for one in recorded if one not in known}
    rows = [
        table[table["station_id"] == bare].assign(station_id=one) for one, bare in sorted(new.items()) if bare in known
    ]
    return pd.concat([table, *rows], ignore_index=True) if rows else table


def excluded(station_id: str, names: tuple[str, ...]) -> bool:
    """Say whether a station is left out, named as NET.STA.LOC or NET.STA."""
    return station_id in names or station_id.rpartition(".")[0] in names


def days(start_ns: int, end_ns: int, chunk_hours: int) -> list[tuple[str, int, int]]:
    """Return the units of time that cover a span: (name, start, end) in ns, aligned to midnight UTC.

    A span that ends before it starts has none. A unit of 24 h is named by its day (2019-07-04), a shorter one by its
    day and first hour (2019-07-04T06).
    """
    length = chunk_hours * 3_600_000_000_000
    out = []
    for start in range(start_ns // length * length, end_ns, length) if start_ns < end_ns else ():
        name = pd.Timestamp(start).strftime("%Y-%m-%d" if chunk_hours == 24 else "%Y-%m-%dT%H")
        out.append((name, max(start, start_ns), min(start + length, end_ns)))
    return out
