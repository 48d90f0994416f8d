"""The packages of the extra `ai`, which are not installed with the rest."""

from __future__ import annotations

from importlib.util import find_spec

from quakescribe.errors import QuakescribeError, WeightsError


def need(doing: str, *packages: str, error: type[QuakescribeError] = WeightsError) -> None:
    """Raise an error that says what to install if a package is missing, e.g. for `doing` = 'training'."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise error(f"{doing} needs {', '.join(missing)}: pip install torch==2.13.0, then "
                    "pip install 'quakescribe[ai]'")
