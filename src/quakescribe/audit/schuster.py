"""The Schuster test and the Schuster spectrum, robust against clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.local_time import DAY_S, Array

NAN = float("nan")
FEWEST_CYCLES = 3
ENOUGH_BLOCKS = 8
"""From so many on their scatter is known well enough to say that a period does not repeat; three hardly tell."""
_MISSING = 0.1  # share of the last block that may lie after the end of the span
SCAN_ALARMS = 0.01  # share of uniform catalogues in which any period may pass the threshold
_NULL_SCANS = 2000


@dataclass(frozen=True)
class Schuster:
    """One period's test.

    Attributes
    ----------
    p
        The largest of the three below: probability of such a vector without a period; not a number where the span
        holds too few cycles for the last of them.
    p_independent, p_units, p_blocks
        Of the independent events, of all events summed by units, and of the scatter between whole cycles or days.
    blocks
        Number of those blocks; 0 where there are too few.
    p_naive
        Of all events as if they were independent: the classical test.
    amplitude, half_width, by_chance
        Relative amplitude A of a rate 1 + A cos of the independent events, half of its 95% interval, and its mean by
        chance.
    peak
        Time of the largest rate after the start of the span, as a share of the period.
    """

    p: float
    p_independent: float
    p_units: float
    p_blocks: float
    blocks: int
    p_naive: float
    amplitude: float
    half_width: float
    by_chance: float
    peak: float


def uniform_mean(frequency: Array, span_s: float) -> NDArray[np.complex128]:
    """Return the mean of exp(2 pi i f t) for t uniform on [0, span): not zero unless f is a whole number of cycles."""
    return np.asarray(np.exp(1j * np.pi * frequency * span_s) * np.sinc(frequency * span_s))


def schuster(seconds: Array, unit: NDArray[np.int64], period_s: float, span_s: float) -> Schuster:
    """Return the Schuster test of one period, cluster-robust.

    Parameters
    ----------
    seconds
        Shape (n,), ascending: times within [0, span_s).
    unit
        Shape (n,): events of one unit are not independent.
    period_s, span_s
        Period and length of the catalogue (s).

    Notes
    -----
    With z_k = exp(2 pi i t_k / T), less their mean m for a uniform rate over the span, D = |sum z_k|, the classical
    p = exp(-D^2 / N) (Schuster 1897). It takes events as independent. Here D^2 is divided by an estimate of its
    expectation that allows for clusters: (1) the first events of units only, N of them; (2) all events, divided by the
    sum of |V_c|^2 over units c with the vector sum V_c: a unit has one random phase, whatever it looks like (the
    'sandwich' of clustered data; Liang & Zeger 1986); (3) the vectors V_b of m blocks of whole cycles (see
    :func:`cycles_of_a_block`) of the first events: with their scatter around their mean, x = D^2 / (m s^2) gives
    Hotelling's p = (1 + x / (m - 1))^-(m - 1). The largest counts.
    """
    z = np.exp(2j * np.pi * seconds / period_s) - uniform_mean(np.array(1.0 / period_s), span_s)
    first = np.zeros(len(z), dtype=bool)
    first[np.unique(unit, return_index=True)[1]] = True
    of_unit = _sums(z, unit)
    total, n = z[first].sum(), int(first.sum())
    each = 1.0 - abs(uniform_mean(np.array(1.0 / period_s), span_s)) ** 2
    p_one = math.exp(-abs(total) ** 2 / (n * each))
    p_units = math.exp(-abs(z.sum()) ** 2 / max(float((np.abs(of_unit) ** 2).sum()), 1e-12))
    p_blocks, spread, blocks = _between_blocks(seconds[first], period_s, span_s)
    variance = float(np.nanmax([n * each, spread]))
    return Schuster(
        p=float(np.max([p_one, p_units, p_blocks])), p_independent=p_one, p_units=p_units, p_blocks=p_blocks,
        blocks=blocks,
        p_naive=math.exp(-abs(z.sum()) ** 2 / (len(z) * each)), amplitude=2.0 * abs(total) / n,
        half_width=2.0 * 1.96 * math.sqrt(variance / 2.0) / n, by_chance=math.sqrt(math.pi * n * each) / n,
        peak=float(np.angle(total) / (2 * np.pi)) % 1.0)


def _sums(z: NDArray[np.complex128], unit: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Return the sum of each unit."""
    _, where = np.unique(unit, return_inverse=True)
    return np.asarray(np.bincount(where, z.real) + 1j * np.bincount(where, z.imag))


