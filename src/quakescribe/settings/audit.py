"""Settings of the stage ``audit``."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from quakescribe.settings.audit_locations import AuditLocationsSettings
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings
from quakescribe.settings.audit_picks import AuditPicksSettings
from quakescribe.settings.audit_rates import AuditRatesSettings
from quakescribe.settings.audit_seismicity import AuditSeismicitySettings
from quakescribe.settings.base import Section, setting


class AuditSettings(Section):
    """When a catalogue is called good or bad, without labels. Nothing here changes the catalogue."""

    seed: int = setting(0, "of everything that is drawn at random", ge=0)
    resamples: int = setting(400, "how often blocks of time are drawn again for an interval", ge=50, le=100_000)
    timezone: str = setting(
        "", "local time, for daytime and weekdays: a name such as 'Europe/Rome'; empty = solar time by the longitude")
    picks: AuditPicksSettings = AuditPicksSettings()
    locations: AuditLocationsSettings = AuditLocationsSettings()
    magnitudes: AuditMagnitudesSettings = AuditMagnitudesSettings()
    rates: AuditRatesSettings = AuditRatesSettings()
    seismicity: AuditSeismicitySettings = AuditSeismicitySettings()

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"'{value}' is no known time zone; expected a name such as 'Europe/Rome'") from None
        return value
