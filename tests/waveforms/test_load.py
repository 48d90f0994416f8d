import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from waveform_files import channel_table, ground, second, write

from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.tables import CHANNELS, STATIONS
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.prepare import bandpass, load


def valid(block, component=0):
    """The samples asked for, and whether they are valid."""
    return block.data[component, block.lead:], ~block.mask[component, block.lead:]


def found(skips):
    return sorted(set(skips["reason"]))


def test_counts_become_ground_velocity_by_the_gain(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "a", x)
    (block,), skips = loaded(0, 30)
    data, good = valid(block)
    assert block.unit == "m/s"
    assert block.present == "Z"
    assert block.time_ns(block.lead) == second(0)
    assert good.all()
    np.testing.assert_allclose(data, x / 1e6, rtol=1e-6)
    assert block.mask[1:].all()
    assert block.clip[0] == pytest.approx(7.5)
    assert skips.empty


def test_three_components_come_out_in_the_order_z_n_e(tmp_path, loaded):
    parts = {c: ground(3000, seed=i) for i, c in enumerate("ENZ")}
    for c, x in parts.items():
        write(tmp_path / c, x, channel="HH" + c)
    (block,), _ = loaded(0, 30)
    for i, c in enumerate("ZNE"):
        np.testing.assert_allclose(valid(block, i)[0], parts[c] / 1e6, rtol=1e-6)


@pytest.mark.parametrize("channels", [CHANNELS.empty(), channel_table(np.nan), channel_table(0.0),
                                      channel_table(codes=("EHZ", "EHN", "EHE"))])
def test_without_a_gain_the_block_stays_in_counts_and_says_so(tmp_path, loaded, channels):
    x = ground(3000)
    write(tmp_path / "a", x)
    (block,), skips = loaded(0, 30, channels)
    assert block.unit == "counts"
    assert found(skips) == ["no-gain"]
    np.testing.assert_array_equal(valid(block)[0], x)


def test_a_gain_without_channel_code_holds_for_every_instrument(tmp_path, loaded):
    write(tmp_path / "a", ground(3000))
    (block,), skips = loaded(0, 30, channel_table(2e6, codes=("Z", "N", "E")))
    assert block.unit == "m/s"
    assert skips.empty


def test_a_location_code_finds_the_metadata_without_one(tmp_path, loaded):
    write(tmp_path / "a", ground(3000), name=("XX", "AAA", "00"))
    (block,), skips = loaded(0, 30, station_id="XX.AAA.00")
    assert (block.station_id, block.unit) == ("XX.AAA.00", "m/s")
    assert skips.empty


def test_a_station_that_the_station_file_does_not_name_is_not_read(tmp_path, settings):
    write(tmp_path / "a", ground(3000))
    archive = open_archive(tmp_path, settings)
    blocks, skips = load(archive, STATIONS.empty(), CHANNELS.empty(), "XX.AAA.", second(0), second(30), settings)
    assert blocks == []
    assert found(skips) == ["no-metadata"]


def test_a_gap_is_masked_and_never_filled(tmp_path, loaded):
    write(tmp_path / "a", ground(1000))
    write(tmp_path / "b", ground(1000), at=15.0)
    (block,), _ = loaded(0, 25)
    data, good = valid(block)
    assert good[:1000].all()
    assert not good[1000:1500].any()
    assert good[1500:].all()
    assert (data[~good] == 0).all()


def test_overlaps_that_agree_are_merged(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "a", x[:2000])
    write(tmp_path / "b", x[1000:], at=10.0)
    write(tmp_path / "c", x[500:700], at=5.0, encoding="INT32")
    (block,), skips = loaded(0, 30)
    data, good = valid(block)
    assert good.all()
    assert skips.empty
    np.testing.assert_allclose(data, x / 1e6, rtol=1e-6)


