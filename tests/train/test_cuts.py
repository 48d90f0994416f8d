import dataclasses

import numpy as np
import pandas as pd
import pytest
from made_blocks import BEGIN, SPAN, STATION, at, block, loader, pairs, wanted

from quakescribe.settings.train import SamplesSettings
from quakescribe.tables import MARKS, SAMPLES, SKIPS
from quakescribe.train.cuts import cut_unit, sample_id
from quakescribe.train.negatives import busy
from quakescribe.train.split import one_split, split_of
from quakescribe.waveforms.prepare import bandpass

QUIET = SamplesSettings(noise_per_day=0)
PAIRS = pairs((1, 100.003, 103.0), (2, 250.5, 260.25), (3, 400.0, 401.5))


def masked(whole, component: int, low: float, high: float):
    first = whole.index(at(low))
    mask = whole.mask.copy()
    mask[component, first:whole.index(at(high))] = True
    return dataclasses.replace(whole, mask=mask)


def ns(times: pd.Series) -> np.ndarray:
    return times.to_numpy("datetime64[ns]").view(np.int64)


def reasons(cuts) -> dict[str, int]:
    return dict(zip(cuts.skips["reason"], cuts.skips["count"], strict=True))


@pytest.mark.parametrize("offset_ns", [0, 3_000_000, -4_000_000])
def test_a_positive_holds_what_the_recording_holds_with_its_p_in_the_middle(offset_ns):
    whole = block(offset_ns=offset_ns)
    cuts = cut_unit(loader(whole), wanted(PAIRS), QUIET)
    filtered = bandpass(whole, 1.0, 20.0)
    assert list(cuts.samples["kind"]) == ["positive"] * 3 and cuts.data.shape == (3, 3, 6000)
    assert cuts.data.dtype == np.float16 and reasons(cuts) == {}
    for row in cuts.samples.itertuples():
        start = row.start.value
        first = round((start - offset_ns) * 1e-9 * 100 - whole.first)
        assert whole.time_ns(first) == start
        assert abs(start + 30_000_000_000 - row.p_time.value) <= 5_000_000 + abs(offset_ns)
        expected = filtered.data[:, first:first + 6000]
        assert row.scale == np.abs(expected).max()
        got = cuts.data[row.row].astype(np.float64) * row.scale
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-6 * row.scale)
    assert np.abs(cuts.data).max(axis=(1, 2)) == pytest.approx(1.0)
    for table, frame in ((SAMPLES, cuts.samples), (MARKS, cuts.marks), (SKIPS, cuts.skips)):
        table.check(frame)


def test_marks_are_all_onsets_within_a_cut():
    others = pairs((0, 120.0, 127.0), (0, 131.0, 133.0))
    cuts = cut_unit(loader(block()), wanted(PAIRS, others=others), QUIET)
    first = cuts.marks[cuts.marks["sample_id"] == cuts.samples["sample_id"][0]]
    assert list(zip(first["phase"], ns(first["time"]), first["use"], strict=True)) == [
        ("P", at(100.003), "label"), ("S", at(103.0), "label"), ("P", at(120.0), "ignore"), ("S", at(127.0), "ignore")]


@pytest.mark.parametrize("rate", [50.0, 200.0, 250.0, 62.5])
def test_another_sampling_rate_is_resampled_without_moving_the_onset(rate):
    from scipy.interpolate import CubicSpline

    n = round(720 * rate)
    time = np.arange(n) / rate
    smooth = sum(np.sin(2 * np.pi * f * time + f) for f in (2.0, 4.1, 7.3))
    whole = block(rate=rate, samples=np.stack([smooth, 2 * smooth, -smooth]), offset_ns=2_000_000)
    cuts = cut_unit(loader(whole), wanted(PAIRS), QUIET)
    filtered = bandpass(whole, 1.0, 20.0)
    known = np.array([whole.time_ns(i) - BEGIN for i in (0, n - 1)]) * 1e-9
    spline = CubicSpline(np.linspace(*known, n), filtered.data[0].astype(np.float64))
    for row in cuts.samples.itertuples():
        seconds = (row.start.value - BEGIN) * 1e-9 + np.arange(6000) * 0.01
        got = cuts.data[row.row, 0].astype(np.float64) * row.scale
        assert np.abs(got - spline(seconds)).max() < (0.02 if rate > 60 else 0.05) * np.abs(got).max()
        assert abs((row.start.value + 30e9 - row.p_time.value) * 1e-9) <= 0.5 / rate + 0.002


