"""What comes fast: samples and printed text, in batches, and the last value for everybody else."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from devices.agent.flood import FloodWatch
from devices.agent.twin import Twin
from devices.driver import Measured
from devices.protocols.plotter import Sample

NODE = "telemetry"
BATCH_US = 100_000
BATCH_VALUES = 200
KEYS_MAX = 64
REFRESH_US = 2_000_000
"""Of the last value, for whoever does not read the stream."""
CONSOLE = "console"
TEXT_MAX = 8_000
"""Characters of a batch; a program that floods loses the rest, and is told how much."""
SAMPLES_MAX = 5_000
"""Of all names in a second: more than a full-speed serial line carries; the rest is left out."""

_STREAM: Mapping[str, Any] = {"name": "stream", "datatype": "json", "settable": False, "retained": False}
_PRINTED: Mapping[str, Any] = {"name": "printed", "datatype": "json", "settable": False, "retained": False}


class Streams:
    """Of one device; `tick` sends what has gathered."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._gathered: dict[str, tuple[list[int], list[float]]] = {}
        self._last_us: dict[str, int] = {}
        self._units: dict[str, str] = {}
        self._sent_us = 0
        self._text = ""
        self._skipped = 0
        self._text_since_us = self._text_sent_us = 0
        self.flood = FloodWatch(twin)

    def add(self, measured: Measured) -> None:
        """Samples of one moment; more than `KEYS_MAX` names are noise and are not taken."""
        if not self.flood.has_room("sample", len(measured.samples), SAMPLES_MAX, measured.at_us):
            return
        self._describe(measured.samples)
        for sample in measured.samples:
            if not self._twin.knows(NODE, sample.key):
                continue
            times, values = self._gathered.setdefault(sample.key, ([], []))
            # Two samples of one moment stay two rows, also when they travel in two batches.
            self._last_us[sample.key] = max(measured.at_us, self._last_us.get(sample.key, 0) + 1)
            times.append(self._last_us[sample.key])
            values.append(sample.value)
        full = any(len(values) >= BATCH_VALUES for _, values in self._gathered.values())
        if full or measured.at_us - self._sent_us >= BATCH_US:
            self._send(measured.at_us)

    def tick(self, now_us: int) -> None:
        """Nothing waits longer than a tenth of a second; what comes after a pause does not wait at all."""
        if self._gathered and now_us - self._sent_us >= BATCH_US:
            self._send(now_us)
        if self._text and now_us - self._text_sent_us >= BATCH_US:
            self._send_text(now_us)
        self.flood.tick(now_us)

    def print(self, text: str, now_us: int) -> None:
        """What a program wrote."""
        if not self._text:
            self._text_since_us = now_us
        room = TEXT_MAX - len(self._text)
        self._text += text[:room]
        if len(text) > room:
            self._skipped += len(text) - room
            self.flood.skipped(now_us)
        if now_us - self._text_sent_us >= BATCH_US:
            self._send_text(now_us)

    def _send_text(self, now_us: int) -> None:
        told = {"us": self._text_since_us, "text": self._text, "skipped": self._skipped}
        self._text, self._skipped, self._text_sent_us = "", 0, now_us
        if self._twin.online:
            self._twin.describe(CONSOLE, {"printed": _PRINTED})
            self._twin.tell(CONSOLE, "printed", json.dumps(told), now_us)

    def _send(self, now_us: int) -> None:
        gathered, self._gathered, self._sent_us = self._gathered, {}, now_us
        if self._twin.online:  # hours of a pupil's numbers would leave a passage no place in the queue
            batches = [
                {"key": key, "unit": self._units.get(key, ""), "us": times, "values": values}
                for key, (times, values) in gathered.items()
            ]
            self._twin.tell(NODE, "stream", json.dumps(batches), now_us)
        # After the stream: the hub stores a plain value only of what it has never seen streamed.
        for key, (_, values) in gathered.items():
            self._twin.tell(NODE, key, repr(values[-1]), now_us, REFRESH_US)

    def _describe(self, samples: Sequence[Sample]) -> None:
        news = [each for each in samples if each.key != "stream" and not self._twin.knows(NODE, each.key)]
        news = news[: KEYS_MAX + 1 - max(1, self._twin.count(NODE))]
        if not news:
            return
        shapes: dict[str, Mapping[str, Any]] = {"stream": _STREAM}
        for sample in news:
            shape = {"name": sample.name, "datatype": "float", "settable": False, "retained": True}
            if sample.unit:
                shape["unit"] = self._units[sample.key] = sample.unit
            shapes[sample.key] = shape
        self._twin.describe(NODE, shapes)
