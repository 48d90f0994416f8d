"""Settings of the stage ``report``."""

from typing import Literal

from quakescribe.settings.base import Section, setting


class ReportSettings(Section):
    """What the report shows. Nothing here changes a result."""

    colour_by: Literal["depth", "time"] = setting(
        "depth", "what the colour of an event means on the map and the sections"
    )
    max_points: int = setting(
        20_000, "points drawn in one figure; larger tables are thinned, and the figure says so", ge=100
    )
    events_listed: int = setting(25, "rows in the table of the largest events", ge=1, le=1000)
    example_station_days: int = setting(
        3, "station-days of which recordings about picks without an event are shown, the most out of line; 0 = none",
        ge=0, le=20)
    stations_drawn: int = setting(80, "stations drawn in one figure; the ones with most picks come first", ge=1)
    embed_most_mb: float = setting(
        6.0, "size of all tables together that the page holds for download; larger ones stay in the run's folder", "MB",
        ge=0, le=1000)
