"""Events that lie apart from all others, and whether they fit worse than these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from quakescribe.audit.case import blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.intervals import share_interval
from quakescribe.audit.neighbours import places as epicentres
from quakescribe.audit.statistics import judge_surely, resampled_share, wilson

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

FLOOR_KM = 0.1  # nearer than this nobody can tell
_LEAST_SCATTER = 0.1  # dex, of the distances
_CORE_Z = 2.0  # smoothed resamples are drawn from events below this, so that outliers do not explain themselves
_COPIES = 5  # smoothed resamples
_STANDS_OUT = 0.5  # magnitudes by which the largest event must exceed all others to divide the catalogue

Array = NDArray[np.float64]


def local_km(events: pd.DataFrame) -> Array:
    """Return shape (n, 3): east, north and down (km) in a plane around the events; down is 0 where no depth is known.

    Parameters
    ----------
    events
        latitude, longitude, depth_km.
    """
    x, y = epicentres(events)
    depth = events["depth_km"].to_numpy(dtype=np.float64)
    return np.column_stack([x, y, depth if np.isfinite(depth).all() else np.zeros(len(x))])


def apart(places: Array, neighbours: int) -> Array:
    """Return log10 of the distance (km, at least 0.1) to the k-th nearest other event; shape (n,).

    Parameters
    ----------
    places
        Shape (n, 3), km.
    neighbours
        k; of fewer other events the farthest.

    Notes
    -----
    A k-d tree: O(n log n).
    """
    distance, _ = cKDTree(places).query(places, k=min(neighbours, len(places) - 1) + 1)
    return np.asarray(np.log10(np.maximum(distance[:, -1], FLOOR_KM)))


def upward_z(values: Array) -> Array:
    """Return how many robust standard deviations each value lies above the median; the scatter is that below it.

    Parameters
    ----------
    values
        Shape (n,), finite.

    Notes
    -----
    Scale: 1.4826 times the median distance below the median, at least 0.1. Outliers lie above only, so that they do not
    widen the scale they are measured by (a one-sided MAD; Rousseeuw & Croux 1993 for asymmetric values).
    """
    middle = float(np.median(values))
    below = middle - values[values <= middle]
    return np.asarray((values - middle) / max(1.4826 * float(np.median(below)), _LEAST_SCATTER))


def expected_share(places: Array, distance_log: Array, core: NDArray[np.bool_], neighbours: int, limit: float,
                   rng: np.random.Generator) -> float:
    """Return the share of outliers that a smooth catalogue of the same shape would have.

    Parameters
    ----------
    places, distance_log, core
        Shape (n, 3) km, (n,) log10 km, (n,): the events, from :func:`apart`, and which are surely no outliers.
    neighbours, limit
        As for the catalogue itself.
    rng
        Random numbers.

    Notes
    -----
    n events are drawn with replacement from the core, and moved by normal steps with a standard
    deviation of half of each one's own distance (Silverman 1986, section 5.3: adaptive kernels); the share is the mean
    over five such catalogues.
    """
    kept = np.flatnonzero(core)
    flat = bool(np.ptp(places[:, 2]) == 0)
    found = []
    for _ in range(_COPIES):
        drawn = rng.choice(kept, len(places))
        steps = rng.standard_normal((len(places), 3)) * 0.5 * 10.0 ** distance_log[drawn][:, None]
        if flat:
            steps[:, 2] = 0.0
        found.append(float((upward_z(apart(places[drawn] + steps, neighbours)) > limit).mean()))
    return float(np.mean(found))


def worse(values: Array, outlier: NDArray[np.bool_]) -> Array:
    """Return for each outlier the share of other events with a smaller value, ties half: Mann & Whitney's U over n."""
    others, mine = np.sort(values[~outlier]), values[outlier]
    return np.asarray((np.searchsorted(others, mine) + np.searchsorted(others, mine, side="right"))
                      / (2.0 * max(len(others), 1)))


