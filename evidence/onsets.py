"""Simulated onsets with known times: P and S of random size, frequency, rise and coda in coloured noise.

Run as a script it prints the constants of the uncertainty of PAL's onsets that fit best (see docs/pick.md). The figures
of the evidence are measured on other seeds.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.signal import butter, sosfilt

from quakescribe.pick import pick_unit
from quakescribe.settings.pick import PickSettings
from quakescribe.waveforms.block import Block

FS = 100.0
SPACING_S = 60.0
START_S = 1_562_198_400
FIT_SEEDS, CHECK_SEEDS = range(12), range(100, 112)


def station(seed: int, n_events: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Return (3, n) samples, rows Z, N, E, and the true (P, S) in seconds."""
    rng = np.random.default_rng(seed)
    n = int(n_events * SPACING_S * FS)
    x = np.empty((3, n))
    for row in x:
        white = rng.standard_normal(n)
        low = sosfilt(butter(2, rng.uniform(1, 5) / (FS / 2), output="sos"), white)
        row[:] = 0.5 * white + 2 * low / low.std()
    noise = sosfilt(butter(4, [1 / (FS / 2), 20 / (FS / 2)], btype="band", output="sos"), x[0]).std()
    truth = []
    for k in range(n_events):
        p = (k + 0.5) * SPACING_S + rng.uniform(-10, 10)
        s = p + rng.uniform(0.8, 9.5)
        size, corner = noise * 10 ** rng.uniform(0.5, 2.5), 10 ** rng.uniform(0.3, 1.2)
        ray, shear = _directions(rng)
        _add(x, rng, p, size / rng.uniform(1.5, 5), 1.4 * corner, ray, rng.exponential(0.05))
        _add(x, rng, s, size, corner, shear, rng.exponential(0.08))
        truth.append((p, s))
    return x.astype(np.float32), np.array(truth)


def _directions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    a, i, turn = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(5, 45)), rng.uniform(0, 2 * np.pi)
    ray = np.array([np.cos(i), np.sin(i) * np.cos(a), np.sin(i) * np.sin(a)])
    sv = np.array([-np.sin(i), np.cos(i) * np.cos(a), np.cos(i) * np.sin(a)])
    return ray, np.cos(turn) * sv + np.sin(turn) * np.array([0, -np.sin(a), np.cos(a)])


def _add(x: np.ndarray, rng: np.random.Generator, t: float, size: float, f: float, direction: np.ndarray,
         rise: float) -> None:
    first, m = int(t * FS), int(25 * FS)
    age = np.arange(m) / FS - (t - first / FS)
    begun, age = age >= 0, np.maximum(age, 0)
    pulse = age * np.exp(1 - 2 * np.pi * f * age) * 2 * np.pi * f * np.cos(1.4 * np.pi * f * age)
    envelope = (1 - np.exp(-age / (rise + 1e-3))) * np.exp(-age / rng.uniform(1.5, 5))
    band = butter(2, [0.5 * f / (FS / 2), min(1.6 * f, 45) / (FS / 2)], btype="band", output="sos")
    coda = sosfilt(band, rng.standard_normal((3, m)), axis=1)
    coda *= envelope / coda.std(axis=1, keepdims=True)
    wave = size * begun * (direction[:, None] * (pulse + 0.4 * coda[0]) + 0.25 * coda)
    end = min(x.shape[1], first + m)
    x[:, first:end] += wave[:, :end - first]


