"""The PAL picker on one stretch of one station: from triggers to measured P-S pairs."""

from typing import NamedTuple

import numpy as np

from quakescribe.kernels.characteristic import sliding_kurtosis, sta_lta, turn
from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.onset_quality import measure
from quakescribe.kernels.polarisation import damping

PAIR = 0             # P and S
NO_HORIZONTAL = 1    # P only: no live horizontal
GAP_AFTER_P = 2      # P only: a masked sample in the windows of the S
GAP_AT_P = 3         # nothing: a masked sample in the windows of the P


class Windows(NamedTuple):
    """Lengths in samples, choices, and bounds; see the settings of the stage ``pick``."""

    refractory: int
    p_sta: int
    p_lta: int
    p_before: int
    p_after: int
    s_window: int
    s_sta: int
    s_lta: int
    kurtosis_long: int
    kurtosis_short: int
    polarisation: int
    polarisation_range: int
    frequency: int
    amplitude_before: int
    amplitude_after: int
    back_from_window_end: bool
    replace_horizontal: bool
    h_over_z_max: float
    s_over_p_min: float
    p_again_ratio: float
    refine_before: int
    refine_after: int
    refine_lead: int
    refine_low_hz: float


@kernel
def find_p(energy, w):
    """Return the P in the energy of the vertical round a trigger.

    Parameters
    ----------
    energy
        Shape (m,), float64: squared samples from p_before + p_lta before the trigger to p_after + p_sta after it.
        Not changed.
    w
        Windows.

    Returns
    -------
    int
        Index into energy: the largest STA/LTA, walked back to the second turn of the energy.

    Notes
    -----
    O(m). Source: the PAL picker.
    """
    peak = int(np.argmax(sta_lta(energy, w.p_sta, w.p_lta)))
    return peak - turn(energy, peak - 1, -1, peak, 2)


@kernel
def find_s(data, p, w):
    """Return the S after a P, walked back and as first placed.

    Parameters
    ----------
    data
        Shape (3, m), float64: Z, N, E, from at least kurtosis_long (and s_lta) before the P to s_window + s_sta + 1
        (and polarisation + polarisation_range) after it. Not changed.
    p
        Index of the P.
    w
        Windows.

    Returns
    -------
    (int, int)
        Index of the S walked back to the second turn of the energy, which may lie before the P, and before that.

    Notes
    -----
    The horizontal amplitude, damped along the direction of the P, has its largest value `peak` samples after the P;
    the S is sought in [p + peak // 2, p + peak]. Earliest: the largest STA/LTA. Latest: where the long kurtosis
    begins to rise to its largest value. If the earliest comes first, the largest short kurtosis between them is the
    S, else the earliest is. O(s_window). Source: the PAL picker.
    """
    h = np.empty(data.shape[1])
    for i in range(data.shape[1]):
        h[i] = data[1, i] * data[1, i] + data[2, i] * data[2, i]
    factor = damping(data[:, p:], w.polarisation, w.polarisation_range)
    largest = -1.0
    peak = 0
    for i in range(w.s_window):
        value = np.sqrt(h[p + i])
        if i < w.polarisation_range:
            value *= factor[i]
        if value > largest:
            largest = value
            peak = i
    peak = max(peak + 1, w.polarisation + 1)
    base = p + peak // 2
    last = p + peak

    rise = sliding_kurtosis(h[base - w.kurtosis_long:last], w.kurtosis_long)
    late = int(np.argmax(rise))
    late -= turn(rise, late, -1, late + 1, 1)
    ratio = sta_lta(h[base - w.s_lta:last + w.s_sta], w.s_sta, w.s_lta)
    early = int(np.argmax(ratio[w.s_lta:]))
    if early >= late:
        s = base + early
        return s - turn(h, s - 1, -1, early + w.s_lta, 2), s

    begin = base + early - w.kurtosis_short
    best = int(np.argmax(sliding_kurtosis(h[begin:base + late], w.kurtosis_short)))
    if best == 0:
        best = late - early
    s = base + early + best
    end = base + late if w.back_from_window_end else s
    return s - turn(h, end - 1, -1, end - begin, 2), s


@kernel
def clear(mask, channel, begin, end):
    """Return whether [begin, end) lies within the data and holds no masked sample."""
    if begin < 0 or end > mask.shape[1]:
        return False
    return not np.any(mask[channel, begin:end])


