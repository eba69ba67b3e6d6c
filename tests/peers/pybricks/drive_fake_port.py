"""Our driver and upload against the simulated hub port of pb-service; runs in an environment of its own.

The port tells its status only when a test says so, and no feature flags: both are added here, nothing is
changed. What it has heard, and what the driver has made of it, goes to stdout as JSON.
"""

import asyncio
import json
import struct

from pb_service.hub import protocol
from pb_service.hub.stream import wire
from pb_service.hub.usb.fake import FakeHubPort

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Printed, Told
from devices.errors import DeviceError, TransportError
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.upload import Prepared, upload
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.uploads import Program
from tests.devices.waiting import until

HOST = Host("room", "0badcafe", path="COM5")
CAPABILITIES = wire.READ_SELECTORS[protocol.PYBRICKS_HUB_CAPABILITIES_UUID]


class FakePipe:
    """A line to the port; frames come as the port makes them."""

    name = "COM5"

    def __init__(self, port: FakeHubPort) -> None:
        self._port = port
        self._writing: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._write_on())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def write(self, data: bytes) -> None:
        self._writing.put_nowait(data)

    async def read(self) -> Chunk:
        try:
            return Chunk(await self._port.readuntil(), MonotonicClock().now_us())
        except OSError as error:
            raise TransportError("cable_pulled", port=self.name) from error

    def set_baud(self, baud: int) -> None:
        """It minds no speed."""

    async def reset(self) -> None:
        """It cannot be restarted."""

    async def _write_on(self) -> None:
        while True:
            before = self._port.subscribed
            await self._port.write(await self._writing.get())
            if self._port.subscribed and not before:
                self._port.send_status(0)


async def main() -> None:
    port = FakeHubPort()
    port._values[CAPABILITIES] = struct.pack("<HIIB", 511, 2, 52300, 5)
    outputs: list[Output] = []
    session = Session(
        FakePipe(port),
        [PybricksDriver(HOST)],
        MonotonicClock(),
        on_output=lambda _, output: outputs.append(output),
        on_link=lambda _: None,
    )
    running = asyncio.create_task(session.run())

    def told(node: str, key: str) -> str | None:
        values = [o.value for o in outputs if isinstance(o, Told) and (o.node, o.key) == (node, key)]
        return values[-1] if values else None

    async def put(data: bytes) -> str:
        prepared = Prepared((("line", b"M\x06\x00\x1f" + data),), Program("line.py", b""))
        try:
            await session.converse(lambda heard: upload(prepared, heard, HOST), lambda _: None, reopens=False)
        except DeviceError as error:
            return f"{error.code} {error.params.get('status')}"
        return "done"

    await until(lambda: told("program", "running"))
    port.send_undecodable()
    result = await put(bytes(1000))
    commands = [command[:5].hex() for command in port.commands]
    port.send_status(1 << 6)
    port.send_event(b"\x01" + "Сәлем\r\n".encode())
    await until(lambda: any(isinstance(output, Printed) for output in outputs))
    running_then = told("program", "running")
    port._refuse_with = protocol.HubError.BUSY
    port.send_status(0)
    refused = await put(b"")
    port.vanish()
    await until(lambda: not session.linked)
    print(
        json.dumps(
            {
                "name": told("board", "name"),
                "kind": told("board", "kind"),
                "slots": told("program", "slots"),
                "upload": result,
                "commands": commands,
                "running": running_then,
                "printed": "".join(output.text for output in outputs if isinstance(output, Printed)),
                "refused": refused,
                "problem": session.problem.code if session.problem else None,
            }
        )
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


asyncio.run(main())
