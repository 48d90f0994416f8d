"""Magnitudes: against the regional network's on real recordings, against the truth on simulated ones."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.exchange.stations import read_stations
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.measure import measure, wood_anderson
from quakescribe.measure.attenuation import ATTENUATIONS
from quakescribe.measure.response import record
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate import build, read_scenario, simulate
from quakescribe.simulate.motion import ground_motion
from quakescribe.tables import ARRIVALS, event_ids, pick_ids
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.prepare import load

M64 = pd.Timestamp("2019-07-04T17:33:49Z")
TOPS, VP = np.array([-3.0, 5.5, 16.0, 32.0]), np.array([5.5, 6.3, 6.7, 7.8])  # Hadley & Kanamori (1977)
REAL = "ridgecrest_waveforms, origins of the regional catalogue"
MADE = "simulated network of the demo, true origins and onsets"


class Recorded:
    """An archive with its stations, loaded the way a run does."""

    def __init__(self, waveforms: Path, stations: Path) -> None:
        self.settings = WaveformsSettings()
        self.stations, self.channels = read_stations(stations)
        self.archive = open_archive(waveforms, self.settings)

    def __call__(self, station_id: str, start_ns: int, end_ns: int) -> list:
        return load(self.archive, self.stations, self.channels, station_id, start_ns, end_ns, self.settings)[0]


def predicted(origins: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
    """Return layered P and S arrivals of every event at every station."""
    rows = []
    for event in origins.itertuples():
        distance, _ = distance_azimuth(event.latitude, event.longitude, stations["latitude"], stations["longitude"])
        for station, km in zip(stations.itertuples(), distance, strict=True):
            for phase, speed in (("P", VP), ("S", VP / 1.73)):
                seconds = first_arrival(TOPS, speed, float(km), event.depth_km, -station.elevation_m / 1000)[0]
                rows.append((event.event_id, station.station_id, phase, event.time + pd.Timedelta(seconds, "s")))
    frame = pd.DataFrame(rows, columns=["event_id", "station_id", "phase", "time"])
    return ARRIVALS.conform(frame.assign(pick_id=pick_ids(frame["station_id"], frame["phase"], frame["time"])))


def differences(load_raw: Recorded, origins: pd.DataFrame, arrivals: pd.DataFrame,
                settings: MeasureSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the network's ML of every event with its difference from the reference; and the skips."""
    amplitudes, skips = wood_anderson(load_raw, origins, arrivals, settings)
    magnitudes, _ = measure(origins, arrivals, load_raw.stations, settings, amplitudes)
    ml = magnitudes[magnitudes["station_id"].isna() & (magnitudes["kind"] == "ML")]
    both = ml.merge(origins[["event_id", "time", "magnitude"]], on="event_id")
    return both.assign(difference=both["value"] - both["magnitude"]), skips


def mad(values: pd.Series) -> float:
    return float((values - values.median()).abs().median())


def ridgecrest(records: Records, data: Path) -> None:
    folder = data / "ridgecrest_waveforms"
    load_raw = Recorded(folder / "waveforms", folder / "stations.csv")
    catalogue = pd.read_csv(folder / "reference" / "scsn_catalog.csv")
    times = pd.to_datetime(catalogue["time"], utc=True)
    origins = catalogue.assign(time=times, event_id=event_ids(times), depth_km=catalogue["depth(m)"] / 1000)
    arrivals = predicted(origins, load_raw.stations)
    variants = {"": {}, ", magnification 2800": {"wood_anderson_gain": 2800.0},
                ", Bakun & Joyner (1984)": {"attenuation": "bakun-joyner-1984"},
                ", station corrections not solved": {"solve_corrections": False}}
    for label, changes in variants.items():
        both, skips = differences(load_raw, origins, arrivals, MeasureSettings(**changes))
        calm = both[(both["time"] < M64) | (both["time"] > M64 + pd.Timedelta("10min"))]
        aims = (("<=", 0.2), ("<=", 0.3)) if not label else (None, None)
        note = f"n = {len(calm)}, events outside the first 10 minutes after the M6.4"
        records.add(f"ML minus catalogue, absolute median{label}", abs(float(calm["difference"].median())), "-", REAL,
                    aims[0], f"{note}; signed {calm['difference'].median():+.3f}")
        records.add(f"ML minus catalogue, MAD{label}", mad(calm["difference"]), "-", REAL, aims[1], note)
        near = float((calm["difference"].abs() <= calm["uncertainty"]).mean())
        records.add(f"ML within 1 stated uncertainty of the catalogue's{label}", near, "share", REAL, note=note)
        if not label:
            wanted = ((origins["time"] < M64) | (origins["time"] > M64 + pd.Timedelta("10min"))).sum()
            records.add("events with an ML", len(calm) / wanted, "share", REAL, note=f"of {wanted}")
            silent = skips[skips["reason"] == "no-gain"]["station_id"].unique()
            records.add("stations without gain that gave no amplitude", len(silent), "-", REAL,
                        note=", ".join(silent))


