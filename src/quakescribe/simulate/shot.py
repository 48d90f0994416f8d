"""One event at one station, in plain numbers: all that its ground motion depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quakescribe.kernels.raytrace import layer_of
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.network import Station
from quakescribe.simulate.pulses import SITE_TERMS, Ray
from quakescribe.simulate.scenario import Scenario
from quakescribe.simulate.streams import STREAM_MOTION, stream
from quakescribe.waveforms.block import grid_index

STATION_KEY = 2**31 - 1  # stands in the place of an event's number for what belongs to a station alone
SURFACE_VP_VS = 2.0  # just below the stations


@dataclass(frozen=True)
class Shot:
    """One event at one station; pairs are P and S."""

    settings: SimulateSettings
    station: Station
    kind: str
    magnitude: float
    mechanism: tuple[float, float, float]  # strike, dip, rake (deg)
    rate: int
    first: tuple[int, int]  # grid index of each onset
    late_s: tuple[float, float]  # of each onset after its sample, within half a sample
    lapse_s: tuple[float, float]  # of each onset after the origin
    azimuth_deg: float  # at the source
    heading_deg: float  # in which the wave runs at the station
    distance_m: float
    takeoff_deg: tuple[float, float]
    incidence_deg: tuple[float, float]  # at the surface, from the vertical
    direct_s: tuple[float, float]  # how long after a head wave the direct one comes; 0 = the first is the direct one
    precursor_s: float  # how long before S the converted Sp comes
    ray: Ray
    draws: NDArray[np.float64]  # (3, SITE_TERMS) the station's own standard normal numbers

    @property
    def gap(self) -> int:
        """Samples from P to S."""
        return max(self.first[1] - self.first[0], 1)


def shot_of(scenario: Scenario, event: int, station: int) -> Shot:
    """Gather what the motion of one event at one station depends on."""
    settings, paths, model, site = scenario.settings, scenario.paths, scenario.model, scenario.stations[station]
    rate = int(settings.network.sampling_rate)
    row = scenario.rows[event]
    origin, depth = row["time"].value, row["depth_km"]
    p, s = (int(t) for t in paths.onset_ns[event, station])
    first = grid_index(p, rate), grid_index(s, rate)
    layer = int(layer_of(model.top_km, depth))
    speed = 1000.0 * float(model.vp[layer]), 1000.0 * float(model.vs[layer])
    distance = float(paths.distance_km[event, station])
    return Shot(
        settings=settings, station=site, kind=row["kind"], magnitude=row["magnitude"],
        mechanism=(row["strike_deg"], row["dip_deg"], row["rake_deg"]), rate=rate, first=first,
        late_s=((p - round(first[0] / rate * 1e9)) * 1e-9, (s - round(first[1] / rate * 1e9)) * 1e-9),
        lapse_s=((p - origin) * 1e-9, (s - origin) * 1e-9), azimuth_deg=float(paths.azimuth_deg[event, station]),
        heading_deg=float(paths.heading_deg[event, station]), precursor_s=float(paths.precursor_s[event, station]),
        distance_m=1000.0 * distance, takeoff_deg=_pair(paths.takeoff_deg[event, station]),
        incidence_deg=_steep(scenario, _pair(paths.incidence_deg[event, station]), site),
        direct_s=_pair(paths.direct_s[event, station]),
        ray=Ray(row["moment_nm"], row["stress_drop_mpa"] * 1e6, speed,
                1000.0 * float(paths.hypocentral_km[event, station])),
        draws=stream(settings, STREAM_MOTION, STATION_KEY, station).standard_normal((3, SITE_TERMS)))


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _steep(scenario: Scenario, incidence_deg: tuple[float, float], site: Station) -> tuple[float, float]:
    """Return the angles of incidence after the slow ground below the station has turned the rays upright."""
    model, earth = scenario.model, scenario.settings.earth
    bend = earth.surface_vp / model.vp[int(layer_of(model.top_km, -site.elevation_m / 1000.0))]
    p, s = np.sin(np.radians(incidence_deg)) * bend * np.array([1.0, earth.vp_vs / SURFACE_VP_VS])
    return float(np.degrees(np.arcsin(min(p, 0.95)))), float(np.degrees(np.arcsin(min(s, 0.95))))

