"""Is the catalogue what it seems: units, time zone, what was left out."""

import numpy as np
import pandas as pd
import pytest
from made_catalogue import MODEL, built, catalogue

from quakescribe.audit import audit, make_case
from quakescribe.audit.plausible import INPUT
from quakescribe.settings.audit import AuditSettings
from quakescribe.tables import SKIPS

SOUND = catalogue(300, 10.0)


def found(tables):
    return audit(make_case(tables, AuditSettings(), MODEL), (INPUT,)).findings.set_index("metric")


def moved(hours):
    late = pd.Timedelta(hours, "h")
    return {**SOUND, **{name: SOUND[name].assign(time=SOUND[name]["time"] + late) for name in ("events", "origins")}}


def test_a_sound_catalogue_is_what_it_seems():
    assert set(found(SOUND)["verdict"]) == {"good"}


@pytest.mark.parametrize("hours", [-9.0, -5.5, 1.0, 5.75, 8.0])
def test_events_in_local_time_are_told_by_the_picks(hours):
    row = found(moved(hours)).loc["time_offset"]
    assert row["verdict"] == "bad"
    assert row["value"] == -hours
    assert "UTC" in row["why"]


def test_picks_that_have_nothing_to_do_with_the_events_tell_nothing():
    other = catalogue(300, 10.0, seed=9)["picks"]
    row = found({**SOUND, "picks": other}).loc["time_offset"]
    assert row["verdict"] == "cannot tell"


def test_an_offset_is_seldom_claimed_of_sound_catalogues():
    verdicts = [found(catalogue(60, 4.0, seed=k)).loc["time_offset", "verdict"] for k in range(20)]
    assert verdicts.count("bad") <= 1


def test_depths_of_metres_read_as_kilometres_the_wrong_way_round_are_bad():
    origins = SOUND["origins"].assign(depth_km=SOUND["origins"]["depth_km"] / 1000.0)
    row = found({**SOUND, "origins": origins}).loc["median_depth"]
    assert row["verdict"] == "bad"
    assert "km" in row["why"]


def test_a_catalogue_at_sea_level_is_no_fault():
    origins = SOUND["origins"].assign(depth_km=0.0)
    assert found({**SOUND, "origins": origins}).loc["median_depth", "verdict"] == "good"


def test_depths_counted_upwards_are_bad():
    origins = SOUND["origins"].assign(depth_km=-SOUND["origins"]["depth_km"].clip(upper=9.0))
    assert found({**SOUND, "origins": origins}).loc["median_depth", "verdict"] == "bad"


def test_events_on_another_continent_are_bad():
    origins = SOUND["origins"].assign(longitude=-SOUND["origins"]["longitude"])
    row = found({**SOUND, "origins": origins}).loc["station_distance"]
    assert row["verdict"] == "bad" and row["value"] > 1000


def test_stations_of_another_network_code_are_recognised():
    picks = SOUND["picks"].assign(station_id=SOUND["picks"]["station_id"].str.replace("XX.", "YY."))
    row = found({**SOUND, "picks": picks}).loc["unknown_stations"]
    assert row["verdict"] == "bad" and "station codes are known" in row["why"]


def test_what_was_left_out_on_reading_is_counted():
    skips = SKIPS.make({"stage": ["exchange"] * 2, "reason": ["duplicate-id", "unknown-phase"], "count": [40, 3000]})
    told = found({**SOUND, "skips": skips})
    row, kept = told.loc["left_out_on_reading"], len(SOUND["picks"]) + len(SOUND["origins"])
    assert row["value"] == pytest.approx(3000 / (3000 + kept))
    assert row["verdict"] == "bad"
    assert "unknown-phase (3,000)" in row["why"]
    assert told.loc["changed_on_reading", "verdict"] == "watch"
    assert told.loc["changed_on_reading", "value"] == 40


def test_picks_of_stations_that_nobody_knows_are_bad_and_named():
    named = SOUND["picks"].assign(station_id=SOUND["picks"]["station_id"].str.replace("XX.", "YY."))
    row = found({**SOUND, "picks": named}).loc["unknown_stations"]
    assert (row["verdict"], row["value"]) == ("bad", 1.0)
    assert "YY.S00." in row["why"] and "XX.S00." in row["why"]


def test_the_clock_of_one_long_sequence_is_told_too():
    rng = np.random.default_rng(3)
    late = 86_400 * 2 * np.sort(rng.random(400)) ** 3
    true = pd.DataFrame({"seconds": late, "x": rng.normal(0, 3, 400), "y": rng.normal(0, 3, 400), "depth": 8.0,
                         "magnitude": rng.exponential(0.43, 400) + 0.7})
    dense = built(true, SOUND["stations"], 2.0, rng)
    assert found(dense).loc["time_offset", "verdict"] == "good"
    late = {**dense, "origins": dense["origins"].assign(time=dense["origins"]["time"] + pd.Timedelta(9, "h"))}
    row = found(late).loc["time_offset"]
    assert (row["verdict"], row["value"]) == ("bad", -9.0)
