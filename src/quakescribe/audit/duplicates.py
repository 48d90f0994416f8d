"""Duplicated, split and merged events: one earthquake counted twice, or two counted as one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, GOOD, WATCH, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.coincident import lagged_null
from quakescribe.audit.event_pairs import Onsets, compare, onsets, split
from quakescribe.audit.excess import excess, excess_verdict
from quakescribe.audit.intervals import share_interval
from quakescribe.audit.neighbours import places
from quakescribe.audit.origin_times import independent, single_station, two_groups
from quakescribe.audit.statistics import mad_scale, wilson
from quakescribe.audit.words import number_of
from quakescribe.kernels.neighbours import pair_counts, pairs
from quakescribe.tables.matching import nanoseconds, seconds

Array = NDArray[np.float64]

NEAR_LAGS_S = (4.0, 20.0, 120.0)
"""Edges of the lags that the null of close pairs comes from: aftershocks follow each other within minutes too."""
SPLIT_LAGS_S = (30.0, 150.0)
"""Lags of the pairs that are moved together for the null of split events."""

_MOST = 5000  # later events that one event is compared with
_COMPARED = 20_000  # pairs whose arrivals are compared; of more, this many are drawn
_LISTED = 200  # pairs or events
_FEW_EVENTS, _FEW_PAIRS = 20, 50

METRICS = (
    Metric("equal_events", "Exact duplicates of events", "-",
           "Remove the repeated rows: the same origin stands in the catalogue more than once."),
    Metric("shared_pick_events", "Events that share a pick with another event", "-",
           "Let every pick belong to one event only: merge the events that share picks, or relocate both without."),
    Metric("close_pairs", "Pairs of events too close in time and space", "-",
           "Look at the list of close pairs and merge those that are one earthquake."),
    Metric("split_events", "Earthquakes split into two events", "-",
           "Merge the listed pairs and locate again; widen the associator's tolerance of origin times or its reach."),
    Metric("merged_events", "Two earthquakes merged into one event", "-",
           "Look at the listed events' records; narrow the associator's tolerance of origin times, so that two "
           "earthquakes seconds apart stay two."),
    Metric("disagreeing_pairs", "P-S pairs that contradict their event's origin time", "-",
           "Find the stations and phases behind the large differences: S mistaken for P, picks of another event, a "
           "clock, or a velocity ratio that does not fit."),
)


def run(case: Case) -> Outcome:
    """Answer the check from rows, picks, pairs and single-station origin times."""
    rows = Rows(METRICS)
    if not len(case.facts.catalogue):
        for metric in METRICS:
            rows.cannot_tell(metric.name, "the catalogue has no event", n=0)
        return Outcome(rows.rows)
    found = onsets(case)
    _equal(rows, case)
    _shared(rows, case)
    close = _close(rows, case, found)
    halves = _split(rows, case, found)
    merged, apart = _merged(rows, case, found)
    return Outcome(rows.rows, {"close": close, "split": halves, "merged": merged, "origin_times": apart})


def _equal(rows: Rows, case: Case) -> None:
    """Count rows with the time (to a millisecond) and place (to a metre) of an earlier one."""
    events = case.facts.catalogue
    same = pd.DataFrame({"time": nanoseconds(events["time"]) // 1_000_000,
                         "latitude": events["latitude"].round(5), "longitude": events["longitude"].round(5)})
    k, n = int(same.duplicated().sum()), len(events)
    low, high = wilson(k, n)
    verdict = BAD if low > case.settings.seismicity.duplicate_bad else WATCH if k else GOOD
    rows.add("equal_events", k / n, verdict,
             f"{k:,} of {n:,} events {'has' if k == 1 else 'have'} time and epicentre of an earlier one; in a sound "
             "catalogue none has.",
             low=low, high=high, expected=0.0, n=n)


def _shared(rows: Rows, case: Case) -> None:
    settings, arrivals = case.settings.seismicity, case.facts.arrivals
    if arrivals.empty:
        rows.cannot_tell("shared_pick_events", "no event has arrivals", n=0)
        return
    again = arrivals["pick_id"].duplicated()
    twice = arrivals["pick_id"].isin(arrivals.loc[again, "pick_id"])
    shared, picks, n = arrivals.loc[twice, "event_id"].nunique(), int(again.sum()), arrivals["event_id"].nunique()
    low, high = wilson(shared, n)
    rows.add("shared_pick_events", shared / n, judge(low, high, settings.duplicate_good, settings.duplicate_bad)
             if shared else GOOD,
             f"{shared:,} of {n:,} events with arrivals {'holds' if shared == 1 else 'hold'} a pick that another event "
             f"holds too ({number_of(picks, 'arrival')} too many); an onset belongs to one earthquake.",
             low=low, high=high, expected=0.0, n=n)


def _close(rows: Rows, case: Case, found: Onsets) -> pd.DataFrame:
    """Count pairs close in time and space; the null are pairs as close in space a little farther apart in time."""
    settings, events = case.settings.seismicity, case.facts.catalogue
    if len(events) < _FEW_EVENTS:
        rows.cannot_tell("close_pairs", f"the catalogue has {len(events)} events; a rate of pairs needs at least "
                         f"{_FEW_EVENTS}", n=len(events))
        return pd.DataFrame()
    x, y = places(events)
    time = seconds(events["time"])
    edges = np.array([0.0, settings.duplicate_s, *NEAR_LAGS_S])
    counts, cut = pair_counts(time, x, y, 0.0, settings.duplicate_km, np.unique(edges), _MOST)
    if cut:
        rows.cannot_tell("close_pairs", f"more than {_MOST:,} events follow one event within two minutes: their times "
                         "cannot be right or are all the same", n=len(events))
        return pd.DataFrame()
    null, scale = lagged_null(counts[:, -2:], settings.duplicate_s, NEAR_LAGS_S)
    over = excess(counts[:, 0].astype(float), null, scale, blocks(events["time"], case), case.rng(630),
                  case.settings.resamples)
    n, observed = len(events), int(counts[:, 0].sum())
    rows.add("close_pairs", over.value, excess_verdict(over, settings.duplicate_good, settings.duplicate_bad),
             f"{number_of(observed, 'pair')} of events {'is' if observed == 1 else 'are'} less than "
             f"{settings.duplicate_s:g} s and {settings.duplicate_km:g} km apart; {over.expected * n:.1f} are expected "
             f"from pairs {NEAR_LAGS_S[0]:g} to {NEAR_LAGS_S[2]:g} s apart, so {100 * over.beyond:.2f} pairs per 100 "
             "events are beyond chance (95% interval "
             f"{100 * (over.low - over.expected):.2f} to {100 * (over.high - over.expected):.2f}).",
             low=over.low, high=over.high, expected=over.expected, n=n)
    one, two = pairs(time, x, y, 0.0, settings.duplicate_km, 0.0, settings.duplicate_s, _MOST, 20_000)
    return _table(case, compare(case, found, one, two), "same_onsets")


def _split(rows: Rows, case: Case, found: Onsets) -> pd.DataFrame:
    """Count pairs whose onsets complement each other and fit one origin; the null moves pairs of longer lags."""
    settings, events = case.settings.seismicity, case.facts.catalogue
    if len(events) < _FEW_EVENTS or not len(found.row) or not (found.place >= 0).any():
        rows.cannot_tell("split_events", f"needs at least {_FEW_EVENTS} events with arrivals at known stations; there "
                         f"are {len(events)} events and {len(found.row):,} arrivals", n=len(events))
        return pd.DataFrame()
    x, y = places(events)
    time = seconds(events["time"])
    edges = np.array([0.0, settings.split_s, *SPLIT_LAGS_S])
    counts, cut = pair_counts(time, x, y, 0.0, settings.split_km, edges, _MOST)
    if cut:
        rows.cannot_tell("split_events", f"more than {_MOST:,} events follow one event within minutes: their times "
                         "cannot be right or are all the same", n=len(events))
        return pd.DataFrame()
    near, weight = _drawn_pairs(case, time, x, y, 0.0, settings.split_s, int(counts[:, 0].sum()))
    lagged, null_weight = _drawn_pairs(case, time, x, y, *SPLIT_LAGS_S, int(counts[:, 2].sum()))
    compared = compare(case, found, *near)
    is_split = split(compared, case)
    lag = time[lagged[1]] - time[lagged[0]]
    moved = case.rng(641).uniform(0.0, settings.split_s, len(lag)) - lag
    by_chance = split(compare(case, found, *lagged, moved), case)
    n = len(events)
    hits = np.asarray(np.bincount(near[1], is_split * weight, minlength=n), np.float64)
    null = np.asarray(np.bincount(lagged[1], by_chance * null_weight, minlength=n), np.float64)
    over = excess(hits, null, settings.split_s / (SPLIT_LAGS_S[1] - SPLIT_LAGS_S[0]), blocks(events["time"], case),
                  case.rng(642), case.settings.resamples)
    one = round(hits.sum()) == 1
    rows.add("split_events", over.value, excess_verdict(over, settings.duplicate_good, settings.duplicate_bad),
             f"{number_of(hits.sum(), 'pair')} of {n:,} events {'looks' if one else 'look'} like one earthquake: less "
             f"than {settings.split_s:g} s apart, at most {settings.split_shared:.0%} of the smaller one's onsets in "
             f"both, at least {settings.split_fit:.0%} of them within {settings.onset_fit_s:g} s of the larger one's "
             f"origin; {over.expected * n:.1f} are expected of unrelated events.",
             low=over.low, high=over.high, expected=over.expected, n=n)
    return _table(case, compared[is_split].reset_index(drop=True), "fit")


def _drawn_pairs(case: Case, time: Array, x: Array, y: Array, low_s: float, high_s: float,
                 total: int) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], float]:
    """Return pairs of a class of lags, and how many pairs each stands for."""
    one, two = pairs(time, x, y, 0.0, case.settings.seismicity.split_km, low_s, high_s, _MOST, total)
    if total <= _COMPARED:
        return (one, two), 1.0
    drawn = np.sort(case.rng(643).choice(total, _COMPARED, replace=False))
    return (one[drawn], two[drawn]), total / _COMPARED


def _merged(rows: Rows, case: Case, found: Onsets) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge the origin times of single stations: events with two groups of them, and pairs that disagree."""
    settings, events = case.settings.seismicity, case.facts.catalogue
    table = single_station(case, found)
    table["disagrees"] = np.abs(table["apart_s"]) > settings.origin_apart_s
    if len(table) < _FEW_PAIRS:
        because = (f"{len(table)} P-S pairs of events have residuals or known stations; origin times of single "
                   f"stations need at least {_FEW_PAIRS}")
        rows.cannot_tell("merged_events", because, n=len(table))
        rows.cannot_tell("disagreeing_pairs", because, n=len(table))
        return pd.DataFrame(), pd.DataFrame()
    _disagreeing(rows, case, table)
    event, apart = table["event"].to_numpy(), table["apart_s"].to_numpy()
    size = np.bincount(event, minlength=len(events))
    asked = np.flatnonzero(size >= 4)
    if len(asked) < _FEW_EVENTS:
        rows.cannot_tell("merged_events", f"{len(asked)} events have P and S at four stations or more; at least "
                         f"{_FEW_EVENTS} are needed", n=len(asked))
        return pd.DataFrame(), table
    groups = two_groups(event, apart, settings.origin_apart_s)
    mixed = independent(event, apart, settings.origin_apart_s, case.rng(651))
    chance = two_groups(event, mixed, settings.origin_apart_s)
    flagged, null = (np.isin(asked, one).astype(float) for one in (groups, chance))
    block = blocks(events["time"].iloc[asked], case)
    over = excess(flagged, null, 1.0, block, case.rng(652), case.settings.resamples)
    rows.add("merged_events", over.value, excess_verdict(over, settings.merged_good, settings.merged_bad),
             f"{len(groups):,} of {len(asked):,} events with P and S at four stations or more have two groups of "
             f"origin times more than {settings.origin_apart_s:g} s apart, at least two stations in each; "
             f"{len(chance):,} would if pairs disagreed one by one as often as they do in the others.",
             low=over.low, high=min(over.high, 1.0), expected=over.expected, n=len(asked))
    spread = table.groupby("event")["apart_s"].agg(["size", "min", "max"]).loc[groups].reset_index()
    listed = pd.DataFrame({
        "event_id": events["event_id"].to_numpy()[groups], "time": events["time"].iloc[groups].to_numpy(),
        "stations": spread["size"], "spread_s": spread["max"] - spread["min"],
        "rms_s": events["rms_s"].to_numpy()[groups], "gap_deg": events["gap_deg"].to_numpy()[groups]})
    return listed.sort_values(["stations", "event_id"], ascending=[False, True], kind="stable").head(_LISTED), table


