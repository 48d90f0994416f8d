"""Figures of the audit of magnitudes: completeness, b value, the shape of the distribution, single stations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quakescribe.audit import Audit
from quakescribe.report import style
from quakescribe.report.panel import Panel, unanswered
from quakescribe.report.text import count, listed, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

LEAST_P = 1e-4  # the smallest p of the Lilliefors table


def panels(audit: Audit, facts: Facts, settings: ReportSettings) -> dict[str, list[Panel]]:
    """Return the figures by section of the report.

    Parameters
    ----------
    audit
        What the audit found; checks that are missing or found nothing leave a panel that says so.
    facts, settings
        The catalogue and the settings of the report.
    """
    return {"measure": [
        _frequency_magnitude(audit, facts), _methods(audit, facts), _law(audit, facts), _against_cut_off(audit, facts),
        _excess(audit, facts), _stations(audit, settings, facts)]}


def _magnitude_axis(facts: Facts, **options: Any) -> dict[str, Any]:
    return style.axis(f"Magnitude {facts.kind}".strip(), **options)


def _points(name: str, x: Any, y: Any, hover: str, colour: str, symbol: str = "circle", size: int = 6,
            **more: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "markers", "name": name, "x": np.asarray(x), "y": np.asarray(y),
            "hovertemplate": hover, "marker": {"symbol": symbol, "size": size, "color": style.colour(colour)}, **more}


def _frequency_magnitude(audit: Audit, facts: Facts) -> Panel:
    key, title = "frequency-magnitude", "Frequency–magnitude"
    cuts, methods = audit.table("completeness", "cut_offs"), audit.table("completeness", "methods")
    if cuts.empty:
        return unanswered(audit, "completeness_magnitude", key, title)
    filled = cuts[cuts["count"] > 0]
    step = float(audit.table("completeness", "widths")["bin"].iloc[0])
    found = methods.dropna(subset=["value"])
    traces = [
        _points(f"In bins of {step:g}", filled["magnitude"], filled["count"],
                "%{x:.2f}: %{y:,}<extra>in the bin</extra>", "muted", "square-open"),
        _points("At or above", cuts["magnitude"], cuts["above"], "%{x:.2f}: %{y:,}<extra>at or above</extra>", "P"),
        _points("Completeness by method", found["value"], found["n"], "%{text}: %{x:.2f}<extra></extra>", "S",
                "triangle-down-open", 11, text=found["method"].tolist()),
    ]
    fits = audit.table("b-value", "fits")
    shapes, words = [], ""
    if len(fits):
        mc = float(fits["mc"].iloc[0])
        shapes = [style.upright(mc, "S")]
        words = f" Dotted: {mc:.2f} ({fits['mc_method'].iloc[0]}), from which on b is estimated."
        for fit, colour, dash in zip(fits.dropna(subset=["b_error"]).to_dict("records"), ("S", "quiet", "good"),
                                     ("solid", "dash", "dash"), strict=False):
            ends = np.array([mc, min(mc + np.log10(fit["above"] * 2.0) / fit["b"], cuts["magnitude"].max() + 0.5)])
            traces.append({"type": "scatter", "mode": "lines", "hoverinfo": "skip",
                           "x": ends, "y": fit["above"] * 10 ** (-fit["b"] * (ends - mc)),
                           "name": f"{fit['estimator']}: b = {fit['b']:.2f} ± {fit['b_error']:.2f}",
                           "line": {"color": style.colour(colour), "width": 2, "dash": dash}})
    arranged = style.layout(_magnitude_axis(facts), style.axis("Number of events", type="log", dtick=1,
                                                               exponentformat="power"), shapes=shapes)
    caption = f"{audit.why('events_complete')}{words} {audit.why('b_difference')} Errors of b are standard errors."
    return Panel(key, title, caption.strip(), style.figure(traces, arranged), aspect=0.7)


def _methods(audit: Audit, facts: Facts) -> Panel:
    key, title = "completeness-methods", "Completeness by method"
    methods = audit.table("completeness", "methods")
    if methods.empty:
        return unanswered(audit, "completeness_magnitude", key, title)
    found = methods.dropna(subset=["value"])
    reach = {"type": "data", "symmetric": False, "array": (found["high"] - found["value"]).fillna(0.0).to_numpy(),
             "arrayminus": (found["value"] - found["low"]).fillna(0.0).to_numpy(), "color": style.colour("P")}
    traces = [_points("Estimate and 95% of resamples", found["value"], found["method"], "%{y}: %{x:.2f}<extra></extra>",
                      "P", size=9, error_x=reach)]
    order = methods["method"].tolist()[::-1]
    arranged = style.layout(_magnitude_axis(facts), style.axis("", type="category", categoryorder="array",
                                                               categoryarray=order, ticks=""))
    failed = methods.loc[methods["value"].isna(), "method"].tolist()
    caption = (f"{audit.why('completeness_spread')} "
               + (f"No magnitude by {listed(failed, 7)}. " if failed else "")
               + "Bars of Lilliefors and goodness of fit lean upwards: a resample is rougher than its catalogue.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _law(audit: Audit, facts: Facts) -> Panel:
    key, title = "exponential-law", "Fit of the Gutenberg–Richter law"
    cuts = audit.table("completeness", "cut_offs")
    known = cuts.dropna(subset=["p"]) if len(cuts) else cuts
    if known.empty:
        return unanswered(audit, "exponential_law", key, title)
    methods = audit.table("completeness", "methods").set_index("method")["value"]
    start = float(methods.get("Lilliefors", np.nan))
    traces = [{**_points("p of the Lilliefors test", known["magnitude"], known["p"].clip(lower=LEAST_P),
                         "from %{x:.2f}: p = %{y:.3g}<extra></extra>", "P"), "mode": "lines+markers"}]
    arranged = style.layout(_magnitude_axis(facts), style.axis("p", type="log", dtick=1, exponentformat="power"),
                            shapes=[style.upright(start, "S")] if np.isfinite(start) else [])
    caption = (f"{audit.why('exponential_law')} "
               + (f"Dotted: {value(start, 2)}, the lowest magnitude from which the law is not contradicted. "
                  if np.isfinite(start) else "") + "Few events contradict little: p rises to the right on its own.")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _against_cut_off(audit: Audit, facts: Facts) -> Panel:
    key, title = "b-cut-off", "b value by lowest magnitude"
    table, fits = audit.table("b-value", "cut_offs"), audit.table("b-value", "fits")
    if table.empty or fits.empty:
        return unanswered(audit, "b_value", key, title)
    traces: list[dict[str, Any]] = []
    for name, colour in (("Tinti-Mulargia", "S"), ("b-positive", "good")):
        part = table[table["estimator"] == name]
        if part.empty:
            continue
        for sign, extra in ((1, {}), (-1, {"fill": "tonexty"})):
            traces.append({"type": "scatter", "mode": "lines", "x": part["magnitude"].to_numpy(), "showlegend": False,
                           "y": (part["b"] + sign * 1.96 * part["b_error"]).to_numpy(), "hoverinfo": "skip",
                           "opacity": 0.3, "line": {"width": 0.8, "color": style.colour(colour)}, **extra})
        hover = "from %{x:.2f}: b = %{y:.2f}<extra></extra>"
        traces.append({**_points(name, part["magnitude"], part["b"], hover, colour), "mode": "lines+markers"})
    arranged = style.layout(_magnitude_axis(facts), style.axis("b", range=_b_range(table)),
                            shapes=[style.upright(float(fits["mc"].iloc[0]), "S")])
    first = audit.findings[(audit.findings["metric"] == "b_value") & audit.findings["key"].str.startswith("Tinti")]
    caption = (f"{' '.join(first['why'])} Above completeness b should not change with the cut-off (dotted: "
               f"{fits['mc_method'].iloc[0]}; bands: 95% of the sampling).")
    return Panel(key, title, caption, style.figure(traces, arranged), aspect=0.6)


def _b_range(table: pd.DataFrame) -> list[float]:
    sure = table[table["b_error"] < 0.3]
    sure = sure if len(sure) else table
    return [max(0.0, float((sure["b"] - 2 * sure["b_error"]).min()) - 0.05),
            min(4.0, float((sure["b"] + 2 * sure["b_error"]).max()) + 0.05)]


def _excess(audit: Audit, facts: Facts) -> Panel:
    key, title = "magnitude-excess", "Excess of events at one magnitude"
    table = audit.table("sizes", "bins")
    tested = table.dropna(subset=["z"]) if len(table) else table
    if tested.empty:
        return unanswered(audit, "magnitude_excess", key, title)
    flagged = tested[tested["flagged"] & (tested["excess"] > 0)]
    error = {"type": "data", "array": (1.96 * tested["error"]).to_numpy(), "color": style.colour("muted"),
             "thickness": 1}
    traces: list[dict[str, Any]] = [
        _points("Found less expected", tested["magnitude"], tested["excess"], "%{x:.2f}: %{y:+,.0f}<extra></extra>",
                "P", error_y=error)]
    if len(flagged):
        traces.append(_points("Beyond chance", flagged["magnitude"], flagged["excess"],
                              "%{x:.2f}: %{y:+,.0f}<extra>beyond chance</extra>", "S", size=10))
    arranged = style.layout(_magnitude_axis(facts),
                            style.axis("Events too many", zeroline=True, zerolinecolor=style.colour("muted")))
    caption = f"{audit.why('magnitude_excess')} {audit.why('second_peak')}"
    return Panel(key, title, caption.strip(), style.figure(traces, arranged), aspect=0.6)


def _stations(audit: Audit, settings: ReportSettings, facts: Facts) -> Panel:
    key, title = "station-magnitude-bias", "Station minus network magnitude, by station"
    table = audit.table("station-magnitudes", "stations")
    if table.empty:
        return unanswered(audit, "station_magnitude_bias", key, title)
    ranked = table.sort_values(["n", "station_id"], ascending=[False, True], kind="stable")
    flagged = audit.findings[(audit.findings["metric"] == "station_magnitude_bias")
                             & audit.findings["verdict"].isin(["watch", "bad"])]["key"]
    first = ranked[ranked["station_id"].isin(flagged)]
    shown = pd.concat([first, ranked.drop(index=first.index)]).head(settings.stations_drawn)
    traces = []
    for name, part, colour in (("Alike", shown[~shown["station_id"].isin(flagged)], "P"),
                               ("Apart", shown[shown["station_id"].isin(flagged)], "S")):
        if len(part):
            traces.append({"type": "box", "orientation": "h", "name": name, "y": part["station_id"].tolist(),
                           **{to: part[of].to_numpy() for to, of in (("lowerfence", "q05"), ("q1", "q25"),
                                                                     ("median", "median"), ("q3", "q75"),
                                                                     ("upperfence", "q95"))},
                           "line": {"width": 1.3}, "marker": {"color": style.colour(colour)}})
    drawn = sorted(shown["station_id"], reverse=True)
    arranged = style.layout(
        style.axis(f"Station − network {facts.kind}".strip(), zeroline=True, zerolinecolor=style.colour("muted")),
        style.axis("", type="category", categoryorder="array", categoryarray=drawn, dtick=1, ticks=""))
    caption = (f"{audit.why('stations_biased', 'magnitude_distance_slope')} Box: quartiles; whiskers: 5% and 95%."
               + (f" Drawn: {count(len(drawn))} of {count(len(table), 'station')}." if len(drawn) < len(table) else ""))
    return Panel(key, title, caption.strip(), style.figure(traces, arranged),
                 aspect=max(0.6, 0.045 * len(drawn)), rows=3 if len(drawn) > style.TALL else 1)
