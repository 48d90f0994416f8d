"""Catalogues of relocation programs, in the columns of their manuals; ids come back to those of our own export."""

import numpy as np
import pandas as pd
import pytest

from quakescribe.errors import FormatError
from quakescribe.exchange.formats import read_tables, recognise, write_tables
from quakescribe.tables import EVENTS, ORIGINS

RELOC = (
    "   113825  42.892200   13.249200     3.280     -104.2       31.9     -512.0     27.9     13.9     55.9 2016 10 18 "
    " 0  0 60.000  1.2     0     0    41    33 -9.000  0.085   1\n"
    "   113826 -42.892200 -179.999000    -0.512      104.2       31.9      512.0      0.0 ********      0.0 2016 12 31 "
    "23 59 60.000  0.0     0     0    41    33 -9.000  0.085   2\n"
    "   113827  42.900000   13.250000    10.000      104.2       31.9      512.0      2.0      3.0      0.0 2016 10 19 "
    "12 30  1.250 -9.0     0     0    41    33 -9.000  0.085   1\n"
)
GROWCLUST = (
    "2019  7  4  17  2 55.340   38443183  35.70800 -117.50400   10.600  3.98       1       1      41   30   210   180  "
    "0.05  0.07   0.031   0.052   0.004  35.70700 -117.50300   10.500\n"
    "2019  7  4  18  2 60.000   38443190  35.70800 -117.50400   10.600  0.00       2       2       1    0     0     0 "
    "-1.00 -1.00  -1.000  -1.000  -1.000  35.70800 -117.50400   10.600\n"
)


def read(tmp_path, text, name="hypoDD.reloc"):
    path = tmp_path / name
    path.write_text(text)
    return recognise(path), read_tables(path)


def test_relocated_events_of_hypodd_keep_their_ids_places_and_times(tmp_path):
    name, got = read(tmp_path, RELOC)
    rows = got["origins"].set_index("event_id")
    assert name == "hypodd-reloc" and sorted(rows.index) == [113825, 113826, 113827]
    assert rows.loc[113825, ["latitude", "longitude", "depth_km"]].tolist() == [42.8922, 13.2492, 3.28]
    assert rows.loc[113826, ["latitude", "longitude", "depth_km"]].tolist() == [-42.8922, -179.999, -0.512]
    assert set(rows["method"]) == {"hypodd"} and not rows["well_located"].any() and rows["source_id"].isna().all()


def test_a_second_of_60_is_the_first_of_the_next_minute_and_year(tmp_path):
    times = read(tmp_path, RELOC)[1]["origins"].set_index("event_id")["time"]
    assert times[113825] == pd.Timestamp("2016-10-18T00:01:00Z")
    assert times[113826] == pd.Timestamp("2017-01-01T00:00:00Z")
    assert times[113827] == pd.Timestamp("2016-10-19T12:30:01.25Z")


def test_errors_of_hypodd_in_metres_at_95_percent_become_one_standard_error_in_km(tmp_path):
    rows = read(tmp_path, RELOC)[1]["origins"].set_index("event_id")
    assert rows.loc[113825, ["erh_km", "erz_km"]].tolist() == pytest.approx([0.00998, 0.0200], rel=1e-3)
    assert rows.loc[113826, ["erh_km", "erz_km"]].isna().all()
    assert rows.loc[113827, "erh_km"] == pytest.approx(0.003 / 2.7955) and np.isnan(rows.loc[113827, "erz_km"])
    assert rows["rms_s"].isna().all() and (rows["n_phases"] == 0).all()


def test_a_relocated_magnitude_of_zero_is_none(tmp_path):
    magnitudes = read(tmp_path, RELOC)[1]["magnitudes"]
    assert magnitudes[["event_id", "value"]].values.tolist() == [[113825, 1.2]]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("   113827", "*********", r"line 3: '\*+' where the id belongs; expected a whole number \(hypoDD writes 9"),
    ("  42.900000   13.250000", "  ********* 13.250000", r"line 3: '\*+' where the latitude belongs"),
    ("2016 10 19", "2016 13 19", "line 3: origin time: month must be in"),
    ("12 30  1.250", "12 30 71.250", r"line 3: second 71.25 lies outside \[0, 60.999\]"),
    ("    10.000 ", "   10000.0 ", "line 3: depth 10000 km lies outside .* is it in metres"),
    ("12 30  1.250 -9.0", "12 30  1.250", "line 3: 23 fields; expected 24: ID LAT LON DEPTH"),
])
def test_a_broken_relocated_event_is_named_with_its_line(tmp_path, old, new, message):
    assert RELOC.count(old) == 1
    with pytest.raises(FormatError, match=message):
        read(tmp_path, RELOC.replace(old, new))


