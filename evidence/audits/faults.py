"""The faults that are planted, at which strengths, and the metrics that should see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits import planted_catalogues as catalogues
from audits import planted_picks as picks
from audits.bases import Base

Plant = Callable[[Base, float, np.random.Generator], tuple[Base, Any]]


@dataclass(frozen=True)
class Fault:
    """A fault: how it is planted, into which kind of base, at which strengths of what; metrics that should see it."""

    plant: Plant
    kind: str
    strengths: tuple[float, ...]
    unit: str
    meant: tuple[str, ...]


_LABELS = ("mislabelled", "s_before_p", "off_curve", "vp_vs_outside", "residual_tail", "disagreeing_pairs")
_TWICE = ("close_pairs", "shared_pick_events", "equal_events", "split_events")
_MODEL = ("residual_median", "origin_time_offset", "location_rms", "residual_spread", "well_located", "outliers")
FAULTS: dict[str, Fault] = {
    "faulty station": Fault(picks.faulty_station, "run", (1.0, 3.0, 10.0, 30.0), "times its false pairs", (
        "pick_anomaly", "unassociated_picks", "association_lift", "chance_arrivals", "expected_contamination",
        "association_rate")),
    "clock error": Fault(picks.clock_error, "run", (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 10.0),
                         "s, a third of the time", (
        "clock_change", "clock_offset", "station_p_median", "station_s_median", "association_lift",
        "association_rate")),
    "swapped P and S, all stations": Fault(picks.swapped_phases, "run", (0.01, 0.03, 0.1, 0.3), "of the pairs",
                                           _LABELS),
    "swapped P and S, one station": Fault(picks.mislabelled_station, "run", (0.1, 0.3, 1.0), "of its pairs", _LABELS),
    "mis-associated pairs": Fault(picks.wrong_pairs, "run", (0.03, 0.1, 0.3, 1.0), "of the events", (
        "residual_tail", "off_curve", "disagreeing_pairs", "merged_events", "vp_vs_outside", "outliers")),
    "loose associator": Fault(picks.loose_associator, "run", (1.0, 2.0, 4.0), "times the residuals, 3 stations", (
        "chance_share", "association_rate_corrected", "well_located", "location_rms", "location_erh", "residual_tail",
        "disagreeing_pairs", "merged_events", "outliers", "location_n_phases", "off_curve")),
    "velocities wrong": Fault(picks.wrong_velocities, "run", (0.8, 0.9, 1.1, 1.2), "times the true ones", _MODEL),
    "vp/vs wrong": Fault(picks.wrong_vp_vs, "run", (1.55, 1.65, 1.85, 2.0), "vp/vs", _MODEL),
    "doubled events": Fault(catalogues.doubled_events, "run", (0.01, 0.03, 0.1), "of the events", _TWICE),
    "doubled events, other picks": Fault(catalogues.doubled_with_other_picks, "month", (0.01, 0.03, 0.1),
                                         "of the events", _TWICE),
    "false distant events": Fault(catalogues.distant_coincidences, "month", (0.01, 0.03, 0.1), "of the events", (
        "coincident_distant_events", "instant_distant_followers", "outliers")),
    "blasts": Fault(catalogues.blasts, "month", (0.02, 0.05, 0.1, 0.2), "of the events", (
        "working_hours_share", "quarry_places", "quarry_ratio", "quarry_blasts", "modulation_day",
        "modulation_day_complete", "weekend_ratio", "night_ratio_large")),
    "wrong gain of a station": Fault(catalogues.wrong_gain, "month", (2.0, 4.0, 10.0), "times", (
        "station_magnitude_bias", "stations_biased")),
    "changed magnitude scale": Fault(catalogues.changed_scale, "month", (0.1, 0.2, 0.4, 0.7), "magnitude units", (
        "magnitude_step", "size_ratio_step")),
    "events of one size": Fault(catalogues.one_size, "month", (0.02, 0.05, 0.1), "of the events", (
        "magnitude_excess", "exponential_law")),
    "depths fixed": Fault(catalogues.fixed_depths, "run", (0.03, 0.1, 0.3), "of the events", (
        "repeated_depths", "at_limits")),
    "epicentres on a grid": Fault(catalogues.on_a_grid, "run", (0.01, 0.02, 0.05), "deg", (
        "lattice", "repeated_epicentres", "coordinate_rounding")),
    "outage of stations": Fault(catalogues.outage, "month", (0.25, 0.5, 0.75), "of the stations, half of the time", (
        "changes_with_step", "rate_step_at_change", "unexplained_step")),
    "lost in relocation": Fault(catalogues.lost_in_relocation, "run", (0.1, 0.3, 0.6), "of the events", (
        "relocation_lost", "lost_though_linked")),
}
