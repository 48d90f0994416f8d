"""What disturbances look like: shapes of any amplitude, from the parameters drawn for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

DECAYS = 6.0  # a knock is over after so many decay times
STEP_DECAYS = 7.0
RINGING_DECAYS = 5.0  # the ringing after a knock is over after so many times its time to the peak
KNOCK_S = (0.05, 0.3)  # decay time of the knock itself
CALIBRATION_S = 10.0  # between the two pulses of a calibration
RISE_S = 0.04  # of a knock
STEP_DECAY_S = 0.06  # of a footstep
HIGHEST = 0.4  # no ringing above this share of the sampling rate


@dataclass(frozen=True)
class Form:
    """What is drawn for a disturbance before its motion is made."""

    kind: str
    size_s: float  # decay time of a doublet, step or calibration pulse; peak time of an impulse's ringing; else length
    separation_s: float  # between the two knocks of a doublet or burst, else 0
    frequency_hz: float

    @property
    def length_s(self) -> float:
        """Seconds until it is over."""
        if self.kind in ("doublet", "burst"):
            return self.separation_s + DECAYS * self.size_s
        return {"spike": 0.0, "impulse": RINGING_DECAYS * self.size_s, "step": STEP_DECAYS * self.size_s,
                "calibration": CALIBRATION_S + 2.0 * DECAYS * self.size_s}.get(self.kind, self.size_s)

    def samples(self, rate: int) -> int:
        """Return the samples it touches, at least one."""
        return max(int(np.ceil(self.length_s * rate)), 1)


def motion(form: Form, rng: np.random.Generator, rate: int) -> NDArray[np.float64]:
    """Return the motion (3, n) rows Z, N, E, or (1, n) of what concerns one component only; of any amplitude."""
    n = form.samples(rate)
    t = np.arange(n) / rate
    if form.kind == "impulse":
        return _impulse(rng, rate, n, form)
    if form.kind == "doublet":  # the first knock steep, the second larger and level, as P and S are
        weights = np.array([rng.uniform(0.25, 0.7) * rng.uniform((0.8, 0.2, 0.2), (1.0, 0.6, 0.6)),
                            rng.uniform(0.7, 1.0, 3) * (0.5, 1.0, 1.0)])
        return _knocks(rng, rate, n, form, [0.0, form.separation_s], weights)
    if form.kind == "burst":  # the same, but weak on the vertical
        weights = rng.uniform(0.7, 1.0, (2, 3)) * [[0.35, 0.2, 0.2], [0.3, 1.0, 1.0]]
        return _knocks(rng, rate, n, form, [0.0, form.separation_s], weights)
    if form.kind == "footsteps":
        at = np.arange(0.0, form.size_s - DECAYS * STEP_DECAY_S, 1.0 / rng.uniform(1.5, 2.2))
        weights = _swell((at + 0.25) / form.size_s)[:, None] * rng.uniform(0.5, 1.0, (at.size, 3))
        return _knocks(rng, rate, n, replace(form, size_s=STEP_DECAY_S), list(at), weights)
    if form.kind == "spindle":
        return _swell(t / form.size_s) * rng.uniform(0.4, 1.0, (3, 1)) * _ringing(rng, rate, n, form.frequency_hz)
    if form.kind == "calibration":
        return np.tile(_pulse(t / form.size_s) - _pulse((t - CALIBRATION_S) / form.size_s), (3, 1))
    sign = rng.choice((-1.0, 1.0))
    if form.kind == "step":
        return np.asarray(sign * (np.exp(-t / form.size_s) - np.exp(-STEP_DECAYS)))[None, :]
    return np.asarray(sign * np.sin(np.pi * (np.arange(n) + 0.5) / n))[None, :]  # half sine; spike: one sample


def _impulse(rng: np.random.Generator, rate: int, n: int, form: Form) -> NDArray[np.float64]:
    """Return a knock (3, n) and the slower ringing of the ground after it, which swells and dies away."""
    x = np.arange(n) / rate / form.size_s
    swelling = np.maximum(_pulse(x) ** 2 - _pulse(np.array(RINGING_DECAYS)) ** 2 * x / RINGING_DECAYS, 0.0)
    ringing = swelling * _ringing(rng, rate, n, form.frequency_hz * rng.uniform(0.4, 0.8))
    ringing *= rng.uniform((0.3, 0.6, 0.6), 1.0)[:, None]
    weights = rng.uniform((0.6, 0.2, 0.2), (1.0, 0.7, 0.7))[None, :]
    knock = _knocks(rng, rate, n, replace(form, size_s=rng.uniform(*KNOCK_S)), [0.0], weights)
    return np.asarray(_unit(knock) + rng.uniform(0.4, 1.4) * _unit(ringing))


def _unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(x / np.max(np.abs(x)))


def _knocks(rng: np.random.Generator, rate: int, n: int, form: Form, at_s: list[float],
            weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return knocks (3, n) at given times: ringing that rises within `RISE_S` and dies away in `DECAYS` decay times."""
    out = np.zeros((3, n))
    t = np.arange(int(DECAYS * form.size_s * rate) + 1) / rate
    envelope = np.minimum((t + 1.0 / rate) / RISE_S, 1.0) * np.maximum(np.exp(-t / form.size_s) - np.exp(-DECAYS), 0.0)
    for start, weight in zip(at_s, weights, strict=True):
        first = round(start * rate)
        here = out[:, first:first + t.size]
        here += (weight[:, None] * envelope * _ringing(rng, rate, t.size, form.frequency_hz))[:, :here.shape[1]]
    return out


def _ringing(rng: np.random.Generator, rate: int, n: int, frequency_hz: float) -> NDArray[np.float64]:
    """Return Gaussian noise (3, n) about a frequency, in a band a third of it wide: a second-order autoregression."""
    frequency = min(frequency_hz, HIGHEST * rate)
    warm = int(3.0 * rate / frequency) + 1  # the samples in which it builds up are left out
    radius = np.exp(-np.pi * frequency / 3.0 / rate)
    poles = [1.0, -2.0 * radius * np.cos(2.0 * np.pi * frequency / rate), radius**2]
    return np.asarray(lfilter([1.0], poles, rng.standard_normal((3, n + warm)))[:, warm:])


def _swell(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what grows from 0 at x = 0 and is gone at x = 1."""
    return np.asarray(np.sin(np.pi * np.clip(x, 0.0, 1.0)) ** 2)


def _pulse(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a pulse that begins at x = 0, is 1 at x = 1 and dies away."""
    late = np.maximum(x, 0.0)
    return np.asarray(late * np.exp(1.0 - late))
