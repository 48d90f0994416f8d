"""Events that lie apart, and whether they fit worse."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.outliers import OUTLIERS, apart, local_km, periods, upward_z, worse
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import FRAME, MODEL, catalogue

SETTINGS = AuditSettings(resamples=100)
SOUND = catalogue(600, 20.0, seed=7)


def outcome(tables):
    return audit(make_case(tables, SETTINGS, MODEL), (OUTLIERS,))


def found(tables):
    return outcome(tables).findings.set_index(["metric", "key"])


def with_junk(tables, share, seed=0, rms=1.0):
    rng = np.random.default_rng(seed)
    origins = tables["origins"].copy()
    part = rng.random(len(origins)) < share
    n = int(part.sum())
    latitude, longitude = FRAME.to_geographic(*rng.uniform(-80, 80, (2, n)))
    origins.loc[part, "latitude"], origins.loc[part, "longitude"] = latitude, longitude
    if rms:
        origins.loc[part, "rms_s"] = rng.lognormal(np.log(rms), 0.3, n)
    return {**tables, "origins": origins}, origins["event_id"][part]


def redrawn(seed):
    """New places of the same law: what another seed of the made catalogue would place, without its picks."""
    rng = np.random.default_rng(seed)
    origins = SOUND["origins"].head(100 + 25 * seed)
    n = len(origins)
    latitude, longitude = FRAME.to_geographic(*rng.normal(0, 10, (2, n)))
    return {"origins": origins.assign(latitude=latitude, longitude=longitude, rms_s=rng.lognormal(-2.5, 0.5, n),
                                      depth_km=np.clip(rng.gamma(5.0, 1.8, n), 1.0, 25.0)),
            "magnitudes": SOUND["magnitudes"]}


def clustered(seed):
    """A sequence of 2 km in wide background: background lies apart and fits as well as the sequence."""
    rng = np.random.default_rng(seed)
    tables = redrawn(seed)
    origins = tables["origins"]
    part = rng.random(len(origins)) < 0.7
    latitude, longitude = FRAME.to_geographic(*rng.normal(5.0, 1.0, (2, len(origins))))
    return {**tables, "origins": origins.assign(latitude=np.where(part, latitude, origins["latitude"]),
                                                longitude=np.where(part, longitude, origins["longitude"]))}


def test_a_tenth_of_junk_is_found_and_named():
    tables, planted = with_junk(SOUND, 0.1)
    result = outcome(tables)
    rows = result.findings.set_index(["metric", "key"])
    assert rows.loc[("outliers", ""), "verdict"] == "bad" and rows.loc[("outlier_misfit", ""), "verdict"] == "bad"
    named = set(result.outcomes["outliers"].tables["outliers"]["event_id"])
    assert len(named & set(planted)) > 0.8 * len(planted) and len(named - set(planted)) < 0.02 * len(SOUND["origins"])


@pytest.mark.parametrize("seed", range(3))
def test_so_much_junk_that_it_hides_itself_is_not_called_good(seed):
    assert found(with_junk(SOUND, 0.35, seed)[0]).loc[("outliers", ""), "verdict"] in ("watch", "bad")


def test_events_that_lie_apart_but_fit_well_are_watched_only():
    rows = found(with_junk(SOUND, 0.1, rms=None)[0])
    assert rows.loc[("outliers", ""), "verdict"] == "watch"
    assert rows.loc[("outlier_misfit", ""), "verdict"] in ("good", "watch")


def test_without_residuals_nothing_is_called_bad():
    tables, _ = with_junk(SOUND, 0.1)
    rows = found({**tables, "origins": tables["origins"].assign(rms_s=np.nan)})
    assert rows.loc[("outliers", ""), "verdict"] == "watch"
    assert rows.loc[("outlier_misfit", ""), "verdict"] == "cannot tell"


def test_the_distance_to_the_fifth_nearest_equals_a_slow_one():
    places = np.random.default_rng(0).normal(0, 10, (60, 3))
    slow = [np.sort(np.linalg.norm(places - one, axis=1))[5] for one in places]
    np.testing.assert_allclose(10 ** apart(places, 5), slow)
    assert (apart(np.zeros((4, 3)), 5) == -1.0).all()


def test_outliers_do_not_widen_the_scale_that_they_are_measured_by():
    x = np.random.default_rng(5).normal(0, 0.2, 2000)
    z = upward_z(np.concatenate([x, np.full(200, 5.0)]))
    assert np.std(z[:2000]) == pytest.approx(1.0, abs=0.15) and (z[2000:] > 15).all()
    assert (upward_z(np.zeros(9)) == 0).all()


def test_the_chance_to_fit_worse_equals_all_pairs():
    rng = np.random.default_rng(1)
    values, mask = rng.integers(0, 9, 50).astype(float), rng.random(50) < 0.3
    pairs = [np.mean([(a > b) + 0.5 * (a == b) for b in values[~mask]]) for a in values[mask]]
    np.testing.assert_allclose(worse(values, mask), pairs)


def test_before_and_after_the_largest_are_told_apart_only_where_it_stands_out():
    located = make_case(SOUND, SETTINGS, MODEL).facts.located
    located = located.assign(magnitude=np.where(np.arange(len(located)) == 200, 6.0, 2.0))
    parts = periods(located)
    assert parts["before"].sum() == 200 and parts["after"].sum() == len(located) - 201
    assert list(periods(located.assign(magnitude=2.0))) == [""] == list(periods(located.assign(magnitude=np.nan)))


def test_what_goes_wrong_after_the_largest_event_shows_there():
    ids = SOUND["origins"]["event_id"]
    largest = ids.iloc[250]
    sizes = SOUND["magnitudes"].assign(value=np.where(SOUND["magnitudes"]["event_id"] == largest, 6.5,
                                                      np.minimum(SOUND["magnitudes"]["value"], 4.0)))
    early, late = (SOUND["origins"][part] for part in (ids.index <= 250, ids.index > 250))
    junk = with_junk({"origins": late.reset_index(drop=True)}, 0.2)[0]["origins"]
    rows = found({**SOUND, "magnitudes": sizes, "origins": pd.concat([early, junk])})
    assert rows.loc[("outliers", "after"), "low"] > rows.loc[("outliers", "before"), "high"]
    assert rows.loc[("outlier_misfit", "after"), "low"] > 0.8


@pytest.mark.parametrize("make", [redrawn, clustered])
def test_sound_catalogues_are_not_called_bad(make):
    verdicts = [verdict for seed in range(20) for verdict in found(make(seed))["verdict"]]
    assert verdicts.count("bad") <= 0.05 * len(verdicts)


def test_missing_depths_leave_the_epicentres():
    origins = SOUND["origins"].assign(depth_km=np.nan)
    assert (local_km(origins)[:, 2] == 0).all() and local_km(origins.head(0)).shape == (0, 3)


def test_three_events_and_one_place_give_answers():
    assert set(found({**SOUND, "origins": SOUND["origins"].head(3)})["verdict"]) == {"cannot tell"}
    same = SOUND["origins"].assign(latitude=40.0, longitude=30.0, depth_km=5.0)
    assert found({**SOUND, "origins": same}).loc[("outliers", ""), "verdict"] == "cannot tell"


def test_events_of_a_lattice_are_not_called_apart():
    origins = SOUND["origins"].assign(rms_s=0.7)
    on_nodes = origins.assign(latitude=(origins["latitude"] / 0.1).round() * 0.1,
                              longitude=(origins["longitude"] / 0.1).round() * 0.1, depth_km=9.0)
    rows = found({**SOUND, "origins": on_nodes})
    assert set(rows.loc["outliers", "verdict"]) == {"cannot tell"}
    assert "lattice" in rows.loc[("outliers", ""), "why"]


def test_what_lies_apart_in_a_catalogue_that_fits_badly_everywhere_is_watched_only():
    tables, _ = with_junk({**SOUND, "origins": SOUND["origins"].assign(rms_s=0.9)}, 0.1, rms=0.9)
    assert found(tables).loc[("outliers", ""), "verdict"] == "watch"
