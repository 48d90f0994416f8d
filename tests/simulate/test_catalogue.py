from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from quakescribe.earth.geodesy import LocalFrame, distance_azimuth
from quakescribe.settings.simulate import (
    Fault,
    NoiseSettings,
    OtherSourcesSettings,
    SeismicitySettings,
    SimulateSettings,
)
from quakescribe.simulate.catalogue import COLUMNS, draw
from quakescribe.simulate.etas import productivity
from quakescribe.simulate.other_sources import distant_p
from quakescribe.simulate.truth import TRUTH_EVENTS

FAULTS = (Fault(east_km=5.0, north_km=-8.0, strike_deg=300.0, dip_deg=40.0, rake_deg=-90.0, length_km=12.0,
                depth_km=(1.0, 7.0), thickness_km=0.3, share=1.0),
          Fault(east_km=-20.0, strike_deg=20.0, dip_deg=90.0, length_km=30.0, thickness_km=0.0, share=1.0))
BUSY = SimulateSettings(
    hours=48.0, seismicity=SeismicitySettings(faults=FAULTS, mainshock=4.5, swarm_events=300),
    other=OtherSourcesSettings(blasts_per_day=4.0, quarries=2, regional_per_day=5.0, teleseisms_per_day=2.0))
SILENT = SeismicitySettings(background_per_day=0.0)
MECHANISM = ["strike_deg", "dip_deg", "rake_deg"]


@pytest.fixture(scope="module")
def busy():
    return draw(BUSY)


def changed(settings=BUSY, **values):
    return settings.model_copy(update={"seismicity": settings.seismicity.model_copy(update=values)})


def others(days=14, start=datetime(2024, 3, 1, 6, tzinfo=UTC), local_time_h=2.0, **rates):
    """Only what is no earthquake of the region's."""
    return draw(SimulateSettings(start=start, hours=24.0 * days, seismicity=SILENT,
                                 noise=NoiseSettings(local_time_h=local_time_h), other=OtherSourcesSettings(**rates)))


def seconds(events, settings=BUSY):
    return (events["time"] - pd.Timestamp(settings.start)).dt.total_seconds()


def test_the_events_keep_the_contract_of_their_table(busy):
    TRUTH_EVENTS.check(TRUTH_EVENTS.conform(busy.assign(n_detectable=0, detectable=False)))
    assert tuple(busy) == COLUMNS
    assert set(busy["kind"]) == {"earthquake", "blast", "regional", "teleseism"}
    assert busy["time"].is_monotonic_increasing
    assert busy["event_id"].is_unique


def test_the_same_settings_draw_the_same_events_and_another_seed_others(busy):
    pd.testing.assert_frame_equal(draw(BUSY), busy, check_exact=True)
    assert draw(BUSY.model_copy(update={"seed": 2}))["time"].isin(busy["time"]).sum() <= 1  # the mainshock


def test_zero_rates_draw_no_events_but_the_columns():
    events = draw(SimulateSettings(seismicity=SILENT))
    assert len(events) == 0
    assert len(TRUTH_EVENTS.conform(events.assign(n_detectable=0, detectable=False))) == 0


def test_one_kind_of_source_changes_nothing_about_the_others(busy):
    plain = draw(changed(mainshock=None, swarm_events=0).model_copy(update={"other": OtherSourcesSettings()}))
    same = ["time", "latitude", "longitude", "depth_km", "magnitude", "stress_drop_mpa"]
    assert len(plain) > 1000
    assert len(plain.merge(busy, on=same)) == len(plain)


def test_nothing_of_the_region_happens_within_the_quiet_ends(busy):
    local = busy[busy["kind"].isin(["earthquake", "blast"])]
    assert seconds(local).between(40.0, 48 * 3600 - 40.0).all()


def test_foci_lie_on_their_planes_within_the_thickness(busy):
    events = busy[busy["kind"] == "earthquake"]
    frame = LocalFrame(BUSY.network.latitude, BUSY.network.longitude)
    x, y = frame.to_xy(events["latitude"], events["longitude"])
    off = []
    for fault in FAULTS:
        strike, dip = np.radians([fault.strike_deg, fault.dip_deg])
        along = np.array([np.sin(strike), np.cos(strike), 0.0])  # east, north, down
        slope = np.array([np.cos(strike) * np.cos(dip), -np.sin(strike) * np.cos(dip), np.sin(dip)])
        from_middle = np.column_stack([x - fault.east_km, y - fault.north_km,
                                       events["depth_km"] - np.mean(fault.depth_km)])
        inside = (np.abs(from_middle @ along) <= 0.5 * fault.length_km + 0.01) \
            & events["depth_km"].between(*fault.depth_km).to_numpy()
        off.append(np.where(inside, np.abs(from_middle @ np.cross(along, slope)), np.inf))
    flat = off[1] < 0.02
    thick = off[0][~flat]
    assert 500 < flat.sum() < len(events) - 500
    assert thick.max() < 5 * 0.3
    assert np.sqrt(np.mean(thick**2)) == pytest.approx(0.3, rel=0.1)


def test_mechanisms_scatter_round_their_faults():
    events = draw(changed(faults=FAULTS[:1]))
    events = events[events["kind"] == "earthquake"]
    for name, mean, sd in zip(MECHANISM, (300.0, 40.0, -90.0), (12.0, 8.0, 20.0), strict=True):
        error = (events[name] - mean + 180) % 360 - 180
        assert error.mean() == pytest.approx(0.0, abs=4 * sd / np.sqrt(len(events)))
        assert error.std() == pytest.approx(sd, rel=0.1)


