"""The stations: where they stand, how quiet they are, how their instruments are built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import LocalFrame
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.spectra import band_rms
from quakescribe.simulate.streams import STREAM_NETWORK, stream
from quakescribe.tables import CHANNELS, STATIONS

NETWORK = "QS"
FAULTY = "FLT"  # the name of the faulty station
GOLDEN_DEG = 137.50776405003785


@dataclass(frozen=True)
class Station:
    """One simulated station. ``noise_m_s`` is the root mean square from 1 to 20 Hz of its ordinary night-time noise."""

    index: int
    station_id: str
    latitude: float
    longitude: float
    elevation_m: float
    gain: float
    gain_known: bool
    components: str  # 'ZNE', 'Z12' or 'Z'
    azimuth_deg: float  # of the first horizontal, clockwise from north
    noise_level: float  # from the low- (0) to the high-noise model (1)
    noise_tilt_db: float  # per decade
    noise_m_s: float
    site: float  # mean amplification
    delay_s: float  # of P; S has vp_vs times as much
    faulty: bool


def stations(settings: SimulateSettings) -> tuple[Station, ...]:
    """Draw the stations: a disc filled evenly, and the faulty one above the middle of the first fault, if asked for."""
    net, instruments, noise = settings.network, settings.instruments, settings.noise
    n = net.n_stations + settings.faulty.add
    each = [stream(settings, STREAM_NETWORK, i) for i in range(n)]  # so that one more changes none of the others
    uniform = np.array([rng.uniform(size=3) for rng in each]).T
    normal = np.array([rng.standard_normal(5) for rng in each]).T
    radius = 0.5 * net.aperture_km * np.sqrt((np.arange(n) + 0.5) / net.n_stations)
    angle = np.radians(GOLDEN_DEG * np.arange(n)) + 0.1 * normal[0]
    x, y = radius * np.sin(angle), radius * np.cos(angle)
    if settings.faulty.add:
        x[-1], y[-1] = settings.seismicity.faults[0].east_km, settings.seismicity.faults[0].north_km
    latitude, longitude = LocalFrame(net.latitude, net.longitude).to_geographic(x, y)
    lowest, highest = net.elevation_m
    elevation = np.round(lowest + (highest - lowest) * uniform[0], 0)
    gain = np.round(instruments.gain * (0.8 + 0.4 * uniform[1]), 0)
    azimuth = np.round(20.0 + 320.0 * uniform[2], 1)
    level = noise.level + noise.level_scatter * normal[1]
    tilt = noise.tilt_db * normal[2]
    site = 10 ** (settings.earth.site_log10 * normal[3])
    delay = settings.earth.station_term_s * normal[4]

    whole = list(range(net.n_stations))
    vertical = whole[::-1][:instruments.n_vertical_only]  # the odd ones stand at the rim, the oblique ones inside
    unknown = whole[::-1][len(vertical):][:instruments.n_without_gain]
    oblique = (whole[1:] + whole[:1])[:instruments.n_oblique]
    return tuple(
        Station(index=i, station_id=f"{NETWORK}.{f'S{i + 1:02d}' if i < net.n_stations else FAULTY}.",
                latitude=round(float(latitude[i]), 5), longitude=round(float(longitude[i]), 5),
                elevation_m=float(elevation[i]), gain=float(gain[i]), gain_known=i not in unknown,
                components="Z" if i in vertical else "Z12" if i in oblique else "ZNE",
                azimuth_deg=float(azimuth[i]) if i in oblique and i not in vertical else 0.0,
                noise_level=float(level[i]), noise_tilt_db=float(tilt[i]),
                noise_m_s=band_rms(float(level[i]), float(tilt[i]), noise), site=float(site[i]),
                delay_s=float(delay[i]), faulty=i >= net.n_stations)
        for i in range(n))


def orientations(station: Station) -> list[tuple[str, float, float]]:
    """Return (component, azimuth, dip) of each channel."""
    horizontals = [(code, (station.azimuth_deg + turn) % 360.0, 0.0)
                   for code, turn in zip(station.components[1:], (0.0, 90.0), strict=False)]
    return [("Z", 0.0, -90.0), *horizontals]


def stations_table(members: tuple[Station, ...]) -> pd.DataFrame:
    """Return the `stations` table."""
    keep = ("station_id", "latitude", "longitude", "elevation_m")
    return STATIONS.make({name: [getattr(s, name) for s in members] for name in keep})


def channels_table(members: tuple[Station, ...]) -> pd.DataFrame:
    """Return the `channels` table, as the StationXML gives it."""
    rows = [{"station_id": s.station_id, "channel": "HH" + component, "azimuth_deg": azimuth, "dip_deg": dip,
             "gain": s.gain if s.gain_known else np.nan, "unit": "m/s" if s.gain_known else None,
             "has_response": s.gain_known}
            for s in members for component, azimuth, dip in orientations(s)]
    return CHANNELS.order(CHANNELS.conform(pd.DataFrame(rows)))
