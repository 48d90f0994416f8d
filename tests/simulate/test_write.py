import hashlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import obspy
import pandas as pd
import pytest

from quakescribe.earth.velocity import read_velocity
from quakescribe.simulate import simulate
from quakescribe.simulate.instruments import spans
from quakescribe.simulate.record import counts
from quakescribe.simulate.spectra import response
from quakescribe.simulate.truth import TRUTH_ARRIVALS, TRUTH_EVENTS, TRUTH_STATES, TRUTH_TRANSIENTS
from quakescribe.simulate.write import units, write_stations
from quakescribe.tables import store


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")}


def test_the_same_settings_write_the_same_bytes_also_over_an_older_simulation(small, folder, tmp_path):
    simulate(small, tmp_path)
    before = digests(folder)
    assert digests(tmp_path) == before
    simulate(small.model_copy(update={"seed": 2, "hours": 30.0 / 3600 + 0.1}), tmp_path, store=False)
    assert not list((tmp_path / "waveforms").rglob("*.D.*"))
    simulate(small, tmp_path)
    assert digests(tmp_path) == before


def test_an_interrupted_simulation_goes_on_where_it_stopped(small, folder, tmp_path):
    made = []

    def stop_after_three(function, work):
        for unit in work[:3]:
            yield function(unit)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(small, tmp_path, "this code", share_out=stop_after_three)
    assert not (tmp_path / "truth" / "arrivals.parquet").exists()
    simulate(small, tmp_path, "this code", share_out=lambda f, work: made.extend(map(f, work)) or made)
    assert [samples > 0 for samples in made] == [False] * 3 + [True] * 3
    assert digests(tmp_path) == digests(folder)
    again = simulate(small, tmp_path, "this code", share_out=stop_after_three)
    assert len(again["truth_arrivals"]) and digests(tmp_path) == digests(folder)


def test_units_of_another_code_are_made_again(small, tmp_path):
    def only_one(function, work):
        yield function(work[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(small, tmp_path, "old code", share_out=only_one)
    made = []
    simulate(small, tmp_path, "new code", share_out=lambda f, work: made.extend(map(f, work)) or made)
    assert len(made) == 6 and all(samples > 0 for samples in made)


def test_the_units_of_a_span_cover_every_station_and_day_once(scenario, small, tmp_path):
    longer = replace(scenario, settings=small.model_copy(update={"hours": 60.0}))
    work = units(longer, tmp_path)
    assert len(work) == 3 * len(scenario.stations)
    for station in scenario.stations:
        mine = [unit for unit in work if unit.station == station.index]
        assert (mine[0].start_ns, mine[-1].end_ns) == longer.span_ns
        assert all(a.end_ns == b.start_ns and a.end_ns % 86_400_000_000_000 == 0
                   for a, b in pairwise(mine))


def test_obspy_reads_back_the_counts(folder, scenario):
    start, end = scenario.span_ns
    whole = next(s for s in scenario.stations if not spans(scenario.states, s, "gap"))
    name = whole.station_id.split(".")[1]
    stream = obspy.read(str(folder / "waveforms" / "2024" / "QS" / name / "HHZ.D" / "*"))
    stream.merge()
    assert len(stream) == 1
    assert stream[0].stats.starttime.ns == start
    np.testing.assert_array_equal(stream[0].data, counts(scenario, whole.index, start, end)[0])


def test_gaps_and_overlaps_are_where_the_truth_says(folder, scenario):
    states = store.read(folder / "truth" / "states.parquet", TRUTH_STATES)
    gaps = states[states["kind"] == "gap"]
    assert len(gaps)
    for station_id, mine in gaps.groupby("station_id"):
        stream = obspy.read(str(folder / "waveforms" / "*" / "QS" / station_id.split(".")[1] / "HHZ.D" / "*"))
        stream.merge()
        recorded = np.ones(round(scenario.settings.hours * 360000), dtype=bool)
        start = scenario.span_ns[0]
        for low, high in zip(mine["start"], mine["end"], strict=True):
            recorded[round((low.value - start) / 1e7):round((high.value - start) / 1e7)] = False
        assert recorded.sum() == sum(np.ma.count(trace.data) for trace in stream)
    doubled = states.loc[states["kind"] == "overlap", "station_id"].iloc[0]
    stream = obspy.read(str(folder / "waveforms" / "*" / "QS" / doubled.split(".")[1] / "HHZ.D" / "*"))
    assert min(gap[6] for gap in stream.get_gaps()) < 0


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
    straight = replace(scenario, stations=tuple(
        one if one is not station else replace(one, azimuth_deg=0.0) for one in scenario.stations))
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
    for table in (TRUTH_STATES, TRUTH_TRANSIENTS):
        assert len(store.read(folder / "truth" / f"{table.name.removeprefix('truth_')}.parquet", table))


def test_detectable_means_p_and_s_above_the_threshold_at_four_stations(folder, small):
    events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS).set_index("event_id")
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    for event, mine in arrivals.groupby("event_id"):
        good = mine[(mine["snr"] >= small.truth.snr) & mine["recorded"]]
        both = good.groupby("station_id")["phase"].nunique()
        assert (both == 2).sum() == events.loc[event, "n_detectable"]
        assert ((both == 2).sum() >= 4) == events.loc[event, "detectable"]


def test_the_larger_the_event_the_stronger_it_shakes(folder):
    events = store.read(folder / "truth" / "events.parquet", TRUTH_EVENTS)
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    peak = np.log10(arrivals.groupby("event_id")["peak_m_s"].median()).reindex(events["event_id"]).to_numpy()
    assert np.corrcoef(peak, events["magnitude"])[0, 1] > 0.8


def test_an_arrival_in_a_gap_is_not_recorded(folder, scenario):
    arrivals = store.read(folder / "truth" / "arrivals.parquet", TRUTH_ARRIVALS)
    second = pd.Timedelta("1s")
    for station in scenario.stations:
        mine = arrivals[arrivals["station_id"] == station.station_id]
        missed = np.zeros(len(mine), dtype=bool)
        for low, high, _, _ in spans(scenario.states, station, "gap"):
            missed |= mine["time"].between(pd.Timestamp(low, tz="UTC") - second, pd.Timestamp(high, tz="UTC") + second)
        missed |= (mine["time"] >= pd.Timestamp(scenario.span_ns[1], tz="UTC")).to_numpy()
        assert (mine["recorded"].to_numpy() == ~missed).all()


@pytest.mark.parametrize("corner", [0.2, 2.0])
def test_the_poles_in_the_stationxml_are_those_of_the_recordings(scenario, small, tmp_path, corner):
    slow = replace(scenario, settings=small.model_copy(update={
        "instruments": small.instruments.model_copy(update={"corner_hz": corner})}))
    write_stations(slow, tmp_path / "stations.xml")
    inventory = obspy.read_inventory(str(tmp_path / "stations.xml"))
    f = np.array([0.05, 0.1, corner, 1.0, 10.0, 40.0])
    for station in slow.stations:
        name = station.station_id.split(".")[1]
        channel = inventory.select(station=name)[0][0].channels[0]
        if station.gain_known:
            seen = channel.response.get_evalresp_response_for_frequencies(f, output="VEL")
            np.testing.assert_allclose(seen / station.gain, response(f, corner), rtol=2e-3, atol=1e-6)


def test_a_damaged_archive_is_made_again(small, tmp_path):
    simulate(small, tmp_path, "this code")
    before = digests(tmp_path)
    next((tmp_path / "waveforms").rglob("*HHZ*.D.*")).unlink()
    simulate(small, tmp_path, "this code")
    assert digests(tmp_path) == before
