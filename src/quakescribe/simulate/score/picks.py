"""Picks against the true onsets: found, invented, early or late; station by station."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.simulate.score.case import APART, Case
from quakescribe.simulate.score.figures import Figures, by_magnitude, classes
from quakescribe.simulate.score.match import match_onsets, near_onset, visible
from quakescribe.simulate.truth import TRANSIENTS
from quakescribe.tables.matching import Rows, codes, nanoseconds

Mask = NDArray[np.bool_]
SNR = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
DISTANCE_KM = (0.0, 10.0, 20.0, 30.0, 50.0, 80.0, 120.0)
LATE_S = 0.3
CHANCE_S = 10.0
CODA = 2.0  # a coda lasts to this many S-P times after S


def judge_picks(case: Case, picks: pd.DataFrame) -> Figures:
    """Return recall, precision, what the rest lie on, time errors, and the stations."""
    figures = Figures("picks")
    taken = np.zeros(len(case.truth.arrivals), dtype=bool)
    taken[case.onset[case.onset >= 0]] = True
    phase = picks["phase"].to_numpy()
    lies_on = _lies_on(case, picks)
    shifted = picks.assign(time=picks["time"] + pd.Timedelta(seconds=CHANCE_S))
    chance = match_onsets(case.truth.arrivals, shifted, case.tolerances.pick_s) >= 0
    for name in ("P", "S"):
        mine = phase == name
        figures.add(f"{name} picks", mine.sum(), mine.sum())
        _recall(figures, case, name, taken)
        figures.share(f"precision of {name}", lies_on[mine] == "")
        figures.share(f"precision of {name} by chance", chance[mine])
        for what in sorted(set(lies_on) - {""}, key=[*_WHAT, *TRANSIENTS].index):
            figures.share(f"{name} picks on {_WHAT.get(what, what)}", lies_on[mine] == what)
        _times(figures, case, picks, name)
    _stations(figures, case, picks, taken)
    return figures


_WHAT = {"again": "an onset picked already", "other": "the other phase", "converted": "a converted Sp",
         "direct": "the direct wave behind a head wave", "coda": "a coda", "nothing": "nothing"}


def _recall(figures: Figures, case: Case, phase: str, taken: Mask) -> None:
    """Add the shares of detectable onsets that were picked."""
    onsets = case.truth.arrivals
    kind = case.truth.events["kind"].to_numpy()[case.truth.event_of]
    local = case.truth.local[case.truth.event_of] & (onsets["phase"] == phase).to_numpy()
    detectable = onsets["detectable"].to_numpy(dtype=bool)
    name = f"recall of detectable {phase}"
    figures.share(name, taken[local & detectable])
    figures.share(f"recall of undetectable {phase}", taken[local & ~detectable & onsets["recorded"].to_numpy(bool)])
    size = np.where(local & detectable, case.truth.events["magnitude"].to_numpy()[case.truth.event_of], np.nan)
    for scope, members in (*_scopes(onsets, local & detectable), *by_magnitude(size)):
        figures.share(name, taken[members], scope)
    for scope in APART:
        members = detectable & (kind == scope) & (onsets["phase"] == phase).to_numpy()
        if members.any():
            figures.share(name, taken[members], scope)


def _scopes(onsets: pd.DataFrame, chosen: Mask) -> Iterator[tuple[str, Mask]]:
    """Yield the classes of the chosen onsets: SNR, distance, overlapped or free, head waves."""
    for column, edges, word, unit in (("snr", SNR, "SNR", ""), ("distance_km", DISTANCE_KM, "", "km")):
        values = np.where(chosen, onsets[column].to_numpy(), np.nan)
        yield from classes(values, edges, word, unit)
    overlapped = onsets["overlapped"].to_numpy(dtype=bool)
    for scope, members in (("overlapped", overlapped), ("free", ~overlapped),
                           ("head wave", onsets["head_wave"].to_numpy(dtype=bool)),
                           ("clipped", onsets["clipped"].to_numpy(dtype=bool))):
        if (members & chosen).any():
            yield scope, members & chosen


def _times(figures: Figures, case: Case, picks: pd.DataFrame, phase: str) -> None:
    """Add how early or late the picks of detectable local onsets are."""
    onsets, row = case.truth.arrivals, case.onset
    good = (onsets["detectable"].to_numpy(dtype=bool) & case.truth.local[case.truth.event_of])
    mine = np.flatnonzero((row >= 0) & (picks["phase"] == phase).to_numpy())
    mine = mine[good[row[mine]]]
    late = (nanoseconds(picks["time"])[mine] - nanoseconds(onsets["time"])[row[mine]]) * 1e-9
    scopes = [("all", np.ones(len(mine), dtype=bool)), *classes(onsets["snr"].to_numpy()[row[mine]], SNR, "SNR")]
    for scope, members in scopes:
        figures.spread(f"{phase} time error", late[members], "s", scope)
        figures.quantile(f"{phase} time error, 90%", np.abs(late[members]), 0.9, "s", scope)
        figures.share(f"{phase} time error beyond {LATE_S:g} s", np.abs(late[members]) > LATE_S, scope)
    if "uncertainty_s" in picks and picks["uncertainty_s"].notna().any():
        stated = picks["uncertainty_s"].to_numpy(dtype=np.float64)[mine]
        figures.share(f"{phase} time error within the stated uncertainty",
                      np.abs(late)[np.isfinite(stated)] <= stated[np.isfinite(stated)])


def _lies_on(case: Case, picks: pd.DataFrame) -> NDArray[np.str_]:
    """Return what each pick lies on: '' a true onset, else a word of _WHAT or the kind of a transient."""
    onsets, within = case.truth.arrivals, case.tolerances.pick_s
    seen = onsets[visible(onsets)]
    words = np.full(len(picks), "nothing", dtype="U12")
    found = [picks["station_id"], onsets["station_id"]]
    transients = case.truth.transients
    if transients is not None:
        found.append(transients["station_id"])
    here, there, *others = codes(*found)
    time, onset = nanoseconds(picks["time"]), nanoseconds(onsets["time"])
    words[_inside((here, time), *_codas(case, there, onset), within)] = "coda"
    if transients is not None:
        begin = nanoseconds(transients["time"])
        end = begin + (transients["duration_s"].to_numpy() * 1e9).astype(np.int64)
        for kind in reversed(TRANSIENTS):
            mine = (transients["kind"] == kind).to_numpy()
            words[_inside((here, time), others[0][mine], begin[mine], end[mine], within)] = kind
    for word, column, sign in (("direct", "direct_s", 1.0), ("converted", "precursor_s", -1.0)):
        marked = seen[seen[column].notna()]
        moved = marked.assign(time=marked["time"] + (sign * 1e9 * marked[column]).astype("timedelta64[ns]"))
        for other_phase in (True, False):
            words[near_onset(moved, picks, within, other_phase)] = word
    for word, other_phase in (("other", True), ("again", False)):
        words[near_onset(seen, picks, within, other_phase)] = word
    words[case.onset >= 0] = ""
    return words


def _codas(case: Case, station: Rows, onset: Rows) -> tuple[Rows, Rows, Rows]:
    """Return station, begin and end (ns) of the motion of every detectable arrival: from P to well behind S."""
    arrivals = case.truth.arrivals
    frame = pd.DataFrame({"event": case.truth.event_of, "station": station, "onset": onset})
    is_s = (arrivals["phase"] == "S").to_numpy()
    both = frame[~is_s & arrivals["detectable"].to_numpy(dtype=bool)].merge(frame[is_s], on=["event", "station"],
                                                                          suffixes=("", "_s"))
    begin, s = both["onset"].to_numpy(), both["onset_s"].to_numpy()
    return both["station"].to_numpy(), begin, s + (CODA * (s - begin)).astype(np.int64)


def _inside(picks: tuple[Rows, Rows], station: Rows, begin: Rows, end: Rows, before_s: float) -> Mask:
    """Return which picks (station, ns) lie in any stretch [begin - before_s, end] (ns) of their station."""
    inside = np.zeros(len(picks[0]), dtype=bool)
    if not len(begin) or not len(inside):
        return inside
    start = min(begin.min(), picks[1].min())
    before = int(before_s * 1e6)
    step = (max(end.max(), picks[1].max()) - start) // 1000 + 2 * before + 2
    key = picks[0] * step + (picks[1] - start) // 1000
    begins, ends = (station * step + (t - start) // 1000 for t in (begin, end))
    order = np.argsort(begins, kind="stable")
    last = np.maximum.accumulate(ends[order])
    row = np.searchsorted(begins[order], key + before, side="right") - 1
    some = row >= 0
    inside[some] = (last[row[some]] >= key[some]) & (last[row[some]] // step == picks[0][some])
    return inside


def _stations(figures: Figures, case: Case, picks: pd.DataFrame, taken: Mask) -> None:
    """Add what each station did; one that rings with picks of nothing stands out."""
    onsets = case.truth.arrivals
    wanted = onsets["detectable"].to_numpy(dtype=bool) & case.truth.local[case.truth.event_of]
    table = pd.DataFrame({"picks": picks.groupby("station_id").size()})
    table["right"] = pd.Series(case.onset >= 0).groupby(picks["station_id"].to_numpy()).sum()
    recall = pd.Series(taken[wanted]).groupby(onsets["station_id"].to_numpy()[wanted]).agg(["sum", "size"])
    table = table.join(recall, how="outer").fillna(0)
    names = sorted({*onsets["station_id"].unique(), *table.index})
    table = table.reindex(names, fill_value=0)
    if case.arrivals is not None:
        free = ~picks["pick_id"].isin(case.arrivals["pick_id"])
        table["unassociated"] = picks[free].groupby("station_id").size().reindex(names, fill_value=0)
    middle = float(table["unassociated"].median()) if "unassociated" in table else 0.0
    for station, row in zip(names, table.to_dict("records"), strict=True):
        n, right = row["picks"], row["right"]
        figures.add("picks", n, n, scope=station)
        figures.add("precision of picks", right / n if n else np.nan, n, scope=station)
        figures.add("recall of detectable onsets", row["sum"] / row["size"] if row["size"] else np.nan, row["size"],
                    scope=station)
        if "unassociated" in row:
            free_picks = row["unassociated"]
            figures.add("unassociated picks", free_picks, n, scope=station)
            figures.add("unassociated picks over the stations' median", free_picks / middle if middle else np.nan, n,
                        scope=station)
