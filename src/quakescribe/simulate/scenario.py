"""Who records what: the network, the earth and the earthquakes of a simulation, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import LocalFrame, distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.kernels.raytrace import first_arrival
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.tables import CHANNELS, STATIONS, event_ids

NETWORK = "QS"
GAP_S, OVERLAP_S = 20.0, 30.0
FAULTS = ((25.0, 26.0), (118.0, 16.0))  # strike (deg), length (km), both through the middle of the network
DIP_DEG, CORE_KM, WIDTH_KM = 78.0, 3.0, 0.4  # dip; spread of aftershocks along strike; thickness of the faults
GOLDEN_DEG = 137.50776405003785

# what a random stream is for; the first entry after the seed
STREAM_NETWORK, STREAM_EVENTS, STREAM_PATHS, STREAM_MOTION, STREAM_NOISE, STREAM_BURSTS = range(6)


@dataclass(frozen=True)
class Station:
    """One simulated station."""

    index: int
    station_id: str
    latitude: float
    longitude: float
    elevation_m: float
    gain: float
    gain_known: bool
    components: str  # 'ZNE', 'Z12' or 'Z'
    azimuth_deg: float  # of the first horizontal, clockwise from north
    noise_m_s: float
    site: float
    delay_s: float
    gap_ns: tuple[int, int] | None
    overlap_ns: tuple[int, int] | None


@dataclass(frozen=True)
class Paths:
    """Every event-station-phase ray; arrays of shape (n_events, n_stations) or (n_events, n_stations, 2 [P, S])."""

    distance_km: NDArray[np.float64]
    azimuth_deg: NDArray[np.float64]
    hypocentral_km: NDArray[np.float64]
    onset_ns: NDArray[np.int64]
    takeoff_deg: NDArray[np.float64]
    incidence_deg: NDArray[np.float64]


@dataclass(frozen=True)
class Scenario:
    """Everything that is decided before the first sample is made."""

    settings: SimulateSettings
    model: VelocityModel
    stations: tuple[Station, ...]
    events: pd.DataFrame
    paths: Paths

    @property
    def span_ns(self) -> tuple[int, int]:
        """First sample, and the end (ns after 1970)."""
        start = int(self.settings.start.timestamp()) * 1_000_000_000
        return start, start + round(self.settings.hours * 3600) * 1_000_000_000

    def stations_table(self) -> pd.DataFrame:
        """Return the `stations` table."""
        keep = ("station_id", "latitude", "longitude", "elevation_m")
        return STATIONS.make({name: [getattr(s, name) for s in self.stations] for name in keep})

    def channels_table(self) -> pd.DataFrame:
        """Return the `channels` table."""
        rows = [{"station_id": s.station_id, "channel": "HH" + component, "azimuth_deg": azimuth, "dip_deg": dip,
                 "gain": s.gain if s.gain_known else np.nan, "unit": "m/s" if s.gain_known else None,
                 "has_response": s.gain_known}
                for s in self.stations for component, azimuth, dip in orientations(s)]
        return CHANNELS.order(CHANNELS.conform(pd.DataFrame(rows)))


def orientations(station: Station) -> list[tuple[str, float, float]]:
    """Return (component, azimuth, dip) of each channel."""
    horizontals = [(code, (station.azimuth_deg + turn) % 360.0, 0.0)
                   for code, turn in zip(station.components[1:], (0.0, 90.0), strict=False)]
    return [("Z", 0.0, -90.0), *horizontals]


def build(settings: SimulateSettings) -> Scenario:
    """Draw the whole scenario."""
    model = VelocityModel("simulated", np.array(settings.layer_top_km, dtype=np.float64), np.array(settings.layer_vp),
                          np.array(settings.layer_vp) / settings.vp_vs)
    stations = _stations(settings)
    events = _events(settings)
    return Scenario(settings, model, stations, events, _paths(settings, model, stations, events))


def stream(settings: SimulateSettings, *key: int) -> np.random.Generator:
    """Return the random numbers that belong to one thing (a station's hour, an event's path) and to nothing else."""
    return np.random.default_rng([settings.seed, *key])


def _stations(settings: SimulateSettings) -> tuple[Station, ...]:
    n = settings.n_stations
    rng = stream(settings, STREAM_NETWORK)
    frame = LocalFrame(settings.latitude, settings.longitude)
    radius = 0.5 * settings.aperture_km * np.sqrt((np.arange(n) + 0.5) / n)
    angle = np.radians(GOLDEN_DEG * np.arange(n)) + rng.normal(0, 0.1, n)
    latitude, longitude = frame.to_geographic(radius * np.sin(angle), radius * np.cos(angle))
    elevation = rng.uniform(*settings.elevation_m, n)
    gain = settings.gain * rng.uniform(0.8, 1.2, n)
    noise = settings.noise_m_s * 10 ** rng.normal(0, settings.noise_log10, n)
    site = 10 ** rng.normal(0, settings.site_log10, n)
    delay = rng.normal(0, settings.station_term_s, n)
    azimuth = rng.uniform(20, 340, n)
    start = int(settings.start.timestamp())
    pause = np.sort(rng.uniform(0.1, 0.9, n)) * settings.hours * 3600

    outward = list(range(n))[::-1]  # the odd ones sit at the rim, the oblique ones inside
    vertical = outward[:settings.n_vertical_only]
    unknown = outward[len(vertical):][:settings.n_without_gain]
    oblique = list(range(n))[1:1 + settings.n_oblique]
    gaps = list(range(n))[2:2 + settings.n_gaps]
    overlaps = list(range(n))[:settings.n_overlaps]

    def span(i: int, members: list[int], seconds: float) -> tuple[int, int] | None:
        first = (start + int(pause[i])) * 1_000_000_000
        return (first, first + int(seconds * 1e9)) if i in members else None

    return tuple(
        Station(index=i, station_id=f"{NETWORK}.S{i + 1:02d}.", latitude=round(float(latitude[i]), 5),
                longitude=round(float(longitude[i]), 5), elevation_m=round(float(elevation[i]), 0),
                gain=round(float(gain[i]), 0), gain_known=i not in unknown,
                components="Z" if i in vertical else "Z12" if i in oblique else "ZNE",
                azimuth_deg=round(float(azimuth[i]), 1) if i in oblique else 0.0, noise_m_s=float(noise[i]),
                site=float(site[i]), delay_s=float(delay[i]), gap_ns=span(i, gaps, GAP_S),
                overlap_ns=span(i, overlaps, OVERLAP_S))
        for i in range(n))


def moment(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seismic moment (N m) of a local magnitude.

    M0 = 10^(1.5 Mw + 9.1) with Mw = 2/3 ML + 0.65 below ML 3 and Mw = ML - 0.35 above: the local magnitude of small
    events grows with log M0, because attenuation and not the corner frequency limits their amplitude (Deichmann 2017).
    The constant makes the Wood-Anderson amplitudes of this earth agree with those of Hutton & Boore (1987) within 0.1.
    """
    mw = np.where(magnitude < 3.0, 2.0 / 3.0 * magnitude + 0.65, magnitude - 0.35)
    return np.asarray(10.0 ** (1.5 * mw + 9.1))


