"""Several catalogues of the same data side by side: picks, agreement and ranking, and all figures together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.comparison_events import (
    SYMBOLS,
    Sides,
    Tables,
    differences,
    hue,
    in_time,
    locations,
    matched,
    numbers,
)
from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.text import count, share, value
from quakescribe.settings.report import ReportSettings

BARS = ("associated_picks", "association_rate", "well_located")
"""The rules of the ranking that are drawn as bars: how much, how clean, how well located."""


_ENOUGH = 20  # picks that a rate needs to be drawn


def panels(sides: Sides, tables: Tables, settings: ReportSettings) -> dict[str, list[Panel]]:
    """Return the figures of a comparison by part of the page: overview, pick, locate, catalogue.

    Parameters
    ----------
    sides
        By name, in order: the joined tables over what all share.
    tables
        Of the comparison, by name; see docs/compare.md.
    settings
        How much is drawn.
    """
    return {
        "overview": [*bars(sides, tables["ranks"]), ranking(tables["ranks"]),
                     *([better(sides, tables["better"], tables["ranks"])] if len(sides) > 2 else [])],
        "pick": [agreement(sides, tables["pick_agreement"]), unassociated(sides, tables["stations"], settings),
                 *alone(sides, tables["pick_association"])],
        "locate": locations(sides, settings),
        "catalogue": [shared_events(sides, tables["events"]), *in_time(sides, settings), *matched(sides, tables),
                      *differences(sides, tables, settings)],
    }


def bars(sides: Sides, ranks: pd.DataFrame) -> list[Panel]:
    """Return associated picks, association rate and well-located events of every side, with intervals."""
    number, out = numbers(sides), []
    for name in BARS:
        part = ranks[(ranks["criterion"] == name) & ranks["value"].notna()]
        key = f"comparison-{name.replace('_', '-')}"
        if len(part) < 2:
            only = f"only '{part['side'].iloc[0]}' says" if len(part) else "no catalogue says"
            out.append(nothing(key, name.replace("_", " ").capitalize(), only, "third"))
            continue
        y, rate = part["value"].to_numpy(), bool(name.endswith("rate"))
        reach = {"type": "data", "symmetric": False, "array": np.nan_to_num(part["high"].to_numpy() - y),
                 "arrayminus": np.nan_to_num(y - part["low"].to_numpy()), "color": style.colour("ink"),
                 "thickness": 1.2, "width": 4}
        trace = {"type": "bar", "x": part["side"].tolist(), "y": y, "error_y": reach,
                 "marker": {"color": [hue(number[one]) for one in part["side"]]},
                 "hovertemplate": "%{x}: %{y:.1%}<extra></extra>" if rate else "%{x}: %{y:,.0f}<extra></extra>"}
        title = str(part["title"].iloc[0])
        arranged = style.layout(style.axis("", type="category"),
                                style.axis(title, rangemode="tozero", tickformat="~%" if rate else ","), bargap=0.4)
        told = "; ".join(f"{side} {share(one, 1.0) if rate else count(round(one))}"
                         for side, one in zip(part["side"], y, strict=True))
        out.append(Panel(key, title, f"{told}. Bars: 95% intervals from blocks of time; they move together, so compare "
                         "by the ranking.", style.figure([trace], arranged), size="third", aspect=0.7))
    return out


def ranking(ranks: pd.DataFrame) -> Panel:
    """Return the table of all rules: values, ranks and how likely each side is the best."""
    title = "Which is better at what"
    known = ranks[ranks["value"].notna()]
    if known.empty:
        return nothing("comparison-ranking", title, "nothing could be counted", size="wide")
    rows = []
    for row in known.to_dict("records"):
        many = row["ranked"] > 1
        told = many and np.isfinite(row["rank_low"]) and (row["rank_low"] < row["rank_high"] or row["rank"] % 1 == 0)
        rows.append((row["title"], "more" if row["larger_is_better"] else "less", row["side"], _number(row, "value"),
                     f"{_number(row, 'low')} to {_number(row, 'high')}" if np.isfinite(row["low"]) else "-",
                     _place(row) if many else "-",
                     f"{row['rank_low']:g} to {row['rank_high']:g}" if told else "-",
                     share(row["p_best"], 1.0) if many and np.isfinite(row["p_best"]) else "-"))
    sure = known[(known["p_best"] >= 0.975) & (known["ranked"] > 1)]
    words = "; ".join(f"{row['title'][0].lower()}{row['title'][1:]}: {row['side']}" for row in sure.to_dict("records"))
    caption = (f"Best beyond chance - {words}. " if words else "No side is the best beyond chance by any rule. ") + (
        "Each rule on its own, with blocks of time drawn again for all sides alike. More associated picks at a larger "
        "rate is better; more at a smaller rate is a choice. Agreement favours sides that resemble each other.")
    return Panel("comparison-ranking", title, caption, size="wide", grid=Grid(
        ("Rule", "Better", "Catalogue", "Value", "95% interval", "Rank", "95% of ranks", "Best in"), tuple(rows),
        frozenset({3, 4, 5, 6, 7})))


def _place(row: dict[Any, Any]) -> str:
    """Return the rank, or that others have the same."""
    return "equal" if row["rank"] % 1 else f"{row['rank']:.0f}"


def better(sides: Sides, pairs: pd.DataFrame, ranks: pd.DataFrame) -> Panel:
    """Return how likely each side is better than each other, over all rules that both have (a heatmap per rule)."""
    title = "How likely one is better than another"
    known = pairs[pairs["p_better"].notna()]
    if known.empty:
        return nothing("comparison-better", title, "there are too few blocks of time")
    names = list(sides)
    label = [f"{a} > {b}" for k, a in enumerate(names) for b in names[k + 1:]]
    known = known.assign(label=known["first"] + " > " + known["second"])
    grid = known.pivot_table(index="criterion", columns="label", values="p_better").reindex(columns=label)
    grid = grid.reindex(known["criterion"].unique()[::-1])
    titles = dict(zip(ranks["criterion"], ranks["title"], strict=True))
    return Panel("comparison-better", title,
                 "Share of resampled spans in which the first of the two is the better one; near 0% the second is.",
                 _heat(grid.to_numpy(float), label, [titles[str(one)] for one in grid.index]),
                 aspect=float(np.clip(0.09 * len(grid), 0.4, 1.2)))


def unassociated(sides: Sides, table: pd.DataFrame, settings: ReportSettings) -> Panel:
    """Return the unassociated picks of every station for each side."""
    title = "Picks without an event, by station"
    table = table[table["unassociated"].notna()]
    if table.empty:
        return nothing("comparison-unassociated", title, "no catalogue says which of its picks are in none")
    told = [name for name in sides if (table["side"] == name).any()]
    wide = table.astype({"unassociated": float}).pivot_table(
        index="station", columns="side", values="unassociated", aggfunc="sum").reindex(columns=told)
    wide = wide.loc[wide.max(axis=1).sort_values(ascending=False, kind="stable").index]
    if not wide.to_numpy(float).any():
        return nothing("comparison-unassociated", title, "every pick is in an event")
    drawn, number = wide.head(settings.stations_drawn).iloc[::-1], numbers(sides)
    axis = style.count_axis("Picks without an event (P and S)", drawn.fillna(0.0).to_numpy(float))
    traces = [{"type": "scatter", "mode": "markers", "name": name,
               "x": style.on_axis(drawn[name].to_numpy(float), axis), "y": drawn.index.tolist(),
               "marker": {"size": 9, "color": hue(k), "symbol": SYMBOLS[k % 8]},
               "customdata": drawn[name].to_numpy(float),
               "hovertemplate": "%{y}: %{customdata:,.0f}<extra>" + name + "</extra>"}
              for name, k in number.items() if name in told]
    arranged = style.layout(
        axis,
        style.axis("", type="category", categoryorder="array", categoryarray=drawn.index.tolist(), dtick=1, ticks=""))
    caption = _farthest(wide) + "A station that stands out with one picker only is that picker's." + (
        f" Drawn: the {len(drawn)} of {len(wide)} stations with most." if len(drawn) < len(wide) else "")
    return Panel("comparison-unassociated", title, caption, style.figure(traces, arranged),
                 aspect=float(np.clip(0.12 + 0.03 * len(drawn), 0.5, 2.2)), rows=2, least=90 + 17 * len(drawn))


def _farthest(wide: pd.DataFrame) -> str:
    """Return the sentence on the station with most picks without an event, for the median of its side."""
    ratio = np.nan_to_num(wide.to_numpy(float) / np.maximum(wide.median().to_numpy(float), 1.0), nan=-1.0)
    row, column = divmod(int(ratio.argmax()), ratio.shape[1])
    return (f"Farthest out: {wide.index[row]} in '{wide.columns[column]}', {count(wide.to_numpy(float)[row, column])} "
            f"picks, {value(float(ratio[row, column]), 1)} times that side's median. ")


def agreement(sides: Sides, table: pd.DataFrame) -> Panel:
    """Return the Jaccard index of picks of every two sides, without chance."""
    title = "Picks that two catalogues share"
    part = table[(table["by"] == "all") & (table["n_first"] > 0) & (table["n_second"] > 0)] if len(table) else table
    if part.empty:
        return nothing("comparison-agreement", title, "no two catalogues have picks")
    if len(sides) == 2:
        return Panel("comparison-agreement", title, _shared(part.iloc[0], "picks", part["corrected"].iloc[0],
                     part["both"].iloc[0]), size="full")
    least = part.sort_values("corrected", kind="stable").iloc[0]
    return _square(sides, part, part["corrected"], "comparison-agreement", title,
                   f"Of all picks of either, those of both (Jaccard index, chance taken off). Least: {least['first']} "
                   f"and {least['second']}, {share(least['corrected'], 1.0)}.")


def shared_events(sides: Sides, table: pd.DataFrame) -> Panel:
    """Return the Jaccard index of events of every two sides, without chance."""
    title = "Events that two catalogues share"
    table = table[(table["n_first"] > 0) & (table["n_second"] > 0)]
    if table.empty:
        return nothing("comparison-shared-events", title, "no two catalogues have events")
    found = table["without_chance"] / (table["n_first"] + table["n_second"] - table["without_chance"])
    row = table.iloc[0]
    if len(sides) == 2:
        return Panel("comparison-shared-events", title, _shared(row, "events", float(found.iloc[0]), row["matched"]),
                     size="full")
    return _square(sides, table, found, "comparison-shared-events", title,
                   f"Of all events of either, those of both, chance taken off. {row['first']} and {row['second']}: "
                   f"{count(row['matched'])} matched, {value(row['chance'], 1)} with a copy shifted in time.")


def _shared(row: pd.Series, what: str, index: float, both: float) -> str:
    """Return in words what two sides share."""
    return (f"{row['first']} has {count(row['n_first'])} {what}, {row['second']} {count(row['n_second'])}; "
            f"{count(both)} are the same, {_chance(row['chance'])} would be with a copy shifted in time. "
            f"Without chance both have {share(index, 1.0)} of all that either has (Jaccard index).")


def _chance(number: float) -> str:
    return count(round(number)) if number >= 10 else value(float(number), 1)


def _square(sides: Sides, table: pd.DataFrame, found: pd.Series, key: str, title: str, caption: str) -> Panel:
    number = numbers(sides)
    grid = np.full((len(sides), len(sides)), np.nan)
    a, b = (table[name].map(number).to_numpy(int) for name in ("first", "second"))
    grid[a, a] = grid[b, b] = 1.0
    grid[a, b] = grid[b, a] = found.to_numpy(float)
    return Panel(key, title, caption, _heat(grid, list(sides), list(sides)), aspect=0.8)


def _heat(grid: np.ndarray, x: Sequence[str], y: Sequence[str]) -> dict[str, Any]:
    """Return a heatmap of shares with the numbers written in."""
    trace = {"type": "heatmap", "z": grid, "x": list(x), "y": list(y), "zmin": 0.0, "zmax": 1.0,
             "colorscale": [[0.0, style.colour("paper")], [1.0, style.colour("P")]], "showscale": False,
             "hovertemplate": "%{y}, %{x}: %{z:.1%}<extra></extra>"}
    notes = [{"x": b, "y": a, "text": share(float(grid[i, j]), 1.0), "showarrow": False,
              "font": {"size": 12, "color": style.colour("paper" if grid[i, j] > 0.55 else "ink")}}
             for i, a in enumerate(y) for j, b in enumerate(x) if np.isfinite(grid[i, j])]
    arranged = style.layout(style.axis("", type="category", showgrid=False, ticks=""),
                            style.axis("", type="category", showgrid=False, ticks=""), annotations=notes)
    return style.figure([trace], arranged)


def alone(sides: Sides, table: pd.DataFrame) -> list[Panel]:
    """Return the association rate of picks that another side has, and of those that none has, where there are such."""
    title = "Association rate of shared and lone picks"
    part = table[(table["phase"] == "") & table["rate"].notna()] if len(table) else table
    if part.empty:
        return [nothing("comparison-alone", title, "no catalogue has picks that are not in an event")]
    if not part.loc[part["picks"] == "alone", "n"].sum():
        return []
    traces, words = [], []
    for kind, label, tint in (("agreed", "Another has it too", "P"), ("alone", "No other has it", "quiet")):
        mine = part[(part["picks"] == kind) & (part["n"] >= _ENOUGH)]
        y = mine["rate"].to_numpy()
        traces.append({"type": "bar", "name": label, "x": mine["side"].tolist(), "y": y,
                       "marker": {"color": style.colour(tint)}, "customdata": mine["n"].to_numpy(),
                       "error_y": {"type": "data", "symmetric": False, "array": mine["high"].to_numpy() - y,
                                   "arrayminus": y - mine["low"].to_numpy(), "color": style.colour("ink"),
                                   "thickness": 1.2, "width": 4},
                       "hovertemplate": "%{x}: %{y:.1%} of %{customdata:,} picks<extra></extra>"})
    for side, rows in part.groupby("side", sort=False):
        rates = rows.set_index("picks")["rate"]
        words.append(f"{side} {share(rates.get('agreed', np.nan), 1.0) if 'agreed' in rates else '-'} against "
                     f"{share(rates.get('alone', np.nan), 1.0) if 'alone' in rates else '-'}")
    arranged = style.layout(style.axis("", type="category", categoryorder="array", categoryarray=list(sides)),
                            style.axis("Association rate", rangemode="tozero", tickformat="~%"), barmode="group",
                            bargap=0.35)
    return [Panel("comparison-alone", title, f"{'; '.join(words)}. Picks of one picker alone that rarely associate are "
                  "mostly false.", style.figure(traces, arranged), aspect=0.6)]


def _number(row: dict[Any, Any], name: str) -> str:
    """Return a count, or a share in per cent, as people read it."""
    return share(row[name], 1.0) if row["is_share"] else count(round(row[name]))
