"""The settings: one file and one section of ``quakescribe.toml`` per stage; ``project.py`` puts them together."""

from quakescribe.settings.base import Section, build, setting

__all__ = ["Section", "build", "setting"]
