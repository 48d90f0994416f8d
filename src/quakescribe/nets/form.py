"""What a picking network takes and gives, and how a window is prepared for it: the same in training and in picking."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

COMPONENTS = "ZNE"


@dataclass(frozen=True)
class Form:
    """The form of a network's input and output.

    Attributes
    ----------
    window
        Samples of one window.
    rate
        Samples per second.
    stride
        Samples from one window to the next when a recording is picked.
    blinding
        Samples at either end of a window whose output does not count.
    components
        The order of the input's rows.
    band
        Corners (Hz) of the band-pass that the recordings have gone through; None = as recorded.
    norm
        A window without its mean is divided by its standard deviation ('std') or its largest sample ('peak').
    per_component
        Each component by its own, or all by the largest of the three.
    onset
        Where in a rise of the probability the onset lies: at its 'top', or in the 'middle' of what is above half of
        it (networks that give one class for a stretch of time).
    stack
        Where windows overlap, the 'mean' or the largest ('max') of their probabilities counts.
    """

    window: int
    rate: float = 100.0
    stride: int = 1500
    blinding: tuple[int, int] = (0, 0)
    components: str = COMPONENTS
    band: tuple[float, float] | None = (1.0, 20.0)
    norm: str = "std"
    per_component: bool = False
    onset: str = "top"
    stack: str = "mean"

    def __post_init__(self) -> None:
        """Refuse an order of components that is none."""
        if sorted(self.components) != sorted(COMPONENTS):
            raise ValueError(f"components = '{self.components}': expected Z, N and E in some order")

    def as_dict(self) -> dict[str, Any]:
        """Return the form as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Form:
        """Build a form from plain values, as `as_dict` gives them."""
        pairs = {name: tuple(values[name]) for name in ("blinding", "band") if values.get(name) is not None}
        return cls(**{**values, **pairs})


def normalise(x: Tensor, form: Form, valid: Tensor | None = None) -> Tensor:
    """Return windows without mean and of unit size; where nothing moves, or nothing is valid, zeros.

    Parameters
    ----------
    x
        Shape (batch, 3, n).
    form
        Says by what is divided.
    valid
        Shape (batch, 3, n), bool. Samples that are not valid count neither for the mean nor for the size, and are zero
        in the result. None = all are.
    """
    import torch

    x, count = centred(x, valid)
    if form.norm == "peak":
        size = x.abs().amax(-1, keepdim=True)
    else:
        size = (x.square().sum(-1, keepdim=True) / count).sqrt()
    if not form.per_component:
        size = size.amax(1, keepdim=True) if form.norm == "peak" else size.square().mean(1, keepdim=True).sqrt()
    return torch.where(size > 0, x / size.clamp(min=1e-30), 0.0)


def centred(x: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return windows without the mean of their valid samples, zero elsewhere, and how many are valid (batch, 3, 1)."""
    import torch

    if valid is None:
        return x - x.mean(-1, keepdim=True), torch.full_like(x[..., :1], x.shape[-1])
    count = valid.sum(-1, keepdim=True).clamp(min=1)
    x = torch.where(valid, x, 0.0)
    return torch.where(valid, x - x.sum(-1, keepdim=True) / count, 0.0), count
