import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from waveform_files import ground, second, write

from quakescribe.errors import WaveformError
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import open_archive


def reasons(archive) -> list[str]:
    return sorted(archive.skips["reason"])


def test_the_index_has_one_row_per_contiguous_stretch(tmp_path, settings):
    write(tmp_path / "a.mseed", ground(1000))
    write(tmp_path / "b.mseed", ground(500), at=20.0)
    write(tmp_path / "c.sac", ground(800).astype(np.float32), channel="HHN", fmt="SAC")
    archive = open_archive(tmp_path, settings)
    index = archive.index
    assert list(index["channel"]) == ["HHN", "HHZ", "HHZ"]
    assert list(index["n_samples"]) == [800, 1000, 500]
    assert index["start"].iloc[2].value == second(20.0)
    assert index["end"].iloc[2].value == second(24.99)
    assert archive.station_ids == ["XX.AAA."]
    assert archive.span("XX.AAA.") == (second(0), second(25.0))
    assert archive.skips.empty


def test_a_folder_a_glob_and_a_file_are_all_archives(tmp_path, settings):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    path = write(tmp_path / "deep" / "er" / "a.mseed", ground(1000))
    for where in (tmp_path, str(tmp_path / "**" / "*.mseed"), path):
        assert len(open_archive(where, settings).index) == 1


def test_the_scan_finds_gaps_inside_a_file(tmp_path, settings):
    path = write(tmp_path / "a.mseed", ground(1000))
    other = write(tmp_path / "b", ground(1000), at=30.0)
    path.write_bytes(path.read_bytes() + other.read_bytes())
    other.unlink()
    assert list(open_archive(tmp_path, settings).index["n_samples"]) == [1000, 1000]


def test_an_archive_can_be_sent_to_a_worker(tmp_path, settings):
    write(tmp_path / "a.mseed", ground(1000))
    write(tmp_path / "b.mseed", ground(1000), name=("XX", "BBB", ""))
    archive = open_archive(tmp_path, settings)
    part = pickle.loads(pickle.dumps(archive.only("XX.BBB.")))
    assert part.station_ids == ["XX.BBB."]
    assert len(pickle.dumps(part)) < 10_000


def test_a_sds_name_that_contradicts_the_content_is_left_out(tmp_path, settings):
    write(tmp_path / "XX.AAA..HHZ.D.2020.002", ground(1000))
    write(tmp_path / "XX.BBB..HHZ.D.2020.002", ground(1000))
    write(tmp_path / "XX.AAA..HHN.D.2020.002", ground(1000))
    write(tmp_path / "XX.AAA..HHZ.D.2020.009", ground(1000))
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == ["day-contradicts", "name-contradicts", "name-contradicts"]
    assert len(archive.index) == 1


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "empty-file"), (b"hello, these are notes", "not-waveforms"), (bytes(10_000), "not-waveforms"),
    (np.random.default_rng(1).bytes(5000), "not-waveforms"), (b"\x89PNG\r\n" + bytes(600), "not-waveforms"),
    (b"000001D " + bytes(600), "unreadable"),
])
def test_files_that_are_no_recordings_are_listed_and_harm_nothing(tmp_path, settings, content, reason):
    write(tmp_path / "good.mseed", ground(1000))
    (tmp_path / "bad").write_bytes(content)
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == [reason]
    assert len(archive.index) == 1


def test_a_truncated_file_is_used_as_far_as_it_goes(tmp_path, settings):
    path = write(tmp_path / "a.mseed", ground(5000))
    path.write_bytes(path.read_bytes()[:-100])
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == ["truncated"]
    assert 3000 < archive.index["n_samples"].iloc[0] < 5000


def test_damaged_records_are_stepped_over(tmp_path, settings):
    path = write(tmp_path / "a.mseed", ground(5000))
    content = bytearray(path.read_bytes())
    content[1024:1536] = np.random.default_rng(2).bytes(512)
    path.write_bytes(bytes(content))
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == ["damaged-records"]
    assert len(archive.index) == 2


def test_a_truncated_sac_file_is_listed(tmp_path, settings):
    write(tmp_path / "good.mseed", ground(1000))
    path = write(tmp_path / "a.sac", ground(1000).astype(np.float32), fmt="SAC")
    path.write_bytes(path.read_bytes()[:300])
    assert reasons(open_archive(tmp_path, settings)) == ["not-waveforms"]


@pytest.mark.parametrize("years", [60, -60])
def test_times_in_the_future_or_before_1970_are_left_out(tmp_path, settings, years):
    write(tmp_path / "good.mseed", ground(1000))
    write(tmp_path / "bad.mseed", ground(1000), at=years * 365.25 * 86400)
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == ["impossible-time"]
    assert len(archive.index) == 1


def records(path: Path, lengths: list[int], true_rate: float) -> None:
    """Write records that state 100 Hz but follow each other at another rate."""
    begins = np.cumsum([0, *lengths[:-1]]) / true_rate
    parts = [write(path, ground(n, seed=n), at=float(at)).read_bytes() for n, at in zip(lengths, begins, strict=True)]
    path.write_bytes(b"".join(parts))


