"""Samples on disk: a Zarr store of cut-outs, and beside it the tables that say what each is.

```
<folder>/samples.json                         the record: settings, numbers; there once all units are done
<folder>/data.zarr/<day>/<station>/data       shape (n, 3, length), float16: Z, N, E, largest sample of each cut 1
<folder>/<table>/<day>/<station>.parquet      samples, marks, skips; they carry the unit's fingerprint
```

A unit is written under a temporary name outside the store and renamed; its table ``samples`` comes last, and a unit is
there for a reader only with it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from quakescribe.errors import TrainError
from quakescribe.nets.needs import need
from quakescribe.run.stage import part
from quakescribe.run.workspace import write_text
from quakescribe.tables import MARKS, SAMPLES, SKIPS, store
from quakescribe.train.cuts import Cuts

_TABLES = {table.name: table for table in (SAMPLES, MARKS, SKIPS)}
RECORD = "samples.json"
DATA = "data.zarr"
WRITING = ".writing"
MAKES = ("marks", "skips", "samples")
"""The tables of a unit, in the order they are written."""
CHUNK, SHARD = 8, 256
"""Samples that are compressed together, and samples in one file."""


def write_unit(folder: Path, unit: str, cuts: Cuts, fingerprint: str) -> None:
    """Write a unit's samples and tables; what was there of the unit before is replaced.

    Raises
    ------
    TrainError
        If they cannot be written, for example because the disk is full. Nothing of the unit is then left.
    """
    temporary = folder / WRITING / f"{unit.replace('/', '_')}.{os.getpid()}"
    parts = [part(folder, table, unit) for table in MAKES]
    try:
        _write_array(temporary, cuts.data, fingerprint)
        for path in reversed(parts):
            path.unlink(missing_ok=True)
        target = folder / DATA / unit
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, target)
        for path, table, frame in zip(parts, MAKES, (cuts.marks, cuts.skips, cuts.samples), strict=True):
            store.write(frame, _TABLES[table], path, note=fingerprint)
    except OSError as error:
        for path in parts:
            path.unlink(missing_ok=True)
            for torn in path.parent.glob(f".{path.name}.*.tmp"):
                torn.unlink(missing_ok=True)
        raise TrainError(
            f"{folder}: cannot write the samples of {unit}: {error.strerror or error}. The station-days finished "
            "before are kept; make room and give the same command again to go on"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_array(path: Path, data: NDArray[np.float16], fingerprint: str) -> None:
    zarr = _zarr()
    from zarr.codecs import BloscCodec

    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    chunk = (CHUNK, *data.shape[1:])
    shard = (min(SHARD, -(-max(len(data), 1) // CHUNK) * CHUNK), *data.shape[1:])
    group = zarr.create_group(path, zarr_format=3, attributes={"fingerprint": fingerprint})
    codec = BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
    array = group.create_array("data", shape=data.shape, chunks=chunk, shards=shard, dtype="float16",
                               compressors=codec, dimension_names=("sample", "component", "time"))
    array[:] = data


def notes(folder: Path, unit: str) -> list[str | None]:
    """Return the fingerprints found in a unit's tables and its array; None where there is none."""
    try:
        array = json.loads((folder / DATA / unit / "zarr.json").read_text())["attributes"]["fingerprint"]
    except (FileNotFoundError, ValueError, KeyError):
        array = None
    return [*(store.read_note(part(folder, table, unit)) for table in MAKES), array]


def read_table(folder: Path, table: str, units: list[str]) -> pd.DataFrame:
    """Return the rows of a table that these units have."""
    return store.concat([store.read(part(folder, table, unit), _TABLES[table]) for unit in units], _TABLES[table])


def prepare(folder: Path, units: list[str], attributes: dict[str, Any]) -> None:
    """Make the store ready for these units: remove all others, and what a killed writer left behind."""
    zarr = _zarr()
    shutil.rmtree(folder / WRITING, ignore_errors=True)
    wanted = set(units)
    for table in reversed(MAKES):
        root = folder / table
        for path in sorted(root.rglob("*")):
            if path.is_file() and (path.suffix == ".tmp" or str(path.relative_to(root).with_suffix("")) not in wanted):
                path.unlink()
    root = folder / DATA
    for path in sorted(root.glob("*/*")):
        if path.is_dir() and str(path.relative_to(root)) not in wanted:
            shutil.rmtree(path)
    groups = {root: attributes} | {root / day: {} for day in sorted({unit.split("/")[0] for unit in units})}
    for path, told in groups.items():
        if not (path / "zarr.json").exists() or told:
            path.mkdir(parents=True, exist_ok=True)
            write_text(path / "zarr.json", json.dumps({"attributes": told, "zarr_format": zarr_format(zarr),
                                                       "node_type": "group"}, indent=1) + "\n")
    for path in sorted(root.glob("*")):
        if path.is_dir() and path not in groups:
            shutil.rmtree(path)


