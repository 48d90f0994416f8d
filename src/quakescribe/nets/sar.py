"""SAR: bidirectional GRU with self-attention (Zhou & Zhou, AI-PAL), as published and with an onset for every sample."""

from __future__ import annotations

from torch import Tensor, cat, nn
from torch.nn.functional import interpolate, pad

from quakescribe.nets.form import Form

SAR = Form(window=2000, stride=1700, blinding=(150, 150))
SAR_PUBLISHED = Form(window=2000, stride=1000, norm="peak", per_component=True, onset="middle")


class Sar(nn.Module):
    """Convolutions to a step of 0.2 s, two GRU layers, self-attention, and a score for every sample.

    Three convolutions make ``width`` features of every 0.2 s and its surroundings (0.6 s). Attention is added to what
    the GRU gives, and the sum is normalised. From it and the features themselves each step gives scores for its own 20
    samples, so the onset is not tied to the steps.
    """

    form = SAR
    step = 20

    def __init__(self, width: int = 64, hidden: int = 64, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.options = {"width": width, "hidden": hidden, "layers": layers, "heads": heads}
        self.features = nn.Sequential(
            nn.Conv1d(3, 16, 11, stride=2, padding=5), nn.ReLU(),
            nn.Conv1d(16, 32, 9, stride=2, padding=4), nn.ReLU(),
            nn.Conv1d(32, width, 9, stride=5, padding=2), nn.ReLU())
        self.gru = nn.GRU(width, hidden, layers, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(2 * hidden, heads, batch_first=True)
        self.norm = nn.LayerNorm(2 * hidden)
        self.head = nn.Linear(2 * hidden + width, 3 * self.step)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (before the softmax) of noise, P and S, (batch, 3, n), of windows (batch, 3, n)."""
        features = self.features(x).transpose(1, 2)
        y, _ = self.gru(features)
        seen, _ = self.attention(y, y, y, need_weights=False)
        scores = self.head(cat([self.norm(y + seen), features], dim=-1))
        batch, steps = scores.shape[:2]
        return scores.view(batch, steps, 3, self.step).permute(0, 2, 1, 3).reshape(batch, 3, steps * self.step)


class SarPublished(nn.Module):
    """SAR as published: frames of 0.5 s every 0.1 s, one class for each, attention without residual."""

    form = SAR_PUBLISHED
    step, frame = 10, 50

    def __init__(self, hidden: int = 128, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.options = {"hidden": hidden, "layers": layers, "heads": heads}
        self.gru = nn.GRU(3 * self.frame, hidden, layers, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(2 * hidden, heads, batch_first=True)
        self.head = nn.Linear(2 * hidden, 3)

    def steps(self, x: Tensor) -> Tensor:
        """Return scores (batch, 3, n_steps); step k covers samples 10 k to 10 k + 50."""
        y, _ = self.gru(_frames(x, self.frame, self.step))
        seen, _ = self.attention(y, y, y, need_weights=False)
        scores: Tensor = self.head(seen).transpose(1, 2)
        return scores

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (batch, 3, n), laid out over the samples: each step's at the middle of its frame."""
        return self.laid_out(self.steps(x), x.shape[-1])

    def laid_out(self, scores: Tensor, n: int) -> Tensor:
        """Return the scores of steps for every one of n samples."""
        steps = scores.shape[-1]
        fine = interpolate(scores, size=steps * self.step, mode="linear", align_corners=False)
        left = (self.frame - self.step) // 2
        return pad(fine, (left, n - left - steps * self.step), mode="replicate")


def _frames(x: Tensor, frame: int, step: int) -> Tensor:
    """Return overlapping frames (batch, n_steps, 3 frame) of windows (batch, 3, n)."""
    cut = x.unfold(-1, frame, step)
    return cut.permute(0, 2, 1, 3).reshape(x.shape[0], cut.shape[2], 3 * frame)
