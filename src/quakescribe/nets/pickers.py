"""A network ready to pick: opened once per process, by picker and weights, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quakescribe.errors import WeightsError
from quakescribe.nets.form import Form, centred, normalise
from quakescribe.nets.needs import need

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Picker:
    """A network that gives the probabilities of P and S of windows.

    Attributes
    ----------
    form
        What it takes and gives.
    digest
        SHA-256 of its weights.
    filter
        Corners (Hz), order, and whether without phase, of the filter SeisBench applies to a recording; None = none.
    """

    form: Form
    digest: str
    filter: tuple[float, float, int, bool] | None
    device: str
    _prepare: Callable[[Tensor], Tensor] | None
    _run: Callable[[Tensor], Tensor]

    def __call__(self, x: NDArray[np.float32], valid: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """Return probabilities of P and S, shape (batch, 2, window).

        Parameters
        ----------
        x
            Shape (batch, 3, window), rows in the order of ``form.components``.
        valid
            Same shape; None where every sample is valid. Samples that are not count as zeros.
        """
        import torch

        with torch.inference_mode():
            windows = torch.from_numpy(x).to(self.device)
            mask = None if valid is None else torch.from_numpy(valid).to(self.device)
            if self._prepare is None:
                windows = normalise(windows, self.form, mask)
            else:
                windows = self._prepare(_enlarged(windows if mask is None else centred(windows, mask)[0]))
                windows = windows if mask is None else torch.where(mask, windows, 0.0)
            return np.asarray(self._run(windows).float().cpu().numpy())


def _enlarged(x: Tensor) -> Tensor:
    """Return windows of the size of counts: SeisBench's models add 1e-10 to what they divide by; m/s would feel it."""
    size = x.abs().amax((1, 2), keepdim=True)
    return x * (1e4 / size.clamp(min=1e-30))


def open_picker(name: str, weights: str, window: int, device: str) -> Picker:
    """Return the network of a picker's name and weights; opened once, and again when its files change.

    Parameters
    ----------
    name
        'sar', 'phasenet', or 'seisbench:MODEL:WEIGHTS'.
    weights
        The .safetensors file of 'sar' and 'phasenet'.
    window
        Samples, for SeisBench's; 0 = its own.
    device
        'auto', 'cpu' or 'cuda'.

    Raises
    ------
    WeightsError
        If PyTorch or SeisBench is missing, or the weights are, or they are of another architecture.
    """
    return _opened(name, weights, window, device, _state(name, weights))


@lru_cache(maxsize=2)
def _opened(name: str, weights: str, window: int, device: str, changed: tuple[int, ...]) -> Picker:
    need("picking with a network", "torch", "safetensors")
    import torch

    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if where == "cuda" and not torch.cuda.is_available():
        raise WeightsError("pick.network.device = 'cuda', but PyTorch finds no GPU; set 'auto' or 'cpu'")
    if name.startswith("seisbench:"):
        from quakescribe.nets.seisbench import SeisBenchNet

        _, model, path = name.split(":", 2)
        net = SeisBenchNet(model, path, window)
        net.model.to(where)
        return Picker(net.form, net.digest, net.filter, where, net.prepare, net.probabilities)
    from quakescribe.nets.weights import load

    if not weights:
        raise WeightsError(f"pick.picker = '{name}' needs pick.network.weights: the .safetensors file that "
                           "'quakescribe train' wrote")
    module, record = load(Path(weights))
    if record.net.partition("-")[0] != name:
        raise WeightsError(f"{weights}: weights of '{record.net}', but pick.picker = '{name}'")
    module.to(where)

    def run(x: Tensor) -> Tensor:
        curves: Tensor = torch.softmax(module(x), dim=1)[:, 1:]
        return curves

    return Picker(record.form, record.sha256, None, where, None, run)


def _state(name: str, weights: str) -> tuple[int, ...]:
    """Return what changes when the files of a picker's weights do: their times of change and sizes."""
    path = name.split(":", 2)[2] + ".pt" if name.startswith("seisbench:") else weights
    try:
        found = Path(path).expanduser().stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size)