def test_overlaps_that_disagree_are_masked_and_counted(tmp_path, loaded):
    x, y = ground(3000), ground(3000, seed=9)
    write(tmp_path / "a", x[:2000])
    write(tmp_path / "b", y[1500:], at=15.0)
    (block,), skips = loaded(0, 30)
    _, good = valid(block)
    differ = np.flatnonzero(x[1500:2000] != y[1500:2000]) + 1500
    assert not good[differ].any()
    assert good.sum() == 3000 - len(differ)
    assert skips["reason"].tolist() == ["overlap-disagrees"]
    assert skips["count"].tolist() == [len(differ)]


def test_nan_and_infinity_are_masked_and_counted(tmp_path, loaded):
    x = ground(3000).astype(np.float32)
    x[100:110], x[200], x[300] = np.nan, np.inf, -np.inf
    write(tmp_path / "a", x, encoding="FLOAT32")
    (block,), skips = loaded(0, 30)
    data, good = valid(block)
    assert np.flatnonzero(~good).tolist() == [*range(100, 110), 200, 300]
    assert np.isfinite(data).all()
    assert skips["count"].tolist() == [12]
    assert np.isfinite(bandpass(block, 1.0, 20.0).data).all()


@pytest.mark.parametrize("length", [99, 100, 300])
def test_only_runs_of_equal_samples_that_are_long_enough_are_masked(tmp_path, loaded, length):
    x = ground(3000)
    x[1000:1000 + length] = 77
    write(tmp_path / "a", x)
    (block,), skips = loaded(0, 30)
    _, good = valid(block)
    assert (~good).sum() == (length if length >= 100 else 0)
    assert found(skips) == (["flat"] if length >= 100 else [])


@pytest.mark.parametrize("value", [0, 12345])
def test_a_dead_channel_is_masked_whole(tmp_path, loaded, value):
    write(tmp_path / "a", np.full(3000, value, dtype=np.int32))
    write(tmp_path / "b", ground(3000), channel="HHN")
    (block,), skips = loaded(0, 30)
    assert block.mask[0].all()
    assert valid(block, 1)[1].all()
    assert found(skips) == ["flat"]


def test_a_station_with_nothing_but_dead_channels_gives_no_block(tmp_path, loaded):
    write(tmp_path / "a", np.zeros(3000, dtype=np.int32))
    blocks, skips = loaded(0, 30)
    assert blocks == []
    assert found(skips) == ["flat"]


@pytest.mark.parametrize("options", [
    {"encoding": "STEIM1"}, {"encoding": "STEIM2"}, {"encoding": "INT32"}, {"byteorder": "<", "encoding": "INT32"},
    {"byteorder": "<"}, {"reclen": 4096}, {"encoding": "INT16"}, {"encoding": "FLOAT32"}, {"encoding": "FLOAT64"},
    {"fmt": "SAC"}])
def test_every_encoding_and_byte_order_gives_the_same_samples(tmp_path, loaded, options):
    kinds = {"INT16": np.int16, "FLOAT32": np.float32, "FLOAT64": np.float64}
    x = ground(3000)
    kind = np.float32 if "fmt" in options else kinds.get(options.get("encoding", ""), np.int32)
    write(tmp_path / "a", x.astype(kind), **options)
    (block,), _ = loaded(0, 30)
    np.testing.assert_allclose(valid(block)[0], x / 1e6, rtol=1e-6)


def test_two_sampling_rates_give_two_blocks(tmp_path, loaded):
    write(tmp_path / "a", ground(3000))
    write(tmp_path / "b", ground(4000), at=40.0, rate=200.0)
    blocks, _ = loaded(0, 60)
    assert [b.sampling_rate for b in blocks] == [100.0, 200.0]
    assert [int((~b.mask[0]).sum()) for b in blocks] == [3000, 4000]
    assert blocks[1].time_ns(int(np.flatnonzero(~blocks[1].mask[0])[0])) == second(40.0)


def test_the_time_between_the_grid_points_is_kept(tmp_path, loaded):
    write(tmp_path / "a", ground(3000), at=0.0031)
    (block,), _ = loaded(0, 30)
    first = int(np.flatnonzero(~block.mask[0])[0])
    assert block.time_ns(first) == second(0.0031)


