"""How real the simulated recordings are: real pairs, spectra and seismograms beside them, and what PhaseNet finds.

Needs SeisBench (`make evidence` puts it into an environment of its own) and the real recordings for most of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

import realism_figures as figures
from records import Records, real_data
from scenarios import KEPT, project_of
from seismograms import (
    QUIET,
    RATE,
    Shot,
    comparable,
    features,
    like,
    peer,
    phasenet,
    power_db,
    real_shots,
    recordings,
    simulated_shots,
)

from pick import PUBLISHED
from quakescribe.associate import associate
from quakescribe.earth.velocity import read_velocity
from quakescribe.exchange.stations import read_stations
from quakescribe.pick import pick
from quakescribe.run.runner import Silent, execute
from quakescribe.run.simulation import simulate_into
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.run import RunSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate import build, read_scenario
from quakescribe.simulate.noise import noise
from quakescribe.simulate.score.completeness import b_value, maximum_curvature
from quakescribe.simulate.score.match import match_onsets, nanoseconds
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS, TRUTH_STATES
from quakescribe.tables import PICKS, pick_ids, store
from quakescribe.waveforms.archive import open_archive

WAVEFORMS, PICKED, PHASENET = "ridgecrest_waveforms", "ridgecrest_picks", "phasenet_ncedc"
MAGNITUDES, DISTANCES = (1.7, 2.7), (15.0, 60.0)  # of the seismograms that are compared
SNR = 10.0
ENOUGH = 100  # magnitudes for b
FAULTY = "faulty"
PAL = PickSettings(**PUBLISHED)  # the rates of real pairs are those of the published picker
PAL_ASSOCIATES = AssociateSettings(second_share=0.0)
Tables = dict[str, pd.DataFrame]


def run_of(name: str) -> tuple[Path, Tables, Tables]:
    """Return a scenario's folder, the tables of the pipeline's defaults, and those of PAL as it was published."""
    simulate_into(KEPT / name, read_scenario(name), RunSettings(), Silent())  # again, if the code is another
    project, run = project_of(name)
    execute(project.settings, project.folder, run, "measure", Silent())
    published = project.settings.model_copy(update={"pick": PAL, "associate": PAL_ASSOCIATES})
    pal = project.run("pal")
    execute(published, project.folder, pal, "associate", Silent())
    return (project.folder, {table: run.table(table) for table in ("magnitudes", "stations")},
            {table: pal.table(table) for table in ("picks", "arrivals")})


def pairs(picks: pd.DataFrame, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair: station_id, sp (s), snr_p, associated."""
    p = picks[(picks["phase"] == "P") & (picks["pair_id"] != 0)].set_index("pair_id")
    s = picks[picks["phase"] == "S"].set_index("pair_id").loc[p.index]
    return pd.DataFrame({"station_id": p["station_id"], "sp": (s["time"] - p["time"]).dt.total_seconds(),
                         "snr_p": p["snr"], "associated": p["pick_id"].isin(arrivals["pick_id"])})


def real_times(data: Path) -> pd.DataFrame:
    """Return sp (s), snr_p (of amplitudes), associated and P time of the pairs of ridgecrest_picks."""
    found = pd.read_csv(data / PICKED / "pal_pairs.csv")
    p, s = (pd.to_datetime(found[name], format="ISO8601", utc=True) for name in ("p_time", "s_time"))
    kept = pd.read_csv(data / PICKED / "arrivals.csv")
    associated = pd.MultiIndex.from_frame(found[["station_id", "p_time"]]).isin(
        pd.MultiIndex.from_frame(kept[["station_id", "p_time"]]))
    return pd.DataFrame({"time": p, "sp": (s - p).dt.total_seconds(), "snr_p": np.sqrt(found["p_snr"]),  # of energies
                         "associated": associated})


