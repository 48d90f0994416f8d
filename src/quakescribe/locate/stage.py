"""The stage function, and station corrections from its residuals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.velocity import VelocityModel
from quakescribe.locate.inputs import Located
from quakescribe.locate.search import locate_default
from quakescribe.settings.locate import LocateSettings


def locate(events: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
           settings: LocateSettings, corrections: pd.DataFrame | None = None) -> Located:
    """Return one origin per event, with its uncertainty and quality, and the arrivals with residuals and weights.

    Parameters
    ----------
    events
        The events table; only ``event_id`` (and ``source_id``) is used: the place the associator gave is not.
    arrivals, stations
        The tables arrivals and stations.
    model
        Layered P and S velocities.
    settings
        ``mode`` chooses between the global search and the way of HYPOINVERSE.
    corrections
        Station corrections as :func:`station_corrections` returns them. Without them, and with
        ``correction_iterations`` above 0, they are made of these very events.

    Returns
    -------
    Located
        Origins; all arrivals given, those not used with weight 0; and skips (unknown-station, unknown-event,
        no-arrivals). Each event's result depends on its own arrivals only.
    """
    if corrections is None and settings.correction_iterations > 0:
        corrections = station_corrections(events, arrivals, stations, model, settings)
    if settings.mode == "hypoinverse":
        from quakescribe.locate.hypoinverse import locate_hypoinverse

        return locate_hypoinverse(events, arrivals, stations, model, settings, corrections)
    return locate_default(events, arrivals, stations, model, settings, corrections)


def station_corrections(events: pd.DataFrame, arrivals: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
                        settings: LocateSettings) -> pd.DataFrame:
    """Return the seconds by which each station and phase is late against the model, from all events together.

    Each of ``correction_iterations`` rounds (at least one) locates all events with the corrections so far, and adds
    the robust mean residual of every station and phase over the well located events.

    Returns
    -------
    pandas.DataFrame
        station_id, phase, correction_s (added to predicted times), scatter_s (1.4826 times the median absolute
        deviation), n_arrivals. Station and phase with fewer than ``correction_min_arrivals`` are absent.
    """
    plain = settings.model_copy(update={"correction_iterations": 0})
    table = _NO_CORRECTIONS
    for _ in range(max(settings.correction_iterations, 1)):
        located = locate(events, arrivals, stations, model, plain, table)
        table = _updated(located, table, settings.correction_min_arrivals)
    return table


_NO_CORRECTIONS = pd.DataFrame({"station_id": pd.Series([], dtype="str"), "phase": pd.Series([], dtype="str"),
                                "correction_s": pd.Series([], dtype="float64"),
                                "scatter_s": pd.Series([], dtype="float64"),
                                "n_arrivals": pd.Series([], dtype="int64")})


def _updated(located: Located, table: pd.DataFrame, fewest: int) -> pd.DataFrame:
    good = located.origins.loc[located.origins["well_located"], "event_id"]
    arrivals = located.arrivals[located.arrivals["event_id"].isin(good) & (located.arrivals["weight"] > 0)]
    before = table.set_index(["station_id", "phase"])["correction_s"].to_dict()
    rows = []
    for (station, phase), group in arrivals.groupby(["station_id", "phase"], sort=True):
        if len(group) >= fewest:
            middle, scatter = robust_mean(group["residual_s"].to_numpy(dtype=np.float64))
            rows.append((station, phase, before.get((station, phase), 0.0) + middle, scatter, len(group)))
    return pd.DataFrame(rows, columns=list(_NO_CORRECTIONS.columns)).astype(_NO_CORRECTIONS.dtypes.to_dict())


def robust_mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean of the values within three robust standard deviations of the median, and that deviation."""
    median = float(np.median(values))
    scatter = 1.4826 * float(np.median(np.abs(values - median)))
    near = values[np.abs(values - median) <= 3.0 * scatter]
    return (float(near.mean()) if len(near) else median), scatter
