"""PhaseNet (Zhu & Beroza 2019), in SeisBench's implementation, as a network that can be trained here."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from quakescribe.nets.form import Form
from quakescribe.nets.seisbench import models

PHASENET = Form(window=3001, stride=1500, per_component=True)


class PhaseNet(nn.Module):
    """SeisBench's PhaseNet: a U-Net over 30 s, scores of noise, P and S for every sample."""

    form = PHASENET

    def __init__(self) -> None:
        super().__init__()
        self.options: dict[str, Any] = {}
        self.net = models().PhaseNet(phases="NPS", norm="std", component_order="ZNE", sampling_rate=100)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (before the softmax) of noise, P and S, (batch, 3, n), of windows (batch, 3, n)."""
        scores: Tensor = self.net(x, logits=True)
        return scores
