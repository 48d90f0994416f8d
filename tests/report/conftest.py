from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from made_run import START, make_run


@pytest.fixture(scope="session")
def run_tables() -> dict[str, pd.DataFrame]:
    return make_run()


@pytest.fixture
def info() -> dict[str, Any]:
    return {
        "name": "first",
        "created": "2024-03-01 10:00 UTC",
        "version": "0.1.0",
        "packages": {"numpy": "2.0"},
        "settings_toml": "[pick]\npicker = 'pal'\n",
        "velocity": {"name": "two layers", "layers": [(-3.0, 5.5, 3.2), (10.0, 6.5, 3.7)]},
        "span": (START, START + pd.Timedelta(hours=2)),
        "timing": {"pick": 30.0, "associate": 10.0},
        "score": pd.DataFrame(
            [("association", "all", "events found", 58.0, "-", 60)],
            columns=["part", "scope", "name", "value", "unit", "n"],
        ),
    }