def test_a_drifting_clock_is_followed(tmp_path, loaded):
    parts = []
    for i in range(50):
        parts.append(write(tmp_path / f"p{i}", ground(400, seed=i), at=i * 4.0004).read_bytes())
        (tmp_path / f"p{i}").unlink()
    (tmp_path / "a").write_bytes(b"".join(parts))
    archive = open_archive(tmp_path, WaveformsSettings())
    assert len(archive.index) == 1
    (block,), _ = loaded(0, 201)
    good = np.flatnonzero(~block.mask[0])
    assert abs(block.time_ns(int(good[-1])) - second(49 * 4.0004 + 3.99)) < 1_500_000
    assert 20000 - 3 <= len(good) <= 20000


def test_damaged_samples_do_not_stop_the_good_ones(tmp_path, loaded):
    path = write(tmp_path / "a", ground(6000), encoding="STEIM2")
    content = bytearray(path.read_bytes())
    content[1024 + 64:1536] = b"\xff" * (512 - 64)
    path.write_bytes(bytes(content))
    (block,), skips = loaded(0, 60)
    assert found(skips) == ["damaged-records"]
    assert 4000 < valid(block)[1].sum() < 6000


def test_a_file_that_vanishes_after_the_scan_is_a_skip(tmp_path, settings, stations):
    path = write(tmp_path / "a", ground(3000))
    write(tmp_path / "b", ground(3000), channel="HHN")
    archive = open_archive(tmp_path, settings)
    path.unlink()
    (block,), skips = load(archive, stations, channel_table(), "XX.AAA.", second(0), second(30), settings)
    assert "unreadable" in found(skips)
    assert block.mask[0].all()
    assert valid(block, 1)[1].all()


@pytest.mark.parametrize("azimuth", [0.0, 30.0, 200.0])
def test_components_1_and_2_are_turned_to_north_and_east(tmp_path, loaded, azimuth):
    north, east = ground(3000, seed=1).astype(float), ground(3000, seed=2).astype(float)
    a = np.radians(azimuth)
    write(tmp_path / "1", np.round(north * np.cos(a) + east * np.sin(a)).astype(np.int32), channel="HH1")
    write(tmp_path / "2", np.round(-north * np.sin(a) + east * np.cos(a)).astype(np.int32), channel="HH2")
    write(tmp_path / "z", ground(3000), channel="HHZ")
    table = channel_table(codes=("HHZ", "HH1", "HH2"), azimuth_deg=[0.0, azimuth, (azimuth + 90) % 360],
                          dip_deg=[-90.0, 0.0, 0.0])
    (block,), skips = loaded(0, 30, table)
    assert skips.empty
    np.testing.assert_allclose(valid(block, 1)[0], north / 1e6, atol=2e-6)
    np.testing.assert_allclose(valid(block, 2)[0], east / 1e6, atol=2e-6)


def test_a_vertical_that_counts_downwards_is_turned_up(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "z", x)
    (block,), _ = loaded(0, 30, channel_table(codes=("HHZ",), azimuth_deg=[0.0], dip_deg=[90.0]))
    np.testing.assert_allclose(valid(block)[0], -x / 1e6, rtol=1e-6)


def test_1_and_2_without_direction_are_taken_as_north_and_east_and_it_is_said(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "1", x, channel="HH1")
    write(tmp_path / "2", ground(3000), channel="HH2")
    (block,), skips = loaded(0, 30, channel_table(codes=("HH1", "HH2")))
    assert found(skips) == ["no-orientation"]
    np.testing.assert_allclose(valid(block, 1)[0], x / 1e6, rtol=1e-6)


