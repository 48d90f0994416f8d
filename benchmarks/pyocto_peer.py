"""Associate with PyOcto in an interpreter of its own (on Python 3.11 it needs NumPy 1): files in, files, seconds out.

    python pyocto_peer.py FOLDER

FOLDER holds ``onsets.csv`` (station, phase, time in s), ``places.csv`` (id, x, y, z in km) and
``options.json``; ``events.csv``, ``members.csv`` and ``seconds.txt`` are written beside them.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
import pyocto

folder = Path(sys.argv[1])
options = json.loads((folder / "options.json").read_text())
vp, vs = options.pop("velocities")
associator = pyocto.OctoAssociator(velocity_model=pyocto.VelocityModel0D(vp, vs, 2.0), **options)
onsets, places = (pd.read_csv(folder / f"{name}.csv") for name in ("onsets", "places"))
start = time.perf_counter()
events, members = associator.associate(onsets, places)
seconds = time.perf_counter() - start
events.to_csv(folder / "events.csv", index=False)
members[["event_idx", "pick_idx"]].to_csv(folder / "members.csv", index=False)
(folder / "seconds.txt").write_text(str(seconds))
