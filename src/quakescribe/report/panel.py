"""What the page is made of: sections of panels; a panel is a figure or a table with its takeaway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Grid:
    """A table for people: a head, rows of text, and the columns that hold numbers (set flush right)."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Panel:
    """One figure or table.

    ``caption`` is its takeaway, computed from the data. With neither figure nor grid it says why there is nothing.
    ``aspect`` is height over width of the plotting area; ``size`` is the share of the page's width; ``rows`` is how
    many panels may stand beside it on a wide page; ``least`` is its least height (px).
    """

    key: str
    title: str
    caption: str
    figure: dict[str, Any] | None = None
    grid: Grid | None = None
    size: str = "half"
    aspect: float = 0.6
    folded: bool = False
    rows: int = 1
    least: int = 250


def nothing(key: str, title: str, because: str, size: str = "half") -> Panel:
    """Return the panel that stands in for a figure without data."""
    return Panel(key, title, f"Nothing to show because {because}.", size=size)


@dataclass(frozen=True)
class Section:
    """One stage of the run on the page."""

    key: str
    title: str
    intro: str
    panels: list[Panel] = field(default_factory=list)