def _events(settings: SimulateSettings) -> pd.DataFrame:
    """Draw the earthquakes: background on two faults, a mainshock, aftershocks after Omori-Utsu."""
    rng = stream(settings, STREAM_EVENTS)
    n = settings.n_events
    seconds = settings.hours * 3600
    is_after = np.arange(n) < round(settings.aftershock_share * n)
    fault = np.where(is_after, 0, rng.integers(0, len(FAULTS), n))
    strike, length = (np.array([f[k] for f in FAULTS])[fault] for k in (0, 1))
    low, high = settings.depth_km
    middle = low + 0.6 * (high - low)

    along = np.where(is_after, rng.normal(0, CORE_KM, n), rng.uniform(-0.5, 0.5, n) * length)
    depth = np.where(is_after, rng.normal(middle, 0.15 * (high - low), n), low + (high - low) * rng.beta(3, 2, n))
    across = rng.normal(0, WIDTH_KM, n)
    u = rng.uniform(size=n)
    reach = 1.0 - 10.0 ** (-settings.b_value * (settings.magnitude_max - settings.magnitude_min))
    magnitude = settings.magnitude_min - np.log10(1.0 - rng.uniform(size=n) * reach) / settings.b_value
    main_at = max(settings.mainshock_at * seconds, settings.quiet_end_s)
    last = seconds - settings.quiet_end_s
    c = settings.omori_c_s
    after = main_at + c * ((1.0 + max(last - main_at, 0.0) / c) ** u - 1.0)
    time = np.where(is_after, after, settings.quiet_end_s + u * (last - settings.quiet_end_s))
    if n:
        along[0], across[0], depth[0], magnitude[0], time[0] = 0.0, 0.0, middle, settings.mainshock, main_at
    depth = np.clip(depth, low, high)

    azimuth = np.radians(strike)
    shift = across + (depth - middle) / np.tan(np.radians(DIP_DEG))  # down-dip is to the right of strike
    x = along * np.sin(azimuth) + shift * np.cos(azimuth)
    y = along * np.cos(azimuth) - shift * np.sin(azimuth)
    latitude, longitude = LocalFrame(settings.latitude, settings.longitude).to_geographic(x, y)
    start = int(settings.start.timestamp()) * 1_000_000_000
    origin = start + np.round(time * 1e6).astype(np.int64) * 1000
    events = pd.DataFrame({
        "time": pd.to_datetime(origin, utc=True), "latitude": np.round(latitude, 5),
        "longitude": np.round(longitude, 5), "depth_km": np.round(depth, 3), "magnitude": np.round(magnitude, 2),
        "strike_deg": (strike + rng.normal(0, 12, n)) % 360.0, "dip_deg": np.clip(rng.normal(DIP_DEG, 8, n), 1, 90),
        "rake_deg": rng.normal(180, 20, n), "stress_drop_mpa": settings.stress_drop_mpa * 2.0 ** rng.normal(0, 1, n)})
    events = events.sort_values("time", kind="stable").reset_index(drop=True)
    events.insert(0, "event_id", event_ids(events["time"]) if n else np.empty(0, dtype=np.int64))
    events["moment_nm"] = moment(events["magnitude"].to_numpy(dtype=np.float64))
    return events


