"""Slow, obvious travel times and locations; and simulated events to locate."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from quakescribe.earth.geodesy import destination, distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.tables import ARRIVALS, EVENTS, STATIONS, pick_ids

VP = np.array([5.5, 6.3, 6.7, 7.8])
MODEL = VelocityModel("test", np.array([-2.0, 4.0, 14.5, 30.5]), VP, VP / 1.73)
START = pd.Timestamp("2020-01-01", tz="UTC")


def ring(n=8, radius_km=25.0, latitude=35.7, longitude=-117.5):
    """Stations around a place, at different heights."""
    lat, lon = destination(latitude, longitude, np.arange(n) * 360.0 / n, radius_km * (1 + 0.3 * np.sin(np.arange(n))))
    return STATIONS.make({"station_id": [f"XX.S{i:02d}." for i in range(n)], "latitude": lat, "longitude": lon,
                          "elevation_m": 400.0 + 100.0 * np.arange(n)})


def events_at(places, stations, noise_s=0.0, model=MODEL, seed=0, recorded=None):
    """Events at (latitude, longitude, depth_km) and their P and S at all stations (or the first `recorded`)."""
    rng = np.random.default_rng(seed)
    rows = []
    times = [START + pd.Timedelta(60 * e + 0.25, "s") for e in range(len(places))]
    for e, (latitude, longitude, depth) in enumerate(places):
        for station in stations.itertuples():
            if recorded is not None and station.Index >= recorded:
                continue
            distance, _ = distance_azimuth(latitude, longitude, station.latitude, station.longitude)
            for phase, velocity in (("P", model.vp), ("S", model.vs)):
                t = first_arrival(model.top_km, velocity, float(distance), depth, -station.elevation_m / 1000)[0]
                t += rng.normal(0, noise_s) if noise_s else 0.0
                rows.append((e, station.station_id, phase, times[e] + pd.Timedelta(round(1e9 * t))))
    frame = pd.DataFrame(rows, columns=["event_id", "station_id", "phase", "time"])
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    frame["uncertainty_s"] = max(noise_s, 0.01)
    events = EVENTS.make({"event_id": np.arange(len(places)), "time": times, "latitude": [p[0] for p in places],
                          "longitude": [p[1] for p in places], "depth_km": [float(p[2]) for p in places], "n_picks": 0,
                          "n_stations": 0, "associator": "truth"})
    return events, ARRIVALS.make(frame)


def fermat(tops, velocities, distance, source, receiver):
    """Least time over all direct, down-and-along, up-and-along paths, by moving the crossing points."""
    upper, lower = min(source, receiver), max(source, receiver)

    def at(depth):
        return velocities[int(np.searchsorted(tops[1:], depth, side="right"))]

    def least(depths, speeds):
        def time(crossings):
            x = np.concatenate([[0.0], crossings, [distance]])
            return float(np.sum(np.hypot(np.diff(x), np.diff(depths)) / speeds))
        if len(speeds) == 1:
            return time(np.zeros(0))
        starts = [np.linspace(0, distance, len(depths))[1:-1], np.full(len(depths) - 2, 0.01 * distance),
                  np.full(len(depths) - 2, 0.99 * distance)]
        return min(minimize(time, s, method="BFGS", options={"gtol": 1e-10}).fun for s in starts)

    def way(begin, end):
        inner = [t for t in tops[1:] if min(begin, end) < t < max(begin, end)]
        return [begin, *(inner if end > begin else inner[::-1]), end]

    if lower == upper:
        best = distance / at(lower)
    else:
        depths = np.array(way(upper, lower))
        best = least(depths, np.array([at((a + b) / 2) for a, b in pairwise(depths)]))
    for layer in range(len(tops)):
        edges = ([tops[layer]] if layer > 0 and tops[layer] >= lower else []) + (
            [tops[layer + 1]] if layer + 1 < len(tops) and tops[layer + 1] <= upper else [])
        for edge in edges:
            depths = np.array(way(source, edge) + way(receiver, edge)[::-1])
            speeds = [velocities[layer] if a == b == edge else at((a + b) / 2)
                      for a, b in pairwise(depths)]
            best = min(best, least(depths, np.array(speeds)))
    return best


def grid_best(x, y, depth, phase, observed, weight, box, step_km, model=MODEL):
    """Place of least L1 misfit over a full grid, origin time from a sorted list: the oracle of the search."""
    best = (np.inf, 0.0, 0.0, 0.0)
    for east in np.arange(box[0][0], box[0][1], step_km):
        for north in np.arange(box[1][0], box[1][1], step_km):
            for down in np.arange(box[2][0], box[2][1], step_km):
                implied = np.array([o - first_arrival(model.top_km, (model.vp, model.vs)[k],
                                                      float(np.hypot(a - east, b - north)), down, d)[0]
                                    for a, b, d, k, o in zip(x, y, depth, phase, observed, strict=True)])
                misfit = min(float(np.sum(weight * np.abs(implied - t))) for t in implied)
                if misfit < best[0]:
                    best = (misfit, east, north, down)
    return best
