"""The stage ``locate``: where and when each event was, and how well that is known."""

from quakescribe.locate.inputs import Located
from quakescribe.locate.stage import locate, station_corrections

__all__ = ["Located", "locate", "station_corrections"]
