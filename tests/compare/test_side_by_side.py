import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, catalogue
from made_sides import picked_twin, twins

from quakescribe.compare.ranking import chance_shares
from quakescribe.compare.side_by_side import METRICS, compare_sides
from quakescribe.compare.sides import BEYOND, Side
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.tables import FINDINGS, store

SETTINGS = ComparisonSettings(shifts=2, resamples=100)
SOUND = catalogue(200, 12.0, seed=6)


def first_events(n):
    ids = SOUND["origins"]["event_id"].iloc[:n]
    return {name: frame[frame["event_id"].isin(ids)] if "event_id" in frame else frame for name, frame in SOUND.items()}


def without(*names):
    return {name: table for name, table in SOUND.items() if name not in names}


def sides(*tables):
    return [Side(["one", "two", "three", "four"][k], one, model=MODEL) for k, one in enumerate(tables)]


SPARSE = {
    "nothing": {}, "picks only": without("events", "origins", "arrivals", "magnitudes"), "no picks": without("picks"),
    "neither picks nor arrivals": without("picks", "arrivals"), "no magnitudes": without("magnitudes"),
    "no stations": without("stations"), "one event": first_events(1), "three events": first_events(3),
    "not located": without("origins"), "no depth": {"events": SOUND["events"].assign(depth_km=np.nan)},
    "all in one second": {**SOUND, "origins": SOUND["origins"].assign(time=SOUND["origins"]["time"].iloc[0])},
    "all at one place": {**SOUND, "origins": SOUND["origins"].assign(latitude=40.0, longitude=30.0)},
    "equal magnitudes": {**SOUND, "magnitudes": SOUND["magnitudes"].assign(value=1.0)},
}


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("first", [True, False])
def test_a_sparse_catalogue_is_compared_without_an_error(kind, first):
    given = sides(SPARSE[kind], SOUND) if first else sides(SOUND, SPARSE[kind])
    found = compare_sides(given, SETTINGS)
    assert {metric.name for metric in METRICS} == set(found.findings["metric"])
    known = found.findings.dropna(subset=["value", "low", "high"])
    assert (known["low"] <= known["value"] + 1e-9).all() and (known["value"] <= known["high"] + 1e-9).all()


def test_two_empty_catalogues_tell_nothing():
    found = compare_sides(sides({}, {}), SETTINGS)
    assert set(found.findings["verdict"]) == {"cannot tell"} and found.common.warnings


def test_a_catalogue_equals_itself():
    found = compare_sides(sides(SOUND, SOUND), SETTINGS)
    assert not found.findings["verdict"].isin(["watch", "bad"]).any()
    assert found.tables["events"]["without_chance"].iloc[0] == len(SOUND["origins"])
    table = found.tables["differences"]
    assert (table.loc[table["low_edge"].isna(), "within_90"] == 0).all()
    np.testing.assert_allclose(found.tables["ranks"]["p_best"].dropna(), 0.5)


def test_noisy_copies_of_one_catalogue_are_not_bad_in_more_than_a_twentieth_of_findings():
    made = [catalogue(120, 8.0, seed=seed, n_stations=8) for seed in range(4)]
    verdicts = pd.concat([compare_sides(sides(one, picked_twin(one, seed, late_s=0.0)), SETTINGS).findings["verdict"]
                          for seed, one in enumerate(made)])
    assert (verdicts == "bad").mean() <= 0.02


def test_a_catalogue_of_another_time_zone_is_found():
    late = {name: table.assign(time=table["time"] + pd.Timedelta(hours=1)) if "time" in table else table
            for name, table in SOUND.items() if name != "picks"}
    found = compare_sides(sides(SOUND, late), SETTINGS).findings
    whole = found[found["metric"] == "matched_share"]
    assert set(whole["verdict"]) == {"bad"} and whole["todo"].str.contains("time zone").all()


