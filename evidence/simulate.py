"""The simulator: what it claims about its own data."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.signal import sosfilt

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records

from quakescribe.exchange.stations import read_stations
from quakescribe.measure.attenuation import ATTENUATIONS
from quakescribe.measure.response import record
from quakescribe.pick import pick_unit
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate import Scenario, build, read_scenario, simulate
from quakescribe.simulate.motion import ground_motion
from quakescribe.simulate.noise import level, noise
from quakescribe.simulate.record import counts
from quakescribe.simulate.spectra import band
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.prepare import load

DEMO = "simulated network of the demo"


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


def pieces(records: Records, scenario: Scenario) -> None:
    """Any stretch made on its own equals the whole."""
    start, _ = scenario.span_ns
    whole = counts(scenario, 3, start, start + 3600 * 10**9)
    cuts = [0, 11, 599, 601, 1800, 2999, 3600]
    same = all(np.array_equal(counts(scenario, 3, start + a * 10**9, start + b * 10**9), whole[:, a * 100:b * 100])
               for a, b in reversed(list(pairwise(cuts))))
    records.add("pieces of an hour, made alone and backwards, equal the whole", float(same), "share", DEMO, (">=", 1.0))


def sizes(records: Records, scenario: Scenario) -> None:
    """Noise level, and the local magnitude of the noise-free motion."""
    settings, ratio = scenario.settings, []
    start = scenario.span_ns[0]
    for station in scenario.stations:
        made = noise(settings, station, start // 10**9 * 100, 120_000)
        stated = np.sqrt(np.mean(level(settings, station, start + np.arange(20, 1200) * 10**9) ** 2))
        ratio.append(sosfilt(band(100.0), made[0])[2000:].std() / stated)
    worst = float(np.max(np.abs(np.array(ratio) - 1)))
    records.add("noise from 1 to 20 Hz over its stated level, largest deviation", worst, "-", DEMO, ("<=", 0.1))
    rules = MeasureSettings()
    for name in ("demo", "quiet", "aftershocks", "obs-like"):
        case = scenario if name == "demo" else build(read_scenario(name))
        off = []
        for i in range(0, len(case.events), max(len(case.events) // 60, 1)):
            if case.events["kind"].iloc[i] != "earthquake":
                continue
            for j in range(len(case.stations)):
                _, motion = ground_motion(case, i, j)
                swing = 1000 * np.abs(record(motion[1:], settings.network.sampling_rate, "m/s", rules)).max(axis=1)
                r = case.paths.hypocentral_km[i, j]
                magnitude = np.log10(swing).mean() + ATTENUATIONS[rules.attenuation](r)
                off.append(magnitude - case.events["magnitude"].iloc[i])
        records.add("local magnitude of the noise-free motion minus the true one, absolute median",
                    abs(float(np.median(off))), "-", f"scenario {name}", ("<=", 0.1),
                    f"n = {len(off)}, scatter between stations {np.std(off):.2f}")


def picked(records: Records, folder: Path, scenario: Scenario) -> None:
    """How the rule-based picker sees the network: a sanity check of the signals, not a claim about the picker."""
    truth = simulate(scenario.settings, folder)
    records.add("events", len(scenario.events), "-", DEMO)
    records.add("detectable events", int(truth["truth_events"]["detectable"].sum()), "-", DEMO)
    arrivals = truth["truth_arrivals"]
    wide = arrivals.pivot_table(index=["event_id", "station_id"], columns="phase", values="time", aggfunc="first")
    delay = (wide["S"] - wide["P"]).dt.total_seconds()
    records.add("S minus P, 1%", float(delay.quantile(0.01)), "s", DEMO)
    records.add("S minus P, 99%", float(delay.quantile(0.99)), "s", DEMO)
    reading = WaveformsSettings()
    stations, channels = read_stations(folder / "stations.xml")
    archive = open_archive(folder / "waveforms", reading)
    start, end = scenario.span_ns
    loud = arrivals[(arrivals["phase"] == "P") & (arrivals["snr"] >= 5) & arrivals["recorded"]]
    found = 0
    for station, mine in loud.groupby("station_id"):
        picks, _ = pick_unit(lambda a, b, s=station: load(archive, stations, channels, s, a, b, reading)[0], start, end,
                             PickSettings())
        onsets = picks.loc[picks["phase"] == "P", "time"].astype("int64").to_numpy()
        for t in mine["time"].astype("int64"):
            found += bool(len(onsets) and np.abs(onsets - t).min() <= 5e8)
    records.add("P with a signal-to-noise ratio of 5 that the PAL picker finds", found / len(loud), "share", DEMO,
                (">=", 0.9), f"n = {len(loud)}")


def main() -> None:
    records = Records("simulate")
    scenario = build(read_scenario("demo"))
    pieces(records, scenario)
    sizes(records, scenario)
    small = SimulateSettings(hours=0.3, network={"n_stations": 4})
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        simulate(small, Path(one))
        simulate(small, Path(two))
        same = float(digest(Path(one)) == digest(Path(two)))
        records.add("two simulations of the same settings are the same bytes", same, "share", "small simulated network",
                    (">=", 1.0))
    with tempfile.TemporaryDirectory() as folder:
        picked(records, Path(folder), scenario)
    records.write()


if __name__ == "__main__":
    main()
