"""The random numbers of a scenario: one stream for each thing drawn, so that anything can be made alone."""

import numpy as np

from quakescribe.settings.simulate import SimulateSettings

(STREAM_NETWORK, STREAM_EVENTS, STREAM_PATHS, STREAM_MOTION, STREAM_NOISE, STREAM_BURSTS, STREAM_STATES) = range(7)


def stream(settings: SimulateSettings, *key: int) -> np.random.Generator:
    """Return the generator of one thing: a STREAM_ number first, then what it belongs to (all integers >= 0)."""
    return np.random.default_rng([settings.seed, *key])
