"""What the truth says of arrivals, against the samples themselves."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfilt

from quakescribe.settings.simulate import SimulateSettings
from quakescribe.simulate import build
from quakescribe.simulate.instruments import TRUTH_STATES, digitise, pieces, respond
from quakescribe.simulate.motion import ground_motion
from quakescribe.simulate.noise import level
from quakescribe.simulate.record import Recorder, counts, judged, record

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def truth(scenario):
    start, end = scenario.span_ns
    tables = [record(scenario, i, start, end)["truth_arrivals"] for i in range(len(scenario.stations))]
    return pd.concat(tables, ignore_index=True)


def test_any_stretch_made_alone_and_backwards_equals_the_whole(scenario):
    start, _ = scenario.span_ns
    for station in (0, 3):
        whole = counts(scenario, station, start, start + 900 * SECOND)
        cuts = [0, 7, 299, 300, 301, 601, 900]
        for a, b in reversed(list(pairwise(cuts))):
            piece = counts(scenario, station, start + a * SECOND, start + b * SECOND)
            np.testing.assert_array_equal(piece, whole[:, a * 100:b * 100])


@pytest.mark.parametrize("cuts", [(0.0, 0.31, 1.0), (0.0, 0.5, 0.52, 1.0)])
def test_the_truth_of_pieces_adds_up_to_the_truth_of_the_whole(scenario, truth, cuts):
    start, end = scenario.span_ns
    at = [start + round(share * (end - start) / SECOND) * SECOND for share in cuts]
    at[0] -= 10 * SECOND
    at[-1] += 10 * SECOND
    parts = [record(scenario, 2, a, b)["truth_arrivals"] for a, b in pairwise(at)]
    mine = truth[truth["station_id"] == scenario.stations[2].station_id].reset_index(drop=True)
    both = pd.concat(parts, ignore_index=True).sort_values(["event_id", "time"], ignore_index=True)
    pd.testing.assert_frame_equal(both, mine.sort_values(["event_id", "time"], ignore_index=True))


def test_a_recording_is_its_noise_its_disturbances_and_every_motion_shifted_by_the_clock(scenario):
    from quakescribe.simulate.disturbances import disturbances
    from quakescribe.simulate.noise import noise

    start, _ = scenario.span_ns
    low, high = start + 300 * SECOND, start + 420 * SECOND
    for station in scenario.stations:
        first, n = low // SECOND * 100, 12_000
        total = noise(scenario.settings, station, first, n) + disturbances(scenario.settings, station, first, n)
        error = np.zeros(len(scenario.events))
        for _, state in scenario.states[scenario.states["kind"] == "clock"].iterrows():
            if state["station_id"] == station.station_id:
                p = scenario.paths.onset_ns[:, station.index, 0]
                error[(p >= state["start"].value) & (p < state["end"].value)] = state["value"]
        for event in range(len(scenario.events)):
            begin, motion = ground_motion(scenario, event, station.index)
            for i in range(motion.shape[1]):
                at = begin + round(error[event] * 100) + i - first
                if 0 <= at < n:
                    total[:, at] += motion[:, i]
        np.testing.assert_allclose(Recorder(scenario, station.index).velocity(low, high), total, rtol=1e-5, atol=1e-12)


def test_the_signal_to_noise_ratio_is_that_of_the_samples(scenario, truth):
    """The oracle makes all events' motion and the one event's, whole, and looks at the seconds."""
    band = butter(4, (1.0, 20.0), "bandpass", fs=100.0, output="sos")
    start, end = (t // SECOND for t in scenario.span_ns)
    station = scenario.stations[0]
    rows = {"P": [0], "S": [0] if station.components == "Z" else [1, 2]}
    n = (end - start + 200) * 100
    recorder = Recorder(scenario, 0)
    powers = []
    for event in range(len(scenario.events)):
        motion = np.zeros((3, n))
        first, moved = recorder.motion(event)
        motion[:, first - start * 100:first - start * 100 + moved.shape[1]] = moved
        swapped = scenario.states[(scenario.states["kind"] == "swapped")
                                  & (scenario.states["station_id"] == station.station_id)].iloc[0]
        if swapped["start"].value <= scenario.paths.onset_ns[event, 0, 0] < swapped["end"].value:
            motion = motion[[1, 0, 2]]  # the channel that is called vertical shows the north
        powers.append(sosfilt(band, motion) ** 2)
    mine = truth[truth["station_id"] == station.station_id].set_index(["event_id", "phase"])
    ids = scenario.events["event_id"].to_numpy()
    for event in range(0, len(ids), 3):
        for phase in "PS":
            row = mine.loc[(ids[event], phase)]
            t = row["time"].value
            i = round((t - start * SECOND) * 1e-9 * 100)
            signal = powers[event][rows[phase], i:i + 100].mean()
            second = (t // SECOND - start) * 100
            others = max(sum(powers[k][rows[phase], a:a + 100].mean() for k in range(len(ids)) if k != event)
                         for a in (second - 100, second))
            ground = level(scenario.settings, station, np.array([t]))[0] ** 2
            if phase == "S" and station.components != "Z":
                ground *= scenario.settings.noise.horizontal**2
            assert row["snr"] == pytest.approx(np.sqrt(signal / (ground + others)), rel=1e-6)
            assert row["overlapped"] == (others > ground)


def test_peaks_are_those_of_the_noise_free_motion(scenario, truth):
    mine = truth[truth["station_id"] == scenario.stations[3].station_id].set_index(["event_id", "phase"])
    for event in range(0, len(scenario.events), 4):
        _, motion = ground_motion(scenario, event, 3)
        both = mine.loc[scenario.events["event_id"].iloc[event], "peak_m_s"]
        assert both.max() == pytest.approx(np.sqrt((motion**2).sum(axis=0)).max(), rel=1e-9)


def test_an_onset_is_called_clipped_where_the_digitiser_reaches_its_limit(scenario):
    limit = 2000.0
    settings = scenario.settings.model_copy(update={
        "instruments": scenario.settings.instruments.model_copy(update={"clip_counts": limit})})
    low = build(settings)
    seen = 0
    for index in (0, 1):
        found = record(low, index, *low.span_ns)["truth_arrivals"]
        for row in found.itertuples():
            samples = counts(low, index, row.time.value, row.time.value + SECOND)
            assert row.clipped == bool((np.abs(samples) >= limit).any())
            seen += row.clipped
    assert seen > 2


def test_an_event_of_the_hour_before_clips_those_behind_the_full_hour(scenario):
    start = pd.Timestamp("2024-03-01T05:54:00Z").to_pydatetime()
    settings = SimulateSettings(
        start=start, hours=0.2, network={"n_stations": 3}, instruments={"gaps_per_day": 0.0, "clip_counts": 3e5},
        seismicity={"background_per_day": 60_000.0, "mainshock": 5.0, "mainshock_at": 0.5 - 4 / 720})
    low = build(settings)
    hour = pd.Timestamp("2024-03-01T06:00:00Z").value
    found = record(low, 0, *low.span_ns)["truth_arrivals"]
    soon = found[(found["time"].astype("int64") - hour).between(0, 20 * SECOND)]
    assert soon["clipped"].nunique() == 2
    for row in soon.iloc[::3].itertuples():
        samples = counts(low, 0, row.time.value, row.time.value + SECOND)
        assert row.clipped == bool((np.abs(samples) >= settings.instruments.clip_counts).any())
    assert found[(found["time"].astype("int64") > hour)]["clipped"].any()


def flat(states: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame([{"value": np.nan, **state} for state in states])
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return TRUTH_STATES.conform(frame)


def test_dead_channels_are_flat_swapped_ones_change_places_and_gaps_are_left_out(scenario):
    station = replace(scenario.stations[0], gain=1e9, azimuth_deg=0.0, components="ZNE")
    motion = 1e-6 * np.arange(1, 4)[:, None] * np.ones((3, 1000))
    base = {"station_id": station.station_id, "components": "ZN"}
    states = flat([{**base, "kind": "swapped", "start": 2 * SECOND, "end": 4 * SECOND},
                   {**base, "kind": "dead", "components": "E", "start": 5 * SECOND, "end": 99 * SECOND},
                   {**base, "kind": "gap", "start": 3 * SECOND, "end": 6 * SECOND},
                   {**base, "kind": "overlap", "start": SECOND, "end": 2 * SECOND}])
    made = digitise(motion, states, station, scenario.settings, 0)
    expected = np.repeat([[1000], [2000], [3000]], 1000, axis=1)
    expected[:2, 200:400] = [[2000], [1000]]
    expected[2, 500:] = 0
    np.testing.assert_array_equal(made, expected)
    assert pieces(states, station, 0, 10 * SECOND) == [(0, 3 * SECOND), (6 * SECOND, 10 * SECOND), (SECOND, 2 * SECOND)]


def test_a_dead_vertical_hides_p_and_a_dead_horizontal_nothing():
    settings = SimulateSettings(hours=0.2, network={"n_stations": 6}, seismicity={"background_per_day": 2000.0},
                                instruments={"n_dead": 5, "gaps_per_day": 0.0, "n_vertical_only": 0})
    scenario = build(settings)
    seen = set()
    for station in scenario.stations:
        found = record(scenario, station.index, *scenario.span_ns)["truth_arrivals"]
        state = scenario.states[(scenario.states["kind"] == "dead")
                                & (scenario.states["station_id"] == station.station_id)]
        inside = found["time"].between(state["start"].min(), state["end"].max()) if len(state) else found["snr"] < 0
        dead = state["components"].iloc[0] if len(state) else ""
        hidden = inside & (found["phase"] == "P") if dead == "Z" else inside & False
        before_the_end = found["time"] < pd.Timestamp(scenario.span_ns[1], tz="UTC")
        assert (found["recorded"] == (~hidden & before_the_end)).all()
        seen.add(dead == "Z")
    assert seen == {True, False}


@pytest.mark.parametrize("corner", [1 / 120, 0.2])
def test_a_long_period_seismometer_may_be_cut_anywhere(scenario, corner):
    settings = scenario.settings.model_copy(update={
        "instruments": scenario.settings.instruments.model_copy(update={"corner_hz": corner})})
    slow = build(settings)
    start, end = slow.span_ns
    middle = start + 437 * SECOND
    whole = counts(slow, 0, start, end)
    cut = np.concatenate([counts(slow, 0, start, middle), counts(slow, 0, middle, end)], axis=1)
    np.testing.assert_array_equal(cut, whole)
    assert len(record(slow, 0, start, end)["truth_arrivals"])


def test_a_geophone_loses_what_lies_below_its_corner_and_keeps_what_lies_above():
    t = np.arange(6000) / 100
    for hz, expected in ((0.1, 0.01), (10.0, 1.0)):
        wave = np.sin(2 * np.pi * hz * t)[None]
        out = respond(wave, 100.0, 1.0)
        assert np.abs(out[:, 2000:4000]).max() == pytest.approx(expected, rel=0.05)
    assert respond(wave, 100.0, None) is wave


def test_detectable_events_have_p_and_s_at_four_stations(scenario, truth):
    events = judged(scenario, truth).set_index("event_id")
    for event, mine in truth.groupby("event_id"):
        both = sum(set(part["phase"]) == {"P", "S"} for _, part in mine[mine["detectable"]].groupby("station_id"))
        assert events.loc[event, "n_detectable"] == both
        assert events.loc[event, "detectable"] == (both >= 4)


def test_nobody_hears_anything_before_the_first_event(scenario):
    first = scenario.paths.onset_ns.min()
    tables = record(scenario, 1, scenario.span_ns[0] - 3600 * SECOND, int(first) - SECOND)
    assert len(tables["truth_arrivals"]) == 0
