"""The few figures of a score that people read first."""

from __future__ import annotations

import pandas as pd

_PHASE = ("recall of detectable {}", "precision of {}", "precision of {} by chance",
          "{} time error, median", "{} time error, MAD",
          "{} time error beyond 0.3 s")
HEADLINES: dict[str, tuple[str, ...]] = {
    "picks": tuple(name.format(phase) for phase in "PS" for name in _PHASE),
    "association": (
        "true events", "detectable events", "catalogue events", "events found", "recall of detectable events",
        "precision of events", "false events", "splits (true events found more than once)",
        "merges (events that hold several true ones)", "arrivals of the event's own true event",
        "mis-associated arrivals (of another true event)", "wrong-phase arrivals (on an onset of the other phase)",
        "chance arrivals (on no true onset)", "association rate of pairs",
        "association rate of picks"),
    "location": (
        "epicentre error, median", "epicentre error, 90%", "depth error, median", "depth error, 90%",
        "depth bias, median", "origin time error, median", "true hypocentre inside the 68% ellipsoid (covariance)",
        "true hypocentre inside the 90% ellipsoid (covariance)", "true epicentre inside the 68% ellipse (covariance)"),
}
BY_MAGNITUDE = ("recall of detectable events", "recall of all events", "epicentre error, median",
                "ML minus true magnitude, median")
BY_SNR = ("recall of detectable P", "recall of detectable S", "P time error, MAD", "S time error, MAD")
FAR_OUT = 5.0  # unassociated picks over the stations' median


def headlines(found: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the first figures of a part over everything, in the order of HEADLINES; other parts whole."""
    mine = found[(found["part"] == part) & (found["scope"] == "all")]
    if part not in HEADLINES:
        return mine
    return mine.set_index("name", drop=False).reindex([n for n in HEADLINES[part] if n in set(mine["name"])])


def by_class(found: pd.DataFrame, word: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per class ('M ...', 'SNR ...') and a column per figure that there is.

    Classes ascend; a figure that a class does not have is NaN.
    """
    rows = found[found["scope"].str.startswith(f"{word} ") & found["name"].isin(names)]
    table = rows.pivot_table(index="scope", columns="name", values="value", aggfunc="first", dropna=False)
    table = table.reindex(columns=[name for name in names if name in table])
    return table.sort_index(key=lambda scopes: scopes.str.split(" ").str[1].astype("float64"))


def wrong_picks(found: pd.DataFrame) -> pd.DataFrame:
    """Return the share of the P and of the S picks that lie on each thing that is no onset of their phase."""
    rows = found[found["name"].str.contains("^[PS] picks on ")]
    words = rows["name"].str.split(" picks on ", n=1)
    rows = rows.assign(phase=words.str[0], what=words.str[1])
    table = rows.pivot_table(index="what", columns="phase", values="value", aggfunc="first", sort=False)
    return table.reindex(columns=["P", "S"]).fillna(0.0)


def far_out(found: pd.DataFrame) -> pd.DataFrame:
    """Return stations with at least FAR_OUT times the stations' median of unassociated picks: scope, value, n."""
    mine = found[(found["name"] == "unassociated picks over the stations' median") & (found["value"] >= FAR_OUT)]
    return mine.sort_values("value", ascending=False, kind="stable")
