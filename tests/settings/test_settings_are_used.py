"""A setting that nothing reads is a promise nobody keeps."""

import re
from pathlib import Path

import pytest

import quakescribe
from quakescribe.settings import base
from quakescribe.settings.project import Settings

PACKAGE = Path(quakescribe.__file__).parent


def sections(kind):
    for field in kind.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, base.Section):
            yield field.annotation
            yield from sections(field.annotation)


@pytest.mark.parametrize("section", sorted(set(sections(Settings)), key=lambda kind: kind.__name__))
def test_every_setting_is_read_somewhere(section):
    texts = [path.read_text() for path in PACKAGE.rglob("*.py")]
    owner = section.__name__.removesuffix("Settings").lower()
    owner = f"{owner}|{owner.removeprefix('audit') or owner}"
    for name in section.model_fields:
        read = re.compile(rf"\b(self|rules|limits|s|settings|\w*_settings|{owner})\.{name}\b")
        assert any(read.search(text) for text in texts), f"{section.__name__}.{name}"
