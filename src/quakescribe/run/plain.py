"""One stage on plain files, outside any project: read any known format, do the work, write Parquet and CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.earth.velocity import read_velocity
from quakescribe.errors import FormatError
from quakescribe.run.inputs import Inputs, open_inputs
from quakescribe.run.runner import Silent, Watcher, execute
from quakescribe.run.stages import Recordings, amplitudes_at
from quakescribe.run.workspace import Run
from quakescribe.settings.project import Settings, load
from quakescribe.settings.run import ProjectSettings
from quakescribe.tables import TABLES, store

Tables = dict[str, pd.DataFrame]


def settings_from(path: Path | None) -> Settings:
    """Return the settings of a file (any subset of ``quakescribe.toml``), or the defaults."""
    return load(path) if path is not None else Settings()


def pick_files(waveforms: str, stations: Path, out: Path, settings: Settings, watcher: Watcher | None = None) -> Tables:
    """Pick all recordings; the units of work below ``out/work`` make a stopped command go on where it stopped."""
    project = ProjectSettings(waveforms=str(Path(waveforms).absolute()), stations=str(stations.absolute()))
    settings = settings.model_copy(update={"project": project})
    run = Run(out / "work")
    execute(settings, out, run, "pick", watcher or Silent())
    return {"picks": run.table("picks"), "skips": run.table("skips")}


def associate_files(picks: Path, stations: Path, velocity: Path | None, settings: Settings) -> Tables:
    """Associate the picks of a file."""
    from quakescribe.associate import associate

    places = _stations(stations)
    read = _read(picks, places, ("picks",))
    events, arrivals, skips = associate(
        read["picks"], places, read_velocity(velocity, settings.velocity), settings.associate
    )
    return {"events": events, "arrivals": arrivals, "skips": skips}


def locate_files(
    events: Path, arrivals: Path | None, stations: Path, velocity: Path | None, settings: Settings
) -> Tables:
    """Locate the events of a file, with the arrivals of the same or another file."""
    from quakescribe.locate import locate

    places = _stations(stations)
    if arrivals is None:
        read = _read(events, places, ("events", "arrivals"))
    else:
        read = _read(events, places, ("events",)) | _read(arrivals, places, ("arrivals",))
    origins, used, skips = locate(
        read["events"], read["arrivals"], places, read_velocity(velocity, settings.velocity), settings.locate
    )
    return {"origins": origins, "arrivals": used, "skips": skips}


def measure_files(
    origins: Path, arrivals: Path | None, stations: Path, waveforms: str | None, settings: Settings
) -> Tables:
    """Measure the located events of a file; Wood-Anderson amplitudes only where waveforms are given."""
    from quakescribe.measure import measure

    places = _stations(stations)
    if arrivals is None:
        read = _read(origins, places, ("origins", "arrivals"))
    else:
        read = _read(origins, places, ("origins",)) | _read(arrivals, places, ("arrivals",))
    amplitudes, skips = None, []
    if waveforms is not None:
        project = ProjectSettings(waveforms=str(Path(waveforms).absolute()), stations=str(stations.absolute()))
        inputs = open_inputs(settings.model_copy(update={"project": project}), Path())
        parts = []
        for station_id in inputs.station_ids:
            theirs = read["arrivals"][read["arrivals"]["station_id"] == station_id].reset_index(drop=True)
            recordings = _recordings(inputs, station_id, settings)
            part, left_out = amplitudes_at(recordings, read["origins"], theirs, settings.measure, str(stations))
            parts.append(part)
            skips.append(left_out)
        amplitudes = store.concat(parts, TABLES["amplitudes"])
    magnitudes, left_out = measure(read["origins"], read["arrivals"], places, settings.measure, amplitudes)
    made = {"magnitudes": magnitudes, "skips": store.concat([*skips, left_out], TABLES["skips"])}
    return made if amplitudes is None else {"amplitudes": amplitudes, **made}


def write_all(tables: Tables, out: Path) -> list[Path]:
    """Write every table as Parquet and CSV into a folder; return the files."""
    return [
        store.write(frame, TABLES[name], out / f"{name}{suffix}")
        for name, frame in tables.items()
        for suffix in (".parquet", ".csv")
    ]


def _stations(path: Path) -> pd.DataFrame:
    from quakescribe.exchange.stations import read_stations

    return read_stations(path)[0]


def _read(path: Path, stations: pd.DataFrame, wanted: tuple[str, ...]) -> Tables:
    from quakescribe.exchange.formats import read_tables

    found = read_tables(path, stations)
    missing = [name for name in wanted if name not in found]
    if missing:
        held = ", ".join(sorted(found)) or "nothing"
        raise FormatError(f"{path}: holds {held}, but no {' and no '.join(missing)}, which this stage needs")
    return {name: found[name] for name in wanted}


def _recordings(inputs: Inputs, station_id: str, settings: Settings) -> Recordings:
    return Recordings(inputs.archive.only(station_id), inputs.stations, inputs.channels, station_id, settings.waveforms)


__all__ = ["associate_files", "locate_files", "measure_files", "pick_files", "settings_from", "write_all"]
