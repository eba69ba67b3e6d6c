"""The mailboxes of a brick on its page: a message to its program, and the last one from it."""

import math
from typing import Any, Literal

from lab_controller.canonical import canonical_json
from lab_controller.equipment.queries import DeviceView
from lab_controller.errors import Invalid
from web.device_views import read_object
from web.formats import format_number
from web.languages import load_catalogue

NUMBERED = {"nxt": 10}
"""Kinds whose boxes have numbers from 1 on, and no names; their programs read text only."""
LONGEST = 250

Content = Literal["text", "number"]


def view_mailbox(device: DeviceView, language: str) -> dict[str, Any] | None:
    """What the page shows of a device with mailboxes; None for another.

    {"can_send", "boxes": how many there are by number, 0 where they have names,
     "received": {"box", "value"} in words | null}
    """
    described = {each.prop: each for each in device.properties if each.node == "mailbox"}
    if not described:
        return None
    return {
        "can_send": "send" in described and described["send"].settable,
        "boxes": NUMBERED.get(device.kind, 0),
        "received": read_mail(device.latest.get("mailbox/received"), language),
    }


def read_mail(text: str | None, language: str) -> dict[str, str] | None:
    """A message in words, or None for what is none."""
    match read_object(text):
        case {"box": str() | int() as box, "value": str() | int() | float() as value}:
            return {"box": str(box)[:LONGEST], "value": _describe(value, language)}
    return None


def format_mail(kind: str, box: str, text: str, content: Content) -> str:
    """The value of `mailbox/send`. Raises Invalid `bad_number`."""
    told: dict[str, object] = {"box": box, "value": text}
    if kind in NUMBERED:
        if not (box.isascii() and box.isdecimal() and 1 <= int(box) <= NUMBERED[kind]):
            raise Invalid("bad_number", value=box)
        told["box"] = int(box)
    if content == "number":
        told["value"] = _read_number(text)
    return canonical_json(told)


def _read_number(text: str) -> int | float:
    try:
        number = float(text.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-"))
    except ValueError as error:
        raise Invalid("bad_number", value=text) from error
    if not math.isfinite(number):
        raise Invalid("bad_number", value=text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _describe(value: str | float, language: str) -> str:
    if isinstance(value, bool):
        gettext = load_catalogue(language).gettext
        return gettext("yes") if value else gettext("no")
    if isinstance(value, str):
        return value[:LONGEST]
    return format_number(value, language) if math.isfinite(value) else str(value)
