"""The whole chain, waveforms to catalogue: on the simulated network, and on real recordings where they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from records import Records, real_data

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.exchange.stations import read_stations
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.report.demo import run_and_score, simulated_project
from quakescribe.report.runs import finish
from quakescribe.run.projects import new_project
from quakescribe.run.runner import Silent, execute
from quakescribe.run.summary import association_rate
from quakescribe.run.workspace import Run
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.project import Settings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.simulate import read_scenario
from quakescribe.simulate.score import PARTS, match_events
from quakescribe.simulate.score.summary import headlines

M64 = pd.Timestamp("2019-07-04T17:33:49Z")
END_OF_REFERENCE = pd.Timestamp("2019-07-04T18:09:30Z")


def simulated(records: Records, folder: Path) -> None:
    """The demo's network."""
    project = simulated_project(folder, read_scenario("demo"), None, Silent())
    score = run_and_score(project, project.run("first"), None, Silent())
    for row in pd.concat([headlines(score, part) for part in PARTS]).to_dict("records"):
        records.add(
            f"demo: {row['name']}",
            float(row["value"]),
            row["unit"],
            "simulated network of the demo",
            note=f"n = {row['n']}",
        )


def run_real(folder: Path, data: Path, velocity: Path | None, reference_km: float, **sections: object) -> Run:
    """Run real recordings with the default settings (and given sections)."""
    project = new_project(folder, str(data / "waveforms"), str(data / "stations.csv"), str(velocity or ""))
    settings: Settings = project.settings.model_copy(
        update={"velocity": VelocitySettings(reference_elevation_km=reference_km), **sections}
    )
    run = project.run("first")
    execute(settings, folder, run, watcher=Silent(), report=finish)
    return run


def against_catalogue(records: Records, run: Run, catalogue: pd.DataFrame, data: str) -> None:
    """Compare a run with the regional network's catalogue (time within 3 s and epicentre within 20 km)."""
    origins = run.table("origins")
    true, found = match_events(catalogue, origins, 3.0, 20.0)
    hit = np.zeros(len(catalogue), dtype=bool)
    hit[true] = True
    large = catalogue["magnitude"].to_numpy() >= 1.5
    apart, _ = distance_azimuth(
        catalogue["latitude"].to_numpy()[true],
        catalogue["longitude"].to_numpy()[true],
        origins["latitude"].to_numpy()[found],
        origins["longitude"].to_numpy()[found],
    )
    late = (origins["time"].to_numpy()[found] - catalogue["time"].to_numpy()[true]) / np.timedelta64(1, "s")
    records.add("events", len(origins), "-", data)
    records.add(
        "recall of the catalogue's events, M >= 1.5",
        float(hit[large].mean()),
        "-",
        data,
        note=f"n = {int(large.sum())}",
    )
    records.add("recall of all the catalogue's events", float(hit.mean()), "-", data, note=f"n = {len(catalogue)}")
    records.add("events not in the catalogue", len(origins) - len(true), "-", data)
    records.add("share well located", float(origins["well_located"].mean()), "-", data)
    records.add("epicentre difference, median", float(np.median(apart)), "km", data)
    records.add("origin time difference, median", float(np.median(late)), "s", data)
    magnitudes = run.table("magnitudes")
    network = magnitudes[magnitudes["station_id"].isna()]
    time = catalogue["time"].iloc[true]
    calm = ((time < M64) | (time > M64 + pd.Timedelta(10, "min"))).to_numpy()
    for kind in ("ML", "M_PAL"):
        value = origins["event_id"].iloc[found].map(network[network["kind"] == kind].set_index("event_id")["value"])
        difference = (value.to_numpy() - catalogue["magnitude"].to_numpy()[true])[calm]
        difference = difference[np.isfinite(difference)]
        median = float(np.median(difference))
        note = f"n = {len(difference)}; outside the first 10 minutes after the M6.4"
        records.add(
            f"{kind} minus catalogue magnitude, absolute median",
            abs(median),
            "-",
            data,
            ("<=", 0.2) if kind == "ML" else None,
            f"signed: {median:+.3f}; {note}",
        )
        records.add(
            f"{kind} minus catalogue magnitude, MAD",
            float(np.median(np.abs(difference - median))),
            "-",
            data,
            ("<=", 0.3) if kind == "ML" else None,
            note,
        )


def consistent_pairs(
    picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel, catalogue: pd.DataFrame
) -> np.ndarray:
    """Return for each event the number of stations with a pair within 0.8 s (P) and 1.2 s (S) of the prediction."""
    paired = picks[picks["pair_id"] != 0]
    wide = paired.pivot_table(index=["station_id", "pair_id"], columns="phase", values="time", aggfunc="first").dropna()
    onsets = wide.astype("datetime64[ns, UTC]").astype("int64") / 1e9
    origin = catalogue["time"].astype("int64").to_numpy() / 1e9
    counts = np.zeros(len(catalogue), dtype=int)
    for station in stations.drop_duplicates("station_id").itertuples():
        if station.station_id not in onsets.index:
            continue
        mine = onsets.loc[station.station_id]
        distance, _ = distance_azimuth(
            catalogue["latitude"].to_numpy(), catalogue["longitude"].to_numpy(), station.latitude, station.longitude
        )
        off = np.zeros((len(catalogue), len(mine)), dtype=bool)
        for phase, velocities, tolerance in (("P", model.vp, 0.8), ("S", model.vs, 1.2)):
            expected = origin + [
                first_arrival(model.top_km, velocities, d, depth, -station.elevation_m / 1000)[0]
                for d, depth in zip(distance, catalogue["depth_m"].to_numpy() / 1000, strict=True)
            ]
            off |= np.abs(mine[phase].to_numpy() - expected[:, None]) > tolerance
        counts += (~off).any(axis=1)
    return counts


