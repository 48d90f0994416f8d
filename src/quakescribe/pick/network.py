"""Picking with a network on one station: curves of probability, onsets, pairs, what is measured on them, tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.kernels.peaks import find_peaks, measure_onsets, measure_pairs, pair_up
from quakescribe.pick.curves import SECOND, Curves, Grid, curves, grid_of, ratio
from quakescribe.pick.names import display_name
from quakescribe.pick.pal import windows
from quakescribe.pick.uncertainty import P, S, of_network
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS, SKIPS, pick_ids, store
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.prepare import bandpass

if TYPE_CHECKING:
    from quakescribe.nets.pickers import Picker

STAGE = "pick"
REACH_S = 30  # of what is measured on an onset
DETAILS = {
    "no-vertical": "no vertical component; a P is measured on it",
    "sampling-rate-too-low": "the pass band lies above 90% of the Nyquist frequency",
    "sampling-rate-odd": "the network's sampling rate is no simple fraction of the recording's",
    "gap": "an onset that rests on masked samples; dropped",
    "no-horizontal": "an S without a recorded horizontal; dropped",
    "no-amplitude-gap": "a gap in the amplitude window; pair kept without amplitude",
    "no-amplitude-clipped": "clipped samples in the amplitude window; pair kept without amplitude",
    "no-amplitude-gain": "no gain; pair kept without amplitude",
}


@dataclass(frozen=True)
class Onsets:
    """Onsets of one phase in a block: where (fractional samples), when (ns), how probable, and what was measured.

    ``rows`` (n, 2) and ``measures`` (n, 2) are those of :func:`quakescribe.kernels.peaks.measure_onsets`.
    """

    index: NDArray[np.float64]
    time: NDArray[np.int64]
    probability: NDArray[np.float64]
    rows: NDArray[np.int64]
    measures: NDArray[np.float64]

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Onsets:
        """Return some of them."""
        return Onsets(self.index[keep], self.time[keep], self.probability[keep], self.rows[keep], self.measures[keep])

    def __len__(self) -> int:
        return len(self.index)


def pick_span(load: Callable[[int, int], list[Block]], start_ns: int, end_ns: int,
              settings: PickSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pick one station over [start_ns, end_ns) with a network; see :func:`quakescribe.pick.unit.pick_unit`."""
    import torch

    from quakescribe.nets.pickers import open_picker

    network = settings.network
    before = torch.get_num_threads()
    torch.set_num_threads(network.threads)
    try:
        picker = open_picker(settings.picker, network.weights, settings.network.window_samples, network.device)
        grid = grid_of(picker, network.batch, network.overlap)
        margin = int((2 * network.max_sp_s + REACH_S) * SECOND)
        batches = grid.batches(start_ns - margin, end_ns + margin)
        found = [_pick_block(block, picker, grid, batches, (start_ns, end_ns), settings)
                 for block in load(*grid.reach_ns(batches))]
    finally:
        torch.set_num_threads(before)
    return (store.concat([picks for picks, _ in found], PICKS), store.concat([skips for _, skips in found], SKIPS))


