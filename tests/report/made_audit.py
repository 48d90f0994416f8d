"""Two small checks and what they found, made by hand: every verdict, network, stations and a day, and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from quakescribe.audit import Audit
from quakescribe.audit.check import Check, Metric, Outcome, Rows, table

CHANCE = Check(
    "made-chance", "associate", "How many events are made by chance?", "All picks are shifted. The rest is chance.",
    ("Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1–26.",),
    (Metric("chance_rate", "Events by chance", "-", "Ask for more stations."),
     Metric("p_loss", "Lost <P> onsets", "-", "Look at the stations.")),
    lambda case: Outcome([]))  # fmt: skip
TREND = Check(
    "made-trend", "locate", "Do residuals grow with distance?", "By running medians.",
    ("Efron, B. (1979). Bootstrap methods. Ann. Stat. 7.", "Klein, F. W. (2002). User's guide to HYPOINVERSE-2000."),
    (Metric("trend", "Trend with distance", "s/100 km", "Use a better model."),), lambda case: Outcome([]))
CHECKS = (CHANCE, TREND)
PARTS = {"made-chance": 2, "made-trend": 1}


def made_audit(n_stations: int = 12) -> Audit:
    """Return an audit with one finding of every verdict for the network, and some for stations and a day."""
    chance, trend = Rows(CHANCE.metrics), Rows(TREND.metrics)
    chance.add("chance_rate", 0.0213, "good", "2.1% of 1,234 events are chance.", low=0.011, high=0.044, expected=0.0,
               n=1234)
    chance.add("p_loss", 0.313, "bad", "31% of <P> are lost; 5% are expected.", low=0.25, high=0.37, expected=0.05,
               n=200, key="P")
    chance.cannot_tell("p_loss", "there are 3 pairs, too few.", key="S", n=3)
    trend.add("trend", 12345.678, "watch", "It is 12,346.", low=11000.2, high=13111.0, n=200)
    for i in range(n_stations):
        chance.add("p_loss", i / 100, "bad" if i < 3 else "good", f"{i}% at the station.", scope="station",
                   key=f"XX.S{i:02d}.", low=0.0, high=0.2, n=20)
    chance.add("chance_rate", 0.5, "watch", "half of the day's.", scope="day", key="2024-03-04")
    tables = {"counts": pd.DataFrame({"repeat": np.arange(3), "events": [1.5, np.nan, 2.0]})}
    return Audit(table([*chance.rows, *trend.rows]),
                 {"made-chance": Outcome(chance.rows, tables), "made-trend": Outcome(trend.rows)})
