"""When exactly an onset begins: Akaike's criterion, round the picker's choice, on a trace that is high-passed only."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.onset import clear
from quakescribe.kernels.onset_quality import contrast

GUARD = 3            # samples that a stretch must have for its variance to count
SCALE = 5.0          # a split whose criterion is so much larger counts 1/e as much; 2 if samples were independent


@kernel
def highpass(x, corner_hz, sampling_rate):
    """High-pass a short trace in place; it starts at rest under its first sample.

    Parameters
    ----------
    x
        Shape (m,), float64. Overwritten.
    corner_hz
        Corner, below the Nyquist frequency (Hz).
    sampling_rate
        Hz.

    Notes
    -----
    Causal Butterworth with two poles by the bilinear transform: k = tan(pi corner / rate), b = (1, -2, 1) / d,
    a = (d, 2 (k^2 - 1), 1 - sqrt(2) k + k^2) / d, d = 1 + sqrt(2) k + k^2. It passes what is sharp in an onset
    without delay. O(m) time.
    """
    k = np.tan(np.pi * corner_hz / sampling_rate)
    d = 1.0 + np.sqrt(2.0) * k + k * k
    a1, a2 = 2.0 * (k * k - 1.0) / d, (1.0 - np.sqrt(2.0) * k + k * k) / d
    base = x[0]
    s1, s2 = 0.0, 0.0
    for i in range(x.shape[0]):
        v = (x[i] - base) / d
        y = v + s1
        s1 = -2.0 * v - a1 * y + s2
        s2 = v - a2 * y
        x[i] = y


@kernel
def aic_onset(x):
    """Return the split of a window of one or more traces into noise and signal that Akaike's criterion finds best.

    Parameters
    ----------
    x
        Shape (n_traces, n), float64. Not changed.

    Returns
    -------
    (int, float)
        k: the first sample of the signal; the onset lies between k - 1 and k. -1 for a window that is too short
        (less than 2 GUARD + 1 samples) or in which nothing moves. And how sharp the choice is: root mean square of
        (j - k) over all splits j with weights exp(-(criterion(j) - criterion(k)) / SCALE), samples.

    Notes
    -----
    Least sum over the traces of k log(var(x[:k])) + (n - k) log(var(x[k:])), with means of zero,
    GUARD <= k <= n - GUARD. O(n_traces n). Source: Maeda (1985).
    """
    n = x.shape[1]
    if n < 2 * GUARD + 1:
        return -1, np.nan
    cost = np.zeros(n - 2 * GUARD + 1)
    moves = False
    for c in range(x.shape[0]):
        total = 0.0
        for i in range(n):
            total += x[c, i] * x[c, i]
        if not total > 0.0:
            continue
        moves = True
        floor = 1e-12 * total
        before = 0.0
        for i in range(GUARD):
            before += x[c, i] * x[c, i]
        for j in range(cost.shape[0]):
            k = GUARD + j
            cost[j] += k * np.log((before + floor) / k)
            cost[j] += (n - k) * np.log((max(total - before, 0.0) + floor) / (n - k))
            before += x[c, k] * x[c, k] if k < n else 0.0
    if not moves:
        return -1, np.nan
    best = int(np.argmin(cost))
    total, spread = 0.0, 0.0
    for j in range(cost.shape[0]):
        weight = np.exp((cost[best] - cost[j]) / SCALE)
        total += weight
        spread += weight * (j - best) ** 2
    return GUARD + best, np.sqrt(spread / total)


@kernel
def place(data, mask, rows, onset, begin, end, w, sampling_rate):
    """Return where an onset begins in [begin, end) round the picker's choice.

    Parameters
    ----------
    data, mask
        Shape (3, m): unfiltered samples of any unit, and where they are not valid. Not changed.
    rows
        Tuple of two row numbers; a row named twice counts once.
    onset
        The picker's choice, begin <= onset < end.
    w
        Windows.
    sampling_rate
        Hz.

    Returns
    -------
    (int, float)
        The first sample of the signal, and how sharp the choice is (samples); (-1, nan) if a masked sample or the
        window's length forbids to say.

    Notes
    -----
    The window ends with the largest sample between the picker's choice and `end`, so that what follows the first
    large swing has no say. The trace is high-passed at w.refine_low_hz from w.refine_lead samples before `begin` on.
    O(end - begin).
    """
    first = begin - w.refine_lead
    if first < 0 or end > data.shape[1] or end <= onset:
        return -1, np.nan
    n_rows = 1 if rows[0] == rows[1] else 2
    x = np.empty((n_rows, end - first))
    for c in range(n_rows):
        if np.any(mask[rows[c], first:end]):
            return -1, np.nan
        for i in range(first, end):
            x[c, i - first] = np.float64(data[rows[c], i])
        highpass(x[c], w.refine_low_hz, sampling_rate)
    largest, top = -1.0, onset
    for i in range(onset, end):
        energy = 0.0
        for c in range(n_rows):
            energy += x[c, i - first] ** 2
        if energy > largest:
            largest, top = energy, i
    k, spread = aic_onset(x[:, w.refine_lead:max(top + 1 - first, onset - first + GUARD)])
    return (begin + k if k >= 0 else -1), spread


@kernel
def refine(data, mask, filtered, filtered_mask, pairs, sampling_rate, w, onsets, measures):
    """Place the onsets of all pairs anew, and measure again what depends on their times alone.

    Parameters
    ----------
    data, mask
        Shape (3, m): unfiltered samples, and where they are not valid. Not changed.
    filtered, filtered_mask
        Shape (3, m): the band the picker worked in. Not changed.
    pairs
        Shape (n, 7), int64, of :func:`quakescribe.kernels.onset.pick_triggers`. Not changed.
    sampling_rate
        Hz.
    w
        Windows.
    onsets
        Shape (n, 2), float64: P and S (-1 = none), samples. Changed in place where they can be placed better.
    measures
        Shape (n, 11), float64: the amplitude ratios are measured again where an onset was refined, and columns 9 and
        10 get how sharp P and S are (s); all else stays.

    Notes
    -----
    The P is sought from refine_before before the picker's to refine_after after it, and before the S; the S likewise,
    in the later half of the time since the P. It is given half a sample before the first sample of the signal. O(n).
    """
    for i in range(pairs.shape[0]):
        p, s = pairs[i, 1], pairs[i, 2]
        if p < 0:
            continue
        end = p + w.refine_after if s < 0 else min(p + w.refine_after, s)
        k, spread = place(data, mask, (0, 0), p, p - w.refine_before, end, w, sampling_rate)
        if k >= 0 and clear(filtered_mask, 0, k - w.p_lta, k + w.p_sta + 1):
            p = k
            onsets[i, 0] = p - 0.5
            measures[i, 4] = contrast(filtered, 0, 0, p, w.p_sta, w.p_lta)
            measures[i, 9] = spread / sampling_rate
        if s < 0:
            continue
        north, east = pairs[i, 5], pairs[i, 6]
        begin = max(s - w.refine_before, (p + s) // 2)
        k, spread = place(data, mask, (north, east), s, begin, s + w.refine_after, w, sampling_rate)
        before, after = k - w.s_lta, k + w.s_sta + 1
        if k >= 0 and clear(filtered_mask, north, before, after) and clear(filtered_mask, east, before, after):
            onsets[i, 1] = k - 0.5
            measures[i, 5] = contrast(filtered, north, east, k, w.s_sta, w.s_lta)
            measures[i, 10] = spread / sampling_rate
