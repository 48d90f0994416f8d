"""Faults planted into sound catalogues, each at several strengths: what an audit should find.

Two kinds of base: *runs* on simulated recordings, whose picks are spoilt and then associated, located and measured
again as a run does it; and *months* made table by table (tests/reference/made_catalogue.py), for what needs many days.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from records import ROOT

from quakescribe.associate import associate
from quakescribe.audit import Audit, audit, make_case
from quakescribe.earth.geodesy import LocalFrame, destination
from quakescribe.earth.velocity import VelocityModel
from quakescribe.locate import locate
from quakescribe.measure import measure
from quakescribe.run.chance import nulls
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.measure import MeasureSettings
from quakescribe.tables import ORIGINS, PICKS, event_ids, pick_ids

sys.path.insert(0, str(ROOT / "tests" / "reference"))
import made_catalogue

Tables = dict[str, pd.DataFrame]
LIMITS = AuditSettings(resamples=200)


@dataclass(frozen=True)
class Base:
    """A sound catalogue and what is needed to spoil it and to make it again."""

    tables: Tables
    model: VelocityModel
    reference: pd.DataFrame = field(default_factory=PICKS.empty)
    associate: AssociateSettings = field(default_factory=AssociateSettings)
    chained: bool = True
    relocated: pd.DataFrame = field(default_factory=ORIGINS.empty)

    @property
    def picks(self) -> pd.DataFrame:
        """All picks."""
        return self.tables["picks"]

    @property
    def days(self) -> float:
        """The length in days."""
        time = self.picks["time"]
        return (time.max() - time.min()).total_seconds() / 86_400


def chain(base: Base, picks: pd.DataFrame | None = None, arrivals: pd.DataFrame | None = None,
          events: pd.DataFrame | None = None) -> Base:
    """Associate (unless arrivals are given), locate and measure again."""
    picks = base.picks if picks is None else picks
    stations = base.tables["stations"]
    if arrivals is None or events is None:
        events, arrivals, _ = associate(picks, stations, base.model, base.associate)
    origins, arrivals, _ = locate(events, arrivals, stations, base.model, LocateSettings())
    magnitudes, _ = measure(origins, arrivals, stations, MeasureSettings(kinds=("M_PAL",)))
    return replace(base, tables={"stations": stations, "picks": picks, "events": events, "arrivals": arrivals,
                                 "origins": origins, "magnitudes": magnitudes})


def judged(base: Base, **more: Any) -> Audit:
    """Audit a catalogue; what associates by chance is counted where its picks were associated here."""
    picks, stations = base.picks, base.tables["stations"]
    if base.chained:
        span = picks["time"].min(), picks["time"].max()
        more["null"] = nulls(picks, stations, base.model, base.associate, *span, 2, 0, LIMITS.picks.null_most_picks)
    return audit(make_case(base.tables, LIMITS, base.model, reference=base.reference, relocated=base.relocated, **more))


def month(seed: int, n_events: int = 1500, days: float = 30.0) -> Base:
    """Return a month of a sound catalogue, made table by table, with station magnitudes."""
    tables = made_catalogue.catalogue(n_events, days, seed=seed, false_per_day=20.0)
    rng = np.random.default_rng([seed, 7])
    seen = tables["arrivals"].drop_duplicates(["event_id", "station_id"])[["event_id", "station_id"]]
    network = tables["magnitudes"].set_index("event_id")["value"]
    single = seen.assign(kind="ML", value=seen["event_id"].map(network) + rng.normal(0, 0.2, len(seen)), n_stations=1,
                         used=True)
    tables["magnitudes"] = made_catalogue.MAGNITUDES.order(made_catalogue.MAGNITUDES.conform(
        pd.concat([tables["magnitudes"], single], ignore_index=True)))
    return Base(tables, made_catalogue.MODEL, made_catalogue.reference_picks(tables, seed + 1), chained=False)


# --- faults of picks -------------------------------------------------------------------------------------------------


def busiest_but(base: Base) -> str:
    """Return the station with the median number of arrivals."""
    counts = base.tables["arrivals"]["station_id"].value_counts().sort_values(kind="stable")
    return str(counts.index[len(counts) // 2])


def renumbered(picks: pd.DataFrame) -> pd.DataFrame:
    """Return picks with the ids that their times ask for; pairs stay pairs."""
    new = pick_ids(picks["station_id"], picks["phase"], picks["time"])
    old = picks["pick_id"].to_numpy()
    known = pd.Series(new, index=old)
    pair = known[~known.index.duplicated()].reindex(picks["pair_id"].to_numpy(), fill_value=0).to_numpy()
    out = picks.assign(pick_id=new, pair_id=pair).drop_duplicates("pick_id")
    return PICKS.order(PICKS.conform(out))


def faulty_station(base: Base, times: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A station picks `times` as many false pairs as it has unassociated ones; the rule-based picker does not."""
    name = busiest_but(base)
    mine = base.picks[base.picks["station_id"] == name]
    alone = int((~mine["pick_id"].isin(base.tables["arrivals"]["pick_id"])).sum() / 2)
    n = round(times * alone)
    start, end = base.picks["time"].min(), base.picks["time"].max()
    p = start + pd.to_timedelta(rng.uniform(0, (end - start).total_seconds(), n), unit="s")
    s = p + pd.to_timedelta(rng.uniform(0.8, 3.0, n), unit="s")
    rows = pd.concat([pd.DataFrame({"station_id": name, "phase": phase, "time": pd.Series(time).dt.as_unit("ns"),
                                    "pair_id": np.arange(n) + 1, "pick_id": np.arange(n) + 1 + (phase == "S") * 10**9,
                                    "picker": "pal", "snr": 5.0})
                      for phase, time in (("P", p), ("S", s))], ignore_index=True)
    rows["pick_id"] = pick_ids(rows["station_id"], rows["phase"], rows["time"])
    rows["pair_id"] = np.tile(rows["pick_id"].to_numpy()[:n], 2)
    picks = PICKS.order(PICKS.conform(pd.concat([base.picks, rows], ignore_index=True).drop_duplicates("pick_id")))
    return chain(base, picks), name


