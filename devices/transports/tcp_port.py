"""A line of bytes over TCP, named `tcp:host:port`: a brick in the Wi-Fi, or a serial server."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from devices.clock import Clock
from devices.errors import TransportError
from devices.transports.byte_pipe import Chunk

TCP = "tcp:"
CONNECT_S = 5.0
READ_BYTES = 4096
BUFFERED_MAX = 1 << 16


@dataclass(frozen=True)
class Unlock:
    """What the other end wants to hear before its line is a line; the answer begins with `accepted`.

    `knock` is sent to the same UDP port first.
    """

    ask: bytes
    accepted: bytes
    end: bytes
    knock: bytes = b""


UNLOCKS: Mapping[str, Unlock] = {
    "ev3": Unlock(
        b"GET /target?sn= VMTP1.0\r\nProtocol: EV3\r\n\r\n", b"Accept:EV340", b"\r\n\r\n", knock=b"\0"
    )
}
"""By kit. An EV3 lets in whoever asks; it needs no serial number."""


class TcpPort:
    """One connection; the other end takes one host at a time."""

    def __init__(self, name: str, clock: Clock, unlock: Unlock | None = None) -> None:
        self.name = name
        self._clock = clock
        self._unlock = unlock
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> None:
        """Connect, and ask to be let in."""
        host, _, port = self.name.removeprefix(TCP).rpartition(":")
        if not host or not port.isdecimal():
            raise TransportError("port_failed", permanent=True, port=self.name)
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._unlock is not None and self._unlock.knock:
                    await self._knock(host, int(port), self._unlock.knock)
                self._streams = await asyncio.open_connection(host, int(port))
                if self._unlock is not None:
                    await self._enter(*self._streams, self._unlock)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            await self.close()
            raise TransportError("port_missing", port=self.name) from error
        except TransportError:
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up."""
        streams, self._streams = self._streams, None
        if streams is not None:
            if streams[1].transport.get_write_buffer_size():
                # Whoever takes nothing would keep us here until the system gives up, a quarter of an hour.
                streams[1].transport.abort()
            streams[1].close()
            with contextlib.suppress(OSError):
                await streams[1].wait_closed()

    def write(self, data: bytes) -> None:
        """Into the socket's buffer; a host that takes nothing is given up."""
        if self._streams is None or self._streams[1].is_closing():
            raise TransportError("cable_pulled", port=self.name)
        if self._streams[1].transport.get_write_buffer_size() > BUFFERED_MAX:
            raise TransportError("write_blocked", port=self.name)
        self._streams[1].write(data)

    async def read(self) -> Chunk:
        """The next bytes."""
        if self._streams is None:
            raise TransportError("cable_pulled", port=self.name)
        try:
            data = await self._streams[0].read(READ_BYTES)
        except OSError as error:
            raise TransportError("cable_pulled", port=self.name) from error
        if not data:
            raise TransportError("cable_pulled", port=self.name)
        return Chunk(data, self._clock.now_us())

    def set_baud(self, baud: int) -> None:
        """A connection has no speed."""

    async def reset(self) -> None:
        """Connect anew."""
        if self._streams is None:
            raise TransportError("cable_pulled", port=self.name)
        await self.close()
        await self.open()

    async def _enter(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unlock: Unlock
    ) -> None:
        writer.write(unlock.ask)
        answer = await reader.readuntil(unlock.end)
        if not answer.startswith(unlock.accepted):
            raise TransportError("port_busy", port=self.name)

    async def _knock(self, host: str, port: int, word: bytes) -> None:
        """An EV3 listens once it has been spoken to; others do not mind."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(host, port), family=socket.AF_INET
        )
        transport.sendto(word)
        transport.close()
