"""What instruments do to ground motion, and what is wrong with them and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.network import Station
from quakescribe.simulate.spectra import response
from quakescribe.simulate.streams import STREAM_STATES, stream
from quakescribe.simulate.truth import TRUTH_STATES

DAY_NS = 86_400_000_000_000
OVERLAP_NS = 30_000_000_000
COMPONENTS = "ZNE"
RINGS = 8  # periods of its natural frequency after which a seismometer has come to rest


def draw_states(settings: SimulateSettings, stations: tuple[Station, ...]) -> pd.DataFrame:
    """Return the table `truth_states`: gaps, overlaps, dead and swapped channels, wrong clocks, odd stations.

    Dead, swapped and wrong-clock stations are so for half of the time, all different ones from the first on.
    """
    start, end = settings.span_ns
    wanted, rate = settings.instruments, settings.network.sampling_rate
    step = round(1e9 / rate)
    rows: list[dict[str, Any]] = []

    def note(station: Station, kind: str, low: int, high: int, components: str = "", value: float = np.nan) -> None:
        rows.append({"station_id": station.station_id, "kind": kind, "start": low, "end": high, "value": value,
                     "components": components or COMPONENTS[:len(station.components)]})

    for station in stations:
        rng = stream(settings, STREAM_STATES, station.index)
        half = start + int(rng.uniform(0.0, 0.5) * (end - start) / 1e9) * 10**9
        until = half + (end - start) // 2
        sort = station.index
        which = COMPONENTS[int(rng.integers(0, len(station.components)))]
        error = rng.uniform(*wanted.clock_error_s) * rng.choice([-1.0, 1.0])
        if sort < wanted.n_dead:
            note(station, "dead", half, until, which)
        elif (sort := sort - wanted.n_dead) < wanted.n_swapped and len(station.components) == 3:
            note(station, "swapped", half, until, "ZN")
        elif 0 <= sort - wanted.n_swapped < wanted.n_clock:
            note(station, "clock", half, until, value=round(error * rate) / rate)
        for _ in range(rng.poisson(wanted.gaps_per_day * (end - start) / DAY_NS)):
            low = start + int(rng.uniform() * (end - start)) // step * step
            length = np.exp(rng.uniform(*np.log(wanted.gap_s)))
            note(station, "gap", low, min(low + max(round(length * rate), 1) * step, end))
        if station.index < wanted.n_overlaps:
            low = start + int(rng.uniform() * max(end - start - OVERLAP_NS, 0)) // step * step
            note(station, "overlap", low, min(low + OVERLAP_NS, end))
        if station.azimuth_deg:
            note(station, "oblique", start, end, "NE", station.azimuth_deg)
        if len(station.components) == 1:
            note(station, "vertical-only", start, end)
        if not station.gain_known:
            note(station, "no-gain", start, end)
        if station.faulty:
            note(station, "faulty", settings.faulty_from_ns, end, value=settings.faulty.noise_factor)
    if not rows:
        return TRUTH_STATES.empty()
    frame = pd.DataFrame(rows)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name].astype("int64"), utc=True)
    return TRUTH_STATES.order(TRUTH_STATES.conform(frame))


def spans(states: pd.DataFrame, station: Station, kind: str) -> list[tuple[int, int, str, float]]:
    """Return (start, end (ns), components, value) of a station's states of one kind, in order of time."""
    mine = states[(states["station_id"] == station.station_id) & (states["kind"] == kind)]
    return [(int(a.value), int(b.value), str(c), float(v)) for a, b, c, v in
            zip(mine["start"], mine["end"], mine["components"], mine["value"], strict=True)]


def clock_error_ns(states: pd.DataFrame, station: Station, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how much later than true a station's clock shows each of these true times (ns), in whole samples."""
    error = np.zeros(np.shape(times_ns), dtype=np.int64)
    for low, high, _, value in spans(states, station, "clock"):
        error[(times_ns >= low) & (times_ns < high)] = round(value * 1e9)
    return error


def pieces(states: pd.DataFrame, station: Station, low: int, high: int) -> list[tuple[int, int]]:
    """Return what is written of [low, high): all outside the gaps, and the overlaps once more."""
    kept = [(low, high)]
    for begin, stop, _, _ in spans(states, station, "gap"):
        kept = [(a, b) for x, y in kept for a, b in ((x, min(y, begin)), (max(x, stop), y)) if a < b]
    again = [(max(low, a), min(high, b)) for a, b, _, _ in spans(states, station, "overlap")]
    return kept + [(a, b) for a, b in again if a < b]


def respond(motion: NDArray[Any], sampling_rate: float, corner_hz: float | None) -> NDArray[Any]:
    """Return what a seismometer of a natural frequency makes of ground velocity (3, n), with its ringing behind."""
    if corner_hz is None:
        return motion
    n = motion.shape[1] + int(RINGS * sampling_rate / corner_hz)
    spectrum = np.fft.rfft(motion, n) * response(np.fft.rfftfreq(n, 1.0 / sampling_rate), corner_hz)
    return np.fft.irfft(spectrum, n)


def digitise(motion: NDArray[Any], scenario_states: pd.DataFrame, station: Station, settings: SimulateSettings,
             start_ns: int) -> NDArray[np.int32]:
    """Return ground velocity Z, N, E (3, n), from a time on, as the counts of the station's own channels (3, n)."""
    rate = settings.network.sampling_rate
    angle = np.radians(station.azimuth_deg)
    vertical, north, east = motion
    turned = motion if angle == 0.0 else np.stack((vertical, np.cos(angle) * north + np.sin(angle) * east,
                                                   np.cos(angle) * east - np.sin(angle) * north))
    limit = settings.instruments.clip_counts
    counts = np.clip(np.rint(turned * station.gain), -limit, limit).astype(np.int32)

    def inside(kind: str) -> Iterable[tuple[slice, str]]:
        for low, high, components, _ in spans(scenario_states, station, kind):
            first, last = (round((t - start_ns) * 1e-9 * rate) for t in (low, high))
            if first < counts.shape[1] and last > 0:
                yield slice(max(first, 0), min(last, counts.shape[1])), components

    for where, _ in inside("swapped"):
        counts[:2, where] = counts[1::-1, where]
    for where, components in inside("dead"):
        counts[COMPONENTS.index(components), where] = 0
    return counts
