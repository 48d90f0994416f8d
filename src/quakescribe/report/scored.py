"""The score of a run on simulated recordings: against the whole truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.panel import Grid, Panel
from quakescribe.report.text import count, value
from quakescribe.simulate.score import PARTS
from quakescribe.simulate.score.figures import COLUMNS
from quakescribe.simulate.score.summary import BY_MAGNITUDE, by_class, far_out, headlines

_RECALL = ("recall of detectable events", "recall of all events")


def scored(info: Mapping[str, Any]) -> list[Panel]:
    """Return recall by magnitude, and the first figures of every part; nothing where there is no score."""
    found = info.get("score")
    if found is None or len(found) == 0 or not set(COLUMNS) <= set(found.columns):
        return []
    return [*_by_magnitude(found), *(panel for part in PARTS for panel in _part(found, part))]


def _part(found: pd.DataFrame, part: str) -> list[Panel]:
    rows = tuple(shown(row) for row in headlines(found, part).to_dict("records"))
    if not rows:
        return []
    caption = "n: what the value rests on."
    if part == "picks":
        for row in far_out(found).to_dict("records"):
            caption += f" {row['scope']} has {value(row['value'], 0)} times the stations' median of unassociated picks."
    return [Panel(f"truth-{part}", f"Against the simulated truth: {part}", caption,
                  grid=Grid(("What", "Value", "Unit", "n"), rows, frozenset({1, 3})))]


def shown(row: Mapping[Any, Any]) -> tuple[str, str, str, str]:
    """Return name, value, unit and n of a figure as text."""
    number = row["value"]
    if number is None or np.isnan(number):
        text = "-"
    elif row["unit"] == "-" and number == round(number) and abs(number) > 1:
        text = count(number)
    else:
        text = f"{number + 0.0:.3g}"
    return str(row["name"]), text, str(row["unit"]), count(row["n"])


def _by_magnitude(found: pd.DataFrame) -> list[Panel]:
    table = by_class(found, "M", BY_MAGNITUDE)
    if table.empty or "recall of all events" not in table:
        return []
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name.removeprefix("recall of ").capitalize(),
            "x": table.index.str.removeprefix("M ").tolist(),
            "y": table[name].tolist(),
            "line": {"width": 2, "color": style.colour(hue)},
            "marker": {"size": 7, "symbol": symbol},
            "hovertemplate": "M %{x}: %{y:.0%}<extra></extra>",
        }
        for name, hue, symbol in zip(_RECALL, ("P", "S"), ("circle", "diamond"), strict=True)
    ]
    words = []
    for level in ("50%", "90%"):
        rows = found[found["name"] == f"magnitude from which recall reaches {level}"]
        reached = float(rows["value"].iloc[0]) if len(rows) and rows["value"].iloc[0] is not None else np.nan
        words.append(f"{level} from M {value(reached, 1)} on" if np.isfinite(reached) else f"{level} at no magnitude")
    arranged = style.layout(
        style.axis("True magnitude", type="category"), style.axis("Share found", range=[-0.03, 1.05], tickformat="~%")
    )
    grid = Panel(
        "truth-magnitudes",
        "Against the simulated truth by magnitude",
        "Classes of the true magnitude.",
        grid=Grid(
            ("Magnitude", *(name.capitalize() if name[:2] != "ML" else name for name in table.columns)),
            tuple((str(scope), *(value(x, 2) for x in row)) for scope, *row in table.itertuples()),
            frozenset(range(1, len(table.columns) + 1)),
        ),
    )
    caption = f"Of all true earthquakes are found: {words[0]}, {words[1]}."
    return [Panel("truth-recall", "Recall by magnitude", caption, style.figure(traces, arranged), aspect=0.5), grid]
