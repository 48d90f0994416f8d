"""A sweep with cheap training and picking: what is done, kept, and gone on with after a kill."""

import functools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from made_picks import END, MODEL, START, noise, picks, planted, stations

from quakescribe.associate import associate
from quakescribe.compare import experiment as sweep
from quakescribe.compare import kept
from quakescribe.compare.figures import draw
from quakescribe.errors import FormatError, SettingsError, TrainError
from quakescribe.nets.form import Form
from quakescribe.nets.weights import Record
from quakescribe.run.workspace import init
from quakescribe.settings.compare import ExperimentSettings
from quakescribe.settings.project import Settings, override
from quakescribe.tables import ARRIVALS, EVENTS, ORIGINS, PICKS, STATIONS, store
from quakescribe.train import rounds

FORM = Form(rate=100.0, window=2000, stride=1000, components="ZNE")
WANTED = ExperimentSettings(
    name="neg", arms=({"name": "pal"},), seeds=(0,), thresholds=(0.1, 0.5),
    grid={"train.samples.negatives_scale": (0.25, 1.0), "train.fit.net": ("sar", "phasenet")})
TRIALS = 2 * 2
ROWS = 1 + TRIALS * 2
FACTORS = ["train.samples.negatives_scale", "train.fit.net"]


@functools.cache
def made_tables(number: int, settings):
    """The tables of a run: more noise, more picks."""
    table = picks(planted(np.arange(100.0, 7000.0, 900.0)) + noise(number, seed=number))
    network = stations()
    found = associate(table, network, MODEL, settings)
    place = found.events[["event_id", "time", "latitude", "longitude", "depth_km"]]
    origins = ORIGINS.make(place.assign(n_phases=8, n_stations=4, well_located=True, method="hand"))
    return (("inputs", STATIONS, network), ("pick", PICKS, table), ("associate", EVENTS, found.events),
            ("locate", ARRIVALS, found.arrivals), ("locate", ORIGINS, origins))


def made_run(run, settings: Settings, number: int) -> None:
    for stage, kind, frame in made_tables(number, settings.associate):
        store.write(frame, kind, run.folder / stage / kind.name / "all.parquet")


@pytest.fixture
def project(tmp_path):
    project = init(tmp_path / "project", override(Settings(), [f"project.start={START.isoformat()}",
                                                               f"project.end={END.isoformat()}"]))
    made_run(project.run("first"), project.settings, 20)
    return project


@pytest.fixture
def done(monkeypatch):
    """Replace all that takes long; return what was done, in order. `kill` = after so many things."""
    log = SimpleNamespace(what=[], kill=None)
    row = sweep._row

    def did(word: str) -> None:
        if log.kill is not None and len(log.what) >= log.kill:
            raise KeyboardInterrupt
        log.what.append(word)

    def make_samples(settings, folder, run, out, watcher=None):
        did(f"samples {out.name}")
        return dict.fromkeys(("run", "fingerprint", "samples", "skips", "events", "stations", "band_hz", "region",
                              "span"))

    def fit(store_, settings, out, data, progress):
        did(f"fit {out.stem}")
        return Record(settings.fit.net, {}, FORM)

    def execute(settings, folder, run, until, watcher):
        did(f"execute {run.name} {until}")
        assert settings.pick.picker == "pal" or Path(settings.pick.network.weights).stem in run.name
        if run.name == "real-pal":
            made_run(run, settings, 5)

    def run_above(project, settings, base, run, watcher):
        did(f"above {settings.pick.network.p_threshold:g} {run.name} from {base.name}")

    def cheap_row(trial, threshold, run, settings, bench):
        if run.name == "real-pal":
            return row(trial, threshold, run, settings, bench)
        at = threshold or 0.2
        return {"arm": trial.arm, "seed": np.nan if trial.seed is None else trial.seed, "threshold": threshold,
                **trial.factors, "run": run.name, "associated_picks": 100 / at, "association_rate": at,
                "corrected_picks": 90 / at, "corrected_rate": 0.9 * at}

    for name, cheap in (("execute", execute), ("run_above", run_above), ("draw", lambda *_: []), ("_row", cheap_row)):
        monkeypatch.setattr(sweep, name, cheap)
    for name, cheap in (("make_samples", make_samples), ("fit", fit), ("SampleStore", lambda path: path)):
        monkeypatch.setattr(rounds, name, cheap)
    return log


def test_everything_is_done_once_and_told(project, done):
    made = sweep.run_experiment(project, WANTED)
    assert len(made.findings) == ROWS == made.findings["run"].nunique()
    assert len(made.means) == 1 + 4 * 2
    assert made.means["seeds"].tolist() == [1] * 9
    assert sum(word.startswith("fit") for word in done.what) == TRIALS
    first = done.what.index("samples " + next(w for w in done.what if w.startswith("samples")).split()[1])
    assert done.what[0] == "execute neg-pal locate"
    assert done.what[first + 1:first + 4] == [
        "fit neg-negatives_scale-0.25-net-sar-s0",
        "execute neg-negatives_scale-0.25-net-sar-s0-t0.1 locate",
        "above 0.5 neg-negatives_scale-0.25-net-sar-s0-t0.5 from neg-negatives_scale-0.25-net-sar-s0-t0.1"]


