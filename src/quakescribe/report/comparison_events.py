"""Catalogues side by side: maps, events in time, what each has of the other, and how matched events differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.report import style
from quakescribe.report.activity import time_axis
from quakescribe.report.fits import running_median
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

Sides = Mapping[str, Facts]
Tables = Mapping[str, pd.DataFrame]
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "triangle-down", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
_BINS = 40
_FIXED = 0.05  # share of depths that are equal, from which on they were not found one by one
_HISTOGRAMS = {"distance_km": ("comparison-distance", "km"), "depth_km": ("comparison-depth", "km"),
               "dt_s": ("comparison-origin-time", "s")}
_WELL = ("good", "Well located"), ("S", "Poorly located"), ("quiet", "Not located"), ("P", "Located")


def hue(number: int) -> str:
    """Return the colour of a side by its number; after eight they start again."""
    return style.SIDES[number % len(style.SIDES)][0]


def numbers(sides: Sides) -> dict[str, int]:
    """Return the number of every side, by name."""
    return {name: k for k, name in enumerate(sides)}


def others(table: pd.DataFrame, first: str) -> list[str]:
    """Return the sides that were held against the first, in their order."""
    return list(table.loc[table["first"] == first, "second"].unique()) if len(table) else []


def locations(sides: Sides, settings: ReportSettings) -> list[Panel]:
    """Return map and depth section of every side, all of one area, and the share of poorly located events."""
    columns = ["latitude", "longitude", "depth_km"]
    events = pd.concat([one.catalogue[columns] for one in sides.values()], ignore_index=True)
    middle = float(events["longitude"].iloc[0]) if len(events) else 0.0
    events["longitude"] = _turned(events["longitude"], middle)
    if events.empty:
        return [nothing("comparison-map", "Locations", "no catalogue has an event")]
    poor = _poor(sides)
    return [*(panel for k, (name, facts) in enumerate(sides.items())
              for panel in _placed(k, name, facts, events, settings)), poor]


def _placed(number: int, name: str, facts: Facts, every: pd.DataFrame, settings: ReportSettings) -> list[Panel]:
    """Return the map of a side and the depth section beside it."""
    key, title = f"comparison-map-{number + 1}", f"Locations: {name}"
    if facts.catalogue.empty:
        return [nothing(key, title, f"'{name}' has no event in the common span")]
    middle = float(every["longitude"].median())
    low, high = every.quantile(0.005), every.quantile(0.995)
    known = bool(facts.catalogue["well_located"].any())
    drawn = style.thin(len(facts.catalogue), settings.max_points)
    shown = facts.catalogue.iloc[drawn]
    well = np.where(shown["well_located"], 0, 1) if known else 3
    kind = np.where(shown["located"], well, 2)
    longitude = _turned(shown["longitude"], middle).to_numpy()
    traces = _clouds(longitude, shown["latitude"].to_numpy(), kind, "%{y:.3f}, %{x:.3f}")
    stations = facts.stations
    traces.append({"type": "scatter", "mode": "markers", "name": "Stations", "y": stations["latitude"].to_numpy(),
                   "x": _turned(stations["longitude"], middle).to_numpy(),
                   "text": stations["station_id"].tolist(), "hovertemplate": "%{text}<extra></extra>",
                   "marker": {"symbol": "triangle-up", "size": 8, "color": style.colour("station"),
                              "line": {"width": 1, "color": style.colour("halo")}}})
    pad = 0.06 * max(high["latitude"] - low["latitude"], high["longitude"] - low["longitude"], 0.02)
    ratio = 1.0 / max(np.cos(np.radians(float(every["latitude"].median()))), 0.02)
    box = [low["longitude"] - pad, high["longitude"] + pad, low["latitude"] - pad, high["latitude"] + pad]
    arranged = style.layout(
        style.axis("Longitude (°E)", range=box[:2], tickformat=".2~f", nticks=6),
        style.axis("Latitude (°N)", range=box[2:], tickformat=".2~f", scaleanchor="x", scaleratio=ratio),
        legend={**style.LEGEND, "itemsizing": "constant"})
    whole = facts.catalogue
    caption = (f"{count(len(whole), 'event')}, {share(int(whole['well_located'].sum()), len(whole))} well located."
               if known else f"{count(len(whole), 'event')}; which are well located is not known.")
    aspect = float(np.clip((box[3] - box[2]) * ratio / (box[1] - box[0]), 0.5, 1.0))
    drawing = Panel(key, title, caption + style.thinned(len(shown), len(whole), "events"),
                    style.figure(traces, arranged), aspect=aspect)
    return [drawing, _section(number, name, facts, (longitude, shown["depth_km"].to_numpy(np.float64), kind),
                              (box[0], box[1], float(low["depth_km"]), float(high["depth_km"])), aspect)]


def _clouds(x: NDArray[Any], y: NDArray[Any], kind: NDArray[Any], hover: str) -> list[dict[str, Any]]:
    """Return the points of events, by how well they are located."""
    return [{"type": style.scatter_type(len(x)), "mode": "markers", "name": label, "x": x[kind == k], "y": y[kind == k],
             "marker": {"size": 4, "opacity": 0.6, "color": style.colour(tint), "line": {"width": 0}},
             "hovertemplate": hover + "<extra>" + label.lower() + "</extra>"}
            for k, (tint, label) in enumerate(_WELL) if (kind == k).any()]


def _section(number: int, name: str, facts: Facts, points: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
             box: tuple[float, float, float, float], aspect: float) -> Panel:
    """Return the depths of a side along the longitude; ``box`` holds longitudes and depths of all sides."""
    key, title = f"comparison-depths-{number + 1}", f"Depths: {name}"
    depth = facts.catalogue["depth_km"].dropna()
    if depth.empty:
        return nothing(key, title, f"no event of '{name}' has a depth")
    pad = max(0.05 * (box[3] - box[2]), 0.5)
    drawn = style.layout(
        style.axis("Longitude (°E)", range=list(box[:2]), tickformat=".2~f", nticks=6),
        style.axis("Depth (km)", range=[box[3] + pad, box[2] - pad]), legend={**style.LEGEND, "itemsizing": "constant"})
    equal = depth.round(1).value_counts()
    most, often = float(equal.index[0]), int(equal.iloc[0])
    low, middle, high = np.quantile(depth, [0.05, 0.5, 0.95]).tolist()
    caption = f"Median {value(middle, 1, 'km')}; 90% between {value(low, 1)} and {value(high, 1, 'km')}."
    if often > max(_FIXED * len(depth), 5):
        caption += f" {share(often, len(depth))} lie at {value(most, 1, 'km')}: fixed, or trapped at a layer's edge."
    return Panel(key, title, f"{caption} Depth is not at the scale of the map.",
                 style.figure(_clouds(*points, "%{x:.3f}, %{y:.1f} km"), drawn), aspect=aspect)


def _turned(longitude: pd.Series, middle: float) -> pd.Series:
    """Return longitudes that do not jump at the date line."""
    return (longitude - middle + 180.0) % 360.0 - 180.0 + middle


def _poor(sides: Sides) -> Panel:
    """Return the bars of the share of located events that are not well located."""
    title, names, shares = "Share poorly located", [], []
    for name, facts in sides.items():
        if len(facts.located) and facts.located["well_located"].any():
            names.append(name)
            shares.append(float(1.0 - facts.located["well_located"].mean()))
    if len(names) < 2:
        who = f"only '{names[0]}'" if names else "no catalogue"
        return nothing("comparison-poor", title, f"{who} says which events are well located")
    number = numbers(sides)
    trace = {"type": "bar", "x": names, "y": shares, "text": [share(one, 1.0) for one in shares],
             "textposition": "outside", "cliponaxis": False, "marker": {"color": [hue(number[one]) for one in names]},
             "hovertemplate": "%{x}: %{y:.1%}<extra></extra>"}
    arranged = style.layout(style.axis("", type="category"), style.axis(
        "Share of located events", tickformat="~%", range=[0, max(0.02, 1.2 * max(shares))]), bargap=0.4)
    worst = int(np.argmax(shares))
    caption = (f"Highest: {share(shares[worst], 1.0)} of '{names[worst]}'. Poorly located: the rule of the locate "
               "settings is not kept. It compares associators only at the same locator, starts and velocity model.")
    return Panel("comparison-poor", title, caption, style.figure([trace], arranged), aspect=0.7)


def in_time(sides: Sides, settings: ReportSettings) -> list[Panel]:
    """Return cumulative counts of all sides, and magnitude against time of each."""
    with_events = {name: one for name, one in sides.items() if len(one.catalogue)}
    if not with_events:
        return [nothing("comparison-cumulative", "Events in time", "no catalogue has an event")]
    number, traces = numbers(sides), []
    for name, facts in with_events.items():
        k, rows = number[name], style.thin(len(facts.catalogue), 2000)
        traces.append({"type": "scatter", "mode": "lines", "name": name, "y": rows + 1,
                       "x": style.milliseconds(facts.catalogue["time"])[rows],
                       "line": {"shape": "hv", "width": 2, "color": hue(k), "dash": DASHES[k % 8]},
                       "hovertemplate": "%{y:,}<br>%{x|%Y-%m-%d %H:%M}<extra>" + name + "</extra>"})
    one = next(iter(with_events.values()))
    arranged = style.layout(time_axis(one), style.axis("Cumulative number of events", rangemode="tozero"))
    caption = "; ".join(f"{name}: {count(len(facts.catalogue), 'event')}" for name, facts in sides.items()) + \
        ". Steps of one catalogue alone are not earthquakes."
    panels = [Panel("comparison-cumulative", "Events in time", caption, style.figure(traces, arranged), aspect=0.55)]
    return [*panels, *_magnitude_time(sides, settings)]


def _magnitude_time(sides: Sides, settings: ReportSettings) -> list[Panel]:
    known = {name: one.catalogue[one.catalogue["magnitude"].notna()] for name, one in sides.items()}
    if not any(len(part) for part in known.values()):
        return [nothing("comparison-magnitude-time-1", "Magnitude against time", "no event has a magnitude")]
    low, high = (float(f([f(part["magnitude"]) for part in known.values() if len(part)])) for f in (np.min, np.max))
    out, number = [], numbers(sides)
    for name, part in known.items():
        k = number[name]
        key, title = f"comparison-magnitude-time-{k + 1}", f"Magnitude against time: {name}"
        if part.empty:
            out.append(nothing(key, title, f"no event of '{name}' has a magnitude"))
            continue
        rows = style.thin(len(part), settings.max_points, part["magnitude"].to_numpy())
        shown = part.iloc[rows]
        trace = {"type": style.scatter_type(len(shown)), "mode": "markers", "name": name,
                 "x": style.milliseconds(shown["time"]), "y": shown["magnitude"].to_numpy(np.float32),
                 "marker": {"size": 4, "opacity": 0.5, "color": hue(k), "line": {"width": 0}},
                 "hovertemplate": "%{x|%Y-%m-%d %H:%M:%S}<br>%{y:.2f}<extra></extra>"}
        arranged = style.layout(time_axis(sides[name]), style.axis(f"Magnitude {sides[name].kind}",
                                                                   range=[low - 0.2, high + 0.3]), showlegend=False)
        caption = (f"{count(len(part), 'event')} with {sides[name].kind}; median "
                   f"{value(part['magnitude'].median(), 1)}, largest {value(part['magnitude'].max(), 1)}.")
        out.append(Panel(key, title, caption + style.thinned(len(shown), len(part), "events"),
                         style.figure([trace], arranged), aspect=0.55))
    return out


def matched(sides: Sides, tables: Tables) -> list[Panel]:
    """Return what the first side and the others have of each other by magnitude, as shares and as numbers."""
    table = tables["shares"]
    classes = table[(table["by"] == "magnitude") & table["low_edge"].notna()]
    first = next(iter(sides))
    if classes.empty:
        return [nothing("comparison-matched", "Events in both by magnitude", "no event has a magnitude")]
    second = others(tables["events"], first)
    only = second[0] if len(second) == 1 else ""
    they, of_them = (f"{only} has", f"{only}'s") if only else ("the others have", "the others'")
    panels = [_shares(sides, classes[classes["side"] == first], "other", "comparison-matched",
                      f"Share of {first}'s events that {they}, by magnitude"),
              _shares(sides, classes[classes["other"] == first], "side", "comparison-matched-others",
                      f"Share of {of_them} events that {first} has, by magnitude")]
    return panels if len(second) != 1 else [*panels, _numbers(sides, table, first, second[0])]


def _shares(sides: Sides, table: pd.DataFrame, by: str, key: str, title: str) -> Panel:
    number, traces, words = numbers(sides), [], []
    for name, part in table.groupby(by, sort=False):
        k = number[str(name)]
        middle = (part["low_edge"] + part["high_edge"]).to_numpy() / 2
        y = part["corrected"].to_numpy()
        reach = {"type": "data", "symmetric": False, "array": np.maximum(part["corrected_high"] - y, 0).to_numpy(),
                 "arrayminus": np.maximum(y - part["corrected_low"], 0).to_numpy(), "thickness": 1.2, "width": 3}
        traces.append({"type": "scatter", "mode": "lines+markers", "name": str(name), "x": middle, "y": y,
                       "error_y": reach, "line": {"width": 2, "color": hue(k), "dash": DASHES[k % 8]},
                       "marker": {"size": 7, "symbol": SYMBOLS[k % 8], "color": hue(k)},
                       "customdata": part[["matched", "n"]].to_numpy(),
                       "hovertemplate": "M %{x:.2f}: %{y:.0%} (%{customdata[0]} of %{customdata[1]})<extra></extra>"})
        words.append(f"{name} {share(part['matched'].sum(), part['n'].sum())}")
    if not traces:
        return nothing(key, title, "no event has a magnitude")
    arranged = style.layout(style.axis("Magnitude (middle of the class)"),
                            style.axis("Share in both, without chance", range=[-0.03, 1.05], tickformat="~%"))
    caption = f"Matched, of all events with a magnitude: {'; '.join(words)}. Bars: 95% intervals, chance taken off."
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _numbers(sides: Sides, table: pd.DataFrame, first: str, second: str) -> Panel:
    """Return the numbers of events in both and in one only; those in both by the first side's magnitudes.

    The caption counts all events; those without a magnitude cannot be drawn.
    """
    number, title = numbers(sides), "Events in both and in one only"
    kinds = ((first, "matched", "Both", style.colour("muted"), "circle"),
             (first, "only", f"Only {first}", hue(number[first]), SYMBOLS[1]),
             (second, "only", f"Only {second}", hue(number[second]), SYMBOLS[2]))
    classes = table[(table["by"] == "magnitude") & table["low_edge"].notna()]
    parts = [classes[classes["side"] == name] for name, *_ in kinds]
    whole = table[table["by"] == "all"].set_index("side")
    counts = [part[column].to_numpy(np.float64) for part, (_, column, *_) in zip(parts, kinds, strict=True)]
    every = np.concatenate(counts)
    if not every.sum():
        return nothing("comparison-numbers", title, f"no event of '{first}' has a magnitude")
    axis, traces = style.count_axis("Number of events", every), []
    words, bare = [], []
    for part, n, (name, column, label, tint, symbol) in zip(parts, counts, kinds, strict=True):
        trace: dict[str, Any] = {
            "name": label, "x": ((part["low_edge"] + part["high_edge"]) / 2).to_numpy(), "y": style.on_axis(n, axis),
            "customdata": n, "hovertemplate": "M %{x:.2f}: %{customdata:,}<extra>" + label + "</extra>",
            "marker": {"color": tint}}
        if axis.get("type") == "log":
            trace |= {"type": "scatter", "mode": "markers", "marker": {"color": tint, "size": 9, "symbol": symbol}}
        traces.append(trace if axis.get("type") == "log" else {"type": "bar", **trace})
        noun, every_one = f"{label[0].lower()}{label[1:]}", float(whole[column][name])
        words.append(f"{noun}: {count(every_one)}")
        if every_one > n.sum():
            bare.append(f"{count(every_one - n.sum())} ({noun})")
    arranged = style.layout(style.axis("Magnitude (middle of the class)"), axis, barmode="group", bargap=0.25)
    caption = f"{'; '.join(words)}. Magnitudes of those in both are of '{first}'." + (
        f" Not drawn, without a magnitude: {', '.join(bare)}." if bare else "")
    return Panel("comparison-numbers", title, caption, style.figure(traces, arranged), aspect=0.6)


def differences(sides: Sides, tables: Tables, settings: ReportSettings) -> list[Panel]:
    """Return how far matched events lie apart in place, time and magnitude, for the first side and each other."""
    table, first = tables["matched"], next(iter(sides))
    part = table[table["first"] == first] if len(table) else table
    if part.empty:
        return [nothing("comparison-distance", "Differences of matched events", "no events match")]
    return [
        _histogram(sides, part, "distance_km", "Epicentres apart (km)", "Distance of epicentres"),
        _histogram(sides, part, "depth_km", f"Depth minus that of {first} (km)", "Depth differences"),
        _histogram(sides, part, "dt_s", f"Origin time minus that of {first} (s)", "Difference of origin times"),
        _magnitudes(sides, part, settings),
    ]


def _histogram(sides: Sides, table: pd.DataFrame, column: str, label: str, title: str) -> Panel:
    key, unit = _HISTOGRAMS[column]
    table = table[table[column].notna()]
    if table.empty:
        return nothing(key, title, "no matched event has this value on both sides")
    size = float(np.quantile(np.abs(table[column]), 0.995)) or 1.0
    edges = np.linspace(0.0 if column == "distance_km" else -size, size, _BINS + 1)
    number, traces, words = numbers(sides), [], []
    for name, part in table.groupby("second", sort=False):
        k, x = number[str(name)], part[column].to_numpy(np.float64)
        found = np.histogram(np.clip(x, edges[0], edges[-1]), edges)[0] / len(x)
        traces.append({"type": "scatter", "mode": "lines", "name": str(name), "x": (edges[1:] + edges[:-1]) / 2,
                       "y": found, "line": {"shape": "hvh", "width": 2, "color": hue(k),
                                            "dash": DASHES[k % 8] if len(sides) > 2 else "solid"},
                       "hovertemplate": "%{x:.2f}: %{y:.1%}<extra>" + str(name) + "</extra>"})
        middle, most = float(np.median(x)), float(np.quantile(np.abs(x), 0.9))
        told = f"median {value(middle, 2, unit)}, 90% within {value(most, 2, unit)}"
        words.append(f"{name}: {told}" if len(sides) > 2 else told.capitalize())
    arranged = style.layout(style.axis(label),
                            style.axis("Share of matched events", rangemode="tozero", tickformat="~%"))
    caption = "; ".join(words) + ". The outermost classes hold what lies beyond."
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.55)


def _magnitudes(sides: Sides, table: pd.DataFrame, settings: ReportSettings) -> Panel:
    key, title = "comparison-magnitude-difference", "Difference of magnitudes"
    kinds = [name[3:] for name in map(str, table.columns) if name.startswith("dm_") and table[name].notna().any()]
    if not kinds:
        return nothing(key, title, "the catalogues share no kind of magnitude")
    kind = max(kinds, key=lambda one: (table[f"dm_{one}"].notna().sum(), one))
    number, traces, words = numbers(sides), [], []
    known = pd.DataFrame({"second": table["second"], "mean": table[f"mean_{kind}"], "dm": table[f"dm_{kind}"]}).dropna()
    groups = list(known.groupby("second", sort=False))
    drawn = [part.iloc[style.thin(len(part), settings.max_points // len(groups))] for _, part in groups]
    shape = style.scatter_type(sum(map(len, drawn)))
    for (name, part), shown in zip(groups, drawn, strict=True):
        k = number[str(name)]
        traces.append({"type": shape, "mode": "markers", "name": str(name), "x": shown["mean"].to_numpy(np.float32),
                       "y": shown["dm"].to_numpy(np.float32), "hoverinfo": "skip",
                       "marker": {"size": 4, "opacity": 0.35, "color": hue(k), "symbol": SYMBOLS[k % 8],
                                  "line": {"width": 0}}})
        middle, median = running_median(part.rename(columns={"mean": "distance_km"}), "dm")
        traces += _line(shape, middle, median, hue(k), DASHES[k % 8], str(name))
        words.append(f"{name}: median {value(float(part['dm'].median()), 2)}")
    limit = max(0.3, float(known["dm"].abs().quantile(0.99)))
    arranged = style.layout(
        style.axis(f"Mean of both magnitudes {kind}"),
        style.axis(f"Magnitude minus that of {next(iter(sides))}", range=[-1.1 * limit, 1.1 * limit], zeroline=True,
                   zerolinecolor=style.colour("muted")), legend={**style.LEGEND, "itemsizing": "constant"})
    caption = "; ".join(words) + ". Lines: running medians; a slope is a difference of scales."
    return Panel(key, title, caption + style.thinned(sum(map(len, drawn)), len(known), "matched events"),
                 style.figure(traces, arranged), aspect=0.6)


def _line(kind: str, x: NDArray[np.float64], y: NDArray[np.float64], colour: str, dash: str,
          name: str) -> Sequence[dict[str, Any]]:
    """Return a line with a halo, of the cloud's own trace type: WebGL points would cover any other line."""
    line = {"type": kind, "x": x, "y": y, "mode": "lines", "showlegend": False}
    return [{**line, "line": {"width": 6, "color": style.colour("halo")}, "hoverinfo": "skip"},
            {**line, "name": name, "line": {"width": 2.5, "color": colour, "dash": dash},
             "hovertemplate": "%{x:.2f}: %{y:+.2f}<extra>" + name + "</extra>"}]
