"""What a picker found in a block, and the tables made of it: who owns it, what is dropped, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.kernels import onset, phase_check
from quakescribe.pick import uncertainty
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import PICKS, SKIPS, pick_ids, store
from quakescribe.waveforms.block import Block

STAGE = "pick"
DETAILS = {
    "no-vertical": "no vertical component; the picker triggers on the vertical",
    "sampling-rate-too-low": "the pass band lies above 90% of the Nyquist frequency",
    "no-quiet-start": "no quiet stretch before the span since 1970 to enter the chain of triggers at",
    "gap-at-p": "a gap in the windows that place the P; not picked",
    "gap-after-p": "a gap in the windows that place or test the S; P kept unpaired if the settings say so",
    "no-horizontal": "no live horizontal component; P kept unpaired if the settings say so",
    "s-before-p": "the S was walked back past its P; pair dropped",
    "p-is-s": "the P looks like an S and no P was found before it; pair dropped",
    "low-frequency": "dominant frequency of the P too low; dropped",
    "glitch": "nothing follows the largest swing of P or S; dropped",
    "p-coda-ratio": "first half of the P window too large against the second; pair dropped",
    "p-s-ratio": "P too large against S; pair dropped",
    "no-amplitude-gap": "a gap in the amplitude window; pair kept without amplitude",
    "no-amplitude-clipped": "clipped samples in the amplitude window; pair kept without amplitude",
    "no-amplitude-gain": "no gain; pair kept without amplitude",
}


@dataclass(frozen=True)
class Found:
    """Candidates of one station, in order of their triggers. Times in ns after 1970; -1 = none."""

    station_id: str
    whole: str
    owned_at: NDArray[np.int64]
    p: NDArray[np.int64]
    s: NDArray[np.int64]
    code: NDArray[np.int64]
    s_first: NDArray[np.bool_]
    measures: NDArray[np.float64]
    no_amplitude: NDArray[np.object_]

    @classmethod
    def nothing(cls, block: Block, reason: str) -> Found:
        """Return what is found in a block that cannot be picked at all."""
        none = np.empty(0, dtype=np.int64)
        return cls(block.station_id, reason, none, none, none, none, none.astype(bool), np.empty((0, 11)),
                   none.astype(object))

    @classmethod
    def of(cls, raw: Block, filtered: Block, pairs: NDArray[np.int64], onsets: NDArray[np.float64],
           measures: NDArray[np.float64], w: onset.Windows) -> Found:
        """Turn the indices of :func:`quakescribe.kernels.onset.pick_triggers` into times and look at the amplitudes.

        ``onsets`` (n, 2) are P and S in samples, where they are given out; the amplitudes keep the picker's windows.
        """
        trigger, p, s = (_times(raw, indices) for indices in (pairs[:, 0], onsets[:, 0], onsets[:, 1]))
        paired = pairs[:, 4] == onset.PAIR
        why = np.full(len(pairs), "", dtype=object)
        for i in np.flatnonzero(paired):
            window = slice(pairs[i, 1] - w.amplitude_before, pairs[i, 2] + w.amplitude_after)
            if filtered.unit != "m/s":
                why[i] = "no-amplitude-gain"
            elif not np.isfinite(measures[i, 6]):
                why[i] = "no-amplitude-gap"
            elif (np.abs(raw.data[:, window]).max(axis=1) >= raw.clip).any():
                why[i] = "no-amplitude-clipped"
        return cls(raw.station_id, "", np.where(p >= 0, p, trigger), p, s, pairs[:, 4],
                   paired & (pairs[:, 3] <= pairs[:, 1]), measures, why)


def _times(block: Block, indices: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the times of indices, whole or half a sample before a whole one (ns after 1970; -1 for a negative one)."""
    step_ns = 1e9 / block.sampling_rate
    return np.array([block.time_ns(math.ceil(i)) - round((math.ceil(i) - i) * step_ns) if i >= 0 else -1
                     for i in indices], dtype=np.int64)


def join(found: list[Found]) -> list[Found]:
    """Return what was found in the blocks of a station, in order of time."""
    return sorted(found, key=lambda f: (int(f.owned_at[0]) if len(f.owned_at) else -1, f.whole))


