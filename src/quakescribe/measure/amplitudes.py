"""Wood-Anderson amplitudes of located events from raw ground motion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.measure.response import DERIVATIVES, record
from quakescribe.measure.windows import Window, windows
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables import AMPLITUDES, SKIPS
from quakescribe.waveforms.block import Block

LOAD_S = 1800  # recordings are loaded in stretches of about this length
FLAT_TOP = 4  # so many equal samples at the largest value are a clipped record
Load = Callable[[str, int, int], list[Block]]

_WHY = {
    "no-data": "no recording of the station covers the window",
    "no-gain": "the recording is in counts: the station's gain is not known",
    "no-horizontal": "the station has no horizontal component",
    "gap": "the window has masked samples",
    "clipped": "a sample reaches the digitiser's end, or the record is flat-topped",
    "low-snr": "on no horizontal does the amplitude reach min_snr times the largest noise amplitude; at most a limit",
    "overlap": "an onset of another event lies in the window before S + 1 s",
}


@dataclass(frozen=True)
class _Amplitude:
    event_id: int
    station_id: str
    amplitude_m: float
    snr: float
    n_components: int
    time_ns: int
    limit: bool


def wood_anderson(load: Load, origins: pd.DataFrame, arrivals: pd.DataFrame, settings: MeasureSettings,
                  remove: Callable[[Block], Block] | None = None, wanted: Iterable[int] | None = None,
                  expected: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure the largest swing of a Wood-Anderson seismometer at every station with an arrival of an event.

    Parameters
    ----------
    load
        ``load(station_id, start_ns, end_ns)`` returns raw blocks; m, m/s or m/s**2, or counts where no gain is known.
    origins
        The events to measure and their neighbours in time: the onsets of a neighbour end the windows of the others,
        and an onset that was not observed is predicted from its event's origin.
    arrivals
        Their arrivals. Arrivals of events without an origin may be among them; windows end where these begin.
    remove
        Takes the instrument's full response out of a block cut to the window; without it the gain is all that counts.
    wanted
        The event_ids to measure; without it all of `origins`.
    expected
        Where else, at stations without an arrival of theirs, events of `origins` would be seen if they were large
        enough: event_id, station_id, p_ns, s_ns. With ``settings.limits`` the largest swing there is a limit of the
        event's amplitude, and so is one that does not stand out at a station with an arrival.

    Returns
    -------
    tuple
        AMPLITUDES and SKIPS. An amplitude depends on the samples of its window, the noise window and 5 s before it.
    """
    rows: list[_Amplitude] = []
    skipped: dict[tuple[str, str], list[Window]] = {}
    todo = windows(origins, arrivals, settings, wanted, expected if settings.limits else None)
    for batch in _batches(todo):
        blocks = load(batch[0].station_id, min(w.load_ns for w in batch), max(w.end_ns for w in batch) + 1_000_000_000)
        for window in batch:
            result = _measure(window, blocks, settings, remove)
            reason = result if isinstance(result, str) else "low-snr" if result.limit else ""
            if reason and window.picked:
                skipped.setdefault((window.station_id, reason), []).append(window)
            if not isinstance(result, str) and (settings.limits or not result.limit):
                rows.append(result)
    frame = pd.DataFrame([vars(row) for row in rows]) if rows else None
    if frame is None:
        return AMPLITUDES.empty(), _skips(skipped)
    frame["time"] = pd.to_datetime(frame.pop("time_ns"), utc=True)
    return AMPLITUDES.order(AMPLITUDES.conform(frame)), _skips(skipped)


def _batches(todo: list[Window]) -> list[list[Window]]:
    """Group the windows of a station that lie in the same stretch of time."""
    batches: list[list[Window]] = []
    for window in todo:
        last = batches[-1] if batches else None
        near = last is not None and window.end_ns - last[0].load_ns < LOAD_S * 1_000_000_000
        if last is not None and near and last[0].station_id == window.station_id:
            last.append(window)
        else:
            batches.append([window])
    return batches


