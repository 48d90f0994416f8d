"""ETAS: earthquakes that trigger earthquakes, in time and on the planes of the faults (Ogata 1988, 1998).

Shocks are frames with the columns ``time_s`` (after the first sample), ``magnitude``, ``fault`` (which), ``along_km``
and ``down_km`` (on its plane, from its middle), ``across_km`` (off it) and ``parent`` (row of the parent, -1 = none).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import exprel, ndtr, ndtri

from quakescribe.settings.simulate import SeismicitySettings, SimulateSettings

DAY_S, HOUR_S = 86400.0, 3600.0


def magnitudes(rng: np.random.Generator, n: int, low: float, high: float, b_value: float) -> NDArray[np.float64]:
    """Draw n magnitudes of the Gutenberg-Richter law between two ends (inverse transform)."""
    return np.asarray(low - np.log10(1.0 - rng.random(n) * (1.0 - 10.0 ** (-b_value * (high - low)))) / b_value)


def productivity(rules: SeismicitySettings) -> float:
    """Return k: an event of magnitude m has on average k 10^(alpha (m - magnitude_min)) direct aftershocks.

    From the branching ratio n, the mean over the magnitudes of the law: with M = magnitude_max - magnitude_min,
    n = k b / (b - alpha) (1 - 10^(-(b - alpha) M)) / (1 - 10^(-b M)).
    """
    span = np.log(10.0) * (rules.magnitude_max - rules.magnitude_min)
    return float(rules.branching_ratio * exprel(-rules.b_value * span) / exprel((rules.alpha - rules.b_value) * span))


def background(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Draw the Poisson background, uniform in time and on each plane, from history_days before the first sample on."""
    rules = settings.seismicity
    begin, end = -rules.history_days * DAY_S, settings.hours * HOUR_S - rules.quiet_end_s
    n = rng.poisson(rules.background_per_day * (end - begin) / DAY_S)
    share = np.array([fault.share for fault in rules.faults])
    fault = rng.choice(len(share), n, p=share / share.sum())
    half = _half_km(rules)[fault]
    return _shocks(rng, rules, rng.uniform(begin, end, n), fault, rng.uniform(-half[:, 0], half[:, 0]),
                   rng.uniform(-half[:, 1], half[:, 1]))


