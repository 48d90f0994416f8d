from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quakescribe.errors import StationError
from quakescribe.exchange.formats import write_tables
from quakescribe.exchange.stations import read_stations, write_stations
from quakescribe.exchange.stationxml import merge_places
from quakescribe.tables import CHANNELS, STATIONS

OURS = "station_id,latitude,longitude,elevation_m,channel,gain,unit,azimuth_deg,dip_deg\n"
LAYOUT = "network,station,location,band,latitude,longitude,elevation_m,unit,components,gain_counts_per_unit\n"


def given_file(tmp_path, text, name="stations.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_our_own_columns_are_read(tmp_path):
    stations, channels = read_stations(given_file(tmp_path, OURS + "XX.AAA.,1,2,3,HHZ,1e9,m/s,0,-90\n"
                                                                "XX.BBB.00,4,5,6,HHZ,,,,\n"))
    assert stations["station_id"].tolist() == ["XX.AAA.", "XX.BBB.00"]
    assert channels["gain"].tolist()[0] == 1e9
    assert channels["dip_deg"].tolist()[0] == -90
    assert np.isnan(channels["gain"].iloc[1])
    assert pd.isna(channels["unit"].iloc[1])


def test_a_row_per_band_with_a_list_of_gains_is_read(tmp_path):
    stations, channels = read_stations(given_file(tmp_path, LAYOUT + 'IV,A,,EH,1,2,3,M/S,"E,N,Z","5.0,6.0,7.0"\n'
                                                                'IV,A,,HN,1,2,3,m/s**2,"E,N,Z","8,8,8"\n'
                                                                'CI,W,,HH,1,2,3,,,\n'))
    assert stations["station_id"].tolist() == ["CI.W.", "IV.A."]
    gains = dict(zip(channels["channel"], channels["gain"], strict=True))
    assert (gains["EHE"], gains["EHN"], gains["EHZ"], gains["HNZ"]) == (5.0, 6.0, 7.0, 8.0)
    assert np.isnan(gains["HHZ"])
    assert channels.loc[channels["channel"] == "HNZ", "unit"].tolist() == ["m/s**2"]


@pytest.mark.parametrize(("text", "gains"), [
    ("CI.CCC,35.5,-117.4,670,6e8\n", [6e8, 6e8, 6e8]), ("CI.CCC,35.5,-117.4,670,1e8,2e8,3e8\n", [1e8, 2e8, 3e8]),
    ("CI.CCC,35.5,-117.4,670\n", [])])
def test_the_station_list_of_pal_is_read(tmp_path, text, gains):
    stations, channels = read_stations(given_file(tmp_path, text, "example.sta"))
    assert stations["station_id"].tolist() == ["CI.CCC."]
    assert channels["channel"].tolist() == (["E", "N", "Z"] if gains else [])
    assert channels["gain"].tolist() == gains


@pytest.mark.parametrize("form", ["hypodd-station", "hypoinverse-station"])
def test_the_station_files_that_the_register_writes_are_read(tmp_path, form):
    ours = STATIONS.make({"station_id": ["CI.CCC.", "PB.B916."], "latitude": [35.5, -36.2],
                          "longitude": [-117.4, 117.7], "elevation_m": [670.0, -12.0]})
    write_tables(tmp_path / "stations.any", form, {"stations": ours})
    stations, channels = read_stations(tmp_path / "stations.any")
    pd.testing.assert_frame_equal(stations[["station_id", "latitude", "longitude", "elevation_m"]],
                                  ours[["station_id", "latitude", "longitude", "elevation_m"]])
    assert channels.empty and list(channels) == CHANNELS.names


@pytest.mark.parametrize(("text", "message"), [
    ("CCC 35.5 -117.4 670\nCLC north -117.3 670\n", "line 2: 'north' where the latitude belongs"),
    ("CCC 35.5 -117.4 670\nCCC 35.6 -117.3 670\n", "repeats in 1 rows; first at row 1: .CCC."),
    ("CCC at home\n", "read without a header are hypoDD's station.dat (name latitude longitude elevation in m)")])
def test_what_is_wrong_in_a_station_file_of_others_is_said_with_its_name(tmp_path, text, message):
    with pytest.raises(StationError) as error:
        read_stations(given_file(tmp_path, text, "station.dat"))
    assert message in str(error.value) and "station.dat: " in str(error.value)


def test_fdsn_text_is_read(tmp_path):
    text = ("#Network | Station | location | Channel | Latitude | Longitude | Elevation | Depth | Azimuth | Dip | "
            "SensorDescription | Scale | ScaleFrequency | ScaleUnits | SampleRate | StartTime | EndTime\n"
            "IU|ANMO|00|BHZ|34.9459|-106.4572|1671.0|145.0|0.0|-90.0|KS-54000|3.4e9|0.02|m/s|20.0|2008-06-30T20:00:00|\n")
    stations, channels = read_stations(given_file(tmp_path, text))
    assert stations.iloc[0][["station_id", "burial_m"]].tolist() == ["IU.ANMO.00", 145.0]
    assert channels["valid_from"].iloc[0] == pd.Timestamp("2008-06-30T20:00:00Z")
    assert pd.isna(channels["valid_to"].iloc[0])


@pytest.mark.parametrize(("text", "message"), [
    ("", "empty"),
    ("<html></html>", "not StationXML"),
    ("station_id,latitude,longitude\nXX.A.,1,2\n", "no column elevation_m"),
    ("latitude,longitude,elevation_m\n1,2,3\n", "station_id (or network and station)"),
    (OURS, "no station in it: the file has a header, but no rows"),
    (OURS + "XX.A.,95.2,2,3,HHZ,1,m/s,,\n", "row 2: latitude is 95.2; expected a number in [-90, 90]"),
    (OURS + "XX.A.,x,2,3,HHZ,1,m/s,,\n", "row 2: latitude is x"),
    (OURS + "XX.A.,,2,3,HHZ,1,m/s,,\n", "row 2: no latitude"),
    (OURS + "XX.A.,1,2,99999,HHZ,1,m/s,,\n", "row 2: elevation_m is 99999"),
    (OURS + "AAA,1,2,3,HHZ,1,m/s,,\n", "row 2: station 'AAA' is not NET.STA.LOC"),
    (OURS + "XX.A.,1,2,3,HHZ,many,m/s,,\n", "row 2: gain 'many'"),
    (OURS + "XX.A.,1,2,3,HHZ,1,furlongs,,\n", "row 2: unit 'furlongs'; expected m, m/s or m/s**2"),
    (OURS + "XX.A.,1,2,3,HHZ,1,m/s,,\n\nXX.A.,1,2,3,HHZ,2,m/s,,\n", "row 4: XX.A. HHZ was given in row 2"),
    (OURS + "XX.A.,1,2,3,HHZ,1,m/s,,\nXX.A.,1.5,2,3,HHN,1,m/s,,\n", "row 3: station XX.A. is at another"),
    (LAYOUT + 'IV,A,,EH,1,2,3,m/s,"E,N,Z","5.0,6.0"\n', "row 2: gain '5.0,6.0'; expected one number, or one for each"),
    ("station_id,latitude,longitude,elevation_m,valid_from\nXX.A.,1,2,3,soon\n", "row 2: valid_from is 'soon'"),
])
def test_what_is_wrong_is_said_with_its_row(tmp_path, text, message):
    with pytest.raises(StationError) as error:
        read_stations(given_file(tmp_path, text))
    assert message in str(error.value)


def test_all_faults_come_at_once(tmp_path):
    with pytest.raises(StationError, match="3 faults"):
        read_stations(given_file(tmp_path, OURS + "XX.A.,95,200,3,HHZ,1,m/s,,\nXX.B.,1,2,3,HHZ,1,feet,,\n"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01\x80", b"<FDSNStationXML>",
                                     b"<?xml version='1.0'?><FDSNStationXML "])
def test_a_file_that_is_not_text_or_broken_xml_is_an_error(tmp_path, content):
    path = tmp_path / "stations"
    path.write_bytes(content)
    with pytest.raises(StationError):
        read_stations(path)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(StationError, match="cannot be read"):
        read_stations(tmp_path / "none.csv")


def tables():
    t = pd.Timestamp("2020-01-01T00:00:00Z")
    stations = STATIONS.make({"station_id": ["XX.A.", "XX.B.", "XX.B."], "latitude": [1.0, 2.0, 2.5],
                              "longitude": [3.0, 4.0, 4.5], "elevation_m": [5.0, 6.0, 7.0],
                              "burial_m": [0.0, 10.0, 0.0], "valid_from": [pd.NaT, pd.NaT, t],
                              "valid_to": [pd.NaT, t, pd.NaT]})
    channels = CHANNELS.make({"station_id": ["XX.A."] * 3 + ["XX.B."] * 2,
                              "channel": ["HHZ", "HH1", "HH2", "HNZ", "HNZ"],
                              "azimuth_deg": [0.0, 12.0, 102.0, 0.0, 0.0], "dip_deg": [-90.0, 0.0, 0.0, -90.0, -90.0],
                              "gain": [1e9, 2e9, np.nan, 4e5, 5e5], "unit": ["m/s", "m/s", None, "m/s**2", "m/s**2"],
                              "has_response": [False] * 5, "valid_from": [pd.NaT] * 4 + [t],
                              "valid_to": [pd.NaT] * 3 + [t, pd.NaT]})
    return stations, channels


def test_a_csv_round_trip_loses_nothing(tmp_path):
    stations, channels = tables()
    assert write_stations(tmp_path / "s.csv", stations, channels) == []
    again = read_stations(tmp_path / "s.csv")
    pd.testing.assert_frame_equal(again[0], stations)
    pd.testing.assert_frame_equal(again[1], channels)


def test_a_stationxml_round_trip_keeps_places_directions_and_gains(tmp_path):
    stations, channels = tables()
    assert write_stations(tmp_path / "s.xml", stations, channels) == []
    _, again = read_stations(tmp_path / "s.xml")
    pd.testing.assert_frame_equal(again, channels)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "n", "m"), [("ridgecrest_waveforms", 21, 63), ("amatrice_waveforms", 92, 345),
                                              ("ridgecrest_picks", 14, 42)])
