import pytest

from quakescribe.audit.words import number_of, percent


@pytest.mark.parametrize(("share", "text"), [
    (0.0, "0%"), (1.0, "100%"), (0.5712, "57%"), (0.05712, "5.7%"), (0.0997, "10%"), (0.001234, "0.12%"),
    (0.00001, "under 0.01%"), (0.9996, "99.9%"), (0.9946, "99.5%")])
def test_a_share_has_two_digits_that_count_and_is_not_all_or_nothing(share, text):
    assert percent(share) == text


def test_one_thing_is_one():
    assert [number_of(n, "pair") for n in (0, 1, 2, 1640)] == ["0 pairs", "1 pair", "2 pairs", "1,640 pairs"]
