"""Settings of the stage ``associate``."""

from __future__ import annotations

from pydantic import model_validator

from quakescribe.settings.base import Section, setting


class AssociateSettings(Section):
    """How picks become events. Times in seconds, lengths in kilometres."""

    associator: str = setting("pal", "which associator: 'pal', origin-time clusters and a spatial grid",
                              pattern="^pal$")
    min_stations: int = setting(4, "least number of distinct stations that make an event", ge=3)
    min_pairs: int = setting(3, "least number of these stations where P and S both fit", ge=0)
    origin_time_deviation_s: float = setting(
        2.0, "pairs whose own origin times differ by less than this from the centre of a cluster belong to it", "s",
        gt=0, le=30)
    max_residual_s: float = setting(1.5, "largest residual of a P or S that makes an event", "s", gt=0, le=20)
    max_added_residual_s: float = setting(
        1.0, "largest residual of a P or S that is added to an event afterwards", "s", ge=0, le=20)
    max_mean_residual_s: float = setting(
        0.7, "largest mean absolute residual of an event's picks", "s", gt=0, le=20)
    second_share: float = setting(
        0.3, "what is left over is tried again, from clusters of min_pairs stations (at least 3), with this share of "
        "the three residuals above; 0 = no second pass", ge=0, le=1)
    max_drops: int = setting(1, "a pair that was left over from more clusters than this starts no cluster any more",
                             ge=0)
    min_nearby_share: float = setting(
        0.0, "least share of the stations nearest to an event, out to the median station that has it, that must have "
        "it; 0 = any; 0.25 suits networks of many stations that all record", ge=0, le=1)
    count_share: float = setting(
        0.4, "what a pick within max_residual_s adds to the score of a place by that alone; the rest of 1 falls with "
        "its residual (1 = count only, as PAL; 0 = residuals only)", ge=0, le=1)
    s_weight: float = setting(0.7, "weight of an S onset in the search, where a P onset has 1", ge=0, le=1)
    grid_margin: float = setting(0.1, "the search grid exceeds the network on each side by this share of its span",
                                 ge=0, le=5)
    grid_km: float = setting(4.0, "horizontal spacing of the grid from which the search starts", "km", gt=0)
    grid_depth_km: float = setting(5.0, "vertical spacing of that grid", "km", gt=0)
    depth_top_km: float = setting(2.0, "shallowest depth of an event, below sea level", "km", ge=-10, le=800)
    depth_bottom_km: float = setting(17.0, "deepest depth of an event, below sea level", "km", ge=-10, le=800)
    max_distance_km: float = setting(150.0, "largest epicentral distance of a pick of an event", "km", gt=0, le=1000)
    min_sp_s: float = setting(0.3, "an S less than this after its P makes no pair with it, where the picker gave none",
                              "s", ge=0)
    max_sp_s: float = setting(20.0, "an S more than this after its P makes no pair with it, where the picker gave none",
                              "s", gt=0)
    duplicate_s: float = setting(
        0.5, "another onset of the same phase at the same station this close to an event's is a duplicate of it", "s",
        ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> AssociateSettings:
        if self.depth_bottom_km <= self.depth_top_km:
            raise ValueError(f"depth_bottom_km = {self.depth_bottom_km:g} km must lie below depth_top_km = "
                             f"{self.depth_top_km:g} km")
        if self.max_sp_s <= self.min_sp_s:
            raise ValueError(f"max_sp_s = {self.max_sp_s:g} s must exceed min_sp_s = {self.min_sp_s:g} s")
        if self.min_pairs > self.min_stations:
            raise ValueError(f"min_pairs = {self.min_pairs} cannot exceed min_stations = {self.min_stations}")
        return self
