"""Which kit is at which port: by its serial number, or by its socket where that is not its own alone."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devices.transports.serial_listing import UsbPort


def identify(identity: str) -> str:
    """Eight hex digits, the same whenever the same kit comes back."""
    return hashlib.blake2s(identity.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class Place:
    """Where a kit was last: its socket, and the id of the serial number in whose stead it is known by that.

    Either is empty where it is not known.
    """

    socket: str = ""
    number: str = ""


def place(usb: UsbPort, port: str) -> Place:
    """What to remember of the port with this id."""
    number = identify(_format(usb, usb.serial))
    return Place(usb.socket, "" if usb.serial is None or port == number else number)


class Identities:
    """What is given to a port stays while the port does, whatever is plugged in beside it.

    Of two clones with one serial number the first has the number and the second its socket; each has it
    again when it comes back to its socket. What has another number is not taken for one of them there.
    """

    def __init__(self) -> None:
        self._given: dict[str, tuple[UsbPort, str]] = {}
        self._places: dict[str, Place] = {}

    def recall(self, places: Mapping[str, Place]) -> None:
        """The ids that there were before, and the place of each as far as it is known."""
        self._places = {**places, **self._places}

    def give(self, found: Sequence[UsbPort]) -> dict[str, str]:
        """The identity of each path."""
        given = self._given
        self._given = {usb.path: given[usb.path] for usb in found if given.get(usb.path, (None,))[0] == usb}
        new = [usb for usb in found if usb.path not in self._given]
        numbers = Counter((_format(usb, usb.serial), usb.interface) for usb in found)
        for usb in sorted(new, key=lambda usb: not self._was_first(usb)):
            shared = numbers[_format(usb, usb.serial), usb.interface] > 1
            self._given[usb.path] = (usb, self._choose(usb, shared))
        for usb, identity in self._given.values():
            port = identify(identity)
            self._places[port] = place(usb, port)
        return {path: identity for path, (_, identity) in self._given.items()}

    def _choose(self, usb: UsbPort, shared: bool) -> str:
        by_number, by_socket = _format(usb, usb.serial), _format(usb, usb.socket)
        taken = {(identity, other.interface) for other, identity in self._given.values()}
        if usb.serial is None or (by_number, usb.interface) in taken:
            return by_socket
        before = self._places.get(identify(by_socket))
        if before is None or self._was_first(usb):
            return by_number
        was_second = before.number == identify(by_number) if before.number else shared
        return by_socket if was_second else by_number

    def _was_first(self, usb: UsbPort) -> bool:
        before = self._places.get(identify(_format(usb, usb.serial)))
        return before is not None and before.socket == usb.socket


def _format(usb: UsbPort, own: str | None) -> str:
    return f"{usb.vid:04x}:{usb.pid:04x} {own}"
