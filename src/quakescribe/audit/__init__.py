"""Audit: how far a catalogue can be trusted, told without labels. Tables in, findings out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pandas as pd

from quakescribe.audit.anomaly import ANOMALY
from quakescribe.audit.association import ASSOCIATION
from quakescribe.audit.b_value import B_VALUE
from quakescribe.audit.blasts import BLASTS
from quakescribe.audit.case import Case, make_case
from quakescribe.audit.check import BAD, CANNOT_TELL, WATCH, Check, Outcome, Rows, table
from quakescribe.audit.coincident import COINCIDENT
from quakescribe.audit.completeness import COMPLETENESS
from quakescribe.audit.day_night import DAY_NIGHT
from quakescribe.audit.duplicates import DUPLICATES
from quakescribe.audit.grids import GRIDS
from quakescribe.audit.lift import LIFT
from quakescribe.audit.neighbours import NEIGHBOURS
from quakescribe.audit.outliers import OUTLIERS
from quakescribe.audit.pairing import PAIRING
from quakescribe.audit.periodicity import PERIODICITY
from quakescribe.audit.plausible import INPUT
from quakescribe.audit.relocation import RELOCATION
from quakescribe.audit.residuals import RESIDUALS
from quakescribe.audit.sizes import SIZES
from quakescribe.audit.station_magnitudes import STATION_MAGNITUDES
from quakescribe.audit.steps import STEPS
from quakescribe.audit.travel_times import TRAVEL_TIMES
from quakescribe.audit.wadati import WADATI
from quakescribe.audit.well_located import WELL_LOCATED

CHECKS: tuple[Check, ...] = (
    PAIRING, ANOMALY,
    ASSOCIATION, LIFT,
    WELL_LOCATED, GRIDS, OUTLIERS, RESIDUALS, WADATI, TRAVEL_TIMES, RELOCATION,
    COMPLETENESS, B_VALUE, SIZES, STATION_MAGNITUDES,
    INPUT, NEIGHBOURS, COINCIDENT, DUPLICATES, DAY_NIGHT, PERIODICITY, BLASTS, STEPS,
)
"""All checks, in the order of the report."""


_ASSUMED = "No velocity model was given: the generic crust that served may be why."

log = logging.getLogger("quakescribe")


@dataclass(frozen=True)
class Audit:
    """What an audit found: the table FINDINGS, and by name of check what it found with the tables of its figures."""

    findings: pd.DataFrame
    outcomes: dict[str, Outcome]

    def table(self, check: str, name: str) -> pd.DataFrame:
        """Return a table of a check; empty where the check was not made or left none of that name."""
        outcome = self.outcomes.get(check)
        return pd.DataFrame() if outcome is None else outcome.tables.get(name, pd.DataFrame())

    def why(self, *metrics: str) -> str:
        """Return the reasons of all findings of some metrics about the whole network, in one text."""
        rows = self.findings[self.findings["metric"].isin(metrics) & (self.findings["scope"] == "network")]
        return " ".join(rows["why"].drop_duplicates())


def audit(case: Case, checks: tuple[Check, ...] | None = None) -> Audit:
    """Put all questions to a catalogue.

    Parameters
    ----------
    case
        The catalogue.
    checks
        Some of CHECKS; none = all.
    """
    outcomes = {check.name: _answer(check, case) for check in (CHECKS if checks is None else checks)}
    return Audit(table([row for outcome in outcomes.values() for row in outcome.findings]), outcomes)


def _answer(check: Check, case: Case) -> Outcome:
    """Return what a check found. One that fails says so in its findings and in the log; the others go on."""
    try:
        return without_assumptions(check, check.run(case), case.assumed)
    except Exception as error:
        log.exception("the check '%s' failed", check.name)
        rows = Rows(check.metrics)
        for metric in check.metrics:
            rows.cannot_tell(metric.name, f"this check failed ({type(error).__name__}: {error}); please report it")
        return Outcome(rows.rows)


def without_assumptions(check: Check, found: Outcome, assumed: frozenset[str]) -> Outcome:
    """Return what a check found without the departures that an assumed velocity model may have made."""
    doubtful = {metric.name for metric in check.metrics if metric.rests_on in assumed}
    rows = [row | {"verdict": CANNOT_TELL, "todo": None, "why": f"{row['why']} {_ASSUMED}"}
            if row["metric"] in doubtful and row["verdict"] in (WATCH, BAD) else row for row in found.findings]
    return Outcome(rows, found.tables)


__all__ = ["CHECKS", "Audit", "Case", "Check", "audit", "make_case"]
