"""Arduino Serial Plotter lines: `temp:23.5,light:410` from any pupil's sketch is telemetry."""

import math
import re
import zlib
from collections import Counter
from dataclasses import dataclass, replace

VALUES_MAX = 32

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PART = re.compile(rf"(?:(?P<name>[^:,\t]{{1,32}}):)?\s*(?P<value>{_NUMBER})")
_NOT_ID = re.compile(r"[^a-z0-9]+")
TAKEN = "stream"
"""All samples together have this key on the bus."""


@dataclass(frozen=True)
class Sample:
    """One value of a moment; `key` is fit for a topic, `name` is as the pupil wrote it."""

    key: str
    name: str
    value: float
    unit: str = ""


def parse_plotter(line: str) -> tuple[Sample, ...] | None:
    """Samples of a line, or None if it is not a plotter line; unnamed values are numbered."""
    parts = [part.strip() for part in re.split(r"[,\t]|(?<=\d)\s+", line.strip()) if part.strip()]
    if not 0 < len(parts) <= VALUES_MAX:
        return None
    samples = []
    for place, part in enumerate(parts, start=1):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        value = float(match["value"])
        if not math.isfinite(value):
            return None
        name = (match["name"] or f"value {place}").strip()
        samples.append(Sample(_key(name), name, value))
    if len({sample.name for sample in samples}) != len(samples):
        return None
    keys = Counter(sample.key for sample in samples)
    return tuple(
        replace(each, key=_marked(each.key, each.name))
        if keys[each.key] > 1 and each.key != each.name
        else each
        for each in samples
    )


def _key(name: str) -> str:
    """The same for the same name, always; one that has other letters than a topic may have is marked."""
    key = _NOT_ID.sub("-", name.lower()).strip("-")
    lost = not name.isascii() and any(letter.isalnum() and not letter.isascii() for letter in name)
    return _marked(key, name) if lost or key in ("", TAKEN) else key


def _marked(key: str, name: str) -> str:
    return f"{key or 'value'}-{zlib.crc32(name.encode()):08x}"
