"""Theil-Sen lines through many small sets of points."""

from __future__ import annotations

import numpy as np

from quakescribe.kernels.compiled import kernel


@kernel
def theil_sen(out, x, y, offsets, least):
    """Fill slope, intercept, scatter and spread of the robust line through each set of points.

    Parameters
    ----------
    out
        Shape (n_sets, 4), float64. Overwritten: slope, intercept, 1.4826 times the median absolute residual (unit of
        y), standard deviation of x (unit of x). Not a number where fewer than two points differ in x.
    x, y
        Shape (n,), float64, finite. Not changed.
    offsets
        Shape (n_sets + 1,), int64: set k holds the rows offsets[k] to offsets[k + 1]. Not changed.
    least
        Pairs that differ by less than this in x are left out.

    Notes
    -----
    slope = median over pairs of (y_j - y_i) / (x_j - x_i), intercept = median(y - slope x) (Theil 1950; Sen 1968).
    O(m^2 log m) time and O(m^2) memory for the largest set of m points.
    """
    for k in range(offsets.shape[0] - 1):
        begin, end = offsets[k], offsets[k + 1]
        m = end - begin
        out[k, :] = np.nan
        if m < 2:
            continue
        slopes = np.empty(m * (m - 1) // 2)
        count = 0
        for i in range(begin, end):
            for j in range(i + 1, end):
                if abs(x[j] - x[i]) >= least:
                    slopes[count] = (y[j] - y[i]) / (x[j] - x[i])
                    count += 1
        if count == 0:
            continue
        slope = np.median(slopes[:count])
        left = y[begin:end] - slope * x[begin:end]
        intercept = np.median(left)
        out[k, 0] = slope
        out[k, 1] = intercept
        out[k, 2] = 1.4826 * np.median(np.abs(left - intercept))
        out[k, 3] = np.std(x[begin:end])
