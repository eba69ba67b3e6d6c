"""What an NXT's sensors measure, by the type and the mode that the program has set."""

import json
from collections.abc import Mapping

from devices.protocols.nxt import InputValues, OutputState
from devices.protocols.plotter import Sample

INPUTS, OUTPUTS = ("1", "2", "3", "4"), ("a", "b", "c")
NO_SENSOR = 0
DEVICES: Mapping[int, str] = {
    1: "touch",
    2: "rcx-temperature",
    3: "rcx-light",
    4: "rcx-rotation",
    5: "light",
    6: "light",
    7: "sound",
    8: "sound",
    9: "custom",
    10: "digital",
    11: "digital",
    13: "color",
    14: "color",
    15: "color",
    16: "color",
    17: "color",
}
_MODES: Mapping[int, tuple[str, str, str]] = {
    0x00: ("raw", "Raw value", ""),
    0x20: ("pressed", "Pressed", ""),
    0x40: ("changes", "Changes", "#"),
    0x60: ("periods", "Periods", "#"),
    0x80: ("percent", "Level", "%"),
    0xA0: ("temperature", "Temperature", "°C"),
    0xC0: ("temperature-fahrenheit", "Temperature", "°F"),
    0xE0: ("angle", "Angle", "#"),
}
_TENTHS = frozenset({0xA0, 0xC0})


def plugged(values: InputValues) -> str:
    """The value of `ports/1` and so on: the brick knows only what its program has set."""
    if values.type == NO_SENSOR:
        return json.dumps({"device": None})
    device = DEVICES.get(values.type, f"type-{values.type}")
    return json.dumps({"device": device, "mode": values.mode >> 5})


def sensor_sample(values: InputValues) -> Sample | None:
    """A sensor's value; None while there is none, or where only its program can read it."""
    if values.type == NO_SENSOR or not values.is_valid or DEVICES.get(values.type) == "digital":
        return None
    key, name, unit = _MODES[values.mode & 0xE0]
    value = values.scaled / 10 if values.mode & 0xE0 in _TENTHS else float(values.scaled)
    port = INPUTS[values.port]
    return Sample(f"sensor-{port}-{key}", f"{name} {port}", value, unit)


def motor_sample(state: OutputState) -> Sample:
    """A motor's angle since its program began."""
    port = OUTPUTS[state.port]
    return Sample(f"motor-{port}-angle", f"Motor angle {port.upper()}", float(state.angle), "°")
