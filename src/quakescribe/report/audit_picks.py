"""Figures of the audit of picks and their association: rates, chance, lift, picks without event, and what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, listed, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

if TYPE_CHECKING:
    from quakescribe.audit import Audit
    from quakescribe.run.examples import Example

_MARKS = {"good": ("P", "circle"), "watch": ("watch", "diamond"), "bad": ("bad", "square"),
          "cannot tell": ("muted", "circle-open")}
"""Colour and symbol of a verdict."""


def panels(audit: Audit, facts: Facts, settings: ReportSettings,
           examples: Sequence[Example] = ()) -> dict[str, list[Panel]]:
    """Return the figures of the checks `pairing`, `anomaly`, `association` and `lift`, by section.

    Parameters
    ----------
    audit
        Checks that it lacks leave a panel that says so.
    facts
        Of the same catalogue.
    settings
        How many stations and points are drawn.
    examples
        Recordings about picks without event, from :func:`quakescribe.run.examples.examples`.
    """
    return {
        "pick": [_lone(audit, settings), _pairing(audit, settings), *_recordings(examples)],
        "associate": [_rates(audit, settings), _lift(audit, settings), _thresholds(audit), _days(audit, facts)],
    }


def _table(audit: Audit, check: str, name: str, *columns: str) -> pd.DataFrame:
    """Return a table of a check's outcome; an empty one where it is missing or lacks a column."""
    table = audit.table(check, name)
    return table if set(columns) <= set(table.columns) else pd.DataFrame(columns=list(columns))


def _verdicts(audit: Audit, metric: str) -> pd.Series:
    """Return the verdict of every station."""
    found = audit.findings
    mine = found[(found["metric"] == metric) & (found["scope"] == "station")]
    return pd.Series(mine["verdict"].to_numpy(), index=mine["key"].to_numpy(), dtype="str")


def _network(audit: Audit, metric: str, key: str = "") -> Any:
    """Return the finding of the network; None without."""
    found = audit.findings
    mine = found[(found["metric"] == metric) & (found["scope"] == "network") & (found["key"] == key)]
    return mine.iloc[0] if len(mine) else None


def _flagged(audit: Audit, metric: str) -> list[str]:
    """Return the stations that a metric calls 'watch' or 'bad'."""
    return [str(name) for name, one in _verdicts(audit, metric).items() if one in ("watch", "bad")]


def _out_of_line(names: Sequence[str]) -> str:
    """Return the end of a sentence that says which stations are out of line."""
    several = sorted(set(names))
    if not several:
        return "no station is out of line."
    verb = "is" if len(several) == 1 else "are"
    return f"{count(len(several), 'station')} {verb} out of line ({listed(several, 6)})."


def _drawn(table: pd.DataFrame, limit: int) -> str:
    return f" Drawn: {limit} of {len(table)} stations, the first of this order." if len(table) > limit else ""


def _stations_axis(names: list[str]) -> dict[str, Any]:
    return style.axis("", type="category", categoryorder="array", categoryarray=names, dtick=1, ticks="",
                      showgrid=False, tickfont={"size": 12 if len(names) < 40 else 10})


def _size(n: int) -> dict[str, Any]:
    """Return the shape of a figure with one line per station."""
    return {"aspect": float(np.clip(0.12 + 0.024 * n, 0.5, 2.2)), "rows": 2, "least": 90 + 17 * n}


def _by_verdict(table: pd.DataFrame, x: str, hover: str) -> list[dict[str, Any]]:
    """Return one trace of points per verdict, with the interval low to high; `verdict` is a column."""
    traces = []
    for verdict, (tint, symbol) in _MARKS.items():
        mine = table[table["verdict"] == verdict]
        if mine.empty:
            continue
        reach = {"type": "data", "symmetric": False, "array": (mine["high"] - mine[x]).to_numpy(),
                 "arrayminus": (mine[x] - mine["low"]).to_numpy(), "thickness": 1.2, "width": 0,
                 "color": style.colour(tint)}
        traces.append({
            "type": "scatter", "mode": "markers", "name": verdict, "x": mine[x].to_numpy(),
            "y": mine["station_id"].tolist(), "error_x": reach, "hovertemplate": hover,
            "customdata": mine["n"].tolist(), "marker": {"size": 8, "color": style.colour(tint), "symbol": symbol}})
    return traces


