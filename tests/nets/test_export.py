import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.signal import sosfilt

from quakescribe.__main__ import main
from quakescribe.cli.weights import Format
from quakescribe.errors import WeightsError
from quakescribe.nets import export, needs
from quakescribe.nets.form import normalise
from quakescribe.nets.pickers import open_picker
from quakescribe.nets.weights import NETS, Record, build, read_record, save
from quakescribe.waveforms.filters import design

SMALL = {"sar": {"hidden": 16}, "sar-published": {"hidden": 16}, "phasenet": {}}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(net, folder):
    """Weights drawn at random, scaled so that the probabilities are far from even, and their file."""
    torch.manual_seed(1)
    module = build(net, SMALL[net]).eval()
    with torch.no_grad():
        for name, value in module.named_parameters():
            if "bn" not in name and value.dim() > 1:
                value.mul_(2.0)
    path = folder / f"{net}.safetensors"
    save(module, Record(net, module.options, module.form, data={"run": "first", "stations": 12}), path)
    return module, path


def probabilities(module, x):
    with torch.inference_mode():
        return torch.softmax(module(normalise(torch.from_numpy(x), module.form)), dim=1).numpy()


def windows(batch, n):
    rng = np.random.default_rng(batch)
    x = 300.0 + rng.normal(0.0, [[[40.0], [20.0], [10.0]]], (batch, 3, n))
    x[:, :, n // 2:] *= 5.0
    return x.astype(np.float32)


@pytest.fixture
def tiny(tmp_path):
    return trained("sar", tmp_path)[1]


@pytest.fixture(scope="module", params=sorted(NETS))
def graph(request, tmp_path_factory):
    """A network, its weights, and the ONNX file made of them."""
    if request.param == "phasenet":
        pytest.importorskip("seisbench")
    folder = tmp_path_factory.mktemp("onnx")
    module, path = trained(request.param, folder)
    (made,) = export.to_onnx(path, folder / "out" / "net.onnx")
    return module, path, made


@pytest.fixture(scope="module")
def phasenet(tmp_path_factory):
    """A PhaseNet, its weights, and SeisBench's model of what was exported."""
    models = pytest.importorskip("seisbench.models")
    folder = tmp_path_factory.mktemp("seisbench")
    module, path = trained("phasenet", folder)
    made = export.to_seisbench(path, folder / "out" / "mine.v1")
    assert [one.name for one in made] == ["mine.v1.pt", "mine.v1.json"]
    return module, path, made, models.PhaseNet.load(folder / "out" / "mine.v1").eval()


def test_the_onnx_graph_is_sound_and_takes_any_number_of_windows(graph):
    onnx = pytest.importorskip("onnx")
    module, _, made = graph
    model = onnx.load(made)
    onnx.checker.check_model(model, full_check=True)
    for one, name in ((model.graph.input, export.INPUT), (model.graph.output, export.OUTPUT)):
        assert [value.name for value in one] == [name]
        sizes = [size.dim_param or size.dim_value for size in one[0].type.tensor_type.shape.dim]
        assert sizes == ["batch", 3, module.form.window]
    assert list(made.parent.iterdir()) == [made]


def test_the_onnx_file_says_what_it_is(graph):
    onnx = pytest.importorskip("onnx")
    module, path, made = graph
    said = {one.key: one.value for one in onnx.load(made).metadata_props}
    record = read_record(path)
    assert (said["sha256"], said["net"], said["components"]) == (record.sha256, record.net, "ZNE")
    assert (said["band_hz"], said["rate_hz"], said["classes"]) == ("1,20", "100", "noise,P,S")
    assert json.loads(said["form"]) == json.loads(json.dumps(module.form.as_dict()))
    assert json.loads(said["record"])["data"] == {"run": "first", "stations": 12}


@pytest.mark.parametrize("batch", [1, 5])
def test_the_onnx_graph_gives_the_probabilities_of_the_network(graph, batch):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    module, _, made = graph
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(made, options, providers=["CPUExecutionProvider"])
    x = windows(batch, module.form.window)
    x[0, 1] = 7.0  # a dead component
    (found,) = session.run(None, {export.INPUT: x})
    wanted = probabilities(module, x)
    assert wanted.std() > 0.01
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    (dead,) = session.run(None, {export.INPUT: np.zeros_like(x)})
    np.testing.assert_allclose(dead, probabilities(module, np.zeros_like(x)), atol=1e-4)


def test_the_same_weights_give_the_same_onnx_file(tiny, tmp_path):
    made = [export.to_onnx(tiny, tmp_path / name)[0] for name in ("one.onnx", "two.onnx")]
    assert made[0].read_bytes() == made[1].read_bytes()


def test_seisbench_gives_the_probabilities_of_the_network(phasenet):
    module, _, _, model = phasenet
    x = torch.from_numpy(windows(3, 3001))
    with torch.inference_mode():
        same = model(normalise(x, module.form)).numpy()
        own = model(model.annotate_batch_pre(x, {})).numpy()
    wanted = probabilities(module, x.numpy())
    assert wanted.std() > 0.01
    np.testing.assert_array_equal(same, wanted)
    np.testing.assert_allclose(own, wanted, atol=1e-3)  # its standard deviation divides by n - 1


def test_seisbench_annotates_what_went_through_the_band_of_training(phasenet):
    obspy = pytest.importorskip("obspy")
    module, _, _, model = phasenet
    raw = windows(1, 3001)[0].astype(np.float64) - 300.0
    header = {"network": "XX", "station": "A", "sampling_rate": 100.0}
    stream = obspy.Stream([obspy.Trace(row.copy(), {**header, "channel": f"HH{c}"})
                           for row, c in zip(raw, "ZNE", strict=True)])
    curves = {trace.stats.channel[-1]: trace.data for trace in model.annotate(stream)}
    filtered = sosfilt(design(1.0, 20.0, 100.0, "m/s")[0], raw, axis=-1).astype(np.float32)
    wanted = probabilities(module, filtered[None])[0]
    for row, phase in enumerate("NPS"):
        np.testing.assert_allclose(curves[phase], wanted[row], atol=1e-3)


def test_seisbench_files_say_what_they_are_and_pick_here_too(phasenet):
    _, path, made, _ = phasenet
    record = read_record(path)
    said = json.loads(made[1].read_text())
    assert said["quakescribe"]["sha256"] == record.sha256
    assert record.sha256 in said["docstring"] and "1-20 Hz" in said["docstring"]
    assert said["model_args"]["filter_kwargs"] == {"freqmin": 1.0, "freqmax": 20.0, "corners": 4, "zerophase": False}
    picker = open_picker(f"seisbench:PhaseNet:{made[0].with_suffix('')}", "", 0, "cpu")
    assert picker.filter == (1.0, 20.0, 4, False)
    assert (picker.form.window, picker.form.stride, picker.form.components) == (3001, 1500, "ZNE")
    assert sorted(made[0].parent.iterdir()) == sorted(made)


def test_what_cannot_be_exported_gets_a_clear_word(tiny, tmp_path):
    with pytest.raises(WeightsError, match=r"only PhaseNet has a class in SeisBench\. Use the format onnx"):
        export.to_seisbench(tiny, tmp_path / "out")
    with pytest.raises(WeightsError, match=r"ends in \.onnx; expected e\.g\. .*net\.onnx"):
        export.to_onnx(tiny, tmp_path / "net.pt")
    for make, out in ((export.to_onnx, "net.onnx"), (export.to_seisbench, "net")):
        with pytest.raises(WeightsError, match="no such weights"):
            make(tmp_path / "none.safetensors", tmp_path / out)
    assert {one.name for one in tmp_path.iterdir()} == {"sar.safetensors", "sar.json"}


@pytest.mark.parametrize("name", ["phasenet", "phasenet.pt", "phasenet.json"])
def test_the_record_of_the_weights_is_never_overwritten(tmp_path, name):
    pytest.importorskip("seisbench")
    path = trained("phasenet", tmp_path)[1]
    before = path.with_suffix(".json").read_bytes()
    with pytest.raises(WeightsError, match=r"is the record of phasenet\.safetensors and would be lost"):
        export.to_seisbench(path, tmp_path / name)
    assert path.with_suffix(".json").read_bytes() == before


def test_a_form_that_seisbench_cannot_take_is_refused(tmp_path):
    pytest.importorskip("seisbench")
    path = trained("phasenet", tmp_path)[1]
    beside = path.with_suffix(".json")
    values = json.loads(beside.read_text())
    values["form"]["norm"] = "peak"
    beside.write_text(json.dumps(values))
    with pytest.raises(WeightsError, match="cannot take this form: norm = peak, not std"):
        export.to_seisbench(path, tmp_path / "out")


def test_a_missing_package_is_named(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(needs, "find_spec", lambda name: None if name == "onnx" else name)
    with pytest.raises(WeightsError, match="exporting weights needs onnx: pip install"):
        export.to_onnx(tiny, tmp_path / "net.onnx")


@pytest.fixture
def quakescribe(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["quakescribe", "weights", *(str(word) for word in words)])
        code = 0
        try:
            main()
        except SystemExit as leave:
            code = leave.code
        return int(code or 0), *capsys.readouterr()

    return call


def test_the_command_shows_the_record(quakescribe, tiny):
    code, out, _ = quakescribe("show", tiny)
    assert code == 0 and "data.run" in out and "form.window" in out and "2000" in out
    code, out, _ = quakescribe("show", tiny, "--json")
    assert code == 0 and json.loads(out)["sha256"] == read_record(tiny).sha256
    code, _, err = quakescribe("show", tiny.with_name("none.safetensors"))
    assert code == 1 and "no such weights" in err


def test_the_command_exports(quakescribe, tiny, tmp_path):
    assert {one.value for one in Format} == set(export.FORMATS)
    target = tmp_path / "net.onnx"
    code, out, err = quakescribe("export", tiny, "--format", "onnx", "--out", target, "--json")
    assert (code, json.loads(out), err) == (0, {"files": [str(target)]}, "") and target.is_file()
    code, _, err = quakescribe("export", tiny, "--format", "seisbench", "--out", tmp_path / "net")
    assert code == 1 and "only PhaseNet" in err and "Traceback" not in err
    assert quakescribe("export", tiny, "--format", "tflite", "--out", target)[0] == 2


def test_showing_a_record_loads_no_pytorch(tiny):
    code = ("import sys; from quakescribe.cli.app import app; "
            f"app(['weights', 'show', {str(tiny)!r}], standalone_mode=False); print('torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"
