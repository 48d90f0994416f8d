"""Association lift: onsets as the events predict them, the events located without the station."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.associate import associate
from quakescribe.audit import audit, make_case
from quakescribe.audit.clock_offset import met
from quakescribe.audit.lift import LIFT, by_chance
from quakescribe.audit.predictions import Lever, prepared, steps_without
from quakescribe.earth.velocity import VelocityModel, generic_crust
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_picks import AuditPicksSettings
from quakescribe.tables import PICKS, pick_ids

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, built, catalogue
from sound_picks import SEEDS, sound

SETTINGS = AuditSettings(resamples=60)


def result(tables, model=MODEL, settings=SETTINGS, **more):
    return audit(make_case(tables, settings, model, **more), (LIFT,))


def found(tables, model=MODEL, settings=SETTINGS, **more):
    return result(tables, model, settings, **more).findings.set_index(["metric", "scope", "key"])


def pairs(station, n, days, seed):
    """False pairs of a station, evenly at random."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0, days * 86_400, n)
    time = [pd.Series(START + pd.to_timedelta((at * 1e9).round(), unit="ns"))
            for at in (p, p + rng.uniform(0.5, 12.0, n))]
    frame = pd.DataFrame({"station_id": station, "phase": np.repeat(["P", "S"], n), "time": pd.concat(time).array})
    frame["pick_id"] = pick_ids(frame["station_id"], frame["phase"], frame["time"])
    return frame.assign(pair_id=np.tile(frame["pick_id"].to_numpy()[:n], 2), picker="made")


@cache
def busy():
    """A day and a half of many events, pairs named as the associator wants them."""
    tables = catalogue(450, 1.5, seed=5)
    picks = tables["picks"]
    p = picks[(picks["phase"] == "P") & (picks["pair_id"] > 0)].set_index("pair_id")["pick_id"]
    return {**tables, "picks": picks.assign(pair_id=p.reindex(picks["pair_id"], fill_value=0).to_numpy())}


def faulty(per_day, station="XX.S03."):
    """The same with a station that has false pairs only, associated anew."""
    tables = busy()
    picks = pd.concat([tables["picks"][tables["picks"]["station_id"] != station],
                       pairs(station, round(1.5 * per_day), 1.5, seed=per_day)], ignore_index=True)
    picks = PICKS.order(PICKS.conform(picks))
    events, arrivals, _ = associate(picks, tables["stations"], MODEL, AssociateSettings())
    return {"stations": tables["stations"], "picks": picks, "events": events, "arrivals": arrivals}


def late(tables, station, by_s, keep_arrivals):
    """The tables with the clock of a station wrong; its arrivals lost, or late as well."""
    out = dict(tables)
    for name in ("picks", "arrivals"):
        mine = tables[name]["station_id"] == station
        out[name] = tables[name].assign(
            time=tables[name]["time"] + pd.to_timedelta(np.where(mine, by_s, 0.0), unit="s"))
    if not keep_arrivals:
        out["arrivals"] = out["arrivals"][out["arrivals"]["station_id"] != station]
    return out


def test_hits_are_those_that_a_slow_search_finds():
    rng = np.random.default_rng(1)
    p, s = np.sort(rng.uniform(0, 1000, 200)), np.sort(rng.uniform(0, 1000, 200))
    at = rng.uniform(0, 1000, 100)
    predicted = np.stack([at, at + rng.uniform(0, 10, 100)])
    slow = sum(bool((np.abs(p - a) <= 1.0).any() and (np.abs(s - b) <= 1.5).any()) for a, b in predicted.T)
    assert slow > 5
    assert met((p, s), predicted, (1.0, 1.5)).sum() == slow


def test_chance_is_what_poisson_says_for_picks_that_mean_nothing():
    rng = np.random.default_rng(2)
    p, s = np.sort(rng.uniform(0, 1e5, 10_000)), np.sort(rng.uniform(0, 1e5, 10_000))
    at = rng.uniform(0, 1e5 - 20, 3000)
    null = by_chance((p, s), np.stack([at, at + 5]), (1.0, 1.5), (0.0, 1e5), np.random.default_rng(3)).sum(axis=1)
    assert len(null) == 40
    assert null.mean() == pytest.approx(3000 * (1 - np.exp(-0.2)) * (1 - np.exp(-0.3)), rel=0.03)


def test_shifts_round_the_span_lose_no_event():
    at = np.arange(0.0, 3600.0, 30.0)
    null = by_chance((at, at + 3), np.stack([at, at + 3]), (30.0, 30.0), (0.0, 3600.0), np.random.default_rng(1))
    assert (null.sum(axis=1) >= len(at) - 2).all()


