"""Broken files: every one ends in one error that names the file, the line, what stands there and what was expected."""

import pandas as pd
import pytest

from quakescribe.errors import FormatError, QuakescribeError
from quakescribe.exchange.formats import read_tables, write_tables

PICKS = "station,phase,time,probability\n"
EVENTS = "time,latitude,longitude,depth_km,magnitude\n"
BAD = {
    "empty file": (b"", "the file is empty"),
    "only blank lines": (b"\n  \n\n", "the file is empty"),
    "compressed": (b"\x1f\x8b\x08\x00abc", "compressed; unpack"),
    "UTF-16": ("a,b\n".encode("utf-16"), "UTF-16; expected UTF-8"),
    "Latin-1": (
        PICKS.encode() + b"CI.CCC,P,2019-07-04T17:02:58Z,0.9\nCI.C\xe9,P,2019-07-04T17:02:58Z,0.9\n",
        "line 3: byte 0xe9 is not UTF-8",
    ),
    "zero bytes": (PICKS.encode() + b"CI.CCC\0,P,2019-07-04T17:02:58Z,0.9\n", "line 2: a zero byte"),
    "no known format": (b"hello world\nthis is prose\n", "no known format begins with 'hello world'"),
    "letters for a number": (
        EVENTS + "2019-07-04T17:02:55Z,thirty,-117.5,9,1\n",
        "line 2: 'thirty' where the latitude belongs; expected a number",
    ),
    "infinite number": (EVENTS + "2019-07-04T17:02:55Z,inf,-117.5,9,1\n", "line 2: 'inf' .* expected a finite number"),
    "missing field": (EVENTS + "2019-07-04T17:02:55Z,35.7,-117.5,9\n", "line 2: 4 fields; expected 5"),
    "latitude and longitude swapped": (
        EVENTS + "2019-07-04T17:02:55Z,117.5,35.7,9,1\n",
        r"line 2: latitude 117.5 lies outside \[-90, 90\]; are latitude and longitude swapped",
    ),
    "longitude beyond a circle": (EVENTS + "2019-07-04T17:02:55Z,35.7,-517.5,9,1\n", "longitude -517.5 lies outside"),
    "depth in metres": (EVENTS + "2019-07-04T17:02:55Z,35.7,-117.5,10600,1\n", "depth 10600 km .* is it in metres"),
    "absurd magnitude": (EVENTS + "2019-07-04T17:02:55Z,35.7,-117.5,9,398\n", "magnitude 398 lies outside"),
    "time zone name": (
        EVENTS + "2019-07-04 10:02:55 PDT,35.7,-117.5,9,1\n",
        "PDT' is no time; expected .* numeric offset",
    ),
    "some rows with an offset": (
        EVENTS + "2019-07-04T17:02:55Z,35,-117,9,1\n2019-07-04T17:02:55,35,-117,9,1\n",
        "line 3: time .* has no offset, other rows have one",
    ),
    "month 13": (EVENTS + "2019-13-04T17:02:55Z,35.7,-117.5,9,1\n", "line 2: time: month must be in 1..12"),
    "hour 25": (EVENTS + "2019-07-04T25:02:55Z,35.7,-117.5,9,1\n", "25:02:55 is no time of day"),
    "year beyond the clock": (EVENTS + "1492-07-04T17:02:55Z,35.7,-117.5,9,1\n", "year 1492 is outside 1678-2261"),
    "probability above 1": (
        PICKS + "CI.CCC,P,2019-07-04T17:02:58Z,91\n",
        r"line 2: probability 91 lies outside \[0, 1\]",
    ),
    "event number with letters": (
        "station,phase,time,event_id\nCI.CCC,P,2019-07-04T17:02:58Z,abc\n",
        "line 2: event 'abc'",
    ),
    "broken JSON": (b'{"type": "FeatureCollection", "features": [{"type": "Fea', "line 1: broken JSON"),
    "GeoJSON without a time": (
        b'{"type":"FeatureCollection","features":[{"geometry":{"coordinates":[1,2]},"properties":{}}]}',
        "feature 1: no 'time'",
    ),
    "short FDSN line": (
        b"#EventID|Time|Latitude\nci1|2019-07-04T17:02:55|35.7|-117.5|9\n",
        "line 2: 5 fields; expected at least 11",
    ),
    "hypoDD onset with letters": (
        b"# 2016 10 18 0 0 12.53 42.9 13.2 3.28 0 0.5 1.4 0.3 1\nIVMC2 two 1.0 P\n",
        "line 2: 'two' where the travel time belongs",
    ),
    "hypoDD month 13": (b"# 2016 13 18 0 0 12.53 42.9 13.2 3.28 0 0.5 1.4 0.3 1\n", "line 1: origin time: month"),
    "letters in fixed columns": (
        b"201907041613429935N4140117W2820\nCCC  CI  HHZ IP 0201907041613 48x3\n",
        r"line 2: '48x3' where the P second \(columns 30-34\) belongs",
    ),
    "cut-off summary": (b"20190704 1613 43.42 35 42.44 117W29.67\n", "line 1: 38 characters; expected"),
    "PAL onset before an event": (
        b"2019-07-04T16:13:42Z,35.69,-117.47,9,1.64\nCI.CCC,noon,-1,1\n",
        "line 2: P time: 'noon'",
    ),
    "PAL station without gain": (b"CI.CCC,35.5,-117.3,670,1e8\nCI.CLC,35.5,-117.3,670\n", "line 2: 4 fields; expected"),
    "NonLinLoc date with letters": (
        b"GRX ? ? ? P U 19940217 2216 44.92 GAU 2e-2 -1 -1 -1\nGRX ? ? ? P U today 2216 4 GAU 2e-2\n",
        "line 2: 'today 2216' where the date and time belong",
    ),
    "damaged Parquet": (b"PAR1" + b"x" * 50, "damaged Parquet"),
    "no column for the station": (
        b"phase,time\nP,2019-07-04T17:02:58Z\n",
        "no known format begins with 'phase,time'; its columns are phase, time; .*"
        r"picks need station, phase, time; missing: station \(or station_id, trace_id",
    ),
    "no column for the latitude": (
        b"time,longitude,depth_km\n2019-07-04T17:02:58Z,-117.5,9\n",
        "an event list needs time, latitude, longitude; missing: latitude .*picks need .*; missing: station, phase$",
    ),
    "columns named otherwise": (
        b"ID,When,Lat,Lon,Depth,Mag\n7,2019-07-04T17:02:58Z,35.7,-117.5,9,1\n",
        r"its columns are ID, When, Lat, Lon, Depth, Mag; .* missing: time \(or origin_time",
    ),
    "a station column in an event list": (
        b"station,time,latitude,longitude\nXX.A,2019-07-04T17:02:58Z,35.7,-117.5\n",
        "an event list needs time, latitude, longitude, but no station; picks need .* missing: phase",
    ),
    "no column for the elevation": (b"sta,lat,lon\nA,35.7,-117.5\n", "a station list needs .* missing: elevation_m"),
    "event list without rows": (EVENTS, "broken.file: has a header, but no rows"),
    "picks without rows": (PICKS + "\n \n", "broken.file: has a header, but no rows"),
    "rows without a header": (b"7,35.7,-117.5\n", "no known format begins with '7,35.7,-117.5'; known are parquet"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_broken_file_ends_in_one_clear_error(tmp_path, kind):
    content, message = BAD[kind]
    path = tmp_path / "broken.file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(QuakescribeError, match=message) as caught:
        read_tables(path)
    assert "broken.file" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere\.xml: no such file"):
        read_tables(tmp_path / "nowhere.xml")


def test_a_folder_without_tables_is_named(tmp_path):
    with pytest.raises(FormatError, match="no table in this folder"):
        read_tables(tmp_path)


def test_keys_that_repeat_in_our_own_tables_are_refused(tmp_path):
    path = tmp_path / "events.csv"
    row = "17,2019-07-04T17:02:55Z,35.7,-117.5,9.0,4,4,pal,\n"
    path.write_text("event_id,time,latitude,longitude,depth_km,n_picks,n_stations,associator,source_id\n" + row + row)
    with pytest.raises(QuakescribeError, match="key 'event_id' repeats in 1 rows; first at row 1: 17"):
        read_tables(path)


def test_event_ids_that_repeat_in_a_foreign_list_are_replaced_and_counted(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id," + EVENTS + "7,2019-07-04T17:02:55Z,35,-117,9,1\n7,2019-07-05T17:02:55Z,35,-117,9,1\n")
    got = read_tables(path)
    assert got["events"]["event_id"].tolist() == [201907041702550, 201907051702550]
    assert got["skips"]["reason"].tolist() == ["duplicate-id"]


def test_numeric_offsets_are_obeyed(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(EVENTS + "2019-07-04T10:02:55-07:00,35,-117,9,1\n")
    assert read_tables(path)["events"]["time"].iloc[0] == pd.Timestamp("2019-07-04T17:02:55Z")


def test_a_leap_second_is_the_first_of_the_next_minute(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(EVENTS + "2016-12-31T23:59:60.5Z,35,-117,9,1\n")
    assert read_tables(path)["events"]["time"].iloc[0] == pd.Timestamp("2017-01-01T00:00:00.5Z")


@pytest.mark.parametrize("header", [
    "ID,Origin Time,Lat,Lon,Depth,Mag",
    '"Event ID";"Origin-Time (UTC)";"Latitude [deg]";"Longitude (deg)";"Depth (km)";"ML"',
    "#EVID\tOriginTime\tLATITUDE\tLONG\tDepth km\tMagnitude",
])
def test_columns_are_known_by_their_usual_names_in_any_case_with_blanks_and_units(tmp_path, header):
    path = tmp_path / "list.csv"
    mark = next(mark for mark in ",;\t" if mark in header)
    path.write_text(header + "\n" + mark.join(["7", "2019-07-04T17:02:55Z", "35.7", "-117.5", "9.5", "1.2"]) + "\n")
    got = read_tables(path)
    assert got["origins"][["event_id", "latitude", "longitude", "depth_km"]].values.tolist() == [[7, 35.7, -117.5, 9.5]]
    assert got["magnitudes"]["value"].tolist() == [1.2]


def test_a_depth_column_with_metres_in_brackets_is_in_metres(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Time,Lat,Lon,Depth (m)\n2019-07-04T17:02:55Z,35.7,-117.5,9500\n")
    assert read_tables(path)["origins"]["depth_km"].tolist() == [9.5]


@pytest.mark.parametrize("name", ["hypo71", "hypodd-reloc", "picks-csv", "word"])
def test_formats_that_cannot_be_written_are_refused_with_those_that_can(tmp_path, name):
    with pytest.raises(FormatError, match=r"written are: .*quakeml"):
        write_tables(tmp_path / "out", name, {})
