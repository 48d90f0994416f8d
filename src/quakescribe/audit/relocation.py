"""What relocation loses, why, and how far it moves the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from quakescribe.audit.check import CANNOT_TELL, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.audit.outliers import local_km
from quakescribe.audit.well_located import keeps_rules

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

MOST_NEIGHBOURS = 30  # nearest events looked at for links: bounds the cost; hypoDD takes 10
_BATCH = 100_000  # pairs of events compared at once
_TAIL = 3.0  # the 90% quantile of the shift may be this many times the median's limit
REASONS = ("too few arrivals", "no near neighbour", "too few shared arrivals", "not well located", "lost though linked")

Array = NDArray[np.float64]


def shared_arrivals(places: Array, of: NDArray[np.int64], seen: csr_matrix, within_km: float
                    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for some events how many neighbours they have and the most arrivals shared with one.

    Parameters
    ----------
    places
        Shape (n, 3), km.
    of
        Rows of the events asked for.
    seen
        Shape (n, station-phases): 1 where the event has an arrival.
    within_km
        Neighbours are at most this far; of more than 30 the nearest.

    Returns
    -------
    tuple
        Neighbours (at most 30) and most shared arrivals, shape (len(of),).
    """
    k = min(MOST_NEIGHBOURS + 1, len(places))
    distance, near = (np.asarray(one).reshape(len(of), k) for one in
                      cKDTree(places).query(places[of], k=k, distance_upper_bound=within_km))
    valid = np.isfinite(distance) & (near != of[:, None])
    i, column = np.nonzero(valid)
    j = near[i, column]
    shared = np.zeros(len(i), dtype=np.int64)
    for start in range(0, len(i), _BATCH):
        part = slice(start, start + _BATCH)
        shared[part] = np.asarray(seen[of[i[part]]].multiply(seen[j[part]]).sum(axis=1)).ravel()
    most = np.zeros(len(of), dtype=np.int64)
    np.maximum.at(most, i, shared)
    return valid.sum(axis=1), most


def _seen(arrivals: pd.DataFrame, ids: NDArray[np.int64]) -> csr_matrix:
    """Return shape (events, station-phases): 1 where the event has an arrival."""
    row = pd.Index(ids).get_indexer(pd.Index(arrivals["event_id"]))
    code, names = pd.factorize(arrivals["station_id"].astype("str") + " " + arrivals["phase"].astype("str"))
    keep = row >= 0
    cells = np.unique(np.column_stack([row[keep], code[keep]]), axis=0)
    return csr_matrix((np.ones(len(cells), np.int32), (cells[:, 0], cells[:, 1])), shape=(len(ids), max(len(names), 1)))


def reasons(located: pd.DataFrame, lost: NDArray[np.bool_], case: Case) -> pd.DataFrame:
    """Return one row per lost event: event_id, arrivals, neighbours, shared arrivals and the first reason that holds.

    Parameters
    ----------
    located
        ``Facts.located``, n rows.
    lost
        Shape (n,): not in the relocated catalogue.
    case
        Its arrivals and limits.

    Notes
    -----
    Reasons in this order: fewer arrivals than a link needs; no event within ``neighbour_km``; no neighbour with
    ``least_links`` arrivals at the same station and of the same phase; not well located (rule 'strict'); none of these.
    """
    rules = case.settings.locations
    rows = np.flatnonzero(lost)
    seen = _seen(case.facts.arrivals, located["event_id"].to_numpy())
    neighbours, shared = shared_arrivals(local_km(located), rows, seen, rules.neighbour_km)
    arrivals = np.asarray(seen.sum(axis=1)).ravel()[rows]
    strict = keeps_rules(located, rules)["strict"]
    poor = ~strict[rows] if strict is not None else np.zeros(len(rows), dtype=bool)
    why = np.select([arrivals < rules.least_links, neighbours == 0, shared < rules.least_links, poor], REASONS[:4],
                    REASONS[4])
    return pd.DataFrame({"event_id": located["event_id"].to_numpy()[rows], "time": located["time"].to_numpy()[rows],
                         "arrivals": arrivals, "neighbours": neighbours, "shared": shared, "reason": why})


def _loss(rows: Rows, located: pd.DataFrame, lost: NDArray[np.bool_], case: Case) -> pd.DataFrame:
    """Add the share lost, and the share lost though linked; return the reasons."""
    rules = case.settings.locations
    enough = len(located) >= rules.least_events
    low, high = share_interval(lost, located["time"], case, 90)
    verdict = judge(low, high, rules.lost_good, rules.lost_bad) if enough else CANNOT_TELL
    why = (f"{int(lost.sum()):,} of {len(located):,} located events ({lost.mean():.0%}) are not in the relocated "
           "catalogue")
    found = pd.DataFrame(columns=["event_id", "time", "arrivals", "neighbours", "shared", "reason"])
    if case.facts.arrivals.empty:
        rows.cannot_tell("lost_though_linked", "Without arrivals nobody knows which events are linked.", n=len(located))
    else:
        found = reasons(located, lost, case)
        counts = found["reason"].value_counts().reindex(REASONS, fill_value=0)
        why += ": " + ", ".join(f"{name} {n:,}" for name, n in counts.items() if n) if len(found) else ""
        linked = located["event_id"].isin(found.loc[found["reason"] == REASONS[4], "event_id"]).to_numpy()
        a, b = share_interval(linked, located["time"], case, 91)
        rows.add("lost_though_linked", float(linked.mean()),
                 judge(a, b, rules.lost_linked_good, rules.lost_linked_bad) if enough else CANNOT_TELL,
                 f"{int(linked.sum()):,} of {len(located):,} events ({linked.mean():.0%}) are lost though well located "
                 f"and linked to a neighbour within {rules.neighbour_km:g} km by {rules.least_links} arrivals or more.",
                 low=a, high=b, expected=0.0, n=len(located))
    rows.add("relocation_lost", float(lost.mean()), verdict, why + ".", low=low, high=high, n=len(located))
    return found


