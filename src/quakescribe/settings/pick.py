"""Settings of the stage ``pick``."""

from quakescribe.settings.base import Section, setting


class PickSettings(Section):
    """How onsets are found. Times in seconds, frequencies in hertz."""

    picker: str = setting("pal", "which picker: 'pal', the rule-based one")
    band_low_hz: float = setting(1.0, "lower corner of the causal 4-pole Butterworth band-pass", "Hz", gt=0)
    band_high_hz: float = setting(20.0, "upper corner of the band-pass", "Hz", gt=0)