def _paths(settings: SimulateSettings, model: VelocityModel, stations: tuple[Station, ...],
           events: pd.DataFrame) -> Paths:
    shape = (len(events), len(stations))
    distance, azimuth = distance_azimuth(
        events["latitude"].to_numpy()[:, None], events["longitude"].to_numpy()[:, None],
        np.array([s.latitude for s in stations]), np.array([s.longitude for s in stations]))
    depth = events["depth_km"].to_numpy(dtype=np.float64)
    origin = events["time"].dt.tz_convert(None).to_numpy().astype("datetime64[ns]").view(np.int64)
    noise = stream(settings, STREAM_PATHS).normal(0, settings.path_noise, (*shape, 2))
    onset = np.empty((*shape, 2), dtype=np.int64)
    takeoff, incidence = np.empty((*shape, 2)), np.empty((*shape, 2))
    for j, station in enumerate(stations):
        surface = -station.elevation_m / 1000.0
        layer = max(int(np.searchsorted(model.top_km, surface, side="right")) - 1, 0)
        for k, velocity in enumerate((model.vp, model.vs)):
            delay = station.delay_s * (1.0 if k == 0 else settings.vp_vs)
            for i in range(shape[0]):
                time, slowness, _, angle = first_arrival(model.top_km, velocity, distance[i, j], depth[i], surface)
                onset[i, j, k] = origin[i] + round((time * (1.0 + noise[i, j, k]) + delay) * 1e9)
                takeoff[i, j, k] = angle
                incidence[i, j, k] = np.degrees(np.arcsin(min(slowness * velocity[layer], 1.0)))
    rise = depth[:, None] + np.array([s.elevation_m for s in stations]) / 1000.0
    return Paths(distance, azimuth, np.hypot(distance, rise), onset, takeoff, incidence)