def _shift(rows: Rows, located: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Add how far relocation moves the events kept."""
    rules = case.settings.locations
    both = located[["event_id", "time", "latitude", "longitude", "depth_km"]].merge(
        case.relocated[["event_id", "latitude", "longitude", "depth_km"]].drop_duplicates("event_id"), on="event_id",
        suffixes=("", "_new"))
    n = len(both)
    if n < rules.least_events:
        for key in ("median", "90%"):
            rows.cannot_tell("relocation_shift", f"{n} events are in both catalogues; {rules.least_events} are needed.",
                             key=key, n=n)
        return pd.DataFrame()
    where = ["latitude", "longitude", "depth_km"]
    moved = both[[f"{name}_new" for name in where]].set_axis(where, axis=1)
    places = local_km(pd.concat([both[where], moved], ignore_index=True))
    shift = np.linalg.norm(places[n:] - places[:n], axis=1)
    stated = np.hypot(located["erh_km"].median(), located["erz_km"].median())
    for place, (key, q, factor) in enumerate((("median", 0.5, 1.0), ("90%", 0.9, _TAIL))):
        value, low, high = quantile_interval(shift, q, both["time"], case, 92 + place)
        rows.add("relocation_shift", value, judge(low, high, rules.shift_good_km * factor, rules.shift_bad_km * factor),
                 f"Relocation moves the {'median event' if q == 0.5 else 'farthest tenth of events'} by {value:.2f} km"
                 + (" or more" if q > 0.5 else "") + (f"; the stated errors are {stated:.2f} km" if np.isfinite(stated)
                                                      else "") + ".",
                 key=key, low=low, high=high, expected=float(stated) if q == 0.5 else float("nan"), n=n)
    return pd.DataFrame({"event_id": both["event_id"], "shift_km": shift})


def _run(case: Case) -> Outcome:
    rows = Rows(RELOCATION.metrics)
    located = case.facts.located.reset_index(drop=True)
    if case.relocated.empty or located.empty:
        for metric in RELOCATION.metrics:
            rows.cannot_tell(metric.name, "There is no relocated catalogue." if len(located) else
                             "No event was located.", n=0)
        return Outcome(rows.rows)
    lost = ~located["event_id"].isin(case.relocated["event_id"]).to_numpy(dtype=bool)
    if lost.all():
        for metric in RELOCATION.metrics:
            rows.cannot_tell(metric.name, "The relocated catalogue shares no event number with this one.",
                             n=len(located))
        return Outcome(rows.rows)
    found = _loss(rows, located, lost, case)
    return Outcome(rows.rows, {"lost": found, "shifts": _shift(rows, located, case)})


RELOCATION = Check(
    "relocation", "locate", "Which events does relocation lose, and how far does it move the others?",
    "Events are matched by their number. For every lost one the first reason that holds is named: fewer than 8 "
    "arrivals, no event within 5 km, no neighbour (of the 30 nearest) that shares 8 arrivals of the same station and "
    "phase, not well located; what remains was lost though linked, as outlier, 'airquake' or by weights. Losses up to "
    "a fifth are usual. The shift of those kept is compared with their stated errors; intervals are the hull of "
    "Wilson's or order statistics and resampled blocks of time.",
    ("Waldhauser, F. & Ellsworth, W. L. (2000). A double-difference earthquake location algorithm. Bull. Seismol. Soc. "
     "Am. 90, 1353-1368.",
     "Waldhauser, F. (2001). hypoDD: a program to compute double-difference hypocenter locations. USGS Open-File "
     "Report 01-113.",
     "Trugman, D. T. & Shearer, P. M. (2017). GrowClust. Seismol. Res. Lett. 88, 379-391."),
    (Metric("relocation_lost", "Lost in relocation", "-", "Keep lost events in the catalogue with their first "
            "location; where most lack links, widen the distance of neighbours or lower the number of links."),
     Metric("lost_though_linked", "Lost though linked", "-", "Look at the outliers and depths of the relocation: "
            "damping, cut-offs of residuals, events above the surface."),
     Metric("relocation_shift", "Shift by relocation", "km", "Compare with the stated errors; larger shifts mean that "
            "the first locations' errors are understated, or that the velocity models differ.")),
    _run)
