"""What is measured on a pair once it is picked: frequency, amplitude ratios, noise, displacement, sharpness."""

import numpy as np

from quakescribe.kernels.characteristic import turn
from quakescribe.kernels.compiled import kernel


@kernel
def dominant_frequency(x, sampling_rate):
    """Return the frequency of the largest Fourier amplitude of the demeaned window.

    Parameters
    ----------
    x
        Shape (n,), float64. Not changed.
    sampling_rate
        Hz.

    Returns
    -------
    float
        Hz; 0 for fewer than 4 samples or a constant window. The Nyquist frequency is left out.

    Notes
    -----
    The plain transform at k = 1 .. n // 2 - 1 with rotating phases, all frequencies side by side: O(n^2), faster
    than it sounds for n of some hundreds. Source: the definition.
    """
    n = x.shape[0]
    m = n // 2 - 1
    if m < 1:
        return 0.0
    mean = np.mean(x)
    step_c = np.cos(2.0 * np.pi * np.arange(1, m + 1) / n)
    step_s = np.sin(2.0 * np.pi * np.arange(1, m + 1) / n)
    c = np.ones(m)
    s = np.zeros(m)
    re = np.zeros(m)
    im = np.zeros(m)
    for i in range(n):
        v = x[i] - mean
        for k in range(m):
            re[k] += v * c[k]
            im[k] += v * s[k]
            turned = c[k] * step_c[k] - s[k] * step_s[k]
            s[k] = s[k] * step_c[k] + c[k] * step_s[k]
            c[k] = turned
    best = 0
    power = re * re + im * im
    best = int(np.argmax(power))
    return (best + 1) * sampling_rate / n if power[best] > 0.0 else 0.0


@kernel
def swing(data, channel, begin, end):
    """Return the peak-to-peak value of data[channel, begin:end] (0 for an empty range)."""
    low, high = np.inf, -np.inf
    for i in range(begin, min(end, data.shape[1])):
        v = np.float64(data[channel, i])
        low = min(low, v)
        high = max(high, v)
    return high - low if high > low else 0.0


@kernel
def swing_ratio(data, channels, a, b, c, d):
    """Return the least ratio, over the channels, of the swing in [a, b) to the swing in [c, d).

    A channel that does not swing in [c, d) says nothing; inf if none says anything.
    """
    least = np.inf
    for channel in channels:
        below = swing(data, channel, c, d)
        if below > 0.0:
            least = min(least, swing(data, channel, a, b) / below)
    return least


@kernel
def glitch_ratio(data, channels, onset, n_peak):
    """Return how much larger the largest swing after an onset is than what follows it.

    Parameters
    ----------
    data
        Shape (n_channels, m), filtered. Not changed.
    channels
        Tuple of row numbers to use.
    onset
        Index of the onset.
    n_peak
        The largest sample is sought in [onset, onset + n_peak); everything stays within 3 n_peak samples.

    Returns
    -------
    float
        Least over the channels of swing(main pulse) / swing(equally long stretch after it); inf if nothing follows.

    Notes
    -----
    The main pulse runs from the second turn before the largest sample to the second turn after the first turn
    after it. An electronic spike has nothing after it, an earthquake has. O(n_peak). Source: the PAL picker.
    """
    largest = -1.0
    top = onset
    row = channels[0]
    for channel in channels:
        for i in range(onset, onset + n_peak):
            value = abs(np.float64(data[channel, i]))
            if value > largest:
                largest = value
                top = i
                row = channel
    end = onset + 3 * n_peak + 1
    x = np.empty(end - onset)
    for i in range(onset, end):
        x[i - onset] = data[row, i]
    begin = top - turn(x, top - onset - 1, -1, top - onset, 2)
    stop = top + turn(x, top - onset, 1, end - top, 1)
    stop += turn(x, stop - onset, 1, end - stop, 2) + 1
    return swing_ratio(data, channels, begin, stop, stop, min(2 * stop - begin, end))


@kernel
def displacement(data, mask, channels, begin, end, sampling_rate):
    """Return the largest length of the displacement vector in a window of velocity.

    Parameters
    ----------
    data, mask
        Shape (3, m): velocity (m/s, filtered) and where it is not valid. Not changed.
    channels
        Rows to use; a row named twice counts once.
    begin, end
        The window.
    sampling_rate
        Hz.

    Returns
    -------
    float
        m. NaN if the window leaves the data or holds a masked sample.

    Notes
    -----
    sqrt(max_t sum_c D_c(t)^2), D_c = cumsum(v_c - mean(v_c)) / sampling_rate. O(end - begin). Source: the PAL picker.
    """
    if begin < 0 or end > data.shape[1]:
        return np.nan
    total = np.zeros(end - begin)
    for k in range(3):
        channel = channels[k]
        if (k > 0 and channel == 0) or (k == 2 and channel == channels[1]):
            continue
        mean = 0.0
        for i in range(begin, end):
            if mask[channel, i]:
                return np.nan
            mean += np.float64(data[channel, i])
        mean /= end - begin
        d = 0.0
        for i in range(begin, end):
            d += np.float64(data[channel, i]) - mean
            total[i - begin] += d * d
    return np.sqrt(np.max(total)) / sampling_rate


