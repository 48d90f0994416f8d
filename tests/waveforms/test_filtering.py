import numpy as np
import pytest
from waveform_files import ground, write

from quakescribe.errors import SettingsError
from quakescribe.kernels import filtering
from quakescribe.waveforms.block import Block
from quakescribe.waveforms.filters import design
from quakescribe.waveforms.prepare import bandpass

TILE = 60_000  # samples of a canonical tile at 100 Hz


@pytest.fixture(params=["compiled", "python"])
def kernels(request):
    def get(name):
        function = getattr(filtering, name)
        return function if request.param == "compiled" else function.py_func
    return get


def block_of(x, first=0, mask=None, unit="m/s", rate=100.0):
    x = np.atleast_2d(x)
    data = np.zeros((3, x.shape[1]), dtype=np.float32)
    data[:len(x)] = x
    masks = np.ones(data.shape, dtype=bool)
    masks[:len(x)] = False if mask is None else mask
    n = data.shape[1]
    return Block("XX.AAA.", rate, first, data, masks, np.zeros(n, dtype=np.int64), unit, "ZNE"[:len(x)],
                 np.full(3, np.inf))


def place_slowly(pieces, n):
    """Every grid sample from all that was recorded there: none -> masked, all equal -> it, else -> masked."""
    at_sample = [[] for _ in range(n)]
    for at, samples in pieces:
        for i, value in enumerate(samples):
            if 0 <= at + i < n and np.isfinite(value):
                at_sample[at + i].append(value)
    agreed = [values[0] if len(set(values)) == 1 else np.nan for values in at_sample]
    return np.array(agreed, dtype=np.float32)


def test_pieces_are_laid_like_the_slow_reference_in_any_order(kernels):
    rng = np.random.default_rng(3)
    pieces = [(int(rng.integers(-20, 110)), rng.integers(0, 2, 30).astype(np.float64)) for _ in range(8)]
    pieces[2][1][5] = np.nan
    for order in (pieces, pieces[::-1]):
        row, empty = np.zeros(100, dtype=np.float32), np.ones(100, dtype=bool)
        for at, samples in order:
            kernels("place")(samples, row, empty, at)
        row[empty] = np.nan
        np.testing.assert_array_equal(row, place_slowly(pieces, 100))


@pytest.mark.parametrize("at", [-1000, 1000, 0])
def test_a_piece_outside_the_grid_or_empty_is_nothing(kernels, at):
    row, empty = np.zeros(10, dtype=np.float32), np.ones(10, dtype=bool)
    samples = np.arange(5, dtype=np.int32) if at else np.empty(0, dtype=np.int32)
    assert kernels("place")(samples, row, empty, at) == (0, 0)
    assert empty.all()


def flat_slowly(row, mask, shortest):
    out = mask | ~np.isfinite(row)
    hits = np.zeros(len(row), dtype=bool)
    for i in range(len(row) - shortest + 1):
        window = slice(i, i + shortest)
        if not out[window].any() and (row[window] == row[i]).all():
            hits[window] = True
    return out | hits


@pytest.mark.parametrize("seed", range(6))
def test_dead_runs_are_found_like_the_slow_reference(kernels, seed):
    rng = np.random.default_rng(seed)
    row = np.where(rng.random(300) < 0.6, 0, rng.integers(0, 3, 300)).astype(np.float32)
    mask = rng.random(300) < 0.05
    row[rng.integers(0, 300, 4)] = np.nan
    expected = flat_slowly(row, mask, 4)
    n = kernels("mask_flat")(row, mask, 4)
    np.testing.assert_array_equal(mask, expected)
    assert n >= 0
    assert (row[mask] == 0).all()


@pytest.mark.parametrize("row", [np.empty(0), np.zeros(1), np.full(50, np.nan)])
def test_dead_runs_of_empty_one_sample_and_nan_rows(kernels, row):
    row, mask = row.astype(np.float32), np.zeros(len(row), dtype=bool)
    assert kernels("mask_flat")(row, mask, 5) == 0
    assert mask.all() == (len(row) != 1)


def filter_slowly(x, mask, first, sos, rest, settle, tile, lead):
    """The formula, sample by sample: every tile from its lead on, every run from rest, in plain Python."""
    n = len(x)
    y, y_mask = np.zeros(n, dtype=np.float32), np.ones(n, dtype=bool)
    for i in range(n):
        k = (first + i) // tile
        begin = max(k * tile - lead - first, 0)
        run = i
        while run > begin and not mask[run - 1]:
            run -= 1
        if mask[i] or i - run < settle:
            continue
        from scipy.signal import sosfilt
        y[i] = sosfilt(sos, x[run:i + 1].astype(float), zi=rest * float(x[run]))[0][-1]
        y_mask[i] = False
    return y, y_mask


def test_tiles_are_filtered_like_the_slow_reference(kernels):
    from scipy.signal import sosfilt_zi

    sos, _ = design(1.0, 20.0, 100.0, "m/s")
    rest = sosfilt_zi(sos)
    x, mask = ground(400).astype(np.float32), np.zeros(400, dtype=bool)
    mask[[50, 51, 200, 310]] = True
    x[50] = np.nan
    tile, lead, first, settle = 150, 40, 1000, 12
    tiles, begin = [], first
    while begin < first + 400:
        k = begin // tile
        end = min((k + 1) * tile, first + 400)
        tiles.append((max(k * tile - lead - first, 0), begin - first, end - first))
        begin = end
    y, y_mask = np.empty(400, dtype=np.float32), np.empty(400, dtype=bool)
    kernels("filter_tiles")(sos, x, mask, y, y_mask, np.array(tiles), settle)
    expected, expected_mask = filter_slowly(x, mask, first, sos, rest, settle, tile, lead)
    np.testing.assert_array_equal(y_mask, expected_mask)
    np.testing.assert_allclose(y, expected, atol=1e-3)


