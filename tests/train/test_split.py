import numpy as np
import pytest

from quakescribe.settings.train import SamplesSettings
from quakescribe.train.split import boundaries, one_split, split_of

HOUR = 3_600_000_000_000
DAY0 = 19_783 * 24 * HOUR


@pytest.mark.parametrize("hours", [1, 6])
def test_a_block_is_one_split_as_a_whole_and_the_share_is_kept(hours):
    settings = SamplesSettings(split_hours=hours, valid_share=0.2, seed=3)
    blocks = np.arange(2000) * hours * HOUR + DAY0
    first = [split_of(int(one), settings) for one in blocks]
    assert first == [split_of(int(one) + hours * HOUR - 1, settings) for one in blocks]
    assert 0.16 < first.count("valid") / len(first) < 0.24
    assert first != [split_of(int(one), SamplesSettings(split_hours=hours, valid_share=0.2, seed=4)) for one in blocks]


def test_boundaries_are_where_the_split_changes():
    settings = SamplesSettings(valid_share=0.3)
    found = boundaries(DAY0 + 1, DAY0 + 100 * HOUR, settings)
    slow = [DAY0 + k * HOUR for k in range(1, 100)
            if split_of(DAY0 + k * HOUR - 1, settings) != split_of(DAY0 + k * HOUR, settings)]
    assert list(found) == slow
    for edge in found:
        assert one_split(edge - 60, edge, settings) and one_split(edge, edge + 60, settings)
        assert not one_split(edge - 60, edge + 1, settings)