def _pick_block(block: Block, picker: Picker, grid: Grid, batches: range, own: tuple[int, int],
                settings: PickSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    band = (settings.band_low_hz, settings.band_high_hz)
    wanted = picker.form.band
    for reason, fails in (
            ("no-vertical", "Z" not in block.present),
            ("sampling-rate-too-low", max(band[0], (wanted or band)[0]) >= 0.45 * block.sampling_rate),
            ("sampling-rate-odd", ratio(block.sampling_rate, grid.rate) is None)):
        if fails:
            return PICKS.empty(), _skips(block, {reason: 1}, own)
    filtered = bandpass(block, *band)
    seen = block if wanted is None else filtered if wanted == band else bandpass(block, *wanted)
    network = settings.network
    found = curves(seen, picker, grid, batches, settings.horizontals == "replace",
                   (picker.form.stack if network.stack == "own" else network.stack) == "max")
    counts: dict[str, int] = {}
    p, s = (_onsets(found, k, block, filtered, picker, settings, own, counts) for k in (0, 1))
    partner = pair_up(p.time, s.time, round(network.min_sp_s * SECOND), round(network.max_sp_s * SECOND))
    return _tables(block, filtered, p, s, partner, own, settings, counts)


def _onsets(found: Curves, k: int, block: Block, filtered: Block, picker: Picker, settings: PickSettings,
            own: tuple[int, int], counts: dict[str, int]) -> Onsets:
    """Return the onsets of P (k = 0) or S (1) that rest on valid samples."""
    network = settings.network
    whole, part, height = find_peaks(found.values[k], np.float32((network.p_threshold, network.s_threshold)[k]),
                                     round(network.separation_s * found.rate), picker.form.onset == "middle")
    ns = _grid_ns(found.first + whole, found.rate) + np.round(part / found.rate * SECOND).astype(np.int64)
    index = np.array([_index(block, int(one)) for one in ns])
    before = index.copy()
    rate = block.sampling_rate if network.onset == "refined" else 0.0
    rows, measures = measure_onsets(
        block.data, block.mask, filtered.data, filtered.mask, index, k == 1, round(network.refine_before_s * rate),
        round(network.refine_after_s * rate), settings.network.refine_snr, block.sampling_rate,
        windows(settings, block.sampling_rate))
    moved = np.round((index - before) / block.sampling_rate * SECOND).astype(np.int64)
    nearest = np.clip(np.round(index), 0, block.n - 1).astype(np.int64)
    out = Onsets(index, ns + moved + block.offset_ns[nearest], height, rows, measures)
    clear = rows[:, 0] >= 0
    reason = "no-horizontal" if k == 1 and block.present == "Z" else "gap"
    counts[reason] = counts.get(reason, 0) + int((_inside(out, own) & ~clear).sum())
    return _apart(out.where(clear), round(0.5 * network.separation_s * SECOND))


def _apart(onsets: Onsets, near_ns: int) -> Onsets:
    """Return the onsets in order of time, without those that a more probable one lies near to.

    Refining can bring two neighbours together. Of equally probable ones the first stays.
    """
    order = np.lexsort((-onsets.probability, onsets.time))
    onsets = onsets.where(order)
    keep = np.ones(len(onsets), dtype=bool)
    for step in range(1, 4):  # at most so many of those that were separation_s apart can come so near
        close = onsets.time[step:] - onsets.time[:-step] < near_ns
        stronger = onsets.probability[step:] > onsets.probability[:-step]
        keep[:-step] &= ~(close & stronger)
        keep[step:] &= ~(close & ~stronger)
    return onsets.where(keep)


def _grid_ns(index: NDArray[np.int64], rate: float) -> NDArray[np.int64]:
    """Return the time of whole samples counted from 1970 (ns)."""
    seconds, rest = np.divmod(index, rate)
    return seconds.astype(np.int64) * SECOND + np.round(rest / rate * SECOND).astype(np.int64)


def _index(block: Block, time_ns: int) -> float:
    """Return the fractional index of a time on the block's grid."""
    nearest = block.index(time_ns)
    whole, part = divmod(block.first + nearest, block.sampling_rate)
    rest = time_ns - (int(whole) * SECOND + round(part / block.sampling_rate * SECOND))
    return nearest + rest * 1e-9 * block.sampling_rate


def _inside(onsets: Onsets, own: tuple[int, int]) -> NDArray[np.bool_]:
    return (onsets.time >= own[0]) & (onsets.time < own[1])


def _tables(block: Block, filtered: Block, p: Onsets, s: Onsets, partner: NDArray[np.int64], own: tuple[int, int],
            settings: PickSettings, counts: dict[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the picks and skips that the span owns: pairs by their P, unpaired onsets by themselves."""
    alone_s = np.ones(len(s), dtype=bool)
    alone_s[partner[partner >= 0]] = False
    inside = _inside(p, own)
    pairs = np.flatnonzero(inside & (partner >= 0))
    alone_p = np.flatnonzero(inside & (partner < 0))
    p = p.where(np.concatenate([pairs, alone_p]))
    s = s.where(np.concatenate([partner[pairs], np.flatnonzero(_inside(s, own) & alone_s)]))
    n = len(pairs)
    amplitude = _amplitudes(block, filtered, p.where(np.arange(n)), s.where(np.arange(n)), settings, counts)
    station = pd.Series(np.full(len(p) + len(s), block.station_id, dtype=object))
    phase = pd.Series(["P"] * len(p) + ["S"] * len(s), dtype=object)
    time = pd.Series(pd.to_datetime(np.concatenate([p.time, s.time]), utc=True))
    ids = pick_ids(station, phase, time)
    picks = PICKS.make({
        "pick_id": ids, "station_id": station, "phase": phase, "time": time,
        "probability": np.minimum(np.concatenate([p.probability, s.probability]), 1.0),
        "snr": np.concatenate([_finite(p.measures[:, 0]), _finite(s.measures[:, 0])]),
        "amplitude_m": np.concatenate([_lengthened(amplitude, len(p), np.nan), _lengthened(amplitude, len(s), np.nan)]),
        "uncertainty_s": np.concatenate([of_network(p.measures[:, 1], P),
                                         of_network(s.measures[:, 1], S)]),
        "pair_id": np.concatenate([_lengthened(ids[:n], len(p), 0), _lengthened(ids[:n], len(s), 0)]),
        "picker": np.full(len(station), display_name(settings.picker), dtype=object),
    })
    return picks, _skips(block, counts, own)


def _lengthened(values: NDArray[Any], length: int, filler: float) -> NDArray[Any]:
    """Return the values of the pairs, and the filler for the unpaired onsets that follow them."""
    return np.concatenate([values, np.full(length - len(values), filler, dtype=values.dtype)])


def _finite(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(x), x, np.nan)


def _amplitudes(block: Block, filtered: Block, p: Onsets, s: Onsets, settings: PickSettings,
                counts: dict[str, int]) -> NDArray[np.float64]:
    """Return the displacement (m) of every pair, NaN with its reason counted where there is none."""
    if filtered.unit != "m/s":
        counts["no-amplitude-gain"] = len(p)
        return np.full(len(p), np.nan)
    w = windows(settings, block.sampling_rate)
    out = measure_pairs(filtered.data, filtered.mask, s.rows, p.index, s.index, w.amplitude_before, w.amplitude_after,
                        block.sampling_rate)
    counts["no-amplitude-gap"] = int(np.isnan(out).sum())
    for i in np.flatnonzero(np.isfinite(out)):
        window = slice(int(p.index[i]) - w.amplitude_before, int(s.index[i]) + w.amplitude_after)
        if (np.abs(block.data[:, window]).max(axis=1) >= block.clip).any():
            out[i] = np.nan
            counts["no-amplitude-clipped"] = counts.get("no-amplitude-clipped", 0) + 1
    return out


def _skips(block: Block, counts: dict[str, int], own: tuple[int, int]) -> pd.DataFrame:
    counts = {reason: count for reason, count in sorted(counts.items()) if count}
    if not counts:
        return SKIPS.empty()
    n = len(counts)
    return SKIPS.make({
        "stage": [STAGE] * n, "station_id": [block.station_id] * n, "reason": list(counts),
        "detail": [DETAILS[reason] for reason in counts], "start": pd.to_datetime([own[0]] * n, utc=True),
        "end": pd.to_datetime([own[1]] * n, utc=True), "count": list(counts.values())})
