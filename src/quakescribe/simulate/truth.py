"""The truth tables: every event, every arrival, every disturbance, and the state of every station."""

from quakescribe.tables.schema import TIME, Column, Table

KINDS = ("earthquake", "blast", "regional", "teleseism")
TRANSIENTS = ("impulse", "doublet", "spindle", "footsteps", "spike", "step", "half-sine", "calibration", "burst")
STATES = ("gap", "overlap", "dead", "swapped", "clock", "oblique", "vertical-only", "no-gain", "faulty")

TRUTH_EVENTS = Table(
    name="truth_events",
    meaning="one row per simulated event",
    key=("event_id",),
    sort=("time", "event_id"),
    columns=(
        Column("event_id", "int64", "-", "digits of the origin time, as in events", 0),
        Column("kind", "str", "-", "only earthquakes and blasts lie in the network's region", choices=KINDS),
        Column("parent_id", "int64", "-", "the event whose aftershock it is; 0 = nobody's", 0),
        Column("time", TIME, "UTC", "origin time"),
        Column("latitude", "float64", "deg", "WGS84", -90.0, 90.0),
        Column("longitude", "float64", "deg", "WGS84", -180.0, 180.0),
        Column("depth_km", "float64", "km", "below sea level", -10.0, 800.0),
        Column("magnitude", "float64", "-", "local magnitude (teleseisms: moment magnitude)", -5.0, 11.0),
        Column("moment_nm", "float64", "N m", "seismic moment", 0.0),
        Column("strike_deg", "float64", "deg", "of the double couple", 0.0, 360.0, nullable=True),
        Column("dip_deg", "float64", "deg", "of the double couple", 0.0, 90.0, nullable=True),
        Column("rake_deg", "float64", "deg", "of the double couple", -360.0, 360.0, nullable=True),
        Column("stress_drop_mpa", "float64", "MPa", "of the source", 0.0),
        Column("n_detectable", "int64", "-", "stations with both P and S detectable", 0),
        Column("detectable", "bool", "-", "P and S detectable at as many stations as the settings ask for"),
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
        Column("time", TIME, "UTC", "onset as the recording shows it: travel time + station term + path noise "
               "+ clock error"),
        Column("clock_error_s", "float64", "s", "of the station at that time: what the recording shows minus UTC"),
        Column("distance_km", "float64", "km", "epicentral", 0.0),
        Column("azimuth_deg", "float64", "deg", "epicentre to station, clockwise from north", 0.0, 360.0),
        Column("takeoff_deg", "float64", "deg", "at the source, 0 = down", 0.0, 180.0),
        Column("head_wave", "bool", "-", "the first arrival runs along an interface and emerges slowly"),
        Column("direct_s", "float64", "s", "how long after a head wave the direct wave comes", 0.0, nullable=True),
        Column("precursor_s", "float64", "s", "how long before S the converted Sp comes", 0.0, nullable=True),
        Column("peak_m_s", "float64", "m/s", "largest ground velocity (vector) of the noise-free event", 0.0),
        Column("snr", "float64", "-", "root mean square of the first second of the phase over that of the station's "
               "noise and all other events, 1-20 Hz (P on the vertical, S on the horizontals if any)", 0.0),
        Column("overlapped", "bool", "-", "other events' motion exceeds the station's noise at the onset"),
        Column("clipped", "bool", "-", "the digitiser clips within 1 s after the onset"),
        Column("recorded", "bool", "-", "no gap within 1 s of the onset, and the phase's channels alive"),
        Column("detectable", "bool", "-", "recorded, and snr at or above the settings' truth.snr"),
    ),
)

TRUTH_TRANSIENTS = Table(
    name="truth_transients",
    meaning="one row per disturbance of a station that is no event",
    sort=("time", "station_id", "kind"),
    columns=(
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("kind", "str", "-", "what it is", choices=TRANSIENTS),
        Column("time", TIME, "UTC", "onset as the recording shows it"),
        Column("duration_s", "float64", "s", "until it has died away", 0.0),
        Column("peak_m_s", "float64", "m/s", "largest ground velocity it stands for", 0.0),
        Column("separation_s", "float64", "s", "between the two knocks of a doublet or burst", 0.0, nullable=True),
    ),
)

TRUTH_STATES = Table(
    name="truth_states",
    meaning="one row per station and stretch of time in which something is out of the ordinary",
    sort=("station_id", "start", "kind"),
    columns=(
        Column("station_id", "str", "-", "NET.STA.LOC"),
        Column("kind", "str", "-", "what is out of the ordinary", choices=STATES),
        Column("start", TIME, "UTC", "from"),
        Column("end", TIME, "UTC", "to"),
        Column("components", "str", "-", "the components concerned, of ZNE"),
        Column("value", "float64", "-", "clock error (s), azimuth of a first horizontal (deg), factor of the noise",
               nullable=True),
    ),
)

TRUTH = (TRUTH_EVENTS, TRUTH_ARRIVALS, TRUTH_TRANSIENTS, TRUTH_STATES)