@kernel
def _moves(data, mask, channel, begin, end):
    """Return whether the channel has a valid sample and is not constant over its valid samples in [begin, end)."""
    low, high = np.inf, -np.inf
    for i in range(max(begin, 0), min(end, data.shape[1])):
        if not mask[channel, i]:
            low = min(low, data[channel, i])
            high = max(high, data[channel, i])
    return high > low


@kernel
def _horizontals(data, mask, begin, end, replace):
    """Return the channels to use as the two horizontals; (0, 0) if there are none."""
    north = _moves(data, mask, 1, begin, end)
    east = _moves(data, mask, 2, begin, end)
    if north and east:
        return 1, 2
    if not replace or not (north or east):
        return 0, 0
    return (1, 1) if north else (2, 2)


@kernel
def pick_triggers(data, mask, spans, resume, sampling_rate, w):
    """Follow the triggers through a stretch and return what each one gave.

    Parameters
    ----------
    data
        Shape (3, m), float32 or float64: filtered Z, N, E. Not changed.
    mask
        Shape (3, m), bool: True where a sample is not valid. Not changed.
    spans
        Shape (k, 2), int64: stretches over the trigger threshold (:func:`excursions`), ascending.
    resume
        No trigger before this index.
    sampling_rate
        Hz.
    w
        Windows.

    Returns
    -------
    (ndarray, ndarray, int)
        Shape (n, 7), int64: trigger, P, S, S as walked back even past the P (-1 = none), one of PAIR, NO_HORIZONTAL,
        GAP_AFTER_P, GAP_AT_P, and the rows of the horizontals (0 = none). Shape (n, 11), float64: see
        :func:`measure`. The index from which a later stretch may trigger.

    Notes
    -----
    The next trigger is the first sample over the threshold later than `refractory` after the last of trigger, P and
    S. Every window is copied to float64 before use, so the result does not depend on where data begins.
    O(m / refractory) triggers, O(s_window) each. Source: the PAL picker.
    """
    found = np.empty((64, 7), dtype=np.int64)
    measures = np.empty((64, 11))
    n = 0
    k = 0
    while k < spans.shape[0]:
        trigger = max(spans[k, 0], resume)
        if trigger >= spans[k, 1]:
            k += 1
            continue
        if n == found.shape[0]:
            found = np.concatenate((found, np.empty_like(found)))
            measures = np.concatenate((measures, np.empty_like(measures)))
        _pick_one(data, mask, trigger, sampling_rate, w, found[n], measures[n])
        resume = max(trigger, found[n, 1], found[n, 2]) + w.refractory + 1
        n += 1
    return found[:n].copy(), measures[:n].copy(), resume


@kernel
def _pick_one(data, mask, trigger, sampling_rate, w, found, measures):
    found[0] = trigger
    found[1:4] = -1
    found[4] = GAP_AT_P
    found[5:] = 0
    measures[:] = np.nan
    begin, end = trigger - w.p_before - w.p_lta, trigger + w.p_after + w.p_sta
    if not clear(mask, 0, begin, end):
        return
    energy = np.empty(end - begin)
    for i in range(begin, end):
        v = np.float64(data[0, i])
        energy[i - begin] = v * v
    p = begin + find_p(energy, w)
    if not clear(mask, 0, p - w.p_lta, p + max(w.frequency, 3 * w.polarisation, w.p_sta) + 2):
        return
    found[1] = p

    begin = p - max(w.kurtosis_long, w.kurtosis_short, w.s_lta, w.p_lta)
    end = p + max(w.s_window + w.s_sta, w.polarisation + w.polarisation_range) + 2
    north, east = _horizontals(data, mask, begin, end, w.replace_horizontal)
    found[5], found[6] = north, east
    s, raw = -1, -1
    if north == 0:
        found[4] = NO_HORIZONTAL
    elif clear(mask, 0, begin, end) and clear(mask, north, begin, end) and clear(mask, east, begin, end):
        local = np.empty((3, end - begin))
        local[0] = data[0, begin:end]
        local[1] = data[north, begin:end]
        local[2] = data[east, begin:end]
        s, raw = find_s(local, p - begin, w)
        s += begin
        raw += begin
        found[4] = PAIR
    else:
        found[4] = GAP_AFTER_P
    if s >= 0:
        onset = s if s > p else raw
        last = max(onset + max((onset - p) // 2 + 1, 3 * w.polarisation, w.s_sta), p + w.frequency) + 2
        if clear(mask, 0, p, last) and clear(mask, north, p, last) and clear(mask, east, p, last):
            found[2] = onset
            found[3] = s
        else:
            found[4] = GAP_AFTER_P
    measure(data, mask, (0, north, east), p, found[2], sampling_rate, w, measures)
