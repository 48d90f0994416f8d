"""Pickers of SeisBench (Woollam et al. 2022), by published name or local path, with its own normalisation."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quakescribe.errors import WeightsError
from quakescribe.nets.form import COMPONENTS, Form
from quakescribe.nets.needs import need

if TYPE_CHECKING:
    from torch import Tensor

ORIGINAL_PHASENET = 3000  # samples of a window that the TensorFlow PhaseNet was trained on


def models() -> Any:
    """Return SeisBench's module of models.

    Raises
    ------
    WeightsError
        If SeisBench is not installed.
    """
    need("this network", "torch", "seisbench")
    import seisbench.models

    return seisbench.models


class SeisBenchNet:
    """A SeisBench model as this package's inference sees it: windows in, probabilities of P and S out."""

    def __init__(self, name: str, weights: str, window: int = 0) -> None:
        self.model, self.digest = _load(name, weights)
        self.model.eval()
        labels = list(self.model.labels) if isinstance(self.model.labels, str | list | tuple) else []
        missing = [phase for phase in "PS" if phase not in labels]
        if missing or self.model.output_type != "array":
            raise WeightsError(f"seisbench:{name}: gives {''.join(labels) or 'nothing'} as "
                               f"{self.model.output_type}; a picker must give a curve of P and one of S")
        if sorted(self.model.component_order or "") != sorted(COMPONENTS):
            raise WeightsError(f"seisbench:{name}: takes the components {self.model.component_order}; a picker here "
                               "takes Z, N and E")
        self._rows = [labels.index(phase) for phase in "PS"]
        self._arguments = {**{k: v[1] for k, v in self.model._annotate_args.items()}, **self.model.default_args}
        original = name == "PhaseNet" and self.model.component_order == "ENZ"
        if original and window in (0, ORIGINAL_PHASENET):
            window = ORIGINAL_PHASENET
            _pad_as_tensorflow(self.model)
        samples = window or int(self.model.in_samples)
        overlap = self._arguments.get("overlap", samples // 2)
        overlap = round(overlap * samples) if isinstance(overlap, float) and overlap < 1 else min(overlap, samples // 2)
        blinding = self._arguments.get("blinding") or (0, 0)
        self.form = Form(
            window=samples, rate=float(self.model.sampling_rate), stride=(samples - int(overlap)) // 25 * 25,
            blinding=(int(blinding[0]), int(blinding[1])), components=self.model.component_order, band=None,
            stack="max" if self._arguments.get("stacking") == "max" else "mean")
        self.filter = _filter_of(self.model)

    def prepare(self, x: Tensor) -> Tensor:
        """Normalise windows (batch, 3, n) as the model does."""
        prepared: Tensor = self.model.annotate_batch_pre(x, self._arguments)
        return prepared

    def probabilities(self, x: Tensor) -> Tensor:
        """Return the probabilities of P and S, (batch, 2, n), of prepared windows (batch, 3, n)."""
        import torch

        out = self.model(x)
        curves: Tensor = torch.stack(out, dim=1) if isinstance(out, tuple) else out
        return curves[:, self._rows]


def _pad_as_tensorflow(model: Any) -> None:
    """Have PhaseNet's first strided convolution pad 1 sample before and 2 after, as TensorFlow's "SAME" does for 3000.

    SeisBench's layers pad 3 and 3, which suits 3001 samples and shifts what the original weights see by two: their
    picks come 0.02 to 0.03 s late. The other levels agree for 3000 samples.
    """
    from torch.nn.functional import pad

    strided = model.down_branch[0][2]
    strided.padding = (0,)
    strided.register_forward_pre_hook(lambda module, inputs: (pad(inputs[0], (1, 2)),))


def _filter_of(model: Any) -> tuple[float, float, int, bool] | None:
    """Return the filter a model asks for: corners (Hz; 0 or infinite = open), order, whether without phase."""
    if not model.filter_args:
        return None
    kind, options = model.filter_args[0], dict(model.filter_kwargs or {})
    low = {"bandpass": "freqmin", "highpass": "freq"}.get(kind)
    high = {"bandpass": "freqmax", "lowpass": "freq"}.get(kind)
    if low is None and high is None:
        raise WeightsError(f"the model asks for the filter '{kind}'; known are bandpass, highpass, lowpass")
    return (float(options[low]) if low else 0.0, float(options[high]) if high else float("inf"),
            int(options.get("corners", 4)), bool(options.get("zerophase", False)))


def _load(name: str, weights: str) -> tuple[Any, str]:
    """Return a model and the SHA-256 of its weights."""
    import torch

    found = getattr(models(), name, None)
    if not isinstance(found, type) or not issubclass(found, models().WaveformModel):
        raise WeightsError(f"seisbench has no picker '{name}'; e.g. PhaseNet, EQTransformer")
    kind: Any = found
    path = Path(weights).expanduser()
    stem = path.with_suffix("") if path.suffix in (".pt", ".json") else path
    try:
        if stem.with_name(stem.name + ".pt").is_file():
            model = kind.load(stem)
        elif len(path.parts) > 1:
            raise WeightsError(f"{stem}.pt: no such weights; expected NAME.pt with NAME.json beside it")
        else:
            model = kind.from_pretrained(weights)
    except (RuntimeError, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"seisbench:{name}:{weights}: cannot be loaded: {str(error).splitlines()[0]}; are these "
                           f"weights of {name}?") from None
    digest = hashlib.sha256()
    for key, value in model.state_dict().items():
        digest.update(key.encode() + value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()
                      if value.dim() else key.encode() + str(value.item()).encode())
    return model, digest.hexdigest()