def test_three_sides_are_compared_each_with_each_and_findings_have_keys_of_their_own():
    given = sides(*(picked_twin(SOUND, k) for k in range(3)))
    found = compare_sides(given, SETTINGS)
    assert len(found.tables["events"]) == 3
    assert not found.findings.duplicated(["metric", "scope", "key"]).any()
    assert set(found.findings["scope"]) <= {"pair", "side", "station"}
    assert "one | three" in set(found.findings["key"])
    again = compare_sides(given, SETTINGS)
    pd.testing.assert_frame_equal(found.findings, again.findings)


def test_what_associates_by_chance_is_taken_off_where_it_was_counted_on_all():
    null = pd.DataFrame({"real_picks": [100.0, 100.0], "null_picks": [30.0, 10.0]})
    both = [Side("a", SOUND, null=null), Side("b", SOUND, null=null.assign(null_picks=0.0))]
    assert chance_shares(both) == [0.2, 0.0]
    table = compare_sides(both, SETTINGS).tables["ranks"]
    assert "Association rate of picks, less chance" in set(table["title"])
    ranks = table.set_index(["criterion", "side"])["value"]
    assert ranks["associated_picks", "a"] == pytest.approx(0.8 * ranks["associated_picks", "b"])
    assert ranks["association_rate", "a"] == pytest.approx(0.8 * ranks["association_rate", "b"])
    one_counted = [both[0], Side("b", SOUND)]
    assert chance_shares(one_counted) == [0.0, 0.0]
    assert "Association rate of picks" in set(compare_sides(one_counted, SETTINGS).tables["ranks"]["title"])


def test_contamination_follows_the_rate_of_lone_picks():
    clean, dirty = catalogue(200, 12.0, seed=6, false_per_day=20.0), catalogue(200, 12.0, seed=6, false_per_day=400.0)
    table = compare_sides(sides(clean, dirty), SETTINGS).tables["ranks"]
    rows = table[table["criterion"] == "contamination"].set_index("side")
    assert rows.loc["two", "value"] / rows.loc["one", "value"] == pytest.approx(20, rel=0.35)
    expected = 1 - np.exp(-400.0 / 86_400 * 3.0)
    assert rows.loc["two", "value"] == pytest.approx(expected, rel=0.3)
    assert rows.loc["one", "rank"] == 1


def test_bare_lists_with_known_loss_shift_and_chance_come_out_as_made():
    one, two = twins(3, n=800, loss=(0.1, 0.2), false=(100, 50))
    found = compare_sides(sides(one, two), SETTINGS).findings.set_index(["metric", "key"])
    shared = 0.9 * 0.8 * 800 / (0.9 * 800 + 100)
    assert found.loc[("matched_share", "one | two"), "value"] == pytest.approx(shared, abs=0.04)
    assert found.loc[("origin_time_difference", "one | two"), "value"] == pytest.approx(0.3, abs=0.03)
    assert found.loc[("epicentre_shift", "one | two"), "value"] == pytest.approx(2.0, abs=0.2)
    assert found.loc[("magnitude_difference", "one | two | ML"), "value"] == pytest.approx(0.2, abs=0.03)


def test_everything_is_written_and_read_back(tmp_path):
    found = compare_sides(sides(SOUND, picked_twin(SOUND, 2)), SETTINGS)
    files = found.write(tmp_path / "comparison")
    assert {one.name for one in files} == {one.name for one in (tmp_path / "comparison").iterdir()}
    pd.testing.assert_frame_equal(store.read(tmp_path / "comparison" / "findings.parquet", FINDINGS), found.findings)
    for name, table in found.tables.items():
        back = pd.read_parquet(tmp_path / "comparison" / f"{name}.parquet")
        assert list(back) == list(table) and len(back) == len(table)
        assert len(pd.read_csv(tmp_path / "comparison" / f"{name}.csv")) == len(table)


ON_ARRIVALS = {"associated_picks", "association_rate", "contamination"}


def valued(found, side):
    """Return the rules by which a side has a value."""
    ranks = found.tables["ranks"].dropna(subset=["value"])
    return set(ranks.loc[ranks["side"] == side, "criterion"])


def row_of(found, side):
    return found.tables["sides"].set_index("side").loc[side]


