import json

import numpy as np
import pytest
import torch

from quakescribe.errors import WeightsError
from quakescribe.nets.form import Form, normalise
from quakescribe.nets.pickers import open_picker
from quakescribe.nets.weights import NETS, Record, build, load, save


@pytest.fixture(params=sorted(NETS))
def name(request):
    if request.param == "phasenet":
        pytest.importorskip("seisbench")
    return request.param


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    net = build("sar", {"hidden": 16})
    record = save(net, Record("sar", net.options, net.form, seed=3), tmp_path / "one.safetensors")
    return net, record, tmp_path / "one.safetensors"


def test_every_network_scores_noise_p_and_s_for_every_sample(name):
    net = build(name).eval()
    x = torch.randn(2, 3, net.form.window)
    assert net(x).shape == (2, 3, net.form.window)
    assert net.form.components == "ZNE"


def test_a_window_says_nothing_of_another_one_in_the_batch(name):
    net = build(name).eval()
    x = torch.randn(3, 3, net.form.window)
    with torch.inference_mode():
        torch.testing.assert_close(net(x)[1:2], net(x[1:2]), atol=1e-5, rtol=1e-4)


def test_the_published_sar_classifies_frames_of_half_a_second_every_tenth():
    net = build("sar-published")
    x = torch.randn(1, 3, 2000)
    assert net.steps(x).shape == (1, 3, 196)
    assert sum(one.numel() for one in net.gru.parameters()) == 2 * (150 + 128) * 384 + 2 * (256 + 128) * 384 + 8 * 384


def test_weights_come_back_as_they_were_with_their_record(saved):
    net, record, path = saved
    again, read = load(path)
    x = torch.randn(1, 3, 2000)
    torch.testing.assert_close(again(x), net.eval()(x), rtol=0, atol=0)
    assert read == record
    assert len(read.sha256) == 64


def test_the_same_weights_give_the_same_file(saved, tmp_path):
    net, record, path = saved
    save(net, record, tmp_path / "two.safetensors")
    assert path.read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_weights_changed_behind_their_record_are_refused(saved):
    path = saved[2]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="do not belong together"):
        load(path)


def test_weights_of_another_architecture_are_refused(saved, tmp_path):
    path = saved[2]
    beside = path.with_suffix(".json")
    values = json.loads(beside.read_text())
    beside.write_text(json.dumps(values | {"options": values["options"] | {"hidden": 32}}))
    with pytest.raises(WeightsError, match="not weights of sar"):
        load(path)
    beside.write_text(json.dumps(values | {"options": {"frame": 60}}))
    with pytest.raises(WeightsError, match="not weights of sar"):
        load(path)
    beside.write_text(json.dumps(values | {"net": "transformer"}))
    with pytest.raises(WeightsError, match="no network 'transformer'"):
        load(path)


def test_a_wrong_order_of_components_is_refused(saved):
    beside = saved[2].with_suffix(".json")
    values = json.loads(beside.read_text())
    beside.write_text(json.dumps(values | {"form": values["form"] | {"components": "ZZE"}}))
    with pytest.raises(WeightsError, match="components = 'ZZE': expected Z, N and E in some order"):
        load(saved[2])


@pytest.mark.parametrize(("name", "weights", "message"), [
    ("phasenet", "one.safetensors", "weights of 'sar', but pick.picker = 'phasenet'"),
    ("sar", "", "needs pick.network.weights"),
    ("sar", "none.safetensors", "no such weights"),
    ("sar", "one.pt", "a .safetensors file"),
    ("seisbench:NoSuchNet:original", "", "no picker 'NoSuchNet'"),
    ("seisbench:PhaseNet:nowhere/weights", "", "no such weights"),
])
def test_what_cannot_pick_gets_a_clear_word(saved, name, weights, message):
    if name.startswith("seisbench"):
        pytest.importorskip("seisbench")
    with pytest.raises(WeightsError, match=message):
        open_picker(name, str(saved[2].parent / weights) if weights else "", 0, "cpu")


def test_a_missing_record_is_named(saved):
    saved[2].with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match=r"its record one\.json is missing"):
        load(saved[2])


def test_seisbench_weights_of_another_model_are_refused(real_data):
    pytest.importorskip("seisbench")
    with pytest.raises(WeightsError, match="are these weights of EQTransformer"):
        open_picker(f"seisbench:EQTransformer:{real_data}/weights/phasenet_ncedc", "", 0, "cpu")


def test_the_original_phasenet_gets_the_window_it_was_trained_on(real_data):
    pytest.importorskip("seisbench")
    picker = open_picker(f"seisbench:PhaseNet:{real_data}/weights/phasenet_ncedc", "", 0, "cpu")
    assert picker.form.window == 3000
    assert picker.form.components == "ENZ"


@pytest.mark.parametrize("norm", ["std", "peak"])
@pytest.mark.parametrize("per_component", [True, False])
def test_a_window_is_without_mean_and_of_unit_size(norm, per_component):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(5.0, [[[1.0], [10.0], [100.0]]], (4, 3, 2000)).astype(np.float32))
    y = normalise(x, Form(2000, norm=norm, per_component=per_component)).numpy()
    np.testing.assert_allclose(y.mean(axis=2), 0, atol=1e-4)
    size = np.abs(y).max(axis=2) if norm == "peak" else y.std(axis=2)
    if not per_component:
        size = size.max(axis=1) if norm == "peak" else np.sqrt((size**2).mean(axis=1))
    np.testing.assert_allclose(size, 1.0, rtol=1e-3)


def test_samples_that_are_not_valid_count_for_nothing():
    x = torch.randn(1, 3, 2000)
    valid = torch.ones(1, 3, 2000, dtype=torch.bool)
    valid[:, :, 500:900] = False
    a = normalise(torch.where(valid, x, 1e9), Form(2000), valid)
    b = normalise(torch.where(valid, x, 0.0), Form(2000), valid)
    torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not a[:, :, 500:900].any()


def test_a_dead_window_stays_zero():
    assert not normalise(torch.full((1, 3, 100), 7.0), Form(100)).any()
