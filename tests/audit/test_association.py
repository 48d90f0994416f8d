"""The association rate, its null, and what is out of line."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from quakescribe.associate import associate
from quakescribe.audit import audit, make_case
from quakescribe.audit.association import ASSOCIATION
from quakescribe.audit.case import NULL_COLUMNS
from quakescribe.audit.chance import Chance, chance_of, other_associator, own_rate, stretches
from quakescribe.audit.pairing import pairs_of
from quakescribe.audit.statistics import judge_surely, poisson_interval
from quakescribe.run.chance import nulls
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
import made_picks
from made_catalogue import MODEL, START, catalogue
from sound_picks import SEEDS, sound

SETTINGS = AuditSettings(resamples=60)


def result(tables, null=None):
    more = {} if null is None else {"null": null}
    return audit(make_case(tables, SETTINGS, MODEL, **more), (ASSOCIATION,))


def found(tables, null=None):
    return result(tables, null).findings.set_index(["metric", "scope", "key"])


def null_table(real, null, each=8, picks=5000):
    """Repeats with these numbers of real and null events, each with so many picks and half as many pairs, P and S."""
    rows = []
    for one in null:
        row = {"picks": picks} | dict.fromkeys(("pairs", "p", "s"), picks / 2)
        for kind, events in (("real", real), ("null", one)):
            row |= {f"{kind}_events": events, f"{kind}_picks": events * each}
            row |= dict.fromkeys((f"{kind}_pairs", f"{kind}_p", f"{kind}_s"), events * each / 2)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(NULL_COLUMNS), dtype=float)


def own_null(tables, real, null):
    """A null of the associator of the tables: of its picks as many are in `real` events as in the catalogue."""
    kept = int(tables["picks"]["pick_id"].isin(tables["arrivals"]["pick_id"]).sum())
    return null_table(real, null, each=kept / real, picks=len(tables["picks"]))


def associated(picks, stations, model):
    events, arrivals, _ = associate(picks, stations, model, AssociateSettings())
    null = nulls(picks, stations, model, AssociateSettings(), made_picks.START, made_picks.END, 3, 0, 100_000)
    return {"picks": picks, "stations": stations, "events": events, "arrivals": arrivals}, null


@pytest.mark.parametrize("k", [0, 1, 4, 30, 400])
def test_the_poisson_interval_leaves_two_and_a_half_percent_on_either_side(k):
    low, high = poisson_interval(k)
    assert poisson.cdf(k, high) == pytest.approx(0.025)
    assert low == 0.0 if k == 0 else poisson.sf(k - 1, low) == pytest.approx(0.025)


def test_rates_are_counts_over_counts():
    tables, _ = sound(3)
    picks, rows = tables["picks"], found(tables)
    kept = picks["pick_id"].isin(tables["arrivals"]["pick_id"])
    assert rows.loc[("association_rate", "network", ""), "value"] == pytest.approx(kept.mean())
    for phase in "PS":
        mine = picks["phase"] == phase
        assert rows.loc[("association_rate", "network", phase), "value"] == pytest.approx(kept[mine].mean())


def test_a_pair_is_associated_only_if_one_event_holds_both_onsets():
    picks = pd.DataFrame({
        "station_id": "A", "phase": ["P", "S"] * 4, "time": START, "pair_id": [1, 1, 2, 2, 3, 3, 0, 0],
        "event_id": [7, 7, 7, 8, 0, 7, 7, 7]})
    assert pairs_of(picks)["associated"].tolist() == [True, False, False]


def test_the_interval_of_corrected_rates_holds_the_truth_as_often_as_it_says():
    rng, inside = np.random.default_rng(2), 0
    for _ in range(400):
        real, null = rng.poisson(60), rng.poisson(15, 3)
        chance = chance_of(null_table(max(real, 1), null, each=10, picks=1000), "picks")
        _, low, high = chance.corrected(float(max(real, 1)))
        inside += low <= (600 - 150) / 1000 <= high
    assert 0.93 <= inside / 400 <= 1.0


def test_the_interval_of_the_chance_share_holds_the_truth_as_often_as_it_says():
    rng, inside = np.random.default_rng(3), 0
    for _ in range(400):
        _, low, high = chance_of(null_table(100, rng.poisson(6, 3)), "events").share
        inside += low <= 0.06 <= high
    assert 0.93 <= inside / 400 <= 1.0


def test_repeats_that_scatter_more_than_poisson_widen_the_interval():
    tight = chance_of(null_table(100, [10, 10, 10, 10, 10]), "events")
    wide = chance_of(null_table(100, [2, 2, 10, 18, 18]), "events")
    assert wide.high - wide.low > 1.5 * (tight.high - tight.low)


def test_no_chance_event_in_any_repeat_still_has_an_upper_limit():
    chance = chance_of(null_table(100, [0, 0, 0]), "events")
    assert chance == Chance(pytest.approx(np.nan, nan_ok=True), 100.0, 0.0, 0.0, pytest.approx(3.689 / 3, rel=1e-3))


@pytest.mark.parametrize(("real", "null", "verdict"), [
    (500, [0, 1, 0], "good"), (500, [45, 38, 40], "watch"), (500, [140, 150, 145], "bad"),
    (6, [0, 1, 0], "cannot tell")])
def test_the_chance_share_is_judged_by_its_interval(real, null, verdict):
    rows = found(sound(3)[0], own_null(sound(3)[0], real, null)).loc["chance_share"].loc["network"]
    assert set(rows.index) == {"events", "picks", "pairs"}
    assert set(rows["verdict"]) == {verdict}


def test_planted_events_stand_out_of_the_null_of_the_associator_itself():
    picks = made_picks.picks(made_picks.planted(np.arange(100.0, 7000.0, 60.0)) + made_picks.noise(60))
    rows = found(*associated(picks, made_picks.stations(), made_picks.MODEL))
    assert rows.loc[("association_rate_corrected", "network", ""), "verdict"] == "good"
    assert rows.loc[("association_rate", "network", "pairs"), "verdict"] == "good"
    assert rows.loc[("chance_share", "network", "events"), "verdict"] != "bad"


def test_picks_that_mean_nothing_are_bad_however_many_of_them_associate():
    picks = made_picks.picks(made_picks.noise(900, seed=4))
    tables, null = associated(picks, made_picks.stations(), made_picks.MODEL)
    rows = found(tables, null)
    assert len(tables["events"]) > 20
    assert rows.loc[("association_rate_corrected", "network", ""), "verdict"] == "bad"
    assert rows.loc[("association_rate", "network", ""), "verdict"] == "bad"
    assert rows.loc[("chance_share", "network", "picks"), "verdict"] == "bad"


def test_few_events_at_the_level_of_chance_cannot_be_told():
    rows = found(sound(3)[0], own_null(sound(3)[0], 2, [1, 2, 2]))
    assert rows.loc[("association_rate_corrected", "network", ""), "verdict"] == "cannot tell"


def test_without_a_null_no_rate_is_called_good_or_bad():
    rows = found(sound(3)[0]).reset_index()
    assert set(rows.loc[rows["scope"] == "network", "verdict"]) == {"cannot tell"}


def test_a_station_that_only_makes_noise_is_bad_and_one_with_more_noise_is_watched():
    tables = catalogue(300, 6.0, seed=6)
    arrivals, picks = tables["arrivals"], tables["picks"]
    keep = ~((arrivals["station_id"] == "XX.S02.") & (np.arange(len(arrivals)) % 100 > 0))
    rows = found({**tables, "arrivals": arrivals[keep]})
    assert rows.loc[("association_rate", "station", "XX.S02."), "verdict"] == "bad"
    lone = picks["station_id"].eq("XX.S03.") & picks["pick_id"].isin(arrivals["pick_id"])
    fewer = picks[~(lone & (np.arange(len(picks)) % 6 > 0))]
    rows = found({**tables, "picks": fewer, "arrivals": arrivals[arrivals["pick_id"].isin(fewer["pick_id"])]})
    assert rows.loc[("association_rate", "station", "XX.S03."), "verdict"] == "watch"


def test_a_day_of_many_false_picks_is_named_and_a_quiet_day_is_not():
    tables = catalogue(300, 10.0, seed=7, false_per_day=60.0)
    picks = tables["picks"]
    more = picks[~picks["pick_id"].isin(tables["arrivals"]["pick_id"])]
    seconds = np.random.default_rng(1).uniform(0, 86_400, len(more))
    more = more.assign(time=START + pd.Timedelta(4, "D") + pd.to_timedelta((seconds * 1e9).round(), unit="ns"),
                       pick_id=np.arange(1, len(more) + 1), pair_id=0)
    quiet = tables["arrivals"]["time"].dt.floor("D") == START + pd.Timedelta(7, "D")
    rows = found({**tables, "picks": pd.concat([picks, more]),
                  "arrivals": tables["arrivals"][~quiet | (np.arange(len(quiet)) % 2 == 0)]})
    assert rows.loc["association_rate"].loc["day"].index.tolist() == ["2024-03-08"]
    assert rows.loc[("association_rate", "day", "2024-03-08"), "verdict"] == "watch"


def test_a_day_of_more_picks_of_all_kinds_is_not_named():
    day = np.repeat(np.arange(10), [130] * 9 + [1300])
    rng, n = np.random.default_rng(4), len(day)
    time = START + pd.to_timedelta(day, unit="D") + pd.to_timedelta(rng.uniform(0, 86_399, n).round(3), unit="s")
    picks = pd.DataFrame({"pick_id": np.arange(1, n + 1), "station_id": "XX.A.", "phase": "P", "time": time,
                          "pair_id": 0, "picker": "made"})
    kept = picks[rng.random(n) < 0.3].assign(event_id=1)
    both = result({"picks": picks, "arrivals": kept[["event_id", "pick_id", "station_id", "phase", "time"]]})
    assert both.outcomes["association"].tables["days"]["z"].iloc[-1] > 3.5
    assert "day" not in set(both.findings["scope"])


def test_thresholds_count_what_is_left_and_keep_the_events():
    tables, _ = sound(3)
    picks = tables["picks"].assign(probability=np.linspace(0.3, 0.9, len(tables["picks"]), dtype=np.float32))
    found_ = result({**tables, "picks": picks}, own_null(tables, 500, [5, 5, 5]))
    table = found_.outcomes["association"].tables["thresholds"]
    kept = picks["pick_id"].isin(tables["arrivals"]["pick_id"])
    for one in table.itertuples():
        left = picks["probability"] >= one.threshold - 1e-6
        assert (one.picks, one.associated) == (left.sum(), (left & kept).sum())
        assert one.corrected == pytest.approx(0.99 * one.rate)
    assert len(table) > 10


def test_picks_without_probability_have_no_thresholds():
    assert result(sound(3)[0]).outcomes["association"].tables["thresholds"].empty


def test_sound_networks_are_seldom_called_bad():
    rng, verdicts = np.random.default_rng(0), []
    for seed in SEEDS:
        rows = found(sound(seed)[0], own_null(sound(seed)[0], 60 + 15 * seed, rng.poisson(0.5, 3)))
        verdicts += rows["verdict"].tolist()
    assert verdicts.count("bad") <= 0.05 * len(verdicts)
    assert verdicts.count("watch") <= 0.05 * len(verdicts)


def test_a_null_that_holds_no_numbers_is_no_null():
    rows = found(sound(3)[0], null_table(10, [1, 2]) * np.nan)
    assert rows.loc[("chance_share", "network", "picks"), "verdict"] == "cannot tell"


def test_what_our_associator_makes_by_chance_says_nothing_of_a_catalogue_that_associates_a_hundredth():
    picks = made_picks.picks(made_picks.planted(np.arange(100.0, 7000.0, 60.0)) + made_picks.noise(60))
    tables, null = associated(picks, made_picks.stations(), made_picks.MODEL)
    first = tables["arrivals"]["event_id"] == tables["events"]["event_id"].iloc[0]
    few = {**tables, "events": tables["events"].iloc[:1], "arrivals": tables["arrivals"][first]}
    rows = found(few, null).xs("network", level="scope")
    assert set(rows["verdict"]) == {"cannot tell"}
    told = rows.drop(index="association_rate").reset_index()
    assert told["why"].str.contains("with another associator is not known").all()
    assert told["why"].str.contains("with ours it is").all()
    assert rows.loc["association_rate", "expected"].isna().all()
    assert (found(tables, null).loc["association_rate_corrected"]["verdict"] == "good").all()


@pytest.mark.parametrize(("factor", "known"), [(0.78, False), (0.82, True), (1.22, True), (1.28, False)])
def test_rates_that_differ_by_less_than_a_quarter_are_of_one_associator(factor, known):
    tables = sound(3)[0]
    null = own_null(tables, 100, [2, 2])
    null[["real_picks"]] *= factor
    rows = found(tables, null)
    assert (rows.loc[("association_rate_corrected", "network", ""), "verdict"] == "good") == known


def test_a_sample_of_stretches_is_compared_with_the_catalogue_in_these_stretches():
    n = 8000
    time = pd.Series(START + pd.to_timedelta(np.arange(n), unit="min"))
    at = stretches(n, time.iloc[0], time.iloc[-1], 800)
    inside = np.logical_or.reduce([time.between(low, high) for low, high in at])
    picks = pd.DataFrame({"time": time, "event_id": np.where(inside, np.arange(n) % 2, 0)})
    assert len(at) == 4 and 796 <= inside.sum() <= 804
    assert own_rate(picks, float(inside.sum()), 800) == pytest.approx(0.5, abs=0.01)
    assert own_rate(picks, 123.0, 800) == pytest.approx(0.05, abs=0.01)
    rules = SETTINGS.picks.model_copy(update={"null_most_picks": 800})
    same = Chance(float(inside.sum()), 0.5 * inside.sum(), 1.0, 0.5, 2.0)
    assert other_associator(same, picks, rules) == ""
    assert "another associator" in other_associator(same, picks, SETTINGS.picks)


def test_p_and_s_have_a_chance_of_their_own():
    tables = sound(3)[0]
    null = own_null(tables, 100, [4, 4])
    null["null_p"], null["null_s"] = 0.01 * null["p"], 0.03 * null["s"]
    rows = found(tables, null).loc["association_rate"].loc["network"]
    assert rows.loc[["P", "S"], "expected"].tolist() == pytest.approx([0.01, 0.03])


def test_a_null_without_p_and_s_leaves_them_open():
    tables = sound(3)[0]
    null = own_null(tables, 100, [1, 1]).drop(columns=["p", "s", "real_p", "real_s", "null_p", "null_s"])
    rows = found(tables, null)
    assert rows.loc[("association_rate_corrected", "network", ""), "verdict"] == "good"
    for phase in "PS":
        assert np.isnan(rows.loc[("association_rate", "network", phase), "expected"])
        assert rows.loc[("association_rate_corrected", "network", phase), "verdict"] == "cannot tell"


@pytest.mark.parametrize(("low", "high", "verdict"), [
    (0.0, 0.04, "good"), (0.0, 0.085, "cannot tell"), (0.06, 0.085, "watch"), (0.0, 0.3, "cannot tell"),
    (0.06, 0.3, "watch"), (0.21, 0.3, "bad"), (np.nan, np.nan, "cannot tell")])
def test_good_means_that_all_of_the_interval_is_good_and_watch_that_none_is(low, high, verdict):
    assert judge_surely(low, high, 0.05, 0.2) == verdict
    assert judge_surely(-high, -low, -0.05, -0.2) == verdict


def test_a_chance_share_of_events_that_reaches_beyond_the_limit_is_not_good():
    tables = sound(3)[0]
    row = found(tables, own_null(tables, 33, [1, 1])).loc[("chance_share", "network", "events")]
    assert row["value"] == pytest.approx(0.03, abs=0.001) and row["high"] > 0.05
    assert row["verdict"] == "cannot tell"


def test_a_station_of_few_picks_is_not_called_good():
    tables = catalogue(300, 6.0, seed=6)
    mine = tables["picks"]["station_id"] == "XX.S02."
    kept = tables["picks"]["pick_id"].isin(tables["arrivals"]["pick_id"])
    picks = pd.concat([tables["picks"][~mine], tables["picks"][mine & kept].head(10),
                       tables["picks"][mine & ~kept].head(15)])
    rows = found({**tables, "picks": picks, "arrivals": tables["arrivals"][
        tables["arrivals"]["pick_id"].isin(picks["pick_id"])]})
    assert rows.loc[("association_rate", "station", "XX.S02."), "value"] == 0.4
    assert rows.loc[("association_rate", "station", "XX.S02."), "verdict"] == "cannot tell"
    assert rows.loc[("association_rate", "station", "XX.S03."), "verdict"] == "good"


def test_where_events_fill_the_time_the_share_by_chance_is_an_upper_bound_and_never_bad():
    sparse = sound(0)[0]
    dense = catalogue(200, 0.08, seed=5)  # an event every 35 s
    for tables, verdict in ((sparse, "bad"), (dense, "watch")):
        row = found(tables, own_null(tables, 200, [100, 104, 97])).loc[("chance_share", "network", "events")]
        assert row["verdict"] == verdict
    assert "upper bound" in row["why"]
