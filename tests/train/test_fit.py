import errno
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from made_store import made_store

from quakescribe.errors import TrainError
from quakescribe.nets import weights
from quakescribe.nets.sar import Sar
from quakescribe.settings.train import AugmentSettings, FitSettings, RoundsSettings, SamplesSettings, TrainSettings
from quakescribe.train import fit as fitting
from quakescribe.train.batches import Batches
from quakescribe.train.fit import fit, rate_at


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    """A network that learns in seconds."""
    monkeypatch.setitem(weights.NETS, "sar", lambda **options: Sar(**{"hidden": 16, **options}))


@pytest.fixture(scope="module")
def store():
    return made_store()


def settings(**given):
    values = {"epochs": 2, "batch": 16, "learning_rate": 0.003, "warm_up": 2, "threads": 1} | given
    return TrainSettings(fit=FitSettings(**values), samples=SamplesSettings(copies=1))


class Killed(Exception):
    pass


def killer(epoch, step):
    def progress(at_epoch, at_step, steps, loss):
        if (at_epoch, at_step) == (epoch, step):
            raise Killed
    return progress


def test_a_network_learns(tmp_path):
    record = fit(made_store(120, 24), settings(epochs=14, learning_rate=0.01, warm_up=10), tmp_path / "net.safetensors")
    history = pd.read_csv(tmp_path / "net.csv")
    assert history["train_loss"].iloc[-1] < 0.3 * history["train_loss"].iloc[0]
    assert history["valid_loss"].min() < 0.7 * history["valid_loss"].iloc[0]
    assert record.scores["valid_loss"] == pytest.approx(history["valid_loss"].min(), rel=1e-4)


def test_the_published_network_learns_its_steps(store, tmp_path):
    record = fit(store, settings(net="sar-published", epochs=1), tmp_path / "net.safetensors")
    assert np.isfinite(record.scores["valid_loss"])
    assert record.form.onset == "middle"


