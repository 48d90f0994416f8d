"""Kernels of the waveforms: lay pieces on the grid, find dead runs, filter in canonical tiles."""

import numpy as np

from quakescribe.kernels.compiled import kernel


@kernel
def place(samples, row, empty, at):
    """Lay a piece of a recording on the grid; where two pieces disagree the sample is set to NaN for good.

    Parameters
    ----------
    samples
        Shape (m,), any real type: the piece, counts. Not changed.
    row
        Shape (n,), float32: the grid, counts. Changed in place.
    empty
        Shape (n,), bool: True where nothing has been laid yet. Changed in place.
    at
        Grid index of sample 0 of the piece; may be negative or beyond n (what lies outside is dropped).

    Returns
    -------
    tuple of int
        Samples that disagree with what was there, and samples that are not finite (these are not laid).

    Notes
    -----
    O(m) time, no memory. The result does not depend on the order of the pieces.
    """
    disagree = 0
    not_finite = 0
    first = max(0, -at)
    last = min(samples.size, row.size - at)
    for i in range(first, last):
        value = np.float32(samples[i])
        if not np.isfinite(value):
            not_finite += 1
        elif empty[at + i]:
            row[at + i] = value
            empty[at + i] = False
        elif row[at + i] != value:
            row[at + i] = np.nan
            disagree += 1
    return disagree, not_finite


@kernel
def mask_flat(row, mask, shortest):
    """Mask every run of equal valid samples that is at least ``shortest`` long; NaN samples are masked too.

    Parameters
    ----------
    row
        Shape (n,), float32. Masked samples are set to 0.
    mask
        Shape (n,), bool, True = no valid sample. Changed in place.
    shortest
        Samples, at least 2.

    Returns
    -------
    int
        Number of samples masked as flat.

    Notes
    -----
    O(n) time, no memory. A run ends at a masked sample.
    """
    n = row.size
    flat = 0
    begin = 0
    for i in range(n + 1):
        if i < n and i > begin and not mask[i] and not mask[begin] and row[i] == row[begin]:
            continue
        if i - begin >= shortest and not mask[begin]:
            flat += i - begin
            mask[begin:i] = True
            row[begin:i] = 0.0
        if i < n:
            begin = i
            if not np.isfinite(row[i]):
                mask[i] = True
            if mask[i]:
                row[i] = 0.0
    return flat


@kernel
def filter_tiles(sos, x, mask, y, y_mask, tiles, settle):
    """Filter one component through cascaded second-order sections, tile by tile.

    Parameters
    ----------
    sos
        Shape (n_sections, 6), float64: b0, b1, b2, 1, a1, a2 per section.
    x
        Shape (n,), float32 or float64: the input. Not changed.
    mask
        Shape (n,), bool, True = no valid sample. Not changed.
    y
        Shape (n,), float32: the output. Overwritten; 0 where masked.
    y_mask
        Shape (n,), bool: the output's mask. Overwritten.
    tiles
        Shape (n_tiles, 3), int64: index of the first sample the filter sees, of the tile's first and one beyond its
        last sample. The tiles cover [0, n).
    settle
        Samples masked after the start of every run of valid samples that begins within what the tile sees.

    Notes
    -----
    Direct form II transposed, state in float64: y = b0 x + s1; s1 = b1 x - a1 y + s2; s2 = b2 x - a2 y.
    Every run is filtered without its first sample's value, from the state zero: a band-pass at rest under that sample
    gives the same, and a constant gives exactly zero. Tiles without a gap go eight abreast, because a recursion alone
    leaves the processor waiting; the arithmetic of each is the same, and so are its bits.
    O(n n_sections) time, O(n_sections) memory.
    """
    whole = np.empty(8, dtype=np.int64)
    waiting, length, lead = 0, 0, 0
    for t in range(tiles.shape[0]):
        seen, first, stop = tiles[t, 0], tiles[t, 1], tiles[t, 2]
        if first - seen < settle or not _is_whole(x, mask, seen, stop):
            _filter_tile(sos, x, mask, y, y_mask, seen, first, stop, settle)
            continue
        if waiting > 0 and (stop - seen != length or first - seen != lead):
            _filter_tile(sos, x, mask, y, y_mask, seen, first, stop, settle)
            continue
        whole[waiting], length, lead = seen, stop - seen, first - seen
        waiting += 1
        if waiting == 8:
            _filter_eight(sos, x, y, y_mask, whole, lead, length)
            waiting = 0
    for w in range(waiting):
        _filter_tile(sos, x, mask, y, y_mask, whole[w], whole[w] + lead, whole[w] + length, settle)


@kernel
def _is_whole(x, mask, begin, end):
    """Return whether every sample in [begin, end) is valid and finite."""
    for i in range(begin, end):  # noqa: SIM110 (kernels know no generators)
        if mask[i] or not np.isfinite(x[i]):
            return False
    return True


@kernel
def _filter_tile(sos, x, mask, y, y_mask, seen, first, stop, settle):
    """Filter one tile with whatever gaps it has; arguments as in `filter_tiles`."""
    sections = sos.shape[0]
    state = np.zeros((sections, 2))
    run = -1
    for i in range(seen, stop):
        value = np.float64(x[i])
        valid = (not mask[i]) and np.isfinite(value)
        if not valid:
            run = -1
        else:
            if run < 0:
                run = i
                state[:] = 0.0
            value -= np.float64(x[run])
            for k in range(sections):
                out = sos[k, 0] * value + state[k, 0]
                state[k, 0] = sos[k, 1] * value - sos[k, 4] * out + state[k, 1]
                state[k, 1] = sos[k, 2] * value - sos[k, 5] * out
                value = out
        if i >= first:
            good = valid and i - run >= settle
            y_mask[i] = not good
            y[i] = value if good else 0.0


@kernel
def _filter_eight(sos, x, y, y_mask, seen, lead, length):
    """Filter eight tiles without gaps abreast, each from ``seen`` on; its first ``lead`` samples are not kept."""
    sections = sos.shape[0]
    state = np.zeros((2 * sections, 8))
    value = np.zeros(8)
    for lane in range(8):
        y_mask[seen[lane] + lead:seen[lane] + length] = False
    for i in range(length):
        for lane in range(8):
            value[lane] = np.float64(x[seen[lane] + i]) - np.float64(x[seen[lane]])
        for k in range(sections):
            b0, b1, b2, a1, a2 = sos[k, 0], sos[k, 1], sos[k, 2], sos[k, 4], sos[k, 5]
            for lane in range(8):
                given = value[lane]
                out = b0 * given + state[2 * k, lane]
                state[2 * k, lane] = b1 * given - a1 * out + state[2 * k + 1, lane]
                state[2 * k + 1, lane] = b2 * given - a2 * out
                value[lane] = out
        if i >= lead:
            for lane in range(8):
                y[seen[lane] + i] = value[lane]
