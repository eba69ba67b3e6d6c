"""Puts an emulated EV3 into the Wi-Fi: its beacon on UDP 3015, then one host over TCP."""

import asyncio
import contextlib

from devices.kits.ev3.emulator import Ev3Emulator

BEACON_PORT = 3015
BEACON_S = 0.25
"""A real brick calls every five seconds."""
READ_BYTES = 4096


class BrickInWifi:
    """Serves one emulator; `port` is where it lets hosts in."""

    def __init__(self, brick: Ev3Emulator, host: str = "127.0.0.1", port: int = 5555) -> None:
        self.host, self.port = host, port
        self._brick = brick
        self._server: asyncio.Server | None = None
        self._beacon: asyncio.Task[None] | None = None
        self._guest: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        """Call, and let in whoever asks."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self._beacon = asyncio.create_task(self._call())

    async def stop(self) -> None:
        """Out of reach."""
        if self._beacon is not None:
            self._beacon.cancel()
            await asyncio.gather(self._beacon, return_exceptions=True)
        if self._guest is not None:
            self._guest.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _call(self) -> None:
        brick = self._brick.machine
        told = (
            f"Serial-Number: {brick.address}\r\nPort: {self.port}\r\nName: {brick.name}\r\nProtocol: EV3\r\n"
        )
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(self.host, BEACON_PORT)
        )
        try:
            while True:
                transport.sendto(told.encode())
                await asyncio.sleep(BEACON_S)
        finally:
            transport.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Hosts do not agree on how their request ends.
            asked = await reader.read(READ_BYTES)
            if self._guest is not None or not asked.startswith(b"GET /target?sn="):
                return
            self._guest = writer
            writer.write(b"Accept:EV340\r\n\r\n")
            self._brick.opened(writer.write)
            while data := await reader.read(READ_BYTES):
                self._brick.heard(data)
        except ConnectionError:
            pass
        finally:
            if self._guest is writer:
                self._guest = None
                self._brick.closed()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
