import hashlib

import numpy as np
import obspy
import pandas as pd
import pytest

from quakescribe.earth.velocity import read_velocity
from quakescribe.simulate import simulate
from quakescribe.simulate.record import counts
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS
from quakescribe.tables import store


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_settings_write_the_same_bytes_also_over_an_older_simulation(small, folder, tmp_path):
    simulate(small, tmp_path)
    before = digests(folder)
    assert digests(tmp_path) == before
    simulate(small, tmp_path)
    assert digests(tmp_path) == before


def test_obspy_reads_back_the_counts(folder, scenario):
    start, end = scenario.span_ns
    station = scenario.stations[4]
    stream = obspy.read(str(folder / "waveforms" / "2024" / "QS" / "S05" / "HHZ.D" / "*"))
    stream.merge()
    assert len(stream) == 1
    assert stream[0].stats.starttime.ns == start
    np.testing.assert_array_equal(stream[0].data, counts(scenario, station.index, start, end)[0])


def test_gaps_and_overlaps_are_where_the_scenario_says(folder, scenario):
    gapped = next(s for s in scenario.stations if s.gap_ns)
    stream = obspy.read(str(folder / "waveforms" / "*" / "QS" / gapped.station_id.split(".")[1] / "HHZ.D" / "*"))
    (_, _, _, _, last, first, seconds, _), = stream.get_gaps()
    assert seconds == pytest.approx(20.0)
    assert last.ns + 10**7 == gapped.gap_ns[0]
    assert first.ns == gapped.gap_ns[1]
    doubled = next(s for s in scenario.stations if s.overlap_ns)
    stream = obspy.read(str(folder / "waveforms" / "*" / "QS" / doubled.station_id.split(".")[1] / "HHZ.D" / "*"))
    assert stream.get_gaps()[0][6] < 0
    assert len(stream.merge()) == 1


def test_stationxml_has_the_gains_and_orientations(folder, scenario):
    inventory = obspy.read_inventory(str(folder / "stations.xml"))
    for station in scenario.stations:
        name = station.station_id.split(".")[1]
        channels = inventory.select(station=name)[0][0].channels
        assert len(channels) == len(station.components)
        for channel in channels:
            if station.gain_known:
                assert channel.response.instrument_sensitivity.value == pytest.approx(station.gain)
                assert channel.response.instrument_sensitivity.input_units.upper() == "M/S"
            else:
                assert channel.response is None
        if station.components == "Z12":
            assert sorted(c.code for c in channels) == ["HH1", "HH2", "HHZ"]
            one, two = (next(c for c in channels if c.code.endswith(k)) for k in "12")
            assert (two.azimuth - one.azimuth) % 360 == pytest.approx(90.0)


def test_obspy_turns_the_oblique_station_into_the_simulated_motion(folder, scenario):
    station = next(s for s in scenario.stations if s.components == "Z12")
    stream = obspy.read(str(folder / "waveforms" / "*" / "QS" / station.station_id.split(".")[1] / "*" / "*"))
    stream.merge(fill_value=0)
    stream.rotate("->ZNE", inventory=obspy.read_inventory(str(folder / "stations.xml")))
    start, end = scenario.span_ns
    straight = scenario.__class__(scenario.settings, scenario.model, tuple(
        s if s is not station else s.__class__(**{**vars(s), "azimuth_deg": 0.0}) for s in scenario.stations),
        scenario.events, scenario.paths)
    expected = counts(straight, station.index, start, end)
    for row, code in enumerate("ZNE"):
        mine = stream.select(channel=f"HH{code}")[0].data
        recorded = stream.select(channel="HHZ")[0].data != 0
        np.testing.assert_allclose(mine[recorded], expected[row][recorded], atol=2.0)


def test_truth_and_velocity_read_back(folder, scenario):
    events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS)
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    assert len(arrivals) == len(events) * len(scenario.stations) * 2
    model = read_velocity(folder / "velocity.csv")
    np.testing.assert_allclose(model.vs, scenario.model.vs)


def test_detectable_means_p_and_s_above_the_threshold_at_four_stations(folder, small):
    events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS).set_index("event_id")
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    for event, mine in arrivals.groupby("event_id"):
        good = mine[(mine["snr"] >= small.detectable_snr) & mine["recorded"]]
        both = good.groupby("station_id")["phase"].nunique()
        assert (both == 2).sum() == events.loc[event, "n_detectable"]
        assert ((both == 2).sum() >= 4) == events.loc[event, "detectable"]


def test_the_larger_the_event_the_better_it_is_seen(folder):
    events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS)
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    snr = np.log10(arrivals.groupby("event_id")["snr"].median()).reindex(events["event_id"]).to_numpy()
    assert np.corrcoef(snr, events["magnitude"])[0, 1] > 0.7


def test_an_arrival_in_a_gap_is_not_recorded(folder, scenario):
    gapped = next(s for s in scenario.stations if s.gap_ns)
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    mine = arrivals[arrivals["station_id"] == gapped.station_id]
    low, high = (pd.Timestamp(t, tz="UTC") for t in gapped.gap_ns)
    inside = mine["time"].between(low, high)
    assert not mine.loc[inside, "recorded"].any()
    assert mine.loc[~mine["time"].between(low - pd.Timedelta("2s"), high + pd.Timedelta("2s")), "recorded"].all()
