"""The error tree. A message says what is wrong, where, what was expected, and what to do."""

from __future__ import annotations


class QuakescribeError(Exception):
    """Base of every error a user can cause or meet; the command line prints it without a traceback."""


class SettingsError(QuakescribeError, ValueError):
    """A setting is unknown, has the wrong type, or lies outside its range."""


class TableError(QuakescribeError, ValueError):
    """A table breaks its contract; the message lists every fault with row and value."""


class FormatError(QuakescribeError, ValueError):
    """A file is not in the format it claims to be, or in none that is known."""


class StationError(QuakescribeError, ValueError):
    """Station metadata are missing or contradict themselves."""


class WaveformError(QuakescribeError, ValueError):
    """Waveforms cannot be found or read at all (a single bad trace is a skip, not an error)."""


class VelocityError(QuakescribeError, ValueError):
    """A velocity model cannot be used."""


class WorkspaceError(QuakescribeError, OSError):
    """A project or run folder is missing, damaged, or in use."""


class EngineError(QuakescribeError, RuntimeError):
    """The workers could not finish a unit of work."""


class WeightsError(QuakescribeError, ValueError):
    """Weights of a network cannot be found, read, or used with the picker that was asked for."""


class TrainError(QuakescribeError, RuntimeError):
    """A network cannot be trained: there is nothing to learn from, or the samples cannot be kept or read."""
