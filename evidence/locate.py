"""Accuracy and calibration of the default locator: simulated events with known noise; real picks of Ridgecrest."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.earth.geodesy import LocalFrame, destination, distance_azimuth
from quakescribe.earth.traveltime import TravelTimes
from quakescribe.earth.velocity import VelocityModel, read_velocity
from quakescribe.kernels.grid import interpolate
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.locate import Located, locate, station_corrections
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.tables import ARRIVALS, EVENTS, STATIONS, pick_ids

MODEL = VelocityModel("evidence", np.array([-2.0, 4.0, 14.5, 30.5]), np.array([5.5, 6.3, 6.7, 7.8]),
                      np.array([5.5, 6.3, 6.7, 7.8]) / 1.73)
DAY = pd.Timestamp("2020-01-01", tz="UTC")


def network(n: int, spread_km: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return n stations within a circle around 35.7 N, 117.5 W, at 300 to 1900 m."""
    radius, angle = spread_km * np.sqrt(rng.uniform(0, 1, n)), rng.uniform(0, 360, n)
    latitude, longitude = destination(35.7, -117.5, angle, radius)
    return STATIONS.make({"station_id": [f"XX.S{i:02d}." for i in range(n)], "latitude": latitude,
                          "longitude": longitude, "elevation_m": rng.uniform(300, 1900, n)})


