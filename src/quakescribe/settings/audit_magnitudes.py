"""Settings of the audit of magnitudes."""

from __future__ import annotations

from typing import Literal

from quakescribe.settings.base import Section, setting

UNIT = "magnitude units"


class AuditMagnitudesSettings(Section):
    """When magnitudes are called good or bad."""

    bin: float = setting(
        0.1, "width of a bin of the frequency-magnitude distribution; magnitudes rounded more coarsely keep their own",
        UNIT, ge=0.02, le=0.5)
    correction: float = setting(
        0.2, "added to the magnitude of the fullest bin for the corrected maximum-curvature estimate", UNIT, ge=0, le=1)
    events_least: int = setting(
        50, "events at or above a magnitude that b and completeness are judged from", ge=20, le=10_000)
    resamples: int = setting(
        200, "how often the events are drawn again for the interval of a completeness magnitude", ge=20, le=10_000)
    law_p: float = setting(
        0.1, "an exponential law is not contradicted where the Lilliefors test gives at least this p", gt=0, lt=1)
    completeness: Literal["maxC", "maxC corrected", "GFT 90%", "GFT 95%", "MBS", "EMR", "Lilliefors"] = setting(
        "maxC corrected", "the method whose completeness magnitude b values and other tests start from")
    spread_good: float = setting(
        0.8, "the methods' completeness magnitudes agree where they differ by no more than this", UNIT, gt=0)
    spread_bad: float = setting(1.2, "they contradict each other where they differ by more than this", UNIT, gt=0)
    b_positive_step: float = setting(
        0.3, "b-positive takes the differences of successive magnitudes that are at least this large", UNIT, gt=0, le=2)
    b_away: float = setting(0.3, "a b value farther than this from 1 needs an explanation", ge=0.05, le=2)
    b_error_most: float = setting(
        0.1, "standard error of b up to which a catalogue can be called bad for its b value", gt=0, le=1)
    b_apart: float = setting(
        0.1, "two estimators of b that differ by more than this, beyond chance, are worth a look", gt=0, le=2)
    coarse_watch: float = setting(0.2, "magnitudes rounded to this or more lose detail", UNIT, gt=0)
    coarse_bad: float = setting(0.5, "magnitudes rounded to this or more are of little use", UNIT, gt=0)
    median_lowest: float = setting(
        -3.0, "a catalogue whose median magnitude is lower is taken to be in another unit", UNIT)
    median_highest: float = setting(
        6.0, "a catalogue whose median magnitude is higher is taken to be in another unit", UNIT)
    missing_good: float = setting(0.1, "share of events that may lack a magnitude", ge=0, le=1)
    missing_bad: float = setting(0.4, "share of events without a magnitude that is too much", ge=0, le=1)
    excess_watch: float = setting(
        0.01, "share of all events that may be too many in one bin of magnitude", ge=0, le=1)
    excess_bad: float = setting(0.03, "share of all events too many in one bin that is too much", ge=0, le=1)
    station_events: int = setting(15, "magnitudes of a station that its bias is judged from", ge=5)
    station_watch: float = setting(
        0.3, "bias of a station's magnitudes that is worth a look; a gain wrong by 2 gives it", UNIT, gt=0)
    station_bad: float = setting(
        0.6, "bias of a station's magnitudes that is too much; a gain wrong by 4 gives it", UNIT, gt=0)
    slope_good: float = setting(
        0.15, "trend of station magnitudes over a tenfold distance that may remain", UNIT, gt=0)
    slope_bad: float = setting(0.5, "trend of station magnitudes over a tenfold distance that is too much", UNIT, gt=0)