def zarr_format(zarr: Any) -> int:
    """Return the version of the format that is written."""
    if int(zarr.__version__.split(".")[0]) < 3:
        raise TrainError(f"samples need zarr 3 or newer, found {zarr.__version__}: pip install 'quakescribe[ai]'")
    return 3


def _zarr() -> Any:
    need("making samples", "zarr", error=TrainError)
    import zarr

    return zarr


class SampleStore:
    """Finished samples, read a batch at a time; never all in memory. Can be pickled and sent to loading processes."""

    def __init__(self, folder: Path | str, cache_chunks: int = 256) -> None:
        """Open a folder of samples.

        Raises
        ------
        TrainError
            If there are none, or they are not finished.
        """
        self.folder = Path(folder)
        self.cache_chunks = cache_chunks
        path = self.folder / RECORD
        if not path.is_file():
            raise TrainError(f"{self.folder}: no finished samples here; give the command that makes them (again)")
        self.record: dict[str, Any] = dict(json.loads(path.read_text()))
        self._forget()

    def _forget(self) -> None:
        self._arrays: dict[str, Any] = {}
        self._chunks: OrderedDict[tuple[str, int], NDArray[np.float16]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_arrays", "_chunks")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def sampling_rate(self) -> float:
        """Rate of the samples (Hz)."""
        return float(self.record["sampling_rate_hz"])

    @property
    def length(self) -> int:
        """Samples per component of one cut."""
        return int(self.record["length"])

    @cached_property
    def samples(self) -> pd.DataFrame:
        """Table SAMPLES."""
        return self._table("samples")

    @cached_property
    def marks(self) -> pd.DataFrame:
        """Table MARKS."""
        return self._table("marks")

    @cached_property
    def skips(self) -> pd.DataFrame:
        """Table SKIPS."""
        return self._table("skips")

    def _table(self, name: str) -> pd.DataFrame:
        root = self.folder / name
        return read_table(self.folder, name, sorted(str(path.relative_to(root).with_suffix(""))
                                                    for path in root.rglob("*.parquet")))

    @cached_property
    def _where(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        code, units = pd.factorize(self.samples["unit"], sort=True)
        return list(units.astype(str)), code.astype(np.int64), self.samples["row"].to_numpy(np.int64)

    def read(self, rows: ArrayLike) -> NDArray[np.float32]:
        """Return shape (n, 3, length): the cuts of these rows of ``samples``, in this order, largest sample 1."""
        wanted = np.asarray(rows, dtype=np.int64).reshape(-1)
        units, code, row = self._where
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < len(row)):
            raise IndexError(f"{self.folder}: rows must lie in [0, {len(row)})")
        out = np.empty((len(wanted), 3, self.length), dtype=np.float32)
        unit, at = code[wanted], row[wanted]
        order = np.lexsort((at, unit))
        keys = np.stack([unit[order], at[order] // CHUNK], axis=1)
        breaks = np.flatnonzero((keys[1:] != keys[:-1]).any(axis=1)) + 1
        for mine in np.split(order, breaks) if len(order) else ():
            number = int(at[mine[0]] // CHUNK)
            out[mine] = self._chunk(units[unit[mine[0]]], number)[at[mine] - number * CHUNK]
        return out

    def _chunk(self, unit: str, number: int) -> NDArray[np.float16]:
        key = (unit, number)
        if key in self._chunks:
            self._chunks.move_to_end(key)
            return self._chunks[key]
        if unit not in self._arrays:
            path = self.folder / DATA / unit / "data"
            try:
                self._arrays[unit] = _zarr().open_array(path, mode="r")
            except (FileNotFoundError, ValueError) as error:
                raise TrainError(f"{path}: cannot be read ({error}); give the command that makes the samples "
                                 "again") from error
        chunk = np.asarray(self._arrays[unit][number * CHUNK:(number + 1) * CHUNK])
        self._chunks[key] = chunk
        while len(self._chunks) > self.cache_chunks:
            self._chunks.popitem(last=False)
        return chunk
