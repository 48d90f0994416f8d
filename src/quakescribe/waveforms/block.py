"""A block: three aligned components of one station over one stretch of time, with the mask that travels with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Block:
    """Samples on the absolute grid of their rate, raw or filtered.

    Sample ``i`` of every array was taken at ``(first + i) / sampling_rate`` seconds after 1970-01-01T00:00:00 UTC,
    plus ``offset_ns[i]`` nanoseconds: the grid is the same wherever the recording was cut, and the offset (smaller
    than half a sample, constant over a contiguous run) keeps the digitiser's true time.

    Attributes
    ----------
    station_id
        NET.STA.LOC.
    sampling_rate
        Hz.
    first
        Grid index of sample 0.
    data
        Shape (3, n), float32 or float64, rows Z, N, E in ``unit``; rows of absent components are zero.
    mask
        Shape (3, n), bool; True where there is no valid sample. No result may rest on a masked sample.
    offset_ns
        Shape (n,), int64, of the vertical component (or of the first present one).
    unit
        'm/s' where a gain is known ('m/s**2' of accelerometers and 'm' until the band-pass turns them into 'm/s'),
        'counts' where it is not.
    present
        Which of 'Z', 'N', 'E' were recorded, in this order, e.g. 'ZNE' or 'Z'.
    clip
        Shape (3,), float64: absolute amplitude, in ``unit``, above which a sample may be clipped; inf if unknown.
    lead
        Samples at the start that were not asked for: they only let the band-pass start canonically, and it masks them.
    """

    station_id: str
    sampling_rate: float
    first: int
    data: NDArray[np.floating]
    mask: NDArray[np.bool_]
    offset_ns: NDArray[np.int64]
    unit: str
    present: str
    clip: NDArray[np.float64]
    lead: int = 0

    @property
    def n(self) -> int:
        """Number of samples per component."""
        return int(self.data.shape[1])

    def time_ns(self, index: float) -> int:
        """Return the time of a (fractional) sample index in nanoseconds after 1970."""
        nearest = min(max(round(index), 0), self.n - 1)
        whole, part = divmod(self.first + nearest, self.sampling_rate)
        grid = int(whole) * 1_000_000_000 + round(part / self.sampling_rate * 1e9)
        return grid + int(self.offset_ns[nearest]) + round((index - nearest) / self.sampling_rate * 1e9)

    def index(self, time_ns: int) -> int:
        """Return the index of the grid sample nearest to a time (ns after 1970); may lie outside [0, n)."""
        return grid_index(time_ns, self.sampling_rate) - self.first


def lone_horizontal(present: str) -> int:
    """Return the row (1 or 2 of Z, N, E) of the only horizontal that is present; 0 if there are two or none."""
    return 0 if ("N" in present) == ("E" in present) else 1 if "N" in present else 2


def grid_index(time_ns: int, sampling_rate: float) -> int:
    """Return the index, counted from 1970, of the grid sample nearest to a time."""
    seconds, rest = divmod(int(time_ns), 1_000_000_000)
    base = seconds * sampling_rate
    return round(base) + round(rest * 1e-9 * sampling_rate + (base - round(base)))
