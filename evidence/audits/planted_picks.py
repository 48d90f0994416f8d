"""Faults of picks and of what is made of them; the catalogue is made again as a run makes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from audits.bases import Base, chain
from quakescribe.earth.velocity import VelocityModel
from quakescribe.tables import PICKS, pick_ids


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