def _measure(window: Window, blocks: list[Block], settings: MeasureSettings,
             remove: Callable[[Block], Block] | None) -> _Amplitude | str:
    """Return the amplitude from the first block that gives one, or the reason why the first could not."""
    if window.overlapped:
        return "overlap"
    first = "no-data"
    for block in blocks:
        result = _from_block(window, block, settings, remove)
        if not isinstance(result, str):
            return result
        first = result if first == "no-data" else first
    return first


def _from_block(window: Window, block: Block, settings: MeasureSettings,
                remove: Callable[[Block], Block] | None) -> _Amplitude | str:
    start, stop = block.index(window.load_ns), block.index(window.end_ns) + 1
    if start < 0 or stop > block.n or block.mask[:, start:stop].all():
        return "no-data"
    if block.unit not in DERIVATIVES:
        return "no-gain"
    rows = [c for c, name in enumerate("ZNE") if name != "Z" and name in block.present]
    if not rows:
        return "no-horizontal"
    if block.mask[rows, start:stop].any() or not np.isfinite(block.data[rows, start:stop]).all():
        return "gap"
    motion = block.data[rows, start:stop].astype(np.float64)
    if _clipped(motion, block.clip[rows]):
        return "clipped"
    cut = _cut(block, start, stop)
    if remove is not None:
        cut = remove(cut)
        motion = cut.data[rows].astype(np.float64)
    quiet, begin = (block.index(t) - start for t in (window.noise_ns, window.begin_ns))
    motion -= motion[:, :begin].mean(axis=1, keepdims=True)
    swing = np.abs(record(motion, block.sampling_rate, cut.unit, settings))
    noise, signal = swing[:, quiet:begin].max(axis=1), swing[:, begin:].max(axis=1)
    clear = (signal > 0) & (signal >= settings.min_snr * noise)
    limit = not window.picked or not clear.any()
    used = signal > 0 if limit else clear
    if not used.any():
        return "low-snr"
    signal, noise, swing = signal[used], noise[used], swing[used]
    snr = float((signal / np.maximum(noise, signal * 1e-9)).min())
    peak = int(np.argmax(swing[:, begin:].max(axis=0))) + begin
    if settings.subtract_noise and not limit:
        signal = np.sqrt(np.maximum(signal**2 - noise**2, (0.5 * signal) ** 2))
    amplitude = 10.0 ** np.log10(signal).mean() if settings.horizontal == "mean" else signal.max()
    return _Amplitude(window.event_id, window.station_id, float(amplitude), snr, len(signal),
                      block.time_ns(start + peak), limit)


def _cut(block: Block, start: int, stop: int) -> Block:
    """Return the block between two indices."""
    return Block(block.station_id, block.sampling_rate, block.first + start, block.data[:, start:stop],
                 block.mask[:, start:stop], block.offset_ns[start:stop], block.unit, block.present, block.clip)


def _clipped(motion: NDArray[np.float64], limit: NDArray[np.float64]) -> bool:
    """Return whether a component reaches its limit, or stays at its largest or smallest value for several samples."""
    if np.any(np.abs(motion) >= limit[:, None]):
        return True
    for row in motion:
        for extreme in (row.max(), row.min()):
            at = row == extreme
            run = np.convolve(at, np.ones(FLAT_TOP), "valid").max(initial=0.0)
            if run >= FLAT_TOP and len(np.unique(row)) > 10 * FLAT_TOP:
                return True
    return False


def _skips(skipped: dict[tuple[str, str], list[Window]]) -> pd.DataFrame:
    if not skipped:
        return SKIPS.empty()
    rows = [{"stage": "measure", "station_id": station_id, "source": None, "reason": reason, "detail": _WHY[reason],
             "start": min(w.begin_ns for w in which), "end": max(w.end_ns for w in which), "count": len(which)}
            for (station_id, reason), which in sorted(skipped.items())]
    frame = pd.DataFrame(rows)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return SKIPS.order(SKIPS.conform(frame))
