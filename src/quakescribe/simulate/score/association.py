"""Events found, missed, invented, split and merged; arrivals in the right event, a wrong one, or by chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.simulate.score.case import APART, Case
from quakescribe.simulate.score.figures import Figures, by_magnitude
from quakescribe.simulate.score.match import Matches, near_onset


def judge_association(case: Case, catalogue: pd.DataFrame, matches: Matches) -> Figures:
    """Return the figures of events, then those of arrivals where an arrivals table is given."""
    figures = Figures("association")
    _events(figures, case, catalogue, matches)
    if case.arrivals is not None:
        _merges(figures, case, matches, len(catalogue))
        _arrivals(figures, case, matches)
        if case.picks is not None:
            _rates(figures, case.picks, case.arrivals)
            _own(figures, case, matches)
    return figures


def _events(figures: Figures, case: Case, catalogue: pd.DataFrame, matches: Matches) -> None:
    truth, n_found = case.truth, len(catalogue)
    found = np.zeros(len(truth.events), dtype=bool)
    found[matches.rows()[0]] = True
    n = int((found & truth.local).sum())
    figures.add("catalogue events", n_found, n_found)
    for scope, members in _kinds(case):
        detectable = members & truth.detectable
        figures.add("true events", members.sum(), members.sum(), scope=scope)
        figures.add("detectable events", detectable.sum(), members.sum(), scope=scope)
        figures.add("events found", (members & found).sum(), n_found, scope=scope)
        figures.add("detectable events found", (detectable & found).sum(), detectable.sum(), scope=scope)
    figures.add("events missed", truth.local.sum() - n, truth.local.sum())
    figures.add("false events", (matches.true < 0).sum(), n_found)
    figures.share("precision of events", matches.counted)
    for scope, members in by_magnitude(case.found_size(catalogue)):
        figures.share("precision of events", matches.counted[members], scope)
    times = np.bincount(matches.true[matches.true >= 0], minlength=len(found))
    figures.add("splits (true events found more than once)", (times > 1).sum(), found.sum())
    figures.add("surplus events of splits", (matches.true >= 0).sum() - matches.counted.sum(), n_found)
    magnitudes = np.where(truth.local, truth.events["magnitude"].to_numpy(), np.nan)
    for scope, members in [*_kinds(case), *by_magnitude(magnitudes)]:
        figures.share("recall of detectable events", found[members & truth.detectable], scope)
        figures.share("recall of all events", found[members], scope)


def _kinds(case: Case) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield all local events, then the kinds that have lines of their own."""
    yield "all", case.truth.local
    for kind in APART:
        members = (case.truth.events["kind"] == kind).to_numpy()
        if members.any():
            yield kind, members


def _merges(figures: Figures, case: Case, matches: Matches, n_found: int) -> None:
    holds = matches.held.groupby("found")["true"].nunique()
    merged = holds.index[holds > 1]
    lost = set(matches.held.loc[matches.held["found"].isin(merged), "true"]) - set(matches.true[matches.counted])
    figures.add("merges (events that hold several true ones)", len(merged), n_found)
    figures.add("true events lost in merges", len(lost), case.truth.local.sum())


def _arrivals(figures: Figures, case: Case, matches: Matches) -> None:
    """Add where the arrivals of found events lie: on their own true event, another one, the other phase, nothing."""
    assert case.arrivals is not None
    own, lies_on = matches.true[case.found_row], case.lies_on
    right = (lies_on >= 0) & (lies_on == own)
    another = (lies_on >= 0) & ~right
    other_phase = near_onset(case.truth.arrivals, case.arrivals, case.tolerances.pick_s, True) & (lies_on < 0)
    figures.add("arrivals", len(own), len(own))
    figures.share("arrivals of the event's own true event", right)
    for name, members in (("mis-associated arrivals (of another true event)", another),
                          ("wrong-phase arrivals (on an onset of the other phase)", other_phase),
                          ("chance arrivals (on no true onset)", (lies_on < 0) & ~other_phase)):
        figures.share(name, members)


def _own(figures: Figures, case: Case, matches: Matches) -> None:
    """Add the share of the picks on onsets of found events that are in an event which is that true one."""
    assert case.picks is not None and case.arrivals is not None
    true = np.append(case.truth.event_of, -1)[case.onset]
    wanted = (true >= 0) & np.isin(true, matches.true[matches.counted])
    good = case.arrivals["pick_id"][(case.lies_on >= 0) & (case.lies_on == matches.true[case.found_row])]
    figures.share("picks of found events that are in them", case.picks["pick_id"].isin(good).to_numpy()[wanted])


def _rates(figures: Figures, picks: pd.DataFrame, arrivals: pd.DataFrame) -> None:
    """Add associated picks / picks and pairs whose P and S are in one event / pairs."""
    event = picks["pick_id"].map(arrivals.drop_duplicates("pick_id").set_index("pick_id")["event_id"])
    figures.share("association rate of picks", event.notna().to_numpy())
    paired = picks["pair_id"] > 0
    pairs = event[paired].groupby(picks["pair_id"][paired]).agg(["count", "min", "max"])
    figures.share("association rate of pairs", ((pairs["count"] == 2) & (pairs["min"] == pairs["max"])).to_numpy())
