"""The ground motion of one event at one station: pulses of P and S, what arrives between them, and their coda."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quakescribe.simulate import coda, distant, pulses, radiation
from quakescribe.simulate.scenario import Scenario
from quakescribe.simulate.shot import STATION_KEY, Shot, shot_of
from quakescribe.simulate.streams import STREAM_MOTION, stream

LONGEST_S = {"earthquake": 120.0, "blast": 60.0, "regional": 400.0, "teleseism": distant.TELESEISM_S}  # after S
SHORTEST_S = 2.0  # after S
HEARD = 0.2  # a motion lasts until its coda falls below this share of the station's noise
FAINT = 0.01  # a motion whose peak lies below this share of the noise is its pulses alone
BAND_HZ = (1.0, 20.0)  # in which the noise is stated
SHARES = np.array([[1.0, 0.85, 0.85], [0.85, 1.06, 1.06]])  # of the waves scattered from P and from S on Z, N, E
# a pulse arrives in a first arrival, a train of arrivals along the same ray, and a tail from all around
FIRST, FIRST_KM = 0.55, 40.0  # share of the first arrival in the amplitude near the source; falls as exp(-r / km)
TRAIN_S, TRAIN_S_PER_KM = (0.03, 0.15), 0.005  # length of the train (P, S): so much, and more with distance
TRAIN_CUT_S = 1.5
TAIL, TAIL_S, TAIL_KM = 3.0, 1.0, 30.0  # energy of the tail over the rest's and its length at this distance; both
# grow as its root
RISE = 0.2  # of the tail and the coda after an onset, as a share of the tail's length
P_CODA_DIES = 0.3  # after S, within this share of S-P and half a second
EMERGES = 0.3  # first arrival of a head wave, as a share of another's
LATE_S = 1.5  # beyond this lag the direct S stands apart from the head wave's
KAPPA_SCATTER = 0.35  # of the stations (natural log)
BLAST_P = 0.6  # isotropic radiation of P


def ground_motion(scenario: Scenario, event: int, station: int) -> tuple[int, NDArray[np.float64]]:
    """Return the grid index of the first sample and the ground velocity (3, n), rows Z, N, E (m/s).

    Depends on the settings, the event and the station only. The first sample is the one nearest to the P onset. It
    ends smoothly where the coda falls below a fifth of the station's noise from 1 to 20 Hz.
    """
    shot = shot_of(scenario, event, station)
    number = scenario.rows[event]["event_id"]  # not its row, which other events would change
    rng = stream(scenario.settings, STREAM_MOTION, number, station)
    if shot.kind == "teleseism":
        motion, main = _teleseism(shot, rng, stream(scenario.settings, STREAM_MOTION, number, STATION_KEY)), 0
    else:
        motion, main = _local(shot, rng), shot.gap
    n = motion.shape[1]
    fade = min((n - main) // 3, 5 * shot.rate)
    motion[:, n - fade:] *= 0.5 * (1.0 + np.cos(np.pi * np.arange(1, fade + 1) / fade))
    return shot.first[0], motion


def reach_s(scenario: Scenario) -> float:
    """Return the longest time (s) that any motion of a scenario can last after its P onset."""
    if not len(scenario.events) or not scenario.stations:
        return 0.0
    kinds = scenario.events["kind"].to_numpy()
    gap = np.diff(scenario.paths.onset_ns, axis=2)[..., 0].max(axis=1) * 1e-9
    gap[kinds == "teleseism"] = 0.0
    return float(np.max(gap + np.array([LONGEST_S[kind] for kind in kinds]))) + 2.0


@dataclass(frozen=True)
class Spectra:
    """Logs of amplitudes of displacement (m s) on a frequency grid; every array (.., n_frequencies)."""

    n: int  # samples of a pulse
    frequency_hz: NDArray[np.float64]
    source: NDArray[np.float64]  # P, S; before the path and the radiation
    path: NDArray[np.float64]  # P, S
    site: NDArray[np.float64]  # of P on the vertical, of S on the horizontals
    pattern: NDArray[np.float64]  # P, SV, SH: size of the radiation, not its log
    sign: NDArray[np.float64]  # P, SV, SH


def _spectra(shot: Shot) -> Spectra:
    earth, ray = shot.settings.earth, shot.ray
    length = max(5.0, 12.0 / ray.corner_hz[1], ray.radius_m / 20_000.0)
    n = 1 << int(np.ceil(np.log2(length * shot.rate)))
    f = pulses.frequencies(n, shot.rate)
    if shot.kind == "blast":
        s = shot.settings.other.blast_s_over_p * radiation.MEAN[1] / np.sqrt(2.0)
        sign, pattern = np.ones(3), np.array([[BLAST_P], [s], [s]]) * np.ones(len(f))
    else:
        couple = radiation.double_couple(shot.azimuth_deg, shot.takeoff_deg, *shot.mechanism)
        sign, pattern = np.where(couple < 0.0, -1.0, 1.0), radiation.blurred(couple, f)
    upright, level = shot.draws[:2]
    site = pulses.log_site(earth.site_log10, shot.station.site, np.stack((upright, 0.7 * (upright + level))), n,
                           shot.rate)
    kappa_s = earth.kappa_s * float(np.exp(KAPPA_SCATTER * shot.draws[2, 1]))
    return Spectra(n, f, pulses.log_source(ray, kappa_s, f), pulses.log_path(ray, earth, f), site, pattern, sign)


def _local(shot: Shot, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the motion (3, n) of an earthquake or a blast."""
    spectra = _spectra(shot)
    seconds = _heard_s(shot, spectra)
    n = shot.gap + int(max(seconds, SHORTEST_S) * shot.rate) + 1
    motion = np.zeros((3, n))
    _pulses(shot, spectra, rng, motion)
    if seconds > 0.0:
        _scattered(shot, spectra, rng, motion)
        if shot.kind == "blast":
            level = float(np.exp(spectra.source[1, 0] + spectra.site[0, 0])) * radiation.MEAN[1] / 1000.0
            vertical, radial = distant.rayleigh(level, shot.distance_m, shot.lapse_s[0], n, shot.rate)
            azimuth = np.radians(shot.heading_deg)
            motion += np.stack((vertical, radial * np.cos(azimuth), radial * np.sin(azimuth)))
    return motion


