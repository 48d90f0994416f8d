"""How every kernel is compiled: to machine code, without the GIL, kept on disk until any kernel's source changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

F = TypeVar("F", bound=Callable[..., Any])


def _cache() -> str:
    """Return the folder of compiled kernels: one per state of their source.

    numba watches only the file a function stands in, not the files of the functions it calls, so a kernel would stay
    as it was when another one that it calls has changed.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    home = os.environ.get("NUMBA_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "quakescribe"
    )
    return os.path.join(home, digest.hexdigest()[:16])


_CACHE = _cache()


def kernel(function: F) -> F:
    """Compile a function when it is first called; a second start finds the machine code on disk."""
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = _CACHE  # type: ignore[attr-defined]
    try:
        return njit(cache=True, nogil=True)(function)  # type: ignore[return-value]
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]
