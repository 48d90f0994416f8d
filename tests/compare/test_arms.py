import re
from pathlib import Path

import pytest

from quakescribe.compare.arms import expand
from quakescribe.errors import SettingsError
from quakescribe.settings.compare import ExperimentSettings, read_experiment
from quakescribe.settings.project import Settings

NEGATIVES = """
name = "negatives"
seeds = [0, 1]
thresholds = [0.5, 0.1]
train_end = 2024-03-01T12:00:00Z
pick_start = 2024-03-01T12:00:00Z
changes = { "train.fit.epochs" = 3 }

[[arms]]
name = "pal"

[[arms]]
name = "phasenet"
changes = { "pick.picker" = "seisbench:PhaseNet:weights/ncedc" }

[grid]
"train.samples.negatives_scale" = [0.25, 1]
"train.fit.net" = ["sar", "phasenet"]
"""


def experiment(tmp_path, text=NEGATIVES):
    path = tmp_path / "experiment.toml"
    path.write_text(text)
    return read_experiment(path)


def test_every_combination_is_trained_once_per_seed(tmp_path):
    trials = expand(experiment(tmp_path), Settings())
    assert [(one.arm, one.seed) for one in trials] == [
        ("pal", None), ("phasenet", None),
        ("negatives_scale-0.25-net-sar", 0), ("negatives_scale-0.25-net-sar", 1),
        ("negatives_scale-0.25-net-phasenet", 0), ("negatives_scale-0.25-net-phasenet", 1),
        ("negatives_scale-1-net-sar", 0), ("negatives_scale-1-net-sar", 1),
        ("negatives_scale-1-net-phasenet", 0), ("negatives_scale-1-net-phasenet", 1)]
    assert len({one.name for one in trials}) == len(trials)
    assert trials[3].factors == {"train.samples.negatives_scale": 0.25, "train.fit.net": "sar"}


def test_a_trial_has_the_settings_of_its_arm_its_seed_and_its_times(tmp_path):
    trial = expand(experiment(tmp_path), Settings())[5]
    train = trial.training.train
    assert (train.samples.negatives_scale, train.fit.net, train.fit.epochs) == (0.25, "phasenet", 3)
    assert (train.fit.seed, train.samples.seed) == (1, 1)
    assert trial.training.project.start is None
    assert trial.training.project.end == trial.picking.project.start
    assert trial.picking.project.end is None


def test_networks_are_picked_at_every_threshold_and_rules_once(tmp_path):
    trials = expand(experiment(tmp_path), Settings())
    assert trials[0].thresholds == (None,)
    assert trials[1].thresholds == trials[2].thresholds == (0.1, 0.5)
    assert trials[0].run_name(None) == "negatives-pal"
    assert trials[2].run_name(0.1) == "negatives-negatives_scale-0.25-net-sar-s0-t0.1"
    network = trials[2].at(trials[2].picking, 0.5).pick.network
    assert (network.p_threshold, network.s_threshold) == (0.5, 0.5)


def test_without_thresholds_the_settings_have_the_say(tmp_path):
    trials = expand(experiment(tmp_path, NEGATIVES.replace("thresholds = [0.5, 0.1]", "")), Settings())
    assert {one.thresholds for one in trials} == {(None,)}


@pytest.mark.parametrize(("old", "new", "said"), [
    ("seeds = ", "seds = ", r"no setting 'seds'; did you mean 'seeds'"),
    ('name = "pal"', 'name = "pal"\ntrian = true', r"\[arms\.pal\] has no setting 'trian'; did you mean 'train'"),
    ('name = "pal"', 'name = "p/l"', "should match pattern"),
    ('name = "pal"', 'name = "phasenet"', "arms share a name: phasenet"),
    ("thresholds = [0.5, 0.1]", "thresholds = [0.5, 1.5]", "between 0 and 1"),
    ('"train.fit.net" = ["sar", "phasenet"]', 'net = ["sar"]', "SECTION.NAME"),
    ('"train.fit.epochs" = 3', '"train.fit.seed" = 3', "comes from 'seeds'"),
    ('"train.fit.epochs" = 3', '"pick.network.p_threshold" = 0.2', "comes from 'thresholds'"),
    ('name = "pal"', 'name = "x"\ntrain = true\nchanges = { "pick.picker" = "pal" }', "picks with what it trains"),
    ("seeds = [0, 1]", "seeds = [0, 0]", "seeds must be different"),
    ("seeds = [0, 1]", "seeds = [0", "not valid TOML"),
])
def test_what_cannot_be_is_refused_with_its_place_and_a_hint(tmp_path, old, new, said):
    with pytest.raises(SettingsError, match=said):
        experiment(tmp_path, NEGATIVES.replace(old, new))


def test_all_faults_come_at_once(tmp_path):
    text = NEGATIVES.replace('name = "pal"', 'name = "pal"\ntrian = true').replace("seeds = ", "seds = ")
    with pytest.raises(SettingsError, match=r"(?s)trian.*seds"):
        experiment(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        read_experiment(tmp_path / "none.toml")


def test_an_unknown_setting_of_the_project_is_refused_with_its_arm(tmp_path):
    wanted = experiment(tmp_path, NEGATIVES.replace("negatives_scale", "negative_scale"))
    with pytest.raises(SettingsError, match=r"arm 'negative_scale-0\.25-net-sar'.*did you mean 'negatives_scale'"):
        expand(wanted, Settings())


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="nothing to compare"):
        ExperimentSettings(name="x")


def test_true_and_false_reach_the_settings():
    wanted = ExperimentSettings(name="x", grid={"train.samples.keep_quakes_out": (True, False)})
    trials = expand(wanted, Settings())
    assert [one.training.train.samples.keep_quakes_out for one in trials] == [True, False]
    assert [one.arm for one in trials] == ["keep_quakes_out-true", "keep_quakes_out-false"]


def test_the_examples_of_the_page_can_be_used(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.S)
    trials = [expand(experiment(tmp_path, text), Settings()) for text in examples]
    assert [len(one) for one in trials] == [1 + 4 * 2 * 2, 4, 4]
