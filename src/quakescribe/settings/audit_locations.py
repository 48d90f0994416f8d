"""Settings of the audit of locations."""

from __future__ import annotations

from quakescribe.settings.base import Section


class AuditLocationsSettings(Section):
    """When locations are called good or bad."""
