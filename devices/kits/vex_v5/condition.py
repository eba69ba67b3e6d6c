"""A brain's answers as values that the lab shows."""

import json
from collections.abc import Mapping

from devices.driver import Alert, Cleared, Output, Told
from devices.protocols.vex_files import Flags, Plugged

PORTS = 21
BATTERY = "battery"
LOW_PERCENT, FINE_PERCENT = 16, 32

KINDS: Mapping[int, str] = {
    2: "motor",
    3: "led",
    4: "rotation sensor",
    6: "inertial sensor",
    7: "distance sensor",
    8: "radio",
    9: "controller",
    11: "vision sensor",
    12: "three-wire expander",
    16: "optical sensor",
    17: "magnet",
    20: "GPS sensor",
    27: "light tower",
    28: "arm",
    29: "AI vision sensor",
    30: "pneumatics",
    64: "bumper",
    70: "gyro",
    71: "sonar",
    129: "serial",
}


def tell_flags(flags: Flags) -> list[Output]:
    """The battery, and which program runs. Numbers of slots are those that people see."""
    running = flags.slot != 0
    told: list[Output] = [
        Told("battery", "percent", str(flags.percent)),
        Told("program", "running", "true" if running else "false"),
    ]
    if 1 <= flags.slot <= 8:
        told.append(Told("program", "slot", str(flags.slot)))
    if flags.percent <= LOW_PERCENT:
        told.append(Alert(BATTERY, "battery_low", {"percent": flags.percent}))
    elif flags.percent >= FINE_PERCENT:
        told.append(Cleared(BATTERY))
    return told


def tell_ports(plugged: tuple[Plugged, ...]) -> list[Output]:
    """Every smart port, the empty ones too."""
    kinds = {each.port: each.kind for each in plugged if each.kind}
    return [Told("ports", str(port), _tell_port(kinds.get(port))) for port in range(1, PORTS + 1)]


def _tell_port(kind: int | None) -> str:
    if kind is None:
        return json.dumps({"device": None})
    return json.dumps({"device": KINDS.get(kind, f"device {kind}"), "kind": kind})
