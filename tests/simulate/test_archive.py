"""A scenario read as an archive, against the files that are written of it."""

import numpy as np
import pandas as pd
import pytest

from quakescribe.exchange.stations import read_stations
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.simulate.archive import open_scenario
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.prepare import load

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def both(folder, small):
    return open_archive(folder / "waveforms", WaveformsSettings()), open_scenario(small, WaveformsSettings())


def test_the_index_and_the_chosen_instruments_are_those_of_the_files(both):
    written, made = both
    pd.testing.assert_frame_equal(made.chosen, written.chosen)
    columns = ["station_id", "channel"]
    for name in ("start", "end"):
        theirs, ours = (one.index.groupby(columns)[name].agg(["min", "max"]) for one in (written, made))
        pd.testing.assert_frame_equal(ours, theirs)
    assert made.made and not written.made


@pytest.mark.parametrize(("low", "high"), [(0, 1080), (301, 640), (-50, 90), (1000, 1200)])
def test_blocks_are_those_of_the_files_gaps_and_all(both, folder, scenario, low, high):
    stations, channels = read_stations(folder / "stations.xml")
    start = scenario.span_ns[0]
    for station in scenario.stations:
        theirs, ours = (load(archive, stations, channels, station.station_id, start + low * SECOND,
                             start + high * SECOND, WaveformsSettings())[0] for archive in both)
        assert len(theirs) == len(ours) == 1
        assert (theirs[0].first, theirs[0].unit, theirs[0].present) == (ours[0].first, ours[0].unit, ours[0].present)
        np.testing.assert_array_equal(theirs[0].mask, ours[0].mask)
        np.testing.assert_array_equal(theirs[0].data, ours[0].data)
