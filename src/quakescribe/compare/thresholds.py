"""The picks of a network at a higher threshold, from those at a lower one: the network runs once for all thresholds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.errors import TableError
from quakescribe.kernels.peaks import pair_up
from quakescribe.run.runner import Watcher, execute
from quakescribe.run.stage import Stage, Unit, code_digest, fingerprint
from quakescribe.run.stages import STAGES
from quakescribe.run.workspace import Project, Run, write_text
from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.project import Settings
from quakescribe.tables import PICKS

KEY = "above-threshold"
"""The one part that such picks are kept in; a plain run of the same name takes it for outdated and picks anew."""


def above(picks: pd.DataFrame, settings: NetworkSettings) -> pd.DataFrame:
    """Return what a network would have picked with higher thresholds.

    Parameters
    ----------
    picks
        Table PICKS of a network, of whole stations, at thresholds no higher than these.
    settings
        The thresholds, and the limits of a pair.

    Returns
    -------
    DataFrame
        Table PICKS. A pair that was none at the lower thresholds has no ``amplitude_m``: that needs the recordings.

    Notes
    -----
    A peak is the largest value within ``separation_s``, whatever the threshold, and all that is measured on an onset
    depends on its own surroundings; so the onsets are those of the lower threshold that are high enough. P and S are
    paired anew by the picker's rule. Only across the change of a station's instrument could a pair be made here that
    the picker does not make.

    Raises
    ------
    TableError
        If picks have no probability.
    """
    if picks["probability"].isna().any():
        raise TableError("picks without a probability cannot be taken at another threshold: give no thresholds to a "
                         "rule-based picker")
    is_p = (picks["phase"] == "P").to_numpy()
    least = np.where(is_p, np.float32(settings.p_threshold), np.float32(settings.s_threshold))
    kept = PICKS.order(picks[picks["probability"].to_numpy() >= least])
    pair_id, amplitude = np.zeros(len(kept), np.int64), np.full(len(kept), np.nan)
    ids, before, measured = (kept[name].to_numpy() for name in ("pick_id", "pair_id", "amplitude_m"))
    for p, s in _pairs(kept, settings):
        pair_id[p] = pair_id[s] = ids[p]
        amplitude[p] = amplitude[s] = np.where(before[s] == ids[p], measured[s], np.nan)
    return PICKS.check(kept.assign(pair_id=pair_id, amplitude_m=amplitude))


def _pairs(picks: pd.DataFrame, settings: NetworkSettings) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the rows of P and of S of the pairs, station by station."""
    ns = picks["time"].to_numpy("datetime64[ns]").view(np.int64)
    limits = [round(one * 1e9) for one in (settings.min_sp_s, settings.max_sp_s)]
    is_p = (picks["phase"] == "P").to_numpy()
    out = []
    names, station = np.unique(picks["station_id"].to_numpy(object).astype(str), return_inverse=True)
    for k in range(len(names)):
        rows = np.flatnonzero(station == k)
        p, s = rows[is_p[rows]], rows[~is_p[rows]]
        partner = pair_up(ns[p], ns[s], *limits)
        out.append((p[partner >= 0], s[partner[partner >= 0]]))
    return out


def run_above(project: Project, settings: Settings, base: Run, run: Run, watcher: Watcher) -> None:
    """Make a run of what another one's picker finds at higher thresholds, to the end of ``locate``.

    What is there already, made of the same, is kept. ``provenance.json`` says where the picks are from.

    Parameters
    ----------
    project, settings
        The project, and its settings with the higher thresholds.
    base
        A run of the same picker at thresholds no higher.
    """
    network, picks = settings.pick.network, base.stage_table("pick", "picks")
    made_of = fingerprint(code_digest("compare", "kernels"), network, picks)
    pick = Stage("pick", ("picks", "skips"), lambda context: [Unit(KEY, made_of, (picks, network))], _work)
    execute(settings, project.folder, run, "locate", watcher, stages=(pick, *STAGES[1:]))
    said = run.provenance() | {"picks_from": {"run": base.name, "p_threshold": network.p_threshold,
                                              "s_threshold": network.s_threshold}}
    write_text(run.folder / "provenance.json", json.dumps(said, indent=1) + "\n")


def _work(given: tuple[pd.DataFrame, NetworkSettings]) -> dict[str, pd.DataFrame]:
    return {"picks": above(*given)}