@pytest.mark.parametrize(("component", "low", "high", "left_out"), [
    (0, 99.2, 99.4, True), (2, 104.6, 104.9, True), (0, 80.0, 84.0, False), (1, 106.0, 107.0, False),
    (1, 106.0, 118.0, True)])
def test_a_gap_at_the_pair_or_in_too_much_of_the_cut_leaves_a_positive_out(component, low, high, left_out):
    whole = masked(block(), component, low, high)
    cuts = cut_unit(loader(whole), wanted(PAIRS.iloc[:1]), QUIET)
    assert reasons(cuts) == ({"gap": 1} if left_out else {})
    if not left_out:
        mask = bandpass(whole, 1.0, 20.0).mask
        first = whole.index(cuts.samples["start"][0].value)
        inside = mask[:, first:first + 6000]
        assert inside.any() and not cuts.data[0][inside].any()


@pytest.mark.parametrize("recording", [block(present="ZE"), masked(block(), 1, -60, 660)], ids=["absent", "dead"])
def test_a_missing_horizontal_is_named_and_is_what_the_picker_makes_of_it(recording):
    zeros, replaced = (cut_unit(loader(recording), wanted(PAIRS), QUIET, replace) for replace in (False, True))
    for cuts in (zeros, replaced):
        assert list(cuts.samples["present"]) == ["ZE"] * 3 and cuts.data[:, 2].any()
    assert not zeros.data[:, 1].any()
    np.testing.assert_array_equal(replaced.data[:, 1], replaced.data[:, 2])


def test_pairs_without_a_recording_or_a_vertical_are_counted():
    assert reasons(cut_unit(loader(), wanted(PAIRS), QUIET)) == {"no-vertical": 3}
    assert reasons(cut_unit(loader(block(present="NE")), wanted(PAIRS), QUIET)) == {"no-vertical": 3}
    assert reasons(cut_unit(loader(masked(block(), 0, 90, 300)), wanted(PAIRS), QUIET)) == {"gap": 2}


def test_a_motionless_recording_gives_nothing():
    still = block(samples=np.zeros((3, 72_000)))
    cuts = cut_unit(loader(still), wanted(PAIRS, negatives=2), QUIET)
    assert len(cuts.samples) == 0 and reasons(cuts) == {"dead": 5}


def test_of_two_instruments_the_one_that_recorded_the_p_is_cut():
    early, late = masked(block(seed=1), 0, 200, 660), masked(block(seed=2), 0, -60, 200)
    cuts = cut_unit(loader(early, late), wanted(PAIRS), QUIET)
    filtered = bandpass(late, 1.0, 20.0).data
    first = late.index(cuts.samples["start"][1].value)
    got = cuts.data[1].astype(np.float64) * cuts.samples["scale"][1]
    np.testing.assert_allclose(got, filtered[:, first:first + 6000], rtol=1e-3, atol=1e-11)
    assert len(cuts.samples) == 3


def test_negatives_and_background_keep_away_from_earthquakes_and_gaps():
    others = pairs((0, 500.0, 505.0))
    whole = masked(block(), 0, 300.0, 310.0)
    cuts = cut_unit(loader(whole), wanted(PAIRS.iloc[:1], 40, others), SamplesSettings(noise_per_day=20))
    drawn = cuts.samples[cuts.samples["kind"] != "positive"]
    assert set(drawn["kind"]) == {"negative", "noise"} and len(drawn) + sum(reasons(cuts).values()) == 60
    spans = [*busy(pairs((0, 100.003, 103.0), (0, 500.0, 505.0))), (at(300), at(310))]
    for start in ns(drawn["start"]):
        assert SPAN[0] <= start and start + 60e9 <= SPAN[1]
        assert all(start + 60e9 <= low or start > high for low, high in spans)
    assert cuts.marks["sample_id"].isin(cuts.samples["sample_id"][cuts.samples["kind"] == "positive"]).all()
    assert drawn["p_time"].isna().all() and (drawn["event_id"] == 0).all()
    assert cuts.data[:, 0].any(axis=1).all()


