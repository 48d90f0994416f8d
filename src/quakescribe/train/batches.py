"""Batches of samples for training: order, variation and targets follow from the seed, the epoch and the step alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.nets.form import Form
from quakescribe.settings.train import TrainSettings
from quakescribe.train import augment, targets
from quakescribe.train.targets import Onsets

RATE = 100.0
GROUP = 1024  # samples that are shuffled among each other; they lie together on disk
Ints = NDArray[np.int64]
Marks = tuple[NDArray[np.float64], Ints, NDArray[np.bool_]]
NOISE_POOL = 512  # background samples held in memory during an epoch


class Store(Protocol):
    """Where samples come from: :class:`quakescribe.train.store.SampleStore`."""

    @property
    def samples(self) -> pd.DataFrame:
        """The table SAMPLES."""
        ...

    @property
    def marks(self) -> pd.DataFrame:
        """The table MARKS."""
        ...

    def read(self, rows: Ints) -> NDArray[np.float32]:
        """Return the samples of some rows of the table, (n, 3, length)."""
        ...


@dataclass(frozen=True)
class Batch:
    """Windows (n, 3, window), not yet normalised; targets (n, 3, m) and weights (n, m); which are positives."""

    x: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: NDArray[np.float32]
    positive: NDArray[np.bool_]
    onsets: Onsets


class Batches:
    """All batches of one split of a store."""

    def __init__(self, store: Store, split: str, net: Any, settings: TrainSettings) -> None:
        self._store, self._net, self._settings = store, net, settings
        self._form: Form = net.form
        table = store.samples
        self._mine = np.flatnonzero((table["split"] == split) & (table["kind"] != "noise"))
        self._noise = np.flatnonzero((table["split"] == split) & (table["kind"] == "noise"))
        self._kind = table["kind"].to_numpy(dtype=object)
        self._station = table["station_id"].to_numpy(dtype=object)
        self._unit = table["unit"].to_numpy(dtype=object)
        start: Ints = table["start"].to_numpy("datetime64[ns]").view(np.int64)
        self._p, self._s = (_samples(table[name], start) for name in ("p_time", "s_time"))
        self._marks = _marks_by_row(store.marks, table["sample_id"].to_numpy(), start)
        self._varied = split == "train"
        self._copies = settings.samples.copies if self._varied else 1

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self.windows // self._settings.fit.batch)

    @property
    def kinds(self) -> NDArray[np.object_]:
        """Of every sample of the split, 'positive' or 'negative'."""
        return self._kind[self._mine]

    @property
    def positives(self) -> int:
        """The number of positives of the split."""
        return int((self.kinds == "positive").sum())

    @property
    def windows(self) -> int:
        """The number of windows of an epoch: every positive ``copies`` times, every negative once."""
        return len(self._mine) + (self._copies - 1) * self.positives

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from number `first` on."""
        order = self._order(epoch)
        pool = self._pool(epoch)
        size = self._settings.fit.batch
        for number in range(first, len(self)):
            yield self._batch(order[number * size:(number + 1) * size], pool, self._random(2, epoch, number))

    def _random(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([self._settings.fit.seed, *what])

    def _order(self, epoch: int) -> Ints:
        """Return the rows of an epoch: groups that lie together on disk in random order, shuffled within."""
        if not self._varied:
            return self._mine
        random = self._random(0, epoch)
        copies = np.where(self.kinds == "positive", self._copies, 1)
        rows = np.repeat(self._mine, copies)
        groups = [rows[i:i + GROUP] for i in range(0, len(rows), GROUP)]
        return np.concatenate([random.permutation(groups[k]) for k in random.permutation(len(groups))] or [rows])

    def _pool(self, epoch: int) -> tuple[NDArray[np.float32], Ints] | None:
        """Return background samples of an epoch, and their rows."""
        if not self._varied or not len(self._noise) or not self._settings.augment.noise_share:
            return None
        random = self._random(1, epoch)
        rows = np.sort(random.permutation(self._noise)[:NOISE_POOL])
        return self._store.read(rows), rows

    def _batch(self, rows: Ints, pool: tuple[NDArray[np.float32], Ints] | None,
               random: np.random.Generator) -> Batch:
        pieces = augment.Pieces(self._store.read(rows), self._p[rows], self._s[rows], self._onsets(rows),
                                self._station[rows])
        noise = None if pool is None else self._background(pool, rows, random)
        x, onsets = augment.windows(pieces, self._form.window, RATE, self._settings.augment,
                                    random if self._varied else None, noise)
        fit = self._settings.fit
        if hasattr(self._net, "steps"):
            n_steps = (self._form.window - self._net.frame) // self._net.step + 1
            target, weight = targets.steps(onsets, len(x), n_steps, self._net.step, self._net.frame,
                                           fit.ignore_s * RATE)
        else:
            target, weight = targets.curves(onsets, len(x), self._form.window, fit.label_sigma_s * RATE,
                                            fit.ignore_s * RATE)
        return Batch(x, target, weight, self._kind[rows] == "positive", onsets)

    def _background(self, pool: tuple[NDArray[np.float32], Ints], rows: Ints,
                    random: np.random.Generator) -> NDArray[np.float32]:
        """Return background for every row: of its station and day, else of its station, else zeros."""
        x, of = pool
        out = np.zeros((len(rows), *x.shape[1:]), dtype=np.float32)
        for k, row in enumerate(rows):
            same = np.flatnonzero(self._unit[of] == self._unit[row])
            if not len(same):
                same = np.flatnonzero(self._station[of] == self._station[row])
            if len(same):
                out[k] = x[same[random.integers(len(same))]]
        return out

    def _onsets(self, rows: Ints) -> Onsets:
        found = ((k, self._marks[row]) for k, row in enumerate(rows) if row in self._marks)
        return Onsets.together([Onsets(np.full(len(at), k), at, phase, learn) for k, (at, phase, learn) in found])


def _samples(times: pd.Series, start: Ints) -> NDArray[np.float64]:
    """Return times as samples after the start; NaN where there is none."""
    known = times.notna().to_numpy()
    ns = times.to_numpy("datetime64[ns]").view(np.int64)
    return np.where(known, (ns - start) * 1e-9 * RATE, np.nan)


def _marks_by_row(marks: pd.DataFrame, ids: Ints, start: Ints) -> dict[int, Marks]:
    """Return place (samples), phase (1 = P, 2 = S) and whether to be learned of the marks of every sample with any."""
    order = np.argsort(ids, kind="stable")
    rows = order[np.searchsorted(ids[order], marks["sample_id"].to_numpy())]
    after_ns = marks["time"].to_numpy("datetime64[ns]").view(np.int64) - start[rows]
    at = after_ns.astype(np.float64) * (1e-9 * RATE)
    phase = np.where(marks["phase"] == "P", targets.P, targets.S).astype(np.int64)
    learn: NDArray[np.bool_] = (marks["use"] == "label").to_numpy(bool)
    by_row = np.argsort(rows, kind="stable")
    ends = np.flatnonzero(np.diff(rows[by_row])) + 1
    return {int(rows[k[0]]): (at[k], phase[k], learn[k]) for k in np.split(by_row, ends) if len(k)}
