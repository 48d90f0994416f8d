"""Numbers in the sentences of findings."""

from __future__ import annotations


def percent(share: float) -> str:
    """Return a share with two digits that count: ``57%``, ``5.7%``, ``0.57%``; never 0% or 100% what is not."""
    value = 100.0 * share
    if 0 < value < 0.01:
        return "under 0.01%"
    if 99 < value < 100:
        return f"{min(value, 99.9):.1f}%"
    return f"{value:.2g}%" if abs(value) < 9.95 else f"{value:.0f}%"


def number_of(number: float, noun: str) -> str:
    """Return ``1 pair``, ``1,640 pairs``."""
    count = round(number)
    return f"{count:,} {noun if count == 1 else noun + 's'}"
