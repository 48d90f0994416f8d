"""Wood-Anderson amplitudes against ObsPy's simulation of the seismometer, the same windows in one run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "evidence"))

from records import Records

from quakescribe.measure import wood_anderson
from quakescribe.measure.windows import windows
from quakescribe.settings.measure import MeasureSettings
from quakescribe.simulate import build, read_scenario
from quakescribe.simulate.record import counts, judged, record
from quakescribe.tables import ARRIVALS, pick_ids
from quakescribe.waveforms.block import Block, grid_index

RATE = 100.0
DATA = "one simulated station, three hours"


def station_block(scenario, index: int) -> Block:
    """Return the whole recording of a station in m/s."""
    start, end = scenario.span_ns
    station = scenario.stations[index]
    data = counts(scenario, index, start, end) / station.gain
    n = data.shape[1]
    return Block(station.station_id, RATE, grid_index(start, RATE), data, np.zeros((3, n), bool),
                 np.zeros(n, np.int64), "m/s", "ZNE", np.full(3, np.inf))


def with_obspy(block: Block, wanted: list, settings: MeasureSettings) -> dict[int, float]:
    """Return the mean horizontal amplitude of every window, by ObsPy's high-pass and simulation."""
    from obspy import Trace

    w0, h = 2 * np.pi / settings.wood_anderson_period_s, settings.wood_anderson_damping
    poles = [w0 * (-h + sign * 1j * np.sqrt(1 - h * h)) for sign in (1, -1)]
    paz = {"poles": poles, "zeros": [0j], "gain": 1.0, "sensitivity": settings.wood_anderson_gain}
    out = {}
    for window in wanted:
        a, b, c = (block.index(t) for t in (window.load_ns, window.end_ns, window.begin_ns))
        swings = []
        for row in (1, 2):
            trace = Trace(block.data[row, a:b + 1].copy(), {"sampling_rate": RATE})
            trace.detrend("demean").filter("highpass", freq=settings.highpass_hz, corners=2)
            trace.simulate(paz_simulate=paz, taper=False, zero_mean=False, pitsasim=False)
            swings.append(np.abs(trace.data[c - a:]).max())
        out[window.event_id] = 10 ** np.log10(swings).mean()
    return out


def main() -> None:
    records = Records("bench-measure")
    scenario = build(read_scenario("demo"))
    index = 5
    block = station_block(scenario, index)
    seen = record(scenario, index, *scenario.span_ns)["truth_arrivals"]
    arrivals = ARRIVALS.conform(seen.assign(pick_id=pick_ids(seen["station_id"], seen["phase"], seen["time"])))
    settings = MeasureSettings(min_snr=0.0)
    origins = judged(scenario, seen)
    wanted = [w for w in windows(origins, arrivals, settings) if not w.overlapped]
    wood_anderson(lambda *_: [block], origins, arrivals, settings)
    seconds = {}
    for _ in range(3):
        clock = time.perf_counter()
        amplitudes, _ = wood_anderson(lambda *_: [block], origins, arrivals, settings)
        seconds.setdefault("ours", []).append(time.perf_counter() - clock)
        clock = time.perf_counter()
        theirs = with_obspy(block, wanted, settings)
        seconds.setdefault("obspy", []).append(time.perf_counter() - clock)
    clear = amplitudes[amplitudes["snr"] >= 5].set_index("event_id")["amplitude_m"]
    ratio = (clear / pd.Series(theirs)).dropna()
    note = f"n = {len(ratio)}, signal-to-noise ratio of 5 or more"
    records.add("amplitudes over ObsPy's, median", float(ratio.median()), "-", DATA, note=note)
    same = float(((ratio - 1).abs() <= 0.05).mean())
    records.add("amplitudes within 5% of ObsPy's", same, "share", DATA, (">=", 0.9), note)
    speed = len(amplitudes) / min(seconds["ours"]), len(theirs) / min(seconds["obspy"])
    records.add("Wood-Anderson amplitudes per second, ours", speed[0], "1/s", DATA)
    records.add("Wood-Anderson amplitudes per second, ObsPy", speed[1], "1/s", DATA)
    records.add("times as fast as ObsPy", speed[0] / speed[1], "-", DATA)
    records.write()


if __name__ == "__main__":
    main()
