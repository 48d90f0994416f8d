"""Run every benchmark of this folder, one after the other, and record the ratios."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "evidence"))

from records import run_all  # noqa: E402

if __name__ == "__main__":
    sys.exit(min(run_all(HERE), 1))
