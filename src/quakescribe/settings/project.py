"""``quakescribe.toml``: all sections together, read with one list of every fault, printed complete and explained."""

from __future__ import annotations

import difflib
import textwrap
import tomllib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from quakescribe.errors import SettingsError
from quakescribe.settings.associate import AssociateSettings
from quakescribe.settings.audit import AuditSettings
from quakescribe.settings.base import S, Section, build
from quakescribe.settings.compare import ComparisonSettings
from quakescribe.settings.locate import LocateSettings
from quakescribe.settings.measure import MeasureSettings
from quakescribe.settings.pick import PickSettings
from quakescribe.settings.report import ReportSettings
from quakescribe.settings.run import ProjectSettings, RunSettings
from quakescribe.settings.train import TrainSettings
from quakescribe.settings.velocity import VelocitySettings
from quakescribe.settings.waveforms import WaveformsSettings


class Settings(Section):
    """Everything a run depends on. Each field is one section of ``quakescribe.toml``."""

    project: ProjectSettings = ProjectSettings()
    run: RunSettings = RunSettings()
    waveforms: WaveformsSettings = WaveformsSettings()
    velocity: VelocitySettings = VelocitySettings()
    pick: PickSettings = PickSettings()
    associate: AssociateSettings = AssociateSettings()
    locate: LocateSettings = LocateSettings()
    measure: MeasureSettings = MeasureSettings()
    audit: AuditSettings = AuditSettings()
    comparison: ComparisonSettings = ComparisonSettings()
    report: ReportSettings = ReportSettings()
    train: TrainSettings = TrainSettings()


def parse(text: str, source: str = "quakescribe.toml") -> Settings:
    """Read settings from TOML text.

    Raises
    ------
    SettingsError
        One message with every fault of every section, each with its file.
    """
    return _from_tree(_tree(text, source), source)


def _from_tree(tree: dict[str, Any], source: str) -> Settings:
    faults: list[str] = []
    sections: dict[str, Any] = {}
    for name, values in tree.items():
        field = Settings.model_fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, list(Settings.model_fields), n=1)
            hint = f"did you mean [{near[0]}]?" if near else f"known: {', '.join(Settings.model_fields)}"
            faults.append(f"no section [{name}]; {hint}")
        elif not isinstance(values, dict):
            faults.append(f"'{name}' must be a section [{name}], got {values!r}")
        else:
            try:
                sections[name] = build(type(field.default), name, values)
            except SettingsError as error:
                faults.extend(str(error).splitlines())
    if faults:
        raise SettingsError("\n".join(f"{source}: {fault}" for fault in faults))
    return Settings(**sections)


def load(path: Path) -> Settings:
    """Read ``quakescribe.toml``."""
    return parse(_text(path), str(path))


def override(settings: Settings, changes: Iterable[str]) -> Settings:
    """Return settings with some changed, each given as ``section.name=value`` with the value as in TOML.

    A value that is no TOML is taken as text, so quotes can be left out.

    Raises
    ------
    SettingsError
        If a change is not of this form, or a name is unknown or a value out of range.
    """
    tree = settings.model_dump(exclude_none=True)
    for change in changes:
        path, equals, text = change.partition("=")
        *sections, name = path.strip().split(".")
        if not equals or not sections:
            raise SettingsError(f"'{change}': expected SECTION.NAME=VALUE, e.g. pick.trigger_threshold=12")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        inner = tree
        for section in sections:
            inner = inner.setdefault(section, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"'{change}': '{section}' is a setting, not a section")
        inner[name] = value
    return _from_tree(tree, "--set")


def read_section(path: Path, section: type[S], name: str) -> S:
    """Read one section from a TOML file of its values, with or without its ``[name]``."""
    tree = _tree(_text(path), str(path))
    return build(section, name, tree.get(name, tree))


def _text(path: Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; 'quakescribe init' makes one") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None


def _tree(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source}: not valid TOML: {error}") from None


def dump(settings: BaseModel, comments: bool = True) -> str:
    """Return settings as TOML, complete: every value, with its meaning, unit and range as a comment above it.

    A setting without a value appears as a commented line, so that the text reads back to equal settings.
    """
    lines: list[str] = []
    if not isinstance(settings, Settings):
        _dump_section(lines, "", settings, comments)
    for name in type(settings).model_fields if isinstance(settings, Settings) else ():
        _dump_section(lines, name, getattr(settings, name), comments)
    return "\n".join(lines).strip() + "\n"


def _dump_section(lines: list[str], name: str, section: BaseModel, comments: bool) -> None:
    if name:
        lines += ["", f"[{name}]"]
    if comments and section.__doc__ and name:
        lines += [
            f"# {line}" for line in textwrap.wrap(section.__doc__.strip().split("\n\n")[0].replace("\n", " "), 110)
        ]
    nested: list[tuple[str, BaseModel]] = []
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            nested.append((f"{name}.{key}" if name else key, value))
            continue
        if comments:
            lines += ["", *(f"# {line}" for line in textwrap.wrap(_explain(field), 110))]
        lines.append(f"# {key} =" if value is None else f"{key} = {_toml(value)}")
    for path, inner in nested:
        _dump_section(lines, path, inner, comments)


def _explain(field: Any) -> str:
    extra = field.json_schema_extra or {}
    unit = extra.get("unit", "-")
    limits = []
    for limit in field.metadata:
        for attribute, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
            if getattr(limit, attribute, None) is not None:
                limits.append(f"{sign} {getattr(limit, attribute):g}")
    notes = ([f"in {unit}"] if unit != "-" else []) + limits
    return (field.description or "") + (f" ({', '.join(notes)})" if notes else "")


def _toml(value: Any) -> str:
    import tomlkit

    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, tuple) and any(isinstance(part, BaseModel) for part in value):
        return "[\n" + "".join(f"    {_toml(part)},\n" for part in value) + "]"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, BaseModel):
        value = {name: part for name, part in value if part is not None}
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + "}"
    return str(tomlkit.item(value).as_string())
