"""Where the events are: the map and two depth sections, each with equal scales along both axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import LocalFrame
from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts


@dataclass(frozen=True)
class _Place:
    """Events and stations in km around the middle of the events, and what colours the events."""

    events: pd.DataFrame
    stations: pd.DataFrame
    frame: LocalFrame
    drawn: NDArray[np.int64]


def maps(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return the map, the west-east section and the south-north section."""
    events, stations = facts.catalogue, facts.stations
    if events.empty and stations.empty:
        because = "there is neither an event nor a station"
        return [nothing("map", "Map", because), nothing("section-we", "Section west-east", because)]
    centre = events if len(events) else stations
    frame = LocalFrame.around(centre["latitude"], centre["longitude"])
    place = _Place(
        _with_km(events, frame),
        _with_km(stations, frame),
        frame,
        style.thin(len(events), settings.max_points, events["magnitude"].to_numpy(dtype=float)),
    )
    panels = [_map(place, facts, settings)]
    deep = place.events.iloc[place.drawn]["depth_km"].notna()
    if not deep.any():
        because = "no event has a depth" if len(events) else "there is no event"
        return [*panels, nothing("section-we", "Section west-east", because)]
    return [*panels, _section(place, facts, settings, "x"), _section(place, facts, settings, "y")]


def _with_km(table: pd.DataFrame, frame: LocalFrame) -> pd.DataFrame:
    """Add x_km, y_km; turn longitudes so that they do not jump at the date line."""
    x, y = frame.to_xy(table["latitude"], table["longitude"]) if len(table) else (np.empty(0), np.empty(0))
    turned = (table["longitude"] - frame.longitude + 180.0) % 360.0 - 180.0 + frame.longitude
    return table.assign(x_km=x, y_km=y, longitude=turned)


def _map(place: _Place, facts: Facts, settings: ReportSettings) -> Panel:
    events = place.events.iloc[place.drawn]
    x_range, y_range = _extent(place, "longitude"), _extent(place, "latitude")
    ratio = 1.0 / max(np.cos(np.radians(place.frame.latitude)), 0.02)
    traces = [_stations(place.stations)] if len(place.stations) else []
    if len(events):
        traces += [_events(events, events["longitude"], events["latitude"], facts, settings, bar=True), *_sizes(facts)]
    arranged = style.layout(
        style.axis("Longitude (°E)", range=x_range, nticks=7),
        style.axis("Latitude (°N)", range=y_range, scaleanchor="x", scaleratio=ratio),
    )
    aspect = (y_range[1] - y_range[0]) * ratio / (x_range[1] - x_range[0])
    return Panel(
        "map",
        "Map",
        _map_caption(place, facts, settings),
        style.figure(traces, arranged),
        size="wide",
        rows=2,
        aspect=float(np.clip(aspect, 0.55, 1.0)),
    )


def _map_caption(place: _Place, facts: Facts, settings: ReportSettings) -> str:
    if place.events.empty:
        return f"{count(len(place.stations), 'station')}; no event was found."
    rough = int((~facts.catalogue["located"]).sum())
    words = [f"{count(len(facts.catalogue), 'event')} and {count(len(facts.stations), 'station')} (triangles)."]
    words.append(_middle(place.events))
    if rough:
        words.append(
            f"{count(rough, 'event')} without a location of {'its' if rough == 1 else 'their'} own: "
            "the associator's place is drawn."
        )
    words.append(f"Colour: {'depth' if settings.colour_by == 'depth' else 'origin time'}.")
    if facts.kind:
        words.append("Symbols grow with magnitude.")
    return " ".join(words) + style.thinned(
        len(place.drawn), len(place.events), "events", "the largest and the rest evenly"
    )


def _middle(events: pd.DataFrame) -> str:
    """Return where the middle of the events is, and the distance within which half of them lie."""
    x, y = events["x_km"].median(), events["y_km"].median()
    radius = float(np.median(np.hypot(events["x_km"] - x, events["y_km"] - y)))
    return (
        f"Half of the events lie within {value(radius, 1, 'km')} of {events['latitude'].median():.3f}°N, "
        f"{events['longitude'].median():.3f}°E."
    )


def _extent(place: _Place, name: str) -> list[float]:
    """Return the range that shows all stations and the central 99% of the events, with a margin."""
    ends = [place.stations[name].min(), place.stations[name].max()] if len(place.stations) else []
    if len(place.events):
        ends += list(place.events[name].quantile([0.005, 0.995]))
    low, high = float(min(ends)), float(max(ends))
    margin = max(0.06 * (high - low), 0.01)
    return [low - margin, high + margin]


def _section(place: _Place, facts: Facts, settings: ReportSettings, along: str) -> Panel:
    events = place.events.iloc[place.drawn]
    events = events[events["depth_km"].notna()]
    name = f"{along}_km"
    low, high = events[name].quantile([0.005, 0.995])
    top, bottom = _depth_range(events, place.stations)
    half = max((high - low) * 0.55, (bottom - top) * 0.75, 1.0)
    middle = (low + high) / 2
    traces = [_events(events, events[name], events["depth_km"], facts, settings, bar=False)]
    if len(place.stations):
        traces.insert(0, _stations(place.stations, name))
    ends = ("west", "east") if along == "x" else ("south", "north")
    arranged = style.layout(
        style.axis(f"{ends[1].capitalize()} of the middle (km)", range=[middle - half, middle + half]),
        style.axis("Depth (km)", range=[bottom, top], scaleanchor="x", scaleratio=1, constraintoward="top"),
        showlegend=False,
    )
    aspect = float(np.clip((bottom - top) / (2 * half), 0.3, 0.9))
    return Panel(
        f"section-{'we' if along == 'x' else 'sn'}",
        f"Section {ends[0]}–{ends[1]}",
        _section_caption(place, along, middle - half, middle + half),
        style.figure(traces, arranged),
        size="narrow",
        aspect=aspect,
    )


