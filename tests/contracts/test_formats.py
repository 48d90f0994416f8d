"""One contract for every exchange format: what it says it holds comes back, what it cannot hold it says."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.errors import FormatError, QuakescribeError
from quakescribe.exchange.formats import FORMATS, read_tables, recognise, write_tables
from quakescribe.exchange.view import catalogue as one_row_per_event
from quakescribe.tables import TABLES

sys.path.insert(0, str(Path(__file__).parent))
import catalogues


@dataclass(frozen=True)
class Digits:
    """What a format rounds: seconds of origin times and onsets, and other columns by name."""

    origin_s: float = 0.0
    onset_s: float = 0.0
    columns: dict = field(default_factory=dict)
    unknown: dict = field(default_factory=dict)  # what a null becomes


DIGITS = {
    "hypodd": Digits(
        0.005,
        0.00006,
        {
            "latitude": 6e-7,
            "longitude": 6e-7,
            "depth_km": 6e-4,
            "erh_km": 6e-4,
            "erz_km": 6e-4,
            "rms_s": 6e-4,
            "value": 6e-4,
            "weight": 6e-5,
        },
        {"weight": 1.0},
    ),
    "hypoinverse": Digits(
        0.0051,
        0.0051,
        {
            "latitude": 9e-5,
            "longitude": 9e-5,
            "depth_km": 6e-3,
            "erh_km": 6e-3,
            "erz_km": 6e-3,
            "rms_s": 6e-3,
            "gap_deg": 0.51,
            "dmin_km": 0.51,
            "value": 6e-3,
            "residual_s": 6e-3,
            "weight": 6e-3,
            "distance_km": 0.06,
            "azimuth_deg": 0.51,
            "takeoff_deg": 0.51,
        },
    ),
    "nonlinloc": Digits(0.0, 0.00006, {"uncertainty_s": 6e-4, "amplitude_m": 1e-6}),
    "stationxml": Digits(unknown={"burial_m": 0.0}),
    "hypodd-station": Digits(columns={"latitude": 6e-7, "longitude": 6e-7, "elevation_m": 0.06}),
    "hypoinverse-station": Digits(columns={"latitude": 1e-6, "longitude": 1e-6, "elevation_m": 0.51}),
}
WRITTEN = [name for name, entry in FORMATS.items() if entry.write is not None]
CATALOGUES = [name for name in WRITTEN if "origins" in FORMATS[name].holds]
FOLDERS = ("csv", "parquet")


def target(folder, name):
    return folder / (name if name in FOLDERS else f"file{FORMATS[name].suffixes[0]}")


def round_trip(folder, name, tables):
    path = target(folder, name)
    losses = write_tables(path, name, tables)
    assert recognise(path) == name
    return read_tables(path, catalogues.stations()), losses


def numbered(tables):
    """Return the tables with event ids 1..n, which every format can hold."""
    ids = {event_id: i + 1 for i, event_id in enumerate(tables["origins"]["event_id"])}
    return {
        name: TABLES[name].order(frame.assign(event_id=frame["event_id"].map(ids))) if "event_id" in frame else frame
        for name, frame in tables.items()
    }


def expected(name, tables):
    """Return what a format should give back: one place per event, the preferred magnitude, P-S pairs."""
    if name in (*FOLDERS, "quakeml"):
        return tables
    rows = one_row_per_event(tables)
    result = dict(tables)
    result["events"] = (
        tables["events"]
        .drop(columns=["time", "latitude", "longitude", "depth_km"])
        .merge(rows[["event_id", "time", "latitude", "longitude", "depth_km"]], on="event_id")
    )
    magnitudes = rows[rows["magnitude"].notna()]
    result["magnitudes"] = pd.DataFrame(
        {
            "event_id": magnitudes["event_id"],
            "kind": magnitudes["magnitude_kind"],
            "value": magnitudes["magnitude"].astype(float),
            "uncertainty": magnitudes["magnitude_uncertainty"].astype(float),
        }
    )
    if name == "pal-pick":
        picks = tables["picks"]
        result["picks"] = picks[picks["pair_id"] != 0].assign(
            amplitude_m=picks["amplitude_m"].where(picks["phase"] == "S"), snr=picks["snr"].where(picks["phase"] == "P")
        )
    return result


def same(name, table, wanted, got):
    digits = DIGITS.get(name, Digits())
    columns = [c for c in FORMATS[name].holds[table] if c not in ("pick_id",) or digits.onset_s == 0.0]
    order = [c for c in ("event_id", "kind", "station_id", "channel", "phase", "time") if c in columns]
    wanted, got = (frame.sort_values(order, na_position="first").reset_index(drop=True) for frame in (wanted, got))
    assert len(wanted) == len(got), f"{table}: {len(got)} rows of {len(wanted)}"
    for column in columns:
        if column == "pair_id" and digits.onset_s:
            continue
        a, b = wanted[column], got[column]
        unknown = digits.unknown.get(column)
        if unknown is not None:
            a = a.fillna(unknown)
        if column == "time":
            tolerance = digits.onset_s if table in ("picks", "arrivals") else digits.origin_s
            assert ((a - b).abs() <= pd.Timedelta(tolerance, "s")).all(), f"{table}.time"
        elif TABLES[table][column].type in ("float64", "float32"):
            same_numbers(f"{table}.{column}", a, b, digits.columns.get(column, 0.0), name)
        else:
            pd.testing.assert_series_equal(
                a.astype(object).where(a.notna(), None), b.astype(object).where(b.notna(), None), check_names=False
            )


def same_numbers(what, a, b, tolerance, name):
    a, b = a.to_numpy(float), b.to_numpy(float)
    if name == "hypodd":  # 0 stands for not known
        a = np.where(np.isnan(a), 0.0, a)
        b = np.where(np.isnan(b), 0.0, b)
    if name == "nonlinloc" and what.endswith("uncertainty_s"):  # it needs one, so an unknown one is filled
        b = np.where(np.isnan(a), np.nan, b)
    np.testing.assert_allclose(b, a, rtol=1e-3 if name == "nonlinloc" else 2e-12, atol=tolerance, err_msg=what)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_format_holds_comes_back(tmp_path, name):
    tables = {
        **numbered(catalogues.catalogue(200)),
        "stations": catalogues.stations(),
        "channels": catalogues.channels(),
    }
    got, _ = round_trip(tmp_path, name, tables)
    wanted = expected(name, tables)
    for table in FORMATS[name].holds:
        if table in wanted:
            same(name, table, wanted[table], got[table])


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_format_cannot_hold_it_says(tmp_path, name):
    tables = {**catalogues.catalogue(20), "stations": catalogues.stations(), "channels": catalogues.channels()}
    losses = " ".join(write_tables(target(tmp_path, name), name, tables))
    for table, frame in tables.items():
        holds = FORMATS[name].holds.get(table)
        if holds is None:
            assert f"{table}: {len(frame)} rows are left out" in losses
            continue
        for column in TABLES[table].names:
            derived = column in ("associator", "has_response", "method")
            informative = frame[column].notna().any() and not (frame[column].isin([0, False, ""]).all())
            if column not in holds and informative and not derived:
                assert column in losses or f"{table}:" in losses, f"{table}.{column} is lost without a word"


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_twice_gives_the_same_bytes(tmp_path, name):
    tables = {**catalogues.catalogue(15), "stations": catalogues.stations(), "channels": catalogues.channels()}
    first, second = (target(tmp_path / part, name) for part in ("a", "b"))
    for path in (first, second):
        path.parent.mkdir()
        write_tables(path, name, tables)
    pairs = [(first, second)] if first.is_file() else [(p, second / p.name) for p in sorted(first.iterdir())]
    assert all(a.read_bytes() == b.read_bytes() for a, b in pairs)
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("name", CATALOGUES)
def test_an_empty_catalogue_is_written_and_read(tmp_path, name):
    tables = {table: TABLES[table].empty() for table in ("events", "origins", "arrivals", "picks", "magnitudes")}
    path = target(tmp_path, name)
    assert write_tables(path, name, tables) == []
    if path.is_file() and not path.read_bytes().strip():
        with pytest.raises(FormatError, match="empty"):
            read_tables(path)
        return
    assert all(not len(frame) for frame in read_tables(path).values())


@pytest.mark.parametrize("name", CATALOGUES)
def test_one_event_comes_back(tmp_path, name):
    tables = numbered(catalogues.catalogue(1, seed=4))
    got, _ = round_trip(tmp_path, name, tables)
    same(name, "origins", expected(name, tables)["origins"], got["origins"])


@pytest.mark.parametrize("name", CATALOGUES)
def test_events_without_an_origin_keep_the_associators_place(tmp_path, name):
    tables = numbered(catalogues.catalogue(12))
    events = {"events": tables["events"], "arrivals": tables["arrivals"], "picks": tables["picks"]}
    got, _ = round_trip(tmp_path, name, events)
    columns = [c for c in FORMATS[name].holds["events"] if c not in ("associator", "n_picks", "n_stations")]
    assert len(got["events"]) == 12
    for column in columns:
        if column in ("latitude", "longitude", "depth_km"):
            np.testing.assert_allclose(got["events"][column], tables["events"][column], atol=0.01)


def awkward_times():
    days = (
        "2019-12-31T23:59:59.999900",
        "2020-02-29T23:59:59.999999",
        "1969-12-31T23:59:59.994999",
        "1935-06-01T00:00:00",
        "1970-01-01T00:00:00",
        "2100-01-01T12:00:00.005",
    )
    return np.array(days, dtype="datetime64[ns]").astype(np.int64)


@pytest.mark.parametrize("name", CATALOGUES)
def test_seconds_that_round_up_carry_into_the_next_minute_day_and_year(tmp_path, name):
    times = np.sort(awkward_times())
    tables = numbered(catalogues.catalogue(len(times), seed=2, times=times))
    got, _ = round_trip(tmp_path, name, tables)
    wanted = expected(name, tables)
    same(name, "origins", wanted["origins"], got["origins"])
    if "arrivals" in FORMATS[name].holds:
        same(name, "arrivals", wanted["arrivals"], got["arrivals"])


@pytest.mark.parametrize("name", CATALOGUES)
def test_the_date_line_the_poles_and_events_above_sea_level(tmp_path, name):
    tables = numbered(catalogues.catalogue(4, seed=3))
    tables["origins"] = tables["origins"].assign(
        latitude=[90.0, -90.0, 0.0, -0.0001],
        longitude=[180.0, -180.0, 179.999999, -0.00001],
        depth_km=[-2.5, -0.004, 0.0, 700.0],
    )
    got, _ = round_trip(tmp_path, name, tables)
    there = got["origins"].sort_values("time")
    digits = DIGITS.get(name, Digits()).columns
    apart = (there["longitude"].to_numpy() - tables["origins"]["longitude"].to_numpy() + 180.0) % 360.0 - 180.0
    assert np.abs(apart).max() <= digits.get("longitude", 1e-12)
    np.testing.assert_allclose(there["latitude"], tables["origins"]["latitude"], atol=digits.get("latitude", 1e-12))
    np.testing.assert_allclose(there["depth_km"], tables["origins"]["depth_km"], atol=digits.get("depth_km", 1e-12))


@pytest.mark.parametrize("name", CATALOGUES)
def test_events_without_any_magnitude_come_back_without(tmp_path, name):
    tables = numbered(catalogues.catalogue(6))
    del tables["magnitudes"]
    got, _ = round_trip(tmp_path, name, tables)
    assert not len(got.get("magnitudes", ()))


@pytest.mark.parametrize("name", WRITTEN)
def test_station_codes_of_five_characters_come_back_or_are_refused_with_the_name(tmp_path, name):
    ids = ("XX.ABCDE.", "XX.ABCDF.00")
    tables = {
        **numbered(catalogues.catalogue(8, ids=ids)),
        "stations": catalogues.stations(ids),
        "channels": catalogues.channels(ids),
    }
    path = target(tmp_path, name)
    write_tables(path, name, tables)
    got = read_tables(path, catalogues.stations(ids))
    for table in ("picks", "stations"):
        if table in FORMATS[name].holds:
            assert set(got[table]["station_id"]) == set(ids)


@pytest.mark.parametrize("name", ["hypodd", "hypodd-station", "hypoinverse", "hypoinverse-station"])
def test_a_station_name_that_does_not_fit_is_refused(tmp_path, name):
    ids = ("XX.LONGNAME.",)
    tables = {**numbered(catalogues.catalogue(3, ids=ids)), "stations": catalogues.stations(ids)}
    with pytest.raises(FormatError, match=r"XX\.LONGNAME\..*too long"):
        write_tables(target(tmp_path, name), name, tables)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_cut_off_anywhere_is_read_or_refused_in_words(tmp_path, name):
    tables = {**numbered(catalogues.catalogue(3)), "stations": catalogues.stations(), "channels": catalogues.channels()}
    path = target(tmp_path, name)
    write_tables(path, name, tables)
    whole = path if path.is_file() else path / f"origins.{name}"
    content = whole.read_bytes()
    cut = tmp_path / f"cut{whole.suffix}"
    for size in np.linspace(1, len(content) - 1, 25).astype(int):
        cut.write_bytes(content[:size])
        try:
            read_tables(cut, catalogues.stations())
        except QuakescribeError as error:
            assert len(str(error)) > 20


@pytest.mark.parametrize("name", [n for n in WRITTEN if n not in ("parquet", "quakeml", "stationxml")])
def test_text_in_another_encoding_is_refused_with_the_line(tmp_path, name):
    tables = {**numbered(catalogues.catalogue(3)), "stations": catalogues.stations(), "channels": catalogues.channels()}
    path = target(tmp_path, name)
    write_tables(path, name, tables)
    path = path if path.is_file() else path / "origins.csv"
    path.write_bytes(path.read_bytes() + b"\xe9\xe8 caf\xe9\n")
    with pytest.raises(QuakescribeError):
        read_tables(path, catalogues.stations())
