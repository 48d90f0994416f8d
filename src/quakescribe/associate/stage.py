"""The stage: picks in, events and arrivals out, by the associator that the settings name."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from quakescribe.associate import pal
from quakescribe.associate.network import prepare
from quakescribe.associate.pairs import find_onsets
from quakescribe.associate.results import Associated, skips_table
from quakescribe.earth.velocity import VelocityModel
from quakescribe.settings.associate import AssociateSettings

ASSOCIATORS: dict[str, tuple[Callable[..., Associated], Callable[..., list[pd.DataFrame]]]] = {
    "pal": (pal.associate, pal.groups),
}
"""Associator by name: what associates, and what splits picks into independent groups. Both take the same arguments."""


def associate(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
              settings: AssociateSettings) -> Associated:
    """Return the events that the picks make.

    Parameters
    ----------
    picks
        Table ``picks``, rows in any order.
    stations
        Table ``stations``. The search grid covers all of them, with picks or without.
    model
        Velocities of P and S.
    settings
        Section ``associate``.

    Returns
    -------
    Associated
        Tables ``events``, ``arrivals`` and ``skips``. Every pick belongs to one event at most.
    """
    return ASSOCIATORS[settings.associator][0](picks, stations, model, settings)


def groups(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
           settings: AssociateSettings) -> list[pd.DataFrame]:
    """Split picks into groups that do not know of one another: associating each gives what associating all gives.

    Takes what :func:`associate` takes. Picks that no event can reach are in no group. Groups are in order of time and
    do not overlap.
    """
    return ASSOCIATORS[settings.associator][1](picks, stations, model, settings)


def skips(picks: pd.DataFrame, stations: pd.DataFrame, model: VelocityModel,
          settings: AssociateSettings) -> pd.DataFrame:
    """Return the ``skips`` that :func:`associate` would: picks of unknown stations, or outside a station's epochs.

    They are in none of the :func:`groups`, so that whoever associates group by group asks for them once.
    """
    return skips_table(picks, find_onsets(picks, prepare(stations, model, settings))[1])
