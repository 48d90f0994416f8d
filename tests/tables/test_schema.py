import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quakescribe.errors import TableError
from quakescribe.tables import ARRIVALS, FINDINGS, MAGNITUDES, PICKS, TABLES, event_ids, pick_ids, store

TIMES = pd.to_datetime(["2019-07-04T17:33:49.123456Z", "2019-07-04T17:33:50.5Z"], format="ISO8601")


def picks(**changes) -> pd.DataFrame:
    stations, phases = pd.Series(["CI.CCC.", "CI.CCC."]), pd.Series(["P", "S"])
    columns = {
        "pick_id": pick_ids(stations, phases, pd.Series(TIMES)),
        "station_id": stations,
        "phase": phases,
        "time": TIMES,
        "snr": [3.0, 4.0],
        "pair_id": 0,
        "picker": "pal",
    }
    return PICKS.make({**columns, **changes})


def test_every_column_of_every_table_says_what_it_means_and_in_which_unit():
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        for column in table.columns:
            assert column.meaning and column.unit, f"{table.name}.{column.name}"
        assert set(table.key) | set(table.sort) <= set(table.names)


@pytest.mark.parametrize("name", list(TABLES))
def test_an_empty_table_keeps_its_own_contract(name):
    TABLES[name].check(TABLES[name].empty())


def test_one_error_lists_every_fault_with_row_and_value():
    broken = picks().assign(
        probability=np.float32([0.5, 1.7]), phase=pd.Series(["P", "X"], dtype="str"), time=[1.0, 2.0]
    )
    with pytest.raises(TableError) as caught:
        PICKS.check(broken)
    text = str(caught.value)
    assert text.startswith("picks: 3 faults")
    assert "row 1: 1.7" in text and "row 1: 'X'" in text and "'time' is float64" in text


def test_a_repeated_key_is_named():
    twice = pd.concat([picks(), picks()], ignore_index=True)
    with pytest.raises(TableError, match="repeats in 2 rows"):
        PICKS.check(twice)


def test_absent_nullable_columns_are_added_and_undeclared_ones_dropped():
    frame = picks()
    assert frame["amplitude_m"].isna().all()
    assert list(PICKS.conform(frame.assign(colour="red")).columns) == PICKS.names


def test_a_missing_required_column_is_an_error():
    with pytest.raises(TableError, match=r"column .station_id..*missing"):
        PICKS.conform(picks().drop(columns="station_id"))


def test_whole_numbers_with_holes_are_refused_not_guessed():
    with pytest.raises(TableError, match="no value in 1 rows"):
        PICKS.conform(picks().assign(pair_id=[1.0, np.nan]))


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_survives_the_disk(tmp_path, suffix):
    frame = picks()
    path = store.write(frame, PICKS, tmp_path / f"picks{suffix}")
    pd.testing.assert_frame_equal(store.read(path, PICKS), frame)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("name", list(TABLES))
def test_an_empty_table_survives_the_disk(tmp_path, suffix, name):
    path = store.write(TABLES[name].empty(), TABLES[name], tmp_path / f"t{suffix}")
    pd.testing.assert_frame_equal(store.read(path, TABLES[name]), TABLES[name].empty())


def test_the_empty_key_of_the_network_survives_csv(tmp_path):
    found = FINDINGS.make({"metric": ["a", "a"], "scope": ["network", "station"], "key": ["", "XX.AAA."],
                           "verdict": ["good", "bad"], "why": ["so", "so"]})
    again = store.read(store.write(found, FINDINGS, tmp_path / "findings.csv"), FINDINGS)
    pd.testing.assert_frame_equal(again, found)
    alone = found.iloc[:1]
    pd.testing.assert_frame_equal(store.read(store.write(alone, FINDINGS, tmp_path / "one.csv"), FINDINGS), alone)


def test_null_words_and_nanoseconds_survive_csv(tmp_path):
    frame = picks(time=pd.DatetimeIndex(TIMES) + pd.Timedelta(1, "ns"))
    path = store.write(frame, PICKS, tmp_path / "picks.csv")
    pd.testing.assert_frame_equal(store.read(path, PICKS), frame)
    magnitudes = MAGNITUDES.make(
        {
            "event_id": [7, 7],
            "station_id": [None, "CI.CCC."],
            "kind": "ML",
            "value": [1.0, 1.2],
            "n_stations": 1,
            "used": [True, False],
        }
    )
    path = store.write(magnitudes, MAGNITUDES, tmp_path / "magnitudes.csv")
    pd.testing.assert_frame_equal(store.read(path, MAGNITUDES), magnitudes)


def test_the_same_table_gives_the_same_bytes_and_keeps_its_note(tmp_path):
    a = store.write(picks(), PICKS, tmp_path / "a.parquet", note="x")
    b = store.write(picks(), PICKS, tmp_path / "b.parquet", note="x")
    assert a.read_bytes() == b.read_bytes()
    assert store.read_note(a) == "x"
    assert store.read_note(tmp_path / "absent.parquet") is None
    (tmp_path / "torn.parquet").write_bytes(a.read_bytes()[:100])
    assert store.read_note(tmp_path / "torn.parquet") is None


def test_nothing_half_written_is_left_behind(tmp_path):
    with pytest.raises(TableError):
        store.write(picks().drop(columns="time"), PICKS, tmp_path / "picks.parquet")
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.integers(0, 2**61), min_size=1, max_size=50, unique=True))
def test_pick_ids_depend_on_nothing_but_station_phase_and_time(ns):
    time = pd.Series(pd.to_datetime(ns, utc=True))
    station, phase = pd.Series(["A.B."] * len(ns)), pd.Series(["P"] * len(ns))
    ids = pick_ids(station, phase, time)
    assert len(set(ids)) == len(ns) and (ids > 0).all()
    alone = [pick_ids(station[:1], phase[:1], time[i : i + 1])[0] for i in range(len(ns))]
    assert list(ids) == alone
    assert not set(ids) & set(pick_ids(station, pd.Series(["S"] * len(ns)), time))
    assert not set(ids) & set(pick_ids(pd.Series(["A.C."] * len(ns)), phase, time))


def test_event_ids_are_the_digits_of_the_time_and_unique():
    time = pd.Series(pd.to_datetime(["2019-07-04T17:33:49.19Z", "2019-07-04T17:33:49.11Z", "2019-07-04T17:33:49.99Z"]))
    assert list(event_ids(time)) == [201907041733492, 201907041733491, 201907041733499]
    assert event_ids(time).max() < 2**53


def test_rows_are_ordered_and_counted_whatever_their_order(tmp_path):
    frame = picks()
    mixed = store.concat([frame[1:], frame[:1]], PICKS)
    pd.testing.assert_frame_equal(mixed, frame)
    assert len(store.concat([], ARRIVALS)) == 0
