"""Polarisation of three-component motion: the first principal axis, and the damping of motion along the P's."""

import numpy as np

from quakescribe.kernels.compiled import kernel


@kernel
def first_axis(c, axis):
    """Return the largest eigenvalue of a symmetric 3 x 3 matrix and write its eigenvector.

    Parameters
    ----------
    c
        Shape (6,), float64: xx, yy, zz, xy, xz, yz. Not changed.
    axis
        Shape (3,), float64. Overwritten with the unit eigenvector (sign arbitrary); (1, 0, 0) where no direction leads.

    Returns
    -------
    float
        The largest eigenvalue, in the unit of c.

    Notes
    -----
    Closed form: with q = trace / 3, p = sqrt(tr((C - qI)^2) / 6), l1 = q + 2 p cos(acos(det((C - qI) / p) / 2) / 3).
    The eigenvector is the longest cross product of two rows of C - l1 I. O(1). Source: Smith (1961).
    """
    axis[0], axis[1], axis[2] = 1.0, 0.0, 0.0
    q = (c[0] + c[1] + c[2]) / 3.0
    a, b, d = c[0] - q, c[1] - q, c[2] - q
    xy, xz, yz = c[3], c[4], c[5]
    p = np.sqrt((a * a + b * b + d * d + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0)
    if not p > 0.0:
        return q
    determinant = (a * (b * d - yz * yz) - xy * (xy * d - yz * xz) + xz * (xy * yz - b * xz)) / (p * p * p)
    top = q + 2.0 * p * np.cos(np.arccos(min(1.0, max(-1.0, 0.5 * determinant))) / 3.0)
    a, b, d = c[0] - top, c[1] - top, c[2] - top
    longest = 0.0
    for pair in range(3):
        if pair == 0:
            u, v, w = xy * yz - xz * b, xz * xy - a * yz, a * b - xy * xy
        elif pair == 1:
            u, v, w = xy * d - xz * yz, xz * xz - a * d, a * yz - xy * xz
        else:
            u, v, w = b * d - yz * yz, yz * xz - xy * d, xy * yz - b * xz
        length = u * u + v * v + w * w
        if length > longest:
            longest = length
            root = np.sqrt(length)
            axis[0], axis[1], axis[2] = u / root, v / root, w / root
    return top


@kernel
def covariance(sums, begin, end, c):
    """Write the covariance of the samples [begin, end) from running sums.

    Parameters
    ----------
    sums
        Shape (m + 1, 9), float64: running sums of x, y, z, xx, yy, zz, xy, xz, yz; row i holds the sum of the first
        i samples. Not changed.
    begin, end
        Sample range, end > begin.
    c
        Shape (6,), float64. Overwritten with xx, yy, zz, xy, xz, yz (population covariance).

    Notes
    -----
    cov(x, y) = E[xy] - E[x] E[y]. O(1).
    """
    n = end - begin
    x = (sums[end, 0] - sums[begin, 0]) / n
    y = (sums[end, 1] - sums[begin, 1]) / n
    z = (sums[end, 2] - sums[begin, 2]) / n
    c[0] = (sums[end, 3] - sums[begin, 3]) / n - x * x
    c[1] = (sums[end, 4] - sums[begin, 4]) / n - y * y
    c[2] = (sums[end, 5] - sums[begin, 5]) / n - z * z
    c[3] = (sums[end, 6] - sums[begin, 6]) / n - x * y
    c[4] = (sums[end, 7] - sums[begin, 7]) / n - x * z
    c[5] = (sums[end, 8] - sums[begin, 8]) / n - y * z


@kernel
def damping(data, n_window, n_range):
    """Return the factor that damps motion along the direction of the first window.

    Parameters
    ----------
    data
        Shape (3, m), float64, m >= n_window + n_range - 1. Not changed.
    n_window
        Window in which the direction is measured (samples).
    n_range
        How many factors are wanted.

    Returns
    -------
    ndarray
        Shape (n_range,), float64 in [0, 1]: F(i) = 1 - r(i) |v(0) . v(i)|, with v the first principal axis of the
        window that begins at i and r = 1 - (l2 + l3) / (2 l1) its degree of linear polarisation; 1 where nothing moves.

    Notes
    -----
    O(m) time and memory. Source: the PAL picker.
    """
    m = n_window + n_range - 1
    sums = np.zeros((m + 1, 9))
    for i in range(m):
        x, y, z = data[0, i], data[1, i], data[2, i]
        row = (x, y, z, x * x, y * y, z * z, x * y, x * z, y * z)
        for k in range(9):
            sums[i + 1, k] = sums[i, k] + row[k]
    c = np.empty(6)
    lead = np.empty(3)
    axis = np.empty(3)
    covariance(sums, 0, n_window, c)
    first_axis(c, lead)
    out = np.ones(n_range)
    for i in range(n_range):
        covariance(sums, i, i + n_window, c)
        top = first_axis(c, axis)
        if top > 0.0:
            linear = 1.0 - 0.5 * (c[0] + c[1] + c[2] - top) / top
            along = abs(lead[0] * axis[0] + lead[1] * axis[1] + lead[2] * axis[2])
            out[i] = 1.0 - linear * along
    return out