def test_a_step_without_a_station_equals_a_fit_of_all_other_arrivals():
    case = make_case(busy(), SETTINGS, MODEL)
    geometry, seen, _ = prepared(case)
    lever = Lever.of(geometry, seen)
    rng = np.random.default_rng(4)
    damping = np.diag([1e-4, 0.002, 0.002, 0.002])
    residual = np.zeros(len(seen.event))
    events = np.unique(seen.event)[:40]
    for e in events:  # residuals of the least-squares fit to all arrivals
        rows = np.flatnonzero(seen.event == e)
        g, r = lever.rows[rows], rng.normal(0, 0.1, len(rows))
        residual[rows] = r - g @ np.linalg.lstsq(g, r, rcond=None)[0]
    lever = Lever(lever.rows, residual, lever.normal)
    which, steps = steps_without(lever, seen, np.flatnonzero((seen.station == 2) & np.isin(seen.event, events)))
    assert len(which) > 10
    for e, step in zip(which, steps, strict=True):
        rest = (seen.event == e) & (seen.station != 2)
        g = lever.rows[rest]
        slow = np.linalg.solve(g.T @ g + damping, g.T @ residual[rest])
        np.testing.assert_allclose(step, slow, atol=2e-3)


def test_derivatives_move_predictions_as_moving_the_event_does():
    geometry, seen, _ = prepared(make_case(busy(), SETTINGS, MODEL))
    lever = Lever.of(geometry, seen)
    n, step = np.arange(len(seen.event)), np.array([0.2, -0.15, 0.1])
    distance = np.hypot(geometry.x[seen.event] + step[0] - geometry.sx[seen.station],
                        geometry.y[seen.event] + step[1] - geometry.sy[seen.station])
    moved = geometry.travel(distance, geometry.depth[seen.event] + step[2], seen.station)[seen.phase, n]
    still = geometry.travel(geometry.distance(seen.event, seen.station), geometry.depth[seen.event],
                            seen.station)[seen.phase, n]
    assert np.quantile(np.abs(moved - still - lever.rows[:, 1:] @ step), 0.98) < 0.01


def test_a_station_that_records_nothing_but_false_pairs_has_lift_one_and_is_bad():
    rows = found(faulty(10_000))
    mine = rows.loc[("association_lift", "station", "XX.S03.")]
    assert mine["verdict"] == "bad"
    assert mine["low"] <= 1.7
    assert rows.loc[("chance_arrivals", "station", "XX.S03."), "verdict"] == "bad"
    assert rows.loc[("expected_contamination", "station", "XX.S03."), "value"] == pytest.approx(
        1 - np.exp(-10_000 / 86_400 * 3), rel=0.1)
    others = rows.xs("station", level="scope").loc["association_lift"].drop("XX.S03.")
    assert (others["verdict"] == "good").all()
    assert (others["value"] > 30).all()


def test_leaving_the_station_out_of_the_location_lowers_the_lift_of_false_picks(monkeypatch):
    tables = faulty(10_000)
    without = found(tables).loc[("association_lift", "station", "XX.S03."), "value"]
    monkeypatch.setattr("quakescribe.audit.predictions.steps_without",
                        lambda lever, seen, mine: (np.unique(seen.event[mine]), np.zeros((len(np.unique(
                            seen.event[mine])), 4))))
    assert found(tables).loc[("association_lift", "station", "XX.S03."), "value"] > 1.05 * without


@pytest.mark.parametrize("keep_arrivals", [True, False])
def test_a_clock_three_seconds_late_costs_the_lift(keep_arrivals):
    tables = catalogue(1500, 1.5, seed=9)
    rows = found(late(tables, "XX.S01.", 3.0, keep_arrivals))
    mine, sound_one = (rows.loc[("association_lift", "station", name)] for name in ("XX.S01.", "XX.S02."))
    assert sound_one["verdict"] == "good"
    assert mine["verdict"] == "bad"
    assert mine["high"] < 3


def test_an_approximate_model_does_not_matter():
    tables = catalogue(150, 3.0, seed=9, size_km=100.0, completeness=1.5)
    slow = VelocityModel("slow", MODEL.top_km, 0.9 * MODEL.vp, 0.88 * MODEL.vs)
    right, wrong, generic = (result(tables, model).outcomes["lift"].tables["stations"]["k"].sum()
                             for model in (MODEL, slow, generic_crust()))
    assert wrong > 0.9 * right
    assert generic > 0.9 * right


def test_a_station_of_few_true_picks_and_no_false_ones_is_good():
    tables = busy()
    mine = tables["picks"]["station_id"] == "XX.S04."
    rare = tables["picks"][~mine | (tables["picks"]["pick_id"].isin(tables["arrivals"]["pick_id"])
                                    & (tables["picks"]["time"] < START + pd.Timedelta(2, "h")))]
    rows = found({**tables, "picks": rare, "arrivals": tables["arrivals"][
        tables["arrivals"]["pick_id"].isin(rare["pick_id"])]})
    assert rows.loc[("association_lift", "station", "XX.S04."), "verdict"] == "good"


