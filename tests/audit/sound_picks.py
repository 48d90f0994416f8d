"""Sound catalogues of many sizes, made once for all tests of picks and association."""

import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "reference"))
from made_catalogue import catalogue, reference_picks

SEEDS = range(20)


@cache
def sound(seed: int):
    """Tables of 60 to 350 events on 6 to 13 stations in 3 to 7 days, with few or many false picks; a reference."""
    tables = catalogue(60 + 15 * seed, 3.0 + seed % 5, n_stations=6 + seed % 8, seed=seed,
                       false_per_day=20.0 * (1 + seed % 7))
    return tables, reference_picks(tables, seed=100 + seed)