def simulate(stations: pd.DataFrame, n_events: int, spread_km: float, rng: np.random.Generator,
             sigma: tuple[float, float], path: tuple[float, float] = (0.0, 0.0), outliers: float = 0.0,
             delays: np.ndarray | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return truth and arrivals: exact times in MODEL plus Gaussian noise of ``sigma`` (P, S; s).

    ``path`` (constant in s, fraction of the time) is a second Gaussian error, of S as much larger and as like that of P
    at the station as the locator takes it to be; ``outliers`` the share of arrivals shifted by up to 3 s; ``delays``
    (n_stations, 2) station delays. Each event is recorded by its 5 to 14 nearest.
    """
    over_p, alike = LocateSettings().model_error_s_over_p, LocateSettings().model_error_correlation
    latitude, longitude = destination(35.7, -117.5, rng.uniform(0, 360, n_events),
                                      spread_km * np.sqrt(rng.uniform(0, 1, n_events)))
    depth = rng.uniform(1, 18, n_events)
    time = DAY + pd.to_timedelta(np.arange(n_events) * 60 + rng.uniform(0, 30, n_events).round(6), unit="s")
    parts = []
    for e in range(n_events):
        distance, _ = distance_azimuth(latitude[e], longitude[e], stations["latitude"], stations["longitude"])
        for k in np.argsort(distance)[: rng.integers(5, min(14, len(stations)) + 1)]:
            common = rng.normal()
            for phase, velocities in enumerate((MODEL.vp, MODEL.vs)):
                own = common if phase == 0 else alike * common + np.sqrt(1 - alike**2) * rng.normal()
                t = first_arrival(MODEL.top_km, velocities, distance[k], depth[e],
                                  -stations["elevation_m"].iloc[k] / 1000)[0]
                noise = rng.normal(0, sigma[phase]) + own * np.hypot(path[0] * (over_p if phase else 1.0), path[1] * t)
                noise += rng.uniform(-3, 3) if rng.uniform() < outliers else 0.0
                noise += delays[k, phase] if delays is not None else 0.0
                parts.append((e, stations["station_id"].iloc[k], "PS"[phase], t + noise, sigma[phase]))
    frame = pd.DataFrame(parts, columns=["event_id", "station_id", "phase", "after", "uncertainty_s"])
    frame["time"] = time[frame["event_id"]] + pd.to_timedelta((frame.pop("after") * 1e9).round().astype("int64"))
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    truth = EVENTS.make({"event_id": np.arange(n_events), "time": time, "latitude": latitude, "longitude": longitude,
                         "depth_km": depth, "n_picks": 0, "n_stations": 0, "associator": "truth"})
    return truth, ARRIVALS.make(frame)


def errors(located: Located, truth: pd.DataFrame) -> pd.DataFrame:
    """Return each origin's error against the truth: east, north, depth (km), time (s)."""
    both = located.origins.merge(truth, on="event_id", suffixes=("", "_true"))
    frame = LocalFrame(35.7, -117.5)
    x, y = frame.to_xy(both["latitude"], both["longitude"])
    xt, yt = frame.to_xy(both["latitude_true"], both["longitude_true"])
    return both.assign(east=x - xt, north=y - yt, down=both["depth_km"] - both["depth_km_true"],
                       late=(both["time"] - both["time_true"]).dt.total_seconds())


def coverage(found: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Return the share of events whose truth lies in the 68% and 95% regions of epicentre, depth and both."""
    names = "xyz"
    matrix = np.array([[found[f"covariance_{''.join(sorted((a, b)))}"] for b in names] for a in names])
    matrix = np.moveaxis(matrix, 2, 0)
    offset = found[["east", "north", "down"]].to_numpy()
    out = {}
    for name, axes, limits in (("epicentre", [0, 1], (2.279, 5.991)), ("depth", [2], (0.989, 3.841)),
                               ("hypocentre", [0, 1, 2], (3.506, 7.815))):
        v, c = offset[:, axes], matrix[:, axes][:, :, axes]
        chi = np.einsum("ni,ni->n", v, np.linalg.solve(c, v[..., None])[..., 0])
        out[name] = (float((chi <= limits[0]).mean()), float((chi <= limits[1]).mean()))
    return out


def table_errors(records: Records) -> None:
    """Tables against exact rays: at nodes, and between them beyond 3 km from the sensor."""
    rng = np.random.default_rng(7)
    tables = TravelTimes.build(MODEL, [1000.0], 150.0, -2.0, 40.0, 0.5, 0.5)
    worst, between = 0.0, []
    for _ in range(20000):
        phase = int(rng.integers(2))
        velocities = (MODEL.vp, MODEL.vs)[phase]
        i, j = rng.integers(tables.times.shape[2]), rng.integers(tables.times.shape[3])
        exact = first_arrival(MODEL.top_km, velocities, i * 0.5, -2.0 + j * 0.5, -1.0)[0]
        worst = max(worst, abs(tables.times[phase, 0, i, j] - exact))
        x, z = rng.uniform(0, 150), rng.uniform(-2, 40)
        if np.hypot(x, z + 1.0) >= 3.0:
            read = interpolate(tables.times[phase, 0], x / 0.5, (z + 2.0) / 0.5)[0]
            between.append(abs(read - first_arrival(MODEL.top_km, velocities, x, z, -1.0)[0]))
    data = "20,000 random rays, 4 layers, 150 x 42 km"
    records.add("table nodes against exact rays, largest error", float(worst) * 1000, "ms", data, ("<=", 0.01))
    records.add("interpolation at 0.5 km steps, 99% of errors", float(np.quantile(between, 0.99)) * 1000, "ms", data,
                ("<=", 5.0), "beyond 3 km from the sensor; the refinement uses exact rays, not tables")
    records.add("interpolation at 0.5 km steps, largest error", float(max(between)) * 1000, "ms", data,
                note="beyond 3 km from the sensor; just below an interface at the critical distance")


def calibration(records: Records) -> None:
    """Confidence regions and errors on simulated events whose noise is known."""
    rng = np.random.default_rng(1)
    stations = network(14, 40.0, rng)
    exact = LocateSettings(model_error_s=0.0, model_error_fraction=0.0)
    default = LocateSettings()
    cases = (("picks only, inside", 30.0, (0.0, 0.0), exact), ("picks only, in and around", 60.0, (0.0, 0.0), exact),
             ("picks and model, inside", 30.0, (default.model_error_s, default.model_error_fraction), default),
             ("picks and model, in and around", 60.0, (default.model_error_s, default.model_error_fraction), default))
    for label, spread, path, settings in cases:
        truth, arrivals = simulate(stations, 600, spread, rng, (0.05, 0.10), path)
        found = errors(locate(truth, arrivals, stations, MODEL, settings), truth)
        data = f"simulated: {label}; 600 events within {spread:g} km, 14 stations within 40 km"
        for region, (most, nearly_all) in coverage(found).items():
            for level, share, low, high in (("68%", most, 0.60, 0.76), ("95%", nearly_all, 0.90, 0.98)):
                records.add(f"truth in the {level} {region} region, {label}", share, "-", data, ("in", low, high))
        records.add(f"median epicentre error, {label}", float(np.median(np.hypot(found["east"], found["north"]))), "km",
                    data)
        records.add(f"median depth error, {label}", float(found["down"].abs().median()), "km", data)
        records.add(f"well located, {label}", float(found["well_located"].mean()), "-", data)


def stations_of_their_own(records: Records) -> None:
    """Confidence regions where every station has a delay of its own that nobody told the locator, S 1.74 times P."""
    def share(settings: LocateSettings) -> tuple[pd.DataFrame, dict[str, tuple[float, float]]]:
        rng = np.random.default_rng(0)
        parts = []
        for _ in range(60):
            stations = network(14, 40.0, rng)
            delays = rng.normal(0, 0.05, 14)[:, None] * (1.0, 1.74)
            truth, arrivals = simulate(stations, 8, 30.0, rng, (0.03, 0.06), (0.0, 0.004), delays=delays)
            parts.append(errors(locate(truth, arrivals, stations, MODEL, settings), truth))
        found = pd.concat(parts)
        return found, coverage(found)

    data = "simulated: 60 networks of 14 stations with delays of 0.05 s (P) and 0.087 s (S), 8 events each"
    before = LocateSettings(model_error_s_over_p=1.0, model_error_correlation=0.0)
    for label, settings in (("", LocateSettings()), (", errors of P and S taken as independent and equal", before)):
        found, regions = share(settings)
        for region, (most, nearly_all) in regions.items():
            for level, value, low, high in (("68%", most, 0.60, 0.76), ("95%", nearly_all, 0.90, 0.98)):
                records.add(f"truth in the {level} {region} region, station delays{label}", value, "-", data,
                            None if label else ("in", low, high))
        records.add(f"median ERH, station delays{label}", float(found["erh_km"].median()), "km", data)
        records.add(f"median ERZ, station delays{label}", float(found["erz_km"].median()), "km", data)


def outlying_picks(records: Records) -> None:
    """Robustness: one arrival in twelve is wrong by up to 3 s."""
    rng = np.random.default_rng(3)
    stations = network(14, 40.0, rng)
    truth, arrivals = simulate(stations, 400, 30.0, rng, (0.05, 0.10), outliers=0.08)
    found = errors(locate(truth, arrivals, stations, MODEL, LocateSettings()), truth)
    data = "simulated: 400 events, 8% of arrivals shifted by up to 3 s"
    records.add("median epicentre error with wrong picks", float(np.median(np.hypot(found["east"], found["north"]))),
                "km", data, ("<=", 0.5))
    records.add("epicentre error with wrong picks, 95%",
                float(np.quantile(np.hypot(found["east"], found["north"]), 0.95)), "km", data)


def planted_corrections(records: Records) -> None:
    """Station corrections: delays planted, and found again from the residuals."""
    rng = np.random.default_rng(5)
    stations = network(14, 40.0, rng)
    delays = rng.normal(0, 0.15, (14, 2)) * (1.0, 1.7)
    delays -= delays.mean(axis=0)
    truth, arrivals = simulate(stations, 400, 35.0, rng, (0.05, 0.10), delays=delays)
    settings = LocateSettings(correction_iterations=6)
    table = station_corrections(truth, arrivals, stations, MODEL, settings)
    row = stations.set_index("station_id").index.get_indexer(table["station_id"])
    planted = delays[row, (table["phase"] == "S").to_numpy(dtype=int)]
    data = "simulated: 400 events, delays of 0.15 s (P) and 0.26 s (S), 6 rounds"
    records.add("planted station delays against corrections, correlation",
                float(np.corrcoef(planted, table["correction_s"])[0, 1]), "-", data, (">=", 0.95))
    records.add("planted station delays minus corrections, standard deviation",
                float(np.std(planted - table["correction_s"])), "s", data, ("<=", 0.05))
    for label, corrections in (("without", None), ("with", table)):
        plain = LocateSettings()
        found = errors(locate(truth, arrivals, stations, MODEL, plain, corrections), truth)
        records.add(f"median epicentre error {label} corrections",
                    float(np.median(np.hypot(found["east"], found["north"]))), "km", data)


def ridgecrest(data: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, VelocityModel]:
    """Return events, arrivals, stations and model of ``ridgecrest_picks``."""
    folder = data / "ridgecrest_picks"
    stations = pd.read_csv(folder / "stations.csv")
    stations = STATIONS.make(stations.assign(station_id=stations["station_id"] + "."))
    pairs = pd.read_csv(folder / "arrivals.csv")
    arrivals = pd.concat([pairs[["event_id", "station_id"]].assign(
        phase=phase, time=pd.to_datetime(pairs[f"{phase.lower()}_time"]), amplitude_m=pairs["s_amplitude_m"])
        for phase in "PS"], ignore_index=True)
    arrivals["station_id"] += "."
    arrivals["pick_id"] = pick_ids(arrivals["station_id"], arrivals["phase"], arrivals["time"])
    events = pd.read_csv(folder / "events.csv").assign(n_picks=0, n_stations=0, associator="pal")
    model = read_velocity(folder / "velocity_p.cre", VelocitySettings(reference_elevation_km=2.5))
    return EVENTS.make(events), ARRIVALS.make(arrivals), stations, model


def read_summary(path: Path) -> pd.DataFrame:
    """Return event_id, place and flag of a HYPO71 summary file."""
    rows = [(int(line[81:].split()[-1]), float(line[20:22]) + float(line[23:28]) / 60,
             -(float(line[29:32]) + float(line[33:38]) / 60), float(line[38:44])) for line in path.open()]
    return pd.DataFrame(rows, columns=["event_id", "latitude", "longitude", "depth_km"])


def delays_of_real_stations(records: Records, data: Path) -> None:
    """What model_error_s_over_p and model_error_correlation are in reality: the stations' own delays, solved."""
    table = station_corrections(*ridgecrest(data), LocateSettings(correction_iterations=5))
    both = table.pivot_table(index="station_id", columns="phase", values="correction_s").dropna()
    where = f"ridgecrest_picks, delays of {len(both)} stations"
    records.add("correlation of the stations' P and S delays", float(np.corrcoef(both["P"], both["S"])[0, 1]), "-",
                where, (">=", 0.5))
    records.add("S over P delays, ratio of standard deviations", float(both["S"].std() / both["P"].std()), "-", where)


def real_picks(records: Records, data: Path) -> None:
    """The 1,640 events of ridgecrest_picks: share well located, and against HYPOINVERSE with 20 trial depths."""
    events, arrivals, stations, model = ridgecrest(data)
    summary = read_summary(data / "ridgecrest_picks" / "hypoinverse_trials20.sum")
    for label, settings in (("", LocateSettings()),
                            (" with station corrections", LocateSettings(correction_iterations=5))):
        origins = locate(events, arrivals, stations, model, settings).origins
        both = origins.merge(summary, on="event_id", suffixes=("", "_hyp"))
        distance, _ = distance_azimuth(both["latitude"], both["longitude"], both["latitude_hyp"], both["longitude_hyp"])
        deeper = (both["depth_km"] - both["depth_km_hyp"]).abs()
        where = "ridgecrest_picks, 1,640 events"
        records.add(f"well located{label}", float(origins["well_located"].mean()), "-", where)
        records.add(f"median weighted RMS residual{label}", float(origins["rms_s"].median()), "s", where)
        records.add(f"median ERH{label}", float(origins["erh_km"].median()), "km", where)
        records.add(f"median ERZ{label}", float(origins["erz_km"].median()), "km", where)
        records.add(f"median epicentre difference to HYPOINVERSE{label}", float(np.median(distance)), "km", where)
        records.add(f"median depth difference to HYPOINVERSE{label}", float(deeper.median()), "km", where)


def main() -> None:
    """Measure everything and write ``evidence/locate.json``."""
    records = Records("locate")
    table_errors(records)
    calibration(records)
    stations_of_their_own(records)
    outlying_picks(records)
    planted_corrections(records)
    data = real_data()
    if data is not None and (data / "ridgecrest_picks").is_dir():
        delays_of_real_stations(records, data)
        real_picks(records, data)
    else:
        print("locate: no real recordings; figures on ridgecrest_picks left out")
    records.write()


if __name__ == "__main__":
    main()