def _lone(audit: Audit, settings: ReportSettings) -> Panel:
    """Return the numbers of picks without event per station, of each picker."""
    key, title = "audit-lone", "Picks without event per station"
    table = _table(audit, "anomaly", "stations", "station_id", "unassociated")
    if table.empty or not table["unassociated"].sum():
        return nothing(key, title, "every pick belongs to an event, or there is none")
    table = table.sort_values(["unassociated", "station_id"], ascending=[False, True], kind="stable")
    drawn = table.head(settings.stations_drawn).iloc[::-1]
    names = drawn["station_id"].tolist()
    verdicts = _verdicts(audit, "pick_anomaly" if "rule" in table else "unassociated_picks").reindex(names)
    series = [("This picker", drawn["u" if "u" in drawn else "unassociated"],
               [style.colour({"bad": "bad", "watch": "watch"}.get(one, "P")) for one in verdicts])]
    if "rule" in table:
        series.append(("Rule-based picker", drawn["rule"], [style.colour("quiet")] * len(drawn)))
    counts = np.concatenate([of.fillna(0).to_numpy(float) for _, of, _ in series])
    axis = style.count_axis("Picks without event", counts)
    form = {"type": "scatter", "mode": "markers"} if axis.get("type") == "log" else {"type": "bar", "orientation": "h"}
    traces = [{**form, "name": name, "y": names, "x": style.on_axis(of.fillna(0).to_numpy(float), axis),
               "customdata": of.fillna(0).astype(int).tolist(), "marker": {"color": tints},
               "hovertemplate": "%{y}: %{customdata:,}<extra>" + name.lower() + "</extra>"}
              for name, of, tints in reversed(series)]
    arranged = style.layout(axis, _stations_axis(names), barmode="group", bargap=0.25,
                            legend={**style.LEGEND, "traceorder": "reversed"})
    flagged = _flagged(audit, "pick_anomaly")
    most = table.iloc[0]
    caption = (f"{most['station_id']} has most, {count(most['unassociated'])}; the median station has "
               f"{count(table['unassociated'].median())}.")
    if "rule" in table:
        caption += f" Against the rule-based picker {_out_of_line(flagged)}"
    else:
        caption += " Without a rule-based picker of the same recordings there is nothing to hold them against."
    return Panel(key, title, caption + _drawn(table, settings.stations_drawn), style.figure(traces, arranged),
                 **_size(len(drawn)))


def _pairing(audit: Audit, settings: ReportSettings) -> Panel:
    key, title = "audit-pairing", "Picks without partner per station"
    table = _table(audit, "pairing", "stations", "station_id", "phase", "alone", "n", "share")
    if table.empty:
        return nothing(key, title, "there are not both P and S picks")
    wide = pd.DataFrame({phase: table[table["phase"] == phase].set_index("station_id")["share"] for phase in "PS"})
    wide["largest"] = wide.max(axis=1)
    wide = wide.sort_values(["largest"], ascending=False, kind="stable")
    drawn = wide.head(settings.stations_drawn).iloc[::-1]
    names = [str(name) for name in drawn.index]
    traces = [{"type": "scatter", "mode": "markers", "name": f"{phase} without {other}", "x": 100 * drawn[phase],
               "y": names, "hovertemplate": "%{y}: %{x:.1f}%<extra>" + f"{phase} without {other}" + "</extra>",
               "marker": {"size": 8, "color": style.colour(phase), "symbol": symbol}}
              for phase, other, symbol in (("P", "S", "circle"), ("S", "P", "diamond"))]
    arranged = style.layout(style.axis("Picks without partner (%)", range=[-2, 102]), _stations_axis(names))
    flagged = [name for metric in ("unpaired_p", "unpaired_s") for name in _flagged(audit, metric)]
    medians = " and ".join(f"{share(float(wide[phase].median()), 1.0)} of the {phase}" for phase in "PS"
                           if wide[phase].notna().any())
    caption = f"At the median station {medians} have no partner; {_out_of_line(flagged)}"
    return Panel(key, title, caption + _drawn(wide, settings.stations_drawn), style.figure(traces, arranged),
                 **_size(len(drawn)))


