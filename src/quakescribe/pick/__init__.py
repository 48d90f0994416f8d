"""Onsets of P and S in continuous recordings: waveforms in, picks out."""

from quakescribe.pick.archive import pick
from quakescribe.pick.names import display_name
from quakescribe.pick.unit import PICKERS, pick_unit

__all__ = ["PICKERS", "display_name", "pick", "pick_unit"]
