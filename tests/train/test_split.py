import numpy as np
import pytest

from quakescribe.settings.train import SamplesSettings
from quakescribe.train.split import boundaries, one_split, split_of

HOUR = 3_600_000_000_000
DAY0 = 19_783 * 24 * HOUR


@pytest.mark.parametrize("minutes", [10, 60, 360])
def test_a_block_is_one_split_as_a_whole_and_the_share_is_kept(minutes):
    settings = SamplesSettings(split_minutes=minutes, valid_share=0.2, seed=3)
    length = minutes * HOUR // 60
    blocks = np.arange(2000) * length + DAY0 // length * length
    first = [split_of(int(one), settings) for one in blocks]
    assert first == [split_of(int(one) + length - 1, settings) for one in blocks]
    assert first.count("valid") / len(first) == pytest.approx(0.2, abs=0.001)
    other = SamplesSettings(split_minutes=minutes, valid_share=0.2, seed=4)
    assert first != [split_of(int(one), other) for one in blocks]


def test_few_blocks_hold_some_of_each():
    for seed in range(20):
        settings = SamplesSettings(split_minutes=10, seed=seed)
        assert {split_of(DAY0 + k * HOUR // 6, settings) for k in range(19)} == {"train", "valid"}


def test_boundaries_are_where_the_split_changes():
    settings = SamplesSettings(valid_share=0.3)
    found = boundaries(DAY0 + 1, DAY0 + 100 * HOUR, settings)
    slow = [DAY0 + k * HOUR for k in range(1, 100)
            if split_of(DAY0 + k * HOUR - 1, settings) != split_of(DAY0 + k * HOUR, settings)]
    assert list(found) == slow
    for edge in found:
        assert one_split(edge - 60, edge, settings) and one_split(edge, edge + 60, settings)
        assert not one_split(edge - 60, edge + 1, settings)
