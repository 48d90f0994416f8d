"""Waveforms: what of the real recordings is usable, that no cut changes a bit, and the filter against SciPy's."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from records import Records, real_data

from quakescribe.exchange.stations import read_stations
from quakescribe.settings.waveforms import WaveformsSettings
from quakescribe.waveforms.archive import open_archive
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.prepare import bandpass, load

LOW_HZ, HIGH_HZ = 1.0, 20.0


def usable(records: Records, data: Path, name: str) -> None:
    """Load and filter every station; count what is valid, and compare 20 random cuts with the whole."""
    settings, rng = WaveformsSettings(), np.random.default_rng(20)
    folder = data / f"{name}_waveforms"
    archive = open_archive(folder / "waveforms", settings)
    stations, channels = read_stations(folder / "stations.csv")
    valid = total = different = compared = in_counts = 0
    for station_id in archive.station_ids:
        start, end = archive.span(station_id)

        def get(begin: int, stop: int, station_id: str = station_id) -> list[Block]:
            blocks, _ = load(archive, stations, channels, station_id, begin, stop, settings)
            return blocks

        raw = get(start, end)
        valid += sum(int((~b.mask[:, b.lead:]).sum()) for b in raw)
        total += sum(int(b.mask[:, b.lead:].size) for b in raw)
        in_counts += any(b.unit == "counts" for b in raw)
        whole = {b.sampling_rate: bandpass(b, LOW_HZ, HIGH_HZ) for b in raw}
        for _ in range(20 if name == "ridgecrest" else 3):
            begin, stop = np.sort(rng.integers(start, end, 2))
            for part in (bandpass(b, LOW_HZ, HIGH_HZ) for b in get(int(begin), int(stop))):
                full = whole[part.sampling_rate]
                shift = part.first - full.first
                high = min(part.n, full.n - shift)
                inner, outer = slice(part.lead, high), slice(part.lead + shift, high + shift)
                same = (part.mask[:, inner] == full.mask[:, outer]) & (
                    part.data[:, inner].view(np.uint32) == full.data[:, outer].view(np.uint32))
                different, compared = different + int((~same).sum()), compared + same.size
    records.add(f"{name}: stations read", len(archive.station_ids), "stations", folder.name)
    records.add(f"{name}: of these without a gain, read in counts", in_counts, "stations", folder.name)
    records.add(f"{name}: valid share of the samples asked for", valid / total, "-", folder.name)
    records.add(f"{name}: samples that a cut changes", different, f"of {compared} samples", folder.name, ("<=", 0.0))


def filter_accuracy(records: Records) -> None:
    """Compare the tiled filter with SciPy's over five tiles of noise with an offset."""
    from scipy.signal import butter, sosfilt, sosfilt_zi

    rng = np.random.default_rng(5)
    x = (np.convolve(rng.normal(0, 300, 300_020), np.ones(21) / 4, "valid") + 1e5).astype(np.float32)[:300_000]
    mask = np.ones((3, len(x)), dtype=bool)
    mask[0] = False
    data = np.zeros((3, len(x)), dtype=np.float32)
    data[0] = x
    block = Block("XX.AAA.", 100.0, 0, data, mask, np.zeros(len(x), dtype=np.int64), "m/s", "Z", np.full(3, np.inf))
    ours = bandpass(block, LOW_HZ, HIGH_HZ)
    sos = butter(4, [LOW_HZ, HIGH_HZ], btype="band", fs=100.0, output="sos")
    theirs, _ = sosfilt(sos, x.astype(float), zi=sosfilt_zi(sos) * float(x[0]))
    good = ~ours.mask[0]
    worst = float(np.abs(ours.data[0][good] - theirs[good]).max() / np.abs(theirs).max())
    records.add("largest difference from SciPy's float64 filter, share of the peak", worst * 1e6, "1e-6",
                "noise with an offset of 100,000 counts, 5 tiles", ("<=", 1.0))


if __name__ == "__main__":
    found = Records("waveforms")
    filter_accuracy(found)
    if (real := real_data()) is not None:
        for one in ("ridgecrest", "amatrice"):
            usable(found, real, one)
    found.write()
