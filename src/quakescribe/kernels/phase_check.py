"""Whether a pair's P is an S: then its P is sought before it."""

import numpy as np

from quakescribe.kernels.characteristic import sta_lta, turn
from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.onset import PAIR, clear
from quakescribe.kernels.onset_quality import measure

P_IS_S = 4           # nothing: the P is an S, and no P was found before it


@kernel
def _energy(data, channel, begin, n):
    """Return the sum of squares of data[channel, begin:begin + n]."""
    total = 0.0
    for i in range(begin, begin + n):
        v = np.float64(data[channel, i])
        total += v * v
    return total


@kernel
def is_s(data, north, east, p, s, n, w):
    """Return whether the motion at the P of a pair is that of an S.

    Parameters
    ----------
    data
        Shape (3, m), filtered. Not changed.
    north, east
        Rows of the horizontals; a row named twice counts twice, as if the dead one moved like it.
    p, s
        Indices of the onsets.
    n
        In how many samples from each onset on.
    w
        Windows.

    Returns
    -------
    bool
        True if the horizontals' energy is more than h_over_z_max times the vertical's at the P, and at the S less than
        s_over_p_min times that at the P.

    Notes
    -----
    A P moves the vertical, and its S the horizontals more than it. Noise alike on all components has a ratio of
    horizontals to vertical of 2. O(n).
    """
    at_p = _energy(data, north, p, n) + _energy(data, east, p, n)
    at_s = _energy(data, north, s, n) + _energy(data, east, s, n)
    return at_p > w.h_over_z_max * _energy(data, 0, p, n) and at_s < w.s_over_p_min * at_p


@kernel
def find_p_before(data, begin, end, least, w):
    """Return the P on the vertical in [begin, end), or -1.

    Parameters
    ----------
    data
        Shape (3, m), filtered, clear from begin - p_lta to end + p_sta. Not changed.
    begin, end
        Where it may be.
    least
        The STA/LTA of the energy must be above this.
    w
        Windows.

    Returns
    -------
    int
        Index of the largest STA/LTA, walked back to the second turn of the energy; -1 if it is not above `least`.

    Notes
    -----
    As :func:`quakescribe.kernels.onset.find_p`. O(end - begin).
    """
    first = begin - w.p_lta
    energy = np.empty(end + w.p_sta - first)
    for i in range(energy.shape[0]):
        v = np.float64(data[0, first + i])
        energy[i] = v * v
    ratio = sta_lta(energy, w.p_sta, w.p_lta)
    peak = int(np.argmax(ratio))
    if not ratio[peak] > least:
        return -1
    return first + peak - turn(energy, peak - 1, -1, peak, 2)


@kernel
def mend_phases(data, mask, sampling_rate, w, pairs, measures):
    """Turn every P that is an S into the S of a pair with an earlier P, or give the pair up.

    Parameters
    ----------
    data, mask
        Shape (3, m): filtered Z, N, E and where they are not valid. Not changed.
    sampling_rate
        Hz.
    w
        Windows.
    pairs, measures
        Shape (n, 7) and (n, 11), of :func:`quakescribe.kernels.onset.pick_triggers`. Changed in place: P, S and all
        measures of the mended pairs; the code P_IS_S where no P is found.

    Notes
    -----
    A P is taken for an S by s_sta samples. In a pair closer than that the S itself speaks for the P: such a pair stays
    as it is if no earlier P with 1.5 times the usual ratio is found, unless the test also holds in three quarters of
    the time from P to S.
    The P is sought from s_window to p_sta before the S, but not sooner than p_lta after the last onset of the trigger
    before: no onset is picked twice. O(n s_window).
    """
    free = -1
    for i in range(pairs.shape[0]):
        p, s, north, east = pairs[i, 1], pairs[i, 2], pairs[i, 5], pairs[i, 6]
        earliest = free
        free = max(free, max(pairs[i, 0], max(p, s)) + 2 * w.p_lta)
        if pairs[i, 4] != PAIR or not is_s(data, north, east, p, s, w.s_sta, w):
            continue
        least = 1.5 * w.p_again_ratio
        if is_s(data, north, east, p, s, min(w.s_sta, max(1, 3 * (s - p) // 4)), w):
            least = w.p_again_ratio
            pairs[i, 4] = P_IS_S
        begin, end = max(p - w.s_window, earliest), p - w.p_sta
        if end - begin < w.p_sta or not clear(mask, 0, begin - 2 * w.p_lta, p):
            continue
        k = find_p_before(data, begin, end, least, w)
        if k < 0 or not clear(mask, 0, k - w.p_lta, p):
            continue
        last = max(p + max((p - k) // 2 + 1, 3 * w.polarisation, w.s_sta), k + w.frequency) + 2
        if clear(mask, 0, p, last) and clear(mask, north, k, last) and clear(mask, east, k, last):
            pairs[i, 1], pairs[i, 2], pairs[i, 3], pairs[i, 4] = k, p, p, PAIR
            measure(data, mask, (0, north, east), k, p, sampling_rate, w, measures[i])
