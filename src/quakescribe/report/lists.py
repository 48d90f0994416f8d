"""What is said in tables: what was left out, the largest events, the run's time and velocity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.text import count, duration, listed, moment, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_MOST = 300  # rows of a table on the page


def left_out(facts: Facts) -> list[Panel]:
    """Return one table: what was left out, by stage and reason."""
    skips = facts.skips
    if skips.empty:
        return [nothing("skips", "Left out", "no stage left anything out, or none reported it", size="full")]
    groups = []
    for (stage, reason), part in skips.groupby(["stage", "reason"], sort=True):
        stations = sorted(part["station_id"].dropna().unique())
        example = part.iloc[0]
        told = [
            str(example[name]) for name in ("source", "detail") if not pd.isna(example[name]) and str(example[name])
        ]
        groups.append(
            (
                int(part["count"].sum()),
                (
                    str(stage),
                    str(reason),
                    count(part["count"].sum()),
                    listed(stations) or "-",
                    ": ".join(told)[:240] or "-",
                ),
            )
        )
    groups.sort(key=lambda group: (group[1][0], -group[0], group[1][1]))
    rows = tuple(row for _, row in groups[:_MOST])
    largest = max(groups, key=lambda group: group[0])[1]
    caption = (
        f"{count(skips['count'].sum(), 'thing')} left out for {count(len(groups), 'reason')}; the most frequent: "
        f"{largest[1]} in {largest[0]} ({largest[2]})."
        + (f" Listed: the first {_MOST}." if len(groups) > _MOST else "")
    )
    return [
        Panel(
            "skips",
            "Left out",
            caption,
            size="full",
            grid=Grid(("Stage", "Reason", "Count", "Stations", "Example"), rows, frozenset({2})),
        )
    ]


def largest_events(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return the table of the largest events (without magnitudes: those with most arrivals)."""
    events = facts.catalogue
    if events.empty:
        return [nothing("largest", "Largest events", "there is no event", size="full")]
    by = "magnitude" if events["magnitude"].notna().any() else "n_phases"
    top = events.sort_values([by, "time"], ascending=[False, True], kind="stable", na_position="last")
    rows = tuple(_event_row(row, facts.kind) for row in top.head(settings.events_listed).itertuples())
    head = (
        "Origin time (UTC)",
        "Magnitude",
        "Latitude (°)",
        "Longitude (°)",
        "Depth (km)",
        "ERH (km)",
        "ERZ (km)",
        "RMS (s)",
        "Gap (°)",
        "Arrivals",
        "Quality",
        "Flags",
        "Event",
    )
    what = "by magnitude" if by == "magnitude" else "by the number of arrivals, as there are no magnitudes"
    caption = f"The {count(len(rows))} largest of {count(len(events), 'event')}, {what}."
    return [
        Panel(
            "largest",
            "Largest events",
            caption,
            grid=Grid(head, rows, frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 12})),
            size="full",
        )
    ]


def _event_row(row: Any, kind: str) -> tuple[str, ...]:
    size = (
        "-"
        if np.isnan(row.magnitude)
        else f"{row.magnitude:.1f}"
        + (f" ± {row.magnitude_uncertainty:.1f}" if np.isfinite(row.magnitude_uncertainty) else "")
    )
    error = tuple("not resolved" if number >= 99 else value(number, 1) for number in (row.erh_km, row.erz_km))
    said = [*([] if pd.isna(row.quality) else [str(row.quality)]), *(["well located"] if row.well_located else [])]
    quality = (", ".join(said) or "-") if row.located else "not located"
    flags = "" if pd.isna(row.flags) else str(row.flags).replace(",", ", ")
    return (
        moment(row.time, 2),
        size,
        f"{row.latitude:.4f}",
        f"{row.longitude:.4f}",
        value(row.depth_km, 1),
        *error,
        value(row.rms_s, 2),
        value(row.gap_deg, 0),
        "-" if np.isnan(row.n_phases) else count(row.n_phases),
        quality,
        flags,
        str(row.event_id),
    )


def timing(info: Mapping[str, Any]) -> list[Panel]:
    """Return the table of the time that each stage took; nothing where it is not given."""
    given = info.get("timing") or {}
    if not given:
        return []
    total = sum(given.values())
    rows = tuple((str(stage), duration(seconds), share(seconds, total)) for stage, seconds in given.items())
    longest = max(given, key=lambda stage: given[stage])
    caption = f"{duration(total)} in all; {longest} took {share(given[longest], total)} of it."
    return [Panel("timing", "Time spent", caption, grid=Grid(("Stage", "Time", "Share"), rows, frozenset({1, 2})))]


def velocity(info: Mapping[str, Any]) -> list[Panel]:
    """Return the table of the velocity model; nothing where it is not given."""
    given = info.get("velocity") or {}
    layers = given.get("layers")
    if layers is None or len(layers) == 0:
        return []
    numbers = [
        [float(number) for number in (layer.values() if isinstance(layer, Mapping) else layer)] for layer in layers
    ]
    rows = tuple(
        ("no top" if i == 0 else value(top, 2), value(vp, 2), value(vs, 2), value(vp / vs, 3))
        for i, (top, vp, vs) in enumerate(numbers)
    )
    head = ("Top below sea level (km)", "P velocity (km/s)", "S velocity (km/s)", "P to S")
    return [
        Panel(
            "velocity",
            "Velocity model",
            f"{given.get('name', 'unnamed')}: {count(len(rows), 'layer')}; the first reaches up without end.",
            grid=Grid(head, rows, frozenset(range(4))),
        )
    ]


def packages(info: Mapping[str, Any]) -> list[Panel]:
    """Return the versions of the packages that did the work; nothing where they are not given."""
    given = info.get("packages") or {}
    if not given:
        return []
    rows = tuple((str(package), str(number)) for package, number in given.items())
    caption = f"{count(len(rows), 'package')} that the result depends on."
    return [Panel("packages", "Packages", caption, grid=Grid(("Package", "Version"), rows), size="full", folded=True)]
