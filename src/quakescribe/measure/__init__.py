"""Measure: how large the events were."""

from quakescribe.measure.amplitudes import wood_anderson
from quakescribe.measure.magnitudes import measure

__all__ = ["measure", "wood_anderson"]
