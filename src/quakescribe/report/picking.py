"""What was picked, and what became of it: picks in time and per station, associated or not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from quakescribe.report import style
from quakescribe.report.activity import bin_width_s, binned, time_axis
from quakescribe.report.facts import Facts
from quakescribe.report.panel import Grid, Panel, nothing
from quakescribe.report.text import count, duration, moment, share, value
from quakescribe.settings.report import ReportSettings


def picking(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return picks in time, and signal-to-noise ratios."""
    if facts.picks.empty or facts.span is None:
        return [nothing("picks-time", "Picks in time", "there is no pick")]
    return [_in_time(facts), _snr(facts)]


def association(facts: Facts, settings: ReportSettings) -> list[Panel]:
    """Return the fate of each station's picks, and the size of the events in stations."""
    if facts.picks.empty:
        return [nothing("picks-station", "Picks per station", "there is no pick")]
    table = per_station(facts)
    return [_per_station(table, facts, settings), _per_event(facts), _station_table(table)]


def per_station(facts: Facts) -> pd.DataFrame:
    """Return picks, associated picks, pairs and associated pairs of every station; most picks first.

    A pair is associated when both its P and its S belong to one event. Stations without a pick are included.
    """
    picks = facts.picks.assign(associated=facts.picks["event_id"] > 0)
    grouped = picks.groupby("station_id")
    table = pd.DataFrame({
        "picks": grouped.size(), "associated": grouped["associated"].sum(),
        "p": picks[picks["phase"] == "P"].groupby("station_id").size(),
        "s": picks[picks["phase"] == "S"].groupby("station_id").size(),
        **pair_counts(picks)})
    names = sorted(set(facts.stations["station_id"]) | set(table.index))
    table = table.reindex(names).fillna(0).astype("int64")
    table.index.name = "station_id"
    return table.reset_index().sort_values(["picks", "station_id"], ascending=[False, True], kind="stable",
                                           ignore_index=True)


def pair_counts(picks: pd.DataFrame) -> dict[str, pd.Series]:
    """Return, by station, the number of P-S pairs and of those whose P and S belong to one event."""
    pairs = picks[picks["pair_id"] > 0]
    p = pairs[pairs["phase"] == "P"].set_index("pair_id")[["station_id", "event_id"]]
    s = pairs[pairs["phase"] == "S"].drop_duplicates("pair_id").set_index("pair_id")["event_id"].rename("s_event")
    both = p.join(s, how="inner")
    kept = both[(both["event_id"] > 0) & (both["event_id"] == both["s_event"])]
    return {"pairs": both.groupby("station_id").size(), "pairs_associated": kept.groupby("station_id").size()}


def _in_time(facts: Facts) -> Panel:
    assert facts.span is not None  # the caller checked
    width = bin_width_s(facts.span)
    traces = []
    totals = 0
    for phase in ("P", "S"):
        middle, found = binned(facts.picks.loc[facts.picks["phase"] == phase, "time"], facts.span, width)
        totals = totals + found
        traces.append({"type": "scatter", "mode": "lines", "name": phase, "x": middle, "y": found * 3600.0 / width,
                       "line": {"shape": "hvh", "width": 1.8, "color": style.colour(phase),
                                "dash": "solid" if phase == "P" else "2px,2px"},
                       "hovertemplate": "%{x|%Y-%m-%d %H:%M}<br>%{y:.0f} per hour<extra>" + phase + "</extra>"})
    arranged = style.layout(time_axis(facts), style.axis("Picks per hour", rangemode="tozero"))
    total = np.asarray(totals)
    busiest = int(total.argmax())
    start = pd.Timestamp(middle[busiest] - width * 500.0, unit="ms", tz="UTC")
    p, s = ((facts.picks["phase"] == phase).sum() for phase in ("P", "S"))
    pairs = pair_counts(facts.picks)["pairs"].sum()
    caption = (f"{count(p, 'P pick')} and {count(s, 'S pick')}, of which {count(pairs, 'P–S pair')}, in bins of "
               f"{duration(width)}. The fullest bin holds {count(total[busiest])} (from {moment(start)[:16]} UTC); "
               f"the median bin {count(np.median(total))}.")
    return Panel("picks-time", "Picks in time", caption, style.figure(traces, arranged), aspect=0.5)


def _snr(facts: Facts) -> Panel:
    title = "Signal-to-noise ratio of the picks"
    known = facts.picks[facts.picks["snr"] > 0]
    if known.empty:
        return nothing("picks-snr", title, "no pick carries a signal-to-noise ratio")
    log = np.log10(known["snr"].to_numpy(dtype=float))
    edges = np.linspace(np.floor(log.min() * 10) / 10, max(np.quantile(log, 0.999), log.min() + 0.1), 41)
    traces: list[dict[str, Any]] = []
    for name, mask, tint in (("Associated", known["event_id"] > 0, "P"), ("Not associated", known["event_id"] == 0, "muted")):
        if mask.any():
            found, _ = np.histogram(np.clip(log[mask.to_numpy()], edges[0], edges[-1]), bins=edges)
            traces.append({"type": "scatter", "mode": "lines", "name": name, "x": 10 ** ((edges[1:] + edges[:-1]) / 2),
                           "y": 100.0 * found / found.sum(), "hovertemplate": "%{x:.2g}: %{y:.1f}%<extra></extra>",
                           "line": {"shape": "hvh", "width": 2, "color": style.colour(tint),
                                    "dash": "solid" if tint == "P" else "4px,3px"}})
    arranged = style.layout(style.axis("Signal-to-noise ratio of amplitudes", type="log", dtick=1),
                            style.axis("Share of the picks (%)", rangemode="tozero"))
    medians = [f"{name} {value(known.loc[mask, 'snr'].median(), 1)}" for name, mask in
               (("associated", known["event_id"] > 0), ("not associated", known["event_id"] == 0)) if mask.any()]
    return Panel("picks-snr", title, f"Medians: {', '.join(medians)}. Each curve adds up to 100%.",
                 style.figure(traces, arranged), aspect=0.5)


