"""What is trained on and what is held out: time is cut into blocks, and a block is one or the other as a whole."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from quakescribe.settings.train import SamplesSettings

_MINUTE_NS = 60_000_000_000
SPLITS = ("train", "valid")


def split_of(time_ns: int, settings: SamplesSettings) -> str:
    """Return the split of the block that holds a time (ns after 1970)."""
    return _split(settings.seed, settings.valid_share, time_ns // (settings.split_minutes * _MINUTE_NS))


def one_split(start_ns: int, end_ns: int, settings: SamplesSettings) -> bool:
    """Say whether [start, end) touches blocks of one split only."""
    length = settings.split_minutes * _MINUTE_NS
    return len({split_of(block * length, settings)
                for block in range(start_ns // length, (end_ns - 1) // length + 1)}) == 1


def boundaries(start_ns: int, end_ns: int, settings: SamplesSettings) -> NDArray[np.int64]:
    """Return the times within (start, end) at which one split ends and the other begins."""
    length = settings.split_minutes * _MINUTE_NS
    edges = range(start_ns // length * length + length, end_ns, length)
    return np.array([edge for edge in edges if split_of(edge - 1, settings) != split_of(edge, settings)], np.int64)


@functools.lru_cache(maxsize=100_000)
def _split(seed: int, valid_share: float, block: int) -> str:
    """Of every 1 / valid_share blocks in a row one, drawn by the seed, is validation: also of a few there is one."""
    size = max(2, round(1 / valid_share))
    group, place = divmod(block, size)
    digest = hashlib.blake2b(f"split/{seed}/{group}".encode(), digest_size=8).digest()
    return SPLITS[int.from_bytes(digest, "little") % size == place]