def test_the_record_says_where_the_weights_come_from(store, tmp_path):
    record = fit(store, settings(epochs=1, seed=5), tmp_path / "net.safetensors", {"run": "first", "events": 7})
    read = json.loads((tmp_path / "net.json").read_text())
    assert read["data"] == {"run": "first", "events": 7}
    assert read["settings"]["fit"]["seed"] == read["seed"] == 5
    assert read["sha256"] == record.sha256
    assert read["versions"]["torch"] == torch.__version__
    assert read["net"] == "sar"


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(store, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fit(store, settings(epochs=1, seed=seed), tmp_path / f"{name}.safetensors")
    a, b, c = ((tmp_path / f"{name}.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_what_was_fitted_is_not_fitted_again_unless_something_changed(store, tmp_path):
    steps = []
    for seed, expected in ((0, 6), (0, 0), (1, 6)):
        steps.clear()
        fit(store, settings(epochs=1, seed=seed), tmp_path / "net.safetensors", progress=lambda *now: steps.append(now))
        assert len(steps) == expected


@pytest.mark.parametrize(("epoch", "step"), [(0, 4), (1, 1), (1, 5)])
def test_after_a_kill_it_goes_on_to_the_same_bytes(store, tmp_path, monkeypatch, epoch, step):
    monkeypatch.setattr(fitting, "CHECKPOINT_STEPS", 2)
    fit(store, settings(), tmp_path / "whole.safetensors")
    with pytest.raises(Killed):
        fit(store, settings(), tmp_path / "net.safetensors", progress=killer(epoch, step))
    assert not (tmp_path / "net.safetensors").exists()
    steps = []
    fit(store, settings(), tmp_path / "net.safetensors", progress=lambda *now: steps.append(now[:2]))
    assert len(steps) < 12
    assert (tmp_path / "net.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not (tmp_path / "net.checkpoint").exists()


def test_a_checkpoint_of_other_settings_is_not_gone_on_from(store, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "CHECKPOINT_STEPS", 2)
    with pytest.raises(Killed):
        fit(store, settings(), tmp_path / "net.safetensors", progress=killer(1, 3))
    steps = []
    fit(store, settings(seed=9, epochs=1), tmp_path / "net.safetensors", progress=lambda *now: steps.append(now[:2]))
    assert steps[0] == (0, 1)


def test_a_loss_that_is_no_number_ends_it_and_keeps_the_checkpoint(store, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "CHECKPOINT_STEPS", 2)
    real, calls = fitting.loss_of, []

    def broken(*arguments):
        calls.append(1)
        return real(*arguments) * (float("nan") if len(calls) > 4 else 1.0)

    monkeypatch.setattr(fitting, "loss_of", broken)
    with pytest.raises(TrainError, match="epoch 1, step 5: the loss is nan"):
        fit(store, settings(), tmp_path / "net.safetensors")
    kept = (tmp_path / "net.checkpoint").read_bytes()
    monkeypatch.setattr(fitting, "loss_of", real)
    fit(store, settings(learning_rate=1e-3), tmp_path / "net.safetensors")
    assert (tmp_path / "net.other-checkpoint").read_bytes() == kept


def test_a_full_disk_is_named_and_nothing_half_written_is_left(store, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting, "CHECKPOINT_STEPS", 2)
    with pytest.raises(Killed):
        fit(store, settings(), tmp_path / "net.safetensors", progress=killer(0, 3))
    kept = (tmp_path / "net.checkpoint").read_bytes()

    def full(state, path):
        path.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(TrainError, match="No space left on device"):
        fit(store, settings(), tmp_path / "net.safetensors")
    assert not list(tmp_path.glob(".*.tmp"))
    assert (tmp_path / "net.checkpoint").read_bytes() == kept


def test_a_damaged_checkpoint_is_named(store, tmp_path):
    (tmp_path / "net.checkpoint").write_bytes(b"nothing")
    with pytest.raises(TrainError, match="not a checkpoint"):
        fit(store, settings(), tmp_path / "net.safetensors")


def test_fine_tuning_starts_from_given_weights(store, tmp_path):
    fit(store, settings(epochs=6), tmp_path / "base.safetensors")
    base = pd.read_csv(tmp_path / "base.csv")["valid_loss"].min()
    again = settings(epochs=1, init=str(tmp_path / "base.safetensors"), learning_rate=1e-4)
    fit(store, again, tmp_path / "x.safetensors")
    assert pd.read_csv(tmp_path / "x.csv")["valid_loss"].iloc[0] < 1.1 * base


def test_fine_tuning_another_architecture_is_refused(store, tmp_path):
    fit(store, settings(epochs=1), tmp_path / "base.safetensors")
    with pytest.raises(TrainError, match=r"weights of sar, but train\.fit\.net = 'sar-published'"):
        fit(store, settings(net="sar-published", init=str(tmp_path / "base.safetensors")), tmp_path / "x.safetensors")


def without(store, split, kind):
    """The same samples without those of a split and kind."""
    keep = ~((store.samples["split"] == split) & (store.samples["kind"] == kind)).to_numpy()
    rows = np.flatnonzero(keep)
    return SimpleNamespace(samples=store.samples[keep].reset_index(drop=True), marks=store.marks,
                           read=lambda some: store.read(rows[some]))


@pytest.mark.parametrize(("split", "kind", "message"), [
    ("train", "positive", "no positive sample for training"),
    ("valid", "positive", "no positive sample for validation"),
    ("train", "negative", "no negative sample for training"),
])
def test_samples_that_lack_a_class_are_refused(store, tmp_path, split, kind, message):
    with pytest.raises(TrainError, match=message):
        fit(without(store, split, kind), settings(), tmp_path / "net.safetensors")
    assert not (tmp_path / "net.safetensors").exists()


def test_without_negatives_it_learns_if_none_are_wanted(store, tmp_path):
    wanted = settings(epochs=1)
    wanted = wanted.model_copy(update={"samples": SamplesSettings(copies=1, negatives="none")})
    assert fit(without(store, "train", "negative"), wanted, tmp_path / "net.safetensors").scores["epoch"] == 1


def steps(*arguments):
    """How many steps a fit takes."""
    seen = []
    fit(*arguments, progress=lambda *told: seen.append(told))
    return len(seen)


def test_where_it_is_fitted_and_how_many_rounds_follow_change_nothing(store, tmp_path):
    out = tmp_path / "net.safetensors"
    assert steps(store, settings(epochs=1), out) > 0
    assert steps(store, settings(epochs=1, threads=2), out) == 0
    more = settings(epochs=1).model_copy(update={"rounds": RoundsSettings(rounds=4)})
    assert steps(store, more, out) == 0


def test_other_weights_to_start_from_and_other_code_are_fitted_anew(store, tmp_path, monkeypatch):
    base, out = tmp_path / "base.safetensors", tmp_path / "net.safetensors"
    fit(store, settings(epochs=1), base)
    tuned = settings(epochs=1, init=str(base))
    assert steps(store, tuned, out) > 0 and steps(store, tuned, out) == 0
    fit(store, settings(epochs=1, seed=9), base)
    assert steps(store, tuned, out) > 0 and steps(store, tuned, out) == 0
    monkeypatch.setattr(fitting, "_MADE_BY", fitting._MADE_BY[:2])
    assert steps(store, tuned, out) > 0


def test_background_is_of_the_same_station_and_day_where_there_is_some(store):
    table = store.samples.copy()
    table["unit"] = [f"2024-03-0{1 + k % 2}/{station}" for k, station in enumerate(table["station_id"])]
    noise = np.flatnonzero((table["kind"] == "noise") & (table["split"] == "train"))
    batches = Batches(SimpleNamespace(samples=table, marks=store.marks, read=store.read), "train", Sar(hidden=4),
                      settings())
    own = np.arange(len(noise), dtype=np.float32) + 1
    drawn = batches._background((np.ones((len(noise), 3, 5), np.float32) * own[:, None, None], noise), noise,
                                np.random.default_rng(0))
    picked = noise[drawn[:, 0, 0].astype(int) - 1]
    assert (table["unit"].to_numpy()[picked] == table["unit"].to_numpy()[noise]).all()


def test_the_learning_rate_rises_and_falls():
    chosen = settings(warm_up=10, learning_rate=1.0)
    rates = [rate_at(step, 100, chosen) for step in range(100)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) > 0.9
    assert rates[-1] < 0.01


def test_every_positive_and_negative_is_seen_in_an_epoch(store):
    net = Sar(hidden=4)
    batches = Batches(store, "train", net, settings())
    assert batches.windows == 96
    assert sum(len(batch.x) for batch in batches.epoch(0)) == 96
    assert sum(batch.positive.sum() for batch in batches.epoch(0)) == 48


def test_a_copy_of_each_positive_is_seen_as_often_as_the_settings_say(store):
    doubled = TrainSettings(samples=SamplesSettings(copies=3), fit=FitSettings(batch=16))
    seen = sum(int(batch.positive.sum()) for batch in Batches(store, "train", Sar(hidden=4), doubled).epoch(0))
    assert seen == 3 * 48


def test_batches_are_the_same_wherever_an_epoch_is_entered(store):
    batches = Batches(store, "train", Sar(hidden=4), settings())
    whole, rest = list(batches.epoch(3)), list(batches.epoch(3, 4))
    assert len(rest) == len(whole) - 4
    np.testing.assert_array_equal(whole[5].x, rest[1].x)
    np.testing.assert_array_equal(whole[5].target, rest[1].target)


def test_labels_lie_where_the_onsets_are(store):
    plain = AugmentSettings(shift=False, noise_share=0, stack_share=0, drop_share=0, gain_db=0, polarity_share=0,
                            partial_share=0)
    chosen = TrainSettings(augment=plain, samples=SamplesSettings(copies=1), fit=FitSettings(batch=16))
    for batch in Batches(store, "train", Sar(hidden=4), chosen).epoch(0):
        for window, at, phase in zip(batch.onsets.window, batch.onsets.at, batch.onsets.phase, strict=True):
            x = np.abs(batch.x[window]).max(axis=0)
            i = round(at)
            if phase == 1:
                assert x[i:i + 30].max() > 3 * x[i - 100:i - 2].max()
            assert batch.target[window, phase, i] > 0.95
        np.testing.assert_allclose(batch.target.sum(axis=1), 1.0, atol=1e-6)
