"""Files as other programs write them, in small; and the real ones where they are there."""

import numpy as np
import pandas as pd
import pytest

from quakescribe.exchange import pal
from quakescribe.exchange.formats import read_tables, recognise, write_tables
from quakescribe.tables import CHANNELS, STATIONS

STATION_TABLE = STATIONS.make(
    {
        "station_id": ["CI.CCC.", "CI.TOW2.", "PB.B916.", "YR.ED01.00", "YR.ED01.10"],
        "latitude": 35.0,
        "longitude": -117.0,
        "elevation_m": 500.0,
    }
)


def read(tmp_path, text, name="file.txt", stations=STATION_TABLE):
    path = tmp_path / name
    path.write_text(text)
    return recognise(path), read_tables(path, stations)


def test_pal_pairs_become_linked_picks_with_an_amplitude_ratio(tmp_path):
    text = (
        "CI.CCC,2019-07-05T00:00:19.033600Z,2019-07-05T00:00:24.188000Z,2019-07-05T00:00:27.978000Z,2.3e-06,436.81,10.99\n"
        "CI.TOW2,2019-07-05T00:00:19.033600Z,2019-07-05T00:00:25.188000Z,-1,-1,25.0,10.99\n"
    )
    name, got = read(tmp_path, text)
    picks = got["picks"]
    assert name == "pal-pick" and picks["station_id"].tolist() == ["CI.CCC.", "CI.TOW2.", "CI.CCC."]
    p, lone, s = picks.to_dict("records")
    assert p["pair_id"] == s["pair_id"] == p["pick_id"] and lone["pair_id"] == 0
    assert p["snr"] == pytest.approx(20.9) and s["amplitude_m"] == 2.3e-6 and np.isnan(p["amplitude_m"])
    assert picks["probability"].isna().all()


PHA = """2019-07-04T16:13:42.989200Z,35.69,-117.47,9,1.64,{last}
CI.TOW2,2019-07-04T16:13:48.528000Z,2019-07-04T16:13:53.308000Z,1.66e-07,1350.6
CI.CCC,-1,2019-07-04T16:13:51.918000Z,1.07e-07,2198.2
2019-07-04T17:02:54.806800Z,35.69,-117.45,9,4.49,{next}
CI.TOW2,2019-07-04T17:03:00.428000Z,2019-07-04T17:03:05.268000Z,0.000136,935536570.4
"""


def test_pal_events_with_numbers_keep_them_and_with_residuals_are_numbered_by_time(tmp_path):
    name, got = read(tmp_path, PHA.format(last=2092, next=2093))
    assert name == "pal" and got["events"]["event_id"].tolist() == [2092, 2093]
    assert got["arrivals"]["phase"].tolist() == ["P", "S", "S", "P", "S"]
    _, got = read(tmp_path, PHA.format(last=0.3, next=0.3))
    assert got["events"]["event_id"].tolist() == [201907041613429, 201907041702548]
    assert got["magnitudes"]["value"].tolist() == [1.64, 4.49]


def test_pal_catalogues_with_digits_as_times(tmp_path):
    name, got = read(
        tmp_path, "20190704161343.44,35.7158,-117.5010,14.6,1.60\n20190704170255.38,35.7,-117.5,13.5,4.40\n"
    )
    assert name == "pal-ctlg" and got["events"]["time"].iloc[0] == pd.Timestamp("2019-07-04T16:13:43.44Z")


@pytest.mark.parametrize("gains", ["627368000.0", "1.0,2.0,3.0", "1.0,2.0,3.0,2010/09/23,3000/01/01"])
def test_the_three_layouts_of_pal_stations(tmp_path, gains):
    name, got = read(tmp_path, f"CI.CCC,35.5249,-117.3645,670.0,{gains}\n", stations=None)
    assert name == "pal-sta" and got["stations"]["station_id"].tolist() == ["CI.CCC."]
    gain = dict(zip(got["channels"]["channel"], got["channels"]["gain"], strict=True))
    assert gain == (
        {"E": 627368000.0, "N": 627368000.0, "Z": 627368000.0}
        if gains.startswith("6")
        else {"E": 1.0, "N": 2.0, "Z": 3.0}
    )
    assert got["stations"]["valid_to"].isna().all() and got["stations"]["valid_from"].notna().any() == ("/" in gains)


