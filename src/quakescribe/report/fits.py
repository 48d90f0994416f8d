"""How well the arrivals fit: residuals by station, as a whole and against distance; travel times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit import statistics
from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_SCALED_MAD = 1.4826  # of a normal distribution's standard deviation
_MIN_ARRIVALS = 10  # a station's median says nothing with fewer


def fits(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return residuals in a histogram, by station and against distance, and the travel-time curve."""
    known = facts.arrivals[np.isfinite(facts.arrivals["residual_s"])]
    if known.empty:
        why = "no arrival carries a residual" if len(facts.arrivals) else "there is no arrival"
        panels = [nothing("residuals", "Residuals", why)]
    else:
        panels = [_by_station(known, settings), _histogram(known), _against_distance(known, settings)]
    return [*panels, _travel_times(facts, settings)]


def _histogram(known: pd.DataFrame) -> Panel:
    limit = float(np.clip(np.quantile(np.abs(known["residual_s"]), 0.99), 0.1, 5.0))
    edges = np.linspace(-limit, limit, 61)
    traces, words = [], []
    for phase in ("P", "S"):
        part = known.loc[known["phase"] == phase, "residual_s"].to_numpy()
        if not part.size:
            continue
        found, _ = np.histogram(part, bins=edges)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": phase,
                "x": (edges[1:] + edges[:-1]) / 2,
                "y": found,
                "line": {
                    "shape": "hvh",
                    "width": 2,
                    "color": style.colour(phase),
                    "dash": "solid" if phase == "P" else "2px,2px",
                },
                "hovertemplate": "%{x:.2f} s: %{y:,}<extra>" + phase + "</extra>",
            }
        )
        middle = float(np.median(part))
        spread = _SCALED_MAD * float(np.median(np.abs(part - middle)))
        words.append(f"{phase}: median {value(middle, 3)}, spread {value(spread, 3, 's')}")
    beyond = int((known["residual_s"].abs() > limit).sum())
    caption = "; ".join(words) + " (1.4826 times the median absolute deviation)."
    if beyond:
        caption += f" {count(beyond, 'arrival')} ({share(beyond, len(known))}) beyond ±{limit:.1f} s not drawn."
    arranged = style.layout(
        style.axis("Residual, observed − predicted (s)"), style.axis("Number of arrivals", rangemode="tozero")
    )
    return Panel("residuals", "Residuals", caption, style.figure(traces, arranged), aspect=0.5)


def _by_station(known: pd.DataFrame, settings: ReportSettings) -> Panel:
    names = known["station_id"].value_counts(sort=False).rename("n").reset_index()
    names = names.sort_values(["n", "station_id"], ascending=[False, True], kind="stable")
    drawn = sorted(names["station_id"].head(settings.stations_drawn), reverse=True)
    traces: list[dict[str, Any]] = []
    medians: dict[tuple[str, str], float] = {}
    for phase in ("S", "P"):
        part = known[(known["phase"] == phase) & known["station_id"].isin(drawn)].groupby("station_id")["residual_s"]
        if not part.ngroups:
            continue
        table = pd.DataFrame({q: part.quantile(q) for q in (0.05, 0.25, 0.5, 0.75, 0.95)})
        sizes = part.size()
        medians |= {(name, phase): float(table[0.5][name]) for name in table.index if sizes[name] >= _MIN_ARRIVALS}
        traces.append(
            {
                "type": "box",
                "orientation": "h",
                "name": phase,
                "y": table.index.tolist(),
                "lowerfence": table[0.05].to_numpy(),
                "q1": table[0.25].to_numpy(),
                "median": table[0.5].to_numpy(),
                "q3": table[0.75].to_numpy(),
                "upperfence": table[0.95].to_numpy(),
                "line": {"width": 1.3},
                "marker": {"color": style.colour(phase)},
                "offsetgroup": phase,
                "legendrank": 1 if phase == "P" else 2,
            }
        )
    arranged = style.layout(
        style.axis("Residual, observed − predicted (s)", zeroline=True, zerolinecolor=style.colour("muted")),
        style.axis("", type="category", categoryorder="array", categoryarray=drawn, dtick=1, ticks=""),
        boxmode="group",
        boxgap=0.25,
        boxgroupgap=0.1,
    )
    caption = "Box: quartiles; whiskers: 5% and 95%."
    if medians:
        worst = max(medians, key=lambda key: (abs(medians[key]), key))
        caption = (
            f"Largest median: {worst[1]} at {worst[0]}, {medians[worst]:+.2f} s (stations with at least "
            f"{_MIN_ARRIVALS} arrivals of the phase). {caption}"
        )
    if len(drawn) < len(names):
        caption += f" Drawn: the {len(drawn)} of {len(names)} stations with most arrivals."
    return Panel(
        "residuals-station",
        "Residuals by station and phase",
        caption,
        style.figure(traces, arranged),
        aspect=float(np.clip(0.12 + 0.04 * len(drawn), 0.45, 3.0)),
        rows=3 if len(drawn) > style.TALL else 1,
        least=90 + 22 * len(drawn),
    )


