from dataclasses import replace
from pathlib import Path

import numpy as np
import pal_reference as reference
import pytest
from swarm import DAY, SECOND, Recording, events, swarm

from quakescribe.errors import SettingsError
from quakescribe.kernels import onset
from quakescribe.kernels.characteristic import excursions
from quakescribe.pick import pick_unit
from quakescribe.pick.found import DETAILS
from quakescribe.pick.pal import _entry, windows
from quakescribe.settings.base import build
from quakescribe.settings.pick import PickSettings

SETTINGS = PickSettings()
TIMES = np.arange(40.0, 280.0, 40.0)
SPS = np.linspace(1.5, 4.5, len(TIMES))


@pytest.fixture
def recording():
    return Recording(events(300.0, TIMES, SPS, np.full(len(TIMES), 60.0)), start=DAY + 100.0)


def picked(recording, **settings):
    picks, skips = pick_unit(recording.load, recording.start_ns, recording.end_ns, PickSettings(**settings))
    return picks, dict(zip(skips["reason"], skips["count"], strict=True))


def mask(recording, channels, begin_s, end_s):
    recording.mask = np.zeros(recording.x.shape, dtype=bool) if recording.mask is None else recording.mask
    recording.mask[channels, round(begin_s * recording.fs):round(end_s * recording.fs)] = True


def seconds(recording, picks, phase):
    return picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy() / SECOND - recording.start


@pytest.mark.parametrize("published", [False, True])
def test_kernels_agree_with_the_slow_reference(published):
    data = swarm(400.0, every=8.0, seed=5).astype(np.float64)
    s = PickSettings(trigger_threshold=5.0, s_back_from="window-end" if published else "onset")
    slow = reference.pick(data, 100.0, s, reference.Published(back_from_window_end=published))
    spans = excursions(data[0], 0, 80, 600, s.trigger_threshold)
    clear = np.zeros(data.shape, dtype=bool)
    fast, measures, _ = onset.pick_triggers(data, clear, spans, 650, 100.0, windows(s, 100.0))
    assert len(slow) > 10
    fast, measures = fast[:len(slow)], measures[:len(slow)]
    np.testing.assert_array_equal(fast[:, :3], [[t, p, s] for t, p, s, _, _ in slow])
    wanted = [[m["frequency"], m["glitch"], m["coda"], m["ps"]] for *_, m in slow]
    np.testing.assert_allclose(measures[:, :4], wanted, rtol=1e-9)
    np.testing.assert_allclose(measures[:, 6], [reference.displacement(data, p, s, 100.0, SETTINGS)
                                                for _, p, s, _, _ in slow], rtol=1e-9)


def test_clear_events_give_pairs_with_amplitude(recording):
    picks, reasons = picked(recording)
    assert np.abs(seconds(recording, picks, "P") - TIMES).max() < 0.2
    assert np.abs(seconds(recording, picks, "S") - TIMES - SPS).max() < 0.3
    assert (picks["pair_id"] != 0).all()
    assert (picks["amplitude_m"] > 0).all()
    assert reasons == {}


def test_a_vertical_alone_gives_unpaired_p(recording):
    recording.present = "Z"
    picks, reasons = picked(recording)
    assert set(picks["phase"]) == {"P"}
    assert (picks["pair_id"] == 0).all()
    assert picks["amplitude_m"].isna().all()
    assert reasons["no-horizontal"] == len(picks)
    assert len(picked(recording, unpaired_p=False)[0]) == 0


def test_without_a_vertical_nothing_is_picked(recording):
    recording.present = "NE"
    picks, reasons = picked(recording)
    assert len(picks) == 0
    assert reasons == {"no-vertical": 1}


def test_a_dead_horizontal_is_replaced_by_the_live_one(recording):
    mask(recording, 1, 0, 300)
    picks, _ = picked(recording)
    assert np.abs(seconds(recording, picks, "S") - TIMES - SPS).max() < 0.5
    recording.mask[1] = False
    recording.x[1] = 5.0
    again, _ = picked(recording)
    assert list(again["time"]) == list(picks["time"])


def test_both_horizontals_can_be_asked_for(recording):
    mask(recording, 1, 0, 300)
    picks, reasons = picked(recording, horizontals="both")
    assert (picks["pair_id"] == 0).all()
    assert reasons["no-horizontal"] == len(picks)


def test_a_gap_in_the_s_window_leaves_the_p_unpaired(recording):
    mask(recording, 2, TIMES[2] + 6, TIMES[2] + 6.05)
    picks, reasons = picked(recording, frequency_min_hz=0.5)
    alone = picks[picks["pair_id"] == 0]
    assert len(alone) == 1
    assert abs(seconds(recording, alone, "P")[0] - TIMES[2]) < 0.2
    assert reasons == {"gap-after-p": 1}


def test_a_gap_in_the_p_window_leaves_nothing(recording):
    mask(recording, 0, TIMES[2] + 0.95, TIMES[2] + 0.96)
    picks, reasons = picked(recording)
    assert np.abs(seconds(recording, picks, "P") - TIMES[2]).min() > 10
    assert reasons.get("gap-at-p", 0) <= 1


def test_a_gap_in_the_amplitude_window_leaves_the_pair_without_amplitude(recording):
    s = TIMES[5] + SPS[5]
    mask(recording, 0, s + 4.8, s + 4.9)
    recording.mask[0, :] &= False
    picks, _ = picked(recording, s_window_s=6.0, polarisation_range_s=1.0)
    assert picks["amplitude_m"].notna().all()
    recording.x = events(300.0, [40.0], [5.5], [60.0])
    mask(recording, 0, 50.2, 50.21)
    picks, reasons = picked(recording, s_window_s=6.0, amplitude_after_s=8.0, polarisation_window_s=0.5)
    assert (picks["pair_id"] != 0).all()
    assert picks["amplitude_m"].isna().all()
    assert reasons == {"no-amplitude-gap": 1}


