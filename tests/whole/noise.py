"""A serial line beside a motor: while it is noisy, no sentence arrives as it was sent."""

from random import Random

from devices.clock import Clock
from devices.discovery import Port, SystemPorts
from devices.transports.byte_pipe import BytePipe, Chunk

LONGEST = 80


class NoisyPorts(SystemPorts):
    """The one port of a room; `noisy` may be changed at any time."""

    def __init__(self, path: str, clock: Clock) -> None:
        super().__init__([path], clock, usb=False)
        self.noisy = False
        self.chance = Random(3)

    def pipe(self, port: Port, baud: int) -> BytePipe:
        return _NoisyPipe(super().pipe(port, baud), self)


class _NoisyPipe:
    def __init__(self, pipe: BytePipe, ports: NoisyPorts) -> None:
        self._pipe = pipe
        self._ports = ports
        self.name = pipe.name

    async def open(self) -> None:
        await self._pipe.open()

    async def close(self) -> None:
        await self._pipe.close()

    def set_baud(self, baud: int) -> None:
        self._pipe.set_baud(baud)

    async def reset(self) -> None:
        await self._pipe.reset()

    def write(self, data: bytes) -> None:
        self._pipe.write(data)

    async def read(self) -> Chunk:
        chunk = await self._pipe.read()
        if not self._ports.noisy:
            return chunk
        return Chunk(b"".join(map(self._spoil, chunk.data.splitlines(keepends=True))), chunk.at_us)

    def _spoil(self, data: bytes) -> bytes:
        """Random bytes in the middle, and one byte changed."""
        chance = self._ports.chance
        place = chance.randrange(len(data))
        changed = bytes([data[place] ^ chance.randint(1, 255)])
        noise = chance.randbytes(chance.randint(1, LONGEST))
        return data[:place] + noise + changed + data[place + 1 :]
