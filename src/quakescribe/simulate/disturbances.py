"""What disturbs single stations: knocks, doublets, lorries, footsteps, digitiser faults, a faulty station's bursts.

Each is drawn from its station's, tile's and kind's own stream, so that any stretch can be made alone, and the list of
them without their motion. They are what the seismometer records: its response is not applied again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.network import Station
from quakescribe.simulate.noise import TILE_S, daytime
from quakescribe.simulate.shapes import Form, motion
from quakescribe.simulate.streams import STREAM_BURSTS, stream
from quakescribe.simulate.truth import TRANSIENTS, TRUTH_TRANSIENTS

CULTURAL = ("impulse", "doublet", "spindle", "footsteps")  # these follow the day
DIGITISER = ("spike", "step", "half-sine", "calibration")
SIZES_S = {  # shortest and longest (log-uniform) of what `Form.size_s` means for a kind
    "impulse": (2.0, 10.0), "doublet": (0.2, 1.0), "spindle": (10.0, 40.0), "footsteps": (10.0, 40.0),
    "step": (2.0, 20.0), "half-sine": (0.5, 3.0), "calibration": (0.3, 1.0), "burst": (0.2, 0.8)}
SEPARATIONS_S = {"doublet": (0.5, 4.0), "burst": (0.8, 3.0)}
BURST_JITTER = 0.3  # of their mean distance
FREQUENCIES_HZ = {"impulse": (3.0, 15.0), "doublet": (3.0, 12.0), "spindle": (4.0, 12.0), "footsteps": (10.0, 30.0)}


@dataclass(frozen=True)
class Disturbance:
    """One disturbance: enough to list it and to make it."""

    form: Form
    key: tuple[int, ...]  # of its random numbers
    start: int  # grid index
    n: int  # samples
    peak_m_s: float
    component: int  # Z, first, second horizontal: of those that concern one channel
    azimuth_deg: float  # of the first horizontal

    def motion(self, settings: SimulateSettings) -> NDArray[np.float64]:
        """Return its ground velocity (3, n) rows Z, N, E. Its peak is the largest value of a row, or of its channel."""
        made = motion(self.form, stream(settings, *self.key), int(settings.network.sampling_rate))
        made *= self.peak_m_s / np.max(np.abs(made))
        if made.shape[0] == 3:
            return made
        angle = np.radians(self.azimuth_deg)
        channels = ((1.0, 0.0, 0.0), (0.0, np.cos(angle), np.sin(angle)), (0.0, -np.sin(angle), np.cos(angle)))
        return np.asarray(np.array(channels[self.component])[:, None] * made)


def disturbances(settings: SimulateSettings, station: Station, first: int, n: int) -> NDArray[np.float64]:
    """Return ground velocity (3, n) of a station's disturbances (m/s; rows Z, N, E) from a grid index on."""
    size = TILE_S * int(settings.network.sampling_rate)
    out = np.zeros((3, n))
    for tile in range(first // size - 1, (first + n - 1) // size + 1):  # none lasts longer than a tile
        for one in drawn(settings, station, tile):
            low, high = max(one.start, first), min(one.start + one.n, first + n)
            if low < high:
                out[:, low - first:high - first] += one.motion(settings)[:, low - one.start:high - one.start]
    return out


def listed(settings: SimulateSettings, station: Station, start_ns: int, end_ns: int) -> pd.DataFrame:
    """Return TRUTH_TRANSIENTS of a station's disturbances whose onset lies in [start, end) (ns after 1970)."""
    rate = int(settings.network.sampling_rate)
    tiles = range(start_ns // (TILE_S * 10**9), -(-end_ns // (TILE_S * 10**9)))
    found = [(one.start * 10**9 // rate, one) for tile in tiles for one in drawn(settings, station, tile)]
    found = [(time, one) for time, one in found if start_ns <= time < end_ns]
    if not found:
        return TRUTH_TRANSIENTS.empty()
    return TRUTH_TRANSIENTS.make({
        "station_id": [station.station_id] * len(found), "kind": [one.form.kind for _, one in found],
        "time": pd.to_datetime([time for time, _ in found], utc=True), "duration_s": [one.n / rate for _, one in found],
        "peak_m_s": [one.peak_m_s for _, one in found],
        "separation_s": [one.form.separation_s or np.nan for _, one in found]})


@lru_cache(maxsize=16)
def drawn(settings: SimulateSettings, station: Station, tile: int) -> tuple[Disturbance, ...]:
    """Return the disturbances that begin in a tile of `TILE_S` seconds of the absolute time axis."""
    return tuple(one for number, kind in enumerate(TRANSIENTS) for one in _kind(settings, station, tile, kind, number))


def _kind(settings: SimulateSettings, station: Station, tile: int, kind: str, number: int) -> Iterator[Disturbance]:
    """Yield a kind's disturbances of a tile: a Poisson number at times even within the tile; bursts nearly regularly.

    A burst is never much farther from the one before than their mean distance: so a picker that compares short with
    long averages stays quiet.
    """
    expected = _per_day(settings, station, kind) * TILE_S / 86400.0 * _of_day(settings, tile, kind)
    if not expected:
        return
    key = (STREAM_BURSTS, station.index, tile, number)
    rng = stream(settings, *key)
    rate = int(settings.network.sampling_rate)
    count = int(expected + rng.uniform()) if kind == "burst" else rng.poisson(expected)
    for k, (when, peak, size, gap, pitch, component) in enumerate(rng.uniform(size=(count, 6))):
        when = (k + BURST_JITTER * when) / count if kind == "burst" else when
        pitches = settings.faulty.burst_hz if kind == "burst" else FREQUENCIES_HZ.get(kind, (1.0, 1.0))
        form = Form(kind, float(_log(SIZES_S.get(kind, (1.0, 1.0)), size)),
                    float(_even(SEPARATIONS_S.get(kind, (0.0, 0.0)), gap)), float(_even(pitches, pitch)))
        start = (tile * TILE_S * rate) + int(when * TILE_S * rate)
        if kind == "burst" and start < settings.faulty_from_ns // 10**9 * rate:
            continue
        yield Disturbance(form, (*key, k + 1), start, form.samples(rate), _peak(settings, station, kind, peak),
                          int(component * len(station.components)), station.azimuth_deg)


def _per_day(settings: SimulateSettings, station: Station, kind: str) -> float:
    """Return how many of a kind a station has in a day."""
    if kind == "burst":
        return settings.faulty.bursts_per_day if station.faulty else 0.0
    rates = settings.disturbances
    return {"impulse": rates.impulses_per_day, "doublet": rates.doublets_per_day, "spindle": rates.spindles_per_day,
            "footsteps": rates.footsteps_per_day, "spike": rates.spikes_per_day, "step": rates.steps_per_day,
            "half-sine": rates.half_sines_per_day, "calibration": rates.calibrations_per_day}[kind]


def _of_day(settings: SimulateSettings, tile: int, kind: str) -> float:
    """Return a tile's rate over the mean rate of a working day."""
    if kind not in CULTURAL:
        return 1.0
    more = settings.disturbances.day_ratio - 1.0
    begin, end = settings.noise.day_hours
    mean = 1.0 + more * ((end - begin) % 24.0 or 24.0 * (end > begin)) / 24.0
    return float(1.0 + more * daytime(settings.noise, (tile + 0.5) * TILE_S)) / mean


def _peak(settings: SimulateSettings, station: Station, kind: str, u: float) -> float:
    """Return the peak (m/s) of a disturbance, log-uniform over the station's noise."""
    if kind == "burst":
        return settings.faulty.burst_factor * settings.faulty.noise_factor * station.noise_m_s * 2.0 ** (u - 1.0)
    limits = settings.disturbances.glitch_log10 if kind in DIGITISER else settings.disturbances.peak_log10
    return float(station.noise_m_s * 10.0 ** _even(limits, u))


def _even(limits: tuple[float, float], u: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * u


def _log(limits: tuple[float, float], u: float) -> float:
    return float(limits[0] * (limits[1] / limits[0]) ** u)
