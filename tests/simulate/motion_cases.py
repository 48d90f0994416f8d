"""Scenarios with one thing changed, for the tests of ground motion."""

from dataclasses import replace

import numpy as np

from quakescribe.simulate.pulses import moment


def changed(scenario, *, noise_m_s=None, site=None, earth=None, paths=None, **columns):
    """Return the scenario with all events' columns, all stations' noise and site, the paths or the earth changed."""
    events = scenario.events.assign(**columns)
    if "magnitude" in columns:
        events["moment_nm"] = moment(events["magnitude"].to_numpy(dtype=np.float64))
    given = {name: value for name, value in (("noise_m_s", noise_m_s), ("site", site)) if value is not None}
    settings = scenario.settings
    if earth:
        settings = settings.model_copy(update={"earth": settings.earth.model_copy(update=earth)})
    return replace(scenario, events=events, stations=tuple(replace(s, **given) for s in scenario.stations),
                   settings=settings, paths=replace(scenario.paths, **(paths or {})))
