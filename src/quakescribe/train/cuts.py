"""One unit of work, a station and day: load, filter, cut out what was asked for, and say what was left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quakescribe.settings.train import SamplesSettings
from quakescribe.tables import MARKS, SAMPLES, SKIPS
from quakescribe.train import negatives, split
from quakescribe.train.extract import Cut, cut_out, runs_of
from quakescribe.waveforms.block import Block, lone_horizontal
from quakescribe.waveforms.prepare import bandpass

STAGE = "train"
LOW_HZ, HIGH_HZ, RATE_HZ = 1.0, 20.0, 100.0
MASKED_SHARE = 0.05
WHOLE_BEFORE_P_S, WHOLE_AFTER_S_S = 1.0, 2.0
_MARGIN_NS = 2_000_000_000
DETAILS = {
    "gap": "positives with a gap between P and S, or with too much of the cut missing",
    "no-vertical": "positives without a live vertical component",
    "dead": "cuts in which nothing moves",
    "other-split": "positives so close to the end of a block of time that they reach into what is held out",
    "not-placed-negative": "negatives for which no free stretch of the recording was found",
    "not-placed-noise": "background cuts for which no free stretch of the recording was found",
}

Load = Callable[[int, int], list[Block]]


@dataclass(frozen=True)
class Wanted:
    """What is to be cut out at one station in one span of time. All times in ns after 1970.

    Attributes
    ----------
    unit
        Name of the unit: day/station.
    pairs, marks, quakes
        As in :class:`quakescribe.train.labels.Labels`, of this station: the pairs whose P lies in the span; marks and
        quakes also beyond it, as far as a cut and an earthquake reach.
    negatives
        How many are to be drawn.
    source
        Where the labels come from.
    """

    unit: str
    station_id: str
    start_ns: int
    end_ns: int
    pairs: pd.DataFrame
    marks: pd.DataFrame
    quakes: pd.DataFrame
    negatives: int
    source: str


class Cuts(NamedTuple):
    """Tables SAMPLES, MARKS and SKIPS, and the samples: shape (n, 3, length), float16, largest of each 1."""

    samples: pd.DataFrame
    marks: pd.DataFrame
    data: NDArray[np.float16]
    skips: pd.DataFrame


def cut_unit(load: Load, wanted: Wanted, settings: SamplesSettings, replace: bool = True, low_hz: float = LOW_HZ,
             high_hz: float = HIGH_HZ, rate: float = RATE_HZ) -> Cuts:
    """Cut out the positives, negatives and background of one station-day.

    Parameters
    ----------
    load
        Gives the raw blocks of the station between two times (ns after 1970); asked for more than the span.
    replace
        Whether a horizontal that was not recorded is replaced by the one that was, as when picking.
    low_hz, high_hz, rate
        Band (Hz) of the causal band-pass, and rate (Hz) of the samples.
    """
    n = round(settings.cut_s * rate)
    reach = round(settings.cut_s / 2 * 1e9) + _MARGIN_NS
    blocks = [bandpass(block, low_hz, high_hz)
              for block in load(wanted.start_ns - reach, wanted.end_ns + reach)]
    skips: Counter[str] = Counter()
    rows: list[tuple[dict[str, Any], Cut]] = []
    for pair in wanted.pairs.itertuples(index=False):
        found = _positive(blocks, pair, wanted.source, n, rate, settings)
        if isinstance(found, str):
            skips[found] += 1
        else:
            rows.append(found)
    drawn = _Drawn.of(blocks, wanted, settings, n, rate)
    for kind, number in (("negative", wanted.negatives), ("noise", settings.noise_per_day)):
        places = drawn.places(kind, number)
        skips[f"not-placed-{kind}"] += number - len(places)
        for place in places:
            cut = drawn.cut(int(place))
            row = {"kind": kind, "split": split.split_of(int(place), settings), "event_id": 0, "p_time": None,
                   "s_time": None, "snr": np.nan, "source": wanted.source}
            rows.append((row, cut))
    return _tables(rows, skips, wanted, settings, replace, n, rate)


def _positive(blocks: list[Block], pair: Any, source: str, n: int, rate: float,
              settings: SamplesSettings) -> tuple[dict[str, Any], Cut] | str:
    """Return the row and the cut of a pair, or the reason why there is none."""
    block = next((one for one in blocks if _valid_at(one, pair.p_ns)), None)
    if block is None:
        return "gap" if any("Z" in one.present for one in blocks) else "no-vertical"
    cut = cut_out(block, pair.p_ns, n, rate)
    if not split.one_split(cut.start_ns, cut.start_ns + round(n / rate * 1e9), settings):
        return "other-split"
    first, last = ((ns - cut.start_ns) * 1e-9 * rate for ns in (
        pair.p_ns - round(WHOLE_BEFORE_P_S * 1e9), pair.s_ns + round(WHOLE_AFTER_S_S * 1e9)))
    mask = cut.mask[cut.rows]
    if mask[:, max(int(first), 0):int(np.ceil(last)) + 1].any() or mask.mean() > MASKED_SHARE:
        return "gap"
    if not cut.data.any():
        return "dead"
    row = {"kind": "positive", "split": split.split_of(pair.p_ns, settings), "event_id": pair.event_id,
           "p_time": pair.p_ns, "s_time": pair.s_ns, "snr": pair.snr, "source": f"{source}/{pair.picker}"}
    return row, cut


def _valid_at(block: Block, ns: int) -> bool:
    at = block.index(ns)
    return 0 <= at < block.n and "Z" in block.present and not block.mask[0, at]


@dataclass(frozen=True)
class _Drawn:
    """Where windows without an earthquake may be drawn, and how they are cut out."""

    blocks: list[Block]
    wanted: Wanted
    runs: NDArray[np.int64]
    owner: NDArray[np.int64]
    closed: NDArray[np.int64]
    n: int
    rate: float
    seed: int

    @classmethod
    def of(cls, blocks: list[Block], wanted: Wanted, settings: SamplesSettings, n: int, rate: float) -> _Drawn:
        """Find the recorded and the forbidden stretches of a span."""
        found = [runs_of(block, wanted.start_ns, wanted.end_ns) for block in blocks]
        runs = np.concatenate([np.empty((0, 2), np.int64), *found])
        owner = np.repeat(np.arange(len(found)), [len(one) for one in found])
        order = np.argsort(runs[:, 0], kind="stable")
        edges = split.boundaries(wanted.start_ns, wanted.end_ns, settings)
        slowest = min((block.sampling_rate for block in blocks), default=rate)
        closed = negatives.forbidden(wanted.quakes, edges, round(n / rate * 1e9), round(1e9 / min(slowest, rate)),
                                     settings)
        return cls(blocks, wanted, runs[order], owner[order], closed, n, rate, settings.seed)

    def places(self, kind: str, number: int) -> NDArray[np.int64]:
        """Return the times (ns) at which the windows of a kind begin."""
        day = pd.Timestamp(self.wanted.start_ns).strftime("%Y-%m-%d")
        random = negatives.generator(self.seed, kind, self.wanted.station_id, day)
        return negatives.draw(number, self.runs, self.closed, round(self.n / self.rate * 1e9),
                              round(1e9 / self.rate), random)

    def cut(self, place: int) -> Cut:
        """Return the window that begins at the sample nearest to a time (ns)."""
        block = self.blocks[self.owner[np.searchsorted(self.runs[:, 0], place, "right") - 1]]
        return cut_out(block, place + round(self.n // 2 / self.rate * 1e9), self.n, self.rate)


def _tables(rows: list[tuple[dict[str, Any], Cut]], skips: Counter[str], wanted: Wanted, settings: SamplesSettings,
            replace: bool, n: int, rate: float) -> Cuts:
    """Name, order and scale the cuts; find the marks in each."""
    alike: Counter[tuple[str, int]] = Counter()
    named = []
    for row, cut in rows:
        scale = float(np.abs(cut.data).max(initial=0.0))
        if not scale > 0:
            skips["dead"] += 1
            continue
        key = (str(row["kind"]), cut.start_ns)
        row |= {"sample_id": sample_id(wanted.station_id, *key, alike[key]), "start": cut.start_ns, "scale": scale,
                "present": cut.present}
        alike[key] += 1
        named.append((row, cut))
    named.sort(key=lambda one: (one[0]["start"], one[0]["kind"], one[0]["sample_id"]))
    data = np.zeros((len(named), 3, n), dtype=np.float16)
    for i, (row, cut) in enumerate(named):
        data[i] = cut.data / np.float32(row["scale"])
        if replace and (there := lone_horizontal(cut.present)):
            data[i, 3 - there] = data[i, there]
    listed = [row for row, _ in named]
    return Cuts(_samples(listed, wanted), _marks(listed, wanted.marks, round(n / rate * 1e9), settings), data,
                _skips(skips, wanted))


def sample_id(station_id: str, kind: str, start_ns: int, copy: int = 0) -> int:
    """Return the id of a sample: the same for the same station, kind, first sample and copy; in [1, 2**63)."""
    digest = hashlib.blake2b(f"{station_id}/{kind}/{start_ns}/{copy}".encode(), digest_size=8).digest()
    return max(int.from_bytes(digest, "little") >> 1, 1)


def _samples(rows: list[dict[str, Any]], wanted: Wanted) -> pd.DataFrame:
    if not rows:
        return SAMPLES.empty()
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    for name in ("start", "p_time", "s_time"):
        columns[name] = pd.to_datetime(pd.Series(columns[name], dtype="Int64"), unit="ns", utc=True)
    columns |= {"station_id": [wanted.station_id] * len(rows), "unit": [wanted.unit] * len(rows),
                "row": np.arange(len(rows))}
    return SAMPLES.make(columns)


def _marks(rows: list[dict[str, Any]], marks: pd.DataFrame, length_ns: int, settings: SamplesSettings) -> pd.DataFrame:
    """Return the marks within each sample; as published, what was drawn as background is background throughout."""
    marks = marks.sort_values(["time_ns", "phase"], kind="stable")
    time = marks["time_ns"].to_numpy(np.int64)
    told = [row for row in rows if row["kind"] == "positive" or settings.keep_quakes_out]
    start = np.array([row["start"] for row in told], dtype=np.int64)
    low, high = np.searchsorted(time, start), np.searchsorted(time, start + length_ns)
    at = np.concatenate([np.empty(0, np.int64), *(np.arange(a, b) for a, b in zip(low, high, strict=True))])
    if not len(at):
        return MARKS.empty()
    ids = np.repeat(np.array([row["sample_id"] for row in told], dtype=np.int64), high - low)
    return MARKS.make({"sample_id": ids, "phase": marks["phase"].to_numpy()[at],
                       "time": pd.to_datetime(time[at], utc=True), "use": marks["use"].to_numpy()[at]})


def _skips(counts: Counter[str], wanted: Wanted) -> pd.DataFrame:
    words = sorted(word for word, count in counts.items() if count)
    if not words:
        return SKIPS.empty()
    n = len(words)
    return SKIPS.make({
        "stage": [STAGE] * n, "station_id": [wanted.station_id] * n, "reason": words,
        "detail": [DETAILS[word] for word in words], "start": pd.to_datetime([wanted.start_ns] * n, utc=True),
        "end": pd.to_datetime([wanted.end_ns] * n, utc=True), "count": [counts[word] for word in words]})
