"""P and S that come together, or not."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.pairing import PAIRING, has_partner
from quakescribe.audit.statistics import compared
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.audit_picks import AuditPicksSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, START, catalogue
from sound_picks import SEEDS, sound

SETTINGS = AuditSettings(resamples=60)
RULES = SETTINGS.picks


def found(tables, settings=SETTINGS):
    return audit(make_case(tables, settings, MODEL), (PAIRING,)).findings.set_index(["metric", "scope", "key"])


def random_picks(n, seed, seconds=2000.0, n_stations=3):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "station_id": rng.choice([f"XX.S{k}." for k in range(n_stations)], n), "phase": rng.choice(["P", "S"], n),
        "time": START + pd.to_timedelta((rng.uniform(0, seconds, n) * 1e9).round(), unit="ns")})


def test_partners_are_those_that_a_slow_search_finds():
    picks = random_picks(300, 1)
    slow = []
    for one in picks.itertuples():
        lag = (picks["time"] - one.time).dt.total_seconds() * (1 if one.phase == "P" else -1)
        near = (picks["station_id"] == one.station_id) & (picks["phase"] != one.phase)
        slow.append(bool((near & (lag > 0.3) & (lag <= 20.0)).any()))
    assert 30 < sum(slow) < 290
    np.testing.assert_array_equal(has_partner(picks, 0.3, 20.0), slow)


def test_an_s_at_the_very_end_of_the_window_is_a_partner_and_one_at_its_beginning_is_not():
    at = START + pd.to_timedelta([0.0, 20.0, 100.0, 100.3], unit="s")
    picks = pd.DataFrame({"station_id": "XX.A.", "phase": ["P", "S", "P", "S"], "time": at})
    assert has_partner(picks, 0.3, 20.0).tolist() == [True, True, False, False]


def test_no_partner_is_found_among_no_picks():
    assert has_partner(random_picks(0, 1), 0.3, 20.0).tolist() == []


def test_log_odds_are_those_of_the_formula():
    part, whole = np.array([10, 12, 9, 11, 10, 60]), np.full(6, 100)
    table = compared(part, whole, RULES)
    odds = np.log((part + 0.5) / (whole - part + 0.5))
    far = odds - np.median(odds)
    error = np.sqrt(3 / (part + 0.5) + 3 / (whole - part + 0.5))
    scale = np.maximum(max(1.4826 * np.median(np.abs(far)), 0.23), error)
    np.testing.assert_allclose(table["z"], far / scale)
    np.testing.assert_allclose(table["odds"], np.exp(far))


def test_shares_of_a_sound_network_stay_within_three_and_a_half_deviations():
    rng, out = np.random.default_rng(5), 0
    for _ in range(200):
        whole = rng.integers(30, 3000, 12)
        share = 1 / (1 + np.exp(-rng.normal(-1.5, 0.3, 12)))
        out += int((np.abs(compared(rng.binomial(whole, share), whole, RULES)["z"]) > 3.5).sum())
    assert out < 0.02 * 200 * 12


def test_few_picks_and_few_stations_are_not_compared():
    table = compared([1, 30, 30], [5, 100, 100], RULES)
    assert table["enough"].tolist() == [False, True, True]
    assert table["z"].isna().all()


def test_a_station_that_loses_its_s_is_bad_and_the_others_are_not():
    tables = catalogue(300, 6.0, seed=2)
    picks = tables["picks"]
    lost = (picks["station_id"] == "XX.S04.") & (picks["phase"] == "S") & (picks["time"] > START + pd.Timedelta(2, "h"))
    rows = found({**tables, "picks": picks[~lost], "arrivals": tables["arrivals"][
        ~tables["arrivals"]["pick_id"].isin(picks.loc[lost, "pick_id"])]})
    assert rows.loc[("unpaired_p", "station", "XX.S04."), "verdict"] == "bad"
    others = rows.drop(("unpaired_p", "station", "XX.S04."))
    assert not set(others["verdict"]) & {"bad", "watch"}


def test_a_station_of_few_picks_that_may_be_out_of_line_is_not_called_good():
    tables = catalogue(300, 10.0, seed=4)
    picks, mine = tables["picks"], tables["picks"]["station_id"] == "XX.S03."
    alone = ~has_partner(picks, RULES.pair_min_s, RULES.pair_max_s) & (picks["phase"] == "P")
    p = pd.concat([picks[mine & alone].head(12), picks[mine & ~alone & (picks["phase"] == "P")].head(12)])
    s = picks[mine & (picks["phase"] == "S")]
    row = found({**tables, "picks": pd.concat([picks[~mine], p, s])}).loc[("unpaired_p", "station", "XX.S03.")]
    assert row["value"] == pytest.approx(0.5)
    assert row["verdict"] == "cannot tell"


def test_a_station_without_any_s_may_have_one_component_only_and_is_to_be_watched():
    tables = catalogue(300, 6.0, seed=2)
    picks = tables["picks"]
    lost = (picks["station_id"] == "XX.S04.") & (picks["phase"] == "S")
    row = found({"picks": picks[~lost]}).loc[("unpaired_p", "station", "XX.S04.")]
    assert row["verdict"] == "watch"
    assert "components" in row["why"]


def test_onsets_that_have_nothing_to_do_with_each_other_are_bad():
    rows = found({"picks": catalogue(200, 6.0)["picks"].assign(time=_shuffled)})
    assert rows.loc[("unpaired_p", "network", ""), "verdict"] in ("bad", "cannot tell")
    assert rows.loc[("unpaired_p", "network", ""), "value"] == pytest.approx(
        rows.loc[("unpaired_p", "network", ""), "expected"], abs=0.02)


def _shuffled(picks):
    rng = np.random.default_rng(3)
    return picks["time"].min() + pd.to_timedelta((rng.uniform(0, 6 * 86_400, len(picks)) * 1e9).round(), unit="ns")


def test_pair_ids_are_not_needed():
    tables = catalogue(200, 6.0)
    bare = {**tables, "picks": tables["picks"].assign(pair_id=0)}
    pd.testing.assert_frame_equal(found(tables), found(bare))


def test_a_sound_network_is_never_called_bad():
    verdicts = []
    for seed in SEEDS:
        verdicts += found(sound(seed)[0])["verdict"].tolist()
    assert verdicts.count("bad") == 0
    assert verdicts.count("watch") <= 0.02 * len(verdicts)


def test_one_phase_alone_cannot_be_told():
    picks = catalogue(50, 2.0)["picks"]
    rows = found({"picks": picks[picks["phase"] == "P"]})
    assert set(rows["verdict"]) == {"cannot tell"}
    assert "no S pick" in rows.loc[("unpaired_p", "network", ""), "why"]


def test_a_handful_of_picks_cannot_be_told():
    rows = found({"picks": random_picks(8, 4).assign(pick_id=range(1, 9), pair_id=0, picker="x")})
    assert set(rows["verdict"]) == {"cannot tell"}


def test_a_stricter_setting_calls_more_stations_out_of_line():
    tables = catalogue(300, 6.0, seed=2)
    strict = AuditSettings(resamples=60, picks=AuditPicksSettings(z_limit=0.5, ratio_limit=1.0, unpaired_least=0.0))
    assert (found(tables, strict)["verdict"] == "watch").sum() > (found(tables)["verdict"] == "watch").sum()