def real_pairs(data: Path) -> pd.DataFrame:
    """Return the pairs of our own picker, set as PAL, on ridgecrest_waveforms."""
    folder = data / WAVEFORMS
    stations, channels = read_stations(folder / "stations.csv")
    picks, _ = pick(open_archive(folder / "waveforms", WaveformsSettings()), stations, channels, PAL)
    model = read_velocity(data / PICKED / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))
    return pairs(picks, associate(picks, stations, model, PAL_ASSOCIATES).arrivals)


def told(records: Records, found: pd.DataFrame, data: str) -> None:
    """Record the medians of a set of pairs."""
    for yes, word in ((True, "associated"), (False, "unassociated")):
        mine = found[found["associated"] == yes]
        note = f"n = {len(mine)}"
        records.add(f"S minus P of {word} pairs, median", float(mine["sp"].median()), "s", data, note=note)
        if "snr_p" in mine:
            records.add(f"SNR of P of {word} pairs, median", float(mine["snr_p"].median()), "-", data, note=note)


def rates(records: Records, runs: dict[str, tuple[Path, Tables, Tables]],
          aims: dict[str, tuple[str, float, float]]) -> None:
    """Record PAL's association rate of pairs, and b of true and found magnitudes."""
    for name, (folder, tables, pal) in runs.items():
        data = f"scenario {name}"
        found = pairs(pal["picks"], pal["arrivals"])
        settings = read_scenario(folder / "scenario.toml")
        days = len(tables["stations"]) * settings.hours / 24
        if name in aims:
            records.add("association rate of PAL's pairs", float(found["associated"].mean()), "share", data, aims[name],
                        f"{len(found)} pairs")
            records.add("PAL's pairs per station and day", len(found) / days, "1/d", data)
            told(records, found, data)
        events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS)
        magnitudes(records, data, events, tables["magnitudes"], settings.seismicity.b_value)


def magnitudes(records: Records, data: str, events: pd.DataFrame, found: pd.DataFrame, law: float) -> None:
    """Record b of the true magnitudes beside the law's, and of the found ones beside the true ones above their Mc."""
    true = events.loc[events["kind"] == "earthquake", "magnitude"].to_numpy()
    local = found.loc[(found["kind"] == "ML") & found["station_id"].isna(), "value"].to_numpy(dtype=float)
    value, error, n = b_value(true, float(true.min()) + 0.1)
    records.add("b of the true magnitudes minus the law's, absolute", abs(value - law), "-", data, ("<=", 0.1),
                f"b = {value:.2f}, standard error {error:.2f}, n = {n}")
    mc = maximum_curvature(local)
    value, error, n = b_value(local, mc)
    records.add("b of ML above its completeness minus the law's, absolute", abs(value - law), "-", data, ("<=", 0.1),
                f"from {mc:.1f} on: {value:.2f}, standard error {error:.2f}, n = {n}")
    if n >= ENOUGH:
        same, spread, m = b_value(true, mc)
        records.add("b of ML above its completeness minus that of the true magnitudes there, absolute",
                    abs(value - same), "-", data, ("<=", 0.1),
                    f"from {mc:.1f} on: {value:.2f}, standard error {error:.2f}, n = {n}; "
                    f"true {same:.2f}, {spread:.2f}, {m}")


def picks_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return PhaseNet's picks as the table picks: unpaired."""
    time = pd.to_datetime((found["time"] * 1e9).round().astype("int64"), utc=True)
    frame = pd.DataFrame({"pick_id": pick_ids(found["station_id"], found["phase"], time),
                          "station_id": found["station_id"], "phase": found["phase"], "time": time,
                          "probability": found["probability"], "pair_id": 0, "picker": "phasenet"})
    return PICKS.make(dict(frame.drop_duplicates("pick_id")))


