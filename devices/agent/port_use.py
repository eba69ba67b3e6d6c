"""What a person says of a port: a kit, perhaps which one, or something that is to be left alone."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from devices.discovery import Port, is_port_id
from devices.errors import ProtocolError
from devices.kit import Kit

USE, KIT = "use", "kit"
USES = frozenset({"kit", "other", ""})


def parse_use(text: str, kits: Iterable[Kit]) -> tuple[str, str, str]:
    """A port's id, its use and its kit from `{"port": id, "use": "kit" | "other" | "", "kit": which one}`.

    `kit` may be left out. Raises ProtocolError.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=text[:80]) from error
    match told:
        case {"port": str(identity), "use": str(use), **more} if use in USES and is_port_id(identity):
            kit = str(more.get("kit", ""))
            if kit == "" or (use == "kit" and _is_known(kit, kits)):
                return identity, use, kit
    raise ProtocolError("bad_command", payload=text[:80])


def as_used(port: Port, notes: Mapping[str, str], kits: Iterable[Kit]) -> Port:
    """What a person has said of the port counts like a name in the settings."""
    if is_left_alone(notes):
        return replace(port, usb=None, configured=False, kit=None)
    if notes.get(USE) == "kit":
        kit = notes.get(KIT)
        return replace(port, configured=True, kit=kit if _is_known(kit, kits) else port.kit)
    return port


def is_left_alone(notes: Mapping[str, str]) -> bool:
    """Whether something else is there, or another program is to have it."""
    return notes.get(USE) == "other"


def _is_known(kit: str | None, kits: Iterable[Kit]) -> bool:
    return any(each.id == kit for each in kits)
