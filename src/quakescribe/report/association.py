"""What became of the picks: associated or not, per station and in time, and how many stations stand behind an event."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.activity import bin_width_s, binned, time_axis
from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.picking import NO_PAIRS, paired, pairs
from quakescribe.report.text import count, duration, listed, share, value
from quakescribe.settings.report import ReportSettings
from quakescribe.tables.facts import Facts

_COUNTED = ("picks", "associated", "pairs", "pairs_associated")
_ENOUGH = 20  # picks that a station's rate needs to be spoken of


def association(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return the fate of each station's picks, and the size of the events in stations."""
    if facts.picks.empty:
        return [nothing("picks-station", "Picks per station", "there is no pick")]
    table = per_station(facts)
    return [
        _per_station(table, settings),
        _per_event(facts),
        _rate_in_time(facts),
        _station_table(table, paired(facts.picks)),
    ]


def per_station(facts: Facts) -> pd.DataFrame:
    """Return picks, associated picks, pairs and associated pairs of every station; most picks first.

    A pair is associated when both its P and its S belong to one event. Stations without a pick are included.
    """
    picks = facts.picks.assign(associated=facts.picks["event_id"] > 0)
    grouped = picks.groupby("station_id")
    both = pairs(picks)
    kept = both[(both["event_id"] > 0) & (both["event_id"] == both["s_event"])]
    table = pd.DataFrame(
        {
            "picks": grouped.size(),
            "associated": grouped["associated"].sum(),
            "p": picks[picks["phase"] == "P"].groupby("station_id").size(),
            "s": picks[picks["phase"] == "S"].groupby("station_id").size(),
            "pairs": both.groupby("station_id").size(),
            "pairs_associated": kept.groupby("station_id").size(),
        }
    )
    names = sorted(set(facts.stations["station_id"]) | set(table.index))
    table = table.reindex(names).fillna(0).astype("int64")
    table.index.name = "station_id"
    return table.reset_index().sort_values(
        ["picks", "station_id"], ascending=[False, True], kind="stable", ignore_index=True
    )


def _per_station(table: pd.DataFrame, settings: ReportSettings) -> Panel:
    drawn = table.head(settings.stations_drawn).iloc[::-1]
    bar = {"type": "bar", "orientation": "h", "y": drawn["station_id"].tolist()}
    kept, every = drawn["associated"].to_numpy(), drawn["picks"].to_numpy()
    beside = {
        "text": [share(a, n) for a, n in zip(kept, every, strict=True)],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": style.colour("muted"), "size": 11},
    }
    hover = "%{y}: %{x:,} "
    traces = [
        {
            **bar,
            "name": name,
            "x": x,
            "marker": {"color": style.colour(tint)},
            "hovertemplate": f"{hover}{name.lower()}",
            **more,
        }
        for name, x, tint, more in (("Associated", kept, "P", {}), ("Not associated", every - kept, "quiet", beside))
    ]
    arranged = style.layout(
        style.axis("Picks, P and S", range=[0, float(max(1, every.max()) * 1.12)]),
        style.axis(
            "", type="category", dtick=1, showgrid=False, ticks="", tickfont={"size": 12 if len(drawn) < 40 else 10}
        ),
        barmode="stack",
        bargap=0.3,
        hovermode="y unified",
    )
    caption = _per_station_caption(table)
    if len(drawn) < len(table):
        caption += f" Drawn: the {len(drawn)} of {len(table)} stations with most picks."
    aspect = float(np.clip(0.12 + 0.024 * len(drawn), 0.5, 2.2))
    figure = style.figure(traces, arranged)
    return Panel(
        "picks-station", "Picks per station", caption, figure, aspect=aspect, rows=2, least=90 + 17 * len(drawn)
    )


