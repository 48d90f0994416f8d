"""The associator on real picks of two days of the Ridgecrest sequence."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from quakescribe.associate import associate, groups
from quakescribe.settings.associate import AssociateSettings

sys.path.insert(0, str(Path(__file__).parents[2] / "evidence"))

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def ridgecrest(real_data):
    from associate import found_again, picks_table
    from associate import ridgecrest as read

    pairs, events, stations, model = read(real_data)
    picks = picks_table(pairs["station_id"].to_numpy(), pairs["p"], pairs["s"])
    ours = associate(picks, stations, model, AssociateSettings())
    return picks, stations, model, ours, found_again(events, picks, ours)


def test_the_events_of_pal_are_found_again(ridgecrest):
    assert (ridgecrest[4]["share"] >= 0.6).mean() >= 0.99


def test_the_groups_of_an_hour_give_the_hour_of_the_whole(ridgecrest):
    picks, stations, model, ours, _ = ridgecrest
    first, last = pd.Timestamp("2019-07-04T23:30", tz="UTC"), pd.Timestamp("2019-07-05T00:30", tz="UTC")
    parts = [group for group in groups(picks, stations, model, AssociateSettings())
             if group["time"].min() >= first and group["time"].max() < last]
    arrivals = pd.concat([associate(part, stations, model, AssociateSettings()).arrivals for part in parts])
    held = set(pd.concat(parts)["pick_id"])
    want = ours.arrivals[ours.arrivals["pick_id"].isin(held)].reset_index(drop=True)
    assert len(want) > 100
    pd.testing.assert_frame_equal(arrivals.reset_index(drop=True), want, check_exact=True)
