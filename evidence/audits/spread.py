"""Jobs in processes of their own, and where tables are kept."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd
from records import HERE

TABLES = HERE / "experiments"
PROCESSES = 2


def spread(work: Callable[[Any], pd.DataFrame], jobs: list[Any]) -> list[pd.DataFrame]:
    """Do jobs in processes of their own; say how far it is."""
    out = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for k, one in enumerate(pool.map(work, jobs)):
            out.append(one)
            print(f"{k + 1} of {len(jobs)}: {jobs[k]}", flush=True)
    return out
