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
    magnitude_bin: float = setting(
        0.1, "width of one bin of the frequency-magnitude distribution", "magnitude units", gt=0, le=1
    )
    completeness_correction: float = setting(
        0.2, "added to the maximum-curvature magnitude before b is estimated", "magnitude units", ge=0, le=1
    )
    events_listed: int = setting(25, "rows in the table of the largest events", ge=1, le=1000)
    stations_drawn: int = setting(80, "stations drawn in one figure; the ones with most picks come first", ge=1)