def test_the_mainshock_stands_where_and_when_it_should_and_has_its_aftershocks():
    settings = changed(mainshock=5.0, background_per_day=0.0, swarm_events=0, magnitude_max=4.0)
    events = draw(settings.model_copy(update={"other": OtherSourcesSettings()}))
    main = events.iloc[0]
    assert main["magnitude"] == 5.0
    assert seconds(events)[0] == pytest.approx(0.4 * 48 * 3600, abs=1e-5)
    x, y = LocalFrame(40.0, 30.0).to_xy(main["latitude"], main["longitude"])
    assert (x, y, main["depth_km"]) == pytest.approx((5.0, -8.0, 4.0), abs=0.002)
    rules, left = settings.seismicity, 0.6 * 48 * 3600 - 40
    expected = productivity(rules) * 10 ** (0.8 * 4.8) * (1 - (1 + left / 120) ** -0.1)
    assert (events["parent_id"] == main["event_id"]).sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert (events["parent_id"] == 0).sum() == 1


def test_parents_are_earlier_events_of_the_table(busy):
    child = busy[busy["parent_id"] > 0].merge(busy[["event_id", "time", "kind"]], left_on="parent_id",
                                              right_on="event_id", suffixes=("", "_parent"))
    assert len(child) == (busy["parent_id"] > 0).sum() > 100
    assert (child["time_parent"] < child["time"]).all()
    assert (child["kind"] == "earthquake").all()
    assert (child["kind_parent"] == "earthquake").all()


def test_aftershocks_of_what_came_before_the_recordings_are_there():
    quiet = {"mainshock": None, "swarm_events": 0, "branching_ratio": 0.9, "omori_p": 1.3}
    fresh, settled = (draw(changed(history_days=days, **quiet)) for days in (0.0, 20.0))
    early = [(seconds(e) < 4 * 3600).sum() for e in (fresh, settled)]
    assert early[1] > 1.5 * early[0]
    assert (settled["parent_id"] == 0).sum() > (fresh["parent_id"] == 0).sum() + 100


@pytest.mark.parametrize("local_time_h", [2.0, -9.5, 12.0])
def test_blasts_happen_in_the_working_hours_of_weekdays(local_time_h):
    events = others(local_time_h=local_time_h, quarries=3, blasts_per_day=5.0)
    local = events["time"] + pd.Timedelta(local_time_h, "h")
    hour = local.dt.hour + local.dt.minute / 60
    assert (events["kind"] == "blast").all()
    assert hour.between(9, 17).all()
    assert (local.dt.day_of_week < 5).all()
    assert len(local.dt.date.unique()) >= 10
    assert len(events) == pytest.approx(150, abs=60)


def test_blasts_are_small_superficial_in_their_quarries_and_without_mechanism():
    events = others(quarries=3, blasts_per_day=5.0)
    assert events["magnitude"].between(0.8, 2.2).all()
    assert (events["depth_km"] == -0.85).all()  # the stations' mean height
    assert events[MECHANISM].isna().all(axis=None)
    x, y = LocalFrame(40.0, 30.0).to_xy(events["latitude"], events["longitude"])
    assert np.hypot(x, y).max() < 0.6 * 70 + 1.0
    corners = np.round(np.column_stack([x, y]) / 4.0)
    assert len(np.unique(corners, axis=0)) <= 12


def test_a_weekend_has_no_blasts():
    assert len(others(days=2, start=datetime(2024, 3, 2, tzinfo=UTC), local_time_h=0.0, blasts_per_day=50.0)) == 0


def test_regional_earthquakes_lie_round_the_network_in_the_crust():
    events = others(regional_per_day=20.0)
    distance, azimuth = distance_azimuth(40.0, 30.0, events["latitude"], events["longitude"])
    assert len(events) == pytest.approx(280, abs=4 * np.sqrt(280))
    assert (events["kind"] == "regional").all()
    assert distance.min() > 149.9
    assert distance.max() < 500.1
    assert np.histogram(azimuth, 4, (0, 360))[0].min() > 40
    assert events["magnitude"].between(3.0, 6.0).all()
    assert events["depth_km"].between(3.0, 32.0).all()


def test_teleseisms_are_far_and_large_and_their_p_arrives_within_the_recordings():
    events = others(teleseisms_per_day=2.0)
    distance, _ = distance_azimuth(40.0, 30.0, events["latitude"], events["longitude"])
    assert len(events) == pytest.approx(28, abs=22)
    assert distance.min() > 3000
    assert events["magnitude"].between(5.5, 7.5).all()
    np.testing.assert_allclose(np.log10(events["moment_nm"]), 1.5 * events["magnitude"] + 9.1)
    arrival = seconds(events) + [distant_p(*pair)[0] for pair in zip(distance, events["depth_km"], strict=True)]
    assert arrival.between(39.9, 14 * 86400 - 39.9).all()


def test_more_events_than_tenths_of_a_second_still_have_ids_of_their_own():
    swarm = SeismicitySettings(background_per_day=0.0, swarm_events=5000, swarm_hours=0.01)
    events = draw(SimulateSettings(seismicity=swarm))
    assert len(events) >= 5000
    assert events["event_id"].is_unique


@pytest.mark.parametrize("wrong", [{"faults": ()}, {"faults": (Fault(share=0.0),)}, {"branching_ratio": 1.0},
                                   {"omori_p": 1.0}, {"magnitude_min": 9.0}])
def test_impossible_seismicity_is_refused(wrong):
    with pytest.raises(ValidationError):
        SeismicitySettings(**wrong)


def test_hours_and_magnitudes_of_blasts_must_ascend():
    for name in ("blast_hours", "blast_magnitude"):
        with pytest.raises(ValidationError, match=name):
            OtherSourcesSettings(**{name: (5.0, 1.0)})
