"""A project of two recorded stations over a midnight, and a run whose tables are written by hand."""

from pathlib import Path

import numpy as np
import pandas as pd

from quakescribe.run.projects import new_project
from quakescribe.run.workspace import Run
from quakescribe.settings.project import Settings
from quakescribe.settings.run import RunSettings
from quakescribe.settings.train import SamplesSettings, TrainSettings
from quakescribe.tables import ARRIVALS, ORIGINS, PICKS, store

BEGIN = pd.Timestamp("2024-03-01T23:40:00", tz="UTC")
SECONDS = 2400
STATIONS = ("XX.AAA.", "XX.BBB.")


def project(folder: Path) -> Path:
    """Make the recordings, the station list and the project; return its folder."""
    from obspy import Trace, UTCDateTime

    (folder / "waveforms").mkdir(parents=True)
    random = np.random.default_rng(1)
    lines = ["network,station,latitude,longitude,elevation_m,channel,gain,unit"]
    for k, name in enumerate(STATIONS):
        code = name.split(".")[1]
        for channel in ("HHZ", "HHN", "HHE"):
            header = {"network": "XX", "station": code, "channel": channel, "sampling_rate": 100.0,
                      "starttime": UTCDateTime(BEGIN.isoformat())}
            samples = np.cumsum(random.normal(0, 30, SECONDS * 100)).astype(np.int32)
            Trace(samples, header).write(str(folder / "waveforms" / f"{code}.{channel}.mseed"), format="MSEED")
            lines.append(f"XX,{code},0.0,{0.1 * k},0,{channel},1e6,m/s")
    (folder / "stations.csv").write_text("\n".join(lines) + "\n")
    new_project(folder / "project", str(folder / "waveforms"), str(folder / "stations.csv"))
    return folder / "project"


def settings(folder: Path, workers: int = 1, **changes) -> Settings:
    from quakescribe.run.workspace import Project

    changes = {"noise_per_day": 3, "cut_s": 40.0, "seed": 1, **changes}
    return Project(folder).settings.model_copy(update={
        "run": RunSettings(workers=workers), "train": TrainSettings(samples=SamplesSettings(**changes))})


def run_of(folder: Path, associated: bool = True, strays: bool = True) -> Run:
    """Write the tables of a run: six events at both stations, and lonely pairs that nothing agrees with."""
    picks, arrivals, origins, number = [], [], [], 0

    def pair(station: str, p: float, s: float, event: int = 0) -> None:
        nonlocal number
        number += 2
        for pick_id, phase, second in ((number - 1, "P", p), (number, "S", s)):
            time = BEGIN + pd.Timedelta(round(second * 1e9), "ns")
            picks.append((pick_id, station, phase, time, number - 1, 6.0, "pal"))
            if event:
                arrivals.append((event, pick_id, station, phase, time, 0.05))

    for k in range(6):
        second = 150.0 + 400 * k
        for station, late in zip(STATIONS, (0.0, 0.6), strict=True):
            pair(station, second + 2 + late, second + 3.5 + 1.7 * late, k + 1)
        origins.append((k + 1, BEGIN + pd.Timedelta(second, "s"), 0.05, 0.05, 8.0, 4, 2, True, "hand"))
    for k in range(18 if strays else 0):
        pair(STATIONS[k % 2], 33.0 + 131 * k, 35.0 + 131 * k)
    run = Run(folder / "runs" / "first")
    columns = ("pick_id", "station_id", "phase", "time", "pair_id", "snr", "picker")
    _write(run, "pick", PICKS, picks, columns)
    if associated:
        _write(run, "locate", ARRIVALS, arrivals, ("event_id", "pick_id", "station_id", "phase", "time", "residual_s"))
        _write(run, "locate", ORIGINS, origins, ("event_id", "time", "latitude", "longitude", "depth_km", "n_phases",
                                                 "n_stations", "well_located", "method"))
    return run


def _write(run: Run, stage: str, table, rows, columns) -> None:
    frame = table.make(dict(zip(columns, zip(*rows, strict=True), strict=True)))
    store.write(frame, table, run.folder / stage / table.name / "all.parquet")