def test_real_station_files_are_read(real_data, name, n, m):
    stations, channels = read_stations(real_data / name / "stations.csv")
    assert (len(stations), len(channels)) == (n, m)


def xml(tmp_path, *rows):
    """Write StationXML with channels given as (code, depth in m, latitude, start, end)."""
    from obspy import UTCDateTime
    from obspy.core.inventory import Channel, Inventory, Network, Station

    made = [Channel(code, "", latitude, 2.0, 100.0, depth, sample_rate=100.0, start_date=UTCDateTime(start),
                    end_date=UTCDateTime(end) if end else None) for code, depth, latitude, start, end in rows]
    path = tmp_path / "s.xml"
    Inventory([Network("XX", stations=[Station("A", 1.0, 2.0, 100.0, channels=made)])], source="test").write(
        str(path), format="STATIONXML")
    return path


def spans(stations):
    return [(row.burial_m, *("" if pd.isna(t) else str(t.year) for t in (row.valid_from, row.valid_to)))
            for row in stations.itertuples()]


@pytest.mark.parametrize(("rows", "expected"), [
    ([("HNZ", 2, 1, "2010", None), ("HHZ", 0, 1, "2010", None)], [(0, "2010", "")]),
    ([("HHZ", 0, 1, "2010", None), ("HHN", 0, 1.0001, "2010", None)], [(0, "2010", "")]),
    ([("HHZ", 0, 1, "2010", "2015"), ("HNZ", 2, 1, "2012", None)], [(0, "2010", "2015"), (2, "2015", "")]),
    ([("HNZ", 2, 1, "2010", None), ("HHZ", 0, 1, "2012", "2014")], [(2, "2010", "2012"), (0, "2012", "2014"),
                                                                    (2, "2014", "")]),
    ([("HHZ", 0, 1, "2010", "2012"), ("HNZ", 2, 1, "2010", None), ("HHZ", 0, 1, "2013", None)], [(0, "2010", "")]),
    ([("HHZ", 0, 1, "2010", "2012"), ("HHZ", 5, 1, "2012", "2014"), ("HHZ", 0, 1, "2014", None)],
     [(0, "2010", "2012"), (5, "2012", "2014"), (0, "2014", "")]),
    ([("XXZ", 7, 1, "2010", None), ("LCQ", 2, 1, "2010", None)], [(7, "2010", "")]),
    ([("HHZ", 0, 1, "2010", "3000"), ("HNZ", 2, 1, "2010", "2599")], [(0, "2010", "")]),
])
def test_a_location_code_has_one_place_at_a_time(tmp_path, rows, expected):
    rows = [(code, depth, latitude, start + "-01-01", end and end + "-01-01")
            for code, depth, latitude, start, end in rows]
    stations, channels = read_stations(xml(tmp_path, *rows))
    assert spans(stations) == expected
    assert len(channels) == len(rows)


