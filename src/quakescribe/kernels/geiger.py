"""Geiger's method, one step at a time: cosine tapers on weights, a damped step by singular values, its errors.

The hypocentre is [time (s), north (km), east (km), depth (km)]; a matrix of derivatives has those four columns.
"""

import numpy as np

from quakescribe.kernels.compiled import kernel
from quakescribe.kernels.refine import taper

UNRESOLVED = 99.0  # no standard error is reported larger than this
UNSOLVED = 999.0  # variance of a parameter that was not solved for


@kernel
def weighted_rms(residuals, weights):
    """Return sqrt(sum (w r)^2 / sum w^2) (s); 0 where all weights are 0."""
    top, bottom = 0.0, 0.0
    for i in range(residuals.shape[0]):
        square = weights[i] * weights[i]
        top += square * residuals[i] * residuals[i]
        bottom += square
    return np.sqrt(top / bottom) if bottom > 0.0 else 0.0


@kernel
def taper_residuals(residuals, weights, cut_s, full, zero):
    """Multiply weights by the taper of |residual| between full * c and zero * c, c = max(cut, weighted RMS).

    Parameters
    ----------
    residuals
        Shape (n,), float64 (s). Not changed.
    weights
        Shape (n,), float64. Changed in place.
    cut_s, full, zero
        Smallest scale (s); multiples of the scale.
    """
    scale = max(cut_s, weighted_rms(residuals, weights))
    for i in range(residuals.shape[0]):
        weights[i] *= taper(abs(residuals[i]), full * scale, zero * scale)


@kernel
def eigen(matrix, size, values, vectors):
    """Diagonalise a small symmetric matrix by cyclic Jacobi rotations, largest eigenvalue first.

    Parameters
    ----------
    matrix
        Shape (>= size, >= size), float64. Its leading block is used and destroyed.
    size
        Rows and columns used.
    values
        Shape (>= size,), float64. Filled, descending.
    vectors
        Shape (>= size, >= size), float64. Filled: column j belongs to values[j].

    Notes
    -----
    Golub & Van Loan, Matrix Computations, section 8.5. Ends when no rotation changes the diagonal. O(size^3) a sweep.
    """
    for i in range(size):
        for j in range(size):
            vectors[i, j] = 1.0 if i == j else 0.0
    for _ in range(50):
        rotated = False
        for p in range(size - 1):
            for q in range(p + 1, size):
                if abs(matrix[p, q]) <= 1e-16 * np.sqrt(abs(matrix[p, p] * matrix[q, q])):
                    continue
                rotated = True
                half = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
                t = (1.0 if half >= 0.0 else -1.0) / (abs(half) + np.sqrt(half * half + 1.0))
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                for k in range(size):
                    a, b = matrix[k, p], matrix[k, q]
                    matrix[k, p], matrix[k, q] = c * a - s * b, s * a + c * b
                for k in range(size):
                    a, b = matrix[p, k], matrix[q, k]
                    matrix[p, k], matrix[q, k] = c * a - s * b, s * a + c * b
                    a, b = vectors[k, p], vectors[k, q]
                    vectors[k, p], vectors[k, q] = c * a - s * b, s * a + c * b
        if not rotated:
            break
    for i in range(size):
        values[i] = matrix[i, i]
    for i in range(size - 1):
        best = i
        for j in range(i + 1, size):
            if values[j] > values[best]:
                best = j
        if best != i:
            values[i], values[best] = values[best], values[i]
            for k in range(size):
                vectors[k, i], vectors[k, best] = vectors[k, best], vectors[k, i]


