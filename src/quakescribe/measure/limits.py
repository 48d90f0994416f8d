"""Magnitudes from station values and limits: maximum likelihood with censored values (Tobin 1958)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

ROUNDS, ENOUGH = 30, 1e-4
FAR = 3.0  # a limit further below the measured values than this many standard deviations is an instrument's fault

Floats = NDArray[np.float64]


def hazard(alpha: Floats) -> Floats:
    """Return phi(alpha) / Phi(alpha) of the standard normal distribution, also far below zero."""
    return np.asarray(np.exp(-0.5 * alpha**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(alpha)))


def expected_below(mean: Floats, limit: Floats, sigma: float) -> Floats:
    """Return the mean of normal values that are known to lie below a limit: mean - sigma phi/Phi."""
    return np.asarray(mean - sigma * hazard((limit - mean) / sigma))


def variance_below(mean: Floats, limit: Floats, sigma: float) -> Floats:
    """Return the mean square about `mean` of such values: sigma^2 (1 - alpha phi/Phi), alpha = (limit - mean)/sigma."""
    alpha = (limit - mean) / sigma
    return np.asarray(sigma**2 * (1.0 - alpha * hazard(alpha)))


def centre(values: Floats, limits: Floats, sigma: float) -> tuple[float, float]:
    """Return the most likely mean of values of which some are only known to lie below a limit, and what they weigh.

    Parameters
    ----------
    values
        Shape (n,), n >= 1: measured.
    limits
        Shape (m,): those that were not reached.
    sigma
        Standard deviation of a value.

    Returns
    -------
    (float, float)
        The mean, and its Fisher information in units of one measured value: n without limits.

    Notes
    -----
    Newton's method on sum(v - m) / sigma^2 - sum(phi/Phi) / sigma = 0, which has one root. A limit more than FAR sigma
    below the mean of the measured values counts for nothing.
    """
    limits = limits[limits > values.mean() - FAR * sigma]
    m = float(values.mean())
    weight = float(len(values))
    for _ in range(ROUNDS if len(limits) else 0):
        alpha = (limits - m) / sigma
        lam = hazard(alpha)
        slope = float((values - m).sum() / sigma - lam.sum())
        weight = len(values) + float((lam * (lam + alpha)).sum())
        step = sigma * slope / weight
        m += step
        if abs(step) < ENOUGH:
            break
    return m, weight
