"""Trained weights for other programs: SeisBench's format (PhaseNet), or ONNX with the normalisation inside."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quakescribe.errors import WeightsError
from quakescribe.nets.form import normalise
from quakescribe.nets.needs import need
from quakescribe.nets.weights import SUFFIX, Record, load, read_record, record_of

if TYPE_CHECKING:
    from torch import Tensor, nn

CLASSES = ("noise", "P", "S")
INPUT, OUTPUT = "waveforms", "probabilities"
OPSET = 17
CORNERS = 4


def to_seisbench(path: Path, out: Path) -> tuple[Path, ...]:
    """Write weights of PhaseNet as SeisBench's own class reads them: ``seisbench.models.PhaseNet.load(out)``.

    The model band-passes what it annotates as training did (causal, four poles per corner) and moves its window by the
    same stride. The record is in the text of ``OUT.json``, and whole under its key 'quakescribe'.

    Parameters
    ----------
    path
        The .safetensors file that 'quakescribe train' wrote.
    out
        Where to; a suffix .pt or .json is left out.

    Returns
    -------
    tuple
        OUT.pt and OUT.json.

    Raises
    ------
    WeightsError
        If the weights cannot be read or are not of PhaseNet, or if OUT.json is the record of weights.
    """
    path, out = Path(path), Path(out)
    record = read_record(path)
    if record.net != "phasenet":
        raise WeightsError(f"{path}: weights of '{record.net}'; of the networks trained here only PhaseNet has a class "
                           "in SeisBench. Use the format onnx")
    stem = out.with_suffix("") if out.suffix in (".pt", ".json") else out
    targets = tuple(stem.with_name(stem.name + suffix) for suffix in (".pt", ".json"))
    if stem.with_name(stem.name + SUFFIX).exists() or targets[1].absolute() == record_of(path).absolute():
        raise WeightsError(f"{targets[1]}: is the record of {stem.name}{SUFFIX} and would be lost; give another name")
    need("exporting weights", "torch", "safetensors", "seisbench")
    module, record = load(path)
    model = _seisbench_model(module, record, path)
    stem.parent.mkdir(parents=True, exist_ok=True)
    temporary = stem.with_name(f".{stem.name}.{os.getpid()}.tmp")
    made = [temporary.with_name(temporary.name + suffix) for suffix in (".pt", ".json")]
    try:
        model.save(temporary, weights_docstring=_text(record))
        values = json.loads(made[1].read_text(encoding="utf-8"))
        text = json.dumps({**values, "quakescribe": record.as_dict()}, indent=1, default=str) + "\n"
        made[1].write_text(text, encoding="utf-8")
        for one, target in zip(made, targets, strict=True):
            os.replace(one, target)
    finally:
        for one in made:
            one.unlink(missing_ok=True)
    return targets


def to_onnx(path: Path, out: Path) -> tuple[Path, ...]:
    """Write weights of any network as one ONNX graph: windows in, probabilities of noise, P and S out.

    The input 'waveforms', float32 of shape (batch, 3, window), is band-passed as ``form.band`` says, but not
    normalised: the graph does that. The output 'probabilities' has the same shape. ``batch`` is free. The metadata of
    the file hold form and record as JSON, and the most needed of them by themselves.

    Raises
    ------
    WeightsError
        If the weights cannot be read, a package is missing, or OUT does not end in .onnx.
    """
    out = Path(out)
    if out.suffix != ".onnx":
        raise WeightsError(f"{out}: an ONNX file ends in .onnx; expected e.g. {out.with_suffix('.onnx')}")
    read_record(path)
    need("exporting weights", "torch", "safetensors", "onnx")
    module, record = load(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        _write_graph(module, record, temporary)
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return (out,)


FORMATS: dict[str, Callable[[Path, Path], tuple[Path, ...]]] = {"seisbench": to_seisbench, "onnx": to_onnx}
"""What weights can be exported to."""


def _seisbench_model(module: Any, record: Record, path: Path) -> Any:
    """Return the SeisBench model inside a PhaseNet, with the filter, stride and blinding of its form."""
    form, model = record.form, module.net
    own = (model.in_samples, model.sampling_rate, model.component_order, model.norm, True)
    found = (form.window, form.rate, form.components, form.norm, form.per_component)
    if found != own:
        names = ("window", "rate", "components", "norm", "per_component")
        wrong = ", ".join(f"{name} = {a}, not {b}" for name, a, b in zip(names, found, own, strict=True) if a != b)
        raise WeightsError(f"{path}: SeisBench's PhaseNet cannot take this form: {wrong}. Use the format onnx")
    if form.band is not None:
        model.filter_args = ("bandpass",)
        model.filter_kwargs = {"freqmin": form.band[0], "freqmax": form.band[1], "corners": CORNERS,
                               "zerophase": False}
    model.default_args = {"overlap": form.window - form.stride, "blinding": list(form.blinding)}
    return model


def _text(record: Record) -> str:
    """Return the record in words."""
    plain = (f"{key} {value}" for key, value in record.data.items() if not isinstance(value, dict))
    data = ", ".join(plain) or "not recorded"
    return (f"PhaseNet trained by quakescribe on labels without a human. Data: {data}. {_band(record)} "
            f"Seed {record.seed}, trained {record.trained_at or 'at a time not recorded'}. Licence: {record.licence}. "
            f"SHA-256 of the original weights: {record.sha256}.")


def _band(record: Record) -> str:
    if record.form.band is None:
        return "Input: recordings as they are."
    low, high = record.form.band
    return f"Input: recordings through a causal Butterworth band-pass {low:g}-{high:g} Hz, {CORNERS} poles per corner."


def _write_graph(module: nn.Module, record: Record, path: Path) -> None:
    """Write a network, its normalisation before it and a softmax behind it, as a checked ONNX file."""
    import onnx
    import torch

    window = record.form.window
    example = torch.zeros(2, 3, window)
    with _frames_by_gather(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the exporter's own age; the newer one needs onnxscript
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # checks of sizes, which are fixed but for the batch
        warnings.filterwarnings("ignore", message="Constant folding - Only steps=1", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*with a variable length with GRU", category=UserWarning)
        torch.onnx.export(_complete(module, record), (example,), path, dynamo=False, opset_version=OPSET,
                          input_names=[INPUT], output_names=[OUTPUT],
                          dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}})
    model = onnx.load_from_string(path.read_bytes())
    model.graph.output[0].CopyFrom(
        onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, ["batch", 3, window]))
    model.doc_string = f"{record.net}: probabilities of {', '.join(CLASSES)}. {_band(record)} Not normalised."
    onnx.helper.set_model_props(model, _properties(record))
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _complete(module: nn.Module, record: Record) -> nn.Module:
    """Return a network that takes windows not normalised and gives probabilities."""
    import torch

    class Complete(torch.nn.Module):
        """Normalisation, network, softmax."""

        def __init__(self) -> None:
            super().__init__()
            self.net = module

        def forward(self, x: Tensor) -> Tensor:
            """Return probabilities (batch, 3, n) of windows (batch, 3, n)."""
            return torch.softmax(self.net(normalise(x, record.form)), dim=1)

    return Complete().eval()


def _properties(record: Record) -> dict[str, str]:
    """Return the metadata of an ONNX file: text by name."""
    form = record.form
    return {
        "producer": f"quakescribe {record.versions.get('quakescribe', '')}".strip(),
        "net": record.net,
        "sha256": record.sha256,
        "components": form.components,
        "classes": ",".join(CLASSES),
        "window_samples": str(form.window),
        "stride_samples": str(form.stride),
        "rate_hz": f"{form.rate:g}",
        "band_hz": "" if form.band is None else f"{form.band[0]:g},{form.band[1]:g}",
        "input": _band(record),
        "licence": record.licence,
        "form": json.dumps(form.as_dict()),
        "record": json.dumps(record.as_dict(), default=str),
    }


@contextmanager
def _frames_by_gather() -> Iterator[None]:
    """Let the exporter write `Tensor.unfold` along the last axis as one Gather; its own way needs a known size."""
    from torch.onnx import register_custom_op_symbolic, unregister_custom_op_symbolic

    register_custom_op_symbolic("aten::unfold", _unfold, OPSET)
    try:
        yield
    finally:
        unregister_custom_op_symbolic("aten::unfold", OPSET)


def _unfold(graph: Any, x: Any, axis: Any, size: Any, step: Any) -> Any:
    """Return frames (..., n_frames, size) of (..., n), frame k from sample ``k step`` on, as a node of the graph."""
    import torch

    *before, frames, width = graph.original_node.output().type().sizes()
    if int(axis.node().t("value")) not in (-1, len(before)):
        raise WeightsError("only frames along the last axis can be exported to ONNX")
    starts = torch.arange(frames)[:, None] * int(step.node().t("value"))
    index = graph.op("Constant", value_t=starts + torch.arange(width))
    return graph.op("Gather", x, index, axis_i=len(before))
