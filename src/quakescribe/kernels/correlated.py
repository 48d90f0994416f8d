"""What errors shared by the phases of a station do to the uncertainty of a hypocentre."""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.profile import PRIOR_KM, PRIOR_S
from quakescribe.kernels.refine import PHASE, SIGMA, X, Y, solve4


@kernel
def cholesky4(low, matrix):
    """Fill the lower triangle L of matrix = L L^T (4 x 4); return whether the matrix is positive definite."""
    low[:] = 0.0
    for i in range(4):
        for j in range(i + 1):
            s = matrix[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            if i == j:
                if not s > 0.0:
                    return False
                low[i, i] = np.sqrt(s)
            else:
                low[i, j] = s / low[j, j]
    return True


@kernel
def shared_errors(change, rows, weights, arrivals, sigma, scale, correlation):
    """Return how many degrees of freedom the fit takes, and fill what correlated errors do to its covariance.

    Parameters
    ----------
    change
        Shape (4, 4), float64. Overwritten with M: the covariance C (x, y, z, t0) of independent errors becomes M C M^T.
    rows, weights, arrivals
        As in :func:`quakescribe.kernels.hypocentre.refine_event`. Not changed.
    sigma
        Shape (n,), float64 (s): standard deviation of each arrival times ``scale``. Not changed.
    scale
        The event's robust scale.
    correlation
        Of the model's errors of P and of S at a place, 0 to 1. Two arrivals of one phase at a place share them wholly.

    Returns
    -------
    float
        trace(A^-1 B) of what follows; 4 where nothing is shared.

    Notes
    -----
    With weights W = w / sigma^2 the solution moves by A^-1 G^T W e, A = G^T W G. Where the errors e have the covariance
    S, it has A^-1 B A^-1, B = G^T W S W G, instead of A^-1. M = chol(A^-1 B A^-1) chol(A^-1)^-1, so that a covariance
    from a profile along depth changes as the linear one does. O(n^2) comparisons.
    """
    n = arrivals.shape[0]
    a, b, inverse, sandwich = np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4))
    g, part, common = np.empty((n, 4)), np.empty(n), np.empty(n)
    for i in range(n):
        g[i, 0], g[i, 1], g[i, 2], g[i, 3] = rows[i, 1], rows[i, 2], rows[i, 3], 1.0
        variance = (sigma[i] / scale) ** 2
        part[i] = weights[i] / variance
        common[i] = np.sqrt(max(variance - arrivals[i, SIGMA] ** 2, 0.0))
    for i in range(n):
        for j in range(i + 1):
            if i == j:
                both = part[i]
            elif arrivals[i, X] == arrivals[j, X] and arrivals[i, Y] == arrivals[j, Y]:
                both = part[i] * part[j] * common[i] * common[j]
                both *= 1.0 if arrivals[i, PHASE] == arrivals[j, PHASE] else correlation
            else:
                continue
            for p in range(4):
                for q in range(4):
                    if i == j:
                        a[p, q] += both * g[i, p] * g[i, q]
                        b[p, q] += both * g[i, p] * g[i, q]
                    else:
                        b[p, q] += both * (g[i, p] * g[j, q] + g[j, p] * g[i, q])
    for p in range(4):
        prior = 1.0 / (PRIOR_S * PRIOR_S if p == 3 else PRIOR_KM * PRIOR_KM)
        a[p, p] += prior
        b[p, p] += prior
    return _change(change, a, b, inverse, sandwich)


@kernel
def _change(change, a, b, inverse, sandwich):
    """Fill M and return the trace; see :func:`shared_errors`. The last two are work space."""
    unit = np.zeros(4)
    for p in range(4):
        unit[:] = 0.0
        unit[p] = 1.0
        inverse[:, p] = solve4(a, unit)
    trace = 0.0
    for p in range(4):
        for q in range(4):
            trace += inverse[p, q] * b[q, p]
            total = 0.0
            for k in range(4):
                for m in range(4):
                    total += inverse[p, k] * b[k, m] * inverse[m, q]
            sandwich[p, q] = total
    change[:] = 0.0
    low, wide = np.empty((4, 4)), np.empty((4, 4))
    if not (cholesky4(low, inverse) and cholesky4(wide, sandwich)):
        for p in range(4):
            change[p, p] = 1.0
        return 4.0
    for p in range(4):  # change @ low = wide, from the last column on
        for q in range(p, -1, -1):
            s = wide[p, q]
            for k in range(q + 1, p + 1):
                s -= change[p, k] * low[k, q]
            change[p, q] = s / low[q, q]
    return trace


@kernel
def apply_change(covariance, change):
    """Replace a 4 x 4 covariance C by M C M^T, M = ``change`` (lower triangle)."""
    half = np.zeros((4, 4))
    for p in range(4):
        for q in range(4):
            for k in range(p + 1):
                half[p, q] += change[p, k] * covariance[k, q]
    for p in range(4):
        for q in range(4):
            total = 0.0
            for k in range(q + 1):
                total += half[p, k] * change[q, k]
            covariance[p, q] = total