def mainshock(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Return the mainshock, in the middle of the first fault; no row if there is none."""
    rules = settings.seismicity
    seconds = settings.hours * HOUR_S
    n = 0 if rules.mainshock is None else 1
    time = np.clip(rules.mainshock_at * seconds, rules.quiet_end_s, seconds - rules.quiet_end_s)
    shocks = _shocks(rng, rules, np.full(n, time), np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n))
    return shocks.assign(magnitude=np.full(n, rules.mainshock, dtype=np.float64), across_km=np.zeros(n))


def swarm(rng: np.random.Generator, settings: SimulateSettings) -> pd.DataFrame:
    """Draw the swarm: Gaussian in time, and on the first fault round a point that may move along it."""
    rules = settings.seismicity
    seconds, sigma = settings.hours * HOUR_S, rules.swarm_hours * HOUR_S
    n, peak = rules.swarm_events, rules.swarm_at * seconds
    ends = ndtr((np.array([rules.quiet_end_s, seconds - rules.quiet_end_s]) - peak) / sigma)
    late = sigma * ndtri(rng.uniform(ends[0], ends[1], n))
    along, down = rules.swarm_km * rng.standard_normal((2, n))
    half = _half_km(rules)[np.zeros(n, dtype=np.int64)]
    return _shocks(rng, rules, peak + late, np.zeros(n, dtype=np.int64),
                   _folded(along + rules.swarm_km_h * late / HOUR_S, half[:, 0]), _folded(down, half[:, 1]))


def cascade(rng: np.random.Generator, rules: SeismicitySettings, first: pd.DataFrame, end_s: float) -> pd.DataFrame:
    """Return the shocks and all generations of their aftershocks before ``end_s``; parents stand before children."""
    generations, offset = [first], 0
    while len(generations[-1]):
        parents = generations[-1]
        children = _offspring(rng, rules, parents, end_s)
        children["parent"] += offset
        offset += len(parents)
        generations.append(children)
    return pd.concat(generations[:-1] or [first], ignore_index=True)


def _offspring(rng: np.random.Generator, rules: SeismicitySettings, parents: pd.DataFrame,
               end_s: float) -> pd.DataFrame:
    """Draw the direct aftershocks of shocks up to ``end_s``; ``parent`` counts rows of ``parents``.

    Delays after Omori-Utsu (Utsu 1961) by inverse transform. On the plane they lie in any direction, within a distance
    r with probability r / (r + d), d = spread_km 10^((m - 2)/2), and are reflected at the plane's edges. Off the plane
    they are normal with the fault's thickness, correlated with the parent as exp(-r / thickness): neighbours stay so.
    """
    c, power = rules.omori_c_s, rules.omori_p - 1.0
    time, magnitude = parents["time_s"].to_numpy(), parents["magnitude"].to_numpy()
    within = 1.0 - (1.0 + (end_s - time) / c) ** -power  # share of the aftershocks that comes before the end
    mean = productivity(rules) * 10.0 ** (rules.alpha * (magnitude - rules.magnitude_min)) * within
    row = np.repeat(np.arange(len(parents)), rng.poisson(mean))
    n = len(row)
    delay = c * ((1.0 - rng.random(n) * within[row]) ** (-1.0 / power) - 1.0)
    u = rng.random(n)
    distance = rules.spread_km * 10.0 ** (0.5 * (magnitude[row] - 2.0)) * u / (1.0 - u)
    direction = rng.uniform(0.0, 2.0 * np.pi, n)
    fault = parents["fault"].to_numpy()[row]
    half = _half_km(rules)[fault]
    shocks = _shocks(rng, rules, time[row] + delay, fault,
                     _folded(parents["along_km"].to_numpy()[row] + distance * np.cos(direction), half[:, 0]),
                     _folded(parents["down_km"].to_numpy()[row] + distance * np.sin(direction), half[:, 1]))
    thickness = np.array([fault.thickness_km for fault in rules.faults])[fault]
    like = np.exp(-distance / np.maximum(thickness, 1e-9))
    across = like * parents["across_km"].to_numpy()[row] + np.sqrt(1.0 - like**2) * shocks["across_km"].to_numpy()
    return shocks.assign(across_km=across, parent=row)


def _shocks(rng: np.random.Generator, rules: SeismicitySettings, time_s: NDArray[np.float64],
            fault: NDArray[np.int64], along_km: NDArray[np.float64], down_km: NDArray[np.float64]) -> pd.DataFrame:
    """Return shocks without parents, with magnitudes of the law, normally spread off the plane."""
    n = len(time_s)
    thickness = np.array([fault.thickness_km for fault in rules.faults])[fault]
    return pd.DataFrame({
        "time_s": time_s, "magnitude": magnitudes(rng, n, rules.magnitude_min, rules.magnitude_max, rules.b_value),
        "fault": fault, "along_km": along_km, "down_km": down_km, "across_km": thickness * rng.standard_normal(n),
        "parent": np.full(n, -1, dtype=np.int64)})


def _half_km(rules: SeismicitySettings) -> NDArray[np.float64]:
    """Return half the length and half the width of each fault's plane (km); shape (n_faults, 2)."""
    return np.array([(0.5 * fault.length_km,
                      0.5 * (fault.depth_km[1] - fault.depth_km[0]) / np.sin(np.radians(fault.dip_deg)))
                     for fault in rules.faults])


def _folded(x: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Reflect positions at both ends of [-half, half], as often as it takes."""
    span = 2.0 * np.maximum(half, 1e-9)
    return np.asarray(np.abs((x + half + span) % (2.0 * span) - span) - half)
