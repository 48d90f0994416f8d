"""A station in a swarm: events with P, S and coda in noise; and a loader that cuts blocks as prepare.load does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from quakescribe.waveforms.block import Block

DAY = 1_562_198_400
TILE_S, LEAD_S = 600, 30
SECOND = 1_000_000_000


def events(seconds, times, sps, sizes, fs=100.0, seed=1, noise=1.0):
    """Return (3, n) samples, rows Z, N, E: P mostly on Z, S mostly on N and E, each with a decaying random coda."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, round(seconds * fs))) * noise
    for t, sp, size in zip(times, sps, sizes, strict=True):
        for onset, weight in ((t, (0.5, 0.15, 0.15)), (t + sp, (0.4, 1.0, 1.0))):
            begin = round(onset * fs)
            m = min(round(12 * fs), x.shape[1] - begin)
            if m <= 0:
                continue
            age = np.arange(m) / fs
            smooth = np.apply_along_axis(lambda row: np.convolve(row, np.ones(5) / 5, "same"), 1,
                                         rng.standard_normal((3, m)))
            x[:, begin:begin + m] += np.array(weight)[:, None] * size * noise * 3 * smooth * np.exp(-age / 1.5)
    return x.astype(np.float32)


def swarm(seconds=1500.0, every=9.0, fs=100.0, seed=1):
    """Return (3, n) samples of a dense swarm: sizes over two orders of magnitude, events in each other's coda."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(every, int(seconds / every)))
    times = times[times < seconds - 5]
    return events(seconds, times, rng.uniform(0.8, 8.0, len(times)), 10 ** rng.uniform(0.3, 2.5, len(times)), fs, seed)


@dataclass
class Recording:
    """Samples from a time on; `load` gives them as the real loader would, `asked` remembers what it was asked for."""

    x: np.ndarray
    fs: float = 100.0
    start: float = DAY - 700.0
    mask: np.ndarray | None = None
    present: str = "ZNE"
    unit: str = "m/s"
    clip: float = np.inf
    asked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def start_ns(self) -> int:
        return int(self.start * SECOND)

    @property
    def end_ns(self) -> int:
        return self.start_ns + int(self.x.shape[1] / self.fs * SECOND)

    def load(self, start_ns, end_ns):
        """Return the block of [start_ns, end_ns) with the lead of its first tile; none if nothing was recorded."""
        self.asked.append((start_ns, end_ns))
        tile_s = start_ns // (TILE_S * SECOND) * TILE_S
        begin = int(np.ceil((tile_s - LEAD_S) * self.fs))
        asked, stop = (int(np.ceil(ns / SECOND * self.fs)) for ns in (start_ns, end_ns))
        data = np.zeros((3, stop - begin), dtype=np.float32)
        mask = np.ones(data.shape, dtype=bool)
        first = round(self.start * self.fs)
        low, high = max(begin, first), min(stop, first + self.x.shape[1])
        if high <= low:
            return []
        here, there = slice(low - begin, high - begin), slice(low - first, high - first)
        data[:, here] = self.x[:, there]
        mask[:, here] = False if self.mask is None else self.mask[:, there]
        for c, name in enumerate("ZNE"):
            if name not in self.present:
                data[c], mask[c] = 0.0, True
        if mask.all():
            return []
        data[mask] = 0.0
        return [Block("XX.SIM.", self.fs, begin, data, mask, np.broadcast_to(np.int64(0), data.shape[1]), self.unit,
                      self.present, np.full(3, self.clip), lead=asked - begin)]
