"""How well a network does on samples it was not fitted to: loss, onsets found, false ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quakescribe.kernels.peaks import find_peaks
from quakescribe.train import targets
from quakescribe.train.batches import RATE, Batch

NEAR_S = 0.2
THRESHOLD = 0.3


@dataclass(frozen=True)
class Scores:
    """On validation samples: loss, labelled onsets found, false onsets.

    An onset counts as found if one of probability 0.3 or more lies within 0.2 s; the errors are the median absolute
    ones of those found (s); false onsets are counted per negative window.
    """

    loss: float
    recall_p: float
    recall_s: float
    error_p_s: float
    error_s_s: float
    false_per_negative: float

    def as_dict(self) -> dict[str, float]:
        """Return the scores as plain values, each named as on validation samples."""
        return {f"valid_{name}": value for name, value in asdict(self).items()}


def score(net: Any, batches: Iterable[Batch], device: str) -> Scores:
    """Score a network on batches."""
    import torch

    from quakescribe.train.fit import loss_of, scores_of

    net.eval()
    losses: list[float] = []
    found: dict[int, list[float]] = {targets.P: [], targets.S: []}
    false, negatives = 0, 0
    with torch.inference_mode():
        for batch in batches:
            scores = scores_of(net, batch, device)
            losses.append(float(loss_of(scores, batch)))
            if hasattr(net, "laid_out"):
                scores = net.laid_out(scores, batch.x.shape[-1])
            curves = torch.softmax(scores, dim=1)[:, 1:].cpu().numpy()
            for phase in (targets.P, targets.S):
                found[phase] += _errors(curves[:, phase - 1], batch, phase)
            for row in np.flatnonzero(~batch.positive):
                false += sum(len(find_peaks(curve, np.float32(THRESHOLD), 50, False)[0]) for curve in curves[row])
            negatives += int((~batch.positive).sum())
    p, s = found[targets.P], found[targets.S]
    return Scores(float(np.mean(losses)), _recall(p), _recall(s), _median(p), _median(s), false / max(1, negatives))


def _errors(curves: NDArray[np.float32], batch: Batch, phase: int) -> list[float]:
    """Return the time from every labelled onset to the nearest one found (s), infinite if there is none."""
    out = []
    peaks: dict[int, NDArray[np.float64]] = {}
    for window, at in zip(batch.onsets.window[_wanted(batch, phase)], batch.onsets.at[_wanted(batch, phase)],
                          strict=True):
        if window not in peaks:
            whole, part, _ = find_peaks(curves[window], np.float32(THRESHOLD), 50, False)
            peaks[window] = whole + part
        away = np.abs(peaks[window] - at) / RATE
        out.append(float(away.min()) if len(away) else np.inf)
    return out


def _wanted(batch: Batch, phase: int) -> NDArray[np.bool_]:
    return batch.onsets.learn & (batch.onsets.phase == phase)


def _recall(errors: list[float]) -> float:
    return float(np.mean(np.array(errors) <= NEAR_S)) if errors else float("nan")


def _median(errors: list[float]) -> float:
    near = [one for one in errors if one <= NEAR_S]
    return float(np.median(near)) if near else float("nan")
