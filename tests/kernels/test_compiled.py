import os
import subprocess
import sys

from numba import config

from quakescribe.kernels import compiled
from quakescribe.kernels.compiled import kernel

LOAD = """
from numba.core import event
compiled = []

class Count(event.Listener):
    def on_start(self, e): compiled.append(e)
    def on_end(self, e): pass

event.register("numba:compile", Count())
from quakescribe.kernels.raytrace import first_arrival
import numpy as np
first_arrival(np.array([0.0, 10.0]), np.array([5.0, 6.0]), 30.0, 8.0, -1.0)
print(len(compiled))
"""


def test_a_second_start_compiles_nothing(tmp_path):
    counts = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", LOAD], env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
                              capture_output=True, text=True, check=True)
        counts.append(int(done.stdout))
    assert counts[0] > 0 and counts[1] == 0


def test_the_cache_changes_with_the_source_of_any_kernel(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("x = 1")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    before = compiled._cache()
    (tmp_path / "a.py").write_text("x = 2")
    assert compiled._cache() != before


def test_the_cache_of_other_packages_stays_where_it_was():
    before = config.CACHE_DIR

    @kernel
    def double(x):
        return 2 * x

    assert double(3) == 6 and before == config.CACHE_DIR
