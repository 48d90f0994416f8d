"""Settings of the waveforms: which recordings are read and what counts as a valid sample."""

from quakescribe.settings.base import Section, setting


class WaveformsSettings(Section):
    """How recordings are found, chosen and checked, the same for every stage that reads them."""

    instruments: tuple[str, ...] = setting(
        ("HH", "CH", "EH", "DH", "BH", "SH", "HN", "CN", "EN", "DN", "BN", "SN", "HL", "EL"),
        "band and instrument codes that are read, the preferred one first; others are left out")
    locations: tuple[str, ...] = setting(
        ("", "00", "01", "10", "20"),
        "location codes, the preferred one first; codes not named come after these, in alphabetical order")
    complete_share: float = setting(
        0.5, "an instrument is chosen for a day only if it recorded at least this share of what the most complete "
             "instrument of the station recorded on that day", gt=0, le=1)
    sampling_rate_min_hz: float = setting(20.0, "channels sampled more slowly are left out", "Hz", gt=0)
    sampling_rate_tolerance: float = setting(
        1e-4, "a rate this close to a whole number of hertz (as a share of it) is taken as that number", ge=0, le=0.01)
    flat_s: float = setting(
        1.0, "a run of equal samples at least this long is masked as dead; PAL masks runs of 3 samples, which would "
             "also mask the quiet hours of low-gain digitisers", "s", gt=0, le=60)
    clip_counts: float = setting(
        7.5e6, "samples larger than this may be clipped (a 24-bit digitiser ends at 8.4 million)", "counts", gt=0)
    orientation_tolerance_deg: float = setting(
        1.0, "components whose stated direction differs from Z, N, E by more than this are rotated", "deg", ge=0, le=45)
    water_level_db: float = setting(
        60.0, "water level of the full response removal, below the largest response", "dB", gt=0)
    pre_filter_hz: tuple[float, float, float, float] = setting(
        (0.05, 0.1, 0.4, 0.45), "cosine taper before the full response removal: the first two corners in hertz, the "
                                "last two as shares of the sampling rate")
