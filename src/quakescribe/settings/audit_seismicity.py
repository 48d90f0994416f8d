"""Settings of the audit of a catalogue's events in time and space."""

from __future__ import annotations

from quakescribe.settings.base import Section


class AuditSeismicitySettings(Section):
    """When the events' times and places are called good or bad."""