def simulated(records: Records, folder: Path) -> None:
    truth = simulate(read_scenario("demo"), folder)
    load_raw = Recorded(folder / "waveforms", folder / "stations.xml")
    origins = truth["truth_events"]
    seen = truth["truth_arrivals"]
    seen = seen[seen["detectable"]]
    arrivals = ARRIVALS.conform(seen.assign(pick_id=pick_ids(seen["station_id"], seen["phase"], seen["time"])))
    free = noise_free(origins, arrivals)
    for label, changes in (("", {}), (", station corrections not solved", {"solve_corrections": False})):
        both, _ = differences(load_raw, origins, arrivals, MeasureSettings(**changes))
        note, aims = f"n = {len(both)}", (None, None) if label else (("<=", 0.2), ("<=", 0.3))
        records.add(f"ML minus truth, absolute median{label}", abs(float(both["difference"].median())), "-", MADE,
                    aims[0], f"{note}; signed {both['difference'].median():+.3f}")
        records.add(f"ML minus truth, MAD{label}", mad(both["difference"]), "-", MADE, aims[1], note)
        slope = np.polyfit(both["magnitude"], both["value"], 1)[0]
        records.add(f"slope of ML on the true magnitude{label}", float(slope), "-", MADE, note=note)
        off = both["difference"].abs() / both["uncertainty"]
        for times, wanted in ((1, "68%"), (1.645, "90%")):
            records.add(f"ML within {times} stated uncertainties of the truth ({wanted}){label}",
                        float((off <= times).mean()), "share", MADE, note=note)
        added = both["value"] - both["event_id"].map(free)
        for scope, members in (("", added.notna()), (", below magnitude 1", both["magnitude"] < 1)):
            records.add(f"ML minus that of the noise-free motion at all stations, median{scope}{label}",
                        float(added[members].median()), "-", MADE, note=f"n = {members.sum()}")


def noise_free(origins: pd.DataFrame, arrivals: pd.DataFrame) -> pd.Series:
    """Return, by event_id, the mean local magnitude of the noise-free motion at all stations with any arrival."""
    scenario, settings = build(read_scenario("demo")), MeasureSettings()
    row = {event: i for i, event in enumerate(scenario.events["event_id"])}
    chosen = [j for j, station in enumerate(scenario.stations) if (arrivals["station_id"] == station.station_id).any()]
    out = {}
    for event in sorted(set(arrivals["event_id"]) & set(origins["event_id"])):
        values = []
        for j in chosen:
            _, motion = ground_motion(scenario, row[event], j)
            swing = 1000 * np.abs(record(motion[1:], scenario.settings.network.sampling_rate, "m/s", settings))
            r = scenario.paths.hypocentral_km[row[event], j]
            values.append(np.log10(swing.max(axis=1)).mean() + ATTENUATIONS[settings.attenuation](r))
        out[event] = float(np.mean(values))
    return pd.Series(out)


def response(records: Records) -> None:
    """The Wood-Anderson record against ObsPy's simulation of the same poles."""
    from obspy.signal.invsim import simulate_seismometer

    settings = MeasureSettings(highpass_hz=0.02)
    w0, h = 2 * np.pi / settings.wood_anderson_period_s, settings.wood_anderson_damping
    poles = [w0 * (-h + sign * 1j * np.sqrt(1 - h * h)) for sign in (1, -1)]
    paz = {"poles": poles, "zeros": [0j], "gain": 1.0, "sensitivity": settings.wood_anderson_gain}
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(50):
        motion = np.zeros(6000)
        smooth = np.convolve(rng.normal(0, 1e-6, 2000), np.ones(6) / 6, "same") * np.hanning(2000)
        motion[2000:4000] = np.gradient(smooth)  # little near the high-pass, which ObsPy does not have
        theirs = np.abs(simulate_seismometer(motion, 100.0, paz_simulate=paz, taper=False, zero_mean=False,
                                            pitsasim=False)).max()
        worst = max(worst, abs(np.abs(record(motion, 100.0, "m/s", settings)).max() / theirs - 1))
    records.add("Wood-Anderson amplitude against ObsPy's simulation, largest relative difference", worst, "-",
                "50 random records", ("<=", 0.01))


def main() -> None:
    records = Records("measure")
    response(records)
    with tempfile.TemporaryDirectory() as folder:
        simulated(records, Path(folder))
    data = real_data()
    if data is None:
        print("no real recordings: their records are left out")
    else:
        ridgecrest(records, data)
    records.write()


if __name__ == "__main__":
    main()
