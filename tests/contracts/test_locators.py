"""What every location mode must do. A new mode joins by its name in MODES."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.earth.velocity import VelocityModel
from quakescribe.locate import locate
from quakescribe.settings.locate import LocateSettings
from quakescribe.tables import ARRIVALS, EVENTS, ORIGINS, SKIPS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from hypocentres import MODEL, events_at, ring

MODES = ("default", "hypoinverse")
STATIONS = ring()
PLACES = [(35.70, -117.50, 8.0), (35.75, -117.45, 12.0), (35.60, -117.60, 5.0), (36.05, -117.50, 9.0)]
EVENTS_HERE, ARRIVALS_HERE = events_at(PLACES, STATIONS, noise_s=0.03)


@pytest.fixture(params=MODES)
def settings(request):
    return LocateSettings(mode=request.param)


def checked(located, arrivals, stations=STATIONS):
    """The contract of the output: types, no NaN where none may be, every arrival given is there."""
    ORIGINS.check(located.origins)
    ARRIVALS.check(located.arrivals)
    SKIPS.check(located.skips)
    assert sorted(located.arrivals["pick_id"]) == sorted(arrivals["pick_id"])
    numbers = located.origins[["erh_km", "erz_km", "ert_s", "rms_s", "gap_deg"]].to_numpy(dtype=float)
    assert np.isfinite(numbers).all()
    assert (numbers[:, :3] <= 99.0).all()
    known = located.arrivals["station_id"].isin(stations["station_id"])
    assert located.arrivals.loc[known, ["distance_km", "azimuth_deg", "residual_s", "weight"]].notna().all().all()
    return located


def same(one, other):
    pd.testing.assert_frame_equal(one.origins, other.origins, check_exact=True)
    pd.testing.assert_frame_equal(one.arrivals, other.arrivals, check_exact=True)


def test_events_inside_the_network_are_found_where_they_were(settings):
    located = checked(locate(EVENTS_HERE, ARRIVALS_HERE, STATIONS, MODEL, settings), ARRIVALS_HERE)
    both = located.origins.merge(EVENTS_HERE, on="event_id", suffixes=("", "_true"))
    distance, _ = distance_azimuth(both["latitude"], both["longitude"], both["latitude_true"], both["longitude_true"])
    assert np.sort(distance[:3])[1] < 0.5
    assert (distance[:3] < (1.0 if settings.mode == "default" else 5.0)).all()
    if settings.mode == "default":  # HYPOINVERSE's descent stops early where depth is weak: DMIN is 25 km here
        assert (both["depth_km"] - both["depth_km_true"]).abs()[:3].max() < 1.5
    assert ((both["time"] - both["time_true"]).dt.total_seconds().abs()[:3] < 0.5).all()
    assert both["well_located"][:3].all()


def test_nothing_in_gives_empty_tables_out(settings):
    located = checked(locate(EVENTS.empty(), ARRIVALS.empty(), STATIONS, MODEL, settings), ARRIVALS.empty())
    assert len(located.origins) == len(located.arrivals) == len(located.skips) == 0


def test_one_event_alone_is_located_as_among_others(settings):
    together = locate(EVENTS_HERE, ARRIVALS_HERE, STATIONS, MODEL, settings).origins
    for event in EVENTS_HERE["event_id"]:
        alone = locate(EVENTS_HERE[EVENTS_HERE["event_id"] == event],
                       ARRIVALS_HERE[ARRIVALS_HERE["event_id"] == event], STATIONS, MODEL, settings).origins
        pd.testing.assert_frame_equal(alone, together[together["event_id"] == event].reset_index(drop=True),
                                      check_exact=True)


def test_the_order_of_rows_changes_nothing(settings):
    usual = locate(EVENTS_HERE, ARRIVALS_HERE, STATIONS, MODEL, settings)
    shuffled = locate(EVENTS_HERE[::-1], ARRIVALS_HERE.sample(frac=1, random_state=1), STATIONS, MODEL, settings)
    same(usual, shuffled)


def test_the_input_tables_are_not_changed(settings):
    events, arrivals = EVENTS_HERE.copy(), ARRIVALS_HERE.copy()
    locate(events, arrivals, STATIONS, MODEL, settings)
    pd.testing.assert_frame_equal(events, EVENTS_HERE)
    pd.testing.assert_frame_equal(arrivals, ARRIVALS_HERE)


def test_an_unknown_station_is_listed_and_not_fatal(settings):
    arrivals = ARRIVALS_HERE.copy()
    arrivals.loc[arrivals["station_id"] == "XX.S03.", "station_id"] = "XX.LOST."
    located = checked(locate(EVENTS_HERE, arrivals, STATIONS, MODEL, settings), arrivals)
    assert list(located.skips["reason"]) == ["unknown-station"]
    assert located.skips["count"].item() == 8
    assert (located.arrivals.loc[located.arrivals["station_id"] == "XX.LOST.", "weight"] == 0).all()
    assert len(located.origins) == 4


def test_an_event_without_usable_arrivals_is_listed(settings):
    located = checked(locate(EVENTS_HERE, ARRIVALS_HERE[ARRIVALS_HERE["event_id"] != 2], STATIONS, MODEL, settings),
                      ARRIVALS_HERE[ARRIVALS_HERE["event_id"] != 2])
    assert list(located.origins["event_id"]) == [0, 1, 3]
    assert list(located.skips["reason"]) == ["no-arrivals"]
    assert list(located.skips["source"]) == ["2"]


def test_arrivals_of_no_listed_event_are_counted(settings):
    located = locate(EVENTS_HERE[:3], ARRIVALS_HERE, STATIONS, MODEL, settings)
    assert list(located.skips["reason"]) == ["unknown-event"]
    assert len(located.origins) == 3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_than_four_arrivals_give_a_flagged_origin(settings, n):
    arrivals = ARRIVALS_HERE[ARRIVALS_HERE["event_id"] == 0][:n]
    located = checked(locate(EVENTS_HERE[:1], arrivals, STATIONS, MODEL, settings), arrivals)
    assert "few-phases" in located.origins["flags"].item()
    assert not located.origins["well_located"].item()


def test_a_single_station_gives_a_flagged_origin(settings):
    arrivals = ARRIVALS_HERE[(ARRIVALS_HERE["event_id"] == 0) & (ARRIVALS_HERE["station_id"] == "XX.S01.")]
    located = checked(locate(EVENTS_HERE[:1], arrivals, STATIONS, MODEL, settings), arrivals)
    assert not located.origins["well_located"].item()


def test_a_network_on_a_line_is_flagged(settings):
    stations = STATIONS.copy()
    stations["latitude"], stations["longitude"] = 35.7, -117.8 + 0.08 * np.arange(len(stations))
    events, arrivals = events_at([(35.8, -117.5, 8.0)], stations, noise_s=0.03)
    located = checked(locate(events, arrivals, stations, MODEL, settings), arrivals)
    assert "collinear" in located.origins["flags"].item()


def test_a_velocity_reversal_and_a_single_layer_can_be_used(settings):
    for tops, vp in (([-2.0, 3.0, 6.0], [5.5, 4.8, 6.5]), ([0.0], [6.0])):
        model = VelocityModel("m", np.array(tops), np.array(vp), np.array(vp) / 1.73)
        events, arrivals = events_at(PLACES[:2], STATIONS, noise_s=0.02, model=model)
        located = checked(locate(events, arrivals, STATIONS, model, settings), arrivals)
        distance, _ = distance_azimuth(located.origins["latitude"], located.origins["longitude"], events["latitude"],
                                       events["longitude"])
        assert (distance < 1.5).all()


def test_an_event_at_the_surface_stays_inside_the_model(settings):
    events, arrivals = events_at([(35.7, -117.5, -0.4), (35.72, -117.48, 0.0)], STATIONS, noise_s=0.05)
    located = checked(locate(events, arrivals, STATIONS, MODEL, settings), arrivals)
    assert (located.origins["depth_km"] >= MODEL.top_km[0] - 1e-6).all()


def test_noise_instead_of_an_event_is_not_called_well_located(settings):
    rng = np.random.default_rng(4)
    arrivals = ARRIVALS_HERE.copy()
    arrivals["time"] = arrivals["time"] + pd.to_timedelta(rng.uniform(-15, 15, len(arrivals)), unit="s")
    located = checked(locate(EVENTS_HERE, ARRIVALS.order(arrivals), STATIONS, MODEL, settings), arrivals)
    if settings.mode == "default":
        assert not located.origins["well_located"].any()


def test_the_date_line_and_the_pole_are_places_like_others(settings):
    for latitude, longitude in ((10.0, 179.98), (88.5, 20.0)):
        stations = ring(latitude=latitude, longitude=longitude)
        events, arrivals = events_at([(latitude, longitude, 8.0)], stations, noise_s=0.02)
        origin = checked(locate(events, arrivals, stations, MODEL, settings), arrivals, stations).origins.iloc[0]
        distance, _ = distance_azimuth(origin["latitude"], origin["longitude"], latitude, longitude)
        assert distance < 1.0
