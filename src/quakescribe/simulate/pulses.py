"""Source and path: how much of what frequency a source sends to a station, and the pulse that makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.simulate import EarthSettings

DENSITY = 2700.0  # kg/m3
SURFACE = (1.5, 2.0)  # the free surface doubles the motion; slow ground amplifies P 0.75 as much as S (measured)
P_CORNER = 1.4  # corner frequency of P over that of S
P_KAPPA = 0.55  # near-surface attenuation time of P over that of S
NEAREST_M = 500.0
SPREADS_M = 100_000.0  # beyond, S spreads as guided waves do, by the root of the distance
SITE_HZ = (0.3, 50.0)  # between these a station's amplification varies
SITE_TERMS = 4


def moment(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seismic moment (N m) of a local magnitude.

    M0 = 10^(1.5 Mw + 9.1) with Mw = 2/3 ML + 0.935, and 0.065 (ML - 1.5)^2 more above ML 1.5: the local magnitude of
    small events grows with log M0, because attenuation and not the corner frequency limits their amplitude, that of
    larger ones more slowly (Deichmann 2017). The numbers make the Wood-Anderson amplitudes of this earth agree with
    those of Hutton & Boore (1987) within 0.1.
    """
    m = np.asarray(magnitude, dtype=np.float64)
    mw = 2.0 / 3.0 * m + 0.935 + 0.065 * np.maximum(m - 1.5, 0.0) ** 2
    return np.asarray(10.0 ** (1.5 * mw + 9.1))


@dataclass(frozen=True)
class Ray:
    """What the spectra of one event at one station depend on; SI units, pairs are P and S."""

    moment_nm: float
    stress_drop_pa: float
    speed_m_s: tuple[float, float]
    radius_m: float

    @property
    def corner_hz(self) -> tuple[float, float]:
        """Corner frequencies 0.49 v_S (stress drop / M0)^(1/3) of S and 1.4 times that of P (Brune 1970)."""
        s = 0.49 * self.speed_m_s[1] * float(self.stress_drop_pa / self.moment_nm) ** (1 / 3)
        return P_CORNER * s, s


def log_source(ray: Ray, kappa_s: float, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log displacement spectrum (2 [P, S], n; m^2 s) at the station, without path and radiation.

    F M0 / (4 pi rho v^3) / (1 + (f/fc)^2) exp(-pi kappa f): times 1/distance it is the far field (Brune 1970).
    """
    speed, corner = np.array(ray.speed_m_s)[:, None], np.array(ray.corner_hz)[:, None]
    kappa = kappa_s * np.array([[P_KAPPA], [1.0]])
    level = np.log(np.array(SURFACE)[:, None] * ray.moment_nm / (4 * np.pi * DENSITY * speed**3))
    return np.asarray(level - np.log1p((frequency_hz / corner) ** 2) - np.pi * kappa * frequency_hz)


def log_path(ray: Ray, earth: EarthSettings, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log of spreading and anelastic loss (2 [P, S], n; 1/m): 1/r exp(-pi f r / (Q v)), Q = q f^exponent.

    Q stays as it is below 1 Hz. Beyond 100 km S falls as 1/sqrt(r).
    """
    r = max(ray.radius_m, NEAREST_M)
    speed = np.array(ray.speed_m_s)[:, None]
    q = earth.q_s * np.array([[earth.q_p_over_q_s], [1.0]]) * np.maximum(frequency_hz, 1.0) ** earth.q_exponent
    spreading = -np.log(np.array([[r], [min(r, np.sqrt(r * SPREADS_M))]]))
    return np.asarray(spreading - np.pi * frequency_hz * r / (q * speed))


@lru_cache(maxsize=16)
def frequencies(n: int, rate: int) -> NDArray[np.float64]:
    """Return the frequencies (Hz) of a real transform of n samples."""
    return np.asarray(np.fft.rfftfreq(n, 1.0 / rate), dtype=np.float64)


@lru_cache(maxsize=16)
def _undulations(n: int, rate: int) -> NDArray[np.float64]:
    """Return cosines (SITE_TERMS, n // 2 + 1) over log frequency between the two of SITE_HZ."""
    low, high = SITE_HZ
    u = np.log(np.clip(frequencies(n, rate), low, high) / low) / np.log(high / low)
    return np.asarray(np.cos(np.pi * np.outer(np.arange(1, SITE_TERMS + 1), u)))


def log_site(site_log10: float, mean: float, draws: NDArray[np.float64], n: int, rate: int) -> NDArray[np.float64]:
    """Return log amplifications (rows, n // 2 + 1) of a station: its mean, and smooth undulations over log frequency.

    ``draws`` (rows, SITE_TERMS) are standard normal: the undulations' standard deviation is ``site_log10``.
    """
    scale = np.log(10.0) * site_log10 * np.sqrt(2.0 / SITE_TERMS)
    return np.asarray(np.log(mean) + scale * (draws @ _undulations(n, rate)))


def causal(log_amplitude: NDArray[np.float64], n: int, rate: int) -> NDArray[np.complex128]:
    """Return the spectra (.., n // 2 + 1) of the minimum-phase signals of these log amplitude spectra.

    By folding the cepstrum onto positive times (Oppenheim & Schafer 1989, section 12.7); low-passed towards the
    Nyquist frequency as a digitiser does, so that they stay causal when sampled.
    """
    cepstrum = np.fft.irfft(log_amplitude + _low_pass(n, rate), n)
    cepstrum[..., 1:n // 2] *= 2.0
    cepstrum[..., n // 2 + 1:] = 0.0
    return np.asarray(np.exp(np.fft.rfft(cepstrum)))


@lru_cache(maxsize=16)
def _low_pass(n: int, rate: int) -> NDArray[np.float64]:
    """Return the log of a low-pass from 0.8 of the Nyquist frequency on, over the loss of `_difference`."""
    share = 2.0 * frequencies(n, rate) / rate
    passed = np.cos(0.5 * np.pi * np.clip(5.0 * share - 4.0, 0.0, 1.0)) ** 2
    return np.asarray(np.log(np.maximum(passed, 0.01)) - np.log(np.sinc(0.5 * share)))


@lru_cache(maxsize=16)
def _difference(n: int, rate: int) -> NDArray[np.complex128]:
    return np.asarray(rate * (1.0 - np.exp(-2j * np.pi * frequencies(n, rate) / rate)))


def in_time(spectrum: NDArray[np.complex128], n: int, rate: int) -> NDArray[np.float64]:
    """Return the velocity (.., n) of displacement spectra of `causal`."""
    signal = rate * np.fft.irfft(spectrum * _difference(n, rate), n)
    half = n // 2
    signal[..., half:] *= np.linspace(1.0, 0.0, n - half)
    return np.asarray(signal)
