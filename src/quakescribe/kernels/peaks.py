"""Curves of probability to onsets, onsets to pairs, and what is measured on each."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.onset import clear
from quakescribe.kernels.onset_quality import contrast, displacement
from quakescribe.kernels.onset_time import place


@kernel
def find_peaks(curve, threshold, separation, middle):
    """Return where a curve has its peaks.

    Parameters
    ----------
    curve
        Shape (n,), float32, probabilities. Not changed.
    threshold
        A peak is at least this high.
    separation
        A peak is the largest value within so many samples on both sides; of equal ones the first.
    middle
        Give the middle of the stretch above half of the peak, within `separation`, instead of the peak's top.

    Returns
    -------
    (array, array, array)
        Whole samples (int64), what is to be added to them (float64), and heights. The top is that of the parabola
        through the peak and its neighbours. Whole and part are apart so that no bit depends on where the curve begins.

    Notes
    -----
    What is found at a place depends on 2 separation samples round it, and on nothing else. O(n + peaks separation).
    """
    n = curve.shape[0]
    whole = np.empty(n // 2 + 1, dtype=np.int64)
    part = np.empty(n // 2 + 1)
    height = np.empty(n // 2 + 1)
    found = 0
    for i in range(1, n - 1):
        v = curve[i]
        if not v >= threshold or curve[i - 1] >= v or curve[i + 1] > v:
            continue
        largest = True
        for j in range(max(0, i - separation), min(n, i + separation + 1)):
            if curve[j] > v or (curve[j] == v and j < i):
                largest = False
                break
        if not largest:
            continue
        if middle:
            a, b = i, i
            while a > max(0, i - separation) and curve[a - 1] >= 0.5 * v:
                a -= 1
            while b < min(n - 1, i + separation) and curve[b + 1] >= 0.5 * v:
                b += 1
            whole[found] = (a + b) // 2
            part[found] = 0.5 * ((a + b) % 2)
        else:
            before, after = np.float64(curve[i - 1]), np.float64(curve[i + 1])
            bend = before - 2.0 * np.float64(v) + after
            whole[found] = i
            part[found] = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
        height[found] = v
        found += 1
    return whole[:found].copy(), part[:found].copy(), height[:found].copy()


@kernel
def pair_up(p, s, shortest, longest):
    """Return for every P the S that belongs to it, or -1.

    Parameters
    ----------
    p, s
        Times of the onsets, each ascending, any unit. Not changed.
    shortest, longest
        Limits of S - P, same unit.

    Returns
    -------
    array
        Shape (len(p),), int64: the first S between `shortest` and `longest` after the P, if no other P is as near as
        `shortest` before it or nearer to it than this one.

    Notes
    -----
    The one rule for all pickers that find P and S apart: P and S are each other's nearest. Depends on nothing further
    away than 2 `longest`. O(len(p) + len(s)).
    """
    out = np.full(p.shape[0], -1, dtype=np.int64)
    k = 0
    for i in range(p.shape[0]):
        while k < s.shape[0] and s[k] - p[i] < shortest:
            k += 1
        if k == s.shape[0]:
            break
        if s[k] - p[i] > longest:
            continue
        if i + 1 < p.shape[0] and s[k] - p[i + 1] >= shortest:
            continue
        out[i] = k
    return out


@kernel
def measure_onsets(raw, raw_mask, data, mask, onsets, is_s, before, after, least, sampling_rate, w):
    """Place onsets anew by Akaike's criterion where they stand out, and measure them.

    Parameters
    ----------
    raw, raw_mask
        Shape (3, m): unfiltered samples and where they are not valid. Not changed.
    data, mask
        Shape (3, m): the filtered band. Not changed.
    onsets
        Shape (n,), float64, samples. Changed in place where an onset is placed anew: half a sample before the first
        sample of the signal.
    is_s
        Whether they are S.
    before, after
        An onset is sought anew from so many samples before the network's to so many after it; 0 and 0 = never.
    least
        Ratio of amplitudes below which an onset stays where it is.
    sampling_rate
        Hz.
    w
        Windows.

    Returns
    -------
    (array, array)
        Rows (n, 2), int64: (0, 0) for a P, for an S the horizontals without a masked sample from s_lta before to s_sta
        after it, one twice if it is alone; (-1, -1) for an onset that rests on masked samples. And (n, 2), float64:
        ratio of amplitudes across the onset, and how sharply it was placed (s), NaN where it stayed.

    Notes
    -----
    See :func:`quakescribe.kernels.onset_time.place`. O(n).
    """
    n = onsets.shape[0]
    rows = np.full((n, 2), -1, dtype=np.int64)
    out = np.full((n, 2), np.nan)
    n_after, n_before = (w.s_sta, w.s_lta) if is_s else (w.p_sta, w.p_lta)
    for i in range(n):
        at = int(np.floor(onsets[i]))
        first, second = -1, -1
        for channel in (1, 2) if is_s else (0, 0):
            if clear(mask, channel, at - n_before, at + n_after + 1):
                first = channel if first < 0 else first
                second = channel
        if first < 0:
            continue
        rows[i, 0], rows[i, 1] = first, second
        out[i, 0] = contrast(data, first, second, at, n_after, n_before)
        k, spread = place(raw, raw_mask, (first, second), at, at - before, at + after, w, sampling_rate)
        begin, end = k - n_before, k + n_after + 1
        if k < 0 or not clear(mask, first, begin, end) or not clear(mask, second, begin, end):
            continue
        ratio = contrast(data, first, second, k, n_after, n_before)
        if ratio >= least:
            onsets[i] = k - 0.5
            out[i, 0] = ratio
            out[i, 1] = spread / sampling_rate
    return rows, out


@kernel
def measure_pairs(data, mask, rows, p, s, before, after, sampling_rate):
    """Return the largest displacement (m) from `before` samples before every P to `after` samples after its S.

    On the vertical and the two `rows` (n, 2) of every pair. NaN where the window leaves the data or holds a masked
    sample; see :func:`quakescribe.kernels.onset_quality.displacement`.
    """
    out = np.full(p.shape[0], np.nan)
    for i in range(p.shape[0]):
        out[i] = displacement(data, mask, (0, rows[i, 0], rows[i, 1]), int(np.floor(p[i])) - before,
                              int(np.floor(s[i])) + after, sampling_rate)
    return out
