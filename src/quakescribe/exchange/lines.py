"""Text files line by line: every complaint names the file, the line, and what was expected there."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from quakescribe.errors import FormatError
from quakescribe.exchange.clock import parse_time


@dataclass(frozen=True)
class Line:
    """One line of a file, with readers for what stands on it."""

    path: Path
    number_: int
    text: str

    def fail(self, message: str) -> NoReturn:
        """Raise a FormatError that names the file and the line."""
        raise FormatError(f"{self.path}: line {self.number_}: {message}")

    def number(self, text: str, what: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number within [low, high]."""
        try:
            value = float(text)
        except ValueError:
            self.fail(f"'{text.strip()}' where the {what} belongs; expected a number")
        if not math.isfinite(value):
            self.fail(f"'{text.strip()}' where the {what} belongs; expected a finite number")
        if not low <= value <= high:
            self.fail(f"{what} {value:g} lies outside [{low:g}, {high:g}]")
        return value

    def whole(self, text: str, what: str) -> int:
        """Return a whole number."""
        value = self.number(text, what)
        if value != int(value):
            self.fail(f"'{text.strip()}' where the {what} belongs; expected a whole number")
        return int(value)

    def optional(self, text: str, what: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a number, or NaN where nothing stands."""
        stripped = text.strip()
        if stripped in ("", "--", "None", "nan", "NaN", "null"):
            return math.nan
        return self.number(stripped, what, low, high)

    def time(self, text: str, what: str) -> int:
        """Return nanoseconds since 1970."""
        try:
            return parse_time(text)
        except ValueError as error:
            self.fail(f"{what}: {error}")

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Check a latitude and longitude; longitudes of 180-360 are turned into negative ones."""
        if not -90.0 <= latitude <= 90.0:
            hint = "; are latitude and longitude swapped?" if abs(longitude) <= 90.0 else ""
            self.fail(f"latitude {latitude:g} lies outside [-90, 90]{hint}")
        if not -180.0 <= longitude <= 360.0:
            self.fail(f"longitude {longitude:g} lies outside [-180, 360]")
        return latitude, longitude - 360.0 if longitude > 180.0 else longitude

    def depth(self, depth_km: float) -> float:
        """Check a depth in km (NaN passes)."""
        if not math.isnan(depth_km) and not -10.0 <= depth_km <= 800.0:
            self.fail(f"depth {depth_km:g} km lies outside [-10, 800]; is it in metres?")
        return depth_km

    def magnitude(self, text: str) -> float:
        """Return a magnitude; NaN where nothing stands or for the usual marks of 'none' (-9, -9.9, -99)."""
        value = self.optional(text, "magnitude")
        if value <= -5.0:
            return math.nan
        if value > 11.0:
            self.fail(f"magnitude {value:g} lies outside [-5, 11]")
        return value


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a UTF-8 file (with or without a byte order mark), without their ends."""
    with open(path, "rb") as handle:
        for number, raw in enumerate(handle, 1):
            if number == 1:
                if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise FormatError(f"{path}: line 1: the file is UTF-16; expected UTF-8: save it as UTF-8")
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise FormatError(f"{path}: line {number}: byte 0x{raw[error.start]:02x} is not UTF-8; expected plain "
                                  "text in UTF-8: convert the file (iconv -f latin1 -t utf8)") from None
            if "\0" in text:
                raise FormatError(f"{path}: line {number}: a zero byte; expected plain text")
            yield Line(path, number, text.rstrip("\r\n"))


@contextmanager
def atomic(path: Path) -> Iterator[TextIO]:
    """Open a temporary file beside ``path`` for text; renamed on success, removed on failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as handle:
            yield handle
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
