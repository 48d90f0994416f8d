"""Real and simulated seismograms with known onsets, and what is measured on both in the same way."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from records import ROOT
from scipy.signal import butter, sosfilt, welch

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.exchange.stations import read_stations
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate import build
from quakescribe.simulate.motion import ground_motion
from quakescribe.simulate.noise import noise
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.block import grid_index
from quakescribe.waveforms.prepare import load

Array = NDArray[np.float64]
RATE = 100
BAND = butter(4, (1, 20), "bandpass", fs=RATE, output="sos")
BEFORE, AFTER = 1500, 4500  # samples of a shot before P and after S
QUIET = pd.Timestamp("2019-07-04T16:50:10Z"), pd.Timestamp("2019-07-04T17:00:00Z")  # no event of the catalogue
MAINSHOCK = pd.Timestamp("2019-07-04T17:33:49Z")
VP, VS = 6.0, 3.45  # km/s, to tell the picks of one event from those of another


@dataclass(frozen=True)
class Shot:
    """One event at one station: ground velocity (3, n) in m/s, rows Z, N, E at 100 Hz, and the samples of P and S."""

    station: str
    magnitude: float
    hypocentral_km: float
    x: Array
    p: int
    s: int


@cache
def peer() -> Path | None:
    """Return the Python that has SeisBench, or None."""
    python = ROOT / ".peers" / "seisbench" / "bin" / "python"
    return python if python.exists() else None


def phasenet(weights: Path, *places: Path) -> pd.DataFrame:
    """Return PhaseNet's picks: station_id, phase, time (s after 1970, or after an npz window's start), probability."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "picks.csv"
        subprocess.run([str(peer()), str(ROOT / "evidence" / "phasenet_peer.py"), str(weights), str(out),
                        *map(str, places)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return pd.read_csv(out, keep_default_na=False)


def recordings(folder: Path) -> Iterator[tuple[str, Any, int, Array, bool]]:
    """Yield station_id, its row, the time of the first sample (ns), ground velocity, and whether it stands on rock.

    Seismometers of ridgecrest_waveforms that have a gain; those of the network PB lie in boreholes.
    """
    reading = WaveformsSettings()
    archive = open_archive(folder / "waveforms", reading)
    stations, channels = read_stations(folder / "stations.csv")
    for station_id in archive.station_ids:
        for block in load(archive, stations, channels, station_id, *archive.span(station_id), reading)[0]:
            if block.unit == "m/s" and block.sampling_rate == RATE:
                x = np.where(block.mask, 0.0, block.data).astype(float)[:, block.lead:]
                row = stations[stations["station_id"] == station_id].iloc[0]
                yield station_id, row, block.time_ns(block.lead), x, station_id.startswith("PB")


def real_shots(folder: Path, picks: pd.DataFrame, lowest: float = 1.7) -> list[Shot]:
    """Return the catalogue's events before the mainshock at all stations where PhaseNet picked P and S."""
    catalogue = pd.read_csv(folder / "reference" / "scsn_catalog.csv")
    catalogue["time"] = pd.to_datetime(catalogue["time"], utc=True, format="ISO8601")
    events = catalogue[(catalogue["time"] < MAINSHOCK) & (catalogue["magnitude"] >= lowest)]
    shots = []
    for station_id, row, first_ns, x, _ in recordings(folder):
        mine = picks[picks["station_id"] == station_id]
        for event in events.itertuples():
            flat, _ = distance_azimuth(np.array([event.latitude]), np.array([event.longitude]),
                                       np.array([row["latitude"]]), np.array([row["longitude"]]))
            deep = event[5] / 1000 + row["elevation_m"] / 1000
            r = float(np.hypot(flat[0], deep))
            at = [_nearest(mine, phase, event.time.timestamp() + r / v, 2.0) for phase, v in (("P", VP), ("S", VS))]
            if None in at:
                continue
            p, s = (round((t - first_ns * 1e-9) * RATE) for t in at)
            shots.append(Shot(station_id, event.magnitude, r, x[:, p - BEFORE:s + AFTER], BEFORE, BEFORE + s - p))
    return shots


def _nearest(picks: pd.DataFrame, phase: str, time: float, within: float) -> float | None:
    late = picks.loc[picks["phase"] == phase, "time"].to_numpy() - time
    k = int(np.abs(late).argmin()) if len(late) else 0
    return time + late[k] if len(late) and abs(late[k]) < within else None


def like(settings: SimulateSettings, magnitudes: tuple[float, float], hours: float) -> SimulateSettings:
    """Return a scenario's earth and noise with a network as wide as Ridgecrest's and a few single events."""
    alone = {"background_per_day": 600.0, "magnitude_min": magnitudes[0], "magnitude_max": magnitudes[1],
             "branching_ratio": 0.0, "mainshock": None, "swarm_events": 0}
    return settings.model_copy(update={
        "hours": hours, "network": settings.network.model_copy(update={"n_stations": 16, "aperture_km": 110.0}),
        "seismicity": settings.seismicity.model_copy(update=alone)})


def simulated_shots(settings: SimulateSettings) -> list[Shot]:
    """Return every event of a scenario at every station: its motion and the station's noise, no other event."""
    scenario = build(settings)
    shots = []
    for i, event in enumerate(scenario.events.itertuples()):
        for j, station in enumerate(scenario.stations):
            first, motion = ground_motion(scenario, i, j)
            p, s = (grid_index(int(t), RATE) - (first - BEFORE) for t in scenario.paths.onset_ns[i, j])
            n = s + AFTER
            x = np.array(noise(settings, station, first - BEFORE, n), dtype=float)
            end = min(n - BEFORE, motion.shape[1])
            x[:, BEFORE:BEFORE + end] += motion[:, :end]
            shots.append(Shot(station.station_id, event.magnitude, float(scenario.paths.hypocentral_km[i, j]), x, p, s))
    return shots


def comparable(shots: list[Shot], magnitudes: tuple[float, float], km: tuple[float, float]) -> list[Shot]:
    """Return the shots of these magnitudes and distances that stand far above the noise."""
    return [shot for shot in shots if magnitudes[0] <= shot.magnitude <= magnitudes[1]
            and km[0] <= shot.hypocentral_km <= km[1] and signal_to_noise(shot) > 8]


def filtered(shot: Shot) -> Array:
    """Return the shot from 1 to 20 Hz, causal."""
    return np.asarray(sosfilt(BAND, shot.x - shot.x[:, :200].mean(axis=1, keepdims=True), axis=1))


def signal_to_noise(shot: Shot) -> float:
    """Return the root mean square of the first second of P over that of the three before, on the vertical, 1-20 Hz."""
    z = filtered(shot)[0]
    return _rms(z[shot.p:shot.p + 100]) / _rms(z[shot.p - 320:shot.p - 20])


def features(shot: Shot) -> dict[str, float]:
    """Return what tells real from simulated earthquakes, 1 to 20 Hz."""
    y, p, s = filtered(shot), shot.p, shot.s
    flat = np.hypot(y[1], y[2])
    one = min(100, s - p - 10)
    peak_p, peak_s = np.abs(y[0, p:p + one]).max(), flat[s:s + 200].max()
    power = (y**2).sum(axis=0)
    envelope = np.sqrt(np.convolve(power, np.full(50, 0.02), "same"))[s:s + 3500]
    top = int(envelope[:400].argmax())
    smooth = np.sqrt(np.convolve(power, np.full(100, 0.01), "same"))[s + top:s + 3500]
    strong = np.sqrt(power[s:s + 100].mean())
    found = {
        "time from P to 90% of its peak, Z [s]": _until(np.abs(y[0, p - 5:p + one]), 0.9 * peak_p) - 0.05,
        "time from S to 90% of its peak, horizontal [s]": _until(flat[s - 5:s + 200], 0.9 * peak_s) - 0.05,
        "time from S to half the peak of the envelope, falling [s]": (top + int(np.argmax(smooth < envelope[top] / 2)))
        / RATE,
        "coda 5 s after S over S": np.sqrt(power[s + 500:s + 700].mean()) / strong,
        "coda 10 s after S over S": np.sqrt(power[s + 1000:s + 1200].mean()) / strong,
        "P, horizontal over vertical": flat[p:p + one].max() / peak_p,
        "S over P, peaks (horizontal, vertical)": peak_s / peak_p,
        "frequency of P [Hz]": _centre(shot.x[0, p - 10:p + one]),
        "frequency of S [Hz]": _centre(shot.x[1, s - 10:s + 150]),
        "frequency of the coda 8 s after S [Hz]": _centre(shot.x[1, s + 800:s + 1100]),
        "peak of S, horizontal [m/s]": peak_s,
    }
    if s - p > 150:
        late = y[:, p + int(0.6 * (s - p)):s - 15]
        found["coda of P before S over P, Z"] = _rms(late[0]) / _rms(y[0, p:p + one])
        found["coda of P, horizontal over vertical"] = float(np.sqrt((late[1:]**2).sum(axis=0).mean())) / _rms(late[0])
    return {name: float(value) for name, value in found.items()}


def power_db(velocity: Array) -> tuple[Array, Array]:
    """Return frequency (Hz) and power of acceleration (dB relative to 1 (m/s^2)^2/Hz), medians over windows of 41 s."""
    f, power = welch(velocity, RATE, nperseg=4096, average="median")
    return f[1:], 10 * np.log10(power[1:] * (2 * np.pi * f[1:]) ** 2)


def spectrum(x: Array) -> tuple[Array, Array]:
    """Return frequency and the amplitude spectrum of ground velocity (m), smoothed over a third of an octave."""
    taper = np.hanning(len(x)) ** 0.25
    f = np.fft.rfftfreq(512, 1 / RATE)
    amplitude = np.abs(np.fft.rfft((x - x.mean()) * taper, 512)) ** 2 / RATE**2
    centres = np.geomspace(1, 45, 40)
    return centres, np.sqrt([amplitude[(f >= c / 1.13) & (f <= c * 1.13)].mean() for c in centres])


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(x**2)))


def _until(x: Array, level: float) -> float:
    return float(np.argmax(x >= level)) / RATE


def _centre(x: Array) -> float:
    f = np.fft.rfftfreq(512, 1 / RATE)
    power = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(len(x)), 512)) ** 2 * ((f >= 1) & (f <= 40))
    return float((f * power).sum() / power.sum())
