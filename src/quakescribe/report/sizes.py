"""How large the events are: magnitudes of stations against that of the network, and the kinds of magnitude."""

from __future__ import annotations

from typing import Any

import numpy as np

from quakescribe.report import style
from quakescribe.report.fits import running_median
from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.text import count, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts


def sizes(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return the station magnitudes against distance, and the table of the kinds of magnitude."""
    if not facts.catalogue["magnitude"].notna().any():
        return [nothing("station-magnitudes", "Station minus network magnitude", "no event has a magnitude")]
    return [_station_values(facts, settings), _kinds(facts)]


def _station_values(facts: Facts, settings: ReportSettings) -> Panel:
    key, title = "station-magnitudes", "Station minus network magnitude"
    values = facts.magnitudes[(facts.magnitudes["kind"] == facts.kind) & facts.magnitudes["station_id"].notna()]
    network = facts.catalogue.set_index("event_id")["magnitude"]
    distance = facts.arrivals.groupby(["event_id", "station_id"], as_index=False)["distance_km"].min()
    values = values.merge(distance, on=["event_id", "station_id"], how="inner")
    values = values.assign(apart=values["value"] - values["event_id"].map(network))
    values = values[np.isfinite(values["apart"]) & np.isfinite(values["distance_km"])]
    if values.empty:
        return nothing(key, title, f"there are no {facts.kind} values of single stations with a distance")
    shown = values.iloc[style.thin(len(values), settings.max_points)]
    kind = style.scatter_type(len(shown))
    middle, median = running_median(values, "apart")
    traces: list[dict[str, Any]] = [
        {
            "type": kind,
            "mode": "markers",
            "name": "One station, one event",
            "x": shown["distance_km"].to_numpy(),
            "y": shown["apart"].to_numpy(),
            "hovertemplate": "%{x:.0f} km: %{y:.2f}<extra></extra>",
            "marker": {"size": 4, "opacity": 0.35, "color": style.colour("muted"), "line": {"width": 0}},
        },
        {
            "type": kind,
            "mode": "lines",
            "name": "Median",
            "x": middle,
            "y": median,
            "line": {"width": 3, "color": style.colour("S")},
            "hovertemplate": "%{x:.0f} km: %{y:.2f}<extra>median</extra>",
        },
    ]
    limit = float(np.clip(np.quantile(np.abs(values["apart"]), 0.995), 0.3, 3.0))
    arranged = style.layout(
        style.axis("Epicentral distance (km)", rangemode="tozero"),
        style.axis(
            f"Station − network {facts.kind}", range=[-limit, limit], zeroline=True, zerolinecolor=style.colour("muted")
        ),
        legend={**style.LEGEND, "itemsizing": "constant"},
    )
    spread = 1.4826 * float(np.median(np.abs(values["apart"] - values["apart"].median())))
    trend = (
        f" Medians run from {median[0]:+.2f} near {middle[0]:.0f} km to {median[-1]:+.2f} near {middle[-1]:.0f} km; "
        "a trend means that the attenuation does not fit the region."
        if len(middle) > 1
        else ""
    )
    return Panel(
        key,
        title,
        f"Spread {spread:.2f} (1.4826 times the median absolute deviation).{trend}"
        + style.thinned(len(shown), len(values), "values"),
        style.figure(traces, arranged),
        aspect=0.7,
    )


def _kinds(facts: Facts) -> Panel:
    rows = []
    for kind, part in facts.magnitudes.groupby("kind", sort=True):
        network = part[part["station_id"].isna()]
        single = part[part["station_id"].notna()]
        rows.append(
            (
                str(kind),
                count(len(network)),
                count(len(single)),
                count(int(single["used"].sum())),
                value(network["value"].min(), 1),
                value(network["value"].median(), 1),
                value(network["value"].max(), 1),
                value(network["uncertainty"].median(), 2),
            )
        )
    head = ("Kind", "Events", "Station values", "of them used", "Smallest", "Median", "Largest", "Median uncertainty")
    shown = f"The figures of this report use {facts.kind}." if facts.kind else "No event has a network magnitude."
    return Panel(
        "magnitude-kinds",
        "Kinds of magnitude",
        shown,
        size="full",
        grid=Grid(head, tuple(rows), frozenset(range(1, 8))),
    )
