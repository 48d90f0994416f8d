"""Characteristic functions: window sums, STA/LTA, kurtosis, turning points."""

import numpy as np

from quakescribe.kernels.compiled import kernel


@kernel
def moving_sum(x, n, first):
    """Return the sum of the last n values at every sample.

    Parameters
    ----------
    x
        Shape (m,), float64. Not changed.
    n
        Window length (samples), at least 1.
    first
        Absolute index of x[0]; anchors the chunks, so that the same samples give the same bits wherever x was cut.

    Returns
    -------
    ndarray
        Shape (m,), float64: out[i] = sum(x[i-n+1 .. i]); 0 for i < n - 1.

    Notes
    -----
    Chunks of n samples are anchored at absolute multiples of n. Every window is the end of one chunk plus the start
    of the next, so nothing is ever subtracted: no cancellation, and each sum touches its own window only.
    O(m) time, O(m) memory. Source: van Herk (1992), Gil & Werman (1993), for sums instead of maxima.
    """
    out = np.zeros(x.shape[0])
    if x.shape[0] >= n:
        _moving_sum(x, n, first, np.empty(x.shape[0]), out)
    return out


@kernel
def _moving_sum(x, n, first, tail, out):
    """Write the sums of :func:`moving_sum` to out[n - 1 ..]; tail is room for work. Both at least as long as x."""
    m = x.shape[0]
    for chunk in range(first // n, (first + m - 1) // n + 1):
        begin, end = max(chunk * n - first, 0), min((chunk + 1) * n - first, m)
        total = 0.0
        for i in range(end - 1, begin - 1, -1):
            total += x[i]
            tail[i] = total
        total = 0.0
        for i in range(begin, max(begin, min(n - 1, end))):
            total += x[i]
        for i in range(max(begin, n - 1), end):
            total += x[i]
            out[i] = total + tail[i - n + 1] if i - n + 1 < begin else total


@kernel
def sta_lta(x, n_sta, n_lta):
    """Return the ratio of the mean after each sample to the mean up to it.

    Parameters
    ----------
    x
        Shape (m,), float64, not negative (energy). Not changed.
    n_sta, n_lta
        Window lengths (samples).

    Returns
    -------
    ndarray
        Shape (m,), float64: mean(x[i+1 .. i+n_sta]) / mean(x[i-n_lta+1 .. i]) for n_lta <= i < m - n_sta;
        0 elsewhere and where the lower mean is 0.

    Notes
    -----
    O(m) time and memory. Source: the PAL picker (Zhou et al. 2022), which looks forward with the short window.
    """
    m = x.shape[0]
    out = np.zeros(m)
    short = moving_sum(x, n_sta, 0)
    long = moving_sum(x, n_lta, 0)
    for i in range(n_lta, m - n_sta):
        if long[i] > 0.0:
            out[i] = (short[i + n_sta] * n_lta) / (long[i] * n_sta)
    return out


@kernel
def _may_exceed(energy, n_sta, n_lta, threshold):
    """Return False if no sample from n_lta - 1 on can have an STA/LTA above the threshold.

    A bound from sums of 16 samples: the groups that reach into any short window of a group, over those that lie in
    every long window of it. With a margin of 1e-9 for rounding.
    """
    width = 16
    n = energy.shape[0] // width + 1
    group = np.zeros(n)
    for k in range(n - 1):
        part = energy[k * width:(k + 1) * width]
        group[k] = ((part[0] + part[1] + part[2] + part[3]) + (part[4] + part[5] + part[6] + part[7])
                    + (part[8] + part[9] + part[10] + part[11]) + (part[12] + part[13] + part[14] + part[15]))
    group[n - 1] = np.sum(energy[(n - 1) * width:])
    n_above, n_below = (n_sta + width - 1) // width + 1, (n_lta - width) // width
    if n_below < 1:
        return True
    above = moving_sum(group, min(n_above, n), 0)
    below = moving_sum(group, n_below, 0)
    factor = threshold * n_sta / n_lta * (1.0 - 1e-9)
    below_bound = 0
    first = (n_lta - 1) // width
    for k in range(first, n):
        below_bound += above[min(k + n_above - 1, n - 1)] <= factor * below[k - 1]
    return below_bound < n - first


@kernel
def excursions(x, first, n_sta, n_lta, threshold):
    """Return the stretches of a trace in which its energy STA/LTA lies above a threshold.

    Parameters
    ----------
    x
        Shape (m,), float32 or float64, filtered samples without gaps. Not changed.
    first
        Absolute index of x[0].
    n_sta, n_lta
        Window lengths (samples).
    threshold
        Energy ratio.

    Returns
    -------
    ndarray
        Shape (k, 2), int64: first sample and one past the last sample of each stretch, indices into x, ascending.

    Notes
    -----
    The ratio is that of :func:`sta_lta` on x**2; a sample whose LTA is 0 never lies above. Worked in pieces of
    4096 samples, of which most are passed over by a bound on the ratio; the sums are anchored at absolute indices, so
    neither the pieces nor the cut of x can be seen. O(m) time, O(1) memory besides the result.
    """
    m = x.shape[0]
    piece = 4096
    room = piece + n_lta + n_sta
    energy, tail, short, long = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    over = np.empty(room, dtype=np.bool_)
    spans = np.empty((256, 2), dtype=np.int64)
    k = 0
    inside = False
    begin = n_lta
    while begin < m - n_sta:
        end = min(begin + piece, m - n_sta)
        base = begin - n_lta + 1
        size = end + n_sta - base
        for i in range(size):
            v = np.float64(x[base + i])
            energy[i] = v * v
        if not inside and not _may_exceed(energy[:size], n_sta, n_lta, threshold):
            begin = end
            continue
        _moving_sum(energy[:size], n_sta, first + base, tail, short)
        _moving_sum(energy[:size], n_lta, first + base, tail, long)
        above = 0
        for i in range(n_lta - 1, size - n_sta):
            over[i] = short[i + n_sta] * n_lta > threshold * n_sta * long[i] and long[i] > 0.0
            above += over[i]
        if above > 0 or inside:
            for i in range(begin, end):
                if over[i - base] != inside:
                    inside = not inside
                    if inside and k == spans.shape[0]:
                        spans = np.concatenate((spans, np.empty_like(spans)))
                    spans[k, 0 if inside else 1] = i
                    k += 0 if inside else 1
        begin = end
    if inside:
        spans[k, 1] = m - n_sta
        k += 1
    return spans[:k].copy()


@kernel
def sliding_kurtosis(x, n):
    """Return the excess kurtosis of every window of n samples.

    Parameters
    ----------
    x
        Shape (m,), float64, not negative. Not changed.
    n
        Window length (samples).

    Returns
    -------
    ndarray
        Shape (max(m - n + 1, 0),), float64: m4 / m2**2 - 3 of x[i .. i+n-1], population moments; 0 for a window
        without variance.

    Notes
    -----
    Central moments from the window sums of x, x^2, x^3, x^4, each by :func:`moving_sum` (no cancellation between
    windows). O(m) time. x is scaled by its maximum, which changes nothing but the range of the powers.
    """
    m = x.shape[0]
    out = np.zeros(max(m - n + 1, 0))
    top = 0.0
    for i in range(m):
        top = max(top, x[i])
    if m < n or not top > 0.0:
        return out
    y = x / top
    y2 = y * y
    s1 = moving_sum(y, n, 0)
    s2 = moving_sum(y2, n, 0)
    s3 = moving_sum(y2 * y, n, 0)
    s4 = moving_sum(y2 * y2, n, 0)
    for i in range(out.shape[0]):
        j = i + n - 1
        a = s1[j] / n
        b = s2[j] / n
        variance = b - a * a
        if variance > 1e-13 * b:
            fourth = s4[j] / n - 4.0 * a * (s3[j] / n) + 6.0 * a * a * b - 3.0 * a**4
            out[i] = fourth / (variance * variance) - 3.0
    return out


@kernel
def turn(x, start, step, count, order):
    """Return how many steps away the direction of a series turns for the first or second time.

    Parameters
    ----------
    x
        Shape (m,), float64. Not changed.
    start
        Index of the first value.
    step
        +1 to walk forward, -1 to walk back.
    count
        How many values may be looked at, from start on.
    order
        1 or 2: which turn.

    Returns
    -------
    int
        Steps from start to the turn. 0 if the series never turns; the first turn if there is no second.

    Notes
    -----
    A step up or level counts as rising. The first turn is the first step that differs in direction from the first one.
    The second is sought after the step that follows the first turn: a swing of one sample is passed over.
    O(steps). Source: the PAL picker.
    """
    first = 0
    rising = count > 1 and x[start + step] >= x[start]
    for k in range(1, count - 1):
        if (x[start + (k + 1) * step] >= x[start + k * step]) != rising:
            first = k
            break
    if first == 0 or order == 1 or first + 2 >= count:
        return first
    rising = x[start + (first + 2) * step] >= x[start + (first + 1) * step]
    for k in range(first + 2, count - 1):
        if (x[start + (k + 1) * step] >= x[start + k * step]) != rising:
            return k
    return first
