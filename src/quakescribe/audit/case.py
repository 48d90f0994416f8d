"""What is audited: the tables of a run or of a stranger's catalogue, made ready once for all checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.earth.velocity import VelocityModel
from quakescribe.settings.audit import AuditSettings
from quakescribe.tables import COVERAGE, ORIGINS, PICKS
from quakescribe.tables.facts import Facts, gather

if TYPE_CHECKING:
    from quakescribe.audit.neighbours import Declustered

NULL_COLUMNS = ("picks", "pairs", "p", "s", *(f"{kind}_{what}" for kind in ("real", "null")
                                              for what in ("events", "picks", "pairs", "p", "s")))
"""Of :attr:`Case.null`."""


@dataclass(frozen=True)
class Case:
    """Everything that the checks read. Frames may be empty, never absent.

    Attributes
    ----------
    facts
        The catalogue, its picks and arrivals, joined; see :class:`quakescribe.tables.facts.Facts`.
    settings
        Limits of the verdicts.
    model
        The velocity model of the catalogue, or a generic crust.
    assumed
        What rests on a generic crust, because no velocity model was given: ``velocity``, and the columns that were
        computed in it.
    reference
        Table PICKS of a rule-based picker over the same recordings.
    null
        Columns NULL_COLUMNS, one row per repeat of the shifted association: of a sample of so many picks, pairs, P and
        S, what the associator makes of the sample (``real_*``), and of its picks shifted (``null_*``).
    relocated
        Table ORIGINS of the relocated catalogue, by the same event ids.
    coverage
        Table COVERAGE: when stations recorded.
    """

    facts: Facts
    settings: AuditSettings
    model: VelocityModel
    assumed: frozenset[str] = frozenset()
    reference: pd.DataFrame = field(default_factory=PICKS.empty)
    null: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({name: [] for name in NULL_COLUMNS}, dtype=float))
    relocated: pd.DataFrame = field(default_factory=ORIGINS.empty)
    coverage: pd.DataFrame = field(default_factory=COVERAGE.empty)

    def rng(self, *what: int) -> np.random.Generator:
        """Return random numbers of their own for a purpose, always the same."""
        return np.random.default_rng([self.settings.seed, *what])

    @cached_property
    def declustered(self) -> Declustered:
        """The nearest earlier event of every event, found once for all checks."""
        from quakescribe.audit.neighbours import decluster

        return decluster(self.facts, self.settings.seismicity)

    @property
    def hours(self) -> float:
        """Return the length of the catalogue's span in hours; 0 without one."""
        span = self.facts.span
        return (span[1] - span[0]).total_seconds() / 3600.0 if span else 0.0


def make_case(tables: Mapping[str, pd.DataFrame], settings: AuditSettings, model: VelocityModel,
              info: Mapping[str, Any] | None = None, **more: Any) -> Case:
    """Return the case of some tables (absent ones are empty); ``more`` are further attributes of :class:`Case`.

    Raises
    ------
    TableError
        When a table breaks its contract.
    """
    return Case(gather(tables, info or {}), settings, model, **more)


def block_hours(hours: float, least: int = 10) -> float:
    """Return how long a block of time is in a span of so many hours: a day, or the longest of shorter ones that gives
    `least` blocks; at least a minute.
    """
    return next((one for one in (24.0, 6.0, 1.0, 1.0 / 6.0) if hours / one >= least), 1.0 / 60.0)


def blocks(times: pd.Series, case: Case, least: int = 10) -> NDArray[np.int64]:
    """Return the block of every time, for resampling: days, or the longest of shorter spans that gives enough blocks.

    Parameters
    ----------
    times
        UTC.
    case
        Its span is cut into blocks.
    least
        Blocks that there must be, where the span allows.
    """
    if not len(times):
        return np.empty(0, np.int64)
    length = block_hours(case.hours, least)
    start = case.facts.span[0] if case.facts.span else times.min()
    return np.asarray(np.floor((times - start).dt.total_seconds().to_numpy() / (3600.0 * length)), dtype=np.int64)
