"""The PAL picker written slowly and plainly, window by window: the oracle of the kernels.

One function per step of the method, NumPy and SciPy only, no masks, no tiles. ``Published`` names the choices in which
the published program and quakescribe differ, so that either can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import kurtosis


@dataclass(frozen=True)
class Published:
    """What the published program does where quakescribe does otherwise."""

    back_from_window_end: bool = False   # the short-kurtosis S is walked back from the end of the window
    amplitude_quality: bool = True       # glitch and amplitude-ratio tests (absent from the older program)
    frequency_window_s: float = 1.0      # shortest window of the dominant frequency (0.8 s in the older program)
    uncorrected_s: bool = True           # an S walked back past its P is used uncorrected (the older one drops it)


def sta_lta(x, n_sta, n_lta):
    """CF[i] = mean(x[i+1 .. i+n_sta]) / mean(x[i-n_lta+1 .. i]); 0 for incomplete windows and infinite ratios."""
    out = np.zeros(len(x))
    for i in range(n_lta, len(x) - n_sta):
        below = x[i - n_lta + 1:i + 1].mean()
        if below > 0:
            out[i] = x[i + 1:i + n_sta + 1].mean() / below
    return np.where(np.isfinite(out), out, 0.0)


def _rises(x):
    return np.diff(x) >= 0


def first_turn(x):
    """Index of the first step whose direction differs from the first step's; 0 if there is none."""
    rises = _rises(x)
    other = np.flatnonzero(rises != rises[0]) if len(rises) else []
    return int(other[0]) if len(other) else 0


def second_turn(x):
    """Index of the next change of direction after the step that follows the first turn; the first turn if none."""
    first = first_turn(x)
    if first == 0:
        return 0
    rest = _rises(x)[first + 1:]
    other = np.flatnonzero(rest != rest[0]) if len(rest) else []
    return first + 1 + int(other[0]) if len(other) else first


def polarisation(window):
    """Degree of linear polarisation and first principal axis of a (3, n) window."""
    values, vectors = np.linalg.eigh(np.cov(window))
    if values[2] <= 0:
        return 0.0, np.array([1.0, 0.0, 0.0])
    return 1 - 0.5 * (values[0] + values[1]) / values[2], vectors[:, 2]


def sliding_kurtosis(x, n):
    """Fisher kurtosis of x[i:i+n] for every i; 0 for a constant window."""
    out = np.array([kurtosis(x[i:i + n]) if np.ptp(x[i:i + n]) > 0 else 0.0 for i in range(len(x) - n + 1)])
    return np.where(np.isfinite(out), out, 0.0)


def find_p(z, trigger, fs, s):
    """P index: peak of the short STA/LTA round the trigger, walked back two turns of the energy."""
    n_sta, n_lta = round(s.p_sta_s * fs), round(s.p_lta_s * fs)
    start = trigger - round(s.p_before_s * fs) - n_lta
    energy = z[start:trigger + round(s.p_after_s * fs) + n_sta] ** 2
    peak = int(np.argmax(sta_lta(energy, n_sta, n_lta)))
    return start + peak - second_turn(energy[:peak][::-1])


def find_s(data, p, fs, s, published):
    """S index, and the index before walking back. Rows of data: Z, N, E."""
    n_pca, n_range, n_s = (round(t * fs) for t in (s.polarisation_window_s, s.polarisation_range_s, s.s_window_s))
    horizontal = data[1] ** 2 + data[2] ** 2
    h = np.sqrt(horizontal[p:p + n_s])
    _, axis = polarisation(data[:, p:p + n_pca])
    for i in range(n_range):
        r, v = polarisation(data[:, p + i:p + i + n_pca])
        h[i] *= 1 - r * abs(v @ axis)
    peak = max(int(np.argmax(h)) + 1, n_pca + 1)
    base, last = p + peak // 2, p + peak

    n_long, n_short = round(s.kurtosis_long_s * fs), round(s.kurtosis_short_s * fs)
    long = sliding_kurtosis(horizontal[base - n_long:last], n_long)
    late = int(np.argmax(long))
    late -= first_turn(long[:late + 1][::-1])

    n_sta, n_lta = round(s.s_sta_s * fs), round(s.s_lta_s * fs)
    energy = horizontal[base - n_lta:last + n_sta]
    early = int(np.argmax(sta_lta(energy, n_sta, n_lta)[n_lta:]))
    if early >= late:
        return base + early - second_turn(energy[:early + n_lta][::-1]), base + early

    energy = horizontal[base + early - n_short:base + late]
    short = sliding_kurtosis(energy, n_short)
    best = int(np.argmax(short)) or late - early
    end = len(energy) if published.back_from_window_end else n_short + best
    return base + early + best - second_turn(energy[:end][::-1]), base + early + best


