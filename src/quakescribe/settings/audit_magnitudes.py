"""Settings of the audit of magnitudes."""

from __future__ import annotations

from quakescribe.settings.base import Section


class AuditMagnitudesSettings(Section):
    """When magnitudes are called good or bad."""
