"""Do single stations measure the magnitudes that the network measures, near and far?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom, t

from quakescribe.audit.case import Case, blocks
from quakescribe.audit.check import BAD, CANNOT_TELL, GOOD, WATCH, Check, Metric, Outcome, Rows
from quakescribe.audit.statistics import false_discovery, mad_scale, robust_z, wilson
from quakescribe.settings.audit_magnitudes import AuditMagnitudesSettings

FLOOR = 0.1  # magnitude units: scatter of the medians of sound stations, at least (site effects)
Z = 3.5  # robust standard deviations from which on a station can be bad
FALSE = 0.01  # false-discovery rate of bad stations
CHANCE = 0.01  # share of bad stations among sound ones: of 119 in ten simulated runs one, where picks were of noise
SURE = 0.01  # probability by chance of so many bad stations, below which the network is bad
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
    Metric("magnitude_distance_slope", "Trend of station magnitudes over a tenfold distance", "magnitude units",
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


def _judged(found: pd.DataFrame, settings: AuditMagnitudesSettings) -> pd.DataFrame:
    """Return stations with low, high (Student's t), away and reach (nearest and farthest from the others), verdict.

    Bad: beyond the limit at the false-discovery rate, and out of line among the stations. Watch: all of the interval
    is beyond the limit of watch. Cannot tell: it reaches beyond the limit of bad.
    """
    middle = float(found["median"].median())
    half = t.ppf(0.975, found["n"] - 1) * found["error"]
    low, high = found["median"] - half, found["median"] + half
    away = np.maximum(np.maximum(low - middle, middle - high), 0.0)
    reach = np.maximum((low - middle).abs(), (high - middle).abs())
    beyond = ((found["median"] - middle).abs() - settings.station_bad) / found["error"]
    sure = false_discovery(t.sf(beyond, found["n"] - 1), FALSE) & (found["z"].abs() > Z)
    verdict = np.select([sure, away > settings.station_watch, reach > settings.station_bad], [BAD, WATCH, CANNOT_TELL],
                        GOOD)
    return found.assign(low=low, high=high, reach=reach, verdict=verdict)


def _add_stations(rows: Rows, found: pd.DataFrame, case: Case) -> None:
    settings, middle = case.settings.magnitudes, float(found["median"].median())
    judged = _judged(found, settings)
    for one in judged.to_dict("records"):
        verdict, apart = one["verdict"], abs(one["median"] - middle)
        why = (f"{one['station_id']} gives {one['median']:+.2f} against the network's value in the median of "
               f"{one['n']:,} events (95%: {one['low']:+.2f} to {one['high']:+.2f}; z = {one['z']:+.1f} among "
               f"{len(found)} stations)")
        if verdict in (WATCH, BAD):
            why += f"; a gain wrong by a factor of {10 ** apart:.2g} would do it, or picks of noise"
        elif verdict == CANNOT_TELL:
            why += f"; more than {settings.station_bad:g} away from the others cannot be excluded"
        rows.add("station_magnitude_bias", one["median"], verdict, f"{why}.", scope="station",
                 key=str(one["station_id"]), low=one["low"], high=one["high"], expected=middle, n=one["n"])
    _add_network(rows, judged, settings)


def _add_network(rows: Rows, judged: pd.DataFrame, settings: AuditMagnitudesSettings) -> None:
    """Judge how many stations are biased; one bad station among many is no more than chance."""
    n, of = len(judged), {name: judged["verdict"] == name for name in (WATCH, BAD, CANNOT_TELL)}
    k, bad, unsure = int((of[WATCH] | of[BAD]).sum()), int(of[BAD].sum()), int(of[CANNOT_TELL].sum())
    chance = float(binom.sf(bad - 1, n, CHANCE))
    why = f"Magnitudes of {k} of {n} stations surely differ from the network's by more than {settings.station_watch:g}"
    why += f" ({', '.join(judged.loc[of[WATCH] | of[BAD], 'station_id'].astype(str))})" if k else ""
    if bad and chance < SURE:
        verdict, more = BAD, (f", {bad} of them by more than {settings.station_bad:g}, which chance does not give so "
                              f"often (p = {chance:.2g})")
    elif bad:
        verdict, more = WATCH, (f", {bad} of them by more than {settings.station_bad:g}, as chance may have it among "
                                f"{n} stations (p = {chance:.2g})")
    elif k:
        verdict, more = WATCH, f", none surely by more than {settings.station_bad:g}"
    elif binom.sf(unsure - 1, n, CHANCE) < SURE:
        verdict, more = CANNOT_TELL, f", but {unsure} are not known well enough"
    else:
        verdict, more = GOOD, ""
    low, high = wilson(k, n)
    rows.add("stations_biased", k / n, verdict, f"{why}{more}.", low=low, high=high, expected=CHANCE, n=n)


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
        "stations: bad beyond the limit at a false-discovery rate of 1% and with a robust z beyond 3.5 (least scatter "
        "0.1), watched where its whole interval is beyond the lower limit. The network is bad where so many bad "
        "stations have a probability below 1% if one in a hundred is by chance. The trend with the logarithm of "
        "distance is fitted after every event's and station's mean is taken off, with intervals from resampled blocks "
        "of time. The null is 0 for both."),
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
