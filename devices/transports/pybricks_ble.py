"""A Pybricks hub over Bluetooth as the stream of frames that it would speak on a cable."""

import asyncio
import contextlib

from devices.clock import Clock
from devices.errors import TransportError
from devices.protocols import pybricks_stream as stream
from devices.protocols.pybricks import Refusal
from devices.protocols.pybricks_stream import (
    Command,
    HostMessage,
    HubMessage,
    Read,
    Response,
    Selector,
    Subscribe,
    Value,
)
from devices.protocols.spike_cobs import Frame, FrameReader, encode
from devices.transports.ble import BLE, BleakRadio, BleLink, BleRadio, BleRefusal
from devices.transports.byte_pipe import Chunk

SERVICE = "c5f50001-8280-46da-89f4-6d8051e4aeef"
COMMAND_EVENT = "c5f50002-8280-46da-89f4-6d8051e4aeef"
UUIDS = {
    stream.FIRMWARE: "00002a26-0000-1000-8000-00805f9b34fb",
    stream.PROFILE: "00002a28-0000-1000-8000-00805f9b34fb",
    stream.PNP: "00002a50-0000-1000-8000-00805f9b34fb",
    stream.CAPABILITIES: "c5f50003-8280-46da-89f4-6d8051e4aeef",
}


class PybricksBlePipe:
    """Each frame that is written becomes an operation; what comes of it is read as a frame."""

    def __init__(self, path: str, clock: Clock, radio: BleRadio | None = None) -> None:
        self.name = path
        self._clock = clock
        self._radio = radio or BleakRadio()
        self._link: BleLink | None = None
        self._worker: asyncio.Task[None] | None = None
        self._reader = FrameReader()
        self._wanted: asyncio.Queue[HostMessage] = asyncio.Queue()
        self._inbox: asyncio.Queue[Chunk | None] = asyncio.Queue()

    async def open(self) -> None:
        """Find the hub and connect."""
        inbox = self._inbox = asyncio.Queue()
        self._wanted = asyncio.Queue()
        self._reader = FrameReader()
        name = self.name.removeprefix(BLE)
        self._link = await self._radio.connect(name, SERVICE, lambda: inbox.put_nowait(None))
        self._worker = asyncio.create_task(self._work(self._link), name=self.name)

    async def close(self) -> None:
        """Let the hub go, so that another may have it."""
        worker, self._worker = self._worker, None
        link, self._link = self._link, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        if link is not None:
            await link.close()

    def write(self, data: bytes) -> None:
        """Whole frames are carried out one after the other."""
        if self._link is None:
            raise TransportError("cable_pulled", port=self.name)
        for frame in self._reader.feed(data):
            message = stream.parse_host(frame.message) if isinstance(frame, Frame) else None
            if message is not None:
                self._wanted.put_nowait(message)

    async def read(self) -> Chunk:
        """The next frame."""
        chunk = await self._inbox.get()
        if chunk is None:
            raise TransportError("cable_pulled", port=self.name)
        return chunk

    def set_baud(self, baud: int) -> None:
        """A radio has none."""

    async def reset(self) -> None:
        """A hub cannot be restarted; it is connected to anew."""
        await self.close()
        await self.open()

    async def _work(self, link: BleLink) -> None:
        inbox = self._inbox
        try:
            while True:
                answer = await self._carry_out(link, await self._wanted.get())
                if answer is not None:
                    self._say(answer)
        except TransportError:
            inbox.put_nowait(None)

    async def _carry_out(self, link: BleLink, message: HostMessage) -> HubMessage | None:
        match message:
            case Read(selector=selector):
                return Value(selector, await _value(link, selector))
            case Command(tag=tag, body=body):
                try:
                    await link.write(COMMAND_EVENT, body)
                except BleRefusal as refusal:
                    return Response(tag, refusal.status)
                return Response(tag, Refusal.OK)
            case Subscribe(on=on):
                with contextlib.suppress(BleRefusal):
                    await link.listen(COMMAND_EVENT, self._hear if on else None)
        return None

    def _hear(self, event: bytes) -> None:
        if (message := stream.parse_event(event)) is not None:
            self._say(message)

    def _say(self, message: HubMessage) -> None:
        frame = encode(stream.pack_hub(message))
        self._inbox.put_nowait(Chunk(frame, self._clock.now_us()))


async def _value(link: BleLink, selector: Selector) -> bytes:
    """Empty if the hub does not know it, as on a cable."""
    try:
        if selector == stream.NAME:
            return (await link.read_name()).encode()
        return await link.read(UUIDS[selector]) if selector in UUIDS else b""
    except BleRefusal:
        return b""