def test_a_gap_in_one_turned_component_masks_those_it_enters(tmp_path, loaded):
    write(tmp_path / "1", ground(3000), channel="HH1")
    write(tmp_path / "2", ground(1000), channel="HH2")
    write(tmp_path / "z", ground(3000))
    table = channel_table(codes=("HHZ", "HH1", "HH2"), azimuth_deg=[0.0, 30.0, 120.0], dip_deg=[-90.0, 0.0, 0.0])
    (block,), _ = loaded(0, 30, table)
    assert [int(valid(block, c)[1].sum()) for c in range(3)] == [3000, 1000, 1000]


def test_every_epoch_has_its_own_gain(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "a", x)
    cut, end = pd.Timestamp(second(10), tz="UTC"), pd.Timestamp(second(20), tz="UTC")
    table = CHANNELS.make({"station_id": ["XX.AAA."] * 2, "channel": ["HHZ"] * 2, "gain": [1e6, 2e6],
                           "unit": ["m/s"] * 2, "has_response": [False] * 2, "valid_from": [pd.NaT, cut],
                           "valid_to": [cut, end]})
    (block,), skips = loaded(0, 30, table)
    data, good = valid(block)
    np.testing.assert_allclose(data[:1000], x[:1000] / 1e6, rtol=1e-6)
    np.testing.assert_allclose(data[1001:2000], x[1001:2000] / 2e6, rtol=1e-6)
    assert np.flatnonzero(~good[:2000]).tolist() == [1000]
    assert not good[2000:].any()
    assert skips[["reason", "count"]].values.tolist() == [["outside-epochs", 1000]]


def split(tmp_path, x, cuts):
    for i, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(x)], strict=True)):
        write(tmp_path / f"{i}.mseed", x[a:b], at=a / 100)