def cycles_of_a_block(period_s: float, span_s: float) -> int:
    """Return how many cycles are taken together where the scatter between blocks of time is needed.

    One for periods of a day and more, else those of a day, as clusters and noise last for hours. Where the span holds
    fewer than three such blocks it is cut into eight, and into single cycles where it has not twice as many.
    """
    cycles = max(1, math.ceil(round(DAY_S / period_s, 6)))
    if _whole(span_s, cycles * period_s) < FEWEST_CYCLES:
        cycles = max(1, _whole(span_s, period_s) // ENOUGH_BLOCKS)
    return cycles


def _whole(span_s: float, block_s: float) -> int:
    """Return how many blocks a span holds; the last may miss a little."""
    return int(span_s / block_s + _MISSING)


def _between_blocks(seconds: Array, period_s: float, span_s: float) -> tuple[float, float, int]:
    """Return p by the scatter of blocks of whole cycles, the variance of the sum, and their number; NaN with few."""
    block_s = period_s * cycles_of_a_block(period_s, span_s)
    m = _whole(span_s, block_s)
    if m < FEWEST_CYCLES:
        return NAN, NAN, 0
    block = np.floor(seconds / block_s).astype(np.int64)
    whole = block < m
    z = np.exp(2j * np.pi * seconds[whole] / period_s)
    vectors = np.bincount(block[whole], z.real, m) + 1j * np.bincount(block[whole], z.imag, m)
    last_s = min(block_s, span_s - (m - 1) * block_s)
    vectors[-1] -= np.count_nonzero(block == m - 1) * uniform_mean(np.array(1.0 / period_s), last_s)
    scatter = max(float((np.abs(vectors - vectors.mean()) ** 2).sum() * m / (m - 1)), 1e-12)
    return float((1.0 + abs(vectors.sum()) ** 2 / scatter / (m - 1)) ** (1 - m)), scatter, m


def spectrum(seconds: Array, unit: NDArray[np.int64], span_s: float, shortest_s: float, longest_s: float,
             most: int) -> pd.DataFrame:
    """Return the Schuster spectrum (Ader & Avouac 2013), cluster-robust.

    Parameters
    ----------
    seconds, unit, span_s
        As in :func:`schuster`.
    shortest_s, longest_s
        Periods (s); the shortest is raised where there would be more than ``most`` periods.

    Returns
    -------
    pandas.DataFrame
        period_s, descending; p (the larger of the next two), p_independent, p_units, p_naive; threshold. The frequency
        step is half of an independent one, 1/(2 span).

    Notes
    -----
    The vectors of all events are turned from one frequency to the next, so a period costs a few passes over the
    events. O(n periods) time, O(n) memory.
    """
    j = frequency_numbers(span_s, shortest_s, longest_s, most)
    order = np.argsort(unit, kind="stable")
    t = seconds[order]
    starts = np.unique(unit[order], return_index=True)[1]
    size = np.diff(np.append(starts, len(t)))
    df = 0.5 / span_s
    mean = uniform_mean(np.asarray(j * df), span_s)
    z, turn = np.exp(2j * np.pi * (j[0] * df) * t), np.exp(2j * np.pi * df * t)
    x = np.empty((3, len(j)))
    for k, m in enumerate(mean):
        of_unit = np.add.reduceat(z, starts) - size * m
        total = abs(of_unit.sum()) ** 2
        each = 1.0 - abs(m) ** 2
        x[0, k] = abs(z[starts].sum() - len(starts) * m) ** 2 / (len(starts) * each)
        x[1, k] = total / max(float((of_unit.real**2 + of_unit.imag**2).sum()), 1e-12)
        x[2, k] = total / (len(t) * each)
        z *= turn
    p = np.exp(-x)
    period = 1.0 / (j * df)
    limit = float(np.quantile(null_scans(int(j[0]), int(j[-1])), SCAN_ALARMS))
    return pd.DataFrame({"period_s": period, "p": np.maximum(p[0], p[1]), "p_independent": p[0], "p_units": p[1],
                         "p_naive": p[2], "threshold": limit * period / span_s})


def frequency_numbers(span_s: float, shortest_s: float, longest_s: float, most: int) -> NDArray[np.int64]:
    """Return which multiples of the frequency 1/(2 span) are looked at, ascending."""
    low = max(2, math.ceil(2.0 * span_s / longest_s))
    high = min(math.floor(2.0 * span_s / shortest_s), low + most - 1)
    return np.arange(low, max(high, low) + 1)


@lru_cache(maxsize=8)
def null_scans(low: int, high: int) -> Array:
    """Return, for uniform catalogues, the smallest p times span / period in a scan, sorted.

    Parameters
    ----------
    low, high
        First and last multiple of the frequency 1/(2 span).

    Notes
    -----
    The smallest p that chance gives near a period T goes like T / span, as shorter periods are more (Ader & Avouac
    2013); p < 0.01 T / span would be passed in some percent of all scans, so the factor is measured: the sum of
    exp(2 pi i f t) over many uniform times is, at these frequencies, the Fourier transform of white noise less its
    mean, whatever the number of events.
    """
    rng = np.random.default_rng(20130917)
    n = high + 1
    j = np.arange(low, high + 1)
    each = 1.0 - np.sinc(j / 2.0) ** 2
    lowest = []
    for _ in range(max(1, _NULL_SCANS // 200)):
        noise = rng.standard_normal((200, n))
        noise -= noise.mean(axis=1, keepdims=True)
        power = np.abs(np.fft.rfft(noise, 2 * n, axis=1)[:, low:high + 1]) ** 2 / (n * each)
        lowest.append((np.exp(-power) * j / 2.0).min(axis=1))
    return np.sort(np.concatenate(lowest))
