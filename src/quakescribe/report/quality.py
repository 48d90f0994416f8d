"""How well the events are known: errors, misfit, gap, and the shares of the qualities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.panel import Panel, nothing
from quakescribe.report.text import count, share, value
from quakescribe.tables.facts import Facts

UNRESOLVED = 99.0  # the tables' word for an error that the data do not bound
_SAME_KM = 0.01  # depths closer than this are the same
_FEW, _FEW_SHARE = 2, 0.01  # so many events at an end of the depths, or this share, say nothing
_HOVER = {"Well located": " well located", "Not": " not well located", "Events": ""}
_MEASURES = (
    ("erh_km", "Horizontal error", "ERH, one standard error (km)", "km", 2),
    ("erz_km", "Vertical error", "ERZ, one standard error (km)", "km", 2),
    ("rms_s", "Misfit", "Weighted RMS residual (s)", "s", 3),
    ("gap_deg", "Azimuthal gap", "Largest gap between stations (°)", "°", 0),
)


def quality(facts: Facts) -> list[Panel]:
    """Return the shares of the qualities and the distributions of ERH, ERZ, RMS and gap."""
    located = facts.located
    if located.empty:
        why = (
            f"none of the {count(len(facts.catalogue), 'event')} was located"
            if len(facts.catalogue)
            else "there is no event"
        )
        return [nothing("quality", "Quality of the locations", why)]
    return [_shares(located, facts), *(_distribution(located, *measure) for measure in _MEASURES), _depths(located)]


def judged(located: pd.DataFrame) -> bool:
    """Return whether the catalogue tells how well its events are located: some are good, or have errors (km)."""
    errors = located[["erh_km", "erz_km"]] < UNRESOLVED
    return bool(located["well_located"].any()) or bool(errors.any(axis=None))


def _shares(located: pd.DataFrame, facts: Facts) -> Panel:
    key, title, told = "quality", "Quality of the locations", judged(located)
    lacking = located["quality"].isna()
    if not told and lacking.all():
        because = "no location says whether it is well located, and none has an error or a quality"
        return nothing(key, title, because, size="third")
    letters = [*"ABCD", *(["none"] if lacking.any() else [])]
    graded = located["quality"].mask(lacking, "none")
    well = located["well_located"]
    parts = [("Well located", well, "good"), ("Not", ~well, "quiet")] if told else [("Events", well | ~well, "quiet")]
    counts = [[int((mask & (graded == letter)).sum()) for letter in letters] for _, mask, _ in parts]
    totals = [sum(column) for column in zip(*counts, strict=True)]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": name,
            "x": letters,
            "y": heights,
            "marker": {"color": style.colour(tint)},
            "hovertemplate": f"%{{x}}: %{{y:,}}{_HOVER[name]}<extra></extra>",
        }
        for (name, _, tint), heights in zip(parts, counts, strict=True)
    ]
    traces[-1] |= {
        "text": [share(total, len(located)) for total in totals],
        "textposition": "outside",
        "cliponaxis": False,
        "textangle": 0,
        "textfont": {"color": style.colour("muted"), "size": 11},
    }
    arranged = style.layout(
        style.axis("Quality, A best to D", type="category"),
        style.axis("Number of events", range=[0, max(totals) * 1.15]),
        barmode="stack",
        bargap=0.35,
    )
    caption = _shares_caption(located, len(facts.catalogue) - len(located), told)
    return Panel(key, title, caption, style.figure(traces, arranged), size="third", aspect=0.7)


def _shares_caption(located: pd.DataFrame, missing: int, told: bool) -> str:
    well = int(located["well_located"].sum())
    words = [
        f"{share(well, len(located))} of the located events ({count(well)} of {count(len(located))}) keep the rule "
        "for well located."
        if told
        else "The catalogue does not say which events are well located."
    ]
    flags = located["flags"].dropna().str.split(",").explode().str.strip()
    found = flags[flags != ""].value_counts()
    if len(found):
        top = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:3]
        words.append("Most frequent flags: " + ", ".join(f"{name} ({count(n)})" for name, n in top) + ".")
    if missing:
        words.append(f"{count(missing, 'event')} could not be located.")
    return " ".join(words)


def _bins(count: int) -> int:
    """Return how many bins a histogram of that many values bears."""
    return int(np.clip(2 * np.sqrt(count), 8, 40))


def _depths(located: pd.DataFrame) -> Panel:
    low, high = located["depth_km"].quantile([0.005, 0.995])
    edges = np.linspace(low, max(high, low + 1.0), _bins(len(located)) + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": middle,
            "width": float(edges[1] - edges[0]),
            "x": np.histogram(located.loc[mask, "depth_km"], bins=edges)[0],
            "marker": {"color": style.colour(tint), "line": {"width": 0}},
            "hovertemplate": "%{y:.1f} km: %{x:,}<extra></extra>",
        }
        for name, mask, tint in (
            ("Well located", located["well_located"], "good"),
            ("Not", ~located["well_located"], "quiet"),
        )
    ]
    arranged = style.layout(
        style.axis("Number of events"),
        style.axis("Depth (km)", autorange="reversed"),
        barmode="stack",
        bargap=0,
        showlegend=False,
    )
    caption = f"Median {value(located['depth_km'].median(), 1, 'km')}.{_at_ends(located['depth_km'].dropna())}"
    return Panel("depths", "Depths", caption, style.figure(traces, arranged), size="third", aspect=0.6)


def _at_ends(depth: pd.Series) -> str:
    """Return the sentence on the events at the greatest and the smallest depth (km), where these are more than few."""
    low, high = depth.min(), depth.max()
    few = max(_FEW, _FEW_SHARE * len(depth))
    ends = [
        (int((depth >= high - _SAME_KM).sum()), "greatest", high),
        (int((depth <= low + _SAME_KM).sum()), "smallest", low),
    ]
    held = sorted((end for end in ends if end[0] > few), key=lambda end: -end[0])
    if not held:
        return ""
    if high - low <= _SAME_KM:
        return " All events lie at this depth: it was set, or the file rounds coarsely."
    (n, name, at), *others = held
    words = f" {count(n, 'event')} ({share(n, len(depth))}) lie at the {name} depth, {value(at, 1, 'km')}"
    words += "".join(f", and {count(n)} ({share(n, len(depth))}) at the {name}, {value(at, 1, 'km')}"
                     for n, name, at in others)
    return f"{words}: where a search ends, a depth is not resolved."


def _distribution(located: pd.DataFrame, column: str, title: str, label: str, unit: str, digits: int) -> Panel:
    known = located[column].dropna()
    unresolved = int((known >= UNRESOLVED).sum()) if unit == "km" else 0
    known = known[known < UNRESOLVED] if unit == "km" else known
    key = f"distribution-{column.split('_')[0]}"
    if known.empty:
        return nothing(key, title, "no located event has a value", size="third")
    top = 360.0 if unit == "°" else max(float(np.quantile(known, 0.98 if len(known) > 200 else 1.0)), 1e-3)
    edges = np.linspace(0.0, top, 37 if unit == "°" else _bins(len(known)) + 1)
    shape = {
        "x": (edges[1:] + edges[:-1]) / 2,
        "width": float(edges[1] - edges[0]),
        "hovertemplate": f"%{{x:.3~g}} {unit}: %{{y:,}}<extra></extra>",
        "type": "bar",
    }
    well = located.loc[known.index, "well_located"]
    traces = [
        {
            **shape,
            "name": name,
            "y": np.histogram(known[mask], bins=edges)[0],
            "marker": {"color": style.colour(tint), "line": {"width": 0}},
        }
        for name, mask, tint in (("Well located", well, "good"), ("Not", ~well, "quiet"))
    ]
    arranged = style.layout(
        style.axis(label, range=[0, top], **({"dtick": 90} if unit == "°" else {})),
        style.axis("Number of events"),
        barmode="stack",
        bargap=0,
        showlegend=False,
    )
    beyond = int((known > top).sum())
    half, most = (value(float(np.quantile(known, q)), digits) for q in (0.5, 0.9))
    caption = f"Median {half} {unit}; 90% below {most} {unit}."
    caption += f" {count(beyond)} beyond the axis." if beyond else ""
    caption += f" Not resolved: {count(unresolved)}." if unresolved else ""
    return Panel(key, title, caption.replace(" °", "°"), style.figure(traces, arranged), size="third", aspect=0.6)
