"""Figures of the audit of locations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit import Audit
from quakescribe.earth.geodesy import LocalFrame
from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, listed, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_WORST = 4  # stations drawn with their residuals in time
_CLASSES = 60  # of a histogram
_POINTS = 200  # of a cumulative curve
_COLOURS = ("P", "S", "good", "muted")
_DASHES = ("solid", "dash", "dot", "dashdot")
_S_OVER_P = 1.73  # of the delays by slow ground

Tables = dict[str, pd.DataFrame]


def panels(audit: Audit, facts: Facts, settings: ReportSettings) -> dict[str, list[Panel]]:
    """Return the panels of the checks of locations, by section of the page.

    Parameters
    ----------
    audit
        What was found; a check that is missing has no figure.
    facts
        The catalogue that was audited.
    settings
        How many points are drawn.
    """
    makers: dict[str, tuple[Callable[[Tables, Facts, ReportSettings], Panel], ...]] = {
        "well-located": (_rules, _limits), "grids": (partial(_stripes, audit),),
        "outliers": (partial(_outliers, audit),), "residuals": (_delays, _clocks), "wadati": (_wadati,),
        "travel-times": (_branches,), "relocation": (_lost,)}
    made = [make(audit.outcomes[name].tables, facts, settings)
            for name, some in makers.items() if name in audit.outcomes for make in some]
    return {"locate": made} if made else {}


def _finite(values: pd.Series) -> NDArray[np.float64]:
    x = values.to_numpy(dtype=np.float64)
    return x[np.isfinite(x)]


def _untold(audit: Audit, metric: str) -> str:
    """Return the reason why a metric of the whole catalogue cannot be told, as a sentence; empty where it is told."""
    found = audit.findings
    mine = found[(found["metric"] == metric) & (found["scope"] == "network") & (found["key"] == "")]
    why = str(mine["why"].iloc[0]) if len(mine) and mine["verdict"].iloc[0] == "cannot tell" else ""
    return f"{why[:1].upper()}{why[1:].rstrip('.')}." if why else ""


def _rules(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-well-located", "Well-located events by rule"
    found = tables.get("rules", pd.DataFrame())
    if found.empty:
        return nothing(key, title, "no rule can be applied to this catalogue")
    shown = found.iloc[::-1]
    ends_x, ends_y = [], []
    for low, high, rule in zip(shown["low"], shown["high"], shown["rule"], strict=True):
        ends_x += [low, high, None]
        ends_y += [rule, rule, None]
    traces = [
        {"type": "scatter", "mode": "lines", "name": "95% interval", "x": ends_x, "y": ends_y, "hoverinfo": "skip",
         "line": {"color": style.colour("muted"), "width": 4}},
        {"type": "scatter", "mode": "markers", "name": "Share", "x": shown["share"], "y": shown["rule"],
         "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
         "marker": {"size": 11, "color": style.colour("P"), "symbol": "diamond"}},
    ]
    arranged = style.layout(style.axis("Share of the located events", range=[-0.02, 1.02], tickformat="~%"),
                            style.axis("", type="category", ticks=""))
    named = {row["rule"]: row["share"] for row in found.to_dict("records")}
    words = "; ".join(f"{rule} {share(part, 1.0)}" for rule, part in named.items())
    marker = " The marker alone passes most of any input, the more trial depths the more." if "marker" in named else ""
    return Panel(key, title, f"Kept: {words}.{marker}", style.figure(traces, arranged), size="third", aspect=0.6)


def _limits(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-limits", "The locations against the limits of the rule 'strict'"
    asked = tables.get("limits", pd.DataFrame()).to_dict("records")
    traces, words = [], []
    for place, one in enumerate(asked):
        name, limit = one["name"], one["limit"]
        x = np.sort(_finite(facts.located[one["column"]]))
        if not len(x):
            continue
        rows = np.unique(np.linspace(0, len(x) - 1, min(_POINTS, len(x))).round().astype(np.int64))
        traces.append({"type": "scatter", "mode": "lines", "name": name, "x": np.maximum(x[rows] / limit, 1e-2),
                       "y": (rows + 1) / len(x), "hovertemplate": "%{x:.2f} of the limit: %{y:.0%}<extra>" + name
                       + "</extra>", "line": {"width": 2, "color": style.colour(_COLOURS[place]),
                                              "dash": _DASHES[place]}})
        words.append((float((x > limit).mean()), name))
    if not traces:
        return nothing(key, title, "no located event has an RMS, an error or a gap")
    arranged = style.layout(style.axis("Value over its limit", type="log", range=[-2, 1.5]),
                            style.axis("Share of the events below", range=[0, 1.02], tickformat="~%"),
                            shapes=[style.upright(1.0)])
    worst = max(words)
    named = ", ".join(f"{one['name']} {one['limit']:g} {one['unit']}" for one in asked).replace(" °", "°")
    caption = (f"Limit broken most often: {worst[1]} ({share(worst[0], 1.0)} of the events). Left of the dotted line "
               f"the limits are kept: {named}.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _stripes(audit: Audit, tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-depth-stripes", "Depths on repeated values"
    depth = _finite(facts.located["depth_km"])
    if not len(depth):
        return nothing(key, title, "no located event has a depth")
    low, high = np.quantile(depth, [0.002, 0.998])
    edges = np.linspace(low, max(high, low + 1.0), _CLASSES + 1)
    traces: list[dict[str, Any]] = [{
        "type": "bar", "name": "All events", "x": (edges[1:] + edges[:-1]) / 2, "y": np.histogram(depth, bins=edges)[0],
        "width": float(edges[1] - edges[0]), "marker": {"color": style.colour("quiet"), "line": {"width": 0}},
        "hovertemplate": "%{x:.1f} km: %{y:,}<extra></extra>"}]
    found = tables.get("repeated", pd.DataFrame(columns=["column", "value", "events"]))
    found = found[found["column"] == "depth_km"]
    if len(found):
        traces.append({"type": "scatter", "mode": "markers", "name": "On this value exactly", "x": found["value"],
                       "y": found["events"], "marker": {"symbol": "diamond", "size": 9, "color": style.colour("S")},
                       "hovertemplate": "%{x:g} km: %{y:,}<extra>exactly</extra>"})
    arranged = style.layout(style.axis("Depth (km)"), style.axis("Number of events"), bargap=0)
    caption = _untold(audit, "repeated_depths") or "No depth is repeated more often than its neighbourhood lets expect."
    if len(found):
        top = found.sort_values("events", ascending=False, kind="stable")
        most = [f"{v:g} km ({count(n)})" for v, n in zip(top["value"], top["events"], strict=True)]
        caption = f"Repeated beyond chance: {listed(most)}. These depths were set, not found."
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _outliers(audit: Audit, tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-outliers", "Events apart from all others"
    found, located = tables.get("outliers", pd.DataFrame()), facts.located
    if "distances" not in tables or located.empty:
        return nothing(key, title, "too few events are located")
    frame = LocalFrame.around(located["latitude"], located["longitude"])
    shown = located.iloc[style.thin(len(located), settings.max_points)]
    x, y = frame.to_xy(shown["latitude"], shown["longitude"])
    kind = style.scatter_type(len(shown))
    traces: list[dict[str, Any]] = [{
        "type": kind, "mode": "markers", "name": "Events", "x": x, "y": y, "hoverinfo": "skip",
        "marker": {"size": 4, "color": style.colour("quiet"), "line": {"width": 0}}}]
    if len(found):
        x, y = frame.to_xy(found["latitude"], found["longitude"])
        traces.append({
            "type": kind, "mode": "markers", "name": "Apart", "x": x, "y": y,
            "customdata": np.column_stack([found["event_id"].astype("str"), found["distance_km"].round(1).astype("str"),
                                           found["rms_s"].round(2).astype("str")]).tolist(),
            "hovertemplate": "%{customdata[0]}: nearest at %{customdata[1]} km, RMS %{customdata[2]} s<extra></extra>",
            "marker": {"size": 8, "symbol": "x", "color": style.colour("S")}})
    arranged = style.layout(style.axis("East (km)"), style.axis("North (km)", scaleanchor="x"))
    caption = f"{count(len(found), 'event')} of {count(len(located))} ({share(len(found), len(located))}) lie apart"
    rms, rest = found["rms_s"].median() if len(found) else np.nan, located["rms_s"].median()
    caption += (f"; their median RMS is {value(float(rms), 2)} s, that of all {value(float(rest), 2)} s."
                if np.isfinite(rms) else ".")
    caption = caption if len(found) else _untold(audit, "outliers") or caption
    return Panel(key, title, caption + style.thinned(len(shown), len(located), "events"),
                 style.figure(traces, arranged), aspect=0.8)


def _delays(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-delays", "Delays of stations: S against P"
    medians = tables.get("medians", pd.DataFrame(columns=["station_id", "phase", "median_s", "n"]))
    both = medians[medians["n"] >= 10].pivot_table(index="station_id", columns="phase", values="median_s")
    both = both.dropna() if {"P", "S"} <= set(both.columns) else pd.DataFrame()
    if both.empty:
        return nothing(key, title, "no station has ten residuals of P and of S")
    reach = 1.15 * float(max(both.abs().to_numpy().max() / _S_OVER_P, both["P"].abs().max(), 0.05))
    ends = np.array([-reach, reach])
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines", "name": name, "x": ends, "y": slope * ends, "hoverinfo": "skip",
         "line": {"color": style.colour("muted"), "width": 1.5, "dash": dash}}
        for name, slope, dash in (("Clock: alike", 1.0, "dash"), ("Ground: S 1.73 times", _S_OVER_P, "dot"))]
    traces.append({"type": "scatter", "mode": "markers", "name": "Station", "x": both["P"], "y": both["S"],
                   "text": both.index.tolist(), "hovertemplate": "%{text}: P %{x:+.3f} s, S %{y:+.3f} s<extra></extra>",
                   "marker": {"size": 8, "color": style.colour("P")}})
    arranged = style.layout(style.axis("Median P residual (s)", zeroline=True, zerolinecolor=style.colour("grid")),
                            style.axis("Median S residual (s)", zeroline=True, zerolinecolor=style.colour("grid")))
    worst = str((both["P"].abs() + both["S"].abs()).idxmax())
    caption = (f"Farthest from zero: {worst}, P {both['P'][worst]:+.3f} s, S {both['S'][worst]:+.3f} s. Along the "
               "dashed line both phases are off alike, as by a clock; along the dotted one by slow or fast ground.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.7)


def _clocks(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-clocks", "Stations whose residuals change with time"
    changes, series = tables.get("changes", pd.DataFrame()), tables.get("series", pd.DataFrame())
    if changes.empty or series.empty:
        return nothing(key, title, "no station's residuals change with time beyond chance")
    traces: list[dict[str, Any]] = []
    drawn = changes.head(_WORST)
    for place, row in enumerate(drawn.to_dict("records")):
        part = series[series["station_id"] == row["station_id"]]
        traces.append({"type": "scatter", "mode": "lines+markers", "name": row["station_id"],
                       "x": style.milliseconds(part["time"]), "y": part["value"],
                       "line": {"color": style.colour(_COLOURS[place]), "width": 2, "dash": _DASHES[place]},
                       "marker": {"size": 5},
                       "hovertemplate": "%{x}: %{y:+.3f} s<extra>" + row["station_id"] + "</extra>"})
    arranged = style.layout(style.axis("", type="date"),
                            style.axis("Median residual less the station's own (s)", zeroline=True,
                                       zerolinecolor=style.colour("muted")))
    first = drawn.iloc[0]
    caption = (f"Largest: {first['station_id']} by {first['change_s']:+.2f} s from {first['start']:%Y-%m-%d %H:%M} to "
               f"{first['end']:%Y-%m-%d %H:%M} ({first['kind']}). {count(len(changes), 'station')} in all; P and S "
               "together, by block of time.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.5)


def _wadati(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-wadati", "vp/vs of single events (Wadati)"
    found = tables.get("lines", pd.DataFrame())
    if found.empty:
        return nothing(key, title, "no event has P and S at enough stations")
    credible = tables["credible"]
    x = _finite(found["vp_vs"])
    edges = np.linspace(1.2, 2.3, _CLASSES + 1)
    traces = [{"type": "bar", "x": (edges[1:] + edges[:-1]) / 2, "y": np.histogram(x, bins=edges)[0],
               "width": float(edges[1] - edges[0]), "marker": {"color": style.colour("P"), "line": {"width": 0}},
               "hovertemplate": "%{x:.3f}: %{y:,}<extra></extra>", "showlegend": False}]
    arranged = style.layout(style.axis("vp/vs"), style.axis("Number of events"), bargap=0,
                            shapes=[style.upright(float(credible[end].iloc[0])) for end in ("low", "high")])
    beyond = int(((x < edges[0]) | (x > edges[-1])).sum())
    caption = (f"Median {value(float(np.median(x)), 3)} of {count(len(x), 'event')}; dotted: credible values"
               + (f". {count(beyond)} beyond the axis." if beyond else "."))
    return Panel(key, title, caption, style.figure(traces, arranged), size="third", aspect=0.6)


def _branches(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-branches", "Travel times off their curve"
    found = tables.get("arrivals", pd.DataFrame())
    if found.empty:
        return nothing(key, title, "too few arrivals have a travel time and a distance")
    usual = found[~found["off"] & ~found["swapped"]]
    usual = usual.iloc[style.thin(len(usual), settings.max_points // 2)]
    off, swapped = found[found["off"] & ~found["swapped"]], found[found["swapped"]]
    off = off.iloc[style.thin(len(off), settings.max_points // 4)]
    kind = style.scatter_type(len(usual) + len(off))
    traces: list[dict[str, Any]] = [
        {"type": kind, "mode": "markers", "name": name, "x": part["r_km"], "y": part["travel_s"],
         "text": (part["station_id"] + " " + part["phase"]).tolist(),
         "hovertemplate": "%{text}: %{x:.1f} km, %{y:.2f} s<extra></extra>",
         "marker": {"size": size, "color": style.colour(tint), "symbol": symbol, "line": {"width": 0}}}
        for name, part, tint, symbol, size in (("On its curve", usual, "quiet", "circle", 3),
                                               ("Off it", off, "P", "circle", 5),
                                               ("On the other phase's", swapped, "S", "diamond", 6)) if len(part)]
    top = float(found["curve_s"].max() * 1.15 + 2)
    arranged = style.layout(style.axis("Hypocentral distance (km)", rangemode="tozero"),
                            style.axis("Arrival − origin time (s)",
                                       range=[min(0.0, float(found["travel_s"].min())), top]),
                            legend={**style.LEGEND, "itemsizing": "constant"})
    stations = tables.get("stations", pd.DataFrame(columns=["station_id", "flagged"]))
    named = stations.loc[stations["flagged"].astype("bool"), "station_id"].tolist()
    caption = (f"{count(int(found['swapped'].sum()), 'arrival')} on the curve of the other phase, "
               f"{count(int((found['off'] & ~found['swapped']).sum()))} elsewhere off it."
               + (f" Beyond chance at {listed(named)}." if named else " No station stands out.")
               + style.thinned(len(usual) + len(off) + len(swapped), len(facts.arrivals), "arrivals"))
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _lost(tables: Tables, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "audit-relocation", "Lost in relocation, by reason"
    lost = tables.get("lost", pd.DataFrame())
    if "shifts" not in tables:
        return nothing(key, title, "there is no relocated catalogue", size="third")
    if lost.empty:
        return nothing(key, title, "no event is lost, or none has arrivals that would tell why", size="third")
    counts = lost["reason"].value_counts().sort_values(kind="stable")
    traces = [{"type": "bar", "orientation": "h", "y": counts.index.tolist(), "x": counts.to_numpy(),
               "showlegend": False, "marker": {"color": style.colour("P"), "line": {"width": 0}},
               "hovertemplate": "%{y}: %{x:,}<extra></extra>"}]
    arranged = style.layout(style.axis("Number of events"), style.axis("", type="category", ticks=""), bargap=0.35)
    total = len(facts.located)
    caption = (f"{count(len(lost))} of {count(total, 'event')} ({share(len(lost), total)}); most often: "
               f"{counts.index[-1]}.")
    shifts = tables["shifts"]
    if len(shifts):
        caption += f" The others move by {value(float(shifts['shift_km'].median()), 2)} km in the median."
    return Panel(key, title, caption, style.figure(traces, arranged), size="third", aspect=0.6)
