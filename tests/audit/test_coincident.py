"""Coincident distant events: planted ones are found, sound catalogues pass."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quakescribe.audit import audit, make_case
from quakescribe.audit.coincident import COINCIDENT, lagged_null
from quakescribe.settings.audit import AuditSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import MODEL, _stations, built, catalogue
from made_sequence import bare, bare_of, sequences

SETTINGS = AuditSettings(resamples=60)


def outcome(tables):
    found = audit(make_case(tables, SETTINGS, MODEL), (COINCIDENT,))
    return found.findings.set_index("metric").loc["coincident_distant_events"], found.outcomes[COINCIDENT.name].tables


def with_false_ones(n_false, seed, stations=12):
    """Events of a month, of which some have a false companion at once and 35 to 60 km away."""
    rng = np.random.default_rng(seed)
    true = sequences(700, 300, 2, days=30.0, seed=seed)
    real = true.iloc[rng.choice(len(true), n_false, replace=False)]
    angle, far = rng.uniform(0, 2 * np.pi, n_false), rng.uniform(35, 60, n_false)
    false = real.assign(seconds=real["seconds"] + rng.uniform(-8, 8, n_false), magnitude=1.0,
                        x=real["x"] + far * np.sin(angle), y=real["y"] + far * np.cos(angle))
    return built(pd.concat([true, false], ignore_index=True), _stations(stations, 40.0, rng), 30.0, rng)


def test_thirty_false_companions_are_found():
    row, tables = outcome(with_false_ones(30, 1))
    assert row["verdict"] == "bad"
    assert (row["value"] - row["expected"]) * row["n"] == pytest.approx(30, abs=3)
    assert row["low"] - row["expected"] < 30 / row["n"] < row["high"] - row["expected"]
    assert len(tables["pairs"]) == row["value"] * row["n"]
    assert (tables["pairs"]["apart_km"] >= 30).all() and (tables["pairs"]["apart_s"] <= 10).all()
    window = tables["windows"].set_index("window_s")
    assert window.loc[10.0, "observed"] == len(tables["pairs"]) and window["observed"].is_monotonic_increasing


def test_no_companion_is_no_fault():
    row, tables = outcome(with_false_ones(0, 1))
    assert row["verdict"] == "good" and len(tables["pairs"]) == round(row["value"] * row["n"]) < 8


def test_a_poisson_catalogue_has_as_many_pairs_as_chance_gives():
    counted = expected = formula = 0.0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n, days = 800, 2.0
        x, y = rng.uniform(0, 110.0, (2, n))
        row, _ = outcome(bare(rng.uniform(0, days * 86_400, n), x, y, np.ones(n)))
        counted, expected = counted + row["value"] * n, expected + row["expected"] * n
        far = np.mean(np.hypot(x[:, None] - x, y[:, None] - y) >= 30.0)
        formula += n**2 * 10.0 / (days * 86_400) * far
    assert expected == pytest.approx(formula, rel=0.05)
    assert counted == pytest.approx(formula, abs=3.5 * np.sqrt(formula))


def test_the_null_is_the_denser_of_two_spans_of_lags():
    edges = (60.0, 150.0, 600.0)
    falling, scale = lagged_null(np.array([[9, 9], [9, 9]]), 10.0, edges)
    assert scale * falling.sum() == pytest.approx(18 * 10 / 90)
    rising, scale = lagged_null(np.array([[1, 26], [0, 27]]), 10.0, edges)
    assert scale * rising.sum() == pytest.approx(54 * 10 / 540)


def test_a_split_event_is_recognised_by_its_onsets():
    tables = with_false_ones(0, 2)
    counts = tables["arrivals"].groupby("event_id").size()
    parts = {name: frame.copy() for name, frame in tables.items()}
    for k, event in enumerate(counts[counts >= 10].index[:375:15]):
        rows = parts["arrivals"]["event_id"] == event
        moved = parts["arrivals"].loc[rows, "station_id"].drop_duplicates().iloc[::3]
        rows &= parts["arrivals"]["station_id"].isin(moved)
        other = parts["origins"][parts["origins"]["event_id"] == event].iloc[[0]].assign(event_id=k + 1)
        other["time"] += pd.Timedelta(seconds=3)
        other["latitude"] += 0.4
        parts["origins"] = pd.concat([parts["origins"], other], ignore_index=True)
        parts["arrivals"].loc[rows, "event_id"] = k + 1
    row, found = outcome(parts)
    assert row["verdict"] == "bad"
    split = found["pairs"][found["pairs"]["judgement"].str.contains("split")]
    assert len(split) == 25 and set(split["other_id"]) == set(range(1, 26))
    assert (split["shared_stations"] == 0).all() and (split["fit"] > 0.9).all() and (split["same_onsets"] == 0).all()


def test_sound_catalogues_are_not_called_bad():
    for seed in range(20):
        rng, n = np.random.default_rng(seed), 200 + 80 * seed
        sound = bare(rng.uniform(0, (1 + seed) * 86_400, n), *rng.normal(0, 40, (2, n)), np.ones(n))
        wide = bare_of(sequences(100, 600 + 50 * seed, 2, 3.0 + seed / 4, seed, 120.0, 0.01, 60.0))
        assert {outcome(tables)[0]["verdict"] for tables in (sound, wide)} <= {"good", "watch", "cannot tell"}


def test_strange_input_gets_an_answer():
    whole = catalogue(60, 3.0)
    for tables in ({}, {name: frame.head(3) for name, frame in whole.items()}, {"origins": whole["origins"]},
                   {**whole, "origins": whole["origins"].assign(rms_s=np.nan, gap_deg=np.nan, depth_km=8.0)}):
        assert outcome(tables)[0]["verdict"] in ("cannot tell", "good")


def test_too_many_events_at_once_are_refused():
    origins = catalogue(30, 1.0)["origins"]
    many = pd.concat([origins] * 200, ignore_index=True)
    row, _ = outcome({"origins": many.assign(event_id=np.arange(len(many)) + 1, time=origins["time"].iloc[0])})
    assert row["verdict"] == "cannot tell" and "5,000" in row["why"]
