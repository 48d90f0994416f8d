"""One stage on plain files, outside any project: read any known format, do the work, write Parquet and CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.earth.velocity import read_velocity
from quakescribe.errors import FormatError
from quakescribe.run.inputs import open_inputs, with_locations
from quakescribe.run.pickers import with_paths
from quakescribe.run.predicted import expected_onsets
from quakescribe.run.recordings import Recordings
from quakescribe.run.runner import Silent, Watcher, execute
from quakescribe.run.stages import amplitudes_at
from quakescribe.run.workspace import Run
from quakescribe.settings.project import Settings, load
from quakescribe.settings.run import ProjectSettings
from quakescribe.tables import SKIPS, TABLES, store

Tables = dict[str, pd.DataFrame]


def settings_from(path: Path | None) -> Settings:
    """Return the settings of a file (any subset of ``quakescribe.toml``), or the defaults."""
    return load(path) if path is not None else Settings()


def pick_files(waveforms: str, stations: Path, out: Path, settings: Settings, watcher: Watcher | None = None) -> Tables:
    """Pick all recordings; the units of work below ``out/work`` make a stopped command go on where it stopped."""
    project = ProjectSettings(waveforms=str(Path(waveforms).absolute()), stations=str(stations.absolute()))
    settings = settings.model_copy(update={"project": project, "pick": with_paths(settings.pick, Path.cwd())})
    run = Run(out / "work")
    execute(settings, out, run, "pick", watcher or Silent())
    return {"picks": run.table("picks"), "skips": run.table("skips")}


def associate_files(picks: Path, stations: Path, velocity: Path | None, settings: Settings) -> Tables:
    """Associate the picks of a file."""
    from quakescribe.associate import associate

    read, places = _read(stations, (picks, ("picks",)))
    model = read_velocity(velocity, settings.velocity)
    events, arrivals, skips = associate(read["picks"], places, model, settings.associate)
    return {"events": events, "arrivals": arrivals, "skips": store.concat([read["skips"], skips], SKIPS)}


def locate_files(
    events: Path, arrivals: Path | None, stations: Path, velocity: Path | None, settings: Settings
) -> Tables:
    """Locate the events of a file, with the arrivals of the same or another file."""
    from quakescribe.locate import locate

    read, places = _read(stations, (events, ("events",)), (arrivals or events, ("arrivals",)))
    model = read_velocity(velocity, settings.velocity)
    origins, used, skips = locate(read["events"], read["arrivals"], places, model, settings.locate)
    return {"origins": origins, "arrivals": used, "skips": store.concat([read["skips"], skips], SKIPS)}


def measure_files(
    origins: Path, arrivals: Path | None, stations: Path, waveforms: str | None, settings: Settings,
    velocity: Path | None = None,
) -> Tables:
    """Measure the located events of a file; Wood-Anderson amplitudes only where waveforms are given.

    The velocity model says when an event would be seen at a station that did not see it.
    """
    from quakescribe.measure import measure

    read, places = _read(stations, (origins, ("origins",)), (arrivals or origins, ("arrivals",)))
    amplitudes, skips = None, [read["skips"]]
    if waveforms is not None:
        project = ProjectSettings(waveforms=str(Path(waveforms).absolute()), stations=str(stations.absolute()))
        inputs = open_inputs(settings.model_copy(update={"project": project}), Path())
        parts = []
        model = read_velocity(velocity, settings.velocity)
        expected = expected_onsets(read["origins"], read["arrivals"], inputs.stations, model, settings.measure)
        for station_id in inputs.station_ids:
            elsewhere = expected[expected["station_id"] == station_id].reset_index(drop=True)
            theirs = read["arrivals"][read["arrivals"]["station_id"] == station_id].reset_index(drop=True)
            recordings = Recordings(
                inputs.archive.only(station_id), inputs.stations, inputs.channels, station_id, settings.waveforms
            )
            part, left_out = amplitudes_at(recordings, read["origins"], theirs, elsewhere, settings.measure,
                                           str(stations))
            parts.append(part)
            skips.append(left_out)
        amplitudes = store.concat(parts, TABLES["amplitudes"])
    magnitudes, left_out = measure(read["origins"], read["arrivals"], places, settings.measure, amplitudes)
    made = {"magnitudes": magnitudes, "skips": store.concat([*skips, left_out], SKIPS)}
    return made if amplitudes is None else {"amplitudes": amplitudes, **made}


def write_all(tables: Tables, out: Path) -> list[Path]:
    """Write every table as Parquet and CSV into a folder; return the files."""
    return [
        store.write(frame, TABLES[name], out / f"{name}{suffix}")
        for name, frame in tables.items()
        for suffix in (".parquet", ".csv")
    ]


def _read(stations: Path, *wanted: tuple[Path, tuple[str, ...]]) -> tuple[Tables, pd.DataFrame]:
    """Read tables from files, and the stations they name; what the files hold but cannot be used is among the skips."""
    from quakescribe.exchange.formats import read_tables
    from quakescribe.exchange.stations import read_stations

    places, _ = read_stations(stations)
    read: Tables = {}
    skips: list[pd.DataFrame] = []
    for path, names in wanted:
        found = read_tables(path, places)
        missing = [name for name in names if name not in found]
        if missing:
            held = ", ".join(sorted(found)) or "nothing"
            raise FormatError(f"{path}: holds {held}, but no {' and no '.join(missing)}, which this stage needs")
        read |= {name: found[name] for name in names}
        left_out = found.get("skips", SKIPS.empty())
        skips.append(left_out[left_out["reason"] != "unknown-station"])  # the stage itself says which it cannot use
    named = {name for frame in read.values() if "station_id" in frame for name in frame["station_id"]}
    read["skips"] = SKIPS.order(store.concat(skips, SKIPS).drop_duplicates())
    return read, with_locations(places, sorted(named))


__all__ = ["associate_files", "locate_files", "measure_files", "pick_files", "settings_from", "write_all"]