def displacement(data, p, s, fs, settings):
    """Largest length of the displacement vector: demeaned velocity summed over [P - before, S + after]."""
    window = data[:, p - round(settings.amplitude_before_s * fs):s + round(settings.amplitude_after_s * fs)]
    d = np.cumsum(window - window.mean(axis=1, keepdims=True), axis=1) / fs
    return float(np.sqrt(np.max(np.sum(d ** 2, axis=0))))


def dominant_frequency(x, fs):
    """Frequency (Hz) of the largest Fourier amplitude of the demeaned window."""
    power = np.abs(np.fft.fft(x - x.mean())[:len(x) // 2]) ** 2
    return float(np.argmax(power) * fs / len(x))


def glitch_ratio(window, n_peak):
    """Peak-to-peak of the largest swing over that of the equally long stretch after it; the least over the channels."""
    channel = int(np.argmax(np.abs(window[:, :n_peak]).max(axis=1)))
    x = window[channel]
    top = int(np.argmax(np.abs(x[:n_peak])))
    end = top + first_turn(x[top:])
    begin = top - second_turn(x[:top][::-1])
    end += second_turn(x[end:]) + 1
    ratios = [_ratio(np.ptp(c[begin:end]), np.ptp(c[end:2 * end - begin]) if end < len(c) else 0.0) for c in window]
    return min(ratios)


def _ratio(above, below):
    if below > 0:
        return above / below
    return np.inf


def pick(data, fs, settings, published=Published()):
    """Return a list of (trigger, p, s, kept, measures) for filtered data (3, n), rows Z, N, E, float."""
    data = np.asarray(data, dtype=np.float64)
    s, n = settings, data.shape[1]
    over = np.flatnonzero(sta_lta_fast(data[0] ** 2, round(s.trigger_sta_s * fs), round(s.trigger_lta_s * fs))
                          > s.trigger_threshold)
    n_gap = round(s.refractory_s * fs)
    first = round(s.p_before_s * fs) + round(max(s.trigger_lta_s, s.p_lta_s, s.s_lta_s) * fs)
    out, resume = [], first
    while True:
        after = over[over >= resume]
        if len(after) == 0:
            return out
        trigger = int(after[0])
        p = find_p(data[0], trigger, fs, s)
        if p + round(s.s_window_s * fs) + 1.5 * fs > n or p - round(s.kurtosis_long_s * fs) < 0:
            return out
        onset, raw = find_s(data, p, fs, s, published)
        shown = onset if onset > p or not published.uncorrected_s else raw
        out.append((trigger, p, shown, *judge(data, p, shown, fs, s, published)))
        resume = max(trigger, shown, p) + n_gap + 1


def judge(data, p, s, fs, settings, published):
    """Return (kept, measures): dominant frequency, glitch ratio, P over P coda, P over S."""
    if s <= p:
        return False, {}
    half = p + (s - p + 1) // 2
    end = max(half, p + round(published.frequency_window_s * fs))
    m = {"frequency": max(dominant_frequency(c[p:end + 1], fs) for c in data)}
    if not published.amplitude_quality:
        return m["frequency"] > settings.frequency_min_hz, m
    n_pca = round(settings.polarisation_window_s * fs)
    m["glitch"] = max(glitch_ratio(data[:, t:t + 3 * n_pca + 1], n_pca) for t in (p, s))
    swing = [np.ptp(data[:, a:b + 1], axis=1) for a, b in ((p, half), (half, s), (s, s + half - p))]
    m["coda"] = min(_ratio(a, b) for a, b in zip(swing[0], swing[1], strict=True))
    m["ps"] = min(_ratio(a, b) for a, b in zip(swing[0], swing[2], strict=True))
    kept = (m["frequency"] > settings.frequency_min_hz and m["glitch"] < settings.glitch_ratio_max
            and m["coda"] < settings.p_coda_ratio_max and m["ps"] < settings.p_s_ratio_max)
    return kept, m


def sta_lta_fast(x, n_sta, n_lta):
    """As sta_lta, with cumulative sums: for whole traces."""
    total = np.concatenate([[0.0], np.cumsum(x)])
    out = np.zeros(len(x))
    i = np.arange(n_lta, len(x) - n_sta)
    with np.errstate(divide="ignore", invalid="ignore"):
        out[i] = ((total[i + n_sta + 1] - total[i + 1]) / n_sta) / ((total[i + 1] - total[i + 1 - n_lta]) / n_lta)
    return np.where(np.isfinite(out), out, 0.0)
