"""Settings of the audit of rates: daytime, periods, blasts, steps."""

from __future__ import annotations

from quakescribe.settings.base import Section


class AuditRatesSettings(Section):
    """When the rates of events are called good or bad."""
