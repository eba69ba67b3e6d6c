"""Telemetry of a pupil's sketch: batches for the plot, and the last value for everybody else."""

import json
from collections.abc import Mapping
from typing import Any

from devices.agent.twin import Twin
from devices.driver import Measured

NODE = "telemetry"
BATCH_US = 200_000
BATCH_VALUES = 200
KEYS_MAX = 64

_STREAM: Mapping[str, Any] = {"name": "stream", "datatype": "json", "settable": False, "retained": False}


class Streams:
    """Of one device; `tick` sends what has gathered."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._gathered: dict[str, tuple[list[int], list[float]]] = {}
        self._since_us = 0

    def add(self, measured: Measured) -> None:
        """Samples of one moment; more than `KEYS_MAX` names are noise and are not taken."""
        if not self._gathered:
            self._since_us = measured.at_us
        for sample in measured.samples:
            if not self._describe(sample.key, sample.name):
                continue
            times, values = self._gathered.setdefault(sample.key, ([], []))
            times.append(max(measured.at_us, times[-1] + 1) if times else measured.at_us)
            values.append(sample.value)
            self._twin.tell(NODE, sample.key, repr(sample.value), measured.at_us)
        if any(len(values) >= BATCH_VALUES for _, values in self._gathered.values()):
            self._send(measured.at_us)

    def tick(self, now_us: int) -> None:
        """A batch is never older than a fifth of a second."""
        if self._gathered and now_us - self._since_us >= BATCH_US:
            self._send(now_us)

    def _send(self, now_us: int) -> None:
        gathered, self._gathered = self._gathered, {}
        if not self._twin.online:
            return  # hours of a pupil's numbers would leave a passage no place in the queue
        for key, (times, values) in gathered.items():
            batch = {"key": key, "unit": "", "us": times, "values": values}
            self._twin.tell(NODE, "stream", json.dumps(batch), now_us)

    def _describe(self, key: str, name: str) -> bool:
        if self._twin.knows(NODE, key):
            return True
        if key == "stream" or self._twin.count(NODE) > KEYS_MAX:
            return False
        self._twin.describe(NODE, "stream", _STREAM)
        shape = {"name": name, "datatype": "float", "settable": False, "retained": True}
        self._twin.describe(NODE, key, shape)
        return True