def test_networks_that_need_the_same_samples_share_them(project, done):
    sweep.run_experiment(project, WANTED)
    folders = [word for word in done.what if word.startswith("samples")]
    assert len(folders) == TRIALS
    assert len(set(folders)) == TRIALS / 2


def test_what_chance_makes_is_taken_off(project, done):
    row = sweep.run_experiment(project, WANTED.model_copy(update={"grid": {}, "name": "real"})).findings.iloc[0]
    assert row["corrected_picks"] == row["associated_picks"] - row["null_picks"]
    assert row["corrected_rate"] == pytest.approx(row["corrected_picks"] / row["picks"])
    assert row["corrected_rate_pairs"] == pytest.approx((row["associated_pairs"] - row["null_pairs"]) / row["pairs"])
    assert row["associated_picks"] > row["null_picks"]


def test_a_second_call_does_nothing(project, done):
    one = sweep.run_experiment(project, WANTED)
    done.what.clear()
    two = sweep.run_experiment(project, WANTED)
    assert done.what == []
    pd.testing.assert_frame_equal(one.findings, two.findings)
    pd.testing.assert_frame_equal(one.means, two.means)


@pytest.mark.parametrize("kill", [1, 3, 4, 7])
def test_a_killed_sweep_goes_on_without_repeating_what_is_known(project, done, kill):
    done.kill = kill
    with pytest.raises(KeyboardInterrupt):
        sweep.run_experiment(project, WANTED)
    path = project.folder / "experiments" / "neg" / "findings.csv"
    known = set(pd.read_csv(path)["run"]) if path.exists() else set()
    done.kill = None
    done.what.clear()
    made = sweep.run_experiment(project, WANTED)
    assert len(made.findings) == ROWS == made.findings["run"].nunique()
    again = {word.split()[1] for word in done.what if word.endswith("locate")}
    again |= {word.split()[2] for word in done.what if word.startswith("above")}
    assert not again & known
    assert again | known == set(made.findings["run"])
    assert not list(path.parent.glob(".*.tmp"))


def test_a_killed_sweep_ends_with_the_same_table(project, done):
    whole = sweep.run_experiment(project, WANTED).findings
    (project.folder / "experiments" / "neg" / "findings.csv").unlink()
    done.kill = len(done.what) + 9
    with pytest.raises(KeyboardInterrupt):
        sweep.run_experiment(project, WANTED)
    done.kill = None
    pd.testing.assert_frame_equal(sweep.run_experiment(project, WANTED).findings, whole)


def test_another_arm_leaves_the_rows_of_the_others_alone(project, done):
    sweep.run_experiment(project, WANTED)
    done.what.clear()
    more = WANTED.model_copy(update={"grid": {**WANTED.grid, FACTORS[0]: (0.25, 1.0, 1.75)}})
    assert len(sweep.run_experiment(project, more).findings) == ROWS + 4
    assert all("1.75" in word for word in done.what if not word.startswith("samples"))


def test_other_labels_or_settings_are_learned_anew(project, done):
    sweep.run_experiment(project, WANTED)
    done.what.clear()
    made_run(project.run("first"), project.settings, 21)
    assert len(sweep.run_experiment(project, WANTED).findings) == ROWS
    assert sum(word.startswith("fit") for word in done.what) == TRIALS
    assert not any("neg-pal" in word for word in done.what)
    done.what.clear()
    sweep.run_experiment(project, WANTED.model_copy(update={"changes": {"associate.min_stations": 5}}))
    assert sum(word.startswith("execute") for word in done.what) == TRIALS + 1


def test_a_run_without_events_gives_nothing_to_learn_from(project, done):
    with pytest.raises(TrainError, match="train_from = 'none'"):
        sweep.run_experiment(project, WANTED.model_copy(update={"train_from": "none"}))
    assert done.what == []


def test_a_name_is_not_used_twice(project, done):
    made_run(project.run("neg-pal"), project.settings, 5)
    with pytest.raises(SettingsError, match="two runs would be named 'neg-pal'"):
        sweep.run_experiment(project, WANTED.model_copy(update={"train_from": "neg-pal"}))


def test_a_strange_file_in_the_place_of_the_findings_is_named(project, done):
    folder = project.folder / "experiments" / "neg"
    folder.mkdir(parents=True)
    (folder / "findings.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="not the findings"):
        sweep.run_experiment(project, WANTED)


def test_figures_are_written(project, done):
    made = sweep.run_experiment(project, WANTED)
    figures = draw(made.findings, made.means, FACTORS, made.folder)
    assert [path.name for path in figures] == ["along.png", "thresholds.png", "front.png"]
    for path in figures:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 5000


def test_the_means_mark_what_none_betters():
    table = pd.DataFrame({"arm": ["a", "a", "b"], "seed": [0, 1, 0], "threshold": [0.1, 0.1, 0.1],
                          "associated_picks": [10, 20, 12], "association_rate": [0.5, 0.5, 0.4]})
    means = kept.means(table, [])
    assert means["associated_picks"].tolist() == [15, 12]
    assert means["front"].tolist() == [True, False]