def test_clipped_samples_leave_the_pair_without_amplitude(recording):
    recording.clip = float(np.abs(recording.x).max())
    picks, reasons = picked(recording)
    assert picks["amplitude_m"].isna().sum() == 2
    assert reasons == {"no-amplitude-clipped": 1}


def test_a_spike_is_not_an_earthquake(recording):
    recording.x = np.random.default_rng(0).standard_normal(recording.x.shape).astype(np.float32)
    recording.x[:, 15000] = 1e5
    picks, reasons = picked(recording)
    assert len(picks) == 0
    assert sum(reasons.values()) == 1
    assert set(picked(recording, frequency_min_hz=0.0, phase_test=False)[1]) <= {"glitch", "p-coda-ratio", "p-s-ratio"}


@pytest.mark.parametrize("at", [0.0, 1.0, 6.0, 294.0, 299.5])
def test_a_trigger_at_the_edge_of_the_data_is_no_error(at):
    recording = Recording(events(300.0, [at], [1.0], [80.0]), start=DAY + 100.0)
    picks, _ = picked(recording)
    seconds = picks["time"].astype("int64") / SECOND - recording.start
    assert seconds.between(0.0, 300.0).all()


def test_a_pair_is_kept_within_ten_seconds_of_a_gap_only_unpaired(recording):
    mask(recording, slice(None), TIMES[-1] + 9, 300)
    picks, _ = picked(recording)
    last = picks[picks["time"].astype("int64") / SECOND - recording.start > TIMES[-1] - 1]
    assert list(last["phase"]) == ["P"]
    assert len(picks) == 2 * len(TIMES) - 1


def test_a_band_above_nyquist_is_a_skip(recording):
    recording.fs = 20.0
    picks, reasons = picked(recording, band_low_hz=9.5, band_high_hz=20.0)
    assert len(picks) == 0
    assert reasons == {"sampling-rate-too-low": 1}


def test_a_quiet_stretch_is_the_first_one_long_enough():
    spans = np.array([[10, 20], [50, 60], [200, 210]])
    assert _entry(spans, 0, 1000, 100) == 160
    assert _entry(spans, 0, 1000, 8) == 8
    assert _entry(spans, 0, 150, 100) is None
    assert _entry(spans[:0], 5, 1000, 100) == 105


def test_a_quiet_stretch_may_contain_no_sample_over_the_threshold():
    rng = np.random.default_rng(1)
    for _ in range(200):
        edges = np.sort(rng.choice(400, 2 * rng.integers(0, 12), replace=False)).reshape(-1, 2)
        begin, last, quiet = rng.integers(0, 100), rng.integers(100, 400), rng.integers(5, 60)
        found = _entry(edges, int(begin), int(last), int(quiet))
        over = np.zeros(500, dtype=bool)
        for a, b in edges:
            over[a:b] = True
        good = [q for q in range(begin + quiet, last + 1) if not over[q - quiet:q].any()]
        assert found == (good[0] if good else None)


@pytest.mark.parametrize("wrong", [{"band_low_hz": 30.0}, {"trigger_sta_s": 7.0}, {"polarisation_range_s": 12.0 - 2,
                                                                                   "s_window_s": 5.0}])
def test_contradicting_settings_are_refused(wrong):
    with pytest.raises(SettingsError):
        build(PickSettings, "pick", wrong)


def test_every_reason_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "pick.md").read_text()
    for word in DETAILS:
        assert f"`{word}`" in page


@pytest.mark.real_data
def test_the_published_pairs_are_found_again(real_data):
    import pandas as pd

    from quakescribe.exchange.stations import read_stations
    from quakescribe.pick import pick
    from quakescribe.settings.waveforms import WaveformsSettings
    from quakescribe.waveforms.archive import open_archive

    folder = real_data / "ridgecrest_waveforms"
    archive = open_archive(folder / "waveforms", WaveformsSettings()).only("CI.CLC.")
    stations, channels = read_stations(folder / "stations.csv")
    old = PickSettings(band_low_hz=2.0, band_high_hz=40.0, amplitude_quality=False, frequency_window_s=0.8,
                       s_back_from="window-end", s_before_p="drop", onset="pal", phase_test=False,
                       trigger_threshold=12.0)
    picks, _ = pick(archive, stations, channels, old)
    wanted = pd.read_csv(folder / "reference" / "pal_picks.csv")
    wanted = wanted[wanted["station"] == "CI.CLC"]
    for column, phase in (("tp", "P"), ("ts", "S")):
        ours = picks.loc[picks["phase"] == phase, "time"].astype("int64").to_numpy()
        theirs = pd.to_datetime(wanted[column]).astype("datetime64[ns, UTC]").astype("int64").to_numpy()
        assert np.count_nonzero(np.abs(ours[:, None] - theirs).min(axis=0) < 1e6) >= len(wanted) - 1


def test_a_loader_may_give_blocks_that_end_with_their_data(recording):
    picks, _ = picked(recording)
    block = recording.load(recording.start_ns - 200 * SECOND, recording.end_ns)[0]
    skip = round(recording.start * recording.fs) - block.first
    trimmed = replace(block, first=block.first + skip, data=block.data[:, skip:], mask=block.mask[:, skip:],
                      offset_ns=block.offset_ns[skip:], lead=0)
    again, _ = pick_unit(lambda a, b: [trimmed], recording.start_ns, recording.end_ns, SETTINGS)
    assert len(again) == len(picks)
