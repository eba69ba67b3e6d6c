"""Which ports there are, and which kits may be behind each, without opening one that is not ours."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from devices.clock import Clock
from devices.identities import Identities, Place, identify
from devices.kit import Kit, UsbMatch
from devices.transports.ble import BLE
from devices.transports.byte_pipe import BytePipe
from devices.transports.hidraw import HIDRAW, HidrawPort, list_hidraw_ports
from devices.transports.pybricks_ble import PybricksBlePipe
from devices.transports.serial_listing import UsbPort, find_holders, list_usb_ports
from devices.transports.serial_port import SerialPort
from devices.transports.tcp_port import TCP, UNLOCKS, TcpPort


@dataclass(frozen=True)
class Port:
    """A serial port; `configured` means that a person said that a kit is there, `kit` which one.

    `identity` is of what is plugged in, or of the socket where that has no number of its own; see
    `devices.identities`.
    """

    path: str
    usb: UsbPort | None = None
    configured: bool = False
    kit: str | None = None
    identity: str = ""

    @property
    def id(self) -> str:
        """Eight hex digits, the same whenever the same kit comes back."""
        return identify(self.identity or self.path)


def is_port_id(text: str) -> bool:
    """Whether a `Port` may have this id."""
    return len(text) == 8 and set(text) <= set("0123456789abcdef")


class Ports(Protocol):
    """Where an agent finds its ports."""

    async def find(self) -> tuple[Port, ...]:
        """The ports of this moment."""
        ...

    def recall(self, places: Mapping[str, Place]) -> None:
        """Ids of ports that there were before, and the place of each as far as it is known."""
        ...

    def pipe(self, port: Port, baud: int) -> BytePipe:
        """A way to the port, not yet open."""
        ...

    async def holders(self, paths: Iterable[str]) -> Mapping[str, str]:
        """Which other programs have ports open, by their paths, as far as that can be known."""
        ...


class SystemPorts:
    """Ports of this computer, and those that are named in the settings, such as pseudo-terminals.

    A name is a path, or `path=kit` for a line that only one kind of kit understands; the path may be
    `tcp:host:port`, or `ble:name` for a Pybricks hub that is reached over Bluetooth.
    """

    def __init__(self, configured: Sequence[str], clock: Clock, *, usb: bool = True) -> None:
        self._configured: Mapping[str, str | None] = {
            path: kit or None for path, _, kit in (name.partition("=") for name in configured)
        }
        self._clock = clock
        self._usb = usb
        self._found: tuple[UsbPort, ...] = ()
        self._identities = Identities()

    async def find(self) -> tuple[Port, ...]:
        """Named ports are always among them, plugged in or not."""
        if self._usb:
            await asyncio.to_thread(self._look)
        found = self._found
        named = {path: Port(path, None, configured=True, kit=kit) for path, kit in self._configured.items()}
        identities = self._identities.give(found)
        for usb in found:
            kit = self._configured.get(usb.path)
            named[usb.path] = Port(usb.path, usb, usb.path in self._configured, kit, identities[usb.path])
        return tuple(named.values())

    def recall(self, places: Mapping[str, Place]) -> None:
        """So that each keeps its id, whichever is found first."""
        self._identities.recall(places)

    def pipe(self, port: Port, baud: int) -> BytePipe:
        """A serial port, a HID device, a connection to a host, or one over Bluetooth."""
        if port.path.startswith(BLE):
            return PybricksBlePipe(port.path, self._clock)
        if port.path.startswith(TCP):
            return TcpPort(port.path, self._clock, UNLOCKS.get(port.kit or ""))
        if port.path.startswith(HIDRAW):
            return HidrawPort(port.path, self._clock)
        return SerialPort(port.path, baud, self._clock)

    async def holders(self, paths: Iterable[str]) -> Mapping[str, str]:
        """A look into /proc."""
        return await asyncio.to_thread(find_holders, tuple(paths))

    def _look(self) -> None:
        """Where a cable is pulled while pyserial reads about it, that stumbles: the next look is soon."""
        with contextlib.suppress(OSError, TypeError, ValueError):
            self._found = (*list_usb_ports(), *list_hidraw_ports())


def candidates(port: Port, kits: Iterable[Kit]) -> tuple[Kit, ...]:
    """Kits that may be asked for at this port.

    A port that nobody named is opened only if its USB identity belongs to one of our kits and
    to nothing else: opening a CH340 may reset a printer in the middle of a print.
    """
    known = tuple(kits)
    if port.kit is not None:
        return tuple(kit for kit in known if kit.id == port.kit)
    sure = port.configured
    if port.usb is not None:
        usb = port.usb
        ours = tuple(
            kit for kit in known if any(_is(match, usb) and (match.certain or sure) for match in kit.usb)
        )
        if ours or not sure:
            return ours
    return tuple(kit for kit in known if kit.probes) if sure else ()


def is_ambiguous(port: Port, kits: Iterable[Kit]) -> bool:
    """One of our kits may be there, but so may something else: a person has to name the port."""
    if port.configured or port.usb is None:
        return False
    usb = port.usb
    return any(_is(match, usb) and not match.certain for kit in kits for match in kit.usb)


def _is(match: UsbMatch, usb: UsbPort) -> bool:
    same = (match.vid, match.pid) == (usb.vid, usb.pid)
    return same and (match.interface is None or match.interface == usb.interface)
