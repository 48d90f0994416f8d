"""Settings of the side loop ``simulate``: a network, an earth, its earthquakes, its noise, its faults."""

from datetime import UTC, datetime

from pydantic import Field, field_validator, model_validator

from quakescribe.settings.base import Section, setting


def _ascend(pair: tuple[float, float], name: str) -> None:
    if pair[0] > pair[1]:
        raise ValueError(f"{name} must ascend, got {pair[0]}, {pair[1]}")


class NetworkSettings(Section):
    """Where the stations stand. They fill a disc evenly; a region differs by its size and sampling."""

    n_stations: int = setting(12, "number of stations", ge=1, le=99)
    latitude: float = setting(40.0, "middle of the network", "deg", ge=-80, le=80)
    longitude: float = setting(30.0, "middle of the network", "deg", ge=-180, le=180)
    aperture_km: float = setting(70.0, "width of the network", "km", gt=0)
    elevation_m: tuple[float, float] = setting((200.0, 1500.0), "lowest and highest station", "m")
    sampling_rate: float = setting(100.0, "of every channel, a whole number", "Hz", ge=50)

    @field_validator("sampling_rate")
    @classmethod
    def _whole(cls, value: float) -> float:
        if value != round(value):
            raise ValueError(f"sampling_rate must be a whole number of Hz, got {value:g}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "NetworkSettings":
        _ascend(self.elevation_m, "elevation_m")
        return self


class EarthSettings(Section):
    """Flat layers, what they do to travel times and to amplitudes."""

    layer_top_km: tuple[float, ...] = setting((-3.0, 2.0, 6.0, 15.0, 32.0), "layer tops below sea level", "km")
    layer_vp: tuple[float, ...] = setting((4.8, 5.6, 6.1, 6.6, 7.9), "P velocity of each layer", "km/s")
    vp_vs: float = setting(1.74, "ratio of P to S velocity", "-", gt=1)
    station_term_s: float = setting(
        0.05, "standard deviation of each station's own P delay (S: times vp_vs)", "s", ge=0)
    path_noise: float = setting(0.004, "standard deviation of each travel time, as a share of it", "-", ge=0)

    q_s: float = setting(75.0, "quality factor of S at 1 Hz", "-", gt=0)
    q_p_over_q_s: float = setting(0.9, "quality factor of P over that of S", "-", gt=0)
    q_exponent: float = setting(0.6, "growth of both with frequency", "-", ge=0, le=1)
    kappa_s: float = setting(0.028, "near-surface attenuation time of S at the median station (P: 0.55 of it)",
                             "s", ge=0)
    site_log10: float = setting(0.3, "standard deviation of the stations' amplification (log10), which varies smoothly "
                                "with frequency", "-", ge=0)
    surface_vp: float = setting(2.0, "P velocity just below the stations, which turns rays upright", "km/s", gt=0)
    scattering_per_km: float = setting(0.017, "share of the S energy at 1 Hz that a kilometre of path scatters into "
                                       "the coda; falls as 1/f", "1/km", ge=0)
    p_coda_ratio: float = setting(0.36, "coda amplitude between P and S over that of the first second of P", "-", ge=0)
    coda_decay: float = setting(1.0, "exponent of the coda's decay with time since the origin", "-", ge=0)
    coda_q: float = setting(130.0, "quality factor of the coda at 1 Hz, growing as f^0.8", "-", gt=0)
    converted: float = setting(0.25, "amplitude of the converted Sp before S, as a share of S (on the vertical)", "-",
                               ge=0)
    converted_lead_s: tuple[float, float] = setting((0.1, 0.6), "how long before S the converted Sp arrives", "s")

    @model_validator(mode="after")
    def _consistent(self) -> "EarthSettings":
        if len(self.layer_top_km) != len(self.layer_vp):
            raise ValueError("layer_top_km and layer_vp must have the same number of layers")
        _ascend(self.converted_lead_s, "converted_lead_s")
        return self


class Fault(Section):
    """A plane on which earthquakes happen."""

    east_km: float = setting(0.0, "middle of the fault, from the middle of the network", "km")
    north_km: float = setting(0.0, "middle of the fault, from the middle of the network", "km")
    strike_deg: float = setting(25.0, "strike, clockwise from north", "deg", ge=0, lt=360)
    dip_deg: float = setting(78.0, "dip, to the right of the strike", "deg", ge=1, le=90)
    rake_deg: float = setting(180.0, "rake", "deg", ge=-180, le=180)
    length_km: float = setting(26.0, "length along the strike", "km", gt=0)
    depth_km: tuple[float, float] = setting((3.0, 15.0), "shallowest and deepest event, below sea level", "km")
    thickness_km: float = setting(0.4, "standard deviation of the events' distance from the plane", "km", ge=0)
    share: float = setting(0.5, "weight among the faults for background events", "-", ge=0)


class SeismicitySettings(Section):
    """Earthquakes of the network's own region: background, ETAS cascades, a mainshock, a swarm."""

    faults: tuple[Fault, ...] = setting((Fault(), Fault(strike_deg=118.0, length_km=16.0)),
                                        "the faults; mainshock and swarm lie in the middle of the first")
    background_per_day: float = setting(1000.0, "background events above magnitude_min", "1/d", ge=0)
    history_days: float = setting(10.0, "the background and its aftershocks begin so long before the first sample", "d",
                                  ge=0)
    magnitude_min: float = setting(0.2, "smallest local magnitude, well below the noise", "-")
    magnitude_max: float = setting(3.4, "largest magnitude drawn", "-")
    b_value: float = setting(1.0, "slope of the Gutenberg-Richter law", "-", gt=0)
    branching_ratio: float = setting(0.5, "mean number of direct aftershocks, ever, of an event of the law (ETAS)", "-",
                                     ge=0, lt=1)
    alpha: float = setting(0.8, "growth of an event's number of aftershocks with its magnitude (log10)", "-", ge=0)
    omori_c_s: float = setting(120.0, "c of the Omori-Utsu law", "s", gt=0)
    omori_p: float = setting(1.1, "p of the Omori-Utsu law", "-", gt=1)
    spread_km: float = setting(0.1, "median distance along the fault of an aftershock from an event of magnitude 2; "
                               "grows as 10^(M/2)", "km", gt=0)
    mainshock: float | None = setting(None, "magnitude of a mainshock; unset = no mainshock")
    mainshock_at: float = setting(0.4, "its origin time as a share of the recordings", "-", ge=0, lt=1)
    swarm_events: int = setting(0, "events of a swarm above magnitude_min; they have aftershocks as all others", ge=0)
    swarm_at: float = setting(0.5, "time of the swarm's peak as a share of the recordings", "-", ge=0, le=1)
    swarm_hours: float = setting(1.0, "standard deviation of the swarm's events in time", "h", gt=0)
    swarm_km: float = setting(1.5, "standard deviation of the swarm's events along the fault and down it", "km", gt=0)
    swarm_km_h: float = setting(0.0, "speed at which the swarm moves along the fault", "km/h")
    stress_drop_mpa: float = setting(3.0, "median stress drop (factor 2 of scatter)", "MPa", gt=0)
    quiet_end_s: float = setting(40.0, "no origin within this time of the first or last sample", "s", ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "SeismicitySettings":
        if self.magnitude_min > self.magnitude_max:
            raise ValueError(f"magnitude_min = {self.magnitude_min} lies above magnitude_max = {self.magnitude_max}")
        if sum(fault.share for fault in self.faults) <= 0:
            raise ValueError("at least one fault with a share above 0 is needed")
        for fault in self.faults:
            _ascend(fault.depth_km, "depth_km")
        return self


class OtherSourcesSettings(Section):
    """What else shakes the ground everywhere at once: quarry blasts, and earthquakes from outside."""

    quarries: int = setting(1, "number of quarries", ge=0, le=9)
    blasts_per_day: float = setting(0.0, "blasts per working day and quarry", "1/d", ge=0)
    blast_hours: tuple[float, float] = setting((9.0, 17.0), "local hours of the blasts, Monday to Friday", "h")
    blast_magnitude: tuple[float, float] = setting((0.8, 2.2), "smallest and largest blast", "-")
    blast_s_over_p: float = setting(0.3, "S of a blast as a share of an earthquake's of the same size", "-", ge=0)
    regional_per_day: float = setting(0.0, "earthquakes of magnitude 3 and more 150 to 500 km away", "1/d", ge=0)
    teleseisms_per_day: float = setting(0.0, "earthquakes of magnitude 5.5 to 7.5 from beyond 3000 km", "1/d", ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "OtherSourcesSettings":
        _ascend(self.blast_hours, "blast_hours")
        _ascend(self.blast_magnitude, "blast_magnitude")
        return self


class NoiseSettings(Section):
    """The ground's noise at each station, between the new low- and high-noise models (Peterson 1993)."""

    level: float = setting(0.35, "median station, from the low- (0) to the high-noise model (1) in decibels", "-", ge=0,
                           le=1.2)
    level_scatter: float = setting(0.12, "standard deviation of the stations' levels", "-", ge=0)
    tilt_db: float = setting(4.0, "standard deviation of each station's own spectral slope, per decade", "dB", ge=0)
    day_factor: float = setting(1.5, "amplitude above 1 Hz at noon over that at night", "-", ge=1)
    day_hours: tuple[float, float] = setting((8.0, 18.0), "local hours in the middle of dawn and dusk, which take 2 h "
                                             "each", "h")
    weekend: float = setting(0.5, "how much of the day is left on Saturday and Sunday", "-", ge=0, le=1)
    local_time_h: float = setting(2.0, "local time minus UTC", "h", ge=-14, le=14)
    microseism: float = setting(1.0, "amplitude of the microseism (0.1 to 0.4 Hz) over the models'", "-", ge=0)
    horizontal: float = setting(1.2, "amplitude of the horizontals' noise over the vertical's", "-", gt=0)
    hum_hz: float | None = setting(None, "frequency of a machine's hum at every third station; none = no hum", "Hz",
                                   gt=0)
    hum_factor: float = setting(1.0, "amplitude of the hum over the noise's root mean square from 1 to 20 Hz", "-",
                                ge=0)


class DisturbanceSettings(Section):
    """Short disturbances of single stations, per station and day; by day more often than at night."""

    impulses_per_day: float = setting(400.0, "single knocks with ringing", "1/d", ge=0)
    doublets_per_day: float = setting(300.0, "two knocks 0.5 to 4 s apart that look like P and S", "1/d", ge=0)
    spindles_per_day: float = setting(30.0, "swelling and dying tremor of 10 to 40 s, as of a lorry", "1/d", ge=0)
    footsteps_per_day: float = setting(20.0, "series of small knocks, 1.5 to 2.2 a second", "1/d", ge=0)
    day_ratio: float = setting(3.0, "rate of the above by day (noise.day_hours) over that at night", "-", ge=1)
    peak_log10: tuple[float, float] = setting((0.5, 1.7), "smallest and largest peak over the noise's root mean square "
                                              "from 1 to 20 Hz (log10)", "-")
    glitch_log10: tuple[float, float] = setting((1.0, 3.0), "the same of the digitiser's faults below", "-")
    spikes_per_day: float = setting(1.0, "single wrong samples of the digitiser", "1/d", ge=0)
    steps_per_day: float = setting(0.3, "steps of the digitiser's offset that decay in seconds", "1/d", ge=0)
    half_sines_per_day: float = setting(0.3, "half sines of 0.5 to 3 s on one component", "1/d", ge=0)
    calibrations_per_day: float = setting(0.0, "calibration pulses on all components", "1/d", ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "DisturbanceSettings":
        _ascend(self.peak_log10, "peak_log10")
        _ascend(self.glitch_log10, "glitch_log10")
        return self


class InstrumentSettings(Section):
    """Digitisers and seismometers, and what is wrong with them."""

    gain: float = setting(6.0e8, "counts per m/s; every station's own differs by up to 20%", "counts/(m/s)", gt=0)
    clip_counts: float = setting(8388607.0, "largest count of the digitiser (24 bit)", "counts", gt=0,
                                 lt=2**31)
    corner_hz: float | None = setting(None, "natural frequency of the seismometers (damping 0.707); none = flat to "
                                      "ground velocity", "Hz", gt=0)
    n_oblique: int = setting(2, "stations whose horizontals are called 1 and 2 and do not point north and east", ge=0)
    n_vertical_only: int = setting(1, "stations with a vertical only", ge=0)
    n_without_gain: int = setting(1, "stations whose gain is missing in the StationXML", ge=0)
    gaps_per_day: float = setting(2.0, "gaps per station", "1/d", ge=0)
    gap_s: tuple[float, float] = setting((0.1, 600.0), "shortest and longest gap (log-uniform)", "s")
    n_overlaps: int = setting(1, "stations with 30 s written twice", ge=0)
    n_dead: int = setting(0, "stations with one dead channel for half of the time", ge=0)
    n_swapped: int = setting(0, "stations whose vertical and north are swapped for half of the time", ge=0)
    n_clock: int = setting(0, "stations whose clock is wrong for half of the time", ge=0)
    clock_error_s: tuple[float, float] = setting((0.2, 2.0), "smallest and largest clock error, of either sign", "s")


    @model_validator(mode="after")
    def _consistent(self) -> "InstrumentSettings":
        _ascend(self.gap_s, "gap_s")
        _ascend(self.clock_error_s, "clock_error_s")
        if self.gap_s[0] <= 0.0:
            raise ValueError(f"gap_s must be longer than 0, got {self.gap_s[0]}")
        return self


class FaultyStationSettings(Section):
    """One more station, above the middle of the first fault, that rings with bursts which are no earthquakes."""

    add: bool = setting(False, "whether there is such a station")
    begins_at: float = setting(0.2, "when it begins to fail, as a share of the recordings", "-", ge=0, le=1)
    noise_factor: float = setting(20.0, "its noise above 1 Hz over that of an ordinary station from then on", "-", ge=1)
    bursts_per_day: float = setting(12000.0, "its bursts, nearly regular, each two knocks 0.8 to 3 s apart, weak on "
                                    "the vertical", "1/d", ge=0)
    burst_hz: tuple[float, float] = setting((3.0, 8.0), "lowest and highest frequency of the bursts", "Hz")
    burst_factor: float = setting(20.0, "largest peak of the bursts over the faulty station's noise from 1 to 20 Hz at "
                                  "night; the smallest is half of it", "-", gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> "FaultyStationSettings":
        _ascend(self.burst_hz, "burst_hz")
        return self


class TruthSettings(Section):
    """What counts as detectable, and as overlapped."""

    snr: float = setting(2.0, "a phase counts as detectable from this signal-to-noise ratio on", "-", gt=0)
    stations: int = setting(4, "an event is detectable with P and S detectable at so many stations", ge=1)
    overlap: float = setting(1.0, "an onset is overlapped where other events' motion exceeds so many times the "
                             "station's noise in that second", "-", gt=0)


class SimulateSettings(Section):
    """A network over active faults, with the whole truth. The same settings give the same bytes."""

    seed: int = setting(1, "every random number follows from it", ge=0)
    start: datetime = setting(datetime(2024, 3, 1, 6, tzinfo=UTC), "first sample", "UTC")
    hours: float = setting(3.0, "length of the recordings", "h", gt=0)
    network: NetworkSettings = Field(default=NetworkSettings())
    earth: EarthSettings = Field(default=EarthSettings())
    seismicity: SeismicitySettings = Field(default=SeismicitySettings())
    other: OtherSourcesSettings = Field(default=OtherSourcesSettings())
    noise: NoiseSettings = Field(default=NoiseSettings())
    disturbances: DisturbanceSettings = Field(default=DisturbanceSettings())
    instruments: InstrumentSettings = Field(default=InstrumentSettings())
    faulty: FaultyStationSettings = Field(default=FaultyStationSettings())
    truth: TruthSettings = Field(default=TruthSettings())

    @property
    def span_ns(self) -> tuple[int, int]:
        """First sample, and the end (ns after 1970)."""
        start = int(self.start.timestamp()) * 1_000_000_000
        return start, start + round(self.hours * 3600) * 1_000_000_000

    @property
    def faulty_from_ns(self) -> int:
        """When the faulty station begins to fail (ns after 1970)."""
        start, end = self.span_ns
        return start + int(self.faulty.begins_at * (end - start) / 1e9) * 1_000_000_000

    @field_validator("start")
    @classmethod
    def _utc(cls, value: datetime) -> datetime:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @model_validator(mode="after")
    def _consistent(self) -> "SimulateSettings":
        if self.start.microsecond:
            raise ValueError("start must be a whole second")
        odd = self.instruments
        for name in ("n_oblique", "n_vertical_only", "n_without_gain", "n_overlaps", "n_dead", "n_swapped", "n_clock"):
            if getattr(odd, name) > self.network.n_stations:
                raise ValueError(f"{name} = {getattr(odd, name)} of {self.network.n_stations} stations")
        if odd.n_dead + odd.n_swapped + odd.n_clock > self.network.n_stations:
            raise ValueError("n_dead, n_swapped and n_clock are different stations, and there are not so many")
        if (self.noise.hum_hz or 0.0) >= 0.5 * self.network.sampling_rate:
            raise ValueError(f"hum_hz = {self.noise.hum_hz} lies above the Nyquist frequency")
        quiet = self.seismicity.quiet_end_s
        if self.hours * 3600 <= 2 * quiet:
            raise ValueError(f"hours = {self.hours} leaves no time between two quiet_end_s = {quiet} s")
        return self
