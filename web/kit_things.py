"""What is on a kit: the pins of a board, and what is plugged into a brick's ports."""

from collections.abc import Sequence
from typing import Any

from web.device_views import read_object
from web.languages import load_catalogue
from web.languages import mark as _

MOST_PINS = 128
PLUGGED = {
    "large-motor": _("Large motor"),
    "medium-motor": _("Medium motor"),
    "small-motor": _("Small motor"),
    "motor": _("Motor"),
    "touch": _("Touch sensor"),
    "force": _("Force sensor"),
    "color": _("Color sensor"),
    "light": _("Light sensor"),
    "sound": _("Sound sensor"),
    "ultrasonic": _("Distance sensor"),
    "distance": _("Distance sensor"),
    "temperature": _("Thermometer"),
    "gyro": _("Gyro sensor"),
    "infrared": _("Infrared sensor"),
    "energy-meter": _("Energy meter"),
    "light-matrix": _("Light matrix"),
    "color-matrix": _("Light matrix"),
    "rotation": _("Rotation sensor"),
    "inertial": _("Inertial sensor"),
    "vision": _("Camera"),
    "optical": _("Optical sensor"),
    "magnet": _("Electromagnet"),
    "led": _("Light"),
    "radio": _("Radio"),
    "controller": _("Controller"),
    "three-wire-expander": _("Expander for more ports"),
    "wrong-port": _("Something that does not belong into this port: put it into another one"),
}
MODES = {
    "input": _("Reads (input)"),
    "pullup": _("Reads, with pull-up"),
    "output": _("Switches (output)"),
    "pwm": _("Dims (PWM)"),
    "servo": _("Turns a servo"),
    "analog": _("Measures (analog)"),
}


def read_pins(text: str | None) -> list[dict[str, Any]]:
    """`{"pin", "can", "mode", "value"}` of each pin, as a Firmata board tells them; nonsense is left out."""
    told = read_object(text)
    if not isinstance(told, dict):
        return []
    pins = []
    for pin, about in list(told.items())[:MOST_PINS]:
        if str(pin).isdecimal() and isinstance(about, dict):
            can = about.get("can")
            value = about.get("value")
            pins.append(
                {
                    "pin": int(pin),
                    "can": [mode for mode in can if mode in MODES] if isinstance(can, list) else [],
                    "mode": about.get("mode") if about.get("mode") in MODES else None,
                    "value": value if isinstance(value, int) else None,
                }
            )
    return sorted(pins, key=lambda pin: pin["pin"])


def tell_plugged(plugged: Sequence[dict[str, Any]], language: str) -> list[dict[str, str]]:
    """`{"name", "device"}` of each port; `device` is "" where nothing is plugged in."""
    return [{"name": port["name"], "device": name_plugged(port["value"], language)} for port in plugged]


def name_plugged(value: object, language: str) -> str:
    """What our catalogues call it, else the kit's own word for it."""
    device = value.get("device") if isinstance(value, dict) else None
    if not isinstance(device, str) or not device:
        return ""
    word = device.removeprefix("nxt-").removesuffix("-sensor").replace(" ", "-")
    return load_catalogue(language).gettext(PLUGGED[word]) if word in PLUGGED else device[:40]