def _fit(events: pd.DataFrame, outlier: NDArray[np.bool_], case: Case, purpose: int
         ) -> tuple[float, float, float, int]:
    """Return the chance that an outlier's RMS is larger than another event's, its interval, and how many there are."""
    rms = events["rms_s"].to_numpy(dtype=np.float64)
    known = np.isfinite(rms)
    part = outlier & known
    if part.sum() < 5 or (known & ~outlier).sum() < 5:
        return float("nan"), float("nan"), float("nan"), int(part.sum())
    ranks = worse(rms[known], outlier[known])
    half = 1.96 * float(np.sqrt((ranks.var() + 1.0 / 12.0 / len(ranks)) / len(ranks)))
    low, high = resampled_share(ranks, blocks(events["time"][part], case), case.rng(purpose), case.settings.resamples)
    value = float(ranks.mean())
    return value, float(np.fmin(max(value - half, 0.0), low)), float(np.fmax(min(value + half, 1.0), high)), len(ranks)


def periods(located: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return by name which events belong to a period: '' all; 'before' and 'after' the largest where it stands out."""
    out = {"": np.ones(len(located), dtype=bool)}
    sizes = located["magnitude"].to_numpy(dtype=np.float64)
    ordered = np.sort(sizes[np.isfinite(sizes)])
    if len(ordered) > 1 and ordered[-1] - ordered[-2] >= _STANDS_OUT:
        time = located["time"]
        largest = time.iloc[int(np.nanargmax(sizes))]
        out |= {"before": (time < largest).to_numpy(), "after": (time > largest).to_numpy()}
    return out


def _share(rows: Rows, events: pd.DataFrame, key: str, case: Case, purpose: int) -> pd.DataFrame:
    """Add the share of outliers of a period and their fit; return its events with distance, z and verdict."""
    rules = case.settings.locations
    places = local_km(events)
    distance = apart(places, rules.neighbours)
    if np.median(distance) == distance.min():
        return _in_heaps(rows, events, distance, key)
    z = upward_z(distance)
    outlier = z > rules.outlier_z
    expected = expected_share(places, distance, z < _CORE_Z, rules.neighbours, rules.outlier_z, case.rng(purpose))
    low, high = share_interval(outlier, events["time"], case, purpose + 1)
    verdict = judge_surely(low - expected, high - expected, rules.outliers_good, rules.outliers_bad)
    broken = events["rms_s"].to_numpy(dtype=np.float64) > rules.strict_rms_s
    above = f"an RMS above {rules.strict_rms_s:g} s"
    known = events["rms_s"].notna().to_numpy()
    ending = f" Of them {int(broken[outlier].sum()):,} have {above}." if (outlier & known).any() else ""
    far = distance >= np.quantile(distance, 0.9)
    if verdict == BAD and (not _mostly(broken[outlier]) or _mostly(broken[~outlier])):
        verdict = WATCH
    elif verdict != BAD and _mostly(broken[far]):
        verdict = WATCH
        ending += f" Most of the tenth farthest apart have {above}: wrong events may hide each other."
    if outlier.any() or verdict != CANNOT_TELL:
        rows.add("outliers", float(outlier.mean()), verdict,
                 f"{int(outlier.sum()):,} of {len(events):,} events ({outlier.mean():.1%}) lie apart, where a smooth "
                 f"catalogue of this shape has {expected:.1%}.{ending}",
                 key=key, low=low, high=high, expected=expected, n=len(events))
    else:
        rows.cannot_tell("outliers", f"None of only {len(events)} events lies apart.", key=key, n=len(events))
    _misfit(rows, events, outlier, key, verdict, case, purpose + 2)
    return _shown(events, distance, z, outlier)


def _in_heaps(rows: Rows, events: pd.DataFrame, distance: Array, key: str) -> pd.DataFrame:
    """Say that events share their places, as on a lattice, so that every other one would seem to lie apart."""
    share = float((distance == distance.min()).mean())
    for metric in ("outliers", "outlier_misfit"):
        rows.cannot_tell(metric, f"{share:.0%} of the events share their place with others, as on a lattice: how far "
                         "apart the rest lies cannot be judged.", key=key, n=len(events))
    return _shown(events, distance, np.full(len(events), np.nan), np.zeros(len(events), dtype=bool))


def _shown(events: pd.DataFrame, distance: Array, z: Array, outlier: NDArray[np.bool_]) -> pd.DataFrame:
    shown = events[["event_id", "time", "latitude", "longitude", "depth_km", "rms_s"]]
    return shown.assign(distance_km=10.0**distance, z=z, outlier=outlier)


def _mostly(part: NDArray[np.bool_]) -> bool:
    """Return whether surely more than half are true."""
    return bool(wilson(float(part.sum()), len(part))[0] > 0.5)


def _misfit(rows: Rows, events: pd.DataFrame, outlier: NDArray[np.bool_], key: str, verdict: str, case: Case,
            purpose: int) -> None:
    """Add whether outliers fit worse than others; bad only where their share is."""
    rules = case.settings.locations
    fit, low, high, n = _fit(events, outlier, case, purpose)
    if np.isnan(fit):
        rows.cannot_tell("outlier_misfit", f"{n} outliers have an RMS; five are needed, and five other events.",
                         key=key, n=n)
        return
    told = judge_surely(low, high, rules.misfit_good, rules.misfit_bad)
    told = WATCH if told == BAD and verdict != BAD else told
    rows.add("outlier_misfit", fit, told, f"The RMS residual of an outlier is larger than that of another event in "
             f"{fit:.0%} of cases (95% interval {low:.0%} to {high:.0%}; 50% if lying apart and fitting badly have "
             f"nothing to do with each other), from {n} outliers.",
             key=key, low=low, high=high, expected=0.5, n=n)


def _run(case: Case) -> Outcome:
    rows = Rows(OUTLIERS.metrics)
    located = case.facts.located
    tables: dict[str, pd.DataFrame] = {}
    for place, (key, part) in enumerate(periods(located).items()):
        events = located[part].reset_index(drop=True)
        if len(events) < max(case.settings.locations.least_events, 2 * case.settings.locations.neighbours):
            for metric in OUTLIERS.metrics:
                rows.cannot_tell(metric.name, f"{len(events)} located events; "
                                 f"{case.settings.locations.least_events} are needed.", key=key, n=len(events))
            continue
        found = _share(rows, events, key, case, 40 + 10 * place)
        if key == "":
            tables["outliers"] = found[found["outlier"]].drop(columns="outlier").reset_index(drop=True)
            tables["distances"] = _histogram(found)
    return Outcome(rows.rows, tables)


def _histogram(found: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of the distances in 60 classes of their logarithm."""
    logs = np.log10(found["distance_km"].to_numpy())
    counts, edges = np.histogram(logs, bins=60)
    return pd.DataFrame({"log10_km": (edges[1:] + edges[:-1]) / 2, "events": counts,
                         "median_km": 10 ** np.median(logs)})


OUTLIERS = Check(
    "outliers", "locate", "Do events lie apart from all others, and do these fit worse?",
    "How far an event lies apart is log10 of the distance to its fifth nearest event (in space where depths are "
    "known); an outlier lies more than 3.5 robust standard deviations above the median (from the scatter below it, "
    "which outliers do not widen). Such distances are not normal, so the null is not 0.02%: it is the share that the "
    "same computation gives for smoothed resamples of the core of the events. Background seismicity around a dense "
    "sequence lies apart as well; the share is therefore bad only where most outliers also break the RMS limit of the "
    "rule 'strict' and most others keep it. Where most events share their places, as on a lattice, nothing is said. "
    "How often an outlier's RMS exceeds another event's (Mann & Whitney) says whether lying apart and fitting badly go "
    "together. All is repeated before and after the largest event where that stands out "
    "by half a magnitude.",
    ("Mann, H. B. & Whitney, D. R. (1947). On a test of whether one of two random variables is stochastically larger. "
     "Ann. Math. Statist. 18, 50-60.",
     "Silverman, B. W. (1986). Density estimation for statistics and data analysis. Chapman & Hall.",
     "Zaliapin, I. & Ben-Zion, Y. (2013). Earthquake clusters in southern California I. J. Geophys. Res. 118, "
     "2847-2864."),
    (Metric("outliers", "Share of events apart from all others", "-",
            "Look at the waveforms of the events in the table; what cannot be seen on its stations is a chance "
            "association and should be removed."),
     Metric("outlier_misfit", "RMS of events apart from the rest: how often larger than another's", "-",
            "Ask for more arrivals or smaller residuals of events far from all others.")),
    _run)
