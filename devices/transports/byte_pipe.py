"""A line of bytes to one device, and the device's end of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Chunk:
    """Bytes and the host time at which they had come."""

    data: bytes
    at_us: int


class BytePipe(Protocol):
    """The host's end; one owner, who opens it again after a failure."""

    @property
    def name(self) -> str:
        """What a person calls the port."""
        ...

    async def open(self) -> None:
        """Raises TransportError: port_missing, port_busy, permission_denied, port_failed."""
        ...

    async def close(self) -> None:
        """Let go of the port; harmless if it is closed."""
        ...

    def write(self, data: bytes) -> None:
        """Never blocks. Raises TransportError: cable_pulled, write_blocked."""
        ...

    async def read(self) -> Chunk:
        """The next bytes; cancelling it loses none. Raises TransportError("cable_pulled") after the last."""
        ...

    def set_baud(self, baud: int) -> None:
        """Another speed, where the line has one. Raises TransportError: cable_pulled."""
        ...

    async def reset(self) -> None:
        """Restart the board: pulse DTR and RTS, or open anew where there are none. Raises as `open`."""
        ...


class Peer(Protocol):
    """The device's end, as an emulator plays it."""

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A host opened the port; `say` carries bytes to it."""
        ...

    def heard(self, data: bytes) -> None:
        """Bytes of the host came."""
        ...

    def closed(self) -> None:
        """The host let go of the port."""
        ...


@runtime_checkable
class BaudPeer(Peer, Protocol):
    """A device's end that minds the speed of the line."""

    def set_baud(self, baud: int) -> None:
        """The host speaks at this speed from now on; told before `opened` and at each change."""
        ...
