"""Which kit is at which port: by its serial number, or by its socket where that is not its own alone."""

import hashlib
from collections.abc import Mapping, Sequence

from devices.transports.serial_listing import UsbPort


def identify(identity: str) -> str:
    """Eight hex digits, the same whenever the same kit comes back."""
    return hashlib.blake2s(identity.encode(), digest_size=4).hexdigest()


class Identities:
    """What is given to a port stays while the port does, whatever is plugged in beside it.

    Of two clones with one serial number the first has the number and the second its socket; each has it
    again when it comes back to its socket.
    """

    def __init__(self) -> None:
        self._given: dict[str, tuple[UsbPort, str]] = {}
        self._sockets: dict[str, str] = {}

    def recall(self, sockets: Mapping[str, str]) -> None:
        """The ids that there were before, and the socket of each as far as it is known."""
        self._sockets = {**sockets, **self._sockets}

    def give(self, found: Sequence[UsbPort]) -> dict[str, str]:
        """The identity of each path."""
        given = self._given
        self._given = {usb.path: given[usb.path] for usb in found if given.get(usb.path, (None,))[0] == usb}
        new = [usb for usb in found if usb.path not in self._given]
        for usb in sorted(new, key=lambda usb: not self._was_first(usb)):
            self._given[usb.path] = (usb, self._choose(usb))
        for usb, identity in self._given.values():
            self._sockets[identify(identity)] = usb.socket
        return {path: identity for path, (_, identity) in self._given.items()}

    def _choose(self, usb: UsbPort) -> str:
        by_number, by_socket = _format(usb, usb.serial), _format(usb, usb.socket)
        taken = {(identity, other.interface) for other, identity in self._given.values()}
        if usb.serial is None or (by_number, usb.interface) in taken:
            return by_socket
        was_second = identify(by_socket) in self._sockets
        return by_socket if was_second and not self._was_first(usb) else by_number

    def _was_first(self, usb: UsbPort) -> bool:
        return self._sockets.get(identify(_format(usb, usb.serial))) == usb.socket


def _format(usb: UsbPort, own: str | None) -> str:
    return f"{usb.vid:04x}:{usb.pid:04x} {own}"