def exported(folder, ids=(201907041702553, 201907041802000)):
    """Write phase.dat of two events whose ids are too long for hypoDD; return their ids."""
    times = pd.to_datetime(["2019-07-04T17:02:55.34Z", "2019-07-04T18:02:00.00Z"])
    place = {"event_id": ids, "time": times, "latitude": [35.7, 35.8], "longitude": [-117.5, -117.6]}
    tables = {
        "events": EVENTS.make({**place, "depth_km": 9.0, "n_picks": 0, "n_stations": 0, "associator": "pal"}),
        "origins": ORIGINS.make(
            {**place, "depth_km": 9.0, "n_phases": 0, "n_stations": 0, "well_located": True, "method": "search"}
        ),
    }
    write_tables(folder / "phase.dat", "hypodd", tables)
    return list(ids)


SHORT = (
    "        1  35.701000 -117.501000     8.500        0.0        0.0        0.0      1.0      1.0      1.0 2019  7  4 "
    "17  2 55.300  1.0     0     0    41    33 -9.000  0.085   1\n"
    "        2  35.801000 -117.601000     8.500        0.0        0.0        0.0      1.0      1.0      1.0 2019  7  4 "
    "18  2  0.100  1.0     0     0    41    33 -9.000  0.085   1\n"
)


def test_ids_that_our_export_shortened_come_back_in_full_from_the_phase_file_beside(tmp_path):
    ids = exported(tmp_path)
    assert "1 201907041702553" in (tmp_path / "phase.dat").read_text()
    got = read(tmp_path, SHORT)[1]
    assert got["origins"]["event_id"].tolist() == ids and got["origins"]["source_id"].tolist() == ["1", "2"]
    assert got["magnitudes"]["event_id"].tolist() == ids


def test_a_phase_file_of_other_events_or_a_damaged_one_does_not_rename_any(tmp_path):
    exported(tmp_path)
    (tmp_path / "broken.dat").write_text((tmp_path / "phase.dat").read_text().replace("2019  7  4 18", "2019 17  4 18"))
    assert read(tmp_path, SHORT.replace("18  2  0.100", "18 12  0.100"))[1]["origins"]["event_id"].tolist() == [1, 2]
    (tmp_path / "phase.dat").write_bytes(b"\x00\xff\n" * 9)
    assert read(tmp_path, SHORT)[1]["origins"]["event_id"].tolist() == [1, 2]


@pytest.mark.parametrize(("largest", "kept"), [(999_999_999, True), (1_000_000_000, False)])
def test_ids_longer_than_the_nine_columns_of_hypodd_are_shortened(tmp_path, largest, kept):
    exported(tmp_path, (5, largest))
    last = (tmp_path / "phase.dat").read_text().splitlines()[-1].split()
    assert last[14:] == ([str(largest)] if kept else ["2", str(largest)])


def test_what_growclust_relocated_has_an_origin_and_the_rest_is_counted(tmp_path):
    name, got = read(tmp_path, GROWCLUST, "out.growclust_cat")
    assert name == "growclust" and got["events"]["event_id"].tolist() == [38443183, 38443190]
    row = got["origins"].iloc[0]
    assert len(got["origins"]) == 1 and row["event_id"] == 38443183 and row["method"] == "growclust"
    assert row["time"] == pd.Timestamp("2019-07-04T17:02:55.34Z")
    assert row[["latitude", "longitude", "depth_km"]].tolist() == [35.708, -117.504, 10.6]
    assert row[["erh_km", "erz_km", "ert_s"]].tolist() == [0.031, 0.052, 0.004]
    assert got["events"]["time"].iloc[1] == pd.Timestamp("2019-07-04T18:03:00Z")
    assert got["skips"][["reason", "count"]].values.tolist() == [["not-relocated", 1]]
    assert got["magnitudes"]["value"].tolist() == [3.98]
