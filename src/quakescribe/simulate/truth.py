"""The truth tables: every event, and every arrival at every station, whether one can see it or not."""

from quakescribe.tables.schema import TIME, Column, Table

TRUTH_EVENTS = Table(
    name="truth_events",
    meaning="one row per simulated event",
    key=("event_id",),
    sort=("time", "event_id"),
    columns=(
        Column("event_id", "int64", "-", "digits of the origin time, as in events", 0),
        Column("time", TIME, "UTC", "origin time"),
        Column("latitude", "float64", "deg", "WGS84", -90.0, 90.0),
        Column("longitude", "float64", "deg", "WGS84", -180.0, 180.0),
        Column("depth_km", "float64", "km", "below sea level", -10.0, 800.0),
        Column("magnitude", "float64", "-", "local magnitude", -5.0, 11.0),
        Column("moment_nm", "float64", "N m", "seismic moment", 0.0),
        Column("strike_deg", "float64", "deg", "of the double couple", 0.0, 360.0),
        Column("dip_deg", "float64", "deg", "of the double couple", 0.0, 90.0),
        Column("rake_deg", "float64", "deg", "of the double couple", -360.0, 360.0),
        Column("stress_drop_mpa", "float64", "MPa", "of the source", 0.0),
        Column("n_detectable", "int64", "-", "stations with both P and S detectable", 0),
        Column("detectable", "bool", "-", "at least detectable_stations of them"),
    ),
)

TRUTH_ARRIVALS = Table(
    name="truth_arrivals",
    meaning="one row per event, station and phase",
    key=("event_id", "station_id", "phase"),
    sort=("event_id", "time", "station_id", "phase"),
    columns=(
        Column("event_id", "int64", "-", "the event", 0),
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("phase", "str", "-", "P or S", choices=("P", "S")),
        Column("time", TIME, "UTC", "onset: layered travel time + station term + path noise"),
        Column("distance_km", "float64", "km", "epicentral", 0.0),
        Column("azimuth_deg", "float64", "deg", "epicentre to station, clockwise from north", 0.0, 360.0),
        Column("takeoff_deg", "float64", "deg", "at the source, 0 = down", 0.0, 180.0),
        Column("peak_m_s", "float64", "m/s", "largest ground velocity (vector) of the noise-free event", 0.0),
        Column("snr", "float64", "-", "root mean square of the first second of the phase over that of the station's "
               "noise and all other events, 1-20 Hz (P on the vertical, S on the horizontals if any)", 0.0),
        Column("recorded", "bool", "-", "no gap within 1 s of the onset"),
        Column("detectable", "bool", "-", "recorded, and snr at or above detectable_snr"),
    ),
)