def _section_caption(place: _Place, along: str, low: float, high: float) -> str:
    depths = place.events["depth_km"].dropna()
    if along == "x":
        first, middle, last = depths.quantile([0.05, 0.5, 0.95])
        return (
            f"Median depth {value(middle, 1, 'km')}; 90% of the events lie between {value(first, 1)} and "
            f"{value(last, 1, 'km')} below sea level. No vertical exaggeration; stations at their elevation."
        )
    outside = int((~place.events[f"{along}_km"].between(low, high)).sum())
    middle_text = f"{place.frame.latitude:.3f}°N, {place.frame.longitude:.3f}°E"
    return f"The middle is {middle_text}." + (
        f" {count(outside, 'event')} beyond the ends: zoom out." if outside else ""
    )


def _depth_range(events: pd.DataFrame, stations: pd.DataFrame) -> tuple[float, float]:
    """Return top and bottom (km): above the highest station, below 99.5% of the events."""
    shallow, deep = (float(np.quantile(events["depth_km"], share)) for share in (0.005, 0.995))
    top = min([0.0, shallow, *(-stations["elevation_m"].to_numpy() / 1000.0)])
    bottom = max(deep, top + 2.0)
    margin = 0.07 * (bottom - top)
    return top - margin, bottom + margin


def _stations(stations: pd.DataFrame, along: str = "") -> dict[str, Any]:
    x = stations[along] if along else stations["longitude"]
    y = -stations["elevation_m"] / 1000.0 if along else stations["latitude"]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "Stations",
        "x": x.to_numpy(),
        "y": y.to_numpy(),
        "text": stations["station_id"].tolist(),
        "customdata": stations["elevation_m"].round(0).to_numpy(),
        "hovertemplate": "%{text}<br>%{customdata} m<extra></extra>",
        "cliponaxis": True,
        "marker": {
            "symbol": "triangle-up" if not along else "triangle-down",
            "size": 9,
            "color": style.colour("station"),
            "line": {"width": 1, "color": style.colour("halo")},
        },
    }


def _events(
    events: pd.DataFrame, x: pd.Series, y: pd.Series, facts: Facts, settings: ReportSettings, bar: bool
) -> dict[str, Any]:
    by_depth = settings.colour_by == "depth"
    shade = (
        events["depth_km"] if by_depth else (events["time"] - facts.catalogue["time"].min()).dt.total_seconds() / 3600.0
    )
    finite = shade.dropna()
    low, high = finite.quantile([0.01, 0.99]) if len(finite) else (0.0, 1.0)
    marker: dict[str, Any] = {
        "size": _size(events["magnitude"]),
        "color": shade.to_numpy(dtype=np.float32),
        "colorscale": style.SCALE,
        "cmin": float(low),
        "cmax": float(max(high, low + 0.1)),
        "opacity": 0.8,
        "line": {"width": 0},
    }
    if bar:
        marker["colorbar"] = {
            "title": {"text": "Depth (km)" if by_depth else "Hours since the first event", "side": "right"},
            "thickness": 10,
            "len": 0.7,
            "outlinewidth": 0,
            "x": 1.01,
            "xpad": 4,
        }
    label = events["magnitude"].map(lambda m: "" if np.isnan(m) else f" {facts.kind} {m:.1f}")
    text = events["time"].dt.strftime("%Y-%m-%d %H:%M:%S") + label
    depth = events["depth_km"].map(lambda z: "depth unknown" if np.isnan(z) else f"{z:.1f} km deep")
    return {
        "type": style.scatter_type(len(events)),
        "mode": "markers",
        "name": "Events",
        "showlegend": False,
        "x": x.to_numpy(),
        "y": y.to_numpy(),
        "marker": marker,
        "text": (text + "<br>" + depth).tolist(),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _size(magnitude: pd.Series) -> NDArray[np.float32]:
    """Return the symbol's diameter in pixels: 3 at magnitude 0, growing by a factor of 1.55 with each unit."""
    sizes = 3.0 * 1.55 ** magnitude.fillna(0.5).to_numpy(dtype=float)
    return np.clip(sizes, 2.5, 30.0).astype(np.float32)


def _sizes(facts: Facts) -> list[dict[str, Any]]:
    """Return traces without points that explain the symbols' size in the legend."""
    known = facts.catalogue["magnitude"].dropna()
    if known.empty:
        return []
    units = range(int(np.ceil(known.quantile(0.05))), int(np.floor(known.max())) + 1)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{facts.kind} {m}",
            "x": [None],
            "y": [None],
            "hoverinfo": "skip",
            "marker": {"size": float(_size(pd.Series([float(m)]))[0]), "color": style.colour("muted"), "opacity": 0.8},
        }
        for m in list(units)[-4:]
    ]
