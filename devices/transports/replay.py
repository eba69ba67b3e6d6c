"""A recorded line: bytes of a capture come again, whatever the host says."""

import asyncio
from collections import deque
from collections.abc import Iterable

from devices.errors import TransportError
from devices.transports.byte_pipe import Chunk


class ReplayPipe:
    """Gives its chunks, then the end of the line; `said` keeps what the host wrote."""

    def __init__(self, name: str, chunks: Iterable[Chunk]) -> None:
        self.name = name
        self.said = bytearray()
        self._chunks = tuple(chunks)
        self._left: deque[Chunk] = deque()

    async def open(self) -> None:
        """From the beginning."""
        self._left = deque(self._chunks)

    async def close(self) -> None:
        """Nothing to let go of."""

    def write(self, data: bytes) -> None:
        """Only kept."""
        self.said += data

    async def read(self) -> Chunk:
        """The next recorded chunk, as fast as it is taken."""
        await asyncio.sleep(0)
        if not self._left:
            raise TransportError("cable_pulled", port=self.name)
        return self._left.popleft()

    def set_baud(self, baud: int) -> None:
        """A recording has no speed."""

    async def reset(self) -> None:
        """A recording does not restart."""
