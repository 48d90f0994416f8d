"""Stations: where the ground was measured; channels: what measured it; coverage: when it did."""

from quakescribe.tables.schema import TIME, Column, Table

STATIONS = Table(
    name="stations",
    meaning="one row per station and epoch",
    key=("station_id", "valid_from"),
    sort=("station_id", "valid_from"),
    columns=(
        Column("station_id", "str", "-", "NET.STA.LOC; an empty location leaves the trailing dot"),
        Column("latitude", "float64", "deg", "WGS84, north positive", -90.0, 90.0),
        Column("longitude", "float64", "deg", "WGS84, east positive", -180.0, 180.0),
        Column("elevation_m", "float64", "m", "ground surface above sea level", -12000.0, 9000.0),
        Column("burial_m", "float64", "m", "depth of the sensor below the surface", 0.0, 12000.0, nullable=True),
        Column("valid_from", TIME, "UTC", "start of the epoch; null = always", nullable=True),
        Column("valid_to", TIME, "UTC", "end of the epoch; null = open", nullable=True),
    ),
)

CHANNELS = Table(
    name="channels",
    meaning="one row per channel and epoch: orientation and gain",
    key=("station_id", "channel", "valid_from"),
    sort=("station_id", "channel", "valid_from"),
    columns=(
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("channel", "str", "-", "SEED channel code, or band and instrument with a component (HHZ)"),
        Column("azimuth_deg", "float64", "deg", "of positive motion", 0.0, 360.0, nullable=True),
        Column("dip_deg", "float64", "deg", "of positive motion; -90 = up", -90.0, 90.0, nullable=True),
        Column("gain", "float64", "counts/unit", "overall sensitivity; null = unknown", nullable=True),
        Column("unit", "str", "-", "ground motion the gain refers to", nullable=True, choices=("m", "m/s", "m/s**2")),
        Column("has_response", "bool", "-", "a full response is in the StationXML"),
        Column("valid_from", TIME, "UTC", "start of the epoch; null = always", nullable=True),
        Column("valid_to", TIME, "UTC", "end of the epoch; null = open", nullable=True),
    ),
)

COVERAGE = Table(
    name="coverage",
    meaning="one row per station and stretch of time that it recorded",
    key=("station_id", "start"),
    sort=("station_id", "start"),
    columns=(
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("start", TIME, "UTC", "first sample"),
        Column("end", TIME, "UTC", "last sample"),
    ),
)
