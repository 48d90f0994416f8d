"""Audit: how far a catalogue can be trusted, told without labels. Tables in, findings out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from quakescribe.audit.case import Case, make_case
from quakescribe.audit.check import Check, Outcome, table

CHECKS: tuple[Check, ...] = ()
"""All checks, in the order of the report."""


@dataclass(frozen=True)
class Audit:
    """What an audit found: the table FINDINGS, and by name of check what it found with the tables of its figures."""

    findings: pd.DataFrame
    outcomes: dict[str, Outcome]


def audit(case: Case, checks: tuple[Check, ...] | None = None) -> Audit:
    """Put all questions to a catalogue.

    Parameters
    ----------
    case
        The catalogue.
    checks
        Some of CHECKS; none = all.
    """
    outcomes = {check.name: check.run(case) for check in (CHECKS if checks is None else checks)}
    return Audit(table([row for outcome in outcomes.values() for row in outcome.findings]), outcomes)


__all__ = ["CHECKS", "Audit", "Case", "Check", "audit", "make_case"]
