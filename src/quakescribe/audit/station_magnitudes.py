"""Do single stations measure the magnitudes that the network measures, near and far?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.statistics import mad_scale, robust_z, wilson

FLOOR = 0.1  # magnitude units: scatter of the medians of sound stations, at least (site effects)
Z = 3.5  # robust standard deviations from which on a station is apart
STATIONS = 4  # with fewer there is no network to compare with
MEDIAN_LOSS = 1.2533  # standard error of a median over that of a mean
NEAREST_KM = 3.0  # depth keeps the ray longer than this; the logarithm of distance starts here
CUT = 3.0  # robust standard deviations beyond which a value does not pull a trend
DRAWN = 3  # values that an event needs for a trend over its stations

METRICS = (
    Metric("station_magnitude_bias", "Station minus network magnitude", "magnitude units",
           "Compare the station's gain with its data sheet and its neighbours (a factor of 10 is one unit), see since "
           "when, and leave its values out of the network's until it is settled."),
    Metric("stations_biased", "Stations with biased magnitudes", "-",
           "Check gains and responses of the stations named in the figure, or solve for station corrections."),
    Metric("magnitude_distance_slope", "Trend of magnitudes with distance", "magnitude units",
           "Use an attenuation law of the region: magnitudes now depend on which stations happen to be near."),
)


def residuals(case: Case) -> pd.DataFrame:
    """Return event_id, station_id, time, apart (station minus network value) and distance_km of all station values."""
    facts = case.facts
    values = facts.magnitudes[(facts.magnitudes["kind"] == facts.kind) & facts.magnitudes["station_id"].notna()]
    if values.empty:
        return pd.DataFrame({name: [] for name in ("event_id", "station_id", "time", "apart", "distance_km")})
    network = facts.catalogue.drop_duplicates("event_id").set_index("event_id")
    table = pd.DataFrame({"event_id": values["event_id"], "station_id": values["station_id"],
                          "time": values["event_id"].map(network["time"]),
                          "apart": values["value"] - values["event_id"].map(network["magnitude"])})
    distance = facts.arrivals.groupby(["event_id", "station_id"], as_index=False)["distance_km"].min()
    table = table.merge(distance, on=["event_id", "station_id"], how="left")
    return table[np.isfinite(table["apart"])].reset_index(drop=True)


def medians(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """Return station_id, n, median, error and z of every station with at least `least` values.

    The error is 1.2533 times the robust scatter over sqrt(n); z is against the median of the stations' medians.
    """
    groups = table.groupby("station_id", sort=True)["apart"]
    out = pd.DataFrame({"n": groups.size(), "median": groups.median(), "scale": groups.agg(mad_scale),
                        **{f"q{int(100 * q):02d}": groups.quantile(q) for q in (0.05, 0.25, 0.75, 0.95)}}).reset_index()
    out = out[out["n"] >= least].reset_index(drop=True)
    out["error"] = MEDIAN_LOSS * np.maximum(out["scale"], FLOOR / 2) / np.sqrt(out["n"])
    out["z"] = robust_z(out["median"], FLOOR, out["error"]) if len(out) else np.empty(0)
    return out


def distance_slope(table: pd.DataFrame, rng: np.random.Generator, repeats: int,
                   block: np.ndarray) -> tuple[float, float, float, int]:
    """Return the trend of station magnitudes over a tenfold distance, its interval and the number of values.

    Notes
    -----
    Every event's and station's own mean is taken off (two rounds), so neither size nor gains make a trend; values
    beyond CUT robust deviations are drawn in to them. Least squares, intervals by resampled blocks of time.
    """
    x = np.log10(np.maximum(table["distance_km"], NEAREST_KM))
    frame = pd.DataFrame({"x": x, "y": table["apart"], "event": table["event_id"], "station": table["station_id"]})
    limit = CUT * max(mad_scale(frame["y"]), FLOOR / 2)
    frame["y"] = frame["y"].clip(frame["y"].median() - limit, frame["y"].median() + limit)
    for group in ("event", "station", "event", "station"):
        frame[["x", "y"]] = frame[["x", "y"]] - frame.groupby(group)[["x", "y"]].transform("mean")
    _, where = np.unique(block, return_inverse=True)
    xy, xx = (np.bincount(where, part) for part in (frame["x"] * frame["y"], frame["x"] ** 2))
    if xx.sum() <= 1e-9:
        return float("nan"), float("nan"), float("nan"), len(frame)
    slope = float(xy.sum() / xx.sum())
    sampling = 1.96 * float(np.sqrt(((frame["y"] - slope * frame["x"]) ** 2).mean() / xx.sum()))
    drawn = rng.multinomial(len(xx), np.full(len(xx), 1.0 / len(xx)), size=repeats)
    low, high = np.quantile((drawn @ xy) / np.maximum(drawn @ xx, 1e-12), [0.025, 0.975])
    return slope, min(float(low), slope - sampling), max(float(high), slope + sampling), len(frame)


def _add_stations(rows: Rows, found: pd.DataFrame, case: Case) -> None:
    settings, middle = case.settings.magnitudes, float(found["median"].median())
    verdicts = []
    columns = (found[name].tolist() for name in ("station_id", "n", "median", "error", "z"))
    for station, n, median, error, z in zip(*columns, strict=True):
        low, high = median - 1.96 * error, median + 1.96 * error
        away = max(0.0, low - middle, middle - high)
        apart = abs(z) > Z and away > settings.station_watch
        verdict = GOOD if not apart else BAD if away > settings.station_bad else WATCH
        verdicts.append(verdict)
        rows.add("station_magnitude_bias", median, verdict,
                 f"{station} gives {median:+.2f} against the network's value in the median of {n:,} events (z = "
                 f"{z:+.1f} among {len(found)} stations)"
                 + (f"; a gain wrong by a factor of {10 ** abs(median - middle):.2g} would do it." if apart else "."),
                 scope="station", key=str(station), low=low, high=high, expected=middle, n=n)
    k, n = sum(one != GOOD for one in verdicts), len(verdicts)
    low, high = wilson(k, n)
    names = ", ".join(str(s) for s, v in zip(found["station_id"], verdicts, strict=True) if v != GOOD)
    verdict = GOOD if not k else BAD if BAD in verdicts else WATCH
    rows.add("stations_biased", k / n, verdict, f"Magnitudes of {k} of {n} stations differ from the network's"
             + (f" ({names})." if k else "."), low=low, high=high, expected=0.0, n=n)


def _add_slope(rows: Rows, table: pd.DataFrame, case: Case) -> float:
    settings = case.settings.magnitudes
    known = table[np.isfinite(table["distance_km"])]
    known = known[known.groupby("event_id")["apart"].transform("size") >= DRAWN]
    if known["event_id"].nunique() < settings.station_events:
        rows.cannot_tell("magnitude_distance_slope", f"{known['event_id'].nunique()} events have {DRAWN} station "
                         f"values with a distance; it needs {settings.station_events}.", n=len(known))
        return float("nan")
    block = blocks(known["time"], case)
    slope, low, high, n = distance_slope(known, case.rng(690), case.settings.resamples, block)
    if np.isnan(slope):
        rows.cannot_tell("magnitude_distance_slope", "All stations are at one distance.", n=n)
        return slope
    away = max(0.0, low, -high)
    reach = max(abs(low), abs(high))
    if away > settings.slope_good:
        verdict = BAD if away > settings.slope_bad else WATCH
    else:
        verdict = GOOD if reach <= settings.slope_bad else CANNOT_TELL
    rows.add("magnitude_distance_slope", slope, verdict, f"Station magnitudes change by {slope:+.2f} ({low:+.2f} to "
             f"{high:+.2f}) over a tenfold distance, from {n:,} values.", low=low, high=high, expected=0.0, n=n)
    return slope


def _run(case: Case) -> Outcome:
    rows, settings = Rows(METRICS), case.settings.magnitudes
    table = residuals(case)
    if table.empty:
        kind = case.facts.kind or "magnitude"
        for metric in METRICS:
            rows.cannot_tell(metric.name, f"There are no {kind} values of single stations.", n=0)
        return Outcome(rows.rows)
    found = medians(table, settings.station_events)
    if len(found) < STATIONS:
        for metric in METRICS[:2]:
            rows.cannot_tell(metric.name, f"{len(found)} stations have {settings.station_events} magnitudes; it needs "
                             f"{STATIONS} to compare.", n=len(found))
    else:
        _add_stations(rows, found, case)
    slope = _add_slope(rows, table, case)
    return Outcome(rows.rows, {"stations": found, "values": table, "slope": pd.DataFrame({"slope": [slope]})})


STATION_MAGNITUDES = Check(
    name="station-magnitudes",
    section="measure",
    question="Do single stations measure the magnitudes that the network measures, near and far?",
    method=(
        "The median of station value minus network value of every station is compared with the medians of the other "
        "stations by a robust z with a least scatter of 0.1; a station is apart beyond 3.5 and beyond the limit in its "
        "whole interval. The trend with the logarithm of distance is fitted after every event's and station's mean is "
        "taken off, with intervals from resampled blocks of time. The null is 0 for both."),
    references=(
        "Richter, C. F. (1935). An instrumental earthquake magnitude scale. Bulletin of the Seismological Society of "
        "America 25(1), 1-32.",
        "Habermann, R. E. (1987). Man-made changes of seismicity rates. Bulletin of the Seismological Society of "
        "America 77(1), 141-159.",
        "Iglewicz, B., & Hoaglin, D. C. (1993). How to Detect and Handle Outliers. ASQC Quality Press.",
    ),
    metrics=METRICS,
    run=_run,
)
