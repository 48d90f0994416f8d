"""Fitting a network to samples: schedule, early stopping, checkpoints, exact resume, a record of it all."""

from __future__ import annotations

import os
import pickle
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import quakescribe
from quakescribe.errors import TrainError, WeightsError
from quakescribe.nets.form import normalise
from quakescribe.nets.weights import Record, build, load, read_record, save
from quakescribe.run.engine import cores
from quakescribe.run.stage import code_digest, fingerprint
from quakescribe.settings.train import TrainSettings
from quakescribe.train.batches import Batch, Batches, Store
from quakescribe.train.course import draw
from quakescribe.train.validation import Scores, score

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CHECKPOINT_STEPS = 200
_MADE_BY = tuple(f"train/{name}" for name in ("augment", "batches", "fit", "targets", "validation"))
"""The files of this folder that weights depend on."""

Progress = Callable[[int, int, int, float], None]
"""Told after every step: epoch, step, steps of an epoch, loss."""


@dataclass
class _State:
    """Where fitting stands: everything that a checkpoint holds."""

    epoch: int = 0
    step: int = 0
    total: float = 0.0
    best: float = float("inf")
    since: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    weights: dict[str, Any] | None = None


def fit(store: Store, settings: TrainSettings, out: Path, data: dict[str, Any] | None = None,
        progress: Progress | None = None) -> Record:
    """Fit a network and write its weights, record and history.

    Beside ``NAME.safetensors`` and ``NAME.json`` lie ``NAME.csv``, a row per epoch, ``NAME.png``, the same drawn, and
    while fitting goes on ``NAME.checkpoint``, from which the same call goes on to the same bits after a kill. Weights
    that were fitted to the same samples with the same settings and code before are left as they are; where they are
    fitted, threads and device, does not count.

    Parameters
    ----------
    store
        Samples and marks.
    settings
        The section ``train``.
    out
        Where the weights go, NAME.safetensors.
    data
        What the samples were made from, for the record.
    progress
        Told after every step.

    Raises
    ------
    TrainError
        If there is nothing to learn from, the loss is no longer a number, or the disk is full.
    """
    import torch

    wanted = _fingerprint(store, settings)
    done = _done(out, wanted)
    if done is not None:
        return done
    device = _device(settings)
    torch.manual_seed(settings.fit.seed)
    net = _network(settings)
    train, valid = (Batches(store, split, net, settings) for split in ("train", "valid"))
    _refuse_one_class(train, valid, settings)
    net.to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.fit.learning_rate,
                                  weight_decay=settings.fit.weight_decay)
    with _threads(settings.fit.threads):
        state = _resume(out, wanted, net, optimizer, device)
        while state.epoch < settings.fit.epochs and state.since < settings.fit.patience:
            _epoch(net, train, optimizer, settings, device, state, lambda: _keep(out, wanted, net, optimizer, state),
                   progress)
            scores = score(net, valid.epoch(0), device)
            _close_epoch(state, scores, net, len(train))
            _write_history(out, state)
            _keep(out, wanted, net, optimizer, state)
    net.load_state_dict({name: torch.as_tensor(value) for name, value in (state.weights or {}).items()})
    best = min(state.history, key=lambda row: row["valid_loss"])
    record = Record(
        net=settings.fit.net, options=net.options, form=net.form, data=data or {}, seed=settings.fit.seed,
        settings=settings.model_dump(mode="json"), scores=best,
        versions={"quakescribe": quakescribe.__version__, "torch": torch.__version__,
                  "python": platform.python_version(), "platform": platform.platform(), "device": device,
                  "threads": str(settings.fit.threads or cores())},
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"), made_of=wanted)
    with _full_disk(out):
        record = save(net, record, out)
        draw(pd.DataFrame(state.history), out.with_suffix(".png"))
    _checkpoint(out).unlink(missing_ok=True)
    return record


def _done(out: Path, wanted: str) -> Record | None:
    """Return the record of weights that are there already, made of the same; else None."""
    try:
        record = load(out)[1]
    except WeightsError:
        return None
    return record if record.made_of == wanted else None


def _refuse_one_class(train: Batches, valid: Batches, settings: TrainSettings) -> None:
    """Refuse samples that lack a class in a split."""
    needed = [("training", train, "positive"), ("validation", valid, "positive")]
    if settings.samples.wants_negatives:
        needed.append(("training", train, "negative"))
    for split, batches, kind in needed:
        if not (batches.kinds == kind).any():
            raise TrainError(f"no {kind} sample for {split}; both are needed: use more data, a smaller "
                             "train.samples.split_minutes, or another train.samples.valid_share")


def _network(settings: TrainSettings) -> Any:
    """Return the network to start from: random, or the weights of ``fit.init``."""
    if not settings.fit.init:
        return build(settings.fit.net)
    net, record = load(Path(settings.fit.init))
    if record.net != settings.fit.net:
        raise TrainError(f"train.fit.init = '{settings.fit.init}': weights of {record.net}, but train.fit.net = "
                         f"'{settings.fit.net}'")
    return net


def _epoch(net: Any, train: Batches, optimizer: torch.optim.Optimizer, settings: TrainSettings, device: str,
           state: _State, keep: Callable[[], None], progress: Progress | None) -> None:
    """Go through the rest of an epoch."""
    import torch

    net.train()
    for batch in train.epoch(state.epoch, state.step):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(state.epoch * len(train) + state.step, settings.fit.epochs * len(train), settings)
        optimizer.zero_grad(set_to_none=True)
        with _precision(settings, device):
            value = loss_of(scores_of(net, batch, device), batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        found = float(value.detach())
        if not np.isfinite(found):
            raise TrainError(f"epoch {state.epoch + 1}, step {state.step + 1}: the loss is {found}; the last "
                             "checkpoint is kept. Set a smaller train.fit.learning_rate, or look for bad samples")
        optimizer.step()
        state.total += found
        state.step += 1
        if progress is not None:
            progress(state.epoch, state.step, len(train), found)
        if state.step % CHECKPOINT_STEPS == 0:
            keep()


def scores_of(net: Any, batch: Batch, device: str) -> Tensor:
    """Return a network's scores of a batch, (n, 3, m), for every sample or step that it is taught."""
    import torch

    x = normalise(torch.from_numpy(batch.x).to(device), net.form)
    scores: Tensor = net.steps(x) if hasattr(net, "steps") else net(x)
    return scores.float()


def loss_of(scores: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy over the samples (or steps) of a batch that count."""
    import torch

    target, weight = (torch.from_numpy(one).to(scores.device) for one in (batch.target, batch.weight))
    each = -(target * torch.log_softmax(scores, dim=1)).sum(1)
    return (each * weight).sum() / weight.sum().clamp(min=1)


def rate_at(step: int, steps: int, settings: TrainSettings) -> float:
    """Return the learning rate of a step."""
    highest = settings.fit.learning_rate
    rise = min(1.0, (step + 1) / max(1, settings.fit.warm_up))
    if settings.fit.schedule == "constant":
        return highest * rise
    return highest * rise * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / max(1, steps)))))


def _close_epoch(state: _State, scores: Scores, net: Any, steps: int) -> None:
    row = {"epoch": float(state.epoch + 1), "train_loss": state.total / max(1, steps), **scores.as_dict()}
    state.history.append(row)
    if scores.loss < state.best:
        state.best, state.since = scores.loss, 0
        state.weights = {name: value.detach().cpu().clone() for name, value in net.state_dict().items()}
    else:
        state.since += 1
    state.epoch, state.step, state.total = state.epoch + 1, 0, 0.0


def _device(settings: TrainSettings) -> str:
    import torch

    if settings.fit.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if settings.fit.device == "cuda" and not torch.cuda.is_available():
        raise TrainError("train.fit.device = 'cuda', but PyTorch finds no GPU; set 'auto' or 'cpu'")
    return settings.fit.device


def _precision(settings: TrainSettings, device: str) -> AbstractContextManager[Any]:
    import torch

    wanted = settings.fit.precision
    half = wanted == "bfloat16" or (wanted == "auto" and device == "cuda")
    return torch.autocast(device, torch.bfloat16) if half else nullcontext()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fingerprint(store: Store, settings: TrainSettings) -> str:
    """Return a digest of what weights and checkpoints are made of: samples, settings, code, and weights to start from.

    On what they are made, threads and device, does not count.
    """
    chosen = settings.fit.model_copy(update={"threads": 0, "device": "auto", "init": ""})
    start = read_record(Path(settings.fit.init)).sha256 if settings.fit.init else ""
    return fingerprint(code_digest("nets", *_MADE_BY), settings.samples, settings.augment, chosen, start, store.samples,
                       store.marks)


def _checkpoint(out: Path) -> Path:
    return out.with_suffix(".checkpoint")


def _keep(out: Path, wanted: str, net: Any, optimizer: torch.optim.Optimizer, state: _State) -> None:
    import torch

    path = _checkpoint(out)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _full_disk(out):
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"wanted": wanted, "net": net.state_dict(), "optimizer": optimizer.state_dict(),
                    "state": vars(state)}, temporary)
        os.replace(temporary, path)


def _resume(out: Path, wanted: str, net: Any, optimizer: torch.optim.Optimizer, device: str) -> _State:
    """Return where an earlier call stopped, its weights loaded; the start if there is none of the same settings.

    A checkpoint of other settings is kept under another name.
    """
    import torch

    path = _checkpoint(out)
    if not path.exists():
        return _State()
    try:
        found = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise TrainError(f"{path}: not a checkpoint ({str(error).splitlines()[0]}); remove it to start anew") from None
    if found["wanted"] != wanted:
        os.replace(path, path.with_suffix(".other-checkpoint"))
        return _State()
    net.load_state_dict(found["net"])
    optimizer.load_state_dict(found["optimizer"])
    return _State(**found["state"])


@contextmanager
def _full_disk(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        for left in out.parent.glob(f".{out.stem}.*.tmp"):
            left.unlink(missing_ok=True)
        raise TrainError(f"{out.parent}: cannot write ({error}); what was written before is kept: make room, and the "
                         "same command goes on from the last checkpoint") from error


def _write_history(out: Path, state: _State) -> None:
    with _full_disk(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(state.history).to_csv(out.with_suffix(".csv"), index=False, float_format="%.6g")
