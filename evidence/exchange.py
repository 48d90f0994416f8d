"""Exchange: what comes back from every format, and how the files of others are read.

Usage: python evidence/exchange.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "contracts")]

import catalogues  # noqa: E402
from records import Records, real_data  # noqa: E402

from quakescribe.exchange.formats import FORMATS, read_tables, write_tables  # noqa: E402

N = 200


def round_trips(records: Records, folder: Path) -> None:
    """Write and read 200 random events in every format that holds arrivals; count what comes back."""
    tables = catalogues.catalogue(N)
    tables = {
        name: frame.assign(event_id=frame["event_id"].rank(method="dense").astype("int64"))
        if "event_id" in frame
        else frame
        for name, frame in tables.items()
    }
    data = f"{N} random events, {len(tables['arrivals'])} arrivals"
    for name in ("csv", "parquet", "quakeml", "nonlinloc", "pal", "hypodd", "hypoinverse"):
        path = folder / (name if name in ("csv", "parquet") else name + FORMATS[name].suffixes[0])
        write_tables(path, name, tables)
        got = read_tables(path, catalogues.stations())
        keys = ["event_id", "station_id", "phase"]
        both = tables["arrivals"].merge(got["arrivals"], on=keys, suffixes=("", "_back"))
        records.add(f"{name}: arrivals that come back", len(both) / len(tables["arrivals"]), "share", data, (">=", 1.0))
        late = (both["time"] - both["time_back"]).abs().dt.total_seconds().max()
        records.add(
            f"{name}: largest change of an onset time",
            float(late),
            "s",
            data,
            ("<=", 0.0051 if name == "hypoinverse" else 0.0001),
        )


def obspy_agrees(records: Records, folder: Path) -> None:
    """Compare with what ObsPy reads from our QuakeML."""
    import obspy
    from obspy.io.quakeml.core import _validate

    tables = catalogues.catalogue(N)
    path = folder / "check.xml"
    write_tables(path, "quakeml", tables)
    found = obspy.read_events(str(path))
    origins = tables["origins"].set_index("event_id")
    worst, arrivals = 0.0, 0
    for event in found:
        origin = event.preferred_origin()
        row = origins.loc[int(str(event.resource_id).rpartition("/")[2])]
        worst = max(
            worst,
            abs(origin.time.timestamp - row["time"].timestamp()),
            abs(origin.latitude - row["latitude"]),
            abs(origin.depth / 1000 - row["depth_km"]),
        )
        arrivals += len(origin.arrivals)
    data = f"{N} random events"
    records.add("QuakeML valid under the 1.2 schema", float(bool(_validate(str(path)))), "1 = yes", data, (">=", 1.0))
    records.add("QuakeML: arrivals that ObsPy reads", arrivals / len(tables["arrivals"]), "share", data, (">=", 1.0))
    records.add("QuakeML: largest difference in ObsPy's origins", float(worst), "s, deg, km", data, ("<=", 1e-6))


def real_files(records: Records, folder: Path) -> None:
    """Read the files of PAL, HYPOINVERSE and hypoDD that come with the real recordings."""
    picks = folder / "ridgecrest_picks"
    stations = read_tables(picks / "stations.csv")["stations"]
    pairs = read_tables(picks / "pal_pairs.csv", stations)["picks"]
    records.add("PAL pairs read", int((pairs["pair_id"] != 0).sum()) // 2, "pairs", "ridgecrest_picks", (">=", 18_920))
    for name in ("hypoinverse_trial5.sum", "hypoinverse_trials20.sum"):
        origins = read_tables(picks / name)["origins"]
        records.add(f"{name}: events read", len(origins), "events", "ridgecrest_picks", (">=", 1640))
        records.add(f"{name}: flagged '-' or '#'", int((~origins["well_located"]).sum()), "events", "ridgecrest_picks")
    reference = folder / "amatrice_waveforms" / "reference"
    phases = read_tables(reference / "phase.P4PS6.20161018", read_tables(reference / "station.dat")["stations"])
    records.add(
        "hypoDD phase file: onsets read", len(phases["arrivals"]), "onsets", "amatrice_waveforms", (">=", 82_478)
    )
    catalogue = read_tables(folder / "ridgecrest_waveforms" / "reference" / "scsn_catalog.csv")["origins"]
    records.add(
        "regional catalogue: median depth", float(np.median(catalogue["depth_km"])), "km", "ridgecrest_waveforms"
    )


def main() -> None:
    """Write evidence/exchange.json."""
    records = Records("exchange")
    with tempfile.TemporaryDirectory() as name:
        round_trips(records, Path(name))
        obspy_agrees(records, Path(name))
    folder = real_data()
    if folder is not None:
        real_files(records, folder)
    records.write()


if __name__ == "__main__":
    main()
