"""Errors of the places and times found, and whether the stated uncertainties hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.geodesy import distance_azimuth
from quakescribe.simulate.score.case import APART, Case
from quakescribe.simulate.score.figures import Figures, by_magnitude
from quakescribe.simulate.score.match import Matches
from quakescribe.tables.matching import seconds

Array = NDArray[np.float64]

# (68%, 90%) limits of chi-squared with 1, 2 and 3 degrees of freedom
_LIMITS = {1: (0.9889, 2.7055), 2: (2.2789, 4.6052), 3: (3.5059, 6.2514)}
_REGIONS = (("hypocentre", "ellipsoid (covariance)", (0, 1, 2)), ("epicentre", "ellipse (covariance)", (0, 1)),
            ("depth", "interval (covariance)", (2,)))
_UNRESOLVED = 99.0


def judge_location(case: Case, catalogue: pd.DataFrame, matches: Matches) -> Figures:
    """Return errors of the events found (one to one; found minus true) and the calibration of their uncertainties."""
    figures = Figures("location")
    true_row, found_row = matches.rows()
    located = catalogue["located"].to_numpy(dtype=bool)[found_row]
    true, found = case.truth.events.iloc[true_row[located]], catalogue.iloc[found_row[located]]
    errors = _errors(true, found)
    kind, local = true["kind"].to_numpy(), case.truth.local[true_row[located]]
    scopes = [("all", local)]
    if "well_located" in found:
        well = found["well_located"].to_numpy(dtype=bool)
        scopes += [("well located", local & well), ("not well located", local & ~well)]
    calibrated = list(scopes)
    scopes += by_magnitude(np.where(local, true["magnitude"].to_numpy(), np.nan))
    scopes += [(name, kind == name) for name in APART if (kind == name).any()]
    for scope, members in scopes:
        _statistics(figures, errors[members], scope)
    for scope, members in calibrated:
        _covariance(figures, errors[members], found[members], scope)
        _stated(figures, errors[members], found[members], scope)
    return figures


def _errors(true: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return east, north, depth (km) and time (s), found minus true, with the rows of ``found``."""
    distance, azimuth = distance_azimuth(*(frame[name].to_numpy() for frame in (true, found)
                                           for name in ("latitude", "longitude")))
    angle = np.radians(azimuth)
    return pd.DataFrame({"apart": distance, "east": distance * np.sin(angle), "north": distance * np.cos(angle),
                         "deeper": found["depth_km"].to_numpy(dtype=np.float64) - true["depth_km"].to_numpy(),
                         "later": seconds(found["time"]) - seconds(true["time"])})


def _statistics(figures: Figures, errors: pd.DataFrame, scope: str) -> None:
    """Add median, 90% and bias (median with its sign) of the errors."""
    for name, column, unit in (("epicentre", "apart", "km"), ("depth", "deeper", "km"), ("origin time", "later", "s")):
        values = errors[column].to_numpy()
        figures.quantile(f"{name} error, median", np.abs(values), 0.5, unit, scope)
        figures.quantile(f"{name} error, 90%", np.abs(values), 0.9, unit, scope)
    for name, column, unit in (("eastward", "east", "km"), ("northward", "north", "km"), ("depth", "deeper", "km"),
                               ("origin time", "later", "s")):
        figures.quantile(f"{name} bias, median", errors[column].to_numpy(), 0.5, unit, scope)


def _covariance(figures: Figures, errors: pd.DataFrame, found: pd.DataFrame, scope: str) -> None:
    """Add the shares of the truth inside the regions of the stated covariance, for origins that have one.

    The normalised error is sqrt(v^T C^-1 v); its median is 1.538 (hypocentre), 1.177 (epicentre), 0.674 (depth) where
    the covariance C is right.
    """
    if "covariance_xx" not in found:
        return
    names = [[f"covariance_{''.join(sorted((a, b)))}" for b in "xyz"] for a in "xyz"]
    matrix = np.array([[found[name].to_numpy(dtype=np.float64) for name in row] for row in names]).transpose(2, 0, 1)
    offset = errors[["east", "north", "deeper"]].to_numpy()
    good = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(offset).all(axis=1)
    good[good] = np.linalg.eigvalsh(matrix[good])[:, 0] > 0
    for place, region, axes in _REGIONS:
        v, c = offset[good][:, axes], matrix[good][:, axes][:, :, axes]
        squared = np.einsum("ni,ni->n", v, np.linalg.solve(c, v[..., None])[..., 0])
        for level, limit in zip((68, 90), _LIMITS[len(axes)], strict=True):
            figures.share(f"true {place} inside the {level}% {region}", squared <= limit, scope)
        figures.quantile(f"normalised {place} error (covariance), median", np.sqrt(squared), 0.5, "-", scope)


def _stated(figures: Figures, errors: pd.DataFrame, found: pd.DataFrame, scope: str) -> None:
    """Add the shares of the truth within the stated standard errors, for origins that have resolved ones.

    ERH is the longer half axis of the one-sigma ellipse: a circle of sqrt(2.279) ERH holds 68% of a round one and more
    of a long one.
    """
    for place, column, stated, unit, dof in (("epicentre", "apart", "erh_km", "erh", 2),
                                             ("depth", "deeper", "erz_km", "erz", 1),
                                             ("origin time", "later", "ert_s", "ert", 1)):
        if stated not in found:
            continue
        sigma, error = found[stated].to_numpy(dtype=np.float64), np.abs(errors[column].to_numpy())
        good = np.isfinite(sigma) & np.isfinite(error) & (sigma > 0) & (sigma < _UNRESOLVED)
        if not good.any():
            continue
        ratio = error[good] / sigma[good]
        for level, limit in zip((68, 90), _LIMITS[dof], strict=True):
            times = np.sqrt(limit)
            figures.share(f"true {place} within {times:.3f} {unit} ({level}%)", ratio <= times, scope)
        figures.quantile(f"{place} error / {unit}, median", ratio, 0.5, "-", scope)
