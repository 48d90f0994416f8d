"""A station's recording over any stretch of time, and what of every event can be seen in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from quakescribe.simulate.motion import LONGEST_S, ground_motion
from quakescribe.simulate.noise import HIGH_HZ, LOW_HZ, noise
from quakescribe.simulate.scenario import Scenario, Station
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.waveforms.block import grid_index


def counts(scenario: Scenario, station: int, start_ns: int, end_ns: int) -> NDArray[np.int32]:
    """Return what the digitiser of a station writes over [start, end): (3, n) counts, rows Z and the two horizontals.

    Any stretch can be made on its own, in any order; the samples are the same.
    """
    settings, site = scenario.settings, scenario.stations[station]
    first, last = (grid_index(t, settings.sampling_rate) for t in (start_ns, end_ns))
    motion = noise(settings, site, first, last - first)
    onset = scenario.paths.onset_ns[:, station]
    reach = int((LONGEST_S + 1.0) * 1e9)
    near = np.flatnonzero((onset[:, 0] < end_ns + 1_000_000_000) & (onset[:, 1] > start_ns - reach))
    for event in near:
        begin, signal = ground_motion(scenario, int(event), station)
        low, high = max(begin, first), min(begin + signal.shape[1], last)
        if low < high:
            motion[:, low - first:high - first] += signal[:, low - begin:high - begin]
    turned = _turn(motion, site)
    limit = settings.clip_counts
    return np.clip(np.rint(turned * site.gain), -limit, limit).astype(np.int32)


def _turn(motion: NDArray[np.float64], station: Station) -> NDArray[np.float64]:
    """Return Z, N, E as the station's own Z and horizontals."""
    angle = np.radians(station.azimuth_deg)
    _, north, east = motion
    return np.stack((motion[0], np.cos(angle) * north + np.sin(angle) * east,
                     np.cos(angle) * east - np.sin(angle) * north))


def truth(scenario: Scenario) -> dict[str, pd.DataFrame]:
    """Return the tables `truth_events` and `truth_arrivals`."""
    settings, paths = scenario.settings, scenario.paths
    n_events, n_stations = len(scenario.events), len(scenario.stations)
    shape = (n_events, n_stations, 2)
    snr, peak, recorded = np.zeros(shape), np.zeros(shape), np.ones(shape, dtype=bool)
    second = 1_000_000_000
    for j, station in enumerate(scenario.stations):
        snr[:, j], peak[:, j] = _strength(scenario, j)
        if station.gap_ns is not None:
            onset = paths.onset_ns[:, j]
            recorded[:, j] = (onset < station.gap_ns[0] - second) | (onset > station.gap_ns[1] + second)
    detectable = recorded & (snr >= settings.detectable_snr)
    both = detectable.all(axis=2).sum(axis=1)
    events = scenario.events.assign(n_detectable=both, detectable=both >= settings.detectable_stations)
    names = np.array([s.station_id for s in scenario.stations], dtype=object)

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.broadcast_to(values[:, :, None], shape).ravel())

    arrivals = {
        "event_id": np.repeat(events["event_id"].to_numpy(), n_stations * 2),
        "station_id": np.tile(np.repeat(names, 2), n_events), "phase": np.tile(["P", "S"], n_events * n_stations),
        "time": pd.to_datetime(paths.onset_ns.ravel(), utc=True), "distance_km": spread(paths.distance_km),
        "azimuth_deg": spread(paths.azimuth_deg), "takeoff_deg": paths.takeoff_deg.ravel(), "peak_m_s": peak.ravel(),
        "snr": snr.ravel(), "recorded": recorded.ravel(), "detectable": detectable.ravel()}
    return {"truth_events": TRUTH_EVENTS.order(TRUTH_EVENTS.conform(events)),
            "truth_arrivals": TRUTH_ARRIVALS.make(arrivals)}


def _strength(scenario: Scenario, station: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return signal-to-noise ratio and peak velocity (m/s) of every event at a station, each (n_events, 2 [P, S]).

    Signal: mean power from 1 to 20 Hz in the second after the onset, P on the vertical, S on the horizontals where
    there are any. Noise: the station's, plus that of all other events in the seconds before and of the onset.
    """
    site, rate = scenario.stations[station], int(scenario.settings.sampling_rate)
    band = butter(4, (LOW_HZ, HIGH_HZ), "bandpass", fs=rate, output="sos")
    rows = (slice(0, 1), slice(0, 1) if site.components == "Z" else slice(1, 3))
    start, end = (t // 1_000_000_000 for t in scenario.span_ns)
    total = np.zeros((2, end - start + int(LONGEST_S) + 120))  # power of all events, second by second
    onset = scenario.paths.onset_ns[:, station]
    at = onset // 1_000_000_000 - start
    signal, peak = np.zeros((len(onset), 2)), np.zeros((len(onset), 2))
    own = np.zeros((len(onset), 2, 2))  # power of the event itself in the seconds before and of its onset
    for i in range(len(onset)):
        first, motion = ground_motion(scenario, i, station)
        filtered = sosfilt(band, motion)
        lead = first - (start + int(at[i, 0])) * rate
        seconds = np.pad(filtered**2, ((0, 0), (lead, -(lead + filtered.shape[1]) % rate)))
        power = seconds.reshape(3, -1, rate).mean(axis=2)
        gap = round((int(onset[i, 1]) - int(onset[i, 0])) * 1e-9 * rate)
        size = np.sqrt(np.sum(motion**2, axis=0))
        peak[i] = size[:max(gap, 1)].max(), size[gap:].max()
        for k, begin in enumerate((0, gap)):
            mine = power[rows[k]].mean(axis=0)
            total[k, at[i, 0]:at[i, 0] + len(mine)] += mine
            signal[i, k] = np.mean(filtered[rows[k], begin:begin + rate] ** 2)
            since = int(at[i, k] - at[i, 0])
            own[i, k] = mine[since - 1] if since else 0.0, mine[since]
    others = np.stack([np.stack((total[k, at[:, k] - 1], total[k, at[:, k]]), axis=1) for k in (0, 1)], axis=1) - own
    noise_power = site.noise_m_s**2 + np.maximum(others, 0.0).max(axis=2)
    return np.sqrt(signal / noise_power), peak
