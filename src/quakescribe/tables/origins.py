"""Origins and magnitudes: where, when, how well known, how large."""

from quakescribe.tables.schema import TIME, Column, Table

_COVARIANCE = tuple(
    Column(
        f"covariance_{a}{b}", "float64", unit, f"covariance of {a} and {b} (east, north, depth, time)", nullable=True
    )
    for a, b, unit in (
        ("x", "x", "km2"),
        ("x", "y", "km2"),
        ("x", "z", "km2"),
        ("y", "y", "km2"),
        ("y", "z", "km2"),
        ("z", "z", "km2"),
        ("x", "t", "km s"),
        ("y", "t", "km s"),
        ("z", "t", "km s"),
        ("t", "t", "s2"),
    )
)

DISQUALIFYING = ("few-phases", "single-station", "collinear", "at-bottom", "at-edge", "weights-dropped",
                 "not-converged")
"""Flags that deny an origin the verdict "well located", whatever its numbers."""

ORIGINS = Table(
    name="origins",
    meaning="one row per located event",
    key=("event_id",),
    sort=("time", "event_id"),
    columns=(
        Column("event_id", "int64", "-", "the event", 0),
        Column("time", TIME, "UTC", "origin time"),
        Column("latitude", "float64", "deg", "WGS84", -90.0, 90.0),
        Column("longitude", "float64", "deg", "WGS84", -180.0, 180.0),
        Column("depth_km", "float64", "km", "below sea level, positive down", -10.0, 800.0),
        Column("erh_km", "float64", "km", "horizontal standard error; 99 = not resolved", 0.0, nullable=True),
        Column("erz_km", "float64", "km", "vertical standard error; 99 = not resolved", 0.0, nullable=True),
        Column("ert_s", "float64", "s", "origin-time standard error; 99 = not resolved", 0.0, nullable=True),
        *_COVARIANCE,
        Column(
            "rms_s",
            "float64",
            "s",
            "weighted root mean square residual; null in a foreign catalogue that does not say",
            0.0,
            nullable=True,
        ),
        Column(
            "gap_deg",
            "float64",
            "deg",
            "largest azimuthal gap; null in a foreign catalogue that does not say",
            0.0,
            360.0,
            nullable=True,
        ),
        Column("dmin_km", "float64", "km", "epicentral distance of the nearest used station", 0.0, nullable=True),
        Column("n_phases", "int64", "-", "arrivals used", 0),
        Column("n_stations", "int64", "-", "distinct stations used", 0),
        Column(
            "quality",
            "str",
            "-",
            "A (best) to D; null in a foreign catalogue that does not say",
            nullable=True,
            choices=("A", "B", "C", "D"),
        ),
        Column("well_located", "bool", "-", "keeps the rule of the locate settings"),
        Column("flags", "str", "-", "comma-separated words, empty when there is nothing to say", nullable=True),
        Column("method", "str", "-", "locator and mode"),
        Column("source_id", "str", "-", "the id in the file it was read from", nullable=True),
    ),
)

AMPLITUDES = Table(
    name="amplitudes",
    meaning="one row per event and station: the largest swing of a Wood-Anderson seismometer",
    key=("event_id", "station_id"),
    sort=("event_id", "station_id"),
    columns=(
        Column("event_id", "int64", "-", "the event", 0),
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("amplitude_m", "float64", "m", "zero to peak on the Wood-Anderson record, magnification included", 0.0),
        Column("snr", "float64", "-", "ratio of the amplitude to the largest noise amplitude", 0.0, nullable=True),
        Column("n_components", "int64", "-", "horizontal components behind it", 1, 3),
        Column("limit", "bool", "-", "nothing stands out: the event's own amplitude is no larger than this"),
        Column("time", TIME, "UTC", "of the largest swing", nullable=True),
    ),
)

MAGNITUDES = Table(
    name="magnitudes",
    meaning="one row per event and kind (network value, station_id null) and per station value",
    key=("event_id", "kind", "station_id"),
    sort=("event_id", "kind", "station_id"),
    columns=(
        Column("event_id", "int64", "-", "the event", 0),
        Column("station_id", "str", "-", "null = the network's value", nullable=True),
        Column("kind", "str", "-", "ML, M_PAL, or the source's own word"),
        Column("value", "float64", "-", "magnitude", -5.0, 11.0),
        Column("uncertainty", "float64", "-", "one standard deviation of the value", 0.0, nullable=True),
        Column("amplitude_m", "float64", "m", "the station's amplitude behind the value", 0.0, nullable=True),
        Column("n_stations", "int64", "-", "stations in the network's value; 1 for a station value", 0),
        Column("used", "bool", "-", "the station value enters the network's value"),
    ),
)
