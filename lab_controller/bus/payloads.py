"""Payloads from the bus: written by firmware and pupils, so nothing in them is believed."""

import json
import math
from typing import Any, NoReturn

from lab_controller.errors import Invalid


def _no_constant(name: str) -> NoReturn:
    raise Invalid("payload_invalid", problem=f"{name} is not JSON")


def parse_json(payload: bytes) -> Any:
    """Raises Invalid `payload_invalid`."""
    try:
        return json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Invalid("payload_invalid", problem=str(error)[:200]) from error


def parse_object(payload: bytes) -> dict[str, Any]:
    value = parse_json(payload)
    if not isinstance(value, dict):
        raise Invalid("payload_invalid", problem="not a JSON object")
    return value


def parse_text(payload: bytes) -> str:
    """Homie sends an empty string as one zero byte."""
    try:
        return "" if payload == b"\x00" else payload.decode()
    except UnicodeDecodeError as error:
        raise Invalid("payload_invalid", problem="not UTF-8") from error


def parse_number(text: str) -> float | None:
    """A finite number or a boolean as 1 and 0; None for anything else."""
    if text in ("true", "false"):
        return float(text == "true")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
