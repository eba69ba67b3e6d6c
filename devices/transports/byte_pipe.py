"""A line of bytes to one device, and the device's end of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


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
        """The next bytes. Raises TransportError("cable_pulled") when no more will come."""
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
