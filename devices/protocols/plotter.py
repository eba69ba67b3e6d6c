"""Arduino Serial Plotter lines: `temp:23.5,light:410` from any pupil's sketch is telemetry."""

import math
import re
from dataclasses import dataclass

VALUES_MAX = 32

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_PART = re.compile(rf"(?:(?P<name>[^:,\t]{{1,32}}):)?\s*(?P<value>{_NUMBER})")
_NOT_ID = re.compile(r"[^a-z0-9]+")


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
        samples.append(Sample(_NOT_ID.sub("-", name.lower()).strip("-") or f"value-{place}", name, value))
    if len({sample.key for sample in samples}) != len(samples):
        return None
    return tuple(samples)