HYPODD = """# 2016 10 18  0  0 12.53  42.8922   13.2492    3.28  0.00  0.54  1.49  0.31    113825 E
CICCC         2.030   1.000   P EH
CICCC         2.810   0.500   S EH
ZZNONE        1.700   1.000   P HH
B916          1.700  -0.250   P HH
ED01          1.700   1.000   P HH
"""


def test_hypodd_names_without_a_dot_are_found_in_the_stations_table(tmp_path):
    name, got = read(tmp_path, HYPODD)
    assert name == "hypodd" and got["events"]["event_id"].tolist() == [113825]
    assert set(got["arrivals"]["station_id"]) == {"CI.CCC.", "PB.B916.", ".ZZNONE.", ".ED01."}
    assert set(got["skips"]["reason"]) == {"unknown-station", "ambiguous-station"}
    assert got["arrivals"].sort_values("weight")["weight"].tolist() == [0.25, 0.5, 1.0, 1.0, 1.0]
    assert got["origins"][["erh_km", "erz_km", "rms_s"]].iloc[0].tolist() == [0.54, 1.49, 0.31]
    assert got["origins"]["gap_deg"].isna().all() and got["events"]["n_stations"].tolist() == [4]


def test_hypodd_event_lists(tmp_path):
    name, got = read(
        tmp_path, "20161017       935   42.7347    13.0185     15.420   0.00    6.04    4.84   0.68     111027\n"
    )
    assert name == "hypodd-event" and got["events"]["time"].iloc[0] == pd.Timestamp("2016-10-17T00:00:09.35Z")


PAL_HYPOINVERSE = (
    "201907041613429935N4140117W2820" + " " * 91 + "L1.64" + " " * 9 + "         0L\n"
    "TOW2 CI  HHZ IP 0201907041613 4853        5331ES 1 \n"
    "CCC  CI  HHZ     201907041613             5192ES 1 \n"
    "B916 PB  HHZ IP 0201907041659 5990       10012ES 1 \n\n"
)


def test_phase_files_that_pal_writes_for_hypoinverse(tmp_path):
    name, got = read(tmp_path, PAL_HYPOINVERSE)
    assert name == "hypoinverse"
    event = got["events"].iloc[0]
    assert event["time"] == pd.Timestamp("2019-07-04T16:13:42.99Z") and event["latitude"] == pytest.approx(35.69)
    assert event["longitude"] == pytest.approx(-117.47)
    times = got["arrivals"].set_index(["station_id", "phase"])["time"]
    assert times["CI.TOW2.", "P"] == pd.Timestamp("2019-07-04T16:13:48.53Z")
    assert times["CI.CCC.", "S"] == pd.Timestamp("2019-07-04T16:13:51.92Z")
    assert times["PB.B916.", "S"] == pd.Timestamp("2019-07-04T17:00:40.12Z")


SUMMARY = """20190704 1613 43.42 35 42.44 117W29.67  12.17   0.00 17 106 15.2 0.21  0.6  2.1 B           0
20190704 1916 57.76 35 42.10 117W31.13   4.16   0.00 16  99 14.5 0.20  0.6 18.3 C -        19
20190704 1807  9.86 35 36.37 117W35.75  -2.47   0.00 16 158 17.0 0.39  0.9  2.3 C #        59
"""


def test_summaries_keep_errors_letters_and_flags(tmp_path):
    name, got = read(tmp_path, SUMMARY)
    rows = got["origins"].set_index("event_id")
    assert name == "hypo71" and rows["flags"].fillna("").to_dict() == {
        0: "",
        19: "hypoinverse-minus",
        59: "hypoinverse-hash",
    }
    assert rows["well_located"].to_dict() == {0: True, 19: False, 59: False}
    columns = ["depth_km", "n_phases", "gap_deg", "dmin_km", "rms_s", "erh_km", "erz_km", "quality"]
    assert rows.loc[59, columns].tolist() == [-2.47, 16, 158.0, 17.0, 0.39, 0.9, 2.3, "C"]
    assert rows.loc[0, "latitude"] == pytest.approx(35 + 42.44 / 60) and rows.loc[0, "longitude"] < -117
    assert "magnitudes" not in got


def test_the_depth_datum_is_moved_when_it_is_named(tmp_path):
    path = tmp_path / "run.sum"
    path.write_text(SUMMARY)
    moved = read_tables(path, depth_datum_km=1.5)
    assert moved["origins"]["depth_km"].tolist() == pytest.approx([10.67, -3.97, 2.66])
    assert moved["events"]["depth_km"].tolist() == moved["origins"]["depth_km"].tolist()