@pytest.mark.parametrize(("true_rate", "lengths"), [(50.0, [200, 180, 210] * 4), (125.0, [200, 180, 210] * 4),
                                                    (160.0, [200] * 12)])
def test_records_that_follow_each_other_at_another_rate_than_they_state_are_left_out(tmp_path, settings, true_rate,
                                                                                     lengths):
    write(tmp_path / "good.mseed", ground(1000), channel="HHN")
    records(tmp_path / "bad.mseed", lengths, true_rate)
    archive = open_archive(tmp_path, settings)
    assert reasons(archive) == ["rate-contradicts"]
    assert list(archive.index["channel"]) == ["HHN"]
    assert f"{true_rate:g} Hz" in archive.skips["detail"].iloc[0]


def test_a_recorder_that_is_switched_on_and_off_does_not_lie(tmp_path, settings):
    records(tmp_path / "a", [200] * 12, 50.0)
    archive = open_archive(tmp_path, settings)
    assert archive.skips.empty
    assert len(archive.index) == 12


def test_other_instruments_and_slow_channels_are_left_out(tmp_path, settings):
    write(tmp_path / "good.mseed", ground(1000))
    write(tmp_path / "slow.mseed", ground(1000), channel="BHZ", rate=10.0)
    write(tmp_path / "pressure.mseed", ground(1000), channel="BDF")
    write(tmp_path / "state.mseed", ground(1000), channel="LCQ", rate=1.0)
    assert reasons(open_archive(tmp_path, settings)) == ["other-instrument", "other-instrument", "slow-channel"]


def test_a_recording_without_a_station_code_is_left_out(tmp_path, settings):
    write(tmp_path / "good.mseed", ground(1000))
    write(tmp_path / "bad.mseed", ground(1000), name=("XX", "", ""))
    assert reasons(open_archive(tmp_path, settings)) == ["no-name"]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: (p / "notes.txt").write_text("nothing"),
                                  lambda p: (p / ".hidden").write_text("nothing")])
def test_an_archive_without_recordings_is_an_error_that_says_why(tmp_path, settings, make):
    make(tmp_path)
    with pytest.raises(WaveformError, match=r"no files|not-waveforms"):
        open_archive(tmp_path, settings)


def test_a_path_that_is_not_there_is_an_error(settings):
    with pytest.raises(WaveformError, match="no such file or folder"):
        open_archive("/nowhere/*.mseed", settings)


def choice(tmp_path: Path, settings: WaveformsSettings) -> list[tuple[str, str]]:
    chosen = open_archive(tmp_path, settings).chosen
    return list(zip(chosen["station_id"], chosen["instrument"], strict=True))


def test_the_preferred_instrument_is_chosen(tmp_path, settings):
    for instrument in ("HN", "HH", "EH"):
        write(tmp_path / instrument, ground(1000), channel=instrument + "Z")
    assert choice(tmp_path, settings) == [("XX.AAA.", "HH")]
    assert set(open_archive(tmp_path, settings).skips["reason"]) == {"not-chosen"}


def test_a_much_more_complete_instrument_is_chosen_over_the_preferred_one(tmp_path, settings):
    write(tmp_path / "a", ground(1000), channel="HHZ")
    write(tmp_path / "b", ground(3000), channel="HNZ")
    assert choice(tmp_path, settings) == [("XX.AAA.", "HN")]


def test_three_components_are_chosen_over_one(tmp_path, settings):
    write(tmp_path / "a", ground(1000), channel="HHZ")
    for c in "ZNE":
        write(tmp_path / c, ground(1000), channel="EH" + c)
    assert choice(tmp_path, settings) == [("XX.AAA.", "EH")]


def test_one_location_code_speaks_for_the_station(tmp_path, settings):
    write(tmp_path / "a", ground(1000), name=("XX", "AAA", "10"))
    write(tmp_path / "b", ground(1000), name=("XX", "AAA", "00"))
    assert choice(tmp_path, settings) == [("XX.AAA.00", "HH")]
    assert open_archive(tmp_path, settings).station_ids == ["XX.AAA.00"]


def test_the_choice_is_made_day_by_day(tmp_path, settings):
    write(tmp_path / "a", ground(1000), channel="HHZ")
    write(tmp_path / "b", ground(1000), channel="EHZ", at=86400.0)
    assert choice(tmp_path, settings) == [("XX.AAA.", "HH"), ("XX.AAA.", "EH")]


def test_a_rate_next_to_a_whole_number_is_that_number(tmp_path, settings):
    write(tmp_path / "a", ground(1000), rate=99.9999)
    assert open_archive(tmp_path, settings).index["sampling_rate"].tolist() == [100.0]


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "n"), [("ridgecrest", 21), ("amatrice", 92)])
def test_real_archives_open_completely(real_data, settings, name, n):
    archive = open_archive(real_data / f"{name}_waveforms" / "waveforms", settings)
    assert len(archive.station_ids) == n
    assert set(archive.skips["reason"]) <= {"not-chosen"}
    assert isinstance(archive.index["start"].iloc[0], pd.Timestamp)