def errors(seed: int, settings: PickSettings) -> dict[str, np.ndarray]:
    """Pick one station; return per phase rows (error s, uncertainty s, snr) of pairs within 1.5 s of an event."""
    x, truth = station(seed)
    n = x.shape[1]
    block = Block("XX.SIM.", FS, int(START_S * FS), x, np.zeros(x.shape, dtype=bool), np.zeros(n, dtype=np.int64),
                  "m/s", "ZNE", np.full(3, np.inf))
    picks, _ = pick_unit(lambda a, b: [block], START_S * 10**9, int((START_S + n / FS) * 10**9), settings)
    p = picks[(picks["phase"] == "P") & (picks["pair_id"] != 0)].set_index("pair_id")
    s = picks[picks["phase"] == "S"].set_index("pair_id").loc[p.index]
    out = {}
    at = {name: f["time"].astype("int64").to_numpy() / 1e9 - START_S for name, f in (("P", p), ("S", s))}
    event = np.abs(at["P"][:, None] - truth[:, 0]).argmin(axis=1)
    near = np.abs(at["P"] - truth[event, 0]) < 1.5
    for column, (name, frame) in enumerate((("P", p), ("S", s))):
        rows = np.column_stack([at[name] - truth[event, column], frame["uncertainty_s"], frame["snr"]])
        out[name] = rows[near & (np.abs(rows[:, 0]) < 1.5)]
    return out


def early(rate: float, settings: PickSettings, n_events: int = 60) -> dict[str, np.ndarray]:
    """Pick damped sines of 5 Hz with sharp onsets in white noise, at a sampling rate: return errors (s) by phase."""
    rng = np.random.default_rng(3)
    n = int(n_events * SPACING_S * rate)
    x, t, truth = rng.normal(0, 20, (3, n)), np.arange(n) / rate, []
    for k in range(n_events):
        p = (k + 0.5) * SPACING_S + rng.uniform(-5, 5)
        truth.append((p, p + 4.2))
        for onset, size in zip(truth[-1], ([[800], [200], [200]], [[900], [3000], [3000]]), strict=True):
            first = int(onset * rate) + 1
            age = t[first:first + int(12 * rate)] - onset
            x[:, first:first + len(age)] += np.array(size) * np.sin(10 * np.pi * age) * np.exp(-age / 1.5)
    block = Block("XX.SIM.", rate, int(START_S * rate), x.astype(np.float32), np.zeros(x.shape, dtype=bool),
                  np.zeros(n, dtype=np.int64), "m/s", "ZNE", np.full(3, np.inf))
    picks, _ = pick_unit(lambda a, b: [block], START_S * 10**9, int((START_S + n / rate) * 10**9), settings)
    out = {}
    for phase, onsets in zip("PS", np.array(truth).T, strict=True):
        at = picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() / 1e9 - START_S
        error = at[:, None] - onsets
        error = error[np.abs(error).argmin(axis=0), np.arange(n_events)]
        out[phase] = error[np.abs(error) < 1.0]
    return out


def fit() -> None:
    """Print, per phase, the constants of PAL's onsets with which one and two sigma hold their shares in every group."""
    from quakescribe.pick import uncertainty as u

    walked = PickSettings(onset="pal", phase_test=False, trigger_threshold=12.0)
    for name, phase in (("P", u.P), ("S", u.S)):
        rows = np.concatenate([errors(seed, walked)[name] for seed in FIT_SEEDS])
        e, strength = np.abs(rows[:, 0]), np.maximum(rows[:, 2], 1) ** 2
        rise = np.sqrt(np.maximum(rows[:, 1] ** 2 - u.FLOOR_S**2 - (phase.noise_s / strength) ** 2, 0)) / phase.rise
        groups = [np.digitize(v, np.quantile(v, [0.2, 0.4, 0.6, 0.8])) for v in (strength, rise)]
        best = []
        for a, b in itertools.product(np.arange(0.3, 0.9, 0.05), (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0)):
            z = e / np.sqrt(u.FLOOR_S**2 + (a * rise) ** 2 + (b / strength) ** 2)
            cost = sum((np.mean(z[g == k] < 1) - 0.683) ** 2 + 0.5 * (np.mean(z[g == k] < 2) - 0.954) ** 2
                       for g in groups for k in range(5))
            best.append((cost, a, b))
        cost, a, b = min(best)
        print(f"{name}: rise {a:.2f}, noise {b:.1f} s (cost {cost:.3f}, {len(e)} onsets)")


if __name__ == "__main__":
    fit()
