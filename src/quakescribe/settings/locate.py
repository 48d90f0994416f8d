"""Settings of the stage ``locate``."""

from typing import Literal

from pydantic import model_validator

from quakescribe.settings.base import Section, setting
from quakescribe.settings.hypoinverse import HypoinverseSettings


class LocateSettings(Section):
    """How events are located: global search, robust refinement, uncertainty, and what counts as well located."""

    mode: Literal["default", "hypoinverse"] = setting(
        "default", "'default': global search with robust refinement; 'hypoinverse': as HYPOINVERSE does it")
    min_depth_km: float | None = setting(
        None, "shallowest depth below sea level an event may have; unset = the height of the highest station", "km",
        ge=-10.0, le=800.0)
    max_depth_km: float = setting(50.0, "greatest depth below sea level an event may have", "km", ge=0.0, le=800.0)
    margin_km: float = setting(50.0, "how far outside the stations that recorded it an event may lie", "km", gt=0.0)
    grid_cells: int = setting(12, "cells of the coarse search grid along each horizontal direction", ge=4, le=200)
    grid_layers: int = setting(8, "cells of the coarse search grid in depth", ge=2, le=200)
    grid_kept: int = setting(16, "how many of the best cells are halved at each level of the search", ge=1, le=1000)
    grid_finest_km: float = setting(1.0, "the search ends when cells are no larger than this", "km", gt=0.0)
    p_uncertainty_s: float = setting(0.05, "one standard deviation of a P time where the pick carries none", "s", gt=0)
    s_uncertainty_s: float = setting(0.10, "one standard deviation of an S time where the pick carries none", "s", gt=0)
    min_uncertainty_s: float = setting(0.01, "no pick counts as more certain than this", "s", gt=0.0)
    model_error_s: float = setting(0.05, "error of predicted times that does not grow with distance", "s", ge=0.0)
    model_error_fraction: float = setting(0.01, "error of predicted times as a fraction of travel time", ge=0.0, le=1.0)
    model_error_s_over_p: float = setting(1.73, "the first of these for S, as a multiple of that for P", "-", gt=0.0)
    model_error_correlation: float = setting(
        0.9, "correlation of the errors of the predicted P and S at a station, which both come from the same ground",
        "-", ge=0.0, le=1.0)
    residual_full: float = setting(2.5, "residuals up to this many standard deviations keep full weight", gt=0.0)
    residual_zero: float = setting(5.0, "residuals beyond this many standard deviations have no weight", gt=0.0)
    distance_cut_km: float = setting(
        60.0, "distance weighting is relative to this distance, or to the second nearest station where that is farther",
        "km", gt=0.0)
    distance_full: float = setting(1.0, "full weight up to this multiple of that distance", gt=0.0)
    distance_zero: float = setting(3.0, "no weight beyond this multiple of that distance", gt=0.0)
    prior_arrivals: float = setting(
        10.0, "how many arrivals the stated pick and model errors count for, against the event's own residuals, when "
        "the errors of its location are scaled", ge=0.0)
    max_iterations: int = setting(40, "steps of the refinement before it counts as not converged", ge=1)
    well_min_phases: int = setting(6, "well located: at least this many arrivals used", ge=0)
    well_min_stations: int = setting(4, "well located: at least this many stations used", ge=0)
    well_max_rms_s: float = setting(0.5, "well located: weighted RMS residual at most this", "s", ge=0.0)
    well_max_erh_km: float = setting(2.0, "well located: horizontal standard error at most this", "km", ge=0.0)
    well_max_erz_km: float = setting(5.0, "well located: vertical standard error at most this", "km", ge=0.0)
    well_max_gap_deg: float = setting(270.0, "well located: azimuthal gap at most this", "deg", ge=0.0, le=360.0)
    correction_iterations: int = setting(
        0, "rounds of station corrections, each from the residuals of the round before; 0 = none", ge=0, le=50)
    correction_min_arrivals: int = setting(
        10, "a station and phase needs this many arrivals of well located events for a correction", ge=1)
    hypoinverse: HypoinverseSettings = HypoinverseSettings()

    @model_validator(mode="after")
    def _ordered(self) -> "LocateSettings":
        if self.residual_zero <= self.residual_full:
            raise ValueError(f"residual_zero ({self.residual_zero:g}) must exceed residual_full "
                             f"({self.residual_full:g})")
        if self.distance_zero <= self.distance_full:
            raise ValueError(f"distance_zero ({self.distance_zero:g}) must exceed distance_full "
                             f"({self.distance_full:g})")
        if self.min_depth_km is not None and self.min_depth_km >= self.max_depth_km:
            raise ValueError(f"min_depth_km ({self.min_depth_km:g}) must be less than max_depth_km "
                             f"({self.max_depth_km:g})")
        return self