def test_within_a_tile_the_filter_is_scipys():
    from scipy.signal import butter, sosfilt, sosfilt_zi

    x = ground(50_000).astype(np.float32)
    out = bandpass(block_of(x, first=TILE), 1.0, 20.0)
    sos = butter(4, [1.0, 20.0], btype="band", fs=100.0, output="sos")
    expected, _ = sosfilt(sos, x.astype(float), zi=sosfilt_zi(sos) * float(x[0]))
    good = ~out.mask[0]
    np.testing.assert_allclose(out.data[0][good], expected[good], atol=1e-6 * np.abs(expected).max())
    assert good[400:].all()


def test_across_tiles_the_filter_is_scipys_but_for_the_settled_transient():
    from scipy.signal import butter, sosfilt, sosfilt_zi

    x = ground(3 * TILE).astype(np.float32)
    out = bandpass(block_of(x, first=10 * TILE), 1.0, 20.0)
    sos = butter(4, [1.0, 20.0], btype="band", fs=100.0, output="sos")
    expected, _ = sosfilt(sos, x.astype(float), zi=sosfilt_zi(sos) * float(x[0]))
    good = ~out.mask[0]
    np.testing.assert_allclose(out.data[0][good], expected[good], atol=1e-6 * np.abs(expected).max())


def test_a_constant_gives_zero_from_the_start_and_a_step_at_a_gap_leaves_no_transient():
    x = np.full(TILE, 1e6, dtype=np.float32)
    x[20_000:] = -3e6
    mask = np.zeros(TILE, dtype=bool)
    mask[19_990:20_000] = True
    out = bandpass(block_of(x, mask=mask), 1.0, 20.0)
    assert not out.data.any()
    settle = design(1.0, 20.0, 100.0, "m/s")[1]
    assert out.mask[0, 20_000:20_000 + settle].all()
    assert not out.mask[0, 20_000 + settle:].any()


@pytest.mark.parametrize(("unit", "order"), [("m/s**2", -1), ("m", 1), ("m/s", 0)])
def test_acceleration_is_integrated_and_displacement_differentiated(unit, order):
    t = np.arange(30_000) / 100.0
    f = 4.0
    velocity = np.sin(2 * np.pi * f * t)
    w = 2 * np.pi * f
    source = {-1: w * np.cos(w * t), 0: velocity, 1: -np.cos(w * t) / w}
    out = bandpass(block_of(source[order].astype(np.float32), unit=unit), 1.0, 20.0)
    plain = bandpass(block_of(velocity.astype(np.float32)), 1.0, 20.0)
    assert out.unit == "m/s"
    np.testing.assert_allclose(out.data[0, 5000:], plain.data[0, 5000:], atol=0.02)


def test_what_is_not_finite_is_masked_even_if_the_mask_forgot_it():
    x = ground(20_000).astype(np.float32)
    x[9000] = np.nan
    out = bandpass(block_of(x), 1.0, 20.0)
    assert np.isfinite(out.data).all()
    assert out.mask[0, 9000:9100].all()


def test_an_empty_and_a_one_sample_block_pass():
    for n in (0, 1):
        out = bandpass(block_of(np.zeros(n, dtype=np.float32)), 1.0, 20.0)
        assert out.data.shape == (3, n)
        assert out.mask.all()


@pytest.mark.parametrize(("low", "high", "rate"), [(0.001, 20.0, 100.0), (0.0, 20.0, 100.0), (20.0, 1.0, 100.0),
                                                   (12.0, 40.0, 25.0)])
def test_a_band_that_cannot_be_is_an_error_that_says_why(low, high, rate):
    with pytest.raises(SettingsError, match="band-pass"):
        bandpass(block_of(np.zeros(100), rate=rate), low, high)


@pytest.mark.parametrize("rate", [100.0, 200.0, 62.5, 128.0, 75.3])
def test_cutting_changes_no_bit_at_any_rate(tmp_path, loaded, rate):
    write(tmp_path / "a", ground(int(1500 * rate)), rate=rate)
    (whole,), _ = loaded(0, 1500)
    (part,), _ = loaded(700.003, 1300.001)
    assert part.first + part.lead == pytest.approx(whole.first + whole.lead + 700.003 * rate, abs=1.0)
    a, b = bandpass(whole, 1.0, 20.0), bandpass(part, 1.0, 20.0)
    shift = b.first - a.first
    np.testing.assert_array_equal(b.data[:, b.lead:], a.data[:, shift + b.lead:shift + b.n])
    np.testing.assert_array_equal(b.mask[:, b.lead:], a.mask[:, shift + b.lead:shift + b.n])


def test_tiles_filtered_eight_abreast_have_the_bits_of_tiles_filtered_alone(kernels):
    sos, _ = design(1.0, 20.0, 100.0, "m/s")
    x, mask = ground(2100).astype(np.float32), np.zeros(2100, dtype=bool)
    mask[[700, 1500]] = True
    tiles = np.array([(max(100 * k - 30, 0), 100 * k, 100 * k + 100) for k in range(21)])
    together, alone = (np.full(2100, np.nan, dtype=np.float32) for _ in range(2))
    together_mask, alone_mask = (np.ones(2100, dtype=bool) for _ in range(2))
    kernels("filter_tiles")(sos, x, mask, together, together_mask, tiles, 20)
    for k in range(21):
        kernels("filter_tiles")(sos, x, mask, alone, alone_mask, tiles[k:k + 1], 20)
    np.testing.assert_array_equal(together.view(np.uint32), alone.view(np.uint32))
    np.testing.assert_array_equal(together_mask, alone_mask)
    assert not together_mask[200:600].any()
