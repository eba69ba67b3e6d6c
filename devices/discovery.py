"""Which ports there are, and which kits may be behind each, without opening one that is not ours."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from devices.clock import Clock
from devices.kit import Kit
from devices.transports.byte_pipe import BytePipe
from devices.transports.serial_listing import UsbPort, find_holder, list_usb_ports
from devices.transports.serial_port import SerialPort


@dataclass(frozen=True)
class Port:
    """A serial port; `configured` means that a person said that a kit is there."""

    path: str
    usb: UsbPort | None = None
    configured: bool = False


class Ports(Protocol):
    """Where an agent finds its ports."""

    async def find(self) -> tuple[Port, ...]:
        """The ports of this moment."""
        ...

    def pipe(self, port: Port, baud: int) -> BytePipe:
        """A way to the port, not yet open."""
        ...

    async def holder(self, port: Port) -> str | None:
        """Which program has the port open, if that can be known."""
        ...


class SystemPorts:
    """Ports of this computer, and those that are named in the settings, such as pseudo-terminals."""

    def __init__(self, configured: Sequence[str], clock: Clock, *, usb: bool = True) -> None:
        self._configured = tuple(configured)
        self._clock = clock
        self._usb = usb

    async def find(self) -> tuple[Port, ...]:
        """Named ports are always among them, plugged in or not."""
        found = await asyncio.to_thread(list_usb_ports) if self._usb else ()
        named = {path: Port(path, None, configured=True) for path in self._configured}
        for usb in found:
            named[usb.path] = Port(usb.path, usb, configured=usb.path in named)
        return tuple(named.values())

    def pipe(self, port: Port, baud: int) -> BytePipe:
        """A serial port."""
        return SerialPort(port.path, baud, self._clock)

    async def holder(self, port: Port) -> str | None:
        """A look into /proc."""
        return await asyncio.to_thread(find_holder, port.path)


def candidates(port: Port, kits: Iterable[Kit]) -> tuple[Kit, ...]:
    """Kits that may be asked for at this port.

    A port that nobody named is opened only if its USB identity belongs to one of our kits and
    to nothing else: opening a CH340 may reset a printer in the middle of a print.
    """
    if port.configured:
        return tuple(kits)
    if port.usb is None:
        return ()
    usb = (port.usb.vid, port.usb.pid)
    return tuple(
        kit for kit in kits if any((match.vid, match.pid) == usb and match.certain for match in kit.usb)
    )


def is_ambiguous(port: Port, kits: Iterable[Kit]) -> bool:
    """One of our kits may be there, but so may something else: a person has to name the port."""
    if port.configured or port.usb is None:
        return False
    usb = (port.usb.vid, port.usb.pid)
    return any((match.vid, match.pid) == usb and not match.certain for kit in kits for match in kit.usb)