def recall(records: Records, folder: Path, found: pd.DataFrame, data: str) -> None:
    """Record the recall of PhaseNet on onsets that are recorded on the channels it needs."""
    truth = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    states = store.read(folder / "truth" / "states.parquet", TRUTH_STATES)
    alone = states.loc[states["kind"].isin(("vertical-only", "dead", "swapped")), "station_id"]
    for phase in ("P", "S"):
        onsets = truth[truth["recorded"] & (truth["phase"] == phase)].reset_index(drop=True)
        mine = found[found["phase"] == phase].reset_index(drop=True)
        row = match_onsets(onsets, mine, 0.5)
        late = np.full(len(onsets), np.nan)
        late[row[row >= 0]] = (nanoseconds(mine["time"])[row >= 0] - nanoseconds(onsets["time"])[row[row >= 0]]) * 1e-9
        hit = np.isfinite(late)
        use = ~onsets["station_id"].isin(alone).to_numpy() & ~onsets["clipped"].to_numpy()
        for low, high in ((2, 3), (3, 5), (5, 10), (SNR, np.inf)):
            bin_ = use & (onsets["snr"] >= low).to_numpy() & (onsets["snr"] < high).to_numpy()
            if bin_.any():
                name = f"above {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
                records.add(f"PhaseNet's recall of {phase}, SNR {name}", float(hit[bin_].mean()), "share", data,
                            (">=", 0.9) if np.isinf(high) else None, f"n = {bin_.sum()}")
        records.add(f"PhaseNet's {phase} minus the true onset, median", float(np.nanmedian(late[use])), "s", data,
                    note=f"MAD {np.nanmedian(np.abs(late[use] - np.nanmedian(late[use]))):.3f} s")


def at_the_faulty(records: Records, folder: Path, stations: pd.DataFrame, pal: Tables, found: pd.DataFrame) -> None:
    """Record each picker's unassociated picks at the faulty station over the median of the others."""
    states = store.read(folder / "truth" / "states.parquet", TRUTH_STATES)
    bad = states[states["kind"] == "faulty"].iloc[0]
    model = read_velocity(folder / "velocity.csv")
    theirs = associate(found, stations, model, AssociateSettings()).arrivals
    for name, picks, arrivals, aim in (("PhaseNet", found, theirs, (">=", 5.0)),
                                       ("PAL", pal["picks"], pal["arrivals"], ("<=", 2.0))):
        picks = picks[(picks["time"] >= bad["start"]) & (picks["time"] < bad["end"])]
        alone = ~picks["pick_id"].isin(arrivals["pick_id"])
        count = picks[alone].groupby("station_id").size().reindex(stations["station_id"], fill_value=0)
        here, middle = int(count[bad["station_id"]]), float(count.drop(bad["station_id"]).median())
        records.add(f"{name}'s unassociated picks at the faulty station over the network's median",
                    here / max(middle, 1.0), "ratio", f"scenario {FAULTY}", aim,
                    f"{here} and {middle:g}; all stations: {int(count.sum())} of {len(picks)} picks")