def test_as_published_negatives_may_hold_earthquakes_and_have_no_marks():
    settings = SamplesSettings(noise_per_day=0, keep_quakes_out=False)
    others = pairs(*((0, 10.0 + 40 * k, 15.0 + 40 * k) for k in range(15)))
    cuts = cut_unit(loader(block()), wanted(pairs(), 40, others), settings)
    assert len(cuts.samples) == 40 and len(cuts.marks) == 0
    assert reasons(cut_unit(loader(block()), wanted(pairs(), 40, others), QUIET)) == {"not-placed-negative": 40}


def test_no_time_and_no_event_is_both_trained_on_and_held_out():
    edge = next(k for k in range(1, 500) if split_of(BEGIN + k * 3_600_000_000_000 - 1, QUIET)
                != split_of(BEGIN + k * 3_600_000_000_000, QUIET)) * 3_600_000_000_000
    near = pairs(*((k, -100.0 + 10 * k, -98.0 + 10 * k) for k in range(21)))
    for column in ("p_ns", "s_ns"):
        near[column] += edge
    whole = dataclasses.replace(block(before_s=300.0), first=round((BEGIN + edge) / 1e9 - 300) * 100)
    told = dataclasses.replace(wanted(near), start_ns=BEGIN + edge - 240_000_000_000,
                               end_ns=BEGIN + edge + 240_000_000_000)
    cuts = cut_unit(loader(whole), told, QUIET)
    assert set(cuts.samples["split"]) == {"train", "valid"}
    assert reasons(cuts)["other-split"] + len(cuts.samples) == 21 and reasons(cuts)["other-split"] == 5
    spans = {split: [(start, start + 60_000_000_000) for start in ns(mine["start"])]
             for split, mine in cuts.samples.groupby("split")}
    assert all(a[1] <= b[0] or b[1] <= a[0] for a in spans["train"] for b in spans["valid"])
    told = dataclasses.replace(wanted(pairs(), 60), start_ns=told.start_ns, end_ns=told.end_ns)
    drawn = cut_unit(loader(whole), told, QUIET).samples
    assert set(drawn["split"]) == {"train", "valid"}
    assert all(one_split(start, start + 60_000_000_000, QUIET) for start in ns(drawn["start"]))


def test_the_order_of_what_is_wanted_changes_nothing():
    settings = SamplesSettings(noise_per_day=5)
    told = wanted(PAIRS, 10, pairs((0, 500.0, 505.0)))
    mixed = dataclasses.replace(told, **{name: getattr(told, name).iloc[::-1].reset_index(drop=True)
                                         for name in ("pairs", "marks", "quakes")})
    one, other = cut_unit(loader(block()), told, settings), cut_unit(loader(block()), mixed, settings)
    for name in ("samples", "marks", "skips"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert one.data.tobytes() == other.data.tobytes()


def test_what_is_drawn_does_not_depend_on_how_many_are_wanted_of_another_kind():
    few = cut_unit(loader(block()), wanted(pairs(), 10), QUIET).samples
    more = cut_unit(loader(block()), wanted(pairs(), 10), SamplesSettings(noise_per_day=7)).samples
    assert set(few["sample_id"]) == set(more[more["kind"] == "negative"]["sample_id"])


def test_ids_differ_by_station_kind_start_and_copy():
    ids = {sample_id(station, kind, start, copy) for station in (STATION, "XX.B.") for kind in ("noise", "negative")
           for start in (1, 2) for copy in (0, 1)}
    assert len(ids) == 16 and all(0 < one < 2**63 for one in ids)
