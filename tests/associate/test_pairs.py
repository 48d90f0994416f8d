"""Which P and S belong together, and what origin time a pair implies."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from quakescribe.associate.network import prepare
from quakescribe.associate.pairs import find_onsets, find_pairs, p_travel_time
from quakescribe.earth.velocity import VelocityModel
from quakescribe.settings.associate import AssociateSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from onsets import MODEL, START, onsets, picks_of, ring

SETTINGS = AssociateSettings(max_distance_km=250.0)
STATIONS = ring(4)


def pairs_of(rows, paired=False):
    """Pairs as (station, P second, S second) that are made of (station, phase, second)."""
    frame = pd.DataFrame(rows, columns=["station_id", "phase", "after"]).assign(event=0)
    picks, _ = picks_of(frame, paired)
    sites = prepare(STATIONS, MODEL, SETTINGS)
    found, _ = find_onsets(picks, sites)
    pairs = find_pairs(found, sites, SETTINGS)
    second = (found.time - START.value) / 1e9
    name = picks["station_id"].to_numpy()[found.row]
    return sorted((str(name[p]), float(second[p]), float(second[s])) for p, s in zip(pairs.p, pairs.s, strict=True))


def by_the_rule(rows):
    """The rule in words: the first S later than 0.3 s and no later than 20 s after a P, before the station's next P."""
    made = []
    for station, phase, p in rows:
        if phase != "P":
            continue
        following = [t for name, kind, t in rows if name == station and kind == "P" and t > p]
        end = min([p + 20.0, *following])
        fits = [t for name, kind, t in rows if name == station and kind == "S" and p + 0.3 < t <= end]
        fits = [t for t in fits if t < min([np.inf, *following])]
        if fits:
            made.append((station, p, min(fits)))
    return sorted(made)


@budget(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["XX.S00.", "XX.S01."]), st.sampled_from("PS"),
                          st.integers(0, 60).map(lambda k: k / 2)), unique=True, max_size=20))
def test_unpaired_picks_pair_by_the_rule(rows):
    assert pairs_of(rows) == by_the_rule(rows)


def test_pairs_that_the_picker_gave_are_kept_even_across_a_p():
    rows = [("XX.S00.", "P", 0.0), ("XX.S00.", "S", 5.0), ("XX.S00.", "P", 3.0), ("XX.S00.", "S", 9.0)]
    assert pairs_of(rows, paired=True) == [("XX.S00.", 0.0, 5.0), ("XX.S00.", 3.0, 9.0)]


def test_an_s_before_its_p_is_no_pair():
    assert pairs_of([("XX.S00.", "P", 5.0), ("XX.S00.", "S", 1.0)], paired=True) == []


def test_an_s_later_than_any_wave_within_reach_is_no_pair():
    assert pairs_of([("XX.S00.", "P", 5.0), ("XX.S00.", "S", 65.0)], paired=True) == []


@pytest.mark.parametrize("depth", [3.0, 9.5, 16.0])
def test_the_origin_time_of_a_pair_is_exact_for_a_constant_ratio(depth):
    picks, _ = picks_of(onsets([(20.0, 5.0, 3.0, depth)], STATIONS, sigma_p=0.0, sigma_s=0.0))
    sites = prepare(STATIONS, MODEL, SETTINGS)
    found, _ = find_onsets(picks, sites)
    pairs = find_pairs(found, sites, SETTINGS)
    assert len(pairs.t0) == 4
    assert np.abs((pairs.t0 - START.value) / 1e9 - 20.0).max() < 0.01


def test_the_origin_time_of_a_pair_follows_a_ratio_that_changes_with_depth():
    model = VelocityModel("varied", MODEL.top_km, MODEL.vp, MODEL.vp / np.array([2.0, 1.75, 1.7, 1.7]))
    sites = prepare(STATIONS, model, SETTINGS)
    network = sites.network
    middle = round((9.5 - SETTINGS.depth_top_km) / network.steps[1])
    p, s = (network.times[phase, :, :, middle].astype(float) for phase in (0, 1))
    for surface in range(p.shape[0]):
        travel = p_travel_time((s - p)[surface], np.full(p.shape[1], surface), sites)
        assert np.abs(travel - p[surface]).max() < 0.15  # S-P alone does not tell where two distances share it
        assert np.median(np.abs(travel - p[surface])) < 1e-9


def test_pairs_without_a_lag_have_no_travel_time():
    sites = prepare(STATIONS, MODEL, SETTINGS)
    assert np.isnan(p_travel_time(np.array([0.0, -1.0]), np.array([0, 0]), sites)).all()