@kernel
def decompose(derivatives, weights, size, normal, singular, vectors):
    """Fill the singular values and right singular vectors of the weighted derivatives W G.

    Parameters
    ----------
    derivatives
        Shape (n, 4), float64: G. Not changed.
    weights
        Shape (n,), float64: diagonal of W. Not changed.
    size
        4, or 3 to leave the depth out.
    normal
        Shape (4, 4), float64. Work space.
    singular
        Shape (4,), float64. Filled, descending; 0 beyond ``size``.
    vectors
        Shape (4, 4), float64. Filled: column j belongs to singular[j].

    Notes
    -----
    Through the eigenvalues of the normal matrix (W G)^T W G. In float64 a singular value of 1e-3 of the largest keeps
    ten digits; HYPOINVERSE, in single precision, keeps four.
    """
    for a in range(size):
        for b in range(a, size):
            total = 0.0
            for i in range(derivatives.shape[0]):
                total += weights[i] * weights[i] * derivatives[i, a] * derivatives[i, b]
            normal[a, b] = total
            normal[b, a] = total
    eigen(normal, size, singular, vectors)
    for j in range(4):
        singular[j] = np.sqrt(max(singular[j], 0.0)) if j < size else 0.0


@kernel
def damped_step(derivatives, residuals, weights, size, singular, vectors, min_singular, softening, step):
    """Fill the step y = sum over s_j > min_singular of v_j (u_j . W r) / (s_j + softening); return how many j.

    Parameters
    ----------
    derivatives, residuals, weights
        Shapes (n, 4), (n,), (n,), float64: G, r (s), diagonal of W. Not changed.
    size, singular, vectors
        As `decompose` fills them. Not changed.
    min_singular, softening
        Smallest singular value that moves the hypocentre; addition to every singular value.
    step
        Shape (4,), float64. Filled: time (s), north, east, depth (km).

    Notes
    -----
    With u_j = W G v_j / s_j the projection is v_j . (W G)^T W r / s_j, so u is never formed. O(n).
    """
    step[:] = 0.0
    used = 0
    for j in range(size):
        if singular[j] <= min_singular:
            continue
        used += 1
        projection = 0.0
        for i in range(residuals.shape[0]):
            row = 0.0
            for a in range(size):
                row += derivatives[i, a] * vectors[a, j]
            projection += weights[i] * weights[i] * row * residuals[i]
        projection /= singular[j] * (singular[j] + softening)
        for a in range(size):
            step[a] += vectors[a, j] * projection
    return used


@kernel
def covariance_of(singular, vectors, size, variance, softening, covariance):
    """Fill C = variance V (S^2 + softening^2)^-1 V^T; parameters not solved for have variance 999 and no covariance.

    Parameters
    ----------
    singular, vectors, size
        As `decompose` fills them. Not changed.
    variance
        Of one arrival time with weight 1 (s^2).
    softening
        Keeps poorly resolved directions finite.
    covariance
        Shape (4, 4), float64. Filled; rows and columns time (s), north, east, depth (km).
    """
    for a in range(4):
        for b in range(4):
            total = UNSOLVED if a == b else 0.0
            if a < size and b < size:
                total = 0.0
                for j in range(size):
                    total += vectors[a, j] * vectors[b, j] / (singular[j] * singular[j] + softening * softening)
                total *= variance
            covariance[a, b] = total


@kernel
def standard_errors(covariance, work, values, vectors):
    """Return horizontal and vertical standard error (km) as HYPOINVERSE defines them, each at most 99.

    Parameters
    ----------
    covariance
        Shape (4, 4), float64: as `covariance_of` fills it. Not changed.
    work, values, vectors
        Shapes (4, 4), (4,), (4, 4), float64. Work space.

    Notes
    -----
    The spatial 3 x 3 block has principal standard errors sqrt(eigenvalue) along its eigenvectors. ERH and ERZ are the
    largest horizontal and vertical projection of any single one of them (Klein 2002, USGS OFR 02-171).
    """
    for a in range(3):
        for b in range(3):
            work[a, b] = covariance[a + 1, b + 1]
    eigen(work, 3, values, vectors)
    horizontal, vertical = 0.0, 0.0
    for j in range(3):
        length = min(np.sqrt(max(values[j], 0.0)), UNRESOLVED)
        horizontal = max(horizontal, length * np.hypot(vectors[0, j], vectors[1, j]))
        vertical = max(vertical, length * abs(vectors[2, j]))
    return min(horizontal, UNRESOLVED), min(vertical, UNRESOLVED)
