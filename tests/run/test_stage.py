import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from quakescribe.run.engine import InProcess
from quakescribe.run.inputs import days, excluded
from quakescribe.run.stage import Task, Unit, act, code_digest, decide, fingerprint, part
from quakescribe.settings.pick import PickSettings
from quakescribe.tables import SKIPS, store

HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("found", "action", "why"),
    [
        ([], "run", "no result yet"),
        ([None, None], "run", "no result yet"),
        (["a", None], "run", "incomplete"),
        (["a", "b"], "run", "changed"),
        (["a", "a"], "reuse", "unchanged"),
    ],
)
def test_a_unit_is_reused_only_if_all_its_files_carry_its_fingerprint(found, action, why):
    decision = decide("a", found)
    assert decision.action == action and why in decision.why


def test_a_fingerprint_changes_with_everything_it_is_made_of():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None], "t": pd.to_datetime(["2020-01-01", None], utc=True)})
    base = (frame, PickSettings(), "text", 3, np.arange(3), ("x", "y"))
    variants = [
        (frame.assign(a=[1.0, 2.0]), *base[1:]),
        (frame.assign(b=["x", "y"]), *base[1:]),
        (frame.assign(t=pd.to_datetime(["2020-01-02", None], utc=True)), *base[1:]),
        (frame, PickSettings(band_low_hz=1.5), *base[2:]),
        (*base[:2], "texts", *base[3:]),
        (*base[:4], np.arange(4), base[5]),
        (*base[:5], ("xy", "")),
    ]
    prints = [fingerprint(*one) for one in [base, *variants]]
    assert len(set(prints)) == len(prints)
    assert fingerprint(*base) == fingerprint(frame.copy(), *base[1:])


def test_code_belongs_to_the_fingerprint():
    assert code_digest("pick") == code_digest("pick") != code_digest("locate")


def _one_skip(count: int) -> dict[str, pd.DataFrame]:
    return {"skips": SKIPS.make({"stage": ["x"], "reason": ["y"], "count": [count]})}


def test_acting_writes_the_tables_with_the_fingerprint(tmp_path):
    rows = act(Task(_one_skip, Unit("2020-01-01/A.B.", "abc", 3), str(tmp_path), ("skips",)))
    path = part(tmp_path, "skips", "2020-01-01/A.B.")
    assert rows == {"skips": 1}
    assert store.read_note(path) == "abc"
    assert store.read(path, SKIPS)["count"].tolist() == [3]


@dataclass
class Picky:
    """Refuses odd numbers."""

    def __call__(self, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value} is odd")
        return value * 10


def test_one_failed_unit_does_not_end_the_others():
    done = list(InProcess().map(Picky(), range(4)))
    assert [one.value for one in done] == [0, None, 20, None]
    assert [str(one.error) for one in done if one.error] == ["1 is odd", "3 is odd"]


def test_days_cover_a_span_without_hole_or_overlap():
    start, end = 20 * HOUR, 50 * HOUR
    for chunk in (1, 6, 24):
        pieces = days(start, end, chunk)
        assert pieces[0][1] == start and pieces[-1][2] == end
        assert all(a[2] == b[1] for a, b in itertools.pairwise(pieces))
        assert len({name for name, *_ in pieces}) == len(pieces)
    assert days(end, start, 24) == [] and days(start, start, 24) == []
    assert [name for name, *_ in days(start, end, 24)] == ["1970-01-01", "1970-01-02", "1970-01-03"]


def test_stations_are_excluded_by_full_or_short_name():
    assert excluded("CI.CCC.", ("CI.CCC",)) and excluded("CI.CCC.00", ("CI.CCC.00",))
    assert not excluded("CI.CCC.", ("CI.CC",))
