"""The picker of a run: where its weights lie, and what identifies them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from quakescribe.settings.network import NetworkSettings
from quakescribe.settings.pick import PickSettings


def with_paths(pick: PickSettings, folder: Path) -> PickSettings:
    """Return the settings with the paths of weights made absolute; relative ones lie below the project folder."""
    weights = pick.network.weights
    if weights:
        pick = pick.model_copy(update={"network": pick.network.model_copy(
            update={"weights": str(folder / Path(weights).expanduser())})})
    kind, _, rest = pick.picker.partition(":")
    model, _, path = rest.partition(":")
    if kind == "seisbench" and len(Path(path).parts) > 1:
        pick = pick.model_copy(update={"picker": f"{kind}:{model}:{folder / Path(path).expanduser()}"})
    return pick


class Identity(NamedTuple):
    """What picks depend on: the settings without paths, the picker's name, the SHA-256 of its weights ('' = none)."""

    settings: PickSettings
    name: str
    digest: str


def identity(pick: PickSettings) -> Identity:
    """Return what the picks of these settings depend on.

    Parameters
    ----------
    pick
        With absolute paths, see `with_paths`.

    Raises
    ------
    WeightsError
        If the weights cannot be used.
    """
    if pick.picker == "pal":
        return Identity(pick.model_copy(update={"network": NetworkSettings()}), "pal", "")
    from quakescribe.nets.pickers import open_picker
    from quakescribe.pick.names import display_name

    network = pick.network
    opened = open_picker(pick.picker, network.weights, network.window_samples, network.device)
    bare = pick.model_copy(update={"picker": "pal", "network": network.model_copy(update={"weights": ""})})
    return Identity(bare, display_name(pick.picker), opened.digest)
