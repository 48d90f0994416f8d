"""A scenario as an archive whose samples are made when they are read: months of recordings that are never stored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate.instruments import pieces
from quakescribe.simulate.network import orientations
from quakescribe.simulate.record import Recorder, hours
from quakescribe.simulate.scenario import build
from quakescribe.waveforms.archive import Archive, made_archive
from quakescribe.waveforms.block import grid_index
from quakescribe.waveforms.files import Segment
from quakescribe.waveforms.prepare import grid_time_ns


@dataclass(frozen=True)
class Maker:
    """Makes the samples of any station and channel of a scenario; travels to workers as the settings alone."""

    settings: SimulateSettings

    def __call__(self, source: str, station_id: str, channel: str, start_ns: int,
                 end_ns: int) -> tuple[list[Segment], list[dict[str, Any]]]:
        """Return the segments of one channel that lie in [start, end], as a file would give them."""
        scenario = build(self.settings)
        station = next(one for one in scenario.stations if one.station_id == station_id)
        row = [code for code, _, _ in orientations(station)].index(channel[2])
        rate = self.settings.network.sampling_rate
        step = round(1e9 / rate)
        low, high = max(start_ns, scenario.span_ns[0]), min(end_ns + step, scenario.span_ns[1])
        first, last = (grid_index(t, rate) for t in (low, high))
        if first >= last:
            return [], []
        samples = _made(self.settings, station.index, first, last)[row]
        segments = []
        for a, b in pieces(scenario.states, station, grid_time_ns(first, rate), grid_time_ns(last, rate)):
            part = samples[grid_index(a, rate) - first:grid_index(b, rate) - first]
            if len(part):
                segments.append(Segment(station_id, channel, a, a + (len(part) - 1) * step, rate, len(part), part))
        return segments, []


@lru_cache(maxsize=1)
def _made(settings: SimulateSettings, station: int, first: int, last: int) -> NDArray[np.int32]:
    """Return a stretch of all components; kept, because each component is asked for on its own."""
    rate = settings.network.sampling_rate
    start, end = grid_time_ns(first, rate), grid_time_ns(last, rate)
    recorder = Recorder(build(settings), station)
    return np.concatenate([recorder.counts(low, high) for low, high in hours(start, end)], axis=1)


def open_scenario(settings: SimulateSettings, reading: WaveformsSettings) -> Archive:
    """Return the archive of a scenario. It reads as the files that `simulate` writes would."""
    scenario = build(settings)
    rate = settings.network.sampling_rate
    step = round(1e9 / rate)
    rows = [("simulated", station.station_id, "HH" + code, low, high - step, rate, round((high - low) / step))
            for station in scenario.stations for code, _, _ in orientations(station)
            for low, high in pieces(scenario.states, station, *scenario.span_ns)]
    return made_archive(rows, reading, Maker(settings))
