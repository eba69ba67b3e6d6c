"""The embedded broker's ends of a connection: a size limit on what comes in, no endless goodbye."""

import asyncio
import contextlib
from collections.abc import Callable

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.errors import MQTTError
from amqtt.mqtt.puback import PubackPacket

CHUNK = 65_536
CLOSE_TIMEOUT_S = 1.0


class LimitedWriter(StreamWriterAdapter):  # type: ignore[misc]
    """amqtt waits for a vanished peer to take its last bytes; this gives it a second."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        super().__init__(writer)
        self._transport = writer.transport

    @property
    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await super().close()
        except (TimeoutError, OSError):
            self._transport.abort()


class LimitedReader(StreamReaderAdapter):  # type: ignore[misc]
    """Reads on behalf of amqtt's packet decoder, which would take 256 MB from anyone.

    A payload beyond the limit is read past and its message dropped, as Mosquitto does it: acknowledged,
    because an unacknowledged one would come back for ever.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: LimitedWriter,
        max_payload_bytes: int,
        on_oversized: Callable[[int], None],
    ) -> None:
        super().__init__(reader)
        self._writer = writer
        self._max_payload_bytes = max_payload_bytes
        self._on_oversized = on_oversized
        self._previous = b""

    async def read(self, n: int = -1) -> bytes:
        if n > self._max_payload_bytes:
            await self._read_past(n)
        self._previous = await super().read(n)
        return self._previous

    async def _read_past(self, n: int) -> None:
        # What amqtt reads just before a payload of QoS 1 is the packet's id, two bytes.
        packet_id = int.from_bytes(self._previous) if len(self._previous) == 2 else None
        left = n
        while left:
            left -= len(await super().read(min(left, CHUNK)))
        if packet_id is not None:
            self._writer.write(PubackPacket.build(packet_id).to_bytes())
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()
        self._on_oversized(n)
        raise MQTTError(f"a payload of {n} bytes")
