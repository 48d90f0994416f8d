"""What the page is made of: sections of panels; a panel is a figure or a table with its takeaway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quakescribe.audit import Audit


@dataclass(frozen=True)
class Grid:
    """A table for people: a head, rows of text, the columns of numbers (set flush right), and the one of verdicts.

    ``verdict`` is the column whose words good, watch, bad and cannot tell are drawn as badges; such a table can be
    filtered by verdict, and stands as a list of cards on a phone. Lines of a cell after the first are set apart.
    ``rest`` are more rows, folded under the words ``summary``. ``widths`` of columns are in per cent; 0 = what is left.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    verdict: int | None = None
    rest: tuple[tuple[str, ...], ...] = ()
    summary: str = ""
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Panel:
    """One figure, table or text.

    ``caption`` is its takeaway, computed from the data. With neither figure, grid nor listing it says why there is
    nothing. ``aspect`` is height over width of the plotting area; ``size`` is the share of the page's width; ``rows``
    is how many panels may stand beside it on a wide page; ``least`` is its least height (px); ``listing`` is text to be
    shown as it is. ``folded`` hides all but the title until it is asked for, unless it is ``opened`` at first.
    ``missing`` says why a figure is not there; the page tells it at the end of the section.
    """

    key: str
    title: str
    caption: str
    figure: dict[str, Any] | None = None
    grid: Grid | None = None
    size: str = "half"
    aspect: float = 0.6
    folded: bool = False
    opened: bool = False
    rows: int = 1
    least: int = 250
    listing: str = ""
    missing: str = ""


def nothing(key: str, title: str, because: str, size: str = "half") -> Panel:
    """Return the panel that stands in for a figure without data."""
    return Panel(key, title, f"Nothing to show because {because}.", size=size, missing=because)


def unanswered(audit: Audit, metric: str, key: str, title: str) -> Panel:
    """Return the panel that stands in for a figure of a check that found nothing, with the check's own reason."""
    why = audit.why(metric).rstrip(".")
    return nothing(key, title, why[:1].lower() + why[1:] or "this was not audited")


@dataclass(frozen=True)
class Lead:
    """A finding in words, told before all tables: its verdict, what it is about, the reason, and what to do."""

    verdict: str
    title: str
    why: str
    todo: str = ""


@dataclass(frozen=True)
class Told:
    """How something was found out: the question, how it is answered, by whose methods."""

    question: str
    method: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One part of the page.

    ``counts`` are verdicts with their numbers: buttons that filter the tables of the section. ``leads`` stand before
    the panels, ``told`` after them, folded. ``missing`` are panels without a figure, once the page has set them apart.
    """

    key: str
    title: str
    intro: str
    panels: list[Panel] = field(default_factory=list)
    counts: tuple[tuple[str, int], ...] = ()
    leads: tuple[Lead, ...] = ()
    told: tuple[Told, ...] = ()
    missing: tuple[Panel, ...] = ()
