"""Figures of the audit of rates: events by hour and weekday, the Schuster spectrum, quarries, steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quakescribe.audit import Audit
from quakescribe.report import style
from quakescribe.report.panel import Grid, Panel, unanswered
from quakescribe.report.text import count, moment, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEAST_OF_DAY = 0.5  # days of recording of every weekday, without which there is no bar to compare
MARKS_H = (1, 12, 24)  # periods that are marked beside the powers of ten
HIDDEN_H = 10  # too near to 12 h for a label


def panels(audit: Audit, facts: Facts, settings: ReportSettings) -> dict[str, list[Panel]]:
    """Return the panels of the checks of rates, by section."""
    return {"catalogue": [_hours(audit), _weekdays(audit), _spectrum(audit), _quarries(audit, facts, settings),
                          _places(audit), _steps(audit, facts, settings)]}


def _hours(audit: Audit) -> Panel:
    key, title = "events-by-hour", "Events by local hour"
    table = audit.table("day-night", "hours")
    if table.empty:
        return unanswered(audit, "night_ratio_small", key, title)
    about = audit.table("day-night", "about")
    limit = float(about["completeness"].iloc[0])
    names = ("small", "large") if np.isfinite(limit) else ("small",)
    words = {"small": f"Below {limit:.1f}" if np.isfinite(limit) else "All", "large": f"From {limit:.1f} on"}
    traces = [{
        "type": "bar", "name": words[name], "x": table["hour"] + 0.5, "offsetgroup": name,
        "y": _relative(table[name], table["recorded_days"]),
        "customdata": table[name], "marker": {"color": style.colour({"small": "P", "large": "S"}[name])},
        "hovertemplate": "%{x:.0f} h: %{y:.2f} of the mean, %{customdata:,} events<extra>" + words[name] + "</extra>",
    } for name in names]
    arranged = style.layout(style.axis("Local hour (h)", range=[0, 24], dtick=4),
                            style.axis("Rate, relative to the mean", rangemode="tozero"), barmode="group", bargap=0.15,
                            shapes=[style.level(1.0)])
    caption = f"Of families one event in half a day; local time is {about['zone'].iloc[0]}. "
    return Panel(key, title, caption + audit.why("night_ratio_small"), style.figure(traces, arranged))


def _weekdays(audit: Audit) -> Panel:
    key, title = "events-by-weekday", "Events by weekday"
    table = audit.table("day-night", "weekdays")
    if table.empty:
        return unanswered(audit, "weekend_ratio", key, title)
    if not (table["recorded_days"].to_numpy() >= LEAST_OF_DAY).all():
        return unanswered(audit, "weekend_ratio", key, title)
    events = table["small"] + table["large"]
    trace = {"type": "bar", "x": list(WEEKDAYS), "y": _relative(events, table["recorded_days"]), "customdata": events,
             "marker": {"color": style.colour("P")}, "showlegend": False,
             "hovertemplate": "%{x}: %{y:.2f} of the mean, %{customdata:,} events<extra></extra>"}
    arranged = style.layout(style.axis("", type="category"),
                            style.axis("Rate, relative to the mean", rangemode="tozero"),
                            bargap=0.3, shapes=[style.level(1.0)])
    return Panel(key, title, audit.why("weekend_ratio"), style.figure([trace], arranged))


def _relative(events: pd.Series, days: pd.Series) -> np.ndarray:
    """Return rates divided by their mean; not a number without recording."""
    per_day = events.to_numpy(np.float64) / np.where(days > 0, days, np.nan)
    mean = events.sum() / max(days.sum(), 1e-9)
    return np.asarray(per_day / mean if mean > 0 else per_day)


def _spectrum(audit: Audit) -> Panel:
    key, title = "schuster-spectrum", "Schuster spectrum"
    table = audit.table("periodicity", "spectrum")
    if table.empty:
        return unanswered(audit, "spectrum_peak_p", key, title)
    hours = table["period_s"].to_numpy() / 3600.0
    floor = 1e-30  # weaker than any threshold; smaller ones would leave nothing else to see
    kind = style.scatter_type(2 * len(table))
    traces: list[dict[str, Any]] = [
        {"type": kind, "mode": "lines", "name": "All events as independent", "x": hours,
         "y": np.maximum(table["p_naive"], floor), "line": {"color": style.colour("quiet"), "width": 1},
         "hoverinfo": "skip"},
        {"type": kind, "mode": "lines", "name": "Robust against clusters", "x": hours,
         "y": np.maximum(table["p"], floor), "line": {"color": style.colour("P"), "width": 1.5},
         "hovertemplate": "%{x:.4g} h: p = %{y:.2g}<extra></extra>"},
        {"type": kind, "mode": "lines", "name": "Threshold", "x": hours, "y": table["threshold"],
         "line": {"color": style.colour("S"), "width": 2, "dash": "dash"},
         "hovertemplate": "%{x:.4g} h: threshold %{y:.2g}<extra></extra>"},
    ]
    named = audit.table("periodicity", "periods")
    named = named[named["metric"] != "modulation_day_complete"] if len(named) else named
    if len(named):
        traces.append({"type": kind, "mode": "markers", "name": _chosen(named["period_h"]), "x": named["period_h"],
                       "y": np.maximum(named["p"], floor), "hovertemplate": "%{x:.4g} h: p = %{y:.2g}<extra></extra>",
                       "marker": {"color": style.colour("ink"), "size": 7, "symbol": "diamond"}})
    lowest = np.log10(max(min(float(np.nanmin(trace["y"])) for trace in traces), floor))
    arranged = style.layout(style.axis("Period (h)", type="log", **_period_ticks(traces)),
                            style.axis("Probability by chance", type="log", exponentformat="power",
                                       dtick=max(1, int(np.ceil(-lowest / 6)))))
    return Panel(key, title, audit.why("spectrum_peak_p") + " Below the dashed line is what one in a "
                 "hundred uniform catalogues reaches anywhere.", style.figure(traces, arranged), aspect=0.65)


def _chosen(hours: pd.Series) -> str:
    """Return the name of the periods that were tested by themselves: ``1, 12, 24 h, 7 d (chosen beforehand)``."""
    short, days = (sorted(hours[part].unique()) for part in (hours <= 24.0, hours > 24.0))
    names = [", ".join(f"{one:g}" for one in short) + " h"] * bool(short) + [f"{one / 24.0:g} d" for one in days]
    return f"{', '.join(names)} (chosen beforehand)"


def _period_ticks(traces: list[dict[str, Any]]) -> dict[str, Any]:
    """Return ticks at powers of ten and at 1, 12 and 24 h within what is drawn."""
    low, high = (f([f(trace["x"]) for trace in traces]) for f in (np.min, np.max))
    powers = 10.0 ** np.arange(np.ceil(np.log10(low) - 0.05), np.floor(np.log10(high) + 0.05) + 1)
    ticks = sorted({*powers.tolist(), *(float(one) for one in MARKS_H if low / 1.1 <= one <= high * 1.1)})
    crowded = 12.0 in ticks
    return {"tickmode": "array", "tickvals": ticks,
            "ticktext": ["" if crowded and one == HIDDEN_H else f"{one:,g}" for one in ticks]}


def _quarries(audit: Audit, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "quarries", "Rate in working hours over other hours"
    nodes = audit.table("blasts", "nodes")
    if nodes.empty:
        return unanswered(audit, "quarry_places", key, title)
    nodes = nodes.iloc[style.thin(len(nodes), settings.max_points)]
    kind = style.scatter_type(len(nodes))
    traces: list[dict[str, Any]] = [{
        "type": kind, "mode": "markers", "name": "Group of events", "x": nodes["longitude"], "y": nodes["latitude"],
        "customdata": np.column_stack([nodes["ratio"], nodes["n_work"], nodes["n"], nodes["radius_km"]]),
        "hovertemplate": "ratio %{customdata[0]:.2f}: %{customdata[1]} of %{customdata[2]} events within "
                         "%{customdata[3]:.1f} km<extra></extra>",
        "marker": {"size": 6, "color": np.clip(nodes["ratio"], 0.3, 4.0), "colorscale": style.SCALE, "cmin": 0.5,
                   "cmax": 2.5, "colorbar": {"title": {"text": "Ratio"}, "thickness": 12}}}]
    traces += _marked(audit, facts, kind)
    stretch = 1.0 / max(float(np.cos(np.radians(nodes["latitude"].mean()))), 0.05)
    arranged = style.layout(style.axis("Longitude (deg)"),
                            style.axis("Latitude (deg)", scaleanchor="x", scaleratio=stretch),
                            legend={**style.LEGEND, "itemsizing": "constant"})
    return Panel(key, title, audit.why("quarry_places") + " Every point is an event with its nearest "
                 "ones; the ratio is one without blasts.", style.figure(traces, arranged), aspect=0.9)


def _marked(audit: Audit, facts: Facts, kind: str) -> list[dict[str, Any]]:
    """Return the marks of places with blasts and of stations."""
    out = []
    places = audit.table("blasts", "places")
    if len(places):
        out.append({"type": kind, "mode": "markers", "name": "Place with blasts", "x": places["longitude"],
                    "y": places["latitude"], "hovertemplate": "%{customdata:.0f} blasts<extra></extra>",
                    "customdata": places["blasts"],
                    "marker": {"symbol": "circle-open", "size": 18, "color": style.colour("S"), "line": {"width": 3}}})
    if len(facts.stations):
        out.append({"type": kind, "mode": "markers", "name": "Station", "x": facts.stations["longitude"],
                    "y": facts.stations["latitude"], "text": facts.stations["station_id"], "hoverinfo": "text",
                    "marker": {"symbol": "triangle-up", "size": 8, "color": style.colour("station")}})
    return out


def _places(audit: Audit) -> Panel:
    key, title = "quarry-places", "Places with blasts"
    places = audit.table("blasts", "places")
    if places.empty:
        return unanswered(audit, "quarry_places", key, title)
    rows = tuple((value(one["latitude"], 3), value(one["longitude"], 3), count(one["n"]), count(one["n_work"]),
                  value(one["ratio"], 1),
                  f"{value(one['blasts'], 0)} ({value(one['blasts_low'], 0)}–{value(one['blasts_high'], 0)})",
                  f"{100 * one['weekend_share']:.0f}%", value(one["depth_work_km"], 1), value(one["depth_rest_km"], 1))
                 for _, one in places.head(20).iterrows())
    head = ("Latitude", "Longitude", "Events", "in working hours", "Ratio", "Blasts (95%)", "at weekends",
            "Depth, working hours (km)", "Depth, other hours (km)")
    return Panel(key, title, audit.why("quarry_blasts") + " Without blasts 29% lie at weekends.",
                 size="full", grid=Grid(head, rows, frozenset(range(9))))


def _steps(audit: Audit, facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "rate-steps", "Cumulative number of events and changes of the network"
    step = audit.table("rate-steps", "step")
    if step.empty:
        return unanswered(audit, "unexplained_step", key, title)
    shown = style.thin(len(facts.catalogue), settings.max_points)
    times = style.milliseconds(facts.catalogue["time"].iloc[shown])
    kind = style.scatter_type(len(shown))
    traces: list[dict[str, Any]] = [{
        "type": kind, "mode": "lines", "name": "All events", "x": times, "y": shown + 1,
        "line": {"color": style.colour("P"), "width": 2},
        "hovertemplate": "%{x|%Y-%m-%d %H:%M}: %{y:,}<extra></extra>"}]
    shapes = []
    changes = audit.table("rate-steps", "changes")
    for name, dash, rows in (("Change of the network", "dot", changes),
                             ("Change with a step", "solid", _stepped(changes)),
                             ("Clearest step", "dash", step[step["sure"]] if "sure" in step else step.iloc[:0])):
        tint = "muted" if dash == "dot" else "S" if dash == "solid" else "good"
        shapes += [style.upright(moment(when), tint, dash) for when in rows["time"].head(200)] if len(rows) else []
        if len(rows):
            traces.append({"type": kind, "mode": "lines", "name": name, "x": [None], "y": [None],
                           "line": {"color": style.colour(tint), "dash": dash, "width": 2}})
    arranged = style.layout(style.axis("Time (UTC)", type="date"), style.axis("Events", rangemode="tozero"),
                            shapes=shapes)
    first = audit.why("changes_with_step")
    return Panel(key, title, f"{first} {audit.why('unexplained_step')}",
                 style.figure(traces, arranged))


def _stepped(changes: pd.DataFrame) -> pd.DataFrame:
    return changes[changes["all_step"] | changes["large_step"]] if len(changes) else changes
