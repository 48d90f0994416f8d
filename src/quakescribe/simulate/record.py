"""A station's recording over any stretch of time, and what of every event can be seen in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import sosfilt

from quakescribe.simulate.disturbances import disturbances, listed
from quakescribe.simulate.instruments import RINGS, clock_error_ns, digitise, respond, spans
from quakescribe.simulate.motion import ground_motion, reach_s
from quakescribe.simulate.network import Station
from quakescribe.simulate.noise import level, noise
from quakescribe.simulate.scenario import Scenario
from quakescribe.simulate.spectra import band
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.waveforms.block import grid_index

SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
KEPT = 1024  # motions that are kept at hand: an hour's, as a rule

Motion = tuple[int, NDArray[np.float64]]  # grid index of the first sample, ground velocity (3, n) Z, N, E (m/s)


class Recorder:
    """One station of a scenario. Any stretch can be made on its own, in any order; the samples are the same."""

    def __init__(self, scenario: Scenario, index: int) -> None:
        self.scenario, self.station = scenario, scenario.stations[index]
        self.rate = int(scenario.settings.network.sampling_rate)
        onset = scenario.paths.onset_ns[:, index]
        self.error_ns = clock_error_ns(scenario.states, self.station, onset[:, 0])
        self.onset_ns = onset + self.error_ns[:, None]  # as the recording shows it
        corner = scenario.settings.instruments.corner_hz
        ringing = 0.0 if corner is None else RINGS / corner
        self.reach_ns = int((reach_s(scenario) + ringing + 1.0) * 1e9)
        self.swapped = [(low, high) for low, high, *_ in spans(scenario.states, self.station, "swapped")]
        self.motion = lru_cache(maxsize=KEPT)(self._motion)

    def _motion(self, event: int) -> Motion:
        first, moved = ground_motion(self.scenario, event, self.station.index)
        shift = round(int(self.error_ns[event]) * 1e-9 * self.rate)
        return first + shift, respond(moved, self.rate, self.scenario.settings.instruments.corner_hz)

    def near(self, start_ns: int, end_ns: int) -> NDArray[np.int64]:
        """Return the events whose motion may reach into [start, end), in order."""
        p = self.onset_ns[:, 0]
        return np.flatnonzero((p < end_ns + SECOND_NS) & (p > start_ns - self.reach_ns))

    def velocity(self, start_ns: int, end_ns: int) -> NDArray[np.float64]:
        """Return all that shakes the station, (3, n) Z, N, E (m/s): noise, disturbances and every event."""
        first, last = (grid_index(t, self.rate) for t in (start_ns, end_ns))
        settings = self.scenario.settings
        total = noise(settings, self.station, first, last - first)
        total = total + disturbances(settings, self.station, first, last - first)
        for event in self.near(start_ns, end_ns):
            begin, signal = self.motion(int(event))
            low, high = max(begin, first), min(begin + signal.shape[1], last)
            if low < high:
                total[:, low - first:high - first] += signal[:, low - begin:high - begin]
        return total

    def counts(self, start_ns: int, end_ns: int) -> NDArray[np.int32]:
        """Return what the digitiser writes over [start, end): (3, n) counts, rows Z and the two horizontals."""
        return digitise(self.velocity(start_ns, end_ns), self.scenario.states, self.station, self.scenario.settings,
                        start_ns)

def hours(start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Return [start, end) cut at the full hours of UTC."""
    return list(pairwise([start_ns, *range((start_ns // HOUR_NS + 1) * HOUR_NS, end_ns, HOUR_NS), end_ns]))


def counts(scenario: Scenario, station: int, start_ns: int, end_ns: int) -> NDArray[np.int32]:
    """Return what a station's digitiser writes over [start, end): (3, n) counts, rows Z and the two horizontals."""
    return Recorder(scenario, station).counts(start_ns, end_ns)


def record(scenario: Scenario, station: int, start_ns: int, end_ns: int,
           keep: Callable[[int, NDArray[np.int32]], None] | None = None) -> dict[str, pd.DataFrame]:
    """Make a stretch of a station's recording and return the truth about it; the stretches of a span add up.

    Parameters
    ----------
    keep
        Given (start, counts (3, n)) hour by hour, e.g. to write them. None: only the truth is wanted.

    Returns
    -------
    The tables `truth_arrivals` of the events whose P lies in [start, end), and `truth_transients`.
    """
    recorder = Recorder(scenario, station)
    onset = recorder.onset_ns[:, 0]
    arrivals = []
    for low, high in hours(start_ns, end_ns):
        own = np.flatnonzero((onset >= low) & (onset < high))
        if len(own):
            snr, peak, overlapped = _strength(recorder, own, low)
            arrivals.append(_arrivals(recorder, own, snr, peak, overlapped, _clipping(recorder, own)))
        if keep is not None:
            keep(low, recorder.counts(low, high))
    table = TRUTH_ARRIVALS.order(pd.concat(arrivals, ignore_index=True)) if arrivals else TRUTH_ARRIVALS.empty()
    return {"truth_arrivals": table,
            "truth_transients": listed(scenario.settings, recorder.station, start_ns, end_ns)}


def _rows(station: Station) -> tuple[slice, slice]:
    """Return the rows of Z, N, E on which P and S are looked for."""
    return slice(0, 1), slice(0, 1) if station.components == "Z" else slice(1, 3)


def _strength(recorder: Recorder, own: NDArray[np.int64],
              start_ns: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return signal-to-noise ratio, peak velocity (m/s) and overlap of events, (len(own), 2 [P, S]) each.

    Their P onsets lie at ``start_ns`` or later.

    Signal: mean power behind the band-pass from 1 to 20 Hz in the second after the onset. Noise: the station's at that
    time, plus that of all other events in the seconds before and of the onset. Disturbances do not count.
    """
    settings, rate = recorder.scenario.settings, recorder.rate
    shape = (len(own), 2)
    onset = recorder.onset_ns[own]
    begin_ns, stop_ns = start_ns - 2 * SECOND_NS, int(onset.max()) + 2 * SECOND_NS
    events = recorder.near(begin_ns, stop_ns)
    base = (begin_ns - 2 * recorder.reach_ns) // SECOND_NS
    total = np.zeros((2, (stop_ns + 2 * recorder.reach_ns) // SECOND_NS - base + 2))  # power, second by second
    rows = _rows(recorder.station)
    signal, peak, mine = np.zeros(shape), np.zeros(shape), np.zeros((*shape, 2))
    place = {int(event): i for i, event in enumerate(own)}
    at = onset // SECOND_NS - base
    for event in events:
        first, motion = recorder.motion(int(event))
        p_ns = recorder.onset_ns[event, 0]
        if any(low <= p_ns < high for low, high in recorder.swapped):
            motion = motion[[1, 0, 2]]
        filtered = sosfilt(band(rate), motion)
        second, lead = divmod(first, rate)
        squared = np.pad(filtered**2, ((0, 0), (lead, -(lead + filtered.shape[1]) % rate)))
        power = squared.reshape(3, -1, rate).mean(axis=2)
        here = slice(second - base, second - base + power.shape[1])
        for k in (0, 1):
            total[k, here] += power[rows[k]].mean(axis=0)
        if (i := place.get(int(event))) is None:
            continue
        size = np.sqrt(np.sum(motion**2, axis=0))
        p, s = (max(grid_index(int(t), rate) - first, 0) for t in onset[i])
        peak[i] = size[p:max(s, p + 1)].max(initial=0.0), size[s:].max(initial=0.0)
        for k, sample in enumerate((p, s)):
            second_of_it = filtered[rows[k], sample:sample + rate]
            signal[i, k] = np.sum(second_of_it**2) / (rate * len(second_of_it))
            for m, where in enumerate((at[i, k] - 1, at[i, k])):
                inside = where + base - second
                mine[i, k, m] = power[rows[k], inside].mean() if 0 <= inside < power.shape[1] else 0.0
    others = np.stack([np.stack((total[k, at[:, k] - 1], total[k, at[:, k]]), axis=1) for k in (0, 1)], axis=1) - mine
    others = np.maximum(others, 0.0).max(axis=2)
    ground = level(settings, recorder.station, onset) ** 2
    if recorder.station.components != "Z":
        ground[:, 1] *= settings.noise.horizontal**2
    return np.sqrt(signal / (ground + others)), peak, others > settings.truth.overlap**2 * ground


def _clipping(recorder: Recorder, own: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether the digitiser clips within a second after each onset, (len(own), 2).

    Only where an event is strong enough, its own or another: disturbances are too weak.
    """
    clipped = np.zeros((len(own), 2), dtype=bool)
    limit = recorder.scenario.settings.instruments.clip_counts
    onset = recorder.onset_ns[own]
    for event in recorder.near(int(onset.min()), int(onset.max()) + SECOND_NS):
        first, motion = recorder.motion(int(event))
        if np.abs(motion).max() * recorder.station.gain < 0.4 * limit:
            continue
        low, high = first / recorder.rate * 1e9, (first + motion.shape[1]) / recorder.rate * 1e9
        inside = (onset < high) & (onset > low - SECOND_NS) & ~clipped
        if not inside.any():
            continue
        begin = int(onset[inside].min()) // SECOND_NS * SECOND_NS
        limits = np.abs(recorder.counts(begin, (int(onset[inside].max()) // SECOND_NS + 2) * SECOND_NS)) >= limit
        reached = np.concatenate(([0], np.cumsum(limits.any(axis=0))))
        at = np.array([grid_index(int(t), recorder.rate) for t in onset[inside]]) - grid_index(begin, recorder.rate)
        clipped[inside] = reached[at + recorder.rate] > reached[at]
    return clipped


def _recorded(recorder: Recorder, onset: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each onset (n, 2) lies a second away from any gap, in the recordings, on a living channel."""
    states, station = recorder.scenario.states, recorder.station
    start, end = recorder.scenario.span_ns
    recorded = (onset >= start) & (onset < end)
    for low, high, _, _ in spans(states, station, "gap"):
        recorded &= (onset < low - SECOND_NS) | (onset > high + SECOND_NS)
    for low, high, dead, _ in spans(states, station, "dead"):
        concerned = np.array([dead == "Z", dead == "Z" and station.components == "Z"])
        recorded &= (onset < low - SECOND_NS) | (onset > high + SECOND_NS) | ~concerned
    return recorded


def _arrivals(recorder: Recorder, own: NDArray[np.int64], snr: NDArray[np.float64], peak: NDArray[np.float64],
              overlapped: NDArray[np.bool_], clipped: NDArray[np.bool_]) -> pd.DataFrame:
    paths, station, events = recorder.scenario.paths, recorder.station, recorder.scenario.events
    onset = recorder.onset_ns[own]
    recorded = _recorded(recorder, onset)

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(values[own, station.index], 2)

    table = pd.DataFrame({
        "event_id": np.repeat(events["event_id"].to_numpy()[own], 2), "station_id": station.station_id,
        "phase": np.tile(["P", "S"], len(own)), "time": pd.to_datetime(onset.ravel(), utc=True),
        "clock_error_s": np.repeat(recorder.error_ns[own] * 1e-9, 2), "distance_km": spread(paths.distance_km),
        "azimuth_deg": spread(paths.azimuth_deg), "takeoff_deg": paths.takeoff_deg[own, station.index].ravel(),
        "head_wave": paths.head_wave[own, station.index].ravel(),
        "direct_s": np.where(paths.head_wave[own, station.index], paths.direct_s[own, station.index], np.nan).ravel(),
        "precursor_s": np.stack((np.full(len(own), np.nan), _precursor(recorder, own)), axis=1).ravel(),
        "peak_m_s": peak.ravel(), "snr": snr.ravel(),
        "overlapped": overlapped.ravel(), "clipped": clipped.ravel(), "recorded": recorded.ravel(),
        "detectable": (recorded & (snr >= recorder.scenario.settings.truth.snr)).ravel()})
    only_p = (events["kind"].to_numpy()[own] == "teleseism").repeat(2) & (table["phase"] == "S").to_numpy()
    return TRUTH_ARRIVALS.conform(table[~only_p])


def _precursor(recorder: Recorder, own: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how long before S the converted Sp comes (s); NaN where there is none."""
    lead = recorder.scenario.paths.precursor_s[own, recorder.station.index]
    there = lead < (recorder.onset_ns[own, 1] - recorder.onset_ns[own, 0]) * 1e-9
    return np.where(there & (recorder.scenario.settings.earth.converted > 0.0), lead, np.nan)


def judged(scenario: Scenario, arrivals: pd.DataFrame) -> pd.DataFrame:
    """Return the table `truth_events`: the scenario's events, and at how many stations P and S are detectable."""
    seen = arrivals[arrivals["detectable"]].groupby(["event_id", "station_id"])["phase"].nunique()
    both = (seen == 2).groupby(level="event_id").sum()
    n = both.reindex(scenario.events["event_id"], fill_value=0).to_numpy(dtype=np.int64)
    events = scenario.events.assign(n_detectable=n, detectable=n >= scenario.settings.truth.stations)
    return TRUTH_EVENTS.order(TRUTH_EVENTS.conform(events))