def tables(found: list[Found], start_ns: int, end_ns: int, settings: PickSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the picks and skips that [start_ns, end_ns) owns."""
    picks, skips = [PICKS.empty()], [SKIPS.empty()]
    for one in found:
        if one.whole:
            skips.append(_skips(one.station_id, np.array([one.whole]), start_ns, end_ns))
            continue
        mine = (one.owned_at >= start_ns) & (one.owned_at < end_ns)
        reason = _reason(one, settings)
        picks.append(_picks(one, mine, reason, settings))
        skips.append(_skips(one.station_id, reason[mine & (reason != "")], start_ns, end_ns))
        kept = mine & (reason == "") & (one.no_amplitude != "")
        skips.append(_skips(one.station_id, one.no_amplitude[kept], start_ns, end_ns))
    return store.concat(picks, PICKS), store.concat(skips, SKIPS)


def _reason(one: Found, s: PickSettings) -> NDArray[np.object_]:
    """Return why each candidate is not a full pair that passed every test; empty where it is one."""
    m = one.measures
    frequency, glitch, coda, p_s = m[:, 0], m[:, 1], m[:, 2], m[:, 3]
    with np.errstate(invalid="ignore"):
        tests = [
            ("gap-at-p", one.code == onset.GAP_AT_P),
            ("p-is-s", one.code == phase_check.P_IS_S),
            ("low-frequency", ~(frequency > s.frequency_min_hz)),
            ("glitch", s.amplitude_quality & ~(glitch < s.glitch_ratio_max)),
            ("gap-after-p", one.code == onset.GAP_AFTER_P),
            ("no-horizontal", one.code == onset.NO_HORIZONTAL),
            ("s-before-p", one.s_first & (s.s_before_p == "drop")),
            ("p-coda-ratio", s.amplitude_quality & ~(coda < s.p_coda_ratio_max)),
            ("p-s-ratio", s.amplitude_quality & ~(p_s < s.p_s_ratio_max)),
        ]
    reason = np.full(len(m), "", dtype=object)
    for word, fails in reversed(tests):
        reason[fails] = word
    return reason


def _picks(one: Found, mine: NDArray[np.bool_], reason: NDArray[np.object_], settings: PickSettings) -> pd.DataFrame:
    pairs = np.flatnonzero(mine & (reason == ""))
    alone = mine & np.isin(reason, ("gap-after-p", "no-horizontal")) & settings.unpaired_p
    p_rows = np.flatnonzero((mine & (reason == "")) | alone)
    m = one.measures
    station = pd.Series(np.full(len(p_rows) + len(pairs), one.station_id, dtype=object))
    phase = pd.Series(["P"] * len(p_rows) + ["S"] * len(pairs), dtype=object)
    time = pd.Series(pd.to_datetime(np.concatenate([one.p[p_rows], one.s[pairs]]), utc=True))
    amplitude = np.where(one.no_amplitude == "", m[:, 6], np.nan)
    ids = pick_ids(station, phase, time)
    p_ids = np.zeros(len(m), dtype=np.int64)
    p_ids[p_rows] = ids[:len(p_rows)]
    pair_id = np.where(reason == "", p_ids, 0)
    return PICKS.make({
        "pick_id": ids, "station_id": station, "phase": phase, "time": time,
        "snr": _finite(np.concatenate([m[p_rows, 4], m[pairs, 5]])),
        "amplitude_m": np.concatenate([np.where(reason == "", amplitude, np.nan)[p_rows], amplitude[pairs]]),
        "uncertainty_s": np.concatenate([
            uncertainty.uncertainty(m[p_rows, 4], m[p_rows, 7], m[p_rows, 9], uncertainty.P),
            uncertainty.uncertainty(m[pairs, 5], m[pairs, 8], m[pairs, 10], uncertainty.S)]),
        "pair_id": np.concatenate([pair_id[p_rows], pair_id[pairs]]),
        "picker": np.full(len(station), "pal", dtype=object),
    })


def _finite(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(x), x, np.nan)


def _skips(station_id: str, reasons: NDArray[np.object_], start_ns: int, end_ns: int) -> pd.DataFrame:
    words, counts = np.unique(reasons.astype(str), return_counts=True)
    if not len(words):
        return SKIPS.empty()
    n = len(words)
    return SKIPS.make({
        "stage": [STAGE] * n, "station_id": [station_id] * n, "reason": list(words),
        "detail": [DETAILS[w] for w in words], "start": pd.to_datetime([start_ns] * n, utc=True),
        "end": pd.to_datetime([end_ns] * n, utc=True), "count": counts})
