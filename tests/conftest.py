import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests' workers take the cores; PyTorch would take them again


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings; tests that need it are skipped, with the reason, where it is absent."""
    for candidate in (os.environ.get("QUAKESCRIBE_DATA"), Path(__file__).parents[2] / "shared" / "data"):
        if candidate and (Path(candidate) / "ridgecrest_waveforms").is_dir():
            return Path(candidate)
    pytest.skip("no real recordings: neither $QUAKESCRIBE_DATA nor ../shared/data is there")