def test_a_side_whose_arrivals_were_guessed_is_not_ranked_by_them_and_what_was_filled_in_is_told():
    null = pd.DataFrame({"real_picks": [100.0], "null_picks": [10.0]})
    guess = Side("guess", SOUND, info={"arrivals_given": False, "filled_in": ["Residuals were computed."]})
    found = compare_sides([Side("own", SOUND, null=null), guess], SETTINGS)
    assert valued(found, "own") >= ON_ARRIVALS and not valued(found, "guess") & ON_ARRIVALS
    assert "confirmed_picks" in valued(found, "guess")
    ranks = found.tables["ranks"]
    assert ranks.loc[ranks["criterion"].isin(ON_ARRIVALS), "p_best"].isna().all()
    assert row_of(found, "guess")[["associated", "association_rate", "chance_share"]].isna().all()
    assert row_of(found, "own")["chance_share"] == pytest.approx(0.1)
    verdicts = found.findings.set_index(["metric", "key"])["verdict"]
    assert verdicts["alone_association_rate", "guess"] == verdicts["arrival_agreement", "own | guess"] == "cannot tell"
    assert "'guess': Residuals were computed." in found.common.warnings
    assert any("'guess' does not say which picks belong to its events" in one for one in found.common.warnings)


def test_a_side_with_events_only_and_one_with_picks_only_are_ranked_by_nothing_and_have_blanks_for_zeros():
    bare, loose = without("picks", "arrivals", "events"), SPARSE["picks only"]
    found = compare_sides(sides(bare, loose), SETTINGS)
    assert found.tables["ranks"]["p_best"].isna().all()
    assert valued(found, "one") == {"well_located", "well_located_share"} and not valued(found, "two")
    told = found.tables["sides"].set_index("side").notna().T
    assert set(told.index[told["one"]]) == {"events", "located", "well_located", "magnitude_kind", "with_magnitude"}
    assert set(told.index[told["two"]]) == {"stations", "picks", "magnitude_kind"}
    assert row_of(found, "one")["events"] == len(SOUND["origins"]) and row_of(found, "two")["picks"] > 0
    assert found.tables["stations"][["associated", "unassociated"]].isna().all(axis=None)


def test_a_catalogue_of_associated_picks_has_no_rate_however_it_is_cut_to_the_common_span():
    held = without("picks", "events")
    late = {**held, "origins": held["origins"].assign(time=held["origins"]["time"] + pd.Timedelta(days=2))}
    found = compare_sides(sides(SOUND, late), SETTINGS)
    assert any("'two' holds associated picks only" in one for one in found.common.warnings)
    assert np.isnan(row_of(found, "two")["association_rate"])
    assert "associated_picks" in valued(found, "two") and "association_rate" not in valued(found, "two")
    lone = found.tables["pick_association"]
    assert lone.loc[lone["side"] == "two", "rate"].isna().all()


def test_picks_of_events_beyond_the_common_span_lower_no_rate():
    early = SOUND["origins"]["time"] < SOUND["origins"]["time"].median()
    late = {**SOUND, "origins": SOUND["origins"].assign(time=SOUND["origins"]["time"].where(
        ~early, SOUND["origins"]["time"] - pd.Timedelta(days=40)))}
    found = compare_sides(sides(SOUND, late), SETTINGS)
    table = found.tables["ranks"].set_index(["criterion", "side"])["value"]
    lone = found.common.facts[1].picks["event_id"]
    assert (lone == BEYOND).sum() > 0.7 * (lone > 0).sum()
    expected = (lone > 0).sum() / (lone >= 0).sum()
    assert table["association_rate", "two"] == row_of(found, "two")["association_rate"] == pytest.approx(expected)
    assert found.tables["stations"].set_index("side").loc["two", "unassociated"].sum() == (lone == 0).sum()
    rate = found.tables["pick_association"].set_index(["side", "phase", "picks"])["n"]
    assert rate["two", "", "alone"] + rate["two", "", "agreed"] == (lone >= 0).sum()
    assert table["contamination", "two"] == pytest.approx(table["contamination", "one"], rel=0.3)
