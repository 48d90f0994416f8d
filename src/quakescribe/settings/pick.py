"""Settings of the stage ``pick``."""

from typing import Literal

from pydantic import field_validator, model_validator

from quakescribe.settings.base import Section, setting
from quakescribe.settings.network import NetworkSettings


class PickSettings(Section):
    """How onsets are found. Times in seconds, frequencies in hertz."""

    picker: str = setting(
        "pal", "which picker: 'pal', the rule-based one; 'sar' or 'phasenet' with weights trained here "
        "(pick.network.weights); 'seisbench:MODEL:WEIGHTS', WEIGHTS a published name or a path without its suffix")
    band_low_hz: float = setting(1.0, "lower corner of the causal 4-pole Butterworth band-pass", "Hz", gt=0)
    band_high_hz: float = setting(
        20.0, "upper corner of the band-pass; lowered to 90% of Nyquist where the sampling rate is too low", "Hz", gt=0)

    trigger_threshold: float = setting(
        8.0, "energy ratio STA/LTA on the vertical above which the picker looks for an onset; AI-PAL has 12", gt=0)
    trigger_sta_s: float = setting(0.8, "short window of the trigger, after the sample", "s", gt=0, le=10)
    trigger_lta_s: float = setting(6.0, "long window of the trigger, before the sample", "s", gt=0, le=60)
    refractory_s: float = setting(
        5.0, "after a trigger, the picker waits this long after the last of trigger, P and S", "s", ge=0, le=60)

    p_sta_s: float = setting(0.4, "short window of the STA/LTA that places the P", "s", gt=0, le=10)
    p_lta_s: float = setting(2.0, "long window of the STA/LTA that places the P", "s", gt=0, le=60)
    p_before_s: float = setting(0.5, "the P is sought from this long before the trigger", "s", ge=0, le=10)
    p_after_s: float = setting(1.0, "the P is sought until this long after the trigger", "s", gt=0, le=10)

    s_window_s: float = setting(
        10.0, "the S is sought until this long after the P (the largest S-P time)", "s", gt=1, le=60)
    s_sta_s: float = setting(1.0, "short window of the STA/LTA that gives the earliest S", "s", gt=0, le=10)
    s_lta_s: float = setting(2.0, "long window of the STA/LTA that gives the earliest S", "s", gt=0, le=60)
    kurtosis_long_s: float = setting(5.0, "long kurtosis window, which gives the latest S", "s", gt=0, le=60)
    kurtosis_short_s: float = setting(1.0, "short kurtosis window, which places the S", "s", gt=0, le=60)
    polarisation_window_s: float = setting(1.0, "window in which the direction of motion is measured", "s", gt=0, le=10)
    polarisation_range_s: float = setting(
        2.0, "for this long after the P, motion along the P's direction is damped to find the S", "s", gt=0, le=10)

    frequency_min_hz: float = setting(2.5, "a pair is dropped if its P has a lower dominant frequency", "Hz", ge=0)
    frequency_window_s: float = setting(
        1.0, "the dominant frequency is measured over half the S-P time, but at least this long", "s", gt=0, le=10)
    amplitude_quality: bool = setting(
        True, "test the amplitude ratios below; false: as the oldest version of PAL, which had none")
    glitch_ratio_max: float = setting(
        5.0, "a pair is dropped if the largest swing of its P or S is this many times what follows it", gt=0)
    p_coda_ratio_max: float = setting(
        8.0, "a pair is dropped if the first half of its P window is this many times larger than the second", gt=0)
    p_s_ratio_max: float = setting(3.0, "a pair is dropped if its P is this many times larger than its S", gt=0)

    amplitude_before_s: float = setting(1.0, "the amplitude window begins this long before the P", "s", ge=0, le=60)
    amplitude_after_s: float = setting(5.0, "the amplitude window ends this long after the S", "s", gt=0, le=60)

    s_back_from: Literal["onset", "window-end"] = setting(
        "onset", "where an S placed by the short kurtosis is walked back from; 'window-end' as the published PAL")
    s_before_p: Literal["uncorrected", "drop"] = setting(
        "uncorrected", "an S walked back past its P is taken where it was before, or the pair is dropped")
    horizontals: Literal["replace", "both"] = setting(
        "replace", "a dead horizontal is replaced by the live one; 'both': no pair without both")
    phase_test: bool = setting(
        True, "take a P for an S if it moves the horizontals more than the vertical and no stronger S follows; seek "
        "its P before it; false: as the published PAL")
    h_over_z_max: float = setting(
        2.0, "a P may have up to this many times more energy on the horizontals than on the vertical", gt=0)
    s_over_p_min: float = setting(
        1.5, "or else its S must have this many times more energy on the horizontals than the P", gt=0)
    p_again_ratio: float = setting(
        4.0, "energy ratio STA/LTA on the vertical that a P sought before an S must have; 1.5 times it in pairs closer "
        "than s_sta_s", gt=0)
    onset: Literal["refined", "pal"] = setting(
        "refined", "where the onsets of a pair are placed: 'pal' as the published PAL, 'refined' anew by Akaike's "
        "criterion round PAL's, which changes times, snr and uncertainty, never which pairs there are")
    refine_low_hz: float = setting(
        2.0, "corner of the 2-pole high-pass of the trace on which onsets are refined; at most half of Nyquist", "Hz",
        gt=0)
    refine_before_s: float = setting(0.7, "a refined onset is sought from this long before PAL's", "s", gt=0, le=5)
    refine_after_s: float = setting(0.5, "a refined onset is sought until this long after PAL's", "s", gt=0, le=5)
    unpaired_p: bool = setting(
        True, "keep a P whose S cannot be sought (no live horizontal, or a gap in the S window) as an unpaired pick")
    network: NetworkSettings = NetworkSettings()

    @field_validator("picker")
    @classmethod
    def _known(cls, value: str) -> str:
        parts = value.split(":", 2)
        if value in ("pal", "sar", "phasenet") or (len(parts) == 3 and parts[0] == "seisbench" and all(parts)):
            return value
        raise ValueError("expected 'pal', 'sar', 'phasenet' or 'seisbench:MODEL:WEIGHTS'")

    @model_validator(mode="after")
    def _ordered(self) -> "PickSettings":
        if self.band_low_hz >= self.band_high_hz:
            raise ValueError(f"band_low_hz = {self.band_low_hz:g} Hz must lie below "
                             f"band_high_hz = {self.band_high_hz:g} Hz")
        if self.trigger_sta_s >= self.trigger_lta_s:
            raise ValueError("trigger_sta_s must be shorter than trigger_lta_s")
        if self.refractory_s < self.p_before_s + self.p_lta_s:
            raise ValueError("refractory_s must not be shorter than p_before_s + p_lta_s, or one onset is picked twice")
        if max(self.polarisation_range_s, self.polarisation_window_s) > self.s_window_s:
            raise ValueError("polarisation_range_s and polarisation_window_s must not be longer than s_window_s")
        return self
