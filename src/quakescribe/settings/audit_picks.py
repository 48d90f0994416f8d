"""Settings of the audit of picks and their association."""

from __future__ import annotations

from quakescribe.settings.base import Section, setting


class AuditPicksSettings(Section):
    """When picks and their association are called good or bad."""

    null_repeats: int = setting(
        3, "how often the stations' picks are shifted in time to count what associates by chance; 0 = not at all",
        ge=0, le=100)
    null_most_picks: int = setting(
        60_000, "picks that this is done with; of more, whole stretches of time are taken evenly", ge=1000)
