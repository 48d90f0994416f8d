"""The PAL picker on one station: band-pass, triggers, pairs, quality, tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.kernels import onset
from quakescribe.kernels.characteristic import excursions
from quakescribe.kernels.onset_time import refine
from quakescribe.kernels.phase_check import mend_phases
from quakescribe.pick.found import Found, join, tables
from quakescribe.settings.pick import PickSettings
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.prepare import bandpass

SECOND = 1_000_000_000
FIRST_MARGIN_S = 120


def pick_span(load: Callable[[int, int], list[Block]], start_ns: int, end_ns: int,
              settings: PickSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pick one station over [start_ns, end_ns); see :func:`quakescribe.pick.unit.pick_unit`.

    A trigger silences the picker until some seconds after its S, so what is found depends on what was found before.
    The chain is therefore entered at a quiet stretch before the span, longer than any trigger can silence the picker:
    from there on every chain is the same, wherever it began. Without such a stretch in the margin, more is loaded.
    """
    begin_ns, stop_ns = start_ns - FIRST_MARGIN_S * SECOND, end_ns + int(_reach_after_s(settings) * SECOND)
    found: list[Found] = []
    for block in load(begin_ns, stop_ns):
        mine = _pick_block(block, begin_ns, start_ns, settings)
        if mine is None:
            mine = _from_further_back(load, block, start_ns, stop_ns, settings)
        found.append(mine)
    return tables(join(found), start_ns, end_ns, settings)


def _from_further_back(load: Callable[[int, int], list[Block]], like: Block, start_ns: int, stop_ns: int,
                       settings: PickSettings) -> Found:
    """Pick a block again with ever more of what came before it, until the chain can be entered or the data begin."""
    margin_s = 2 * FIRST_MARGIN_S
    while start_ns > margin_s * SECOND:
        begin_ns = start_ns - margin_s * SECOND
        for block in load(begin_ns, stop_ns):
            if _same_instrument(block, like):
                mine = _pick_block(block, begin_ns, start_ns, settings)
                if mine is not None:
                    return mine
        margin_s *= 2
    return Found.nothing(like, "no-quiet-start")


def _same_instrument(a: Block, b: Block) -> bool:
    return a.sampling_rate == b.sampling_rate and a.unit == b.unit and a.first + a.n == b.first + b.n


def windows(settings: PickSettings, sampling_rate: float) -> onset.Windows:
    """Return the windows of the settings in samples, each at least one."""
    def n(seconds: float) -> int:
        return max(1, round(seconds * sampling_rate))

    s = settings
    return onset.Windows(
        refractory=n(s.refractory_s), p_sta=n(s.p_sta_s), p_lta=n(s.p_lta_s), p_before=n(s.p_before_s),
        p_after=n(s.p_after_s), s_window=n(s.s_window_s), s_sta=n(s.s_sta_s), s_lta=n(s.s_lta_s),
        kurtosis_long=n(s.kurtosis_long_s), kurtosis_short=n(s.kurtosis_short_s),
        polarisation=n(s.polarisation_window_s), polarisation_range=n(s.polarisation_range_s),
        frequency=n(s.frequency_window_s), amplitude_before=n(s.amplitude_before_s),
        amplitude_after=n(s.amplitude_after_s), back_from_window_end=s.s_back_from == "window-end",
        replace_horizontal=s.horizontals == "replace", h_over_z_max=s.h_over_z_max, s_over_p_min=s.s_over_p_min,
        p_again_ratio=s.p_again_ratio, refine_before=n(s.refine_before_s),
        refine_after=n(s.refine_after_s), refine_lead=n(2.0 / s.refine_low_hz),
        refine_low_hz=min(s.refine_low_hz, 0.25 * sampling_rate))


def _pick_block(block: Block, begin_ns: int, start_ns: int, settings: PickSettings) -> Found | None:
    """Follow the chain of triggers through a block; None if it cannot be entered before the span begins.

    The block was asked for from ``begin_ns`` on; where it begins later nothing was recorded, which is quiet, too.
    """
    rate = block.sampling_rate
    if "Z" not in block.present:
        return Found.nothing(block, "no-vertical")
    if settings.band_low_hz >= 0.9 * min(settings.band_high_hz / 0.9, 0.5 * rate):
        return Found.nothing(block, "sampling-rate-too-low")
    filtered = bandpass(block, settings.band_low_hz, settings.band_high_hz)
    spans = _excursions(filtered, settings)
    w = windows(settings, rate)
    again = w.s_window + 2 * w.p_lta if settings.phase_test else 0
    resume = _entry(spans, block.index(begin_ns) + round(_reach_before_s(settings) * rate) + 2,
                    block.index(start_ns) - w.p_after - w.refine_after - 2,
                    w.p_after + w.s_window + w.refractory + 2 + again)
    if resume is None:
        return None
    pairs, measures, _ = onset.pick_triggers(filtered.data, filtered.mask, spans, resume, rate, w)
    if settings.phase_test:
        mend_phases(filtered.data, filtered.mask, rate, w, pairs, measures)
    onsets = pairs[:, 1:3].astype(np.float64)
    if settings.onset == "refined":
        refine(block.data, block.mask, filtered.data, filtered.mask, pairs, rate, w, onsets, measures)
    return Found.of(block, filtered, pairs, onsets, measures, w)


def _excursions(block: Block, settings: PickSettings) -> NDArray[np.int64]:
    """Return the stretches over the trigger threshold, as indices into the block; none touches a masked sample."""
    n_sta, n_lta = (max(1, round(s * block.sampling_rate)) for s in (settings.trigger_sta_s, settings.trigger_lta_s))
    mask = block.mask[0]
    edges = np.concatenate([[0], np.flatnonzero(mask[1:] != mask[:-1]) + 1, [block.n]])
    spans = [np.empty((0, 2), dtype=np.int64)]
    first = int(mask[0])
    for begin, end in zip(edges[first::2], edges[first + 1::2], strict=False):
        if end - begin > n_sta + n_lta:
            spans.append(begin + excursions(block.data[0, begin:end], block.first + begin, n_sta, n_lta,
                                            settings.trigger_threshold))
    return np.concatenate(spans)


def _entry(spans: NDArray[np.int64], begin: int, last: int, quiet: int) -> int | None:
    """Return the end of the first quiet stretch of that length in [begin, last]; None if there is none."""
    free = begin
    for above, below in spans:
        if above - free >= quiet or free + quiet > last:
            break
        free = max(free, int(below))
    return free + quiet if free + quiet <= last else None


def _reach_before_s(s: PickSettings) -> float:
    """Return how far before a trigger the picker looks."""
    again_s = s.s_window_s + 2 * s.p_lta_s if s.phase_test else 0.0
    return again_s + max(s.trigger_lta_s, s.p_before_s + s.p_lta_s
                         + max(s.kurtosis_long_s, s.kurtosis_short_s, s.s_lta_s, s.p_lta_s, s.amplitude_before_s,
                               s.refine_before_s + 2.0 / s.refine_low_hz))


def _reach_after_s(s: PickSettings) -> float:
    """Return how far after the end of a span the picker looks for the pairs of the span, generously."""
    again_s = s.s_window_s if s.phase_test else 0.0
    after_s = again_s + max(0.5 * s.s_window_s, 3 * s.polarisation_window_s, s.s_sta_s, s.amplitude_after_s)
    return (s.p_before_s + s.p_lta_s + s.p_after_s + s.p_sta_s + s.trigger_sta_s + s.s_window_s + after_s
            + s.polarisation_window_s + s.polarisation_range_s + s.frequency_window_s + s.refine_before_s
            + s.refine_after_s + 2.0)
