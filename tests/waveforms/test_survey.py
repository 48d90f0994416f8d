import pytest
from waveform_files import channel_table, ground, write

from quakescribe.tables import CHANNELS, STATIONS
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.survey import survey


def test_a_day_is_described_by_its_headers(tmp_path, settings, stations):
    write(tmp_path / "a", ground(1000))
    write(tmp_path / "b", ground(1000), at=15.0)
    write(tmp_path / "c", ground(1000), at=20.0)
    table, skips = survey(open_archive(tmp_path, settings), stations, channel_table(), settings)
    (row,) = table.to_dict("records")
    assert (row["channel"], row["gaps"], row["overlaps"], row["rates"]) == ("HHZ", 1, 1, "100")
    assert row["coverage"] == pytest.approx(25.0 / 86400)
    assert row["read"] and row["has_gain"] and row["has_station"] and row["has_orientation"]
    assert skips["reason"].tolist() == ["components-missing"]


def test_what_is_missing_is_listed(tmp_path, settings, stations):
    write(tmp_path / "1", ground(1000), channel="HH1")
    write(tmp_path / "b", ground(1000), name=("XX", "BBB", ""))
    (tmp_path / "junk").write_text("no recording")
    more = STATIONS.make({"station_id": ["XX.AAA.", "XX.CCC."], "latitude": [1.0, 1.0], "longitude": [2.0, 2.0],
                          "elevation_m": [3.0, 3.0]})
    table, skips = survey(open_archive(tmp_path, settings), more, CHANNELS.empty(), settings)
    found = set(zip(skips["station_id"].fillna(""), skips["reason"], strict=True))
    assert {("XX.AAA.", "no-gain"), ("XX.AAA.", "no-orientation"), ("XX.BBB.", "no-metadata"),
            ("XX.CCC.", "no-recordings"), ("", "not-waveforms"), ("XX.AAA.", "components-missing")} <= found
    assert table["unit"].tolist() == ["counts", "counts"]


def test_a_recording_over_midnight_is_two_days(tmp_path, settings, stations):
    write(tmp_path / "a", ground(2000), at=23 * 3600 + 51 * 60 - 10 - 0 * 540)
    table, _ = survey(open_archive(tmp_path, settings), stations, channel_table(), settings)
    assert [round(c * 86400) for c in table["coverage"]] == [10, 10]
    assert table["gaps"].sum() == 0


@pytest.mark.parametrize(("codes", "azimuth", "said"), [
    (["HH1"], 80.0, True), (["HH1"], 180.0, False), (["HH1", "HH2"], 80.0, False), (["HHZ"], 0.0, False)])
def test_one_oblique_horizontal_alone_is_listed(tmp_path, settings, stations, codes, azimuth, said):
    for code in codes:
        write(tmp_path / code, ground(1000), channel=code)
    channels = channel_table(codes=("HHZ", "HH1", "HH2"), azimuth_deg=[0.0, azimuth, azimuth + 90],
                             dip_deg=[-90.0, 0.0, 0.0])
    _, skips = survey(open_archive(tmp_path, settings), stations, channels, settings)
    details = skips.loc[skips["reason"] == "no-orientation", "detail"].tolist()
    assert details == (["HH1: one horizontal alone cannot be rotated; taken along its name"] if said else [])


@pytest.mark.real_data
def test_the_survey_of_real_data_finds_the_two_stations_without_gain(real_data, settings):
    from quakescribe.exchange.stations import read_stations

    folder = real_data / "ridgecrest_waveforms"
    _, skips = survey(open_archive(folder / "waveforms", settings), *read_stations(folder / "stations.csv"), settings)
    assert skips.loc[skips["reason"] == "no-gain", "station_id"].tolist() == ["CI.WBS.", "CI.WOR."]