def _rates(audit: Audit, settings: ReportSettings) -> Panel:
    key, title = "audit-rates", "Association rate per station"
    table = _table(audit, "association", "stations", "station_id", "picks", "share", "low", "high")
    table = table[table["share"].notna()]
    if table.empty or not table["share"].sum():
        return nothing(key, title, "no pick belongs to an event")
    table = table.assign(verdict=table["station_id"].map(_verdicts(audit, "association_rate")).fillna("cannot tell"),
                         n=table["picks"], **{name: 100 * table[name] for name in ("share", "low", "high")})
    table = table.sort_values(["share", "station_id"], kind="stable")
    drawn = table.head(settings.stations_drawn).iloc[::-1]
    names, usual = drawn["station_id"].tolist(), float(table["share"].median())
    traces = _by_verdict(drawn, "share", "%{y}: %{x:.1f}% of %{customdata:,} picks<extra></extra>")
    whole = _network(audit, "association_rate")
    shapes, null = [style.upright(usual)], float("nan") if whole is None else 100 * float(whole["expected"])
    if np.isfinite(null):
        shapes.append(style.upright(null, "bad"))
    arranged = style.layout(
        style.axis("Picks that belong to an event (%)", rangemode="tozero"), _stations_axis(names), shapes=shapes)
    lowest = table.iloc[0]
    caption = (f"Dotted: the median station, {value(usual, 1)}%"
               + (f", and by chance, {value(null, 2)}% (red). " if np.isfinite(null) else ". ")
               + f"{lowest['station_id']} has the lowest rate, {value(float(lowest['share']), 1)}%. Bars: 95%. A "
               "station far from the events has a low rate without fault.")
    return Panel(key, title, caption + _drawn(table, settings.stations_drawn), style.figure(traces, arranged),
                 **_size(len(drawn)))


def _lift(audit: Audit, settings: ReportSettings) -> Panel:
    key, title = "audit-lift", "Association lift per station"
    table = _table(audit, "lift", "stations", "station_id", "lift", "low", "high", "events", "least")
    table = table[np.isfinite(table["lift"].astype("float64"))]
    verdicts = _verdicts(audit, "association_lift")
    table = table[table["station_id"].isin(verdicts.index)]
    if table.empty:
        return nothing(key, title, "no event is known well enough without one of its stations")
    floor, least = 0.3, float(table["least"].iloc[0])
    table = table.assign(verdict=table["station_id"].map(verdicts), n=table["events"],
                         lift=table["lift"].clip(lower=floor), low=table["low"].clip(lower=floor))
    table["high"] = table["high"].where(np.isfinite(table["high"]), table["lift"]).clip(lower=table["lift"])
    table["low"] = table["low"].clip(upper=table["lift"])
    table = table.sort_values(["lift", "station_id"], kind="stable")
    drawn = table.head(settings.stations_drawn).iloc[::-1]
    names = drawn["station_id"].tolist()
    traces = _by_verdict(drawn, "lift", "%{y}: %{x:.1f} times, of %{customdata:,} events<extra></extra>")
    top = float(drawn["high"].max()) * 1.3
    arranged = style.layout(
        style.axis("Onsets as predicted, over those by chance", type="log", dtick=1,
                   range=[np.log10(floor * 0.9), np.log10(max(top, 10.0))]),
        _stations_axis(names), shapes=[style.upright(1.0), style.upright(least, "bad")])
    caption = (f"Median {value(float(table['lift'].median()), 0)}; {_out_of_line(_flagged(audit, 'association_lift'))} "
               f"Dotted: chance, 1, and the least lift, {least:g}. The events are located without the station. Bars: "
               "95%. Lifts below 0.3 are drawn there.")
    return Panel(key, title, caption + _drawn(table, settings.stations_drawn), style.figure(traces, arranged),
                 **_size(len(drawn)))


