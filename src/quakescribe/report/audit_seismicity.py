"""Figures of the audit of events in time and space: nearest neighbours, coincident, duplicated and merged events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from quakescribe.audit import Audit
from quakescribe.audit.words import percent
from quakescribe.report import style
from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.text import count, moment, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_BINS = 60  # of the plane of rescaled time and distance, each way
_LISTED = 15  # rows of a table of pairs


def panels(audit: Audit, facts: Facts, settings: ReportSettings) -> dict[str, list[Panel]]:
    """Return the panels of the checks nearest-neighbours, coincident-events and duplicate-events, by section.

    Parameters
    ----------
    audit
        What was found; a check that is missing gets panels that say so.
    facts, settings
        The catalogue, and what the report shows.
    """
    del facts, settings
    near, coincident, duplicate = (_tables(audit, name) for name in
                                   ("nearest-neighbours", "coincident-events", "duplicate-events"))
    return {"catalogue": [_plane(near), _proximities(near), _windows(coincident), _coincident(coincident),
                          _origin_times(duplicate), _doubles(duplicate)]}


def _tables(audit: Audit, name: str) -> dict[str, pd.DataFrame]:
    outcome = audit.outcomes.get(name)
    return {} if outcome is None else {key: frame for key, frame in outcome.tables.items() if len(frame)}


def _plane(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "neighbour-plane", "Nearest neighbours in time and distance"
    if "neighbours" not in tables:
        return nothing(key, title, "too few events have a nearest neighbour")
    known = tables["neighbours"].dropna(subset=["log_t", "log_r"])
    if known.empty:
        return nothing(key, title, "no event has a nearest neighbour")
    threshold = float(tables["threshold"]["log_eta"].iloc[0])
    t, r = known["log_t"].to_numpy(), known["log_r"].to_numpy()
    edges = [np.linspace(v.min() - 0.1, v.max() + 0.1, _BINS + 1) for v in (t, r)]
    number = np.histogram2d(t, r, edges)[0].T
    ends = np.array([edges[0][0], edges[0][-1]])
    traces = [
        {"type": "heatmap", "x": (edges[0][1:] + edges[0][:-1]) / 2, "y": (edges[1][1:] + edges[1][:-1]) / 2,
         "z": np.where(number > 0, np.log10(np.maximum(number, 1.0)), np.nan), "customdata": number,
         "colorscale": style.SCALE, "hovertemplate": "T %{x:.1f}, R %{y:.1f}: %{customdata:,} events<extra></extra>",
         "colorbar": {"title": {"text": "log10 number"}, "thickness": 12, "outlinewidth": 0}},
        {"type": "scatter", "mode": "lines", "x": ends, "y": threshold - ends, "hoverinfo": "skip",
         "name": f"log10 eta = {threshold:.2f}", "showlegend": True,
         "line": {"width": 2, "color": style.colour("S"), "dash": "dash"}},
    ]
    arranged = style.layout(style.axis("Rescaled time, log10 T (yr)"),
                            style.axis("Rescaled distance, log10 R (km^df)", range=[edges[1][0], edges[1][-1]]))
    part = float((~known["background"]).mean())
    told = ("they are clustered, the others are background" if bool(tables["threshold"]["sure"].iloc[0])
            else "but clusters and background do not part, as in a catalogue of one sequence")
    return Panel(key, title, f"{percent(part)} of {count(len(known), 'event')} lie below the dashed line: {told}. A "
                 "lobe at the upper left, near in time and far away, would be false or split events.",
                 style.figure(traces, arranged), aspect=0.75)


def _proximities(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "neighbour-proximity", "Nearest-neighbour proximity"
    if "neighbours" not in tables:
        return nothing(key, title, "too few events have a nearest neighbour")
    found = tables["neighbours"]["log_eta"].dropna().to_numpy()
    chance = tables["chance"]["log_eta"].to_numpy() if "chance" in tables else np.empty(0)
    if not len(found):
        return nothing(key, title, "no event has a nearest neighbour")
    threshold = float(tables["threshold"]["log_eta"].iloc[0])
    low, high = (f(np.concatenate([found, chance])) for f in (np.min, np.max))
    edges = np.linspace(low - 0.05, high + 0.05, _BINS + 1)
    middle, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    traces: list[dict[str, Any]] = [{
        "type": "bar", "x": middle, "y": np.histogram(found, edges)[0], "width": width, "name": "Events",
        "marker": {"color": style.colour("quiet")}, "hovertemplate": "%{x:.2f}: %{y:,} events<extra></extra>"}]
    if len(chance):
        parted = "mixture" in tables
        drawn = np.histogram(chance, edges)[0] / len(chance)
        drawn = drawn * (tables["neighbours"]["background"].sum() if parted else len(found))
        traces.append(_line(middle, drawn, "Shuffled background" if parted else "Shuffled", "muted", "dot"))
    words = "one mode; the threshold is the first percentile of the shuffled catalogue"
    if "mixture" in tables:
        modes = tables["mixture"]
        for k, (name, tint) in enumerate((("Clustered", "S"), ("Background", "P"))):
            height = modes["share"][k] * norm.pdf(middle, modes["mean"][k], modes["sd"][k]) * len(found) * width
            traces.append(_line(middle, height, name, tint, "solid"))
        words = (f"two modes, clustered events about {modes['mean'][0]:.1f} and background about "
                 f"{modes['mean'][1]:.1f}; the threshold is where they cross")
    arranged = style.layout(style.axis("Proximity, log10 eta (yr km^df)"), style.axis("Number of events"), bargap=0,
                            shapes=[style.upright(threshold, "ink")])
    return Panel(key, title, f"The distribution has {words}, {threshold:.2f} (dotted upright).",
                 style.figure(traces, arranged), aspect=0.6)


def _windows(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "coincident-windows", "Simultaneous events at distant places"
    if "windows" not in tables:
        return nothing(key, title, "there are too few events, or too many at once, to count pairs")
    table = tables["windows"]
    x, observed = table["window_s"].to_numpy(), table["observed"].to_numpy()
    traces = [
        {"type": "scatter", "mode": "markers", "name": "Observed, 95% interval", "x": x, "y": observed,
         "marker": {"size": 8, "color": style.colour("S")},
         "error_y": {"type": "data", "symmetric": False, "array": table["high"] - observed,
                     "arrayminus": observed - table["low"], "thickness": 1.5, "color": style.colour("S")},
         "hovertemplate": "within %{x:g} s: %{y:,} pairs<extra></extra>"},
        _line(x, table["expected"].to_numpy(), "Expected from longer lags", "P", "solid"),
    ]
    arranged = style.layout(style.axis("Largest difference of origin times (s)", rangemode="tozero"),
                            style.axis("Pairs of distant events", rangemode="tozero"))
    last = table.iloc[-1]
    over = table[table["low"] > table["expected"]]["window_s"]
    words = (f"More than chance gives within {', '.join(f'{one:g}' for one in over)} s." if len(over)
             else "No window holds surely more than chance gives.")
    return Panel(key, title, f"{count(last['observed'], 'pair')} within {last['window_s']:g} s, {last['expected']:.1f} "
                 f"expected. {words}", style.figure(traces, arranged), aspect=0.6)


def _coincident(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "coincident-pairs", "Pairs of simultaneous distant events"
    if "pairs" not in tables:
        return nothing(key, title, "there is no such pair", size="full")
    table = tables["pairs"]
    head = ("Origin time (UTC)", "Event", "Other event", "Apart (s)", "Apart (km)", "Onsets", "of the other",
            "Stations of the other", "shared", "Same onsets", "RMS of the other (s)", "Gap of the other (°)",
            "The pair is")
    rows = tuple(
        (*_pair(row), count(row["n_large"]), count(row["n_small"]), count(row["stations"]),
         count(row["shared_stations"]), count(row["same_onsets"]), value(row["rms_s"]), value(row["gap_deg"], 0),
         row["judgement"])
        for row in _records(table))
    words = "; ".join(f"{number} {word}" for word, number in table["judgement"].value_counts().items())
    return Panel(key, title, f"{count(len(table), 'pair')}, the most suspicious first: {words}."
                 + _cut(table), size="full", grid=Grid(head, rows, frozenset(range(3, 12))))


def _origin_times(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "single-station-origins", "Origin times of single stations"
    if "origin_times" not in tables:
        return nothing(key, title, "too few pairs of P and S have residuals or known stations")
    apart = tables["origin_times"]["apart_s"].to_numpy()
    edges = np.linspace(-5.0, 5.0, 101)
    number = np.histogram(np.clip(apart, -4.999, 4.999), edges)[0]
    traces = [{"type": "bar", "x": (edges[1:] + edges[:-1]) / 2, "y": np.where(number > 0, number, np.nan),
               "width": edges[1] - edges[0], "marker": {"color": style.colour("P")}, "showlegend": False,
               "hovertemplate": "%{x:.2f} s: %{y:,} pairs<extra></extra>"}]
    arranged = style.layout(style.axis("Station's − event's median origin time (s)"),
                            style.axis("Pairs of P and S", type="log", dtick=1, exponentformat="power"), bargap=0)
    merged, far = tables.get("merged", pd.DataFrame()), float(tables["origin_times"]["disagrees"].mean())
    return Panel(key, title, f"Half of {count(len(apart), 'pair')} lie within {np.median(np.abs(apart)):.2f} s; "
                 f"{percent(far)} disagree with their event. In {count(len(merged), 'event')} the "
                 "stations form two groups, as where two earthquakes are taken for one. The outermost bars hold all "
                 "beyond them.", style.figure(traces, arranged), aspect=0.6)


def _doubles(tables: dict[str, pd.DataFrame]) -> Panel:
    key, title = "duplicate-pairs", "Split, close and merged events"
    kinds = (("split", "one earthquake split"), ("close", "close in time and space"))
    head = ("Origin time (UTC)", "Event", "Other event", "Apart (s)", "Apart (km)", "Onsets", "of the other",
            "Stations shared", "Same onsets", "Onsets that fit the first's origin", "The pair is")
    rows: list[tuple[str, ...]] = []
    for name, words in kinds:
        rows += [(*_pair(row), count(row["n_large"]), count(row["n_small"]), count(row["shared_stations"]),
                  count(row["same_onsets"]), value(100 * row["fit"], 0, "%"), words)
                 for row in _records(tables.get(name))]
    rows += [(moment(row["time"], 1), str(row["event_id"]), "-", value(row["spread_s"], 1), "-",
              count(row["stations"]), "-", "-", "-", "-", "two earthquakes in one")
             for row in _records(tables.get("merged"))]
    if not rows:
        return nothing(key, title, "no pair of events is split or close, and no event is of two", size="full")
    every = [f"{count(len(tables[name]))} {words}" for name, words in (*kinds, ("merged", "of two earthquakes"))
             if name in tables]
    return Panel(key, title, f"Listed by the audit: {'; '.join(every)}. At most {_LISTED} of each are shown; close "
                 "pairs are a fault only where there are more than chance gives.", size="full",
                 grid=Grid(head, tuple(rows), frozenset(range(3, 10))))


def _line(x: NDArray[np.float64], y: NDArray[np.float64], name: str, tint: str, dash: str) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "hoverinfo": "skip",
            "line": {"width": 2, "color": style.colour(tint), "dash": dash}}


def _pair(row: dict[str, Any]) -> tuple[str, ...]:
    """Return time, both events, and how far they are apart."""
    return (moment(row["time"], 1), str(row["event_id"]), str(row["other_id"]), value(row["apart_s"], 1),
            value(row["apart_km"], 1))


def _records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return the rows that are shown."""
    rows = [] if table is None else table.head(_LISTED).to_dict("records")
    return [{str(name): entry for name, entry in row.items()} for row in rows]


def _cut(table: pd.DataFrame) -> str:
    return f" The first {_LISTED} are shown." if len(table) > _LISTED else ""
