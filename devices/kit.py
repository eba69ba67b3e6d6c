"""What a kind of device is: its readings, commands and capabilities, as data."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from devices.clock import Clock
from devices.driver import Driver, Host
from devices.transports.byte_pipe import Peer
from devices.uploads import Uploads

Datatype = Literal["integer", "float", "boolean", "string", "enum", "json"]


_ACCEPTS: Mapping[str, Any] = {
    "name": "Programs it takes",
    "datatype": "json",
    "settable": False,
    "retained": True,
}


@dataclass(frozen=True)
class Reading:
    """A property that the device tells. Numbers have a unit (`#` for a count)."""

    node: str
    key: str
    datatype: Datatype
    unit: str | None = None
    retained: bool = True


@dataclass(frozen=True)
class Command:
    """A property that may be set."""

    node: str
    key: str
    datatype: Datatype = "json"


@dataclass(frozen=True)
class Capability:
    """What a lesson or a championship may ask of the kit, such as `timing`."""

    id: str


@dataclass(frozen=True)
class UsbMatch:
    """A USB identity; `certain` if nothing else uses it, so that opening the port harms nobody.

    `interface` is the one of a device that has several, as in `1-3:1.0`.
    """

    vid: int
    pid: int
    certain: bool
    interface: int | None = None


@dataclass(frozen=True)
class Kit:
    """A kind of device; its folder holds captures, `translations.toml` and `quality.toml`."""

    id: str
    type: str
    """Of its devices on the bus."""
    folder: Path
    baud: int
    driver: Callable[[Host], Driver]
    emulator: Callable[[Clock], Peer]
    readings: tuple[Reading, ...]
    commands: tuple[Command, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    usb: tuple[UsbMatch, ...] = ()
    probes: bool = False
    """Its driver asks in a way that harms nobody, so it may be tried at any port that a person named."""
    uploads: Uploads | None = None
    """How a program gets onto it."""
    extra_bauds: tuple[int, ...] = ()
    """Speeds at which its driver is to be asked as well, after `baud`."""
    alerts: tuple[str, ...] = ()
    """Ids of the alerts that its driver may raise."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Type of each node, if it differs from its id."""

    @property
    def bauds(self) -> tuple[int, ...]:
        """Every speed at which its driver is opened while nobody has answered."""
        return (self.baud, *self.extra_bauds)

    def load_translations(self) -> dict[str, dict[str, str]]:
        """`kit` and the `node/key` of each reading and command to its name in kk, ru and en."""
        with (self.folder / "translations.toml").open("rb") as file:
            return tomllib.load(file)

    def describe(self) -> dict[str, Any]:
        """The nodes of the device's `$description`."""
        names = self.load_translations()
        settable = {(command.node, command.key): command.datatype for command in self.commands}
        told = {(reading.node, reading.key): reading for reading in self.readings}
        nodes: dict[str, Any] = {}
        for node, key in dict.fromkeys((*told, *settable)):
            reading = told.get((node, key))
            shape: dict[str, Any] = {
                "name": names[f"{node}/{key}"]["en"],
                "datatype": reading.datatype if reading else settable[node, key],
                "settable": (node, key) in settable,
                "retained": reading.retained if reading else False,
            }
            if reading and reading.unit:
                shape["unit"] = reading.unit
            kind = self.nodes.get(node, node)
            home = nodes.setdefault(node, {"name": node, "type": kind, "properties": {}})
            home["properties"][key] = shape
        if self.uploads is not None:
            home = nodes.setdefault("program", {"name": "program", "type": "program", "properties": {}})
            home["properties"]["accepts"] = _ACCEPTS
        return nodes

    def accepts(self) -> str:
        """Which programs may be uploaded, as the value of `program/accepts`."""
        assert self.uploads is not None
        told = {
            "kit": self.id,
            "suffixes": self.uploads.suffixes,
            "max_bytes": self.uploads.max_bytes,
            "slots": self.uploads.slots,
            "first_slot": self.uploads.first_slot,
            "can_run": self.uploads.can_run,
            "named": self.uploads.named,
        }
        return json.dumps(told)
