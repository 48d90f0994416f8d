import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, START, catalogue
from made_sides import common_of, twins

from quakescribe.compare.sides import Side, common_ground, station_names
from quakescribe.earth.velocity import VelocityModel
from quakescribe.errors import SettingsError
from quakescribe.settings.compare import ComparisonSettings

SOUND = catalogue(150, 10.0, seed=3)


def cut(tables, start, end):
    low, high = (START + pd.Timedelta(days=one) for one in (start, end))
    return {name: table[table["time"].between(low, high)] if name in ("picks", "origins", "events") else table
            for name, table in tables.items()}


def said(common, word):
    return [one for one in common.warnings if word in one]


def test_sides_of_the_same_data_have_nothing_to_warn_of():
    assert common_of(SOUND, SOUND).warnings == ()


def test_what_lies_outside_the_common_span_is_left_out_and_told():
    common = common_of(cut(SOUND, 0, 6), cut(SOUND, 4, 10))
    start, end = START + pd.Timedelta(days=4), START + pd.Timedelta(days=6)
    for facts in common.facts:
        assert facts.picks["time"].between(start, end).all() and len(facts.picks)
        assert facts.catalogue["time"].between(start, end).all() and len(facts.catalogue)
        assert set(facts.arrivals["event_id"]) <= set(facts.catalogue["event_id"])
        assert set(facts.picks["event_id"]) - {0} <= set(facts.catalogue["event_id"])
    assert len(said(common, "beyond the span")) == 2


def test_catalogues_of_different_times_are_refused_with_their_spans():
    with pytest.raises(SettingsError, match=r"share no time: 'a' 2.* to .*, 'b' 2.* to "):
        common_of(cut(SOUND, 0, 3), cut(SOUND, 6, 9))
    assert said(common_of({}, {}), "share no span")


def test_a_station_that_only_one_has_is_told_and_left_out_where_asked():
    fewer = {**SOUND, "picks": SOUND["picks"][SOUND["picks"]["station_id"] != "XX.S03."]}
    kept = common_of(SOUND, fewer)
    assert said(kept, "XX.S03") and (kept.facts[0].picks["station_id"] == "XX.S03.").any()
    left = common_of(SOUND, fewer, settings=ComparisonSettings(common_stations=True))
    for name in ("picks", "arrivals", "stations"):
        assert not (getattr(left.facts[0], name)["station_id"] == "XX.S03.").any()
    stations = left.facts[0].arrivals.groupby("event_id")["station_id"].nunique()
    assert stations.min() >= 4 and len(left.facts[0].catalogue) <= len(kept.facts[0].catalogue)


def test_location_codes_make_no_other_station():
    other = {name: table.assign(station_id=table["station_id"] + "00") if "station_id" in table and name != "magnitudes"
             else table for name, table in SOUND.items()}
    assert common_of(SOUND, other).warnings == ()
    assert station_names(pd.Series(["XX.A.", "XX.A.00", "A"])).tolist() == ["XX.A", "XX.A", "A"]


def test_stations_at_other_places_other_models_and_missing_picks_are_told():
    moved = {**SOUND, "stations": SOUND["stations"].assign(latitude=SOUND["stations"]["latitude"] + 0.01)}
    assert said(common_of(SOUND, moved), "m apart")
    slow = VelocityModel("slow", MODEL.top_km, MODEL.vp * 0.9, MODEL.vs * 0.9)
    common = common_ground([Side("a", SOUND, model=MODEL), Side("b", SOUND, model=slow)], ComparisonSettings())
    assert said(common, "velocity models")
    bare = {name: SOUND[name] for name in ("origins",)}
    assert said(common_of(SOUND, bare), "no picks")


def test_arrivals_stand_for_picks_that_were_not_kept():
    common = common_of(SOUND, {name: table for name, table in SOUND.items() if name != "picks"})
    assert len(common.facts[1].picks) == SOUND["arrivals"]["pick_id"].nunique()
    assert said(common, "associated picks only")


def test_other_kinds_of_magnitude_are_told():
    other = {**SOUND, "magnitudes": SOUND["magnitudes"].assign(kind="Md")}
    assert said(common_of(SOUND, other), "kind of magnitude")


def test_two_sides_or_more_with_names_of_their_own_are_needed():
    with pytest.raises(SettingsError, match="two catalogues or more"):
        common_ground([Side("a", SOUND)], ComparisonSettings())
    with pytest.raises(SettingsError, match="name of its own"):
        common_ground([Side("a", SOUND), Side("a", SOUND)], ComparisonSettings())


def test_blocks_cut_the_span_and_of_many_sides_each_is_held_against_the_first():
    common = common_of(*twins(0, days=20.0))
    blocks = common.blocks(common.facts[0].catalogue["time"])
    assert common.n_blocks == 20 and set(np.unique(blocks)) <= set(range(20)) and (np.diff(blocks) >= 0).all()
    assert common_of(*twins(0, days=0.4)).block_s < 3601
    many = common_of(*[SOUND] * 7)
    assert [(pair.i, pair.j) for pair in many.pairs()] == [(0, k) for k in range(1, 7)]
    assert len(common_of(*[SOUND] * 4).pairs()) == 6