def _against_distance(known: pd.DataFrame, settings: ReportSettings) -> Panel:
    part = known[np.isfinite(known["distance_km"])]
    if part.empty:
        return nothing("residuals-distance", "Residuals against distance", "no arrival carries a distance")
    traces = [
        trace
        for phase in ("P", "S")
        if (trace := _cloud(part[part["phase"] == phase], "residual_s", phase, settings.max_points // 2)) is not None
    ]
    drawn = sum(len(trace["x"]) for trace in traces)
    words, kind = [], style.scatter_type(drawn)
    for phase in ("P", "S"):
        middle, median = running_median(part[part["phase"] == phase], "residual_s")
        if len(middle) < 2:
            continue
        traces += _median_line(phase, middle, median, kind)
        words.append(
            f"{phase} from {value(median[0], 2)} s near {middle[0]:.0f} km to {value(median[-1], 2)} s near "
            f"{middle[-1]:.0f} km"
        )
    limit = float(np.clip(np.quantile(np.abs(part["residual_s"]), 0.995), 0.2, 10.0))
    arranged = style.layout(
        style.axis("Epicentral distance (km)", rangemode="tozero"),
        style.axis("Residual (s)", range=[-limit, limit], zeroline=True, zerolinecolor=style.colour("muted")),
        legend={**style.LEGEND, "itemsizing": "constant"},
    )
    trend = f"Medians: {'; '.join(words)}. A trend means that the velocities are off. " if words else ""
    return Panel(
        "residuals-distance",
        "Residuals against distance",
        trend + style.thinned(drawn, len(part), "arrivals").strip(),
        style.figure(traces, arranged),
        aspect=0.6,
    )


def _travel_times(facts: Facts, settings: ReportSettings) -> Panel:
    title = "Travel times"
    known = facts.arrivals[np.isfinite(facts.arrivals["distance_km"]) & np.isfinite(facts.arrivals["travel_s"])]
    if known.empty:
        return nothing("travel-times", title, "no arrival has both a distance and an event")
    traces, words = [], []
    for phase in ("P", "S"):
        part = known[known["phase"] == phase]
        cloud = _cloud(part, "travel_s", phase, settings.max_points // 2)
        if cloud is None:
            continue
        traces.append(cloud)
        speed = _apparent_velocity(part)
        if np.isfinite(speed):
            words.append(f"{phase} {value(speed, 2)}")
    drawn = sum(len(trace["x"]) for trace in traces)
    top = float(np.quantile(known["travel_s"], 0.999) * 1.08)
    arranged = style.layout(
        style.axis("Epicentral distance (km)", rangemode="tozero"),
        style.axis("Arrival − origin time (s)", range=[min(0.0, float(known["travel_s"].quantile(0.001))), top]),
        legend={**style.LEGEND, "itemsizing": "constant"},
    )
    apparent = f"Apparent velocity of the farther half: {', '.join(words)} km/s. " if words else ""
    caption = (
        apparent
        + "A third branch would be phases mistaken for each other."
        + style.thinned(drawn, len(known), "arrivals")
    )
    return Panel("travel-times", title, caption, style.figure(traces, arranged), aspect=0.6)


def _cloud(part: pd.DataFrame, column: str, phase: str, limit: int) -> dict[str, Any] | None:
    if part.empty:
        return None
    shown = part.iloc[style.thin(len(part), limit)]
    return {
        "type": style.scatter_type(len(shown)),
        "mode": "markers",
        "name": phase,
        "x": shown["distance_km"].to_numpy(dtype=np.float32),
        "y": shown[column].to_numpy(dtype=np.float32),
        "marker": {
            "size": 4,
            "opacity": 0.35,
            "color": style.colour(phase),
            "line": {"width": 0},
            "symbol": "circle" if phase == "P" else "diamond",
        },
        "hovertemplate": "%{x:.1f} km: %{y:.2f} s<extra>" + phase + "</extra>",
    }


def _median_line(
    phase: str, middle: NDArray[np.float64], median: NDArray[np.float64], kind: str
) -> list[dict[str, Any]]:
    """Return a line with a halo, of the cloud's own trace type: WebGL points would cover any other line."""
    line = {"type": kind, "x": middle, "y": median}
    return [
        {
            **line,
            "mode": "lines",
            "line": {"width": 7, "color": style.colour("halo")},
            "showlegend": False,
            "hoverinfo": "skip",
        },
        {
            **line,
            "mode": "lines",
            "name": f"{phase} median",
            "line": {"width": 3, "color": style.colour(phase), "dash": "solid" if phase == "P" else "dash"},
            "hovertemplate": "%{x:.0f} km: %{y:.2f} s<extra>" + phase + " median</extra>",
        },
    ]


def running_median(part: pd.DataFrame, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return medians of distance and of the column in up to 12 classes of equal size, at least 20 arrivals each."""
    return statistics.running_median(part["distance_km"], part[column], 12, 20)


def _apparent_velocity(part: pd.DataFrame) -> float:
    """Return the slope (km/s) of a straight line through the running medians of the farther half; NaN with too few."""
    far = part[part["distance_km"] >= part["distance_km"].median()]
    distance, travel = running_median(far, "travel_s")
    if len(distance) < 3 or np.ptp(distance) < 5.0:
        return float("nan")
    slope = np.polyfit(distance, travel, 1)[0]
    return float(1.0 / slope) if slope > 0 else float("nan")
