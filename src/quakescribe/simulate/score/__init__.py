"""A catalogue against the truth of a simulation: what was found, missed and invented, and how far off it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quakescribe.simulate.score.association import judge_association
from quakescribe.simulate.score.case import Case, Tolerances, Truth
from quakescribe.simulate.score.figures import frame
from quakescribe.simulate.score.location import judge_location
from quakescribe.simulate.score.magnitudes import judge_completeness, judge_magnitudes
from quakescribe.simulate.score.match import match_events
from quakescribe.simulate.score.picks import judge_picks

__all__ = ["PARTS", "match_events", "score"]

PARTS = ("picks", "association", "location", "magnitude", "completeness")


def score(truth: Path, tables: dict[str, pd.DataFrame], time_s: float = 2.0, distance_km: float = 15.0,
          pick_s: float = 0.5, shared: int = 3, start: pd.Timestamp | None = None,
          end: pd.Timestamp | None = None) -> pd.DataFrame:
    """Compare tables with the truth of a simulation.

    Parameters
    ----------
    truth
        The folder ``truth`` that `simulate` wrote (or the one that holds it).
    tables
        Any of ``picks``, ``events``, ``arrivals``, ``origins``, ``magnitudes``. Parts without their table are left out.
    time_s, distance_km
        Without arrivals an event is found if it lies this near to a true one; each true event is found once, the
        nearest pair first.
    pick_s
        A pick is right if it lies this near to an onset of its phase and station; each onset is picked once,
        detectable onsets first, then the nearest pair first.
    shared
        With arrivals, an event is the true one on which most of its arrivals lie, if these are at least so many.
    start, end
        Only true events of this span of time count (UTC; end not included): that of the run, if it is a part of the
        simulation. The tables are taken as they are.

    Returns
    -------
    One row per figure: part (of PARTS), scope ('all', 'SNR 5 to 10', 'M 1.0 to 1.5', a station, ...), name, value, unit
    and n (how many things it rests on). 'all' is the earthquakes and blasts of the network's own region.
    """
    case = Case(Truth.read(Path(truth)).within(start, end), tables, Tolerances(time_s, distance_km, pick_s, shared))
    parts = [] if case.picks is None else [judge_picks(case, case.picks)]
    if case.catalogue is not None and case.matches is not None:
        judges = [judge_association, judge_location, judge_completeness]
        if case.magnitudes is not None:
            judges.insert(2, judge_magnitudes)
        parts += [judge(case, case.catalogue, case.matches) for judge in judges]
    return frame(parts)