def _per_station_caption(table: pd.DataFrame) -> str:
    picks, kept, every_pair, kept_pairs = (int(table[name].sum()) for name in _COUNTED)
    of_pairs = f", {share(kept_pairs, every_pair)} of the P–S pairs" if every_pair else ""
    words = [f"{share(kept, picks)} of the picks were associated ({count(kept)} of {count(picks)}){of_pairs}."]
    enough = table[table["picks"] >= _ENOUGH]
    if len(enough) > 1:
        rate = (enough["associated"] / enough["picks"]).to_numpy()
        low, high = int(rate.argmin()), int(rate.argmax())
        words.append(
            f"From {enough['station_id'].iloc[low]} ({100 * rate[low]:.0f}%) to "
            f"{enough['station_id'].iloc[high]} ({100 * rate[high]:.0f}%)."
        )
    silent = table.loc[table["picks"] == 0, "station_id"].tolist()
    if silent:
        words.append(f"{count(len(silent), 'station')} without a single pick ({listed(silent, 6)}).")
    return " ".join(words)


def _per_event(facts: Facts) -> Panel:
    title = "Stations per event"
    if facts.arrivals.empty:
        return nothing("stations-event", title, "no pick was associated")
    sizes = facts.arrivals.groupby("event_id")["station_id"].nunique()
    found = sizes.value_counts().sort_index()
    trace = {
        "type": "bar",
        "x": found.index.to_numpy(),
        "y": found.to_numpy(),
        "marker": {"color": style.colour("P")},
        "hovertemplate": "%{x} stations: %{y:,} events<extra></extra>",
    }
    arranged = style.layout(
        style.axis("Distinct stations with an arrival"), style.axis("Number of events"), bargap=0.25, showlegend=False
    )
    smallest = int(found.index[0])
    caption = (
        f"Median {value(sizes.median(), 0)} stations and "
        f"{value(facts.arrivals.groupby('event_id').size().median(), 0)} arrivals per event. "
        f"{share(found.iloc[0], len(sizes))} of the events stand on the smallest number, {smallest}: "
        "the ones most easily made by chance."
    )
    return Panel("stations-event", title, caption, style.figure([trace], arranged), aspect=0.5)


def _rate_in_time(facts: Facts) -> Panel:
    span = facts.span or (facts.picks["time"].min(), facts.picks["time"].max())
    width = bin_width_s(span)
    middle, every = binned(facts.picks["time"], span, width)
    _, kept = binned(facts.picks.loc[facts.picks["event_id"] > 0, "time"], span, width)
    enough = every >= 10
    title = "Association rate in time"
    if enough.sum() < 2:
        return nothing("association-time", title, "there are fewer than two bins with 10 picks")
    rate = np.where(enough, 100.0 * kept / np.maximum(every, 1), np.nan)
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": middle,
        "y": rate,
        "connectgaps": False,
        "line": {"shape": "hvh", "width": 2, "color": style.colour("P")},
        "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{y:.0f}%<extra></extra>",
    }
    arranged = style.layout(time_axis(facts), style.axis("Associated picks (%)", range=[0, 100]), showlegend=False)
    low, high = np.nanquantile(rate, [0.1, 0.9])
    caption = (
        f"In bins of {duration(width)} with at least 10 picks: {low:.0f}% to {high:.0f}% in four fifths of them. "
        "The rate rises when events are large or frequent, and falls when picks are false."
    )
    return Panel("association-time", title, caption, style.figure([trace], arranged), aspect=0.5)


def _station_table(table: pd.DataFrame, with_pairs: bool) -> Panel:
    rows = tuple(
        (
            row["station_id"],
            count(row["p"]),
            count(row["s"]),
            *([count(row["pairs"])] if with_pairs else []),
            count(row["associated"]),
            share(row["associated"], row["picks"]),
            *([count(row["pairs_associated"]), share(row["pairs_associated"], row["pairs"])] if with_pairs else []),
        )
        for row in table.to_dict("records")
    )
    head = ("Station", "P", "S", "Pairs", "Associated picks", "of all", "Associated pairs", "of all")
    return Panel(
        "station-table",
        "All stations as a table",
        "A pair counts as associated when its P and its S belong to one event."
        if with_pairs
        else f"Pairs are not counted: {NO_PAIRS}.",
        grid=Grid(head if with_pairs else (*head[:3], *head[4:6]), rows, frozenset(range(1, 8 if with_pairs else 5))),
        size="full",
        folded=True,
    )