def test_a_station_with_no_hit_and_next_to_no_chance_cannot_be_told():
    tables = sound(4)[0]
    mine = tables["picks"]["station_id"] == "XX.S00."
    rows = found({**tables, "picks": pd.concat([tables["picks"][~mine], pairs("XX.S00.", 30, 5, 1)]),
                  "arrivals": tables["arrivals"][tables["arrivals"]["station_id"] != "XX.S00."]})
    assert rows.loc[("association_lift", "station", "XX.S00."), "verdict"] == "cannot tell"


def test_a_network_without_any_false_pick_is_good_although_nothing_comes_by_chance():
    tables = catalogue(30, 5.0, seed=1, false_per_day=0.0)
    rows = found(tables)
    assert result(tables).outcomes["lift"].tables["stations"]["k0"].sum() == 0
    assert rows.loc[("association_lift", "network", ""), "verdict"] == "good"


def test_a_station_without_s_cannot_be_told_and_the_reason_is_given():
    tables = sound(4)[0]
    lost = (tables["picks"]["station_id"] == "XX.S00.") & (tables["picks"]["phase"] == "S")
    row = found({**tables, "picks": tables["picks"][~lost]}).loc[("association_lift", "station", "XX.S00.")]
    assert row["verdict"] == "cannot tell"
    assert "components" in row["why"]


def test_sound_networks_are_never_called_bad():
    verdicts = []
    for seed in SEEDS:
        verdicts += found(sound(seed)[0])["verdict"].tolist()
    assert verdicts.count("bad") == 0
    assert verdicts.count("watch") <= 0.05 * len(verdicts)


def test_stations_of_an_intense_sequence_are_good_although_its_events_follow_one_another():
    rng = np.random.default_rng(8)
    n = 700
    true = pd.DataFrame({"seconds": np.sort(86_400 * rng.uniform(0, 1, n) ** 3), "x": rng.normal(0, 3, n),
                         "y": rng.normal(0, 3, n), "depth": rng.uniform(4, 12, n),
                         "magnitude": rng.exponential(0.6, n)})
    rows = found(built(true, catalogue(10, 1.0)["stations"], 1.0, rng)).loc["association_lift"]
    assert set(rows["verdict"]) == {"good"}
    assert rows["value"].max() < 200


def test_contamination_counts_the_time_that_a_station_recorded():
    tables = {**sound(4)[0]}
    half = pd.DataFrame({"station_id": ["XX.S00."], "start": [START], "end": [START + pd.Timedelta(1, "D")]})
    whole = found(tables).loc[("expected_contamination", "station", "XX.S00."), "value"]
    day = found(tables, coverage=half).loc[("expected_contamination", "station", "XX.S00."), "value"]
    span = make_case(tables, SETTINGS, MODEL).hours / 24
    assert np.log1p(-day) == pytest.approx(span * np.log1p(-whole), rel=0.01)


def test_more_events_than_wanted_are_thinned():
    few = AuditSettings(resamples=60, picks=AuditPicksSettings(lift_events=100))
    table = result(busy(), settings=few).outcomes["lift"].tables["stations"]
    assert (table["events"] == 100).all()


def test_the_events_of_a_station_are_those_that_have_four_others_and_reach_it():
    tables = busy()
    arrivals = tables["arrivals"][np.random.default_rng(3).random(len(tables["arrivals"])) < 0.4]
    table = result({**tables, "arrivals": arrivals}).outcomes["lift"].tables["stations"].set_index("station_id")
    for name in ("XX.S00.", "XX.S07."):
        others = arrivals[arrivals["station_id"] != name].groupby("event_id")["station_id"].nunique()
        assert 0.5 * (others >= 4).sum() < table.loc[name, "events"] <= (others >= 4).sum()
    count = arrivals.groupby("event_id")["station_id"].nunique()
    assert (count >= 4).sum() > (others >= 4).sum()


def test_without_any_event_nobody_knows_which_pairs_are_false():
    tables = sound(4)[0]
    rows = found({name: tables[name] for name in ("stations", "picks")}).loc["expected_contamination"]
    assert rows["verdict"].tolist() == ["cannot tell"]
    assert "No pick belongs to an event" in rows["why"].iloc[0]


def test_a_share_of_chance_that_may_be_more_than_good_is_not_called_good():
    rows = found(catalogue(25, 1.0, seed=1, false_per_day=8000.0)).loc["chance_arrivals"].loc["station"]
    unsure = rows[(rows["value"] < 1 / 6) & (rows["high"] > 1 / 6)]
    assert len(unsure)
    assert "good" not in set(unsure["verdict"])