def limits(records: Records, run: Run, catalogue: pd.DataFrame, data: Path, name: str) -> None:
    """Tell what the picker leaves to be found, and how much of it is found."""
    model = read_velocity(data / "ridgecrest_picks" / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))
    stations, _ = read_stations(data / "ridgecrest_waveforms" / "stations.csv")
    counts = consistent_pairs(run.table("picks"), stations, model, catalogue)
    true, _ = match_events(catalogue, run.table("origins"), 3.0, 20.0)
    possible = counts >= 4
    label = "catalogue's events with consistent pairs at 4 stations"
    records.add(label, int(possible.sum()), "-", name, note="P within 0.8 s, S within 1.2 s of the predicted onsets")
    found = float(possible[true].sum() / possible.sum()) if possible.any() else float("nan")
    records.add("share of these found", found, "-", name)


def regional_catalogue(data: Path) -> pd.DataFrame:
    """Return the regional network's events of the Ridgecrest window, up to the end of its reference."""
    catalogue = pd.read_csv(data / "ridgecrest_waveforms" / "reference" / "scsn_catalog.csv")
    catalogue = catalogue.rename(columns={"depth(m)": "depth_m"})
    catalogue["time"] = pd.to_datetime(catalogue["time"], utc=True).astype("datetime64[ns, UTC]")
    return catalogue[catalogue["time"] < END_OF_REFERENCE].reset_index(drop=True)


def ridgecrest(records: Records, data: Path, folder: Path) -> None:
    """80 minutes of the Ridgecrest foreshocks against the regional network's catalogue."""
    here = data / "ridgecrest_waveforms"
    catalogue = regional_catalogue(data)
    velocity = data / "ridgecrest_picks" / "velocity_p.cre"
    name = "ridgecrest_waveforms"
    run = run_real(folder / "default", here, velocity, 2.5)
    against_catalogue(records, run, catalogue, f"{name}, default settings")
    limits(records, run, catalogue, data, f"{name}, default settings")
    picks = run.table("picks")
    records.add(
        "association rate of pairs", association_rate(picks, run.table("arrivals")), "-", f"{name}, default settings"
    )
    for station in ("CI.WBS.", "CI.WOR."):
        mine = picks[picks["station_id"] == station]
        records.add(f"picks at {station} (no gain)", len(mine), "-", name, (">=", 1))
        records.add(f"amplitudes at {station} (no gain)", int(mine["amplitude_m"].notna().sum()), "-", name, ("<=", 0))
    pal = pd.to_datetime(pd.read_csv(data / "ridgecrest_picks" / "events.csv")["time"], utc=True)
    window = pal[(pal >= "2019-07-04T16:50Z") & (pal < END_OF_REFERENCE)]
    records.add("events that the original PAL made in this window (14 stations)", len(window), "-", "ridgecrest_picks")
    sensitive = run_real(folder / "sensitive", here, velocity, 2.5, pick=PickSettings(trigger_threshold=6.0))
    against_catalogue(records, sensitive, catalogue, f"{name}, trigger threshold 6 instead of 8")


def amatrice(records: Records, data: Path, folder: Path) -> None:
    """Ten minutes of a dense network with mixed rates, against the day's double-difference catalogue."""
    here = data / "amatrice_waveforms"
    run = run_real(folder / "amatrice", here, None, 0.0)
    picks, origins = run.table("picks"), run.table("origins")
    times = picks["time"]
    events = pd.read_csv(
        here / "reference" / "event.dat",
        sep=r"\s+",
        header=None,
        names=["day", "clock", "latitude", "longitude", "depth_km", "m", "a", "b", "rms", "id"],
        dtype={"day": str, "clock": str},
    )
    clock = events["clock"].astype(int)  # hhmmss and hundredths as one number
    seconds = clock // 1_000_000 * 3600 + clock // 10_000 % 100 * 60 + clock % 10_000 / 100
    events["time"] = pd.to_datetime(events["day"], format="%Y%m%d", utc=True) + pd.to_timedelta(seconds, unit="s")
    events["time"] = events["time"].astype("datetime64[ns, UTC]")
    inside = events[(events["time"] >= times.min() - pd.Timedelta(10, "s")) & (events["time"] <= times.max())]
    inside = inside.reset_index(drop=True)
    true, found = match_events(inside, origins, 3.0, 20.0)
    apart, _ = distance_azimuth(
        inside["latitude"].to_numpy()[true],
        inside["longitude"].to_numpy()[true],
        origins["latitude"].to_numpy()[found],
        origins["longitude"].to_numpy()[found],
    )
    name = "amatrice_waveforms, default settings, generic crust"
    records.add("stations with picks", int(picks["station_id"].nunique()), "-", name)
    records.add("picks", len(picks), "-", name)
    records.add("events", len(origins), "-", name)
    records.add("association rate of pairs", association_rate(picks, run.table("arrivals")), "-", name)
    records.add("share well located", float(origins["well_located"].mean()), "-", name)
    records.add(
        "recall of the reference catalogue's events", len(true) / len(inside), "-", name, note=f"n = {len(inside)}"
    )
    records.add("events not in the reference catalogue", len(origins) - len(true), "-", name)
    records.add("epicentre difference, median", float(np.median(apart)) if len(apart) else float("nan"), "km", name)


if __name__ == "__main__":
    collected = Records("run")
    with tempfile.TemporaryDirectory() as scratch:
        simulated(collected, Path(scratch) / "demo")
        real = real_data()
        if real is None:
            print("real recordings are not here: their records are left out")
        else:
            ridgecrest(collected, real, Path(scratch))
            amatrice(collected, real, Path(scratch))
    collected.write()
