"""Two normal distributions in one sample: whether there are two, and where they cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FEW = 20  # values; with fewer a mixture says nothing
_WIDTH = 0.02  # of the classes that values are counted in
_LEAST_SD = 0.05
_APART = 1.6  # least D of two modes; 0.8 to 1.5 measured where normal distributions are fitted to Poisson catalogues


@dataclass(frozen=True)
class Mixture:
    """Two normal distributions of log10 eta: shares, means and standard deviations, the clustered one first."""

    share: Array
    mean: Array
    sd: Array

    def density(self, x: Array) -> Array:
        """Return shape (2, n): the density of each, times its share."""
        return _densities(x, self.share, self.mean, self.sd)


def fit_mixture(values: Array, start: Mixture | None = None, steps: int = 500) -> Mixture | None:
    """Fit two normal distributions by expectation maximisation (Dempster, Laird & Rubin 1977).

    Parameters
    ----------
    values
        Shape (n,), finite.
    start
        Where to begin; none = equal shares about the first decile and the seventh.
    steps
        At most so many.

    Returns
    -------
    Mixture or None
        None with fewer than 20 values, where one normal distribution does as well by the criterion of Schwarz (1978),
        or where the two are not separate: D = sqrt(2) |m1 - m2| / sqrt(s1**2 + s2**2) of Ashman, Bird & Zepf (1994)
        below 1.6. The skewed single mode of a Poisson catalogue fails the latter.

    Notes
    -----
    Values are counted in narrow classes first, so that a step costs the same for any n.
    """
    if len(values) < _FEW or np.ptp(values) < 1e-6:
        return None
    code, weight = np.unique(np.round(values / _WIDTH).astype(np.int64), return_counts=True)
    x, total = np.asarray(code * _WIDTH, np.float64), weight.sum()
    wide = np.full(2, max(float(values.std()) / 2, _LEAST_SD))
    begin = start or Mixture(np.full(2, 0.5), np.quantile(values, [0.1, 0.7]), wide)
    share, mean, sd = begin.share, begin.mean, begin.sd
    last = -np.inf
    for _ in range(steps):
        part = _densities(x, share, mean, sd) + 1e-300
        likelihood = float(weight @ np.log(part.sum(axis=0)))
        belongs = part / part.sum(axis=0) * weight
        count = np.maximum(belongs.sum(axis=1), 1e-9)
        share, mean = count / total, belongs @ x / count
        sd = np.maximum(np.sqrt((belongs * (x - mean[:, None]) ** 2).sum(axis=1) / count), _LEAST_SD)
        if likelihood - last < 1e-7 * total:
            break
        last = likelihood
    order = np.argsort(mean)
    found = Mixture(share[order], mean[order], sd[order])
    sd_all = np.array([max(float(values.std()), _LEAST_SD)])
    one = float(weight @ np.log(_densities(x, np.ones(1), np.array([values.mean()], np.float64), sd_all)[0] + 1e-300))
    better = 2.0 * (likelihood - one) > 3.0 * np.log(total)
    separate = np.sqrt(2.0) * (found.mean[1] - found.mean[0]) > _APART * np.hypot(*found.sd)
    return found if better and separate and found.share.min() * total >= 5.0 else None


def _densities(x: Array, share: Array, mean: Array, sd: Array) -> Array:
    """Return shape (k, n): share times normal density (scipy's own costs ten times as much for short arrays)."""
    scaled = (x - mean[:, None]) / sd[:, None]
    return np.asarray((share / (sd * np.sqrt(2.0 * np.pi)))[:, None] * np.exp(-0.5 * scaled**2))


def crossing(mixture: Mixture) -> float:
    """Return where the two densities are equal between their means."""
    x = np.asarray(np.linspace(mixture.mean[0], mixture.mean[1], 2001), np.float64)
    clustered, background = mixture.density(x)
    above = np.flatnonzero(background >= clustered)
    return float(x[above[0]] if len(above) else x[-1])
