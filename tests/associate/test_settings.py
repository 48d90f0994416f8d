"""What the settings and bad networks do."""

import sys
from pathlib import Path

import numpy as np
import pytest

from quakescribe.associate import associate
from quakescribe.errors import SettingsError, StationError
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.base import build
from quakescribe.tables import STATIONS

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from onsets import MODEL, network, onsets, picks_of, ring

RING = ring()
EVENT = [(20.0, 5.0, 3.0, 8.0)]


@pytest.mark.parametrize(("stations", "found"), [(4, 1), (5, 0)])
def test_min_stations_decides(stations, found):
    picks, _ = picks_of(onsets(EVENT, RING, chosen={0: [0, 2, 4, 6]}))
    settings = AssociateSettings(min_stations=stations)
    assert len(associate(picks, RING, MODEL, settings).events) == found


@pytest.mark.parametrize(("least", "found"), [(3, 1), (4, 0)])
def test_a_bad_s_costs_an_event_only_where_every_station_needs_a_pair(least, found):
    frame = onsets(EVENT, RING, chosen={0: [0, 2, 4, 6]}, sigma_p=0.01, sigma_s=0.01)
    frame.loc[(frame["phase"] == "S") & (frame["station_id"] == "XX.S02."), "after"] -= 3.0
    picks, _ = picks_of(frame)
    settings = AssociateSettings(min_pairs=least, origin_time_deviation_s=5.0)
    result = associate(picks, RING, MODEL, settings)
    assert len(result.events) == found
    assert len(result.arrivals) == 7 * found


def test_unpaired_onsets_join_afterwards_and_only_within_their_tolerance():
    frame = onsets(EVENT, RING, sigma_p=0.01, sigma_s=0.01)
    single = (frame["phase"] == "P") & frame["station_id"].isin(["XX.S05.", "XX.S06."])
    frame.loc[frame["station_id"] == "XX.S06.", "after"] += 1.2
    frame = frame[~(frame["phase"].eq("S") & frame["station_id"].isin(["XX.S05.", "XX.S06."]))]
    picks, _ = picks_of(frame, paired=False)
    result = associate(picks, RING, MODEL, AssociateSettings())
    assert single.sum() == 2
    assert "XX.S05." in set(result.arrivals["station_id"])
    assert "XX.S06." not in set(result.arrivals["station_id"])
    assert result.events["n_stations"].tolist() == [7]


@pytest.mark.parametrize(("share", "found"), [(0.0, 1), (0.6, 0)])
def test_an_event_that_its_nearest_stations_do_not_have_can_be_refused(share, found):
    picks, _ = picks_of(onsets([(20.0, 0.0, 0.0, 8.0)], RING, chosen={0: [1, 3, 5, 7]}))
    assert len(associate(picks, RING, MODEL, AssociateSettings(min_nearby_share=share)).events) == found


def test_stations_at_one_place_are_no_fault():
    one = network(np.zeros((5, 2)))
    picks, _ = picks_of(onsets(EVENT, one))
    assert len(associate(picks, one, MODEL, AssociateSettings()).events) == 1


def test_no_stations_are_said_so():
    with pytest.raises(StationError, match="at least one station"):
        associate(picks_of(onsets(EVENT, RING))[0], STATIONS.empty(), MODEL, AssociateSettings())


def test_a_grid_that_would_not_fit_into_memory_is_refused():
    wide = network([[0.0, 0.0], [3000.0, 0.0], [0.0, 3000.0]])
    with pytest.raises(SettingsError, match="grid_km"):
        associate(picks_of(onsets(EVENT, RING))[0], wide, MODEL, AssociateSettings(grid_km=0.5))


def test_depths_the_wrong_way_round_are_refused():
    with pytest.raises(SettingsError, match="depth_bottom_km"):
        build(AssociateSettings, "associate", {"depth_top_km": 20.0})


def test_an_unknown_associator_is_refused():
    with pytest.raises(SettingsError, match="associator"):
        build(AssociateSettings, "associate", {"associator": "gamma"})
