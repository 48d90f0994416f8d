"""Steps of rates and of medians: at a known time, and the clearest one anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from quakescribe.audit.local_time import Array

_PERMUTATIONS = 999


@dataclass(frozen=True)
class Step:
    """Two rates compared: ratio after over before with its interval, two-sided p, and events before and after."""

    ratio: float
    low: float
    high: float
    p: float
    before: int
    after: int


def rate_step(at: Array, when: float, start: float, end: float, block_s: float) -> Step:
    """Return the ratio of two rates of a process that may be more scattered than Poisson's.

    Parameters
    ----------
    at
        Times of events (s), ascending.
    when, start, end
        The step and the ends of the two windows (s).
    block_s
        Length of the blocks that scatter is taken from (s); shortened so that each side has three.

    Notes
    -----
    ln(r2 / r1) / sqrt(phi (1/n1 + 1/n2)) with n + 1/2 events, against Student's t with the blocks' degrees of freedom;
    phi >= 1 is the pooled index of dispersion of block counts (McCullagh & Nelder 1989, eq. 4.18).
    """
    n, chi, dof = [], 0.0, 0
    for a, b in ((start, when), (when, end)):
        m = max(3, int((b - a) / block_s))
        counts = np.histogram(at[(at >= a) & (at < b)], bins=m, range=(a, b))[0]
        n.append(int(counts.sum()))
        if n[-1]:
            chi += float(((counts - counts.mean()) ** 2).sum() / counts.mean())
            dof += m - 1
    phi = max(1.0, chi / max(dof, 1))
    value = math.log((n[1] + 0.5) / (end - when)) - math.log((n[0] + 0.5) / (when - start))
    error = math.sqrt(phi * (1 / (n[0] + 0.5) + 1 / (n[1] + 0.5)))
    half = float(t.ppf(0.975, max(dof, 2))) * error
    p = 2.0 * float(t.sf(abs(value) / error, max(dof, 2)))
    return Step(math.exp(value), math.exp(value - half), math.exp(value + half), p, n[0], n[1])


def change_point(counts: Array, rng: np.random.Generator, block: int) -> tuple[int, float]:
    """Return the clearest single step of counts, and the probability of one as clear when their order is chance.

    Parameters
    ----------
    counts
        Shape (m,): events in stretches of equal length.
    rng
        For the permutations.
    block
        Neighbouring counts that stay together in a permutation, as they may depend on each other.

    Returns
    -------
    tuple
        Number of counts before the step (0 = none), and p.

    Notes
    -----
    The largest |S_k - k S_m / m| / sqrt(k (m - k) / m) over k (a likelihood ratio for equal variance; Csorgo & Horvath
    1997), with a tenth of the counts, at least two, on either side. O(repeats m).
    """
    m = len(counts)
    side = max(2, m // 10)
    k = np.arange(side, m - side + 1)
    if not len(k) or np.ptp(counts) == 0:
        return 0, 1.0
    scale = np.sqrt(k * (m - k) / m)

    def clearest(rows: Array) -> Array:
        expected = k * rows.sum(axis=-1, keepdims=True) / m
        return np.asarray(np.abs(np.cumsum(rows, axis=-1)[..., k - 1] - expected) / scale)

    observed = clearest(counts[None, :])[0]
    pieces = math.ceil(m / block)
    index = np.arange(pieces * block).reshape(pieces, block)
    orders = np.array([index[rng.permutation(pieces)].ravel() for _ in range(_PERMUTATIONS)])
    drawn = counts[orders[orders < m].reshape(_PERMUTATIONS, m)]
    more = int((clearest(drawn).max(axis=1) >= observed.max() - 1e-9).sum())
    return int(k[np.argmax(observed)]), (more + 1) / (_PERMUTATIONS + 1)


def pettitt(values: Array) -> tuple[int, float]:
    """Return the clearest step of the median in a sequence and the probability of one as clear by chance.

    Parameters
    ----------
    values
        Shape (n,), finite, in order of time.

    Returns
    -------
    tuple
        Number of values before the step, and p.

    Notes
    -----
    U_k = 2 sum of the first k ranks - k (n + 1), K = max |U_k|, p = 2 exp(-6 K^2 / (n^3 + n^2)) (Pettitt 1979), with
    mean ranks of ties, which makes p larger than it need be.
    """
    n = len(values)
    rank = pd.Series(values).rank().to_numpy()
    u = np.abs(2.0 * np.cumsum(rank) - np.arange(1, n + 1) * (n + 1))[:-1]
    k = int(np.argmax(u))
    return k + 1, float(min(1.0, 2.0 * math.exp(-6.0 * u[k] ** 2 / (n**3 + n**2))))
