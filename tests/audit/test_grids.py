"""Repeated depths and epicentres, limits, lattices and rounding."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from quakescribe.audit import audit, make_case
from quakescribe.audit.grids import GRIDS, repeated, rounding, spacing
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import FRAME, MODEL, catalogue

SETTINGS = AuditSettings(resamples=100)
SOUND = catalogue(500, 20.0, seed=5)


def found(tables):
    return audit(make_case(tables, SETTINGS, MODEL), (GRIDS,)).findings.set_index(["metric", "key"])


def changed(**columns):
    return {**SOUND, "origins": SOUND["origins"].assign(**columns)}


def test_a_fifth_of_all_depths_at_five_kilometres_is_found():
    depth = SOUND["origins"]["depth_km"].to_numpy(copy=True)
    fixed = np.random.default_rng(1).random(len(depth)) < 0.2
    depth[fixed] = 5.0
    outcome = audit(make_case(changed(depth_km=depth), SETTINGS, MODEL), (GRIDS,))
    row = outcome.findings.set_index(["metric", "key"]).loc[("repeated_depths", "")]
    assert row["verdict"] == "bad" and row["value"] == pytest.approx(fixed.mean(), abs=0.005)
    stripes = outcome.outcomes["grids"].tables["repeated"]
    assert stripes.iloc[0]["column"] == "depth_km" and stripes.iloc[0]["value"] == pytest.approx(5.0)


def test_the_same_is_found_in_a_file_that_rounds_to_a_tenth():
    depth = SOUND["origins"]["depth_km"].to_numpy().round(1)
    depth[np.random.default_rng(1).random(len(depth)) < 0.2] = 5.0
    assert found(changed(depth_km=depth)).loc[("repeated_depths", ""), "verdict"] == "bad"


@pytest.mark.parametrize("digits", [None, 4, 3])
def test_epicentres_snapped_to_a_twentieth_of_a_degree_are_found(digits):
    places = {name: (SOUND["origins"][name] / 0.05).round() * 0.05 for name in ("latitude", "longitude")}
    if digits is not None:
        places = {name: values.round(digits) for name, values in places.items()}
    rows = found(changed(**places))
    assert {rows.loc[("repeated_epicentres", name), "verdict"] for name in places} == {"bad"}


def test_a_blurred_lattice_is_found_by_its_spacing():
    rng = np.random.default_rng(2)
    places = {name: (SOUND["origins"][name] / 0.016).round() * 0.016 + rng.normal(0, 0.001, 500)
              for name in ("latitude", "longitude")}
    rows = found(changed(**places))
    for name in places:
        assert rows.loc[("lattice", name), "verdict"] == "bad"
        told = rows.loc[("lattice", name), "why"].split("most to ")[1].split()[0]
        assert float(told) == pytest.approx(0.016, rel=0.01)
        assert rows.loc[("repeated_epicentres", name), "verdict"] == "good"


@pytest.mark.parametrize(("digits", "km"), [(1, 0.1), (2, 0.01), (0, 1.0)])
def test_rounding_alone_is_reported_and_never_bad(digits, km):
    origins = SOUND["origins"]
    rows = found(changed(depth_km=origins["depth_km"].round(digits), latitude=origins["latitude"].round(digits + 1),
                         longitude=origins["longitude"].round(digits + 1)))
    assert rows.loc[("depth_rounding", ""), "value"] == km
    assert rows.loc[("coordinate_rounding", ""), "value"] == pytest.approx(km / 10)
    assert "bad" not in set(rows["verdict"])
    assert rows.loc[("coordinate_rounding", ""), "verdict"] == ("good" if digits else "watch")


def test_the_step_of_rounding_is_found_from_any_origin():
    x = np.random.default_rng(0).uniform(0, 20, 1000)
    assert [rounding(x.round(d) + 1.2345) for d in (0, 1, 2, 3)] == [1.0, 0.1, 0.01, 0.001]
    assert rounding(x) == 0.0


def test_repeated_values_equal_a_slow_count():
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.uniform(0, 5, 300).round(2), np.full(30, 2.5)])
    cells, counts = np.unique(np.round(x / 0.01).astype(int), return_counts=True)
    n = dict(zip(cells.tolist(), counts.tolist(), strict=True))
    over = set()
    for cell, count in n.items():
        around = sum(n.get(cell + k, 0) for k in range(-6, 7))
        if binom.sf(count - 1, around, 1 / 13) < 1e-4 / len(n) and count >= 3 * (around - count) / 12:
            over.add(cell)
    full, chance = repeated(x, 0.01)
    assert full.tolist() == [round(v / 0.01) in over for v in x]
    assert over == {250} and chance[full].max() < 0.2


def test_a_dense_cluster_is_no_stripe_and_no_lattice():
    rng = np.random.default_rng(6)
    origins = SOUND["origins"]
    inside = rng.random(len(origins)) < 0.6
    rows = found(changed(depth_km=np.where(inside, rng.normal(8.0, 0.3, 500), origins["depth_km"]).round(2),
                         latitude=np.where(inside, rng.normal(40.05, 0.003, 500), origins["latitude"]),
                         longitude=np.where(inside, rng.normal(30.05, 0.003, 500), origins["longitude"])))
    assert "bad" not in set(rows["verdict"])


def test_events_at_the_top_of_the_search_are_counted_by_flag_and_by_depth():
    depth = SOUND["origins"]["depth_km"].to_numpy(copy=True)
    depth[:200] = depth.min() - 0.5
    row = found(changed(depth_km=depth)).loc[("at_limits", "")]
    assert row["verdict"] == "bad" and row["value"] == pytest.approx(0.4) and "least depth" in row["why"]
    flags = np.where(np.arange(500) < 200, "out-of-network,at-edge", None)
    assert found(changed(flags=flags)).loc[("at_limits", ""), "verdict"] == "bad"


def test_events_above_every_station_are_counted():
    depth = SOUND["origins"]["depth_km"].to_numpy(copy=True)
    depth[:200] = -np.random.default_rng(0).uniform(3, 4, 200)
    row = found(changed(depth_km=depth)).loc[("at_limits", "")]
    assert row["verdict"] == "bad" and "above the highest station" in row["why"]


def test_constant_depths_are_one_repeated_value():
    row = found(changed(depth_km=10.0)).loc[("repeated_depths", "")]
    assert row["value"] == 1.0 and row["verdict"] == "bad"


def test_sound_catalogues_are_not_called_bad():
    verdicts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, digits = 100 + 20 * seed, (2, 1, 6)[seed % 3]
        latitude, longitude = FRAME.to_geographic(*rng.normal(0, 10, (2, n)))  # the law of the made catalogue
        origins = SOUND["origins"].head(n).assign(
            latitude=latitude, longitude=longitude, depth_km=np.clip(rng.gamma(5.0, 1.8, n), 1.0, 25.0).round(digits))
        verdicts += found({**SOUND, "origins": origins})["verdict"].tolist()
    assert verdicts.count("bad") <= 0.05 * len(verdicts) / 8


def test_nothing_and_too_little_give_no_spacing():
    assert np.isnan(spacing(np.empty(0))[1]) and np.isnan(spacing(np.full(50, 40.0))[1])
    assert set(found({**SOUND, "origins": SOUND["origins"].head(3)})["verdict"]) == {"cannot tell"}