def _per_station(table: pd.DataFrame, facts: Facts, settings: ReportSettings) -> Panel:
    drawn = table.head(settings.stations_drawn).iloc[::-1]
    rest = drawn["picks"] - drawn["associated"]
    rates = [share(a, n) for a, n in zip(drawn["associated"], drawn["picks"], strict=True)]
    bar = {"type": "bar", "orientation": "h", "y": drawn["station_id"].tolist()}
    traces = [
        {**bar, "name": "Associated", "x": drawn["associated"].to_numpy(), "marker": {"color": style.colour("P")},
         "hovertemplate": "%{y}: %{x:,} associated<extra></extra>"},
        {**bar, "name": "Not associated", "x": rest.to_numpy(), "marker": {"color": style.colour("quiet")}, "text": rates,
         "textposition": "outside", "cliponaxis": False, "textfont": {"color": style.colour("muted"), "size": 11},
         "hovertemplate": "%{y}: %{x:,} not associated<extra></extra>"}]
    arranged = style.layout(style.axis("Picks (P and S counted separately)", rangemode="tozero"),
                            style.axis("", type="category", dtick=1, showgrid=False, ticks=""), barmode="stack", bargap=0.3)
    arranged["xaxis"]["range"] = [0, float(max(1, drawn["picks"].max()) * 1.12)]
    total, kept = int(table["picks"].sum()), int(table["associated"].sum())
    pairs, kept_pairs = int(table["pairs"].sum()), int(table["pairs_associated"].sum())
    enough = table[table["picks"] >= 20]
    rate = enough["associated"] / enough["picks"]
    words = [f"{share(kept, total)} of the picks were associated ({count(kept)} of {count(total)})"
             + (f", {share(kept_pairs, pairs)} of the P–S pairs." if pairs else ".")]
    if len(enough) > 1:
        words.append(f"From {enough.loc[rate.idxmin(), 'station_id']} ({100 * rate.min():.0f}%) to "
                     f"{enough.loc[rate.idxmax(), 'station_id']} ({100 * rate.max():.0f}%).")
    silent = table.loc[table["picks"] == 0, "station_id"].tolist()
    if silent:
        words.append(f"Without a single pick: {', '.join(silent[:6])}{' and more' if len(silent) > 6 else ''}.")
    if len(drawn) < len(table):
        words.append(f"Drawn: the {len(drawn)} of {len(table)} stations with most picks.")
    return Panel("picks-station", "Picks per station", " ".join(words), style.figure(traces, arranged), size="half",
                 aspect=float(np.clip(0.12 + 0.033 * len(drawn), 0.45, 2.8)))


def _per_event(facts: Facts) -> Panel:
    title = "Stations per event"
    if facts.arrivals.empty:
        return nothing("stations-event", title, "no pick was associated")
    sizes = facts.arrivals.groupby("event_id")["station_id"].nunique()
    found = sizes.value_counts().sort_index()
    trace = {"type": "bar", "x": found.index.to_numpy(), "y": found.to_numpy(), "marker": {"color": style.colour("P")},
             "hovertemplate": "%{x} stations: %{y:,} events<extra></extra>"}
    arranged = style.layout(style.axis("Distinct stations with an arrival"), style.axis("Number of events"), bargap=0.25,
                            showlegend=False)
    smallest = int(found.index[0])
    caption = (f"Median {value(sizes.median(), 0)} stations and "
               f"{value(facts.arrivals.groupby('event_id').size().median(), 0)} arrivals per event. "
               f"{share(found.iloc[0], len(sizes))} of the events stand on the smallest number, {smallest}: "
               "the ones most easily made by chance.")
    return Panel("stations-event", title, caption, style.figure([trace], arranged), aspect=0.5)


def _station_table(table: pd.DataFrame) -> Panel:
    rows = tuple((row.station_id, count(row.p), count(row.s), count(row.pairs), count(row.associated),
                  share(row.associated, row.picks), count(row.pairs_associated), share(row.pairs_associated, row.pairs))
                 for row in table.itertuples())
    head = ("Station", "P", "S", "Pairs", "Associated picks", "of all", "Associated pairs", "of all")
    return Panel("station-table", "All stations as a table", "A pair counts as associated when its P and its S belong to "
                 "one event.", grid=Grid(head, rows, frozenset(range(1, 8))), size="full", folded=True)
