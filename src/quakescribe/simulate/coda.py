"""Scattered waves: how strong each frequency still is at each time, and noise that is so."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft

REFERENCE_S = 10.0  # lapse time at which the coda's level is that of single scattering
NEAREST = 1.02  # lapse over S travel time; single scattering has no end at the onset


def log_decay(lapse_s: NDArray[np.float64], onset_lapse_s: float, frequency_hz: NDArray[np.float64], exponent: float,
              q: float) -> NDArray[np.float64]:
    """Return the log of the S coda's power (n_times, n_frequencies) over that of single scattering at 10 s.

    t^(-2 exponent) exp(-2 pi f t / (q f^0.8)) of the time t since the origin, whatever the distance; towards the
    onset it rises as single isotropic scattering does, by x/2 ln((x + 1)/(x - 1)) with x = t / onset (Sato 1977,
    J. Phys. Earth 25, 27-41; late times: Aki & Chouet 1975, JGR 80, 3322-3342).
    """
    t = np.maximum(lapse_s, NEAREST * onset_lapse_s)
    x = t / onset_lapse_s
    level = np.log(0.5 * x * np.log((x + 1.0) / (x - 1.0))) - 2.0 * exponent * np.log(t / REFERENCE_S)
    return np.asarray(level[:, None] - 2.0 * np.pi * np.outer(t, frequency_hz**0.2 / q))


def shaped_noise(rng: np.random.Generator, power: NDArray[np.float64], shares: NDArray[np.float64], n: int,
                 rate: float) -> NDArray[np.float32]:
    """Return Gaussian noise (rows, n) whose spectrum changes with time.

    Frames that overlap by half, each with random numbers for its spectrum, are added up under windows whose squares
    add up to 1.

    Parameters
    ----------
    power
        Shape (n_frames, size / 2 + 1): one-sided power per Hz about the samples k size / 2, k = 0, 1, .. Frames that
        are not given are silent.
    shares
        Shape (rows, size / 2 + 1): each row's own amplitude, times the root of the power.
    """
    frames, half, rows = power.shape[0], power.shape[1] - 1, shares.shape[0]
    numbers = rng.random((rows, frames, 2 * half + 2), dtype=np.float32)
    numbers -= np.float32(0.5)  # variance 1/12; a sum of so many is Gaussian
    spectrum = numbers.view(np.complex64)
    spectrum *= np.sqrt(power * (6.0 * half * rate)).astype(np.float32)
    spectrum *= shares.astype(np.float32)[:, None]
    parts = irfft(spectrum, overwrite_x=True)
    parts *= _window(2 * half)
    total = np.zeros((rows, max(frames * half, n) + half), dtype=np.float32)
    total[:, :frames * half] = parts[:, :, :half].reshape(rows, -1)
    total[:, half:(frames + 1) * half] += parts[:, :, half:].reshape(rows, -1)
    return total[:, half:half + n]


@lru_cache(maxsize=8)
def _window(size: int) -> NDArray[np.float32]:
    return np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
