"""Settings of the side loop ``simulate``."""

from datetime import UTC, datetime

from pydantic import field_validator, model_validator

from quakescribe.settings.base import Section, setting


class SimulateSettings(Section):
    """A small network over an active fault, with the whole truth. The same settings give the same bytes."""

    seed: int = setting(1, "every random number follows from it", ge=0)
    start: datetime = setting(datetime(2024, 3, 1, 6, tzinfo=UTC), "first sample", "UTC")
    hours: float = setting(3.0, "length of the recordings", "h", gt=0)

    n_stations: int = setting(12, "number of stations", ge=1, le=99)
    latitude: float = setting(40.0, "middle of the network", "deg", ge=-80, le=80)
    longitude: float = setting(30.0, "middle of the network", "deg", ge=-180, le=180)
    aperture_km: float = setting(70.0, "width of the network", "km", gt=0)
    elevation_m: tuple[float, float] = setting((200.0, 1500.0), "lowest and highest station", "m")
    sampling_rate: float = setting(100.0, "of every channel, a whole number", "Hz", ge=20)
    gain: float = setting(6.0e8, "counts per m/s; every station's own differs by up to 20%", "counts/(m/s)", gt=0)
    clip_counts: float = setting(8388607.0, "largest count of the digitiser (24 bit)", "counts", gt=0)

    n_oblique: int = setting(2, "stations whose horizontals are called 1 and 2 and do not point north and east", ge=0)
    n_vertical_only: int = setting(1, "stations with a vertical only", ge=0)
    n_without_gain: int = setting(1, "stations whose gain is missing in the StationXML", ge=0)
    n_gaps: int = setting(3, "gaps of 20 s, each on a station of its own", ge=0)
    n_overlaps: int = setting(1, "stations with 30 s written twice", ge=0)

    n_events: int = setting(300, "number of events", ge=0)
    magnitude_min: float = setting(0.2, "smallest local magnitude, well below the noise", "-")
    magnitude_max: float = setting(3.4, "largest magnitude drawn", "-")
    b_value: float = setting(1.0, "slope of the Gutenberg-Richter law", "-", gt=0)
    mainshock: float = setting(4.0, "magnitude of the event that the aftershocks follow", "-")
    mainshock_at: float = setting(0.4, "its origin time as a share of the recordings", "-", ge=0, lt=1)
    aftershock_share: float = setting(0.35, "share of the events that are its aftershocks", "-", ge=0, le=1)
    omori_c_s: float = setting(120.0, "c of the Omori-Utsu law (p = 1)", "s", gt=0)
    depth_km: tuple[float, float] = setting((3.0, 15.0), "shallowest and deepest event", "km")
    quiet_end_s: float = setting(40.0, "no origin within this time of the first or last sample", "s", ge=0)

    layer_top_km: tuple[float, ...] = setting((-3.0, 2.0, 6.0, 15.0, 32.0), "layer tops below sea level", "km")
    layer_vp: tuple[float, ...] = setting((4.8, 5.6, 6.1, 6.6, 7.9), "P velocity of each layer", "km/s")
    vp_vs: float = setting(1.74, "ratio of P to S velocity", "-", gt=1)
    station_term_s: float = setting(
        0.05, "standard deviation of each station's own P delay (S: times vp_vs)", "s", ge=0)
    path_noise: float = setting(0.004, "standard deviation of each travel time, as a share of it", "-", ge=0)

    stress_drop_mpa: float = setting(3.0, "median stress drop (factor 2 of scatter)", "MPa", gt=0)
    q_s: float = setting(90.0, "quality factor of S at 1 Hz; P has 1.75 times as much", "-", gt=0)
    q_exponent: float = setting(0.6, "its growth with frequency", "-", ge=0, le=1)
    kappa_s: float = setting(0.04, "near-surface attenuation time of S (P: 0.8 of it)", "s", ge=0)
    site_log10: float = setting(0.15, "standard deviation of the stations' amplification (log10)", "-", ge=0)
    coda_ratio: float = setting(0.4, "coda amplitude behind S as a share of the direct pulse", "-", ge=0)
    coda_decay: float = setting(1.3, "exponent of the coda's decay with time since the origin", "-", ge=0)

    noise_m_s: float = setting(
        2.5e-8, "median root mean square of the stations' noise between 1 and 20 Hz", "m/s", gt=0)
    noise_log10: float = setting(0.25, "standard deviation of the stations' noise levels (log10)", "-", ge=0)
    bursts_per_hour: float = setting(6.0, "short local disturbances per station and hour that are no earthquakes",
                                     "1/h", ge=0)
    detectable_snr: float = setting(2.0, "a phase counts as detectable from this signal-to-noise ratio on", "-", gt=0)
    detectable_stations: int = setting(4, "an event is detectable with P and S detectable at so many stations", ge=1)

    @field_validator("start")
    @classmethod
    def _utc(cls, value: datetime) -> datetime:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @field_validator("sampling_rate")
    @classmethod
    def _whole(cls, value: float) -> float:
        if value != round(value):
            raise ValueError(f"sampling_rate must be a whole number of Hz, got {value:g}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "SimulateSettings":
        if self.start.microsecond:
            raise ValueError("start must be a whole second")
        if self.hours * 3600 <= 2 * self.quiet_end_s:
            raise ValueError(f"hours = {self.hours} leaves no time between two quiet_end_s = {self.quiet_end_s} s")
        if len(self.layer_top_km) != len(self.layer_vp):
            raise ValueError("layer_top_km and layer_vp must have the same number of layers")
        for name in ("elevation_m", "depth_km"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must ascend, got {low}, {high}")
        if self.magnitude_min > self.magnitude_max:
            raise ValueError(f"magnitude_min = {self.magnitude_min} lies above magnitude_max = {self.magnitude_max}")
        return self
