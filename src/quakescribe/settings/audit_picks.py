"""Settings of the audit of picks and their association."""

from __future__ import annotations

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class AuditPicksSettings(Section):
    """When picks and their association are called good or bad."""

    null_repeats: int = setting(
        3, "how often the stations' picks are shifted in time to count what associates by chance; 0 = not at all",
        ge=0, le=100)
    null_most_picks: int = setting(
        60_000, "picks that this is done with; of more, whole stretches of time are taken evenly", ge=1000)
    null_factor: float = setting(
        1.25, "how many times higher or lower the catalogue's association rate may be than that of the associator that "
        "this is counted with; beyond, chance is not known", gt=1)
    chance_good: float = setting(
        0.03, "share of what is associated that may be chance in a good catalogue", ge=0, le=1)
    chance_bad: float = setting(0.1, "share of what is associated that is chance in a bad catalogue", ge=0, le=1)
    chance_events_good: float = setting(
        0.05, "as chance_good, of events: those by chance have fewer picks than others", ge=0, le=1)
    chance_events_bad: float = setting(0.2, "as chance_bad, of events", ge=0, le=1)
    z_limit: float = setting(
        3.5, "robust standard deviations from the network's median beyond which a station or day is out of line", gt=0)
    ratio_limit: float = setting(
        2.0, "how many times the network's odds or count a station or day must also have to be out of line", ge=1)
    extreme_ratio: float = setting(
        20.0, "as ratio_limit, from where on a low association rate is called bad", ge=1)
    overdispersion: float = setting(
        3.0, "variance of counts of picks over that of independent ones", ge=1)
    least_stations: int = setting(6, "stations that a comparison among stations needs", ge=3)
    least_picks: int = setting(20, "picks that the rate of a station or day needs", ge=1)
    pair_min_s: float = setting(0.3, "an S less than this after its P is no partner of it", "s", ge=0)
    pair_max_s: float = setting(20.0, "an S more than this after its P is no partner of it", "s", gt=0)
    unpaired_bad: float = setting(
        0.9, "share of a station's P without S (or S without P) that is called bad where most stations have partners",
        gt=0, le=1)
    unpaired_least: float = setting(
        0.1, "share of a station's P without S (or S without P) below which it is good, whatever the others have",
        ge=0, le=1)
    reference_tolerance_s: float = setting(
        0.5, "a reference pick this close to an arrival of the same station and phase counts as associated", "s", ge=0)
    lift_least: float = setting(
        3.0, "how many times more often than by chance a station must have the onsets that the events predict", gt=1)
    lift_p_s: float = setting(1.0, "how near a P must lie to its prediction to count for the lift", "s", gt=0)
    lift_s_s: float = setting(1.5, "how near an S must lie to its prediction to count for the lift", "s", gt=0)
    lift_events: int = setting(3000, "events that the lift of one station is taken from, evenly in time", ge=100)
    contamination_good: float = setting(
        0.1, "chance that an event meets a false pair, at a station of a good catalogue", ge=0, le=1)
    contamination_bad: float = setting(
        0.3, "chance that an event meets a false pair, at a station of a bad catalogue", ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> AuditPicksSettings:
        for low, high in (("chance_good", "chance_bad"), ("chance_events_good", "chance_events_bad"),
                          ("contamination_good", "contamination_bad"), ("pair_min_s", "pair_max_s")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} must lie below {high}")
        return self