def _thresholds(audit: Audit) -> Panel:
    key, title = "audit-thresholds", "Association rate and threshold"
    table = _table(audit, "association", "thresholds", "threshold", "associated", "rate", "corrected")
    if len(table) < 2:
        return nothing(key, title, "the picks carry no probability")
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "mode": "lines+markers", "name": name, "x": table["threshold"], "y": 100 * table[column],
         "line": {"width": 2, "color": style.colour(tint), "dash": dash},
         "hovertemplate": "%{x:.2f}: %{y:.1f}%<extra>" + name + "</extra>"}
        for name, column, tint, dash in (("R", "rate", "P", "solid"), ("R less chance", "corrected", "S", "dash"))
        if table[column].notna().any()]
    traces.append({"type": "scatter", "mode": "lines", "name": "Associated picks", "x": table["threshold"],
                   "y": table["associated"], "yaxis": "y2", "line": {"width": 1.5, "color": style.colour("muted")},
                   "hovertemplate": "%{x:.2f}: %{y:,}<extra>associated picks</extra>"})
    arranged = style.layout(
        style.axis("Least probability of a pick"), style.axis("Association rate (%)", rangemode="tozero"),
        yaxis2=style.axis("Associated picks", overlaying="y", side="right", rangemode="tozero", showgrid=False))
    first, last = table.iloc[0], table.iloc[-1]
    caption = (f"From {value(100 * first['rate'], 0)}% at {value(first['threshold'], 2)} to "
               f"{value(100 * last['rate'], 0)}% at {value(last['threshold'], 2)}, where {count(last['associated'])} "
               f"of {count(first['associated'])} associated picks are left. The events stay as they are: with fewer "
               "picks some would fall below the least number of stations.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.55)


def _days(audit: Audit, facts: Facts) -> Panel:
    key, title = "audit-days", "Association rate per day"
    table = _table(audit, "association", "days", "day", "picks", "associated", "share", "low", "high")
    if len(table) < 2:
        return nothing(key, title, "there are fewer than two days of picks")
    time = style.milliseconds(table["day"])
    rate, low, high = (100 * table[name].to_numpy() for name in ("share", "low", "high"))
    many = style.scatter_type(len(table))
    reach = {"type": "data", "symmetric": False, "array": np.maximum(high - rate, 0), "arrayminus":
             np.maximum(rate - low, 0), "thickness": 1, "width": 0, "color": style.colour("line")}
    found = audit.findings
    flagged = found[(found["metric"] == "association_rate") & (found["scope"] == "day")]["key"].tolist()
    out = table["day"].dt.strftime("%Y-%m-%d").isin(flagged).to_numpy()
    traces: list[dict[str, Any]] = [
             {"type": many, "mode": "markers", "name": name, "x": time[mask], "y": rate[mask],
               "customdata": table.loc[mask, "picks"].tolist(),
               "error_y": {**reach, "array": reach["array"][mask], "arrayminus": reach["arrayminus"][mask]},
               "hovertemplate": "%{x|%Y-%m-%d}: %{y:.1f}% of %{customdata:,} picks<extra></extra>",
               "marker": {"size": 6, "color": style.colour(tint), "symbol": symbol}}
              for name, mask, tint, symbol in (("A day", ~out, "P", "circle"),
                                               ("With many picks without event", out, "watch", "diamond"))
              if mask.any()]
    whole = _network(audit, "association_rate")
    null = float("nan") if whole is None else 100 * float(whole["expected"])
    if np.isfinite(null):
        traces.append({"type": many, "mode": "lines", "name": "By chance", "x": time[[0, -1]], "y": [null, null],
                       "line": {"width": 1.5, "dash": "dot", "color": style.colour("bad")}})
    arranged = style.layout(style.axis("Day (UTC)", type="date"),
                            style.axis("Picks that belong to an event (%)", rangemode="tozero"))
    caption = (f"From {value(float(rate.min()), 1)}% to {value(float(rate.max()), 1)}%"
               + (f"; by chance {value(null, 2)}% (dotted)" if np.isfinite(null) else "")
               + ". The rate rises with the number of earthquakes; "
               + (f"on {count(len(flagged), 'day')} it is low because of many more picks without event."
                  if flagged else "no day is low because of many more picks without event."))
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.5)


