"""Settings of the stage ``measure``."""

from typing import Literal

from quakescribe.settings.base import Section, setting


class MeasureSettings(Section):
    """How large the events were: local magnitude ML from Wood-Anderson amplitudes, and M_PAL from the picks."""

    kinds: tuple[Literal["ML", "M_PAL"], ...] = setting(
        ("ML", "M_PAL"), "which magnitudes to make; exports prefer ML")
    attenuation: Literal["hutton-boore-1987", "bakun-joyner-1984", "di-bona-2016", "langston-1998", "custom"] = setting(
        "hutton-boore-1987", "published decay of Wood-Anderson amplitude with distance (-log A0)")
    attenuation_custom: tuple[float, float, float, float] = setting(
        (1.11, 0.00189, 100.0, 3.0),
        "for 'custom': n, K (1/km), r0 (km), c in -log A0 = n log10(r/r0) + K (r - r0) + c")
    wood_anderson_gain: float = setting(
        2080.0, "static magnification of the Wood-Anderson seismometer (2080 measured, 2800 nominal)", "-", gt=0)
    wood_anderson_period_s: float = setting(0.8, "free period of the Wood-Anderson seismometer", "s", gt=0)
    wood_anderson_damping: float = setting(0.7, "damping of the Wood-Anderson seismometer (0.7 measured, 0.8 nominal)",
                                           "-", gt=0)
    response: Literal["gain", "full"] = setting(
        "gain", "'gain' divides by the sensitivity; 'full' removes the whole response where StationXML has it")
    highpass_hz: float = setting(
        0.5, "high-pass corner before the Wood-Anderson filter, against microseism", "Hz", ge=0.02)
    before_p_s: float = setting(0.5, "the amplitude window begins this long before P", "s", ge=0)
    after_s_s: float = setting(3.0, "the window ends this long after S, plus after_s_factor times S-P", "s", gt=0)
    after_s_factor: float = setting(0.5, "how much of S-P the window goes on after S", "-", ge=0)
    noise_s: float = setting(5.0, "length of the noise window that ends where the amplitude window begins", "s", gt=1)
    min_snr: float = setting(
        2.0, "smallest ratio of the amplitude to the largest noise amplitude; a component below it does not count",
        "-", ge=0)
    subtract_noise: bool = setting(
        True, "take the power of the largest noise amplitude off that of the amplitude (no more than three quarters)")
    limits: bool = setting(
        True, "a station within the event's reach where nothing stands out says that the event was no larger: without "
        "it, small events get the magnitude of the few stations that amplify them")
    horizontal: Literal["mean", "max"] = setting(
        "mean", "how the two horizontals make one station value: mean of their magnitudes, or the larger")
    vp_vs: float = setting(1.73, "ratio that predicts a missing S (or P) from the other onset and the origin time",
                           "-", gt=1)
    max_distance_km: float = setting(300.0, "hypocentral distance beyond which no amplitude counts", "km", gt=0)
    min_stations: int = setting(2, "fewest stations of a network magnitude", ge=1)
    average: Literal["mean", "median"] = setting(
        "mean", "how the station values that are no outliers make the network's value")
    outlier_mad: float = setting(
        3.0, "station values further from the median than this many robust standard deviations (at least 0.3 "
        "magnitude units) are left out", "-", gt=0)
    station_corrections: dict[str, float] = setting(
        {}, "magnitude units added to the station's values, by NET.STA.LOC")
    solve_corrections: bool = setting(
        True, "take the stations' median residuals over all events off their values of ML, iterated, mean zero")
    min_correction_events: int = setting(5, "fewest events from which a station's correction is solved", ge=2)
