"""A kit's port while an external tool has it."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from devices.discovery import Port, Ports
from devices.errors import TransportError, UploadError
from devices.transports.serial_port import SerialPort

LOOK_S = 0.1
TOUCH_S = 0.1


class LentPort:
    """Follows the kit when its boot loader comes up as another port."""

    def __init__(self, port: Port, ports: Ports) -> None:
        self._port = port
        self._ports = ports

    @property
    def path(self) -> str:
        """Where the kit was last."""
        return self._port.path

    async def touch(self, baud: int) -> None:
        """Open at this speed, let DTR fall, which is what the board's core waits for, and close."""
        pipe = self._ports.pipe(self._port, baud)
        try:
            await pipe.open()
            await asyncio.sleep(TOUCH_S)
            if isinstance(pipe, SerialPort):
                pipe.hang_up()
        except TransportError as error:
            raise UploadError(error.code, **error.params) from error
        finally:
            await pipe.close()

    async def moved(self, within_s: float) -> str:
        """The port that the kit has now: a new one in the same socket, or the same one after a while.

        Raises UploadError("port_gone").
        """
        before = {port.path for port in _present(await self._ports.find())}
        try:
            async with asyncio.timeout(within_s):
                vanished = False
                while True:
                    found = _present(await self._ports.find())
                    for port in found:
                        if self._is_ours(port) and (vanished or port.path not in before):
                            self._port = port
                            return port.path
                    vanished = vanished or not any(port.path == self._port.path for port in found)
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise UploadError("port_gone", port=self._port.path) from None

    def _is_ours(self, port: Port) -> bool:
        if port.usb is None or self._port.usb is None:
            return port.path == self._port.path
        return port.usb.socket == self._port.usb.socket


def _present(ports: Iterable[Port]) -> list[Port]:
    """Ports that can be opened; those that a person named are found also while they are not there."""
    return [port for port in ports if Path(port.path).exists()]