def seen(records: Records, data: Path, settings: Any) -> None:
    """Compare seismograms and noise, and draw them."""
    folder = data / WAVEFORMS
    real = real_shots(folder, phasenet(data / "weights" / PHASENET, folder / "waveforms"))
    made = simulated_shots(like(settings, (2.1, 2.6), 0.5))
    pair = {"real": comparable(real, MAGNITUDES, DISTANCES), "simulated": comparable(made, MAGNITUDES, DISTANCES)}
    tables = {word: pd.DataFrame([features(shot) for shot in shots]) for word, shots in pair.items()}
    where = {"real": WAVEFORMS + ", before the mainshock", "simulated": "as scenario aftershocks, single events"}
    limits = f"M {MAGNITUDES[0]} to {MAGNITUDES[1]}, {DISTANCES[0]:g} to {DISTANCES[1]:g} km"
    for word, table in tables.items():
        for name in table:
            low, high = table[name].quantile([0.1, 0.9])
            what, _, unit = name.partition(" [")
            records.add(f"{what}, median", float(f"{table[name].median():.3g}"), unit.rstrip("]") or "ratio",
                        where[word], note=f"10-90%: {low:.2g} to {high:.2g}; {limits}; n = {len(table)}")
    first, last = ((t - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(1, "ns") for t in QUIET)
    quiet = [power_db(x[0, int((first - at) / 1e9 * RATE):int((last - at) / 1e9 * RATE)])
             for _, _, at, x, deep in recordings(folder) if not deep]
    scenario = build(settings)
    at = scenario.span_ns[0] // 10**9 * RATE
    noises = [power_db(np.asarray(noise(settings, s, at, 60_000)[0], dtype=float)) for s in scenario.stations]
    figures.spectra({"real, 16:50-17:00 UTC": quiet, "simulated": noises}, pair, limits)
    figures.envelopes(pair)
    figures.section({"real M 2.5": [q for q in real if q.magnitude == 2.49],
                     "simulated M 2.5": nearest(made, 2.49)})
    for word, curves in (("real", quiet), ("simulated", noises)):
        for low, high in ((1, 2), (5, 10), (20, 40)):
            level = [float(np.median(power[(f >= low) & (f < high)])) for f, power in curves]
            records.add(f"noise from {low} to {high} Hz, vertical, median of the stations", float(np.median(level)),
                        "dB", where[word], note=f"{min(level):.0f} to {max(level):.0f}")


def nearest(shots: list[Shot], magnitude: float) -> list[Shot]:
    """Return all shots of the event of the nearest magnitude."""
    best = min((shot.magnitude for shot in shots), key=lambda m: abs(m - magnitude))
    return [shot for shot in shots if shot.magnitude == best]


def labelled(records: Records, data: Path) -> None:
    """Check the peer itself: analysts' onsets of single windows."""
    folder = data / "labelled_samples"
    found = phasenet(data / "weights" / PHASENET, folder)
    windows = sorted(folder.glob("*.npz"))
    for phase, name in (("P", "itp"), ("S", "its")):
        near = 0
        for path in windows:
            with np.load(path, allow_pickle=True) as arrays:
                at = float(np.ravel(arrays[name])[0]) / 100
            mine = found.loc[(found["station_id"] == path.stem) & (found["phase"] == phase), "time"]
            near += bool((np.abs(mine - at) < 0.5).any())
        records.add(f"PhaseNet finds analysts' {phase} within 0.5 s", near / len(windows), "share", "labelled_samples",
                    (">=", 0.9), f"n = {len(windows)}")


def main() -> None:
    records = Records("realism")
    data = real_data()
    runs = {name: run_of(name) for name in ("quiet", "aftershocks", FAULTY)}
    rates(records, runs, {"quiet": ("in", 0.04, 0.10), "aftershocks": ("in", 0.4, 0.6)})
    if data is None:
        print("realism: no real recordings and no weights; nothing is compared")
        records.write()
        return
    times, ratios = real_times(data), real_pairs(data)
    told(records, times, PICKED)
    told(records, ratios, WAVEFORMS)
    early = times[times["time"] < QUIET[1]]
    records.add("association rate of PAL's pairs", float(early["associated"].mean()), "share",
                PICKED + ", before 17:00 UTC",
                note=f"{len(early)} pairs, {len(early) / 14 / 17 * 24:.0f} per station and day")
    figures.pairs(times, pairs(**runs["aftershocks"][2]))
    if peer() is None:
        print("realism: no SeisBench in .peers/seisbench; PhaseNet is left out")
    else:
        labelled(records, data)
        for name in ("aftershocks", FAULTY):
            folder, tables, pal = runs[name]
            found = picks_table(phasenet(data / "weights" / PHASENET, folder / "waveforms"))
            if name == FAULTY:
                at_the_faulty(records, folder, tables["stations"], pal, found)
            else:
                recall(records, folder, found, f"scenario {name}")
        seen(records, data, read_scenario("aftershocks"))
    records.write()


if __name__ == "__main__":
    main()
