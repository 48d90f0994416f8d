"""Weights on disk: a safetensors file, and beside it a record of what they are and where they come from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quakescribe.errors import WeightsError
from quakescribe.nets.form import Form

if TYPE_CHECKING:
    from torch import nn

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Record:
    """What is known of trained weights.

    Attributes
    ----------
    net
        The architecture, one of `NETS`.
    options
        Arguments the network is built with.
    form
        What it takes and gives.
    sha256
        Of the safetensors file.
    data
        What it was trained on: run, picker of the labels, stations, region, span of time, numbers of samples.
    settings
        The section ``train`` as used.
    scores
        Loss and rates on the validation samples.
    versions
        quakescribe, torch, Python, platform.
    seed, licence, trained_at
        The seed; the licence of the weights; date and time (UTC).
    made_of
        Digest of the samples and settings: fitting on the same ones again is not done.
    """

    net: str
    options: dict[str, Any]
    form: Form
    sha256: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    licence: str = "as the recordings it was trained on"
    trained_at: str = ""
    made_of: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return asdict(self)


def _sar(**options: Any) -> nn.Module:
    from quakescribe.nets.sar import Sar

    return Sar(**options)


def _sar_published(**options: Any) -> nn.Module:
    from quakescribe.nets.sar import SarPublished

    return SarPublished(**options)


def _phasenet(**options: Any) -> nn.Module:
    from quakescribe.nets.phasenet import PhaseNet

    return PhaseNet(**options)


NETS: dict[str, Callable[..., nn.Module]] = {"sar": _sar, "sar-published": _sar_published, "phasenet": _phasenet}
"""The architectures that can be trained."""


def build(net: str, options: dict[str, Any] | None = None) -> nn.Module:
    """Return a network with random weights."""
    if net not in NETS:
        raise WeightsError(f"no network '{net}'; known: {', '.join(NETS)}")
    return NETS[net](**(options or {}))


def save(module: nn.Module, record: Record, path: Path) -> Record:
    """Write weights and record under temporary names and rename them; return the record with its digest."""
    from safetensors.torch import save as to_bytes

    path = _checked(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = to_bytes({name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()})
    record = replace(record, sha256=hashlib.sha256(content).hexdigest())
    text = json.dumps(record.as_dict(), indent=1, default=str) + "\n"
    for target, data in ((path, content), (record_of(path), text.encode())):
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        temporary.write_bytes(data)
        os.replace(temporary, target)
    return record


def load(path: Path) -> tuple[nn.Module, Record]:
    """Read weights and their record, and check that they belong together.

    Raises
    ------
    WeightsError
        If a file is missing or unreadable, the digest differs from the record's, or the architecture does not fit.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    record = read_record(path)
    content = Path(path).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != record.sha256:
        raise WeightsError(f"{path}: its SHA-256 is {found[:16]}..., its record says {record.sha256[:16]}...: the two "
                           "files do not belong together; copy both from where they were trained")
    try:
        module = build(record.net, record.options)
        module.load_state_dict(from_bytes(content))
    except (SafetensorError, RuntimeError, TypeError, AssertionError) as error:
        raise WeightsError(f"{path}: not weights of {record.net} {record.options}: "
                           f"{str(error).splitlines()[0]}") from None
    return module.eval(), record


def read_record(path: Path) -> Record:
    """Read the record beside a weights file."""
    path = _checked(path)
    beside = record_of(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights; 'quakescribe train' makes them, pick.network.weights names them")
    if not beside.is_file():
        raise WeightsError(f"{path}: its record {beside.name} is missing; it says what network the weights belong to")
    try:
        values = json.loads(beside.read_text(encoding="utf-8"))
        return Record(**{**values, "form": Form.of(values["form"])})
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{beside}: not a record of weights: {error}") from None


def record_of(path: Path) -> Path:
    """Return where the record of a weights file lies."""
    return Path(path).with_suffix(".json")


def _checked(path: Path) -> Path:
    if Path(path).suffix != SUFFIX:
        raise WeightsError(f"{path}: weights are a {SUFFIX} file")
    return Path(path)