def test_stations_and_arrivals_are_needed():
    tables = sound(4)[0]
    for name, word in (("stations", "stations"), ("arrivals", "belongs to an event")):
        rows = found({key: frame for key, frame in tables.items() if key != name})
        row = rows.loc[("association_lift", "network", "")]
        assert row["verdict"] == "cannot tell"
        assert word in row["why"]


def test_unknown_depths_weights_and_elevations_are_no_error():
    tables = sound(4)[0]
    bare = {**tables, "arrivals": tables["arrivals"].assign(weight=np.nan, distance_km=np.nan, residual_s=np.nan)}
    bare["events"] = bare["events"].assign(depth_km=np.nan)
    bare.pop("origins")
    assert found(bare).loc[("association_lift", "network", ""), "verdict"] == "good"


def with_late_clock(tables, station, seconds, share=(1 / 3, 2 / 3)):
    """The clock of a station is late in a part of the time; what comes late belongs to no event."""
    picks = tables["picks"]
    start, end = picks["time"].min(), picks["time"].max()
    part = picks["time"].between(start + share[0] * (end - start), start + share[1] * (end - start))
    hit = (picks["station_id"] == station) & part
    late = picks["time"] + pd.to_timedelta(np.where(hit, seconds, 0.0), unit="s")
    moved = picks.assign(time=late.dt.as_unit("ns"))
    arrivals = tables["arrivals"][~tables["arrivals"]["pick_id"].isin(picks.loc[hit, "pick_id"])]
    moved["pick_id"] = pick_ids(moved["station_id"], moved["phase"], moved["time"])
    return {**tables, "picks": moved.sort_values("time", kind="stable").reset_index(drop=True),
            "arrivals": arrivals.reset_index(drop=True)}


@pytest.mark.parametrize("seconds", [-25.0, 3.0, 11.4])
def test_a_clock_wrong_by_seconds_is_found_with_its_size_and_its_time(seconds):
    sound_ = catalogue(300, 6.0, seed=8)
    table = found(with_late_clock(sound_, "XX.S04.", seconds))
    one = table.loc["clock_offset", "station", "XX.S04."]
    assert one["verdict"] == "bad" and 0.2 < one["value"] < 0.5
    told = float(one["why"].split(" s from")[0].split()[-1])
    assert told == pytest.approx(seconds, abs=0.2)
    begin = pd.Timestamp(one["why"].split("from ")[2].split(" to ")[0], tz="UTC")
    assert abs(begin - (START + pd.Timedelta(2, "D"))) < pd.Timedelta(8, "h")
    others = table.loc["clock_offset"].drop(("station", "XX.S04."))
    assert (others["verdict"] != "bad").all() and (others["verdict"] == "good").mean() > 0.8


def test_a_clock_that_is_always_wrong_is_found_too():
    table = found(with_late_clock(catalogue(300, 6.0, seed=9), "XX.S04.", 7.0, share=(-0.01, 1.01)))
    assert table.loc["clock_offset", "station", "XX.S04."]["verdict"] == "bad"


def test_pairs_that_come_late_now_and_then_are_no_clock():
    tables = catalogue(300, 6.0, seed=11)
    picks = tables["picks"]
    mine = picks[(picks["station_id"] == "XX.S04.") & picks["pick_id"].isin(tables["arrivals"]["pick_id"])]
    some = mine[mine["time"].astype("int64") // 3_600_000_000_000 % 8 == 0]["pick_id"]
    late = picks["time"] + pd.to_timedelta(np.where(picks["pick_id"].isin(some), 5.4, 0.0), unit="s")
    moved = picks.assign(time=late.dt.as_unit("ns"))
    moved["pick_id"] = pick_ids(moved["station_id"], moved["phase"], moved["time"])
    arrivals = tables["arrivals"][~tables["arrivals"]["pick_id"].isin(some)].reset_index(drop=True)
    assert len(some) > 20
    table = found({**tables, "picks": moved.sort_values("time").reset_index(drop=True), "arrivals": arrivals})
    assert table.loc["clock_offset", "station", "XX.S04."]["verdict"] != "bad"


@pytest.mark.parametrize("every", [1, 5])
def test_events_that_stand_twice_are_no_clock(every):
    tables = catalogue(300, 6.0, seed=10)
    twice = tables["origins"].iloc[::every]
    arrivals = tables["arrivals"][tables["arrivals"]["event_id"].isin(twice["event_id"])]
    arrivals = arrivals.assign(event_id=arrivals["event_id"] + 1)
    twice = twice.assign(time=twice["time"] + pd.Timedelta(3, "s"), event_id=twice["event_id"] + 1)
    table = found({**tables, "origins": pd.concat([tables["origins"], twice], ignore_index=True),
                   "arrivals": pd.concat([tables["arrivals"], arrivals], ignore_index=True)})
    assert "bad" not in set(table.loc["clock_offset", "verdict"])
