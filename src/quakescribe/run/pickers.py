"""The picker of a run: where its weights lie, and what identifies them."""

from __future__ import annotations

from pathlib import Path

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


def identity(pick: PickSettings) -> tuple[PickSettings, str]:
    """Return what picks depend on: the settings without paths, and the SHA-256 of the weights ('' of the rule-based).

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
        return pick.model_copy(update={"network": NetworkSettings()}), ""
    from quakescribe.nets.pickers import open_picker, state_of
    from quakescribe.pick.names import display_name

    n = pick.network
    opened = open_picker(pick.picker, n.weights, n.window_samples, n.device, state_of(pick.picker, n.weights))
    bare = pick.model_copy(update={"picker": "pal", "network": n.model_copy(update={"weights": ""})})
    return bare, f"{display_name(pick.picker)} {opened.digest}"
