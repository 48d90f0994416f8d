"""How many events are well located, by several stated rules, and how well the median event is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.audit.check import CANNOT_TELL, Check, Metric, Outcome, Rows, judge
from quakescribe.audit.intervals import quantile_interval, share_interval
from quakescribe.settings.audit_locations import AuditLocationsSettings
from quakescribe.tables import origins

if TYPE_CHECKING:
    from quakescribe.audit.case import Case

DISQUALIFYING = (*origins.DISQUALIFYING, "hypoinverse-minus", "hypoinverse-hash")
MARKS = ("hypoinverse-minus", "hypoinverse-hash", "not-converged", "few-phases")
"""What the flags '-' and '#' of HYPOINVERSE say, in its words and in ours."""
_TELLING = ("quakescribe", "hypo71")  # methods whose flags say so where there is something to say
_REAL = {"strict": 0.85, "marker": 0.97}
"""Shares of 600 events of the 2019 Ridgecrest sequence located with HYPOINVERSE from 20 trial depths."""

Bools = NDArray[np.bool_]


def bears(flags: pd.Series, words: tuple[str, ...]) -> Bools:
    """Return which of the comma-separated flags hold one of the words."""
    text = "," + flags.fillna("").astype("str").str.replace(" ", "") + ","
    out = np.zeros(len(text), dtype=bool)
    for word in words:
        out |= text.str.contains(f",{word},", regex=False).to_numpy(dtype=bool)
    return out


def keeps_rules(located: pd.DataFrame, rules: AuditLocationsSettings) -> dict[str, Bools | None]:
    """Return by rule which events keep it; none where the catalogue does not hold what the rule asks for.

    Parameters
    ----------
    located
        ``Facts.located``, n rows.
    rules
        The limits.

    Returns
    -------
    dict
        'own', 'strict', 'tight', 'marker': shape (n,), bool. An error of 99 (not resolved) breaks a rule; an event that
        lacks one number breaks it too, if most events have it.
    """
    methods = set(located["method"].fillna("").astype("str").str.split(" ").str[0].str.lower())
    tells = bool(bears(located["flags"], MARKS).any()) or any(m.startswith(_TELLING) for m in methods)
    own = bool(located["well_located"].any()) or any(m.startswith(_TELLING) for m in methods)
    numbers = {name: located[name].to_numpy(dtype=np.float64) for name in
               ("rms_s", "erh_km", "erz_km", "gap_deg", "n_phases")}
    numbers["n_phases"] = np.where(numbers["n_phases"] > 0, numbers["n_phases"], np.nan)
    known = {name: np.isfinite(values).mean() > 0.5 if len(values) else False for name, values in numbers.items()}
    rms, erh, erz, gap, phases = (numbers[name] for name in ("rms_s", "erh_km", "erz_km", "gap_deg", "n_phases"))
    strict = (~bears(located["flags"], DISQUALIFYING) & (rms <= rules.strict_rms_s) & (erh <= rules.strict_erh_km)
              & (erz <= rules.strict_erz_km) & (gap <= rules.strict_gap_deg))
    tight = ((phases >= rules.tight_phases) & (rms <= rules.tight_rms_s) & (gap <= rules.tight_gap_deg)
             & (erh <= rules.tight_error_km) & (erz <= rules.tight_error_km))
    enough = known["rms_s"] and known["erh_km"] and known["erz_km"] and known["gap_deg"]
    return {"own": located["well_located"].to_numpy(dtype=bool) if own else None,
            "strict": strict if enough else None,
            "tight": tight if enough and known["n_phases"] else None,
            "marker": ~bears(located["flags"], MARKS) if tells else None}


_MEANING = {
    "own": "keep the catalogue's own rule",
    "strict": "have no disqualifying flag and keep the limits of RMS, errors and gap",
    "tight": "keep the tight limits",
    "marker": "bear none of HYPOINVERSE's marks '-' and '#' (or 'not-converged', 'few-phases')",
}
_LACKS = {
    "own": "The catalogue does not say which of its events are well located.",
    "strict": "Most events lack RMS, a standard error or the gap.",
    "tight": "Most events lack RMS, a standard error, the gap or the number of arrivals.",
    "marker": "The catalogue does not say whether its locations converged.",
}


def _shares(rows: Rows, located: pd.DataFrame, case: Case) -> list[dict[str, object]]:
    """Add a finding per rule."""
    rules, out = case.settings.locations, []
    limits = {"own": (rules.strict_good, rules.strict_bad), "strict": (rules.strict_good, rules.strict_bad),
              "tight": (rules.tight_good, rules.tight_bad), "marker": (rules.marker_good, rules.marker_bad)}
    for place, (rule, kept) in enumerate(keeps_rules(located, rules).items()):
        if kept is None:
            rows.cannot_tell("well_located", _LACKS[rule], key=rule, n=len(located))
            continue
        share = float(kept.mean())
        low, high = share_interval(kept, located["time"], case, 10 + place)
        verdict = judge(low, high, *limits[rule]) if len(located) >= rules.least_events else CANNOT_TELL
        why = (f"{share:.0%} of {len(located):,} located events {_MEANING[rule]} (95% interval {low:.0%} to "
               f"{high:.0%}; good from {limits[rule][0]:.0%}, bad below {limits[rule][1]:.0%})")
        if rule == "marker":
            why += ("; the share rests on the number of trial depths (of the same real events 73% pass with one, 98% "
                    "with twenty), and 58% to 82% of random times pass")
        rows.add("well_located", share, verdict, why + ".", key=rule, low=low, high=high,
                 expected=_REAL.get(rule, float("nan")), n=len(located))
        out.append({"rule": rule, "share": share, "low": low, "high": high, "verdict": verdict})
    return out


def _quantiles(rows: Rows, located: pd.DataFrame, case: Case) -> None:
    """Add median and worst tenth of every quantity."""
    rules = case.settings.locations
    # quantity: column, name, unit, good, bad, and by how much the worst tenth may be worse: log-normal errors have
    # 90% quantiles of about three medians; a gap up to 270 deg is the rule 'strict'.
    quantities = (("rms", "rms_s", "RMS residual of an event", "s", rules.rms_good_s, rules.rms_bad_s, 3.0),
                  ("erh", "erh_km", "horizontal error", "km", rules.erh_good_km, rules.erh_bad_km, 3.0),
                  ("erz", "erz_km", "vertical error", "km", rules.erz_good_km, rules.erz_bad_km, 3.0),
                  ("gap", "gap_deg", "azimuthal gap", "deg", rules.gap_good_deg, rules.gap_bad_deg, 1.5),
                  ("n_phases", "n_phases", "number of arrivals", "", rules.phases_good, rules.phases_bad, 0.6))
    for place, (metric, column, name, unit, good, bad, tail) in enumerate(quantities):
        known = located[np.isfinite(located[column].astype("float64"))]
        known = known[known[column] > 0] if column == "n_phases" else known
        worst = ("10%", 0.1, tail) if good > bad else ("90%", 0.9, tail)
        for key, q, factor in (("median", 0.5, 1.0), worst):
            if len(known) < rules.least_events:
                rows.cannot_tell(f"location_{metric}", f"The {name} is known for {len(known)} located events; "
                                 f"{rules.least_events} are needed.", key=key, n=len(known))
                continue
            value, low, high = quantile_interval(known[column], q, known["time"], case, 20 + place)
            most = 360.0 if column == "gap_deg" else np.inf
            fine, poor = (min(limit * factor, most) for limit in (good, bad))
            rows.add(f"location_{metric}", value, judge(low, high, fine, poor),
                     f"The {'median' if q == 0.5 else key + ' quantile'} of the {name} is {value:.3g} {unit}".rstrip()
                     + f" (95% interval {low:.3g} to {high:.3g}; good {'from' if good > bad else 'up to'} "
                     f"{fine:.3g}, bad {'below' if good > bad else 'above'} {poor:.3g}).",
                     key=key, low=low, high=high, n=len(known))


def _run(case: Case) -> Outcome:
    rows = Rows(WELL_LOCATED.metrics)
    located = case.facts.located
    if located.empty:
        for metric in WELL_LOCATED.metrics:
            rows.cannot_tell(metric.name, "No event was located.", n=0)
        return Outcome(rows.rows)
    shares = _shares(rows, located, case)
    _quantiles(rows, located, case)
    rules = case.settings.locations
    limits = pd.DataFrame([("rms_s", "RMS", "s", rules.strict_rms_s), ("erh_km", "ERH", "km", rules.strict_erh_km),
                           ("erz_km", "ERZ", "km", rules.strict_erz_km), ("gap_deg", "gap", "°", rules.strict_gap_deg)],
                          columns=["column", "name", "unit", "limit"])
    return Outcome(rows.rows, {"rules": pd.DataFrame(shares, columns=["rule", "share", "low", "high", "verdict"]),
                               "limits": limits})


WELL_LOCATED = Check(
    "well-located", "locate", "How many events are well located, and how well is the median event?",
    "The share of located events that keep each of four rules: the catalogue's own, 'strict' (no disqualifying flag, "
    "RMS, both errors and gap within wide limits), 'tight' (narrow limits) and 'marker' (HYPOINVERSE's marks alone). "
    "Intervals are the hull of Wilson's and of resampled blocks of time. The marker is reported for comparison with "
    "older work and judged leniently, since with many trial depths almost anything passes it; random arrival times "
    "keep 'strict' in 1% to 11% of cases, real ones in about 85%. Quantiles of RMS, errors, gap and number of arrivals "
    "say the same without a rule.",
    ("Klein, F. W. (2002). User's guide to HYPOINVERSE-2000. USGS Open-File Report 02-171.",
     "Kuensch, H. R. (1989). The jackknife and the bootstrap for general stationary observations. Ann. Statist. 17, "
     "1217-1241.",
     "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. J. Am. Stat. Assoc. "
     "22, 209-212."),
    (Metric("well_located", "Share of well-located events", "-",
            "Look at which limit is broken (RMS, error, gap): a large RMS is wrong picks or a wrong velocity model, "
            "a large gap or error is a network too small for the events.", "rms_s"),
     Metric("location_rms", "RMS residual of an event", "s",
            "Check the velocity model and the picks of the events with the largest residuals.", "rms_s"),
     Metric("location_erh", "Stated horizontal error of an event", "km",
            "Add stations, or leave out events far outside the network."),
     Metric("location_erz", "Stated vertical error of an event", "km",
            "Add S picks and near stations; do not interpret depths."),
     Metric("location_gap", "Azimuthal gap of an event", "deg",
            "Add stations on the open side, or leave out events outside the network."),
     Metric("location_n_phases", "Number of arrivals of an event", "-",
            "Ask for more arrivals per event in the association.")),
    _run)
