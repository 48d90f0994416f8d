"""Weights of small networks that pick the events of `swarm.py`: made once by this script, kept in tests/data.

    python tests/reference/tiny.py [sar sar-published phasenet]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from swarm import DAY, Recording, events

from quakescribe.nets.form import normalise
from quakescribe.nets.weights import Record, build, save
from quakescribe.train.targets import Onsets, curves, steps
from quakescribe.waveforms.prepare import bandpass

DATA = Path(__file__).parents[1] / "data"
OPTIONS = {"sar": {"hidden": 24}, "sar-published": {"hidden": 24}, "phasenet": {}}
SECONDS, STEPS, BATCH = 4000.0, 500, 32


def weights(net: str) -> Path:
    """Return where the weights of a network lie."""
    return DATA / f"tiny_{net.replace('-', '_')}.safetensors"


def recording(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return band-passed samples, and the samples of all P and S."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(4.0, 20.0, 400))
    times = times[times < SECONDS - 20]
    sps = rng.uniform(0.8, 8.0, len(times))
    x = events(SECONDS, times, sps, 10 ** rng.uniform(0.3, 2.5, len(times)), seed=seed)
    block = Recording(x, start=float(DAY)).load(DAY * 10**9, int((DAY + SECONDS) * 1e9))[0]
    data = bandpass(block, 1.0, 20.0).data[:, block.lead:]
    return data, times * 100, (times + sps) * 100


def target_of(net: torch.nn.Module, marks: Onsets) -> torch.Tensor:
    """Return what the network shall answer for a batch."""
    if hasattr(net, "steps"):
        count = (net.form.window - net.frame) // net.step + 1
        return torch.from_numpy(steps(marks, BATCH, count, net.step, net.frame, 0.0)[0])
    return torch.from_numpy(curves(marks, BATCH, net.form.window, 10.0, 0.0)[0])


def make(name: str) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = build(name, OPTIONS[name])
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    made = [recording(seed) for seed in range(10, 14)]
    n = net.form.window
    for step in range(STEPS):
        x, window, at, phase = [], [], [], []
        for k in range(BATCH):
            data, p, s = made[rng.integers(len(made))]
            begin = int(rng.integers(1000, data.shape[1] - n))
            x.append(data[:, begin:begin + n])
            for kind, onsets in ((1, p), (2, s)):
                for one in onsets[(onsets >= begin) & (onsets < begin + n)]:
                    window.append(k)
                    at.append(one - begin)
                    phase.append(kind)
        marks = Onsets(np.array(window), np.array(at), np.array(phase), np.ones(len(at), bool))
        prepared = normalise(torch.from_numpy(np.stack(x)), net.form)
        scores = net.steps(prepared) if hasattr(net, "steps") else net(prepared)
        loss = -(target_of(net, marks) * torch.log_softmax(scores, 1)).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * 0.5 * (1 + np.cos(np.pi * step / STEPS))
        optimizer.step()
        if step % 50 == 0:
            print(name, step, loss.item())
    save(net, Record(name, net.options, net.form, data={"source": "tests/reference/swarm.py"}, seed=0), weights(name))


if __name__ == "__main__":
    for given in sys.argv[1:] or OPTIONS:
        make(given)