@kernel
def contrast(data, first, second, onset, n_after, n_before):
    """Return the amplitude ratio across an onset.

    The rms of [onset + 1, onset + n_after] over the rms of [onset - n_before + 1, onset]; the energies of the rows
    `first` and `second` are added where they differ. inf where nothing moves before.
    O(n_after + n_before).
    """
    after, before = 0.0, 0.0
    for i in range(onset - n_before + 1, onset + n_after + 1):
        v = np.float64(data[first, i])
        energy = v * v
        if second != first:
            u = np.float64(data[second, i])
            energy += u * u
        if i <= onset:
            before += energy
        else:
            after += energy
    if not before > 0.0:
        return np.inf
    return np.sqrt(after * n_before / (before * n_after))


@kernel
def rise_time(data, first, second, onset, n_after, n_before):
    """Return how many samples after an onset the amplitude first passes half of its largest value in the window.

    Parameters
    ----------
    data
        Shape (n_channels, m), filtered. Not changed.
    first, second
        Rows; their energies are added where they differ.
    onset
        Index of the onset.
    n_after, n_before
        The largest value is sought in [onset, onset + n_after]; n_before samples before it give the noise.

    Returns
    -------
    float
        Samples, at least 1.

    Notes
    -----
    O(n_after + n_before).
    """
    largest = 0.0
    for i in range(onset, onset + n_after + 1):
        largest = max(largest, _energy(data, first, second, i))
    for i in range(onset, onset + n_after + 1):
        if _energy(data, first, second, i) >= 0.25 * largest:
            return max(1.0, float(i - onset))
    return float(n_after)


@kernel
def _energy(data, first, second, i):
    v = np.float64(data[first, i])
    if second == first:
        return v * v
    u = np.float64(data[second, i])
    return v * v + u * u


@kernel
def measure(data, mask, channels, p, s, sampling_rate, w, out):
    """Write what is known about a pair, or about a P alone.

    Parameters
    ----------
    data, mask
        Shape (3, m): filtered Z, N, E and where they are not valid. Not changed. The windows but that of the
        amplitude are clear (the caller has looked).
    channels
        Vertical and the two horizontals, which may be the same row; (0, 0, 0) for a P alone.
    p, s
        Indices of the onsets; s = -1 for a P alone.
    sampling_rate
        Hz.
    w
        Windows.
    out
        Shape (11,), float64. Overwritten with: dominant frequency (Hz); glitch ratio; P over P coda; P over S;
        amplitude ratio across P and across S; displacement (m); rise time of P and of S (s); two NaN, which
        :func:`quakescribe.kernels.onset_time.refine` fills. NaN where there is no S.

    Notes
    -----
    With h = half the S-P time: P over coda compares [p, p+h] with [p+h, s], P over S with [s, s+h]; least over the
    channels. The frequency is the largest over the channels, in [p, max(p+h, p+frequency)]. Source: the PAL picker.
    """
    alone = s < 0
    if alone:
        channels = (0, 0, 0)
    half = 0 if alone else (s - p + 1) // 2
    end = p + max(half, w.frequency) + 1
    out[:] = np.nan
    out[0] = 0.0
    for k in range(3):
        if k > 0 and channels[k] == channels[k - 1]:
            continue
        out[0] = max(out[0], dominant_frequency(data[channels[k], p:end].astype(np.float64), sampling_rate))
    out[1] = glitch_ratio(data, channels, p, w.polarisation)
    out[4] = contrast(data, 0, 0, p, w.p_sta, w.p_lta)
    out[7] = rise_time(data, 0, 0, p, w.p_sta, w.p_lta) / sampling_rate
    if alone:
        return
    out[1] = max(out[1], glitch_ratio(data, channels, s, w.polarisation))
    out[2] = swing_ratio(data, channels, p, p + half + 1, p + half, s + 1)
    out[3] = swing_ratio(data, channels, p, p + half + 1, s, s + half + 1)
    out[5] = contrast(data, channels[1], channels[2], s, w.s_sta, w.s_lta)
    out[6] = displacement(data, mask, channels, p - w.amplitude_before, s + w.amplitude_after, sampling_rate)
    out[8] = rise_time(data, channels[1], channels[2], s, w.s_sta, w.s_lta) / sampling_rate
