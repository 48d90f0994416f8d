"""Recompute every accuracy, fidelity and calibration figure: run each script of this folder, one after the other."""

import sys

from records import HERE, run_all

if __name__ == "__main__":
    sys.exit(min(run_all(HERE), 1))
