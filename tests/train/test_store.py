import errno
import json
import pickle

import numpy as np
import pytest
from made_blocks import block, loader, pairs, wanted

from quakescribe.errors import TrainError
from quakescribe.settings.train import SamplesSettings
from quakescribe.train import store
from quakescribe.train.cuts import cut_unit
from quakescribe.train.store import SampleStore, notes, prepare, write_unit

SETTINGS = SamplesSettings(noise_per_day=11, cut_s=38)
UNITS = ("2024-03-01/XX.AAA.", "2024-03-01/XX.BBB.", "2024-03-02/XX.AAA.")


def made(unit: str, negatives: int = 12):
    seed = UNITS.index(unit)
    told = wanted(pairs((1, 100.0 + seed, 103.0 + seed), (2, 250.5, 260.25)), negatives)
    cuts = cut_unit(loader(block(seed=seed)), told, SETTINGS)
    ids = cuts.samples["sample_id"] + seed
    return cuts._replace(samples=cuts.samples.assign(unit=unit, sample_id=ids),
                         marks=cuts.marks.assign(sample_id=cuts.marks["sample_id"] + seed))


@pytest.fixture
def folder(tmp_path):
    prepare(tmp_path, list(UNITS), {"length": 3800})
    for unit in UNITS:
        write_unit(tmp_path, unit, made(unit), "f1")
    (tmp_path / store.RECORD).write_text(json.dumps({"length": 3800, "sampling_rate_hz": 100.0}))
    return tmp_path


@pytest.fixture
def everything():
    return {unit: made(unit) for unit in UNITS}


def test_samples_come_back_in_any_order_and_batch(folder, everything):
    opened = SampleStore(folder, cache_chunks=2)
    assert len(opened) == sum(len(cuts.samples) for cuts in everything.values()) and opened.length == 3800
    random = np.random.default_rng(1)
    for rows in (random.permutation(len(opened)), random.integers(0, len(opened), 7), [3], []):
        got = opened.read(rows)
        assert got.dtype == np.float32 and got.shape == (len(rows), 3, 3800)
        for one, k in zip(got, rows, strict=True):
            row = opened.samples.iloc[k]
            assert np.array_equal(one, everything[row["unit"]].data[row["row"]].astype(np.float32))
    assert len(opened._chunks) <= 2
    assert len(opened.marks) == sum(len(cuts.marks) for cuts in everything.values())
    with pytest.raises(IndexError, match="rows must lie in"):
        opened.read([len(opened)])


def test_an_open_store_can_be_sent_to_another_process(folder):
    opened = SampleStore(folder)
    rows = [5, 1, 30]
    before = opened.read(rows)
    copy = pickle.loads(pickle.dumps(opened))
    assert np.array_equal(copy.read(rows), before) and not pickle.dumps(copy)[:-1].count(b"zarr.core")


def test_any_reader_of_zarr_finds_the_units(folder):
    import zarr

    root = zarr.open_group(folder / store.DATA, mode="r")
    assert sorted(root.group_keys()) == ["2024-03-01", "2024-03-02"]
    assert root.attrs["length"] == 3800
    array = root["2024-03-01/XX.BBB./data"]
    assert array.dtype == "float16" and array.metadata.zarr_format == 3


def test_the_same_samples_give_the_same_files(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    prepare(other, list(UNITS), {"length": 3800})
    for unit in reversed(UNITS):
        write_unit(other, unit, made(unit), "f1")
    assert files(other) == {path: data for path, data in files(folder).items() if path != store.RECORD}


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_unit_without_samples_is_a_unit(tmp_path):
    empty = cut_unit(loader(), wanted(pairs()), SamplesSettings(noise_per_day=0))
    prepare(tmp_path, [UNITS[0]], {})
    write_unit(tmp_path, UNITS[0], empty, "f1")
    assert notes(tmp_path, UNITS[0]) == ["f1"] * 4


@pytest.mark.parametrize("where", ["array", "rename", "marks", "samples"])
def test_a_full_disk_is_said_and_nothing_half_written_is_seen(folder, monkeypatch, where):
    before = {path: data for path, data in files(folder).items() if UNITS[0] not in path and store.RECORD not in path}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "array":
        monkeypatch.setattr(store, "_write_array", full)
    elif where == "rename":
        monkeypatch.setattr(store.os, "replace", full)
    else:
        kept = store.store.write

        def write(frame, table, path, note):
            if table.name == where:
                path.with_name(f".{path.name}.1.tmp").write_bytes(b"torn")
                full()
            return kept(frame, table, path, note=note)

        monkeypatch.setattr(store.store, "write", write)
    with pytest.raises(TrainError, match=r"cannot write the samples of 2024-03-01/XX.AAA.: No space left on device. "
                                         "The station-days finished before are kept"):
        write_unit(folder, UNITS[0], made(UNITS[0], 3), "f2")
    monkeypatch.undo()
    left = {path: data for path, data in files(folder).items() if store.RECORD not in path}
    assert {path: data for path, data in left.items() if UNITS[0] not in path} == before
    assert not [path for path in left if path.endswith(".tmp") or store.WRITING in path]
    opened = SampleStore(folder)
    assert set(opened.samples["unit"]) == set(UNITS[1:])
    opened.read(np.arange(len(opened)))
    write_unit(folder, UNITS[0], made(UNITS[0], 3), "f2")
    assert notes(folder, UNITS[0]) == ["f2"] * 4


def test_units_that_are_not_wanted_any_more_go_and_so_does_what_a_killed_writer_left(folder):
    (folder / store.WRITING / "old").mkdir(parents=True)
    (folder / "samples" / "2024-03-01" / ".XX.AAA..parquet.7.tmp").write_bytes(b"torn")
    prepare(folder, [UNITS[1]], {"length": 3800})
    assert notes(folder, UNITS[0]) == [None] * 4 and notes(folder, UNITS[1]) == ["f1"] * 4
    assert not (folder / store.WRITING).exists() and not (folder / store.DATA / "2024-03-02").exists()
    assert not list(folder.rglob("*.tmp"))


def test_a_folder_without_finished_samples_is_refused(tmp_path):
    with pytest.raises(TrainError, match="no finished samples here"):
        SampleStore(tmp_path)


def test_a_store_whose_data_are_gone_says_so(folder):
    import shutil

    opened = SampleStore(folder)
    shutil.rmtree(folder / store.DATA / UNITS[0])
    with pytest.raises(TrainError, match="cannot be read"):
        opened.read(np.arange(len(opened)))