def _recordings(examples: Sequence[Example]) -> list[Panel]:
    """Return one figure of waveforms per station-day."""
    groups: dict[tuple[str, str], list[Example]] = {}
    for one in examples:
        groups.setdefault((one.station_id, one.day), []).append(one)
    return [_waveforms(k, mine) for k, mine in enumerate(groups.values())]


def _waveforms(number: int, mine: Sequence[Example]) -> Panel:
    """Draw the windows below each other, in each Z, N and E, with the picks as short lines."""
    traces: list[dict[str, Any]] = []
    ticks, labels, marks = [], [], []
    for k, one in enumerate(mine):
        for c, component in enumerate("ZNE"):
            middle = -(3.6 * k + c)
            ticks.append(middle)
            labels.append(component if c else f"{one.start:%H:%M:%S} {component}")
            time = np.arange(one.data.shape[1], dtype=np.float32) / np.float32(one.sampling_rate)
            traces.append({
                "type": "scatter", "mode": "lines", "x": time.round(3), "y": (middle + 0.48 * one.data[c]).round(3),
                "line": {"width": 0.8, "color": style.colour("ink")}, "showlegend": False, "hoverinfo": "skip"})
        for phase, at, kept in one.picks:
            marks.append((phase, kept, at, -3.6 * k + 0.5, -3.6 * k - 2.5))
    for phase in "PS":
        for kept in (False, True):
            lines = [mark for mark in marks if mark[:2] == (phase, kept)]
            if lines:
                traces.append({
                    "type": "scatter", "mode": "lines", "name": phase + (" of an event" if kept else " without event"),
                    "x": [x for _, _, at, _, _ in lines for x in (at, at, None)],
                    "y": [y for *_, top, bottom in lines for y in (top, bottom, None)],
                    "line": {"width": 1.8, "color": style.colour(phase), "dash": "dash" if kept else "solid"},
                    "hovertemplate": "%{x:.2f} s<extra>" + phase + "</extra>"})
    arranged = style.layout(
        style.axis("Time in the window (s)", range=[0, max(one.data.shape[1] / one.sampling_rate for one in mine)]),
        style.axis("", tickmode="array", tickvals=ticks, ticktext=labels, showgrid=False, ticks=""))
    first = mine[0]
    caption = (f"{count(len(mine), 'pick')} without event at {first.station_id} on {first.day}, taken evenly over the "
               f"day ({first.why}). Each component is filtered as the picker sees it and drawn to its own largest "
               "value. Earthquakes have an S after the P, larger on N and E; bursts alike on all three are noise.")
    return Panel(f"audit-examples-{number + 1}", f"Picks without event at {first.station_id}, {first.day}", caption,
                 style.figure(traces, arranged), size="full", aspect=0.55, least=120 + 75 * len(mine))