def _disagreeing(rows: Rows, case: Case, table: pd.DataFrame) -> None:
    settings, events = case.settings.seismicity, case.facts.catalogue
    far = table["disagrees"].to_numpy()
    n, scale = len(far), mad_scale(table["apart_s"])
    low, high = share_interval(far, events["time"].iloc[table["event"].to_numpy()], case, 653)
    expected = float(2.0 * norm.sf(settings.origin_apart_s / scale)) if scale > 0 else 0.0
    rows.add("disagreeing_pairs", float(far.mean()),
             judge(low, high, settings.disagreeing_good, settings.disagreeing_bad),
             f"{far.sum():,} of {n:,} P-S pairs of events give an origin time more than {settings.origin_apart_s:g} s "
             f"from the median of the event; their scatter ({scale:.2f} s) alone would bring {expected * n:.0f}.",
             low=low, high=high, expected=expected, n=n)


def _table(case: Case, compared: pd.DataFrame, rank: str) -> pd.DataFrame:
    """Return compared pairs with the events' names, the highest of a column first."""
    events = case.facts.catalogue
    large, small = compared["large"].to_numpy(), compared["small"].to_numpy()
    time = seconds(events["time"])
    x, y = places(events)
    table = pd.DataFrame({
        "event_id": events["event_id"].to_numpy()[large], "other_id": events["event_id"].to_numpy()[small],
        "time": events["time"].iloc[large].to_numpy(), "apart_s": np.abs(time[large] - time[small]),
        "apart_km": np.hypot(x[large] - x[small], y[large] - y[small]),
        **{name: compared[name].to_numpy()
           for name in ("n_large", "n_small", "stations", "shared_stations", "same_onsets", "fit")}})
    order = np.argsort(-table[rank].fillna(0.0).to_numpy(), kind="stable")
    return table.iloc[order[:_LISTED]].reset_index(drop=True)


DUPLICATES = Check(
    name="duplicate-events",
    section="catalogue",
    question="Is every earthquake one event, and every event one earthquake?",
    method="Counted are events equal to another, events that share a pick, pairs less than 2 s and 10 km apart, pairs "
           "with few onsets in common where the smaller one's fit the larger one's origin (one earthquake split), and "
           "events whose single-station origin times, from P and S, fall into two groups of two stations or more (two "
           "merged). Close pairs have as null the pairs 4 to 120 s apart, which aftershocks fill too; split events the "
           "pairs 30 to 150 s apart, moved together; merged events pairs that disagree by themselves as often as "
           "in events with one such pair. "
           "Intervals are the wider of a Poisson or Wilson interval and one from blocks of time drawn again.",
    references=(
        "Wadati, K. (1933): On the travel time of earthquake waves, part II. Geophysical Magazine 7, 101-111.",
        "Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference. Journal of the "
        "American Statistical Association 22, 209-212.",
        "Zou, G. Y. & A. Donner (2008): Construction of confidence limits about effect measures: a general approach. "
        "Statistics in Medicine 27, 1693-1702.",
    ),
    metrics=METRICS,
    run=run,
)
