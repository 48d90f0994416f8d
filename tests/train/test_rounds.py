import pandas as pd
import pytest

from quakescribe.errors import TrainError, WeightsError
from quakescribe.nets import needs
from quakescribe.nets.form import Form
from quakescribe.nets.weights import Record
from quakescribe.run.chance import Null
from quakescribe.run.runner import Silent
from quakescribe.run.workspace import Project, Run, init
from quakescribe.settings.project import Settings, override
from quakescribe.train import rounds as module
from quakescribe.train.rounds import Round, findings, picker_settings, rounds, train


@pytest.fixture
def project(tmp_path) -> Project:
    return init(tmp_path / "project", Settings())


def settings(*changes: str) -> Settings:
    return override(Settings(), changes)


def test_without_pytorch_training_says_what_to_install(project, monkeypatch):
    monkeypatch.setattr(needs, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(TrainError, match=r"training needs torch: pip install torch==2\.13\.0"):
        train(project, Settings(), project.run("first"), "sar", Silent())


def test_the_settings_of_a_round_pick_with_its_weights(project):
    made = Round(project.folder / "weights" / "x.safetensors", Record("sar-published", {}, Form(2000)), None)
    pick = picker_settings(Settings(), project, made).pick
    assert pick.picker == "sar"
    assert pick.network.weights == "weights/x.safetensors"


@pytest.fixture
def made_up(monkeypatch):
    """Rounds without the work: round k's run finds as many associated picks as `found` says."""
    done: list[tuple[str, str]] = []
    found = {"first": 100}
    by_chance = {"by-2": 120}

    def trained(project, settings, run, name, watcher, progress):
        done.append((name, run.name))
        return Round(project.folder / "weights" / f"{name}.safetensors", Record("sar", {}, Form(2000)), None)

    def told(run: Run):
        return {"associated_picks": found[run.name]}

    def made(settings, folder, run, until, watcher):
        (folder / "weights").mkdir(exist_ok=True)

    monkeypatch.setattr(module, "train", trained)
    monkeypatch.setattr(module, "execute", made)
    monkeypatch.setattr(module, "findings", told)
    monkeypatch.setattr(module, "chance_in", lambda run, project, settings: Null(0, by_chance.get(run.name, 0), 0))
    return done, found


def test_every_round_takes_its_labels_from_the_run_before(project, made_up):
    done, found = made_up
    found |= {"r-1": 200, "r-2": 300, "r-3": 400}
    _, table = rounds(project, settings("train.rounds.rounds=3"), project.run("first"), "r", Silent())
    assert done == [("r-1", "first"), ("r-2", "r-1"), ("r-3", "r-2")]
    assert table["run"].tolist() == ["first", "r-1", "r-2", "r-3"]
    assert pd.read_csv(project.folder / "weights" / "r-rounds.csv")["associated_picks"].tolist() == [100, 200, 300, 400]


def test_it_stops_when_a_round_adds_too_little(project, made_up):
    done, found = made_up
    found |= {"r-1": 200, "r-2": 203}
    rounds(project, settings("train.rounds.rounds=5", "train.rounds.stop_gain=0.03"), project.run("first"), "r",
           Silent())
    assert [name for name, _ in done] == ["r-1", "r-2"]


def test_what_associates_by_chance_is_no_gain(project, made_up):
    _, found = made_up
    found |= {"by-1": 200, "by-2": 320, "by-3": 400}
    _, table = rounds(project, settings("train.rounds.rounds=3"), project.run("first"), "by", Silent())
    assert table["corrected_picks"].tolist() == [100, 200, 200]


def test_weights_to_start_from_that_are_none_are_refused_before_anything_is_cut(project):
    with pytest.raises(WeightsError, match="no such weights"):
        train(project, settings("train.fit.init=weights/none.safetensors"), project.run("first"), "x", Silent())
    assert not (project.folder / "samples").exists()


def test_the_run_to_train_from_is_not_written_over(project, made_up):
    with pytest.raises(TrainError, match="choose another --name"):
        rounds(project, Settings(), project.run("first"), "first", Silent())


def test_findings_count_pairs_as_associated_only_if_both_onsets_are(project):
    import numpy as np

    from quakescribe.tables import ARRIVALS, ORIGINS, PICKS, store

    times = pd.to_datetime(np.arange(6) * 10**9 + 1_700_000_000_000_000_000, utc=True)
    picks = PICKS.conform(pd.DataFrame({
        "pick_id": [1, 2, 3, 4, 5, 6], "station_id": "XX.A.", "phase": ["P", "S"] * 3, "time": times,
        "pair_id": [1, 1, 3, 3, 0, 0], "picker": "pal"}))
    arrivals = ARRIVALS.conform(picks[picks["pick_id"].isin([1, 2, 3, 5])].assign(event_id=9))
    origins = ORIGINS.conform(pd.DataFrame({
        "event_id": [9], "time": times[:1], "latitude": 40.0, "longitude": 30.0, "depth_km": 5.0, "rms_s": 0.1,
        "gap_deg": 90.0, "n_phases": 4, "n_stations": 1, "quality": "A", "well_located": True, "method": "test"}))
    run = project.run("first")
    for stage, table, frame in (("pick", PICKS, picks), ("locate", ARRIVALS, arrivals), ("locate", ORIGINS, origins)):
        store.write(table.order(frame), table, run.folder / stage / table.name / "all.parquet")
    told = findings(run)
    assert (told["picks"], told["associated_picks"]) == (6, 4)
    assert (told["pairs"], told["associated_pairs"]) == (2, 1)
    assert told["well_located_share"] == 1.0