def _heard_s(shot: Shot, spectra: Spectra) -> float:
    """Return how long (s) after S the motion is heard above the station's noise; 0 = not at all."""
    f = spectra.frequency_hz
    low, high = np.searchsorted(f, BAND_HZ)
    step = max(int((high - low) // 20), 1)
    band, width = slice(int(low), int(high), step), step * f[1]
    limit = shot.station.noise_m_s**2
    velocity = 2.0 * np.pi * f[band]
    s = np.exp(spectra.source[1, band] + spectra.path[1, band] + spectra.site[1, band]) * velocity
    energy = 2.0 * float(np.sum(s**2)) * width
    if 9.0 * energy < FAINT**2 * limit:
        return 0.0
    t = np.concatenate(([0.0], np.geomspace(1.0, LONGEST_S[shot.kind], 16)))
    share, tail = _tail(shot)
    power = energy * share / (1.0 + share) / tail / 3.0 * np.exp(-t / tail)
    power += _coda_power(shot, spectra, t, band).sum(axis=1) * width
    over = np.log(power / (HEARD**2 * limit))
    heard = int(np.max(np.flatnonzero(over > 0.0), initial=-1))
    last = SHORTEST_S if heard < 0 else t[-1]
    if 0 <= heard < len(t) - 1:
        last = t[heard] + (t[heard + 1] - t[heard]) * over[heard] / (over[heard] - over[heard + 1])
    rg = shot.distance_m / distant.RG_M_S[1] - shot.lapse_s[1] + 4.0 if shot.kind == "blast" else 0.0
    return float(max(last, rg, SHORTEST_S))


def _coda_power(shot: Shot, spectra: Spectra, t: NDArray[np.float64], at: slice) -> NDArray[np.float64]:
    """Return the one-sided power (n_times, n_frequencies; m2/s2/Hz) of the S coda, mean of the components.

    Single scattering: 2 |V|^2 2 g / (v_S t^2) with V the source's velocity spectrum times distance and g the
    scattering coefficient at that frequency; its decay is that of `coda.log_decay`. ``t`` counts from the S onset.
    """
    earth, f = shot.settings.earth, spectra.frequency_hz[at]
    velocity = 2.0 * np.pi * f * np.exp(spectra.source[1, at] + spectra.site[1, at])
    mean = radiation.MEAN[1] * (shot.settings.other.blast_s_over_p if shot.kind == "blast" else 1.0)
    scattering = earth.scattering_per_km / 1000.0 / np.maximum(f, 0.3)
    level = 4.0 * scattering / (shot.ray.speed_m_s[1] * coda.REFERENCE_S**2) * (mean * velocity) ** 2 / 3.0
    return np.asarray(level * np.exp(coda.log_decay(shot.lapse_s[1] + t, shot.lapse_s[1], f, earth.coda_decay,
                                                    earth.coda_q)))


def _pulses(shot: Shot, spectra: Spectra, rng: np.random.Generator, motion: NDArray[np.float64]) -> None:
    """Add P along the ray, SV and SH across it, and Sp before S."""
    f, rate = spectra.frequency_hz, shot.rate
    rows = np.array([0, 1, 1])
    amplitude = spectra.source[rows] + spectra.path[rows] + spectra.site[rows] + np.log(spectra.pattern)
    amplitude -= 0.5 * np.log1p(_tail(shot)[0])
    late = np.array(shot.late_s)[rows, None]
    spectrum = spectra.sign[:, None] * pulses.causal(amplitude, spectra.n, rate) * np.exp(-2j * np.pi * f * late)
    p, sv, sh = pulses.in_time(spectrum * _trains(shot, spectra, rng), spectra.n, rate)
    ways = radiation.directions(shot.heading_deg, shot.incidence_deg)
    along, across = np.outer(ways[0], p), np.outer(ways[1], sv) + np.outer(ways[2], sh)
    for k, begin, signal, first in ((0, 0, along, 0.5), (1, shot.gap, across, 0.7)):
        lag = round(shot.direct_s[k] * rate)
        if lag > LATE_S * rate * k:  # the direct S stands apart from the head wave's beyond LATE_S only
            _add(motion, begin, first * signal)
            _add(motion, begin + lag, signal)
        else:
            _add(motion, begin, signal)
    early = round(shot.precursor_s * rate)
    if 0 < early < shot.gap:
        stronger = sh if np.abs(sh).max() > np.abs(sv).max() else sv
        _add(motion, shot.gap - early, np.outer(shot.settings.earth.converted * ways[0], stronger))


def _trains(shot: Shot, spectra: Spectra, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Return the spectra (3, n) of what small structure makes of one pulse of P, SV, SH: a train of arrivals.

    A first one, whose share falls with distance, and many small ones behind it; their energies add up to 1. A head
    wave's first arrival is smaller and those behind it grow before they die away.
    """
    rate, km = shot.rate, shot.ray.radius_m / 1000.0
    t = np.arange(1, int(TRAIN_CUT_S * rate)) / rate
    length = np.array([TRAIN_S[0], TRAIN_S[1], TRAIN_S[1]])[:, None] + TRAIN_S_PER_KM * km
    first = np.full(3, max(FIRST * np.exp(-km / FIRST_KM), 0.2)) * np.exp(0.3 * rng.standard_normal(3))
    envelope = np.exp(-t / length) * np.minimum(2.0 * t / length, 1.0) ** 2
    if shot.direct_s[0] > 0.0:
        first[0] *= EMERGES
        envelope[0] *= np.minimum(t / length[0], 1.0)
    rest = rng.standard_normal((3, len(t))) * envelope
    first = np.minimum(first, 0.9)
    rest *= np.sqrt((1.0 - first**2) / np.sum(rest**2, axis=1))[:, None]
    return np.asarray(np.fft.rfft(np.concatenate((first[:, None], rest), axis=1), spectra.n))


def _add(motion: NDArray[np.float64], at: int, signal: NDArray[np.float64]) -> None:
    n = min(motion.shape[1] - at, signal.shape[1])
    if n > 0:
        motion[:, at:at + n] += signal[:, :n]


def _scattered(shot: Shot, spectra: Spectra, rng: np.random.Generator, motion: NDArray[np.float64]) -> None:
    """Add the scattered waves: behind P up to S and a while longer, behind S to the end."""
    earth, rate = shot.settings.earth, shot.rate
    size = min(1 << int(np.ceil(np.log2(rate * min(max(1.0, 2.0 / shot.ray.corner_hz[1]), 10.0)))), spectra.n)
    at = slice(None, None, spectra.n // size)
    f = spectra.frequency_hz[at]
    velocity = 2.0 * np.pi * f * np.exp(spectra.source[:, at] + spectra.path[:, at] + spectra.site[:, at])
    pattern = np.stack((spectra.pattern[0, at], np.hypot(spectra.pattern[1, at], spectra.pattern[2, at])))
    energy = 2.0 * (pattern * velocity) ** 2
    share, tail = _tail(shot)
    energy /= 1.0 + share
    gap_s = shot.gap / rate
    for phase, begin in enumerate((0, shot.gap)):
        n = motion.shape[1] - begin
        last = n / rate if phase else gap_s + 5.0 * (P_CODA_DIES * gap_s + 0.5)  # P's is gone by then
        t = np.arange(2 * min(n, int(last * rate)) // size + 2) * (0.5 * size / rate)
        power = (share / tail / 3.0) * np.exp(-t / tail)[:, None] * energy[phase]
        if phase == 0:
            second = energy[0] * (1.0 + share * (1.0 - np.exp(-1.0 / tail)))
            fall = np.exp(-np.maximum(t - gap_s, 0.0) / (P_CODA_DIES * gap_s + 0.5))[:, None]
            power += earth.p_coda_ratio**2 * fall * second
        else:
            power += _coda_power(shot, spectra, t, at)
        shares = SHARES[phase][:, None] * np.exp(spectra.site[[0, 1, 1], at] - spectra.site[phase, at])
        noise = coda.shaped_noise(rng, power, shares, n, rate)
        rise = min(int(8 * RISE * tail * rate), n)
        noise[:, :rise] *= (1.0 - np.exp(-np.arange(rise) / (RISE * tail * rate))).astype(np.float32)
        motion[:, begin:] += noise


def _tail(shot: Shot) -> tuple[float, float]:
    """Return energy (over the pulse's) and length (s) of the train that scattering makes of a pulse on its way."""
    ratio = (shot.ray.radius_m / 1000.0 / TAIL_KM) ** 0.5
    return TAIL * ratio, TAIL_S * ratio


def _teleseism(shot: Shot, own: np.random.Generator, common: np.random.Generator) -> NDArray[np.float64]:
    """Return the motion (3, n) of a teleseism's P: the same train at every station, and a little of its own."""
    n = int(distant.TELESEISM_S * shot.rate)
    train = shot.station.site * distant.teleseism(common, shot.magnitude, n, shot.rate)
    way = radiation.directions(shot.heading_deg, shot.incidence_deg)[0]
    peak = np.abs(train).max()
    around = np.stack([distant.teleseism(own, 0.0, n, shot.rate) for _ in range(3)])
    around *= distant.SCATTERED * peak / np.abs(around).max(axis=1, keepdims=True)
    return np.asarray(np.outer(way, train) + around)
