"""Settings of the audit of rates: daytime, periods, blasts, steps."""

from __future__ import annotations

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class AuditRatesSettings(Section):
    """When the rates of events are called good or bad."""

    day_from_h: int = setting(7, "local time at which the day begins (noise of people and wind)", "h", ge=0, le=24)
    day_to_h: int = setting(19, "local time at which the night begins", "h", ge=0, le=24)
    work_from_h: int = setting(8, "local time from which quarries blast", "h", ge=0, le=24)
    work_to_h: int = setting(17, "local time until which quarries blast", "h", ge=0, le=24)
    weekend_starts: int = setting(5, "first of the two days without work; 0 = Monday", ge=0, le=6)
    least_events: int = setting(30, "events without which no rate is compared", ge=10)
    day_excess: float = setting(
        1.1, "ratio of the rate by day to that by night, and of working days to the weekend, that is bad", gt=1, le=10)
    periodicity_p: float = setting(
        0.001, "probability by chance below which a period of a day, a week or an hour is bad; ten times it: watch",
        gt=0, le=0.05)
    shortest_period_h: float = setting(1.0, "shortest period looked at", "h", gt=0, le=24)
    intervals_per_period: float = setting(3.0, "mean intervals between events in the shortest period", ge=1)
    most_periods: int = setting(2000, "periods looked at; the longest ones are kept", ge=10, le=100_000)
    least_cycles: int = setting(4, "cycles of the longest period looked at within the catalogue", ge=2)
    quarry_least_events: int = setting(50, "least number of nearest events that are taken together", ge=20, le=1000)
    quarry_most_events: int = setting(400, "largest number of nearest events that are taken together", ge=20, le=5000)
    quarry_nodes: int = setting(1000, "places at which blasts are looked for", ge=10, le=20_000)
    quarry_one_day_share: float = setting(
        0.2, "share of a place's events in working hours that may lie on one day; more is a sequence", gt=0, le=1)
    quarry_rate: float = setting(0.01, "false-discovery rate of places with blasts", gt=0, le=0.2)
    absence_h: float = setting(
        24.0, "time without a pick of a station, while others have some, that is a change of the network", "h", ge=1)
    step_window_days: float = setting(30.0, "longest time before and after a change that is compared", "days", ge=1)
    step_rate: float = setting(0.01, "false-discovery rate of steps at changes of the network", gt=0, le=0.2)
    step_ratio: float = setting(1.2, "ratio of two rates below which a step is of no concern", gt=1, le=10)
    magnitude_step: float = setting(
        0.1, "step of the median magnitude that is of no concern", "magnitude units", ge=0, le=2)

    @model_validator(mode="after")
    def _in_order(self) -> AuditRatesSettings:
        if self.day_from_h >= self.day_to_h or self.work_from_h >= self.work_to_h:
            raise ValueError("day_from_h must be before day_to_h, and work_from_h before work_to_h")
        if self.quarry_least_events > self.quarry_most_events:
            raise ValueError("quarry_least_events must not exceed quarry_most_events")
        return self