OBS = """GRX    ?    ?    ? P      U 19940217 2216   44.92 GAU  2.00e-02 -1.00e+00 -1.00e+00 -1.00e+00
GRX    ?    ?    ? S      ? 19940217 2216   48.70 GAU  4.00e-02 -1.00e+00 -1.00e+00 -1.00e+00
CAD    ?    ?    ? Pn     D 19940217 2216   64.30 GAU  2.00e-02 -1.00e+00 -1.00e+00 -1.00e+00

BSTF   ?    ?    ? PmP    ? 19940217 2218   47.50 GAU  4.00e-02 -1.00e+00 -1.00e+00 -1.00e+00
BSTF   ?    ?    ? P      ? 19940217 2218   45.50 GAU  4.00e-02 -1.00e+00 -1.00e+00 -1.00e+00 0.5
"""


def test_nonlinloc_blocks_become_events_without_a_place(tmp_path):
    name, got = read(tmp_path, OBS)
    assert name == "nonlinloc" and "events" not in got
    assert got["arrivals"].groupby("event_id").size().tolist() == [3, 1]
    late = got["arrivals"].query("station_id == '.CAD.'")
    assert late["time"].iloc[0] == pd.Timestamp("1994-02-17T22:17:04.3Z") and late["phase"].iloc[0] == "P"
    assert set(got["skips"]["reason"]) == {"unknown-phase", "unknown-station"}


PICK_FILES = {
    "PhaseNet": "station_id,phase_index,phase_time,phase_score,phase_type,phase_amplitude\n"
    "CI.CCC..HH,100,2019-07-04T17:02:58.5,0.91,P,1e-5\nCI.CCC..HH,300,2019-07-04T17:03:02.5,0.5,S,1e-5\n",
    "GaMMA": "id,timestamp,type,prob,amp,event_index\nCI.CCC..HH,2019-07-04T17:02:58.500,p,0.91,1e-5,3\n"
    "CI.CCC..HH,2019-07-04T17:03:02.500,s,0.5,1e-5,-1\n",
    "PyOcto": "station,phase,time,probability\nCI.CCC,P,1562259778.5,0.91\nCI.CCC,S,1562259782.5,0.5\n",
    "SeisBench": "trace_id,start_time,end_time,peak_time,peak_value,phase\n"
    "CI.CCC.,2019-07-04T17:02:58Z,2019-07-04T17:02:59Z,2019-07-04T17:02:58.500000Z,0.91,P\n"
    "CI.CCC.,2019-07-04T17:03:02Z,2019-07-04T17:03:03Z,2019-07-04T17:03:02.500000Z,0.5,S\n",
    "EQTransformer": "network,station,p_arrival_time,p_probability,s_arrival_time,s_probability\n"
    "CI,CCC,2019-07-04 17:02:58.500000,0.91,2019-07-04 17:03:02.500000,0.5\n",
}


@pytest.mark.parametrize("program", PICK_FILES)
def test_picks_of_other_pickers_and_associators(tmp_path, program):
    name, got = read(tmp_path, PICK_FILES[program], "picks.csv")
    picks = got["picks"]
    assert name == "picks-csv" and picks["station_id"].tolist() == ["CI.CCC."] * 2
    assert picks["phase"].tolist() == ["P", "S"]
    assert picks["time"].tolist() == [pd.Timestamp("2019-07-04T17:02:58.5Z"), pd.Timestamp("2019-07-04T17:03:02.5Z")]
    assert picks["probability"].tolist() == pytest.approx([0.91, 0.5]) and picks["amplitude_m"].isna().all()
    if program == "GaMMA":
        assert got["arrivals"]["event_id"].tolist() == [3]
    if program in ("GaMMA", "PhaseNet"):
        assert "amplitude-without-unit" in set(got["skips"]["reason"])


