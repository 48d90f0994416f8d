"""Travel times against distance: what lies off the curve, and what lies on the curve of the other phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom, norm

from quakescribe.audit.check import BAD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.intervals import share_interval
from quakescribe.audit.statistics import false_discovery, judge_surely, mad_scale, wilson
from quakescribe.audit.wadati import phase_pairs
from quakescribe.earth.geodesy import distance_azimuth

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

_NEAREST_KM = 1.0  # hypocentral distances are at least this: slowness is travel time over distance
_LEAST = 30  # travel times that a curve needs
_PER_CLASS, _CLASSES = 60, 60  # travel times in one class of the curve, and the most classes
_PER_STATION = 10  # arrivals of a station before its share is judged
_RATE = 0.01  # of false discoveries among the stations
_APART_S = 1.5  # the two curves must be further apart than this to tell the phases
_DRAWN = 20_000  # arrivals kept for the figure

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A catalogue's own curve of travel time: median slowness (s/km) at distances (km), constant beyond its ends."""

    distance_km: Array
    slowness: Array

    @classmethod
    def of(cls, distance_km: Array, travel_s: Array) -> Curve | None:
        """Return the running median in up to 60 classes of equal size; none with fewer than 30 travel times."""
        order = np.argsort(distance_km, kind="stable")
        if len(order) < _LEAST:
            return None
        pieces = np.array_split(order, int(np.clip(len(order) // _PER_CLASS, 1, _CLASSES)))
        slowness = travel_s / distance_km
        return cls(np.array([np.median(distance_km[piece]) for piece in pieces]),
                   np.array([np.median(slowness[piece]) for piece in pieces]))

    def at(self, distance_km: Array) -> Array:
        """Return travel times (s) at hypocentral distances (km)."""
        return np.asarray(np.interp(distance_km, self.distance_km, self.slowness) * distance_km)


def with_distance(arrivals: pd.DataFrame, catalogue: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
    """Return the arrivals with a travel time and a place, with hypocentral distance r_km (at least 1 km).

    Parameters
    ----------
    arrivals, catalogue, stations
        Of :class:`quakescribe.tables.facts.Facts`. Where arrivals carry no distance, it is that of event and station.
    """
    arrivals = arrivals.assign(distance_km=_distances(arrivals, catalogue, stations))
    depth = arrivals["event_id"].map(catalogue.set_index("event_id")["depth_km"]).fillna(0.0).to_numpy(dtype=np.float64)
    r = np.maximum(np.hypot(arrivals["distance_km"].to_numpy(dtype=np.float64), depth), _NEAREST_KM)
    out = arrivals[["event_id", "station_id", "phase", "travel_s"]].assign(
        r_km=r, time=arrivals["origin_time"].to_numpy())
    keep = np.isfinite(r) & np.isfinite(out["travel_s"].to_numpy(dtype=np.float64)) & arrivals["origin_time"].notna()
    return out[keep].reset_index(drop=True)


def _distances(arrivals: pd.DataFrame, catalogue: pd.DataFrame, stations: pd.DataFrame) -> Array:
    """Return epicentral distances (km): as given, else computed."""
    out = arrivals["distance_km"].to_numpy(dtype=np.float64, copy=True)
    lacks = ~np.isfinite(out)
    if lacks.any() and len(catalogue) and len(stations):
        event = pd.Index(catalogue["event_id"]).get_indexer(arrivals["event_id"][lacks])
        station = pd.Index(stations["station_id"]).get_indexer(arrivals["station_id"][lacks])
        known = (event >= 0) & (station >= 0)
        a = catalogue[["latitude", "longitude"]].to_numpy(dtype=np.float64)[event[known]]
        b = stations[["latitude", "longitude"]].to_numpy(dtype=np.float64)[station[known]]
        out[np.flatnonzero(lacks)[known]] = distance_azimuth(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[0]
    return out


def sorted_out(known: pd.DataFrame, off_s: float, off_fraction: float) -> pd.DataFrame | None:
    """Return the arrivals with what each is: off its curve, on the other phase's, on the mirror of that.

    Parameters
    ----------
    known
        From :func:`with_distance`.
    off_s, off_fraction
        An arrival is off the curve T beyond ± (off_s + off_fraction T).

    Returns
    -------
    DataFrame or None
        With curve_s, other_s (travel times of both curves), and bools ``off``, ``swapped``, ``mirrored``; none without
        a curve of each phase, each later than P's.

    Notes
    -----
    ``swapped``: closer to the other phase's curve than a quarter of the distance between the two, which are further
    apart than 1.5 s. ``mirrored``: the same about the curve mirrored at the own one, where no phase is: what swapped
    arrivals chance alone would give.
    """
    curves = {phase: Curve.of(*(known.loc[known["phase"] == phase, name].to_numpy(dtype=np.float64)
                                for name in ("r_km", "travel_s"))) for phase in ("P", "S")}
    p_curve, s_curve = curves["P"], curves["S"]
    if p_curve is None or s_curve is None:
        return None
    r, is_s = known["r_km"].to_numpy(dtype=np.float64), (known["phase"] == "S").to_numpy()
    p, s = p_curve.at(r), s_curve.at(r)
    mine, other = np.where(is_s, s, p), np.where(is_s, p, s)
    late = known["travel_s"].to_numpy(dtype=np.float64) - mine
    between = other - mine
    told = s - p > _APART_S
    return known.assign(
        curve_s=mine, other_s=other, off=np.abs(late) > off_s + off_fraction * mine,
        swapped=told & (np.abs(late - between) < 0.25 * np.abs(between)),
        mirrored=told & (np.abs(late + between) < 0.25 * np.abs(between)))


def _network(rows: Rows, sorted_: pd.DataFrame, case: Case) -> None:
    """Add the shares of each phase off its curve and on the other's."""
    rules = case.settings.locations
    for place, phase in enumerate(("P", "S")):
        part = sorted_[sorted_["phase"] == phase]
        spread = mad_scale(part["travel_s"] - part["curve_s"])
        tolerance = rules.curve_s + rules.curve_fraction * part["curve_s"]
        chance = float(np.mean(2 * norm.sf(tolerance / max(spread, 1e-6))))
        low, high = share_interval(part["off"], part["time"], case, 80 + place)
        rows.add("off_curve", float(part["off"].mean()),
                 judge_surely(max(low - chance, 0.0), max(high - chance, 0.0), rules.curve_good, rules.curve_bad),
                 f"{part['off'].mean():.1%} of {len(part):,} {phase} travel times lie more than {rules.curve_s:g} s + "
                 f"{rules.curve_fraction:.0%} off the catalogue's own curve; normal scatter of {spread:.2f} s would "
                 f"give {chance:.1%}.", key=phase, low=low, high=high, expected=chance, n=len(part))
        low, high = share_interval(part["swapped"], part["time"], case, 82 + place)
        chance = float(part["mirrored"].mean())
        rows.add("mislabelled", float(part["swapped"].mean()),
                 judge_surely(low - chance, high - chance, rules.mislabelled_good, rules.mislabelled_bad),
                 f"{part['swapped'].mean():.2%} of {len(part):,} {phase} lie on the curve of "
                 f"{'P' if phase == 'S' else 'S'}; as far on the other side, where no phase is, lie {chance:.2%}.",
                 key=phase, low=low, high=high, expected=chance, n=len(part))


def _stations(rows: Rows, sorted_: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Add the stations whose phases are swapped beyond chance; return the counts of all."""
    rules = case.settings.locations
    group = sorted_.groupby("station_id")
    out = group[["swapped", "off", "mirrored"]].sum().astype("int64").assign(n=group.size()).reset_index()
    chance = max(float(out["mirrored"].sum() / max(out["n"].sum(), 1)),
                 float((out["swapped"] / out["n"]).median()), 1e-3)
    p = binom.sf(out["swapped"] - 1, out["n"], min(chance, 1.0))
    out["flagged"] = false_discovery(p, _RATE) & (out["n"] >= _PER_STATION) & (out["swapped"] >= 0.05 * out["n"])
    for row in out[out["flagged"]].to_dict("records"):
        low, high = wilson(row["swapped"], row["n"])
        rows.add("mislabelled", row["swapped"] / row["n"], BAD if low > rules.mislabelled_station else WATCH,
                 f"{row['swapped']:,} of {row['n']:,} arrivals lie on the curve of the other phase, where {chance:.1%} "
                 "are expected.", scope="station", key=row["station_id"], low=low, high=high, expected=chance,
                 n=row["n"])
    return out


def _order(rows: Rows, case: Case) -> None:
    """Add the share of S that are not later than P at the same station and event."""
    rules = case.settings.locations
    catalogue = case.facts.catalogue[["event_id", "time"]]
    pairs = phase_pairs(case.facts.arrivals).merge(catalogue, on="event_id", how="inner")
    if len(pairs) < rules.least_events:
        rows.cannot_tell("s_before_p", f"{len(pairs)} pairs of P and S; {rules.least_events} are needed.", n=len(pairs))
        return
    wrong = pairs["s_s"] <= pairs["p_s"]
    low, high = share_interval(wrong, pairs["time"], case, 86)
    verdict = judge_surely(low, high, rules.s_before_p_good, rules.s_before_p_bad)
    rows.add("s_before_p", float(wrong.mean()), verdict,
             f"S is not later than P at {int(wrong.sum()):,} of {len(pairs):,} stations of an event.",
             low=low, high=high, expected=0.0, n=len(pairs))
    for station, part in pairs[wrong].groupby("station_id"):
        n = int((pairs["station_id"] == station).sum())
        low, high = wilson(len(part), n)
        if low > rules.s_before_p_bad and n >= _PER_STATION:
            rows.add("s_before_p", len(part) / n, BAD, f"S is not later than P in {len(part):,} of {n:,} events.",
                     scope="station", key=str(station), low=low, high=high, expected=0.0, n=n)


def _run(case: Case) -> Outcome:
    rows = Rows(TRAVEL_TIMES.metrics)
    known = with_distance(case.facts.arrivals, case.facts.catalogue, case.facts.stations)
    rules = case.settings.locations
    sorted_ = sorted_out(known, rules.curve_s, rules.curve_fraction) if len(known) else None
    if sorted_ is None:
        for metric in ("off_curve", "mislabelled"):
            rows.cannot_tell(metric, f"{len(known)} arrivals have a travel time and a distance; {_LEAST} of each phase "
                             "are needed.", n=len(known))
        _order(rows, case)
        return Outcome(rows.rows)
    _network(rows, sorted_, case)
    stations = _stations(rows, sorted_, case)
    _order(rows, case)
    odd = (sorted_["swapped"] | sorted_["off"]).to_numpy()
    rest = np.flatnonzero(~odd)
    shown = np.sort(np.concatenate([np.flatnonzero(odd)[:_DRAWN],
                                    rest[np.linspace(0, len(rest) - 1, min(len(rest), _DRAWN)).astype(np.int64)]]))
    columns = ["event_id", "station_id", "phase", "r_km", "travel_s", "curve_s", "off", "swapped"]
    return Outcome(rows.rows, {"arrivals": sorted_.loc[shown, columns].reset_index(drop=True), "stations": stations})


TRAVEL_TIMES = Check(
    "travel-times", "locate", "Do travel times lie on one curve each for P and S, or is a second branch mislabelled?",
    "The curve is the catalogue's own: the running median of slowness against hypocentral distance for each phase, "
    "which up to half of wrong arrivals do not move. Counted are travel times more than 1 s + 5% off it, compared with "
    "what normal scatter (MAD) gives, and arrivals on the curve of the other phase (within a quarter of the distance "
    "between the curves), compared with as far a curve on the other side, where no phase is. Stations whose labels are "
    "swapped are found by a binomial test with 1% false discoveries over the stations. S not later than P at a station "
    "of an event is counted apart.",
    ("Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300.",
     "Diehl, T., Kissling, E., Husen, S. & Aldersons, F. (2009). Consistent phase picking for regional tomography "
     "models. Geophys. J. Int. 176, 542-554."),
    (Metric("off_curve", "Share of travel times off the curve of their phase", "-",
            "Look at these arrivals: they are chance picks, or the events are mislocated."),
     Metric("mislabelled", "Share of arrivals on the other phase's curve", "-",
            "Swap or remove these picks and locate again; where one station stands out, check the labels and the "
            "components of its records."),
     Metric("s_before_p", "Share of S not later than their P", "-",
            "Remove both picks of these stations and events; check the association.")),
    _run)
