"""Samples as devices send them: a stream's batches, and plain numbers."""

import math
from dataclasses import dataclass

from lab_controller.bus.handler import Inbound
from lab_controller.bus.payloads import parse_json, parse_number, parse_text
from lab_controller.errors import Invalid

MAX_SAMPLES = 2000
MAX_BATCHES = 64
MAX_KEY = 64
INT63 = 2**63


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one quantity: `us` is the device's own time, None for a plain value."""

    device: str
    key: str
    unit: str | None
    us: list[int] | None
    values: list[float]
    received_us: int


def parse_batches(message: Inbound) -> list[Batch]:
    """Empty for a value that is no reading; raises Invalid for a stream that is none.

    A stream is one batch, or a list of them: what a device measured of several quantities at a time.
    """
    topic = message.topic
    if topic.prop == "stream":
        told = parse_json(message.payload)
        if isinstance(told, list):
            if len(told) > MAX_BATCHES:
                raise Invalid("stream_invalid", problem="too many batches", limit=MAX_BATCHES)
            return [_parse_batch(message, each) for each in told]
        return [_parse_batch(message, told)]
    # A retained value is what the broker remembers, at a time that nobody knows.
    if message.retained or not message.payload:
        return []
    number = parse_number(parse_text(message.payload))
    if number is None:
        return []
    return [Batch(topic.device, f"{topic.node}/{topic.prop}", None, None, [number], message.received_us)]


def _parse_batch(message: Inbound, payload: object) -> Batch:
    if not isinstance(payload, dict):
        raise Invalid("stream_invalid", problem="not an object")
    key, unit = payload.get("key"), payload.get("unit", "")
    us, values = payload.get("us"), payload.get("values")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY or not isinstance(unit, str):
        raise Invalid("stream_invalid", problem="key or unit")
    if (
        not isinstance(us, list)
        or not isinstance(values, list)
        or not 0 < len(us) == len(values) <= MAX_SAMPLES
    ):
        raise Invalid("stream_invalid", problem="us and values", limit=MAX_SAMPLES)
    if not all(type(at) is int and 0 <= at < INT63 for at in us):
        raise Invalid("stream_invalid", problem="us")
    if not all(type(value) in (int, float) and math.isfinite(value) for value in values):
        raise Invalid("stream_invalid", problem="values")
    node = message.topic.node
    return Batch(message.topic.device, f"{node}/{key}", unit[:32], us, values, message.received_us)