def clock_error(base: Base, seconds: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The clock of a station is late by `seconds` in the middle third of the time."""
    name = busiest_but(base)
    start, end = base.picks["time"].min(), base.picks["time"].max()
    third = (end - start) / 3
    hit = (base.picks["station_id"] == name) & base.picks["time"].between(start + third, end - third)
    late = base.picks["time"] + pd.to_timedelta(np.where(hit, seconds, 0.0), unit="s")
    return chain(base, renumbered(base.picks.assign(time=late.dt.as_unit("ns")))), name


def swapped_phases(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of all pairs, in events or not, has P and S exchanged after association; the events are located anew."""
    pairs = base.picks.loc[base.picks["pair_id"] > 0, "pair_id"].unique()
    return _swapped(base, pairs[rng.random(len(pairs)) < share]), None


def mislabelled_station(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The same for a share of the pairs of one station."""
    name = busiest_but(base)
    mine = base.picks[(base.picks["station_id"] == name) & (base.picks["pair_id"] > 0)]
    pairs = mine["pair_id"].unique()
    return _swapped(base, pairs[rng.random(len(pairs)) < share]), name


def _swapped(base: Base, pairs: np.ndarray) -> Base:
    """Exchange the phases of pairs in picks and arrivals, number both anew, and locate."""
    other, arrivals = {"P": "S", "S": "P"}, base.tables["arrivals"]
    hit = base.picks["pair_id"].isin(pairs)
    picks = base.picks.assign(phase=base.picks["phase"].where(~hit, base.picks["phase"].map(other)))
    wrong = arrivals["pick_id"].isin(base.picks.loc[hit, "pick_id"])
    turned = arrivals.assign(phase=arrivals["phase"].where(~wrong, arrivals["phase"].map(other)))
    turned["pick_id"] = pick_ids(turned["station_id"], turned["phase"], turned["time"])
    later = picks[hit].sort_values("time").groupby("pair_id")["pick_id"].last()  # of a swapped pair this is the P
    of_pair = picks["pair_id"].to_numpy()
    picks["pair_id"] = np.where(hit, later.reindex(of_pair, fill_value=0).to_numpy(), of_pair)
    return chain(base, renumbered(picks), turned, base.tables["events"])


def wrong_pairs(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """In a share of the events the pair of one station is another one, 1.5 to 6 s away."""
    arrivals, picks = base.tables["arrivals"].copy(), base.picks.copy()
    ids = base.tables["events"]["event_id"].to_numpy()
    chosen = ids[rng.random(len(ids)) < share]
    one = arrivals[arrivals["event_id"].isin(chosen)].sample(frac=1.0, random_state=int(rng.integers(2**31)))
    one = one.drop_duplicates("event_id")[["event_id", "station_id"]].assign(
        by=rng.uniform(1.5, 6.0, one["event_id"].nunique()) * rng.choice([-1, 1], one["event_id"].nunique()))
    by = arrivals.merge(one, on=["event_id", "station_id"], how="left")["by"].fillna(0.0).to_numpy()
    late = arrivals["time"] + pd.to_timedelta(by, unit="s").as_unit("ns")
    new = pick_ids(arrivals["station_id"], arrivals["phase"], late)
    moved = pd.DataFrame({"pick_id": arrivals["pick_id"], "new": new, "time": late})[by != 0].set_index("pick_id")
    hit = picks["pick_id"].isin(moved.index)
    picks["time"] = picks["time"].where(~hit, picks["pick_id"].map(moved["time"]))
    arrivals = arrivals.assign(time=late, pick_id=new)
    return chain(base, renumbered(picks), arrivals, base.tables["events"]), None


def loose_associator(base: Base, factor: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The associator takes three stations, two pairs, and residuals `factor` times as large."""
    rules = base.associate
    loose = rules.model_copy(update={
        "min_stations": 3, "min_pairs": 2, "origin_time_deviation_s": rules.origin_time_deviation_s * factor,
        "max_residual_s": rules.max_residual_s * factor, "max_mean_residual_s": rules.max_mean_residual_s * factor,
        "max_added_residual_s": rules.max_added_residual_s * factor})
    return chain(replace(base, associate=loose)), None


def wrong_velocities(base: Base, factor: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """All velocities are `factor` times the true ones."""
    model = base.model
    return chain(replace(base, model=VelocityModel("wrong", model.top_km, model.vp * factor, model.vs * factor))), None


def wrong_vp_vs(base: Base, ratio: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """S velocities follow from P velocities by another ratio."""
    model = base.model
    return chain(replace(base, model=VelocityModel("wrong", model.top_km, model.vp, model.vp / ratio))), None


# --- faults of catalogues --------------------------------------------------------------------------------------------


def with_events(base: Base, origins: pd.DataFrame, arrivals: pd.DataFrame, magnitudes: pd.DataFrame) -> Base:
    """Return the base with more events, arrivals and magnitudes."""
    old = base.tables
    tables = dict(old)
    tables["origins"] = pd.concat([old["origins"], origins], ignore_index=True)
    tables["arrivals"] = pd.concat([old["arrivals"], arrivals], ignore_index=True)
    tables["magnitudes"] = pd.concat([old["magnitudes"], magnitudes], ignore_index=True)
    rows = origins.rename(columns={"n_phases": "n_picks"}).assign(associator="pal")
    tables["events"] = pd.concat([old["events"], rows[[one for one in old["events"] if one in rows]]],
                                 ignore_index=True)
    new = arrivals[~arrivals["pick_id"].isin(old["picks"]["pick_id"])]
    tables["picks"] = PICKS.order(PICKS.conform(pd.concat([old["picks"], new.assign(picker="made", pair_id=0)[
        ["pick_id", "station_id", "phase", "time", "pair_id", "picker"]]], ignore_index=True)))
    return replace(base, tables=tables, chained=False)


def copies(base: Base, ids: np.ndarray, time: pd.Series, latitude: np.ndarray, longitude: np.ndarray,
           same_picks: bool) -> Base:
    """Return the base with copies of events at other times and places; their arrivals move along unless the same."""
    old = base.tables
    origins = old["origins"].set_index("event_id").loc[ids].reset_index()
    shift = (time.reset_index(drop=True) - origins["time"]).to_numpy()
    taken = set(old["origins"]["event_id"])
    new = event_ids(time)
    while any(int(one) in taken for one in new):
        new = np.where(np.isin(new, list(taken)), new + 1, new)
    numbers = pd.DataFrame({"event_id": ids, "new": new, "shift": shift})
    origins = origins.assign(event_id=new, time=time.reset_index(drop=True).array, latitude=latitude,
                             longitude=longitude)
    arrivals = numbers.merge(old["arrivals"], on="event_id")
    if not same_picks:
        arrivals["time"] = (arrivals["time"] + arrivals["shift"]).dt.as_unit("ns")
        arrivals["pick_id"] = pick_ids(arrivals["station_id"], arrivals["phase"], arrivals["time"])
    magnitudes = numbers.merge(old["magnitudes"], on="event_id")
    return with_events(base, origins, arrivals.assign(event_id=arrivals["new"])[list(old["arrivals"])],
                       magnitudes.assign(event_id=magnitudes["new"])[list(old["magnitudes"])])


def blasts(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of events more are blasts of one quarry, Monday to Friday from 9 to 17 h local time."""
    origins = base.tables["origins"]
    n = round(share * len(origins))
    ids = rng.choice(origins["event_id"].to_numpy(), n, replace=False)
    frame = LocalFrame.around(origins["latitude"], origins["longitude"])
    x, y = rng.normal(0, 0.7, (2, n)) + np.array([[12.0], [-9.0]])
    latitude, longitude = frame.to_geographic(x, y)
    start = origins["time"].min().floor("D")
    days = [day for day in range(int(base.days)) if (start + pd.Timedelta(day, "D")).weekday() < 5]
    zone = float(origins["longitude"].median()) / 15.0
    hour = rng.choice(days, n) * 24.0 + rng.uniform(9.0, 17.0, n) - zone
    time = pd.Series(start + pd.to_timedelta((hour * 3.6e12).round().astype(np.int64), unit="ns"))
    return copies(base, ids, time, latitude, longitude, same_picks=False), None


def doubled_events(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events stands twice in the catalogue, the second half a second and two km off."""
    return _doubled(base, share, rng, True)


def doubled_with_other_picks(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The same, the second made of other picks, as of another picker."""
    return _doubled(base, share, rng, False)


def _doubled(base: Base, share: float, rng: np.random.Generator, same_picks: bool) -> tuple[Base, Any]:
    origins = base.tables["origins"]
    ids = origins["event_id"].to_numpy()[rng.random(len(origins)) < share]
    mine = origins.set_index("event_id").loc[ids]
    time = mine["time"] + pd.to_timedelta(rng.normal(0, 0.5, len(ids)), unit="s").round("us").as_unit("ns")
    latitude, longitude = destination(mine["latitude"], mine["longitude"], rng.uniform(0, 360, len(ids)),
                                      np.abs(rng.normal(0, 2.0, len(ids))))
    return copies(base, ids, time.dt.as_unit("ns").reset_index(drop=True), latitude, longitude, same_picks), None


def distant_coincidences(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events has a false second one 40 to 80 km away within 5 s."""
    origins = base.tables["origins"]
    ids = origins["event_id"].to_numpy()[rng.random(len(origins)) < share]
    mine = origins.set_index("event_id").loc[ids]
    time = mine["time"] + pd.to_timedelta(rng.uniform(-5, 5, len(ids)), unit="s").round("us").as_unit("ns")
    latitude, longitude = destination(mine["latitude"], mine["longitude"], rng.uniform(0, 360, len(ids)),
                                      rng.uniform(40, 80, len(ids)))
    return copies(base, ids, time.dt.as_unit("ns").reset_index(drop=True), latitude, longitude, False), None


def wrong_gain(base: Base, factor: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The gain of one station is wrong: its magnitudes are larger by log10(factor)."""
    name = busiest_but(base)
    magnitudes = base.tables["magnitudes"]
    by = np.where(magnitudes["station_id"] == name, np.log10(factor), 0.0)
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"] + by)), name


def changed_scale(base: Base, by: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """All magnitudes of the second half are larger by `by`."""
    magnitudes, origins = base.tables["magnitudes"], base.tables["origins"]
    half = origins["time"].min() + (origins["time"].max() - origins["time"].min()) / 2
    late = magnitudes["event_id"].isin(origins.loc[origins["time"] > half, "event_id"])
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"] + np.where(late, by, 0.0))), None


def one_size(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the events has magnitude 1.3, whatever it was."""
    magnitudes = base.tables["magnitudes"]
    ids = base.tables["origins"]["event_id"].to_numpy()
    hit = magnitudes["event_id"].isin(ids[rng.random(len(ids)) < share])
    return _with_magnitudes(base, magnitudes.assign(value=magnitudes["value"].where(~hit, 1.3))), None


def _with_magnitudes(base: Base, magnitudes: pd.DataFrame) -> Base:
    return replace(base, tables={**base.tables, "magnitudes": magnitudes}, chained=False)


def fixed_depths(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the depths is 5 km, as of a locator that did not resolve them."""
    origins = base.tables["origins"]
    depth = origins["depth_km"].where(rng.random(len(origins)) > share, 5.0)
    return replace(base, tables={**base.tables, "origins": origins.assign(depth_km=depth)}, chained=False), None


def on_a_grid(base: Base, step_deg: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """Epicentres lie on the nodes of a grid."""
    origins = base.tables["origins"]
    moved = {name: (origins[name] / step_deg).round() * step_deg for name in ("latitude", "longitude")}
    return replace(base, tables={**base.tables, "origins": origins.assign(**moved)}, chained=False), None


def outage(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """A share of the stations is silent in the second half; events of fewer than four stations are lost."""
    old, time = base.tables, base.picks["time"]
    half = time.min() + (time.max() - time.min()) / 2
    names = old["stations"]["station_id"].to_numpy()
    gone = set(rng.choice(names, round(share * len(names)), replace=False))
    picks = base.picks[~(base.picks["station_id"].isin(gone) & (time > half))]
    arrivals = old["arrivals"][old["arrivals"]["pick_id"].isin(picks["pick_id"])]
    n = arrivals.groupby("event_id")["station_id"].nunique()
    ids = set(n.index[n >= 4])
    tables = {name: frame[frame["event_id"].isin(ids)].reset_index(drop=True) if "event_id" in frame else frame
              for name, frame in {**old, "arrivals": arrivals}.items()}
    return replace(base, tables={**tables, "picks": picks.reset_index(drop=True)}, chained=False), None


def lost_in_relocation(base: Base, share: float, rng: np.random.Generator) -> tuple[Base, Any]:
    """The relocated catalogue lacks a share of the events, whatever their arrivals; the others move by 0.3 km."""
    origins = base.tables["origins"]
    kept = origins[rng.random(len(origins)) > share]
    return replace(base, relocated=_moved(kept, rng)), None


def _moved(origins: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    latitude, longitude = destination(origins["latitude"], origins["longitude"], rng.uniform(0, 360, len(origins)),
                                      np.abs(rng.normal(0, 0.3, len(origins))))
    return origins.assign(latitude=latitude, longitude=longitude).reset_index(drop=True)


Plant = Callable[[Base, float, np.random.Generator], tuple[Base, Any]]


@dataclass(frozen=True)
class Fault:
    """A fault: how it is planted, into which kind of base, at which strengths of what; metrics that should see it."""

    plant: Plant
    kind: str
    strengths: tuple[float, ...]
    unit: str
    meant: tuple[str, ...]


_LABELS = ("mislabelled", "s_before_p", "off_curve", "vp_vs_outside", "residual_tail", "disagreeing_pairs")
_TWICE = ("close_pairs", "shared_pick_events", "equal_events", "split_events")
_MODEL = ("residual_median", "origin_time_offset", "location_rms", "residual_spread", "well_located", "outliers")
FAULTS: dict[str, Fault] = {
    "faulty station": Fault(faulty_station, "run", (1.0, 3.0, 10.0, 30.0), "times its false pairs", (
        "pick_anomaly", "unassociated_picks", "association_lift", "chance_arrivals", "expected_contamination",
        "association_rate")),
    "clock error": Fault(clock_error, "run", (0.1, 0.2, 0.5, 1.0, 3.0), "s, a third of the time", (
        "clock_change", "station_p_median", "station_s_median", "association_lift", "association_rate")),
    "swapped P and S, all stations": Fault(swapped_phases, "run", (0.01, 0.03, 0.1, 0.3), "of the pairs", _LABELS),
    "swapped P and S, one station": Fault(mislabelled_station, "run", (0.1, 0.3, 1.0), "of its pairs", _LABELS),
    "mis-associated pairs": Fault(wrong_pairs, "run", (0.03, 0.1, 0.3, 1.0), "of the events", (
        "residual_tail", "off_curve", "disagreeing_pairs", "merged_events", "vp_vs_outside", "outliers")),
    "loose associator": Fault(loose_associator, "run", (1.0, 2.0, 4.0), "times the residuals, 3 stations", (
        "chance_share", "association_rate_corrected", "well_located", "location_rms", "location_erh", "residual_tail",
        "disagreeing_pairs", "merged_events", "outliers", "location_n_phases", "off_curve")),
    "velocities wrong": Fault(wrong_velocities, "run", (0.8, 0.9, 1.1, 1.2), "times the true ones", _MODEL),
    "vp/vs wrong": Fault(wrong_vp_vs, "run", (1.55, 1.65, 1.85, 2.0), "vp/vs", _MODEL),
    "doubled events": Fault(doubled_events, "run", (0.01, 0.03, 0.1), "of the events", _TWICE),
    "doubled events, other picks": Fault(doubled_with_other_picks, "month", (0.01, 0.03, 0.1), "of the events", _TWICE),
    "false distant events": Fault(distant_coincidences, "month", (0.01, 0.03, 0.1), "of the events", (
        "coincident_distant_events", "instant_distant_followers", "outliers")),
    "blasts": Fault(blasts, "month", (0.02, 0.05, 0.1, 0.2), "of the events", (
        "working_hours_share", "quarry_places", "quarry_ratio", "quarry_blasts", "modulation_day",
        "modulation_day_complete", "weekend_ratio", "night_ratio_large")),
    "wrong gain of a station": Fault(wrong_gain, "month", (2.0, 4.0, 10.0), "times", (
        "station_magnitude_bias", "stations_biased")),
    "changed magnitude scale": Fault(changed_scale, "month", (0.1, 0.2, 0.4, 0.7), "magnitude units", (
        "magnitude_step", "size_ratio_step")),
    "events of one size": Fault(one_size, "month", (0.02, 0.05, 0.1), "of the events", (
        "magnitude_excess", "exponential_law")),
    "depths fixed": Fault(fixed_depths, "run", (0.03, 0.1, 0.3), "of the events", ("repeated_depths", "at_limits")),
    "epicentres on a grid": Fault(on_a_grid, "run", (0.01, 0.02, 0.05), "deg", (
        "lattice", "repeated_epicentres", "coordinate_rounding")),
    "outage of stations": Fault(outage, "month", (0.25, 0.5, 0.75), "of the stations, half of the time", (
        "changes_with_step", "rate_step_at_change", "unexplained_step")),
    "lost in relocation": Fault(lost_in_relocation, "run", (0.1, 0.3, 0.6), "of the events", (
        "relocation_lost", "lost_though_linked")),
}
