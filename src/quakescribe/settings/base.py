"""What a section of settings is: frozen, unit and meaning beside every value, unknown names refused with a hint."""

from __future__ import annotations

import difflib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quakescribe.errors import SettingsError

S = TypeVar("S", bound="Section")


class Section(BaseModel):
    """One table of ``quakescribe.toml``. Subclasses declare every setting with :func:`setting`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def setting(default: Any, meaning: str, unit: str = "-", **limits: Any) -> Any:
    """Declare a setting: its default (written nowhere else), meaning, unit, and pydantic limits (ge, le, ...)."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit}, validate_default=True, **limits)


def build(section: type[S], name: str, values: dict[str, Any]) -> S:
    """Build a section from plain values.

    Raises
    ------
    SettingsError
        One message with every fault: unknown names (with the nearest known one), wrong types, values out of range.
    """
    try:
        return section(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(section, name, fault) for fault in error.errors())) from None


def _explain(section: type[Section], name: str, fault: Any) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    section = _innermost(section, fault["loc"][:-1])
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(fault["loc"][-1]), list(section.model_fields), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(section.model_fields)}"
        return f"[{name}] has no setting '{path}'{hint}"
    if not fault["loc"]:
        return f"[{name}]: {fault['msg'].removeprefix('Value error, ')}"
    field = section.model_fields.get(str(fault["loc"][-1]))
    extra = field.json_schema_extra if field is not None else None
    unit = str(extra.get("unit", "-")) if isinstance(extra, dict) else "-"
    given = fault["input"]
    shown = f"{given!r}" if unit == "-" or isinstance(given, str) else f"{given!r} {unit}"
    message = fault["msg"][0].lower() + fault["msg"][1:]
    return f"{name}.{path} = {shown}: {message}" + ("" if unit == "-" else f" (in {unit})")


def _innermost(section: type[Section], names: tuple[Any, ...]) -> type[Section]:
    """Return the section that a path of names ends in; a section may hold others."""
    for name in names:
        field = section.model_fields.get(str(name))
        if field is None or not isinstance(field.default, Section):
            break
        section = type(field.default)
    return section