EVENT_FILES = {
    "SCEDC with metres": "time,magnitude,longitude,latitude,depth(m)\n"
    "2019-07-04T17:02:55.340000,3.98,-117.504,35.708,10600.0\n",
    "USGS ComCat": "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,"
    "horizontalError,depthError,magError\n2019-07-04T17:02:55.340Z,35.708,-117.504,10.6,3.98,ml,40,33,0.1,0.2,ci,ci38443183,"
    '2019-07-05T00:00:00.000Z,"Ridgecrest, CA",earthquake,0.2,0.4,0.1\n',
    "PyOcto": "idx,time,x,y,z,picks,latitude,longitude,depth,magnitude\n"
    "0,1562259775.34,1,2,3,9,35.708,-117.504,10.6,3.98\n",
    "FDSN text": "#EventID | Time | Latitude | Longitude | Depth/km | Author | Catalog | Contributor | ContributorID"
    " | MagType | Magnitude | MagAuthor | EventLocationName\n"
    "ci38443183|2019-07-04T17:02:55.340|35.708|-117.504|10.6|CI|"
    "CI|CI|38443183|ml|3.98|CI|Ridgecrest\n",
    "USGS GeoJSON": '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"mag":3.98,'
    '"time":1562259775340,"magType":"ml","nst":40,"rms":0.2,"gap":33},"geometry":{"type":"Point","coordinates":[-117.504,35.708,'
    '10.6]},"id":"ci38443183"}]}',
}


@pytest.mark.parametrize("source", EVENT_FILES)
def test_event_lists_of_others(tmp_path, source):
    _, got = read(tmp_path, EVENT_FILES[source])
    row = got["origins"].iloc[0]
    assert row["time"] == pd.Timestamp("2019-07-04T17:02:55.34Z")
    assert (row["latitude"], row["longitude"], row["depth_km"]) == (35.708, -117.504, 10.6)
    assert got["magnitudes"]["value"].tolist() == [3.98]
    if "ci384" in EVENT_FILES[source]:
        assert row["source_id"] == "ci38443183" and row["event_id"] == 201907041702553


def test_a_folder_of_tables_is_read_whole(tmp_path):
    write_tables(tmp_path / "out", "csv", {"stations": STATION_TABLE, "channels": CHANNELS.empty()})
    assert set(read_tables(tmp_path / "out")) == {"stations", "channels"}


@pytest.mark.real_data
def test_the_real_pal_files(real_data):
    folder = real_data / "ridgecrest_picks"
    stations = read_tables(folder / "stations.csv")["stations"]
    pairs = read_tables(folder / "pal_pairs.csv", stations)
    assert len(pairs["picks"]) == 2 * 18_920 and (pairs["picks"]["pair_id"] != 0).all() and "skips" not in pairs
    tables = read_tables(folder)
    assert len(tables["events"]) == 1640 and len(tables["arrivals"]) == 2 * 10_844
    assert tables["arrivals"]["pick_id"].isin(pairs["picks"]["pick_id"]).all()
    assert set(tables["arrivals"]["event_id"]) == set(tables["events"]["event_id"])


@pytest.mark.real_data
def test_the_real_summaries(real_data):
    events = read_tables(real_data / "ridgecrest_picks" / "events.csv")["events"].set_index("event_id")
    for name, flagged in (("hypoinverse_trial5.sum", True), ("hypoinverse_trials20.sum", False)):
        origins = read_tables(real_data / "ridgecrest_picks" / name)["origins"].set_index("event_id")
        assert len(origins) == 1640 and set(origins.index) == set(events.index)
        assert (origins["time"] - events["time"].reindex(origins.index)).abs().median() < pd.Timedelta(1, "s")
        assert (~origins["well_located"]).mean() < (0.5 if flagged else 0.1)


@pytest.mark.real_data
def test_the_real_hypodd_file(real_data):
    folder = real_data / "amatrice_waveforms" / "reference"
    stations = read_tables(folder / "station.dat")["stations"]
    tables = read_tables(folder / "phase.P4PS6.20161018", stations)
    assert len(tables["events"]) == 2635 and len(tables["arrivals"]) == 85_113 - 2635
    lags = tables["arrivals"].merge(tables["events"], on="event_id")
    assert ((lags["time_x"] - lags["time_y"]).dt.total_seconds().between(-2, 60)).all()


def test_components_1_and_2_are_north_and_east_in_pals_station_list(tmp_path):
    channels = pd.DataFrame({"station_id": "XX.A.", "channel": ["HH1", "HH2", "HHZ"], "gain": [1.0, 2.0, 3.0],
                             "unit": "m/s", "has_response": False})
    stations = pd.DataFrame({"station_id": ["XX.A."], "latitude": 1.0, "longitude": 2.0, "elevation_m": 3.0})
    tables = {"stations": STATIONS.conform(stations), "channels": CHANNELS.conform(channels)}
    pal.write_sta(tmp_path / "a.sta", tables)
    assert (tmp_path / "a.sta").read_text() == "XX.A,1.0,2.0,3.0,2.0,1.0,3.0\n"
