"""Measure: how large the events were."""

from quakescribe.measure.amplitudes import wood_anderson
from quakescribe.measure.full import full_response
from quakescribe.measure.magnitudes import measure

__all__ = ["full_response", "measure", "wood_anderson"]
