"""What a person calls a device that no kit of ours describes, from what it says of itself."""

import re
from collections.abc import Iterator
from typing import Any

from web.languages import load_catalogue
from web.languages import mark as _

WORDS = {
    "thermostat": _("Thermostat"),
    "thermometer": _("Thermometer"),
    "temperature": _("Thermometer"),
    "humidity": _("Humidity sensor"),
    "weather": _("Weather station"),
    "greenhouse": _("Greenhouse"),
    "light": _("Light"),
    "lamp": _("Light"),
    "led": _("Light"),
    "switch": _("Switch"),
    "relay": _("Switch"),
    "plug": _("Switch"),
    "button": _("Button"),
    "servo": _("Motor"),
    "motor": _("Motor"),
    "pump": _("Pump"),
    "display": _("Display"),
    "camera": _("Camera"),
    "robot": _("Robot"),
    "sensor": _("Sensor"),
    "esp32": _("ESP32 board"),
    "esp8266": _("ESP8266 board"),
}


def name_described(kind: str, description: dict[str, Any], language: str) -> str:
    """By the device's type, else by its nodes; a type without a word of ours stands for itself."""
    gettext = load_catalogue(language).gettext
    for told in iter_told(kind, description):
        words = set(re.findall(r"[a-z0-9]+", told.lower()))
        if known := next((word for word in WORDS if word in words), None):
            return gettext(WORDS[known])
    return kind[:40] or gettext("Device")


def iter_told(kind: str, description: dict[str, Any]) -> Iterator[str]:
    yield kind
    yield str(description.get("name") or "")
    nodes = description.get("nodes")
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        yield str(node.get("type") or name) if isinstance(node, dict) else str(name)
