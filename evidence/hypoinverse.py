"""How closely the mode 'hypoinverse' follows HYPOINVERSE 1.40: its own solutions of 1,640 real events."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.locate import Located, locate
from quakescribe.settings.hypoinverse import HypoinverseSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.tables import STATIONS, pick_ids

SUMMARY = ("latitude", "longitude", "depth_km", "n_phases", "gap_deg", "dmin_km", "rms_s", "erh_km", "erz_km",
           "quality", "mark", "time", "line")
DATA = "ridgecrest_picks"


def read_summary(path: Path) -> pd.DataFrame:
    """Read a HYPO71-format summary (year 2000 layout): one row per line, indexed by event_id."""
    rows = []
    for text in path.read_text().splitlines():
        minute = pd.Timestamp(f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[9:11]}:{text[11:13]}", tz="UTC")
        latitude = float(text[20:22]) + float(text[23:28]) / 60
        longitude = float(text[29:32]) + float(text[33:38]) / 60
        rows.append((int(text[83:93]), -latitude if text[22] == "S" else latitude,
                     longitude if text[32] == "E" else -longitude, float(text[38:45]), int(text[52:55]),
                     int(text[55:59]), float(text[59:64]), float(text[64:69]), float(text[69:74]), float(text[74:79]),
                     text[80], text[82].strip(), minute + pd.Timedelta(seconds=float(text[13:19])), text))
    return pd.DataFrame(rows, columns=["event_id", *SUMMARY]).set_index("event_id")


def choose(solutions: pd.DataFrame) -> pd.DataFrame:
    """Return the best line of each event: unmarked first, then quality, gap, number of phases, RMS, then as text."""
    ordered = solutions.assign(marked=solutions["mark"] != "", fewer=-solutions["n_phases"]).sort_values(
        ["event_id", "marked", "quality", "gap_deg", "fewer", "rms_s", "line"], kind="stable")
    return ordered.drop_duplicates("event_id").set_index("event_id")[list(SUMMARY)]


def real_events(folder: Path, cut: bool = True) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, VelocityModel]:
    """Return events, arrivals, stations and model; ``cut``: as HYPOINVERSE had them in its files.

    Pick times were cut (not rounded) to 0.01 s, and its station table holds 0.01 minutes of arc.
    """
    stations = pd.read_csv(folder / "stations.csv")
    pairs = pd.read_csv(folder / "arrivals.csv", parse_dates=["p_time", "s_time"])
    if cut:
        for name in ("latitude", "longitude"):
            size = stations[name].abs()
            stations[name] = np.sign(stations[name]) * (np.floor(size) + np.rint(size % 1 * 6000) / 6000)
        for name in ("p_time", "s_time"):
            pairs[name] = pairs[name].dt.floor("10ms")
    parts = [pairs[["event_id", "station_id"]].assign(phase=phase, time=pairs[column])
             for phase, column in (("P", "p_time"), ("S", "s_time"))]
    arrivals = pd.concat(parts, ignore_index=True)
    arrivals["pick_id"] = pick_ids(arrivals["station_id"], arrivals["phase"], arrivals["time"])
    model = read_velocity(folder / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))
    return pd.read_csv(folder / "events.csv"), arrivals, STATIONS.conform(stations), model


def solve(data: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, VelocityModel], trials: tuple[float, ...],
          **settings: object) -> Located:
    """Locate in the mode 'hypoinverse' from the given trial depths."""
    rules = HypoinverseSettings.model_validate({"trial_depths_km": trials, **settings})
    return locate(*data, LocateSettings(mode="hypoinverse", hypoinverse=rules))


def marks(origins: pd.DataFrame) -> pd.Series:
    """Return HYPOINVERSE's mark of every origin: '-', '#' or nothing."""
    words = origins["flags"].fillna("").astype("str")
    minus, hash_ = words.str.contains("hypoinverse-minus"), words.str.contains("hypoinverse-hash")
    return pd.Series(np.where(minus, "-", np.where(hash_, "#", "")), index=origins.index)


def compare(origins: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Return differences between our origins and a summary, event by event."""
    ours = origins.set_index("event_id").loc[theirs.index]
    distance, _ = distance_azimuth(ours["latitude"], ours["longitude"], theirs["latitude"], theirs["longitude"])
    depth = (ours["depth_km"] - theirs["depth_km"]).abs()
    mark = marks(ours)
    return {"epicentre 50%": float(np.median(distance)), "epicentre 90%": float(np.quantile(distance, 0.9)),
            "depth 50%": float(depth.median()), "depth 90%": float(depth.quantile(0.9)),
            "same mark": float((mark == theirs["mark"]).mean()),
            "same quality": float((ours["quality"].astype("str") == theirs["quality"]).mean()),
            "same phases": float((ours["n_phases"] == theirs["n_phases"]).mean()),
            "erh 90%": float((ours["erh_km"] - theirs["erh_km"]).abs().quantile(0.9)),
            "bad": float((mark != "").mean()), "bad theirs": float((theirs["mark"] != "").mean())}


AIMS = {"epicentre 50%": ("epicentre difference, median", "km", ("<=", 0.1)),
        "epicentre 90%": ("epicentre difference, 90%", "km", ("<=", 0.5)),
        "depth 50%": ("depth difference, median", "km", ("<=", 0.15)),
        "depth 90%": ("depth difference, 90%", "km", ("<=", 1.0)),
        "same mark": ("same mark ('-', '#' or none)", "-", (">=", 0.93)),
        "same quality": ("same quality letter", "-", None),
        "same phases": ("same number of phases", "-", None),
        "erh 90%": ("ERH difference, 90%", "km", None),
        "bad": ("marked share, ours", "-", None), "bad theirs": ("marked share, HYPOINVERSE's", "-", None)}


def counted(trials: tuple[float, ...]) -> str:
    """Return '1 trial depth', '20 trial depths'."""
    return f"{len(trials)} trial depth{'s' if len(trials) > 1 else ''}"


def main() -> None:
    """Record the comparison with the summaries that ship with the data."""
    records = Records("hypoinverse")
    data = real_data()
    if data is not None and (data / DATA).is_dir():
        folder = data / DATA
        tables = real_events(folder)
        for name, trials in (("trial5", (5.0,)), ("trials20", tuple(map(float, range(20))))):
            theirs = read_summary(folder / f"hypoinverse_{name}.sum")
            for key, value in compare(solve(tables, trials).origins, theirs).items():
                label, unit, aim = AIMS[key]
                records.add(f"{counted(trials)}: {label}", value, unit, DATA, aim)
            others = {"exact travel times": solve(tables, trials, imitate_times=False),
                      "picks and stations not cut": solve(real_events(folder, cut=False), trials)}
            for what, located in others.items():
                found = compare(located.origins, theirs)
                for key in ("epicentre 50%", "epicentre 90%", "depth 50%", "depth 90%", "same mark"):
                    label, unit, _ = AIMS[key]
                    records.add(f"{counted(trials)}, {what}: {label}", found[key], unit, DATA)
    records.write()


if __name__ == "__main__":
    main()
