"""A line in memory between a session and an emulator, which can be unplugged."""

import asyncio

from devices.clock import Clock
from devices.errors import TransportError
from devices.transports.byte_pipe import BaudPeer, Chunk, Peer


class MemoryPipe:
    """Bytes are at the other end at once."""

    def __init__(self, name: str, peer: Peer, clock: Clock, *, baud: int = 115200) -> None:
        self.name = name
        self.baud = baud
        self.plugged = True
        self.refusal: TransportError | None = None
        self._peer = peer
        self._clock = clock
        self._open = False
        self._inbox: asyncio.Queue[Chunk | None] = asyncio.Queue()

    async def open(self) -> None:
        """As a serial port opens; `refusal` is raised if it is set."""
        if self.refusal is not None:
            raise self.refusal
        if not self.plugged:
            raise TransportError("port_missing", port=self.name)
        self._inbox = asyncio.Queue()
        self._open = True
        self.set_baud(self.baud)
        self._peer.opened(self._say)

    async def close(self) -> None:
        """The emulator hears of it."""
        if self._open:
            self._open = False
            self._peer.closed()

    def write(self, data: bytes) -> None:
        """The emulator hears it before this returns."""
        if not (self._open and self.plugged):
            raise TransportError("cable_pulled", port=self.name)
        self._peer.heard(data)

    async def read(self) -> Chunk:
        """What the emulator said."""
        chunk = await self._inbox.get()
        if chunk is None:
            raise TransportError("cable_pulled", port=self.name)
        return chunk

    def set_baud(self, baud: int) -> None:
        """The emulator hears of it, if it minds."""
        self.baud = baud
        if self._open and isinstance(self._peer, BaudPeer):
            self._peer.set_baud(baud)

    async def reset(self) -> None:
        """As most boards restart when their port is opened."""
        if not (self._open and self.plugged):
            raise TransportError("cable_pulled", port=self.name)
        self._peer.closed()
        self._peer.opened(self._say)

    def unplug(self) -> None:
        """Pull the cable: what was said is still heard, then the end."""
        self.plugged = False
        self._inbox.put_nowait(None)

    def plug(self) -> None:
        """Put the cable back; the host must open the port again."""
        self.plugged = True

    def _say(self, data: bytes) -> None:
        if self._open and self.plugged:
            self._inbox.put_nowait(Chunk(data, self._clock.now_us()))
