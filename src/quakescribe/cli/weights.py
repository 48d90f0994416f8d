"""Commands on trained weights: what they are, and the same for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quakescribe.cli.project import Json

if TYPE_CHECKING:
    from quakescribe.nets.weights import Record

weights = typer.Typer(no_args_is_help=True, help="Look at trained weights, or export them for other programs.")
File = Annotated[Path, typer.Argument(metavar="FILE", help="The .safetensors file that 'train' wrote.")]


class Format(StrEnum):
    """What weights can be exported to."""

    SEISBENCH = "seisbench"
    ONNX = "onnx"


@weights.command()
def show(file: File, as_json: Json = False) -> None:
    """Say what weights are and where they come from: their record."""
    from quakescribe.cli import show as shown
    from quakescribe.nets.weights import read_record

    record = read_record(file)
    if as_json:
        shown.as_json(record.as_dict())
        return
    shown.table(file.name, ("what", "value"), _rows(record))


@weights.command()
def export(
    file: File,
    to: Annotated[Format, typer.Option("--format", help="seisbench (PhaseNet only) or onnx (any network).")],
    out: Annotated[Path, typer.Option("--out", help="NAME for SeisBench's NAME.pt and NAME.json, or NAME.onnx.")],
    as_json: Json = False,
) -> None:
    """Write trained weights for SeisBench, or as an ONNX graph with the normalisation inside."""
    from quakescribe.cli import show as shown
    from quakescribe.nets.export import FORMATS

    made = FORMATS[to.value](file, out)
    if as_json:
        shown.as_json({"files": [str(one) for one in made]})
        return
    shown.say(f"wrote {' and '.join(str(one) for one in made)}")


def _rows(record: Record) -> list[tuple[str, str]]:
    """Return the record line by line; of nested parts, each by itself."""
    return [row for name, value in record.as_dict().items() for row in _lines(name, value)]


def _lines(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [row for inner, one in value.items() for row in _lines(f"{name}.{inner}", one)]
    if isinstance(value, (list, tuple)):
        return [(name, ", ".join(str(one) for one in value))]
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return [(name, text)] if text else []
