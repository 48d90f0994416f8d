"""All events of a scenario: ETAS on the faults, blasts, regional earthquakes, teleseisms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.earth.geodesy import LocalFrame
from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate.etas import HOUR_S, background, cascade, mainshock, swarm
from quakescribe.simulate.other_sources import blasts, regional, stress_drops, teleseisms
from quakescribe.simulate.pulses import moment
from quakescribe.simulate.streams import STREAM_EVENTS, stream
from quakescribe.tables import event_ids

STRIKE_SD_DEG, DIP_SD_DEG, RAKE_SD_DEG = 12.0, 8.0, 20.0  # scatter of the mechanisms round the fault's
COLUMNS = ("event_id", "kind", "parent_id", "time", "latitude", "longitude", "depth_km", "magnitude", "moment_nm",
           "strike_deg", "dip_deg", "rake_deg", "stress_drop_mpa")  # of TRUTH_EVENTS, as far as they are drawn


def draw(settings: SimulateSettings) -> pd.DataFrame:
    """Return the true events, sorted by time: the columns ``COLUMNS`` of TRUTH_EVENTS, its units.

    Background, mainshock, swarm, blasts, regional events and teleseisms have a random stream each, so that one can be
    switched on without a change to the others; aftershocks follow their parents' stream. The background begins
    history_days early, as if the network had been switched on later: what lies before the first sample plus
    quiet_end_s is left out, its aftershocks stay, with parent 0. Nothing of the network's region happens within
    quiet_end_s of either end; of distant events the P at the middle of the network does not.
    """
    rules = settings.seismicity
    local = []
    for k, begin in enumerate((background, mainshock, swarm)):
        rng = stream(settings, STREAM_EVENTS, k)
        shocks = cascade(rng, rules, begin(rng, settings), settings.hours * HOUR_S - rules.quiet_end_s)
        local.append(_on_earth(rng, settings, shocks))
    others = [begin(stream(settings, STREAM_EVENTS, 3 + k), settings)
              for k, begin in enumerate((blasts, regional, teleseisms))]
    events = _stacked([*local, *others])
    seen = (events["kind"] != "earthquake") | (events["time_s"] >= rules.quiet_end_s)
    events = events[seen].sort_values("time_s", kind="stable")
    start_ns = int(settings.start.timestamp()) * 1_000_000_000
    events["time"] = pd.to_datetime(start_ns + np.round(events["time_s"].to_numpy() * 1e6).astype(np.int64) * 1000,
                                    utc=True).as_unit("ns")
    events["event_id"] = event_ids(events["time"]) if len(events) else np.empty(0, dtype=np.int64)
    id_of_row = np.zeros(len(seen) + 1, dtype=np.int64)  # the last stands for nobody, found by -1
    id_of_row[events.index] = events["event_id"]
    events["parent_id"] = id_of_row[events["parent"]]
    events = events.round({"latitude": 5, "longitude": 5, "depth_km": 3, "magnitude": 2, "stress_drop_mpa": 4})
    size = events["magnitude"].to_numpy(dtype=np.float64)
    events["moment_nm"] = np.where(events["kind"] == "teleseism", 10.0 ** (1.5 * size + 9.1), moment(size))
    return events[list(COLUMNS)].reset_index(drop=True)


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put frames below each other; ``parent`` then counts rows of the whole."""
    begins = np.cumsum([0, *(len(part) for part in parts)])
    return pd.concat([part.assign(parent=part["parent"] + np.where(part["parent"] >= 0, begin, 0))
                      for part, begin in zip(parts, begins[:-1], strict=True)], ignore_index=True)


def _on_earth(rng: np.random.Generator, settings: SimulateSettings, shocks: pd.DataFrame) -> pd.DataFrame:
    """Return shocks with places, and with mechanisms that scatter round their fault's.

    Down-dip lies to the right of the strike; depths stay within the fault's by crossing to the other side of the plane.
    """
    faults, n = settings.seismicity.faults, len(shocks)
    which = shocks["fault"].to_numpy()
    east, north, strike, dip, rake, low, high = np.array(
        [(f.east_km, f.north_km, f.strike_deg, f.dip_deg, f.rake_deg, *f.depth_km) for f in faults])[which].T
    along, down, across = (shocks[name].to_numpy() for name in ("along_km", "down_km", "across_km"))
    sin, cos = np.sin(np.radians(dip)), np.cos(np.radians(dip))
    depth = 0.5 * (low + high) + down * sin
    across = np.where((depth - across * cos < low) | (depth - across * cos > high), -across, across)
    right = down * cos + across * sin  # the normal points up and to the right
    azimuth = np.radians(strike)
    x = east + along * np.sin(azimuth) + right * np.cos(azimuth)
    y = north + along * np.cos(azimuth) - right * np.sin(azimuth)
    net = settings.network
    latitude, longitude = LocalFrame(net.latitude, net.longitude).to_geographic(x, y)
    a, b, c = rng.standard_normal((3, n))
    return pd.DataFrame({
        "kind": np.full(n, "earthquake", dtype=object), "parent": shocks["parent"].to_numpy(),
        "time_s": shocks["time_s"].to_numpy(), "latitude": latitude, "longitude": longitude,
        "depth_km": np.clip(depth - across * cos, low, high), "magnitude": shocks["magnitude"].to_numpy(),
        "strike_deg": (strike + STRIKE_SD_DEG * a) % 360.0, "dip_deg": np.clip(dip + DIP_SD_DEG * b, 1.0, 90.0),
        "rake_deg": (rake + RAKE_SD_DEG * c + 180.0) % 360.0 - 180.0,
        "stress_drop_mpa": stress_drops(rng, settings, n)})