def test_one_file_and_many_files_give_identical_blocks(tmp_path, loaded):
    x = ground(200_000)
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    write(tmp_path / "one" / "a", x)
    split(tmp_path / "many", x, [7, 36_000, 36_001, 72_000, 151_234])
    (a,), _ = loaded(0, 2000, where=tmp_path / "one")
    (b,), _ = loaded(0, 2000, where=tmp_path / "many")
    for name in ("data", "mask", "offset_ns"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    for i, c in enumerate("ZNE"):
        x = ground(250_000, seed=i)
        x[40_000:40_350] = 5
        x[120_000:120_090] = 7
        split_at = 90_000
        write(folder / f"{c}1", x[:split_at], channel="HN" + c, at=0.003)
        write(folder / f"{c}2", x[split_at + 777:], channel="HN" + c, at=(split_at + 777) / 100 + 0.003)
    return open_archive(folder, WaveformsSettings())


@given(st.floats(0.0, 2400.0), st.floats(1.0, 900.0), st.sampled_from(["m/s", "m/s**2", "counts"]))
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cutting_anywhere_changes_no_bit(long_recording, stations, begin, length, unit):
    chosen = WaveformsSettings()
    table = CHANNELS.empty() if unit == "counts" else channel_table(unit=unit, codes=("HNZ", "HNN", "HNE"))

    def get(start, end):
        blocks, _ = load(long_recording, stations, table, "XX.AAA.", second(start), second(end), chosen)
        return [bandpass(block, 1.0, 20.0) for block in blocks]

    (whole,) = get(0, 2500)
    for part in get(begin, begin + length):
        outer = slice(part.first + part.lead - whole.first, part.first + part.n - whole.first)
        stop = min(outer.stop, whole.n)
        inner = slice(part.lead, part.lead + stop - outer.start)
        np.testing.assert_array_equal(part.mask[:, inner], whole.mask[:, outer.start:stop])
        np.testing.assert_array_equal(part.data[:, inner].view(np.uint32),
                                      whole.data[:, outer.start:stop].view(np.uint32))
        assert all(part.time_ns(i) == whole.time_ns(i + outer.start - part.lead)
                   for i in range(part.lead, inner.stop, 5001) if not part.mask[0, i])


@pytest.mark.real_data
def test_all_real_stations_load_and_filter(real_data, settings):
    from quakescribe.exchange.stations import read_stations

    for name in ("ridgecrest", "amatrice"):
        folder = real_data / f"{name}_waveforms"
        archive = open_archive(folder / "waveforms", settings)
        stations, channels = read_stations(folder / "stations.csv")
        for station_id in archive.station_ids:
            start, end = archive.span(station_id)
            blocks, skips = load(archive.only(station_id), stations, channels, station_id, start, end, settings)
            assert blocks
            assert set(skips["reason"]) <= {"no-gain", "no-orientation", "overlap-disagrees"}
            for block in blocks:
                filtered = bandpass(block, 1.0, 20.0)
                assert np.isfinite(filtered.data).all()
                assert (~filtered.mask).any()
                assert (block.unit == "counts") == (station_id in ("CI.WBS.", "CI.WOR."))


@pytest.mark.parametrize("late", [0.0004, -0.0004])
def test_cutting_a_drifting_recording_changes_nothing(tmp_path, loaded, late):
    path = tmp_path / "a"
    parts = [write(path, ground(400, seed=i), at=i * (4.0 + late)).read_bytes() for i in range(60)]
    path.write_bytes(b"".join(parts))
    (whole,), _ = loaded(0, 230)
    for begin, end in ((50.0, 120.0), (119.99, 121.0), (3.0, 229.0)):
        (part,), _ = loaded(begin, end)
        good = np.flatnonzero(~part.mask[0, part.lead:]) + part.lead
        shift = part.first - whole.first
        np.testing.assert_array_equal(part.mask[:, part.lead:], whole.mask[:, part.lead + shift:part.n + shift])
        np.testing.assert_array_equal(part.data[:, part.lead:], whole.data[:, part.lead + shift:part.n + shift])
        np.testing.assert_array_equal(part.offset_ns[good], whole.offset_ns[good + shift])


def epochs(cut_s, first, then):
    """Channels Z, N, E that change something at a time (s after START)."""
    cut = pd.Timestamp(second(cut_s), tz="UTC")
    return CHANNELS.order(pd.concat([channel_table(**first).assign(valid_to=cut),
                                     channel_table(**then).assign(valid_from=cut)], ignore_index=True))


def oblique(*codes, azimuths):
    return channel_table(codes=codes, azimuth_deg=azimuths, dip_deg=[-90.0 if c[2] == "Z" else 0.0 for c in codes])


@pytest.mark.parametrize(("azimuth", "sign", "reasons"), [
    (80.0, 1, ["no-orientation"]), (20.0, 1, ["no-orientation"]), (100.0, 1, ["no-orientation"]), (0.5, 1, []),
    (180.0, -1, [])])
def test_one_oblique_horizontal_alone_keeps_its_gain_and_it_is_said(tmp_path, loaded, azimuth, sign, reasons):
    x = ground(3000)
    write(tmp_path / "1", x, channel="HH1")
    write(tmp_path / "z", ground(3000, seed=2))
    (block,), skips = loaded(0, 30, oblique("HHZ", "HH1", azimuths=[0.0, azimuth]))
    np.testing.assert_allclose(valid(block, 1)[0], sign * x / 1e6, rtol=1e-6)
    assert skips["reason"].tolist() == reasons
    assert all("one horizontal alone cannot be rotated" in text for text in skips["detail"])


def test_in_an_epoch_with_one_horizontal_it_keeps_its_gain(tmp_path, loaded):
    x, y = ground(3000), ground(3000, seed=2)
    write(tmp_path / "n", x, channel="HHN")
    write(tmp_path / "e", y, channel="HHE")
    table = oblique("HHN", "HHE", azimuths=[60.0, 150.0])
    table.loc[table["channel"] == "HHE", "valid_to"] = pd.Timestamp(second(10), tz="UTC")
    (block,), skips = loaded(0, 30, table)
    data, good = valid(block, 1)
    a = np.radians(60)
    np.testing.assert_allclose(data[:1000], (x * np.cos(a) - y * np.sin(a))[:1000] / 1e6, atol=1e-6)
    np.testing.assert_allclose(data[1001:], x[1001:] / 1e6, rtol=1e-6)
    assert np.flatnonzero(~good).tolist() == [1000]
    assert found(skips) == ["no-orientation", "outside-epochs"]


@given(st.floats(0.0, 360.0), st.floats(60.0, 120.0), st.floats(-8.4e6, 8.4e6), st.booleans(), st.booleans())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_clipped_sample_stays_over_the_limit_after_turning(azimuth, apart, other, swapped, epoch_before):
    from quakescribe.waveforms.block import Block
    from quakescribe.waveforms.orient import calibrate

    chosen = WaveformsSettings()
    raw = np.array([0.0, 7.6e6, other], dtype=np.float32)
    data = np.repeat(raw[[0, 2, 1] if swapped else [0, 1, 2]][:, None], 10, axis=1)
    block = Block("XX.AAA.", 100.0, 0, data, np.zeros((3, 10), bool), np.zeros(10, np.int64), "counts", "ZNE",
                  np.full(3, chosen.clip_counts))
    table = oblique("HHZ", "HH1", "HH2", azimuths=[0.0, azimuth, (azimuth + apart) % 360])
    if epoch_before:
        cut = pd.Timestamp(0, tz="UTC") - pd.Timedelta(1, "s")
        table = pd.concat([table.assign(valid_to=cut), table.assign(valid_from=cut)], ignore_index=True)
    rows = pd.DataFrame({"channel": ["HHZ", "HH1", "HH2"]})
    out, _ = calibrate(block, rows, table, "HH", chosen, (0, 10**8))
    assert (np.abs(out.data) >= out.clip[:, None]).any(axis=0).all()
    assert (out.clip >= chosen.clip_counts / 1e6 / np.sqrt(2) * (1 - 1e-9)).all()


def test_an_epoch_with_gain_zero_is_masked_and_counted(tmp_path, loaded):
    x = ground(3000)
    write(tmp_path / "a", x)
    (block,), skips = loaded(0, 30, epochs(20, {"gain": 1e6}, {"gain": 0.0}))
    data, good = valid(block)
    assert np.isfinite(block.data).all()
    np.testing.assert_allclose(data[:2000], x[:2000] / 1e6, rtol=1e-6)
    assert not good[2000:].any()
    assert skips[["reason", "count"]].values.tolist() == [["outside-epochs", 1000]]


@pytest.mark.parametrize(("then", "lost"), [({"gain": 1e6}, []), ({"gain": 2e6}, [1000])])
def test_only_a_change_of_the_gain_restarts_the_band_pass(tmp_path, loaded, then, lost):
    x = ground(6000) + 1_000_000
    write(tmp_path / "a", x)
    (block,), skips = loaded(0, 60, epochs(10, {"gain": 1e6}, then))
    assert np.flatnonzero(~valid(block)[1]).tolist() == lost
    assert skips.empty
    (plain,), _ = loaded(0, 60)
    (filtered, good), (usual, _) = valid(bandpass(block, 1.0, 20.0)), valid(bandpass(plain, 1.0, 20.0))
    assert np.abs(filtered[good]).max() < 1.5 * np.abs(usual).max()


@pytest.mark.parametrize("begin", [8.0, 9.99, 10.0, 10.01, 11.0])
def test_the_restart_at_a_change_does_not_depend_on_the_cut(tmp_path, loaded, begin):
    write(tmp_path / "a", ground(6000) + 1_000_000)
    table = epochs(10.004, {"gain": 1e6}, {"gain": 2e6})
    (whole,), _ = loaded(0, 60, table)
    for end in (10.0, 10.01, 10.02, 40.0):
        if end > begin:
            (part,), _ = loaded(begin, end, table)
            low = part.first - whole.first
            np.testing.assert_array_equal(part.mask, whole.mask[:, low:low + part.n])
            np.testing.assert_array_equal(part.data, whole.data[:, low:low + part.n])