@given(st.lists(st.tuples(st.sampled_from(["HHZ", "HNZ", "EHZ"]), st.integers(0, 2), st.integers(0, 8),
                          st.integers(1, 5), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_places_never_overlap_and_follow_the_preferred_channel(rows):
    """Year by year, against the plain rule."""
    order = ["HHZ", "EHZ", "HNZ"]
    year = [pd.Timestamp(2000 + i, 1, 1, tz="UTC") for i in range(20)]
    places = [("XX.A.", 1.0, 2.0, 100.0, float(depth), year[begin], None if far else year[begin + length])
              for _, depth, begin, length, far in rows]
    found = merge_places(places, [order.index(code) for code, *_ in rows])
    for i in range(19):
        here = [row for row in found if row[5] <= year[i] and (row[6] is None or row[6] > year[i])]
        assert len(here) <= 1
        valid = [(order.index(code), k, float(depth)) for k, (code, depth, begin, length, far) in enumerate(rows)
                 if begin <= i and (far or begin + length > i)]
        if valid:
            best = min(valid)
            before = [d for c, d, b, *_ in rows if order.index(c) < best[0] and b <= i]
            assert here[0][4] == best[2] or here[0][4] in before
    assert all(a[4] != b[4] for a, b in pairwise(found))


@pytest.mark.parametrize("end", ["3000-01-01", "2599-12-31T23:59:59", "2262-01-01", "9999-12-31", ""])
def test_a_far_end_is_an_open_epoch(tmp_path, end):
    text = ("station_id,latitude,longitude,elevation_m,channel,gain,starttime,endtime\n"
            f"XX.A.,1,2,3,HHZ,1,1600-01-01,{end}\n")
    for table in read_stations(given_file(tmp_path, text)):
        assert table["valid_from"].isna().all()
        assert table["valid_to"].isna().all()


def test_an_end_before_our_times_is_a_fault(tmp_path):
    text = "station_id,latitude,longitude,elevation_m,valid_to\nXX.A.,1,2,3,1600-01-01\n"
    with pytest.raises(StationError, match="row 2: valid_to is '1600-01-01'; expected a time between 1700 and 2262"):
        read_stations(given_file(tmp_path, text))
