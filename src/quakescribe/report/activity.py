"""When the events were: cumulative count and rate, and magnitude against time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, duration, moment, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_BINS_S = (60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)


def activity(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return cumulative count with rate, and magnitude against time."""
    if facts.catalogue.empty:
        return [
            nothing("cumulative", "Events in time", "there is no event"),
            nothing("magnitude-time", "Magnitude against time", "there is no event"),
        ]
    return [_cumulative(facts, settings), _magnitude_time(facts, settings)]


def bin_width_s(span: tuple[pd.Timestamp, pd.Timestamp] | None) -> int:
    """Return the width (s) of the bins of a time axis: the smallest round one that makes at most 200 bins."""
    length = (span[1] - span[0]).total_seconds() if span else 0.0
    return next((width for width in _BINS_S if length <= 200 * width), _BINS_S[-1])


def binned(
    times: pd.Series, span: tuple[pd.Timestamp, pd.Timestamp], width_s: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the middle of every bin (ms since 1970) and the number of times in it; bins start at round UTC times."""
    edges_ms = np.arange(span[0].timestamp() // width_s, span[1].timestamp() // width_s + 2) * (width_s * 1000.0)
    found, _ = np.histogram(style.milliseconds(times), bins=edges_ms)
    return (edges_ms[:-1] + edges_ms[1:]) / 2, found


def _cumulative(facts: Facts, settings: ReportSettings) -> Panel:
    span = facts.span or (facts.catalogue["time"].min(), facts.catalogue["time"].max())
    events = facts.catalogue
    width = bin_width_s(span)
    middle, found = binned(events["time"], span, width)
    rate = found * 3600.0 / width
    drawn = style.thin(len(events), 2000)
    good = events[events["well_located"]]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": "Rate",
            "x": middle,
            "y": rate,
            "yaxis": "y2",
            "width": width * 1000.0,
            "marker": {"color": style.colour("quiet"), "line": {"width": 0}},
            "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{y:.1f} per hour<extra></extra>",
        },
        _steps("All events", events["time"], drawn, "ink"),
    ]
    if len(good) and len(good) < len(events):
        traces.append(_steps("Well located", good["time"], style.thin(len(good), 2000), "good"))
    arranged = style.layout(
        time_axis(facts),
        style.axis("Cumulative number of events", rangemode="tozero", overlaying="y2"),
        yaxis2=style.axis("Events per hour", side="right", rangemode="tozero", showgrid=False),
        bargap=0,
    )
    busiest = int(found.argmax())
    start = pd.Timestamp(middle[busiest] - width * 500.0, unit="ms", tz="UTC")
    hours = (span[1] - span[0]).total_seconds() / 3600.0
    caption = (
        f"{count(len(events), 'event')} in {duration(hours * 3600)}"
        + (f", {len(events) / hours:.1f} per hour on average" if hours > 0 else "")
        + f". Busiest {duration(width)}: {count(found[busiest], 'event')} from {moment(start)[:16]} UTC."
    )
    return Panel("cumulative", "Events in time", caption, style.figure(traces, arranged), aspect=0.55)


def _steps(name: str, times: pd.Series, drawn: NDArray[np.int64], colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": style.milliseconds(times)[drawn],
        "y": drawn + 1,
        "line": {"shape": "hv", "width": 2, "color": style.colour(colour)},
        "hovertemplate": "%{y:,}<br>%{x|%Y-%m-%d %H:%M:%S}<extra>" + name + "</extra>",
    }


def time_axis(facts: Facts) -> dict[str, Any]:
    """Return the axis of time over the whole span, whatever the data cover of it."""
    span = facts.span
    limits = (
        {}
        if span is None or span[0] == span[1]
        else {"range": [span[0].strftime("%Y-%m-%d %H:%M:%S"), span[1].strftime("%Y-%m-%d %H:%M:%S")]}
    )
    return style.axis("Time (UTC)", type="date", nticks=7, **limits)


def _magnitude_time(facts: Facts, settings: ReportSettings) -> Panel:
    known = facts.catalogue[facts.catalogue["magnitude"].notna()].reset_index(drop=True)
    title = "Magnitude against time"
    if known.empty:
        return nothing(
            "magnitude-time", title, "no event has a magnitude (no gain, no amplitude, or 'measure' has not run)"
        )
    drawn = style.thin(len(known), settings.max_points, known["magnitude"].to_numpy())
    part = known.iloc[drawn]
    trace = {
        "type": style.scatter_type(len(part)),
        "mode": "markers",
        "name": facts.kind,
        "x": style.milliseconds(part["time"]),
        "y": part["magnitude"].to_numpy(dtype=np.float32),
        "marker": {"size": 5, "opacity": 0.55, "color": style.colour("P"), "line": {"width": 0}},
        "hovertemplate": "%{x|%Y-%m-%d %H:%M:%S}<br>" + facts.kind + " %{y:.2f}<extra></extra>",
    }
    arranged = style.layout(time_axis(facts), style.axis(f"Magnitude {facts.kind}"), showlegend=False)
    largest = known.iloc[int(known["magnitude"].to_numpy().argmax())]
    without = len(facts.catalogue) - len(known)
    caption = (
        f"Largest: {facts.kind} {value(largest['magnitude'], 1)} at {moment(largest['time'])} UTC; median "
        f"{value(known['magnitude'].median(), 1)}. "
        + (
            f"{count(without, 'event')} ({share(without, len(facts.catalogue))}) without a magnitude. "
            if without
            else ""
        )
        + "A rising lower edge after a large event is its coda hiding small ones."
    )
    return Panel(
        "magnitude-time",
        title,
        caption + style.thinned(len(part), len(known), "events", "the largest and the rest evenly"),
        style.figure([trace], arranged),
        aspect=0.55,
    )
