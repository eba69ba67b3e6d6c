"""A Mega at the far end of a line: its boot loader for two seconds, then a sketch that prints."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.arduino_mega.boot_loader import MegaBootLoader
from devices.kits.arduino_uno.boot_loader import Flash
from devices.transports.pty import PtyServer

FLASH_BYTES = 262_144
BOOT_S = 2.0
PERIOD_S = 0.1
SKETCH = bytes.fromhex("0c94bc010c94e401")


class MegaEmulator:
    """Faults: `mute`, `flash.stuck`, `vanish` and `come_back`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.flash = Flash(bytearray(b"\xff" * FLASH_BYTES), protected_from=FLASH_BYTES - 8192)
        self.flash.cells[: len(SKETCH)] = SKETCH
        self.mute = False
        self._clock = clock or MonotonicClock()
        self._loader: MegaBootLoader | None = None
        self._say: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._server: PtyServer | None = None

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the board into a pseudo-terminal."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable."""
        if self._server is not None:
            self._server.unplug()

    def come_back(self) -> None:
        """Put it back."""
        if self._server is not None:
            self._server.plug()

    def opened(self, say: Callable[[bytes], None]) -> None:
        """Opening the port resets the board."""
        self._say = say
        self._loader = MegaBootLoader(self.flash)
        self._after(BOOT_S, self._start_sketch)

    def heard(self, data: bytes) -> None:
        """Bytes for the boot loader; what reaches it keeps it awake."""
        if self._loader is None or self._say is None or self.mute:
            return
        if said := self._loader.feed(data):
            self._say(said)
            self._after(BOOT_S, self._start_sketch)
        if self._loader.left:
            self._start_sketch()

    def closed(self) -> None:
        """The host let go."""
        self._say = None
        if self._timer is not None:
            self._timer.cancel()

    def _start_sketch(self) -> None:
        self._loader = None
        self._print()

    def _print(self) -> None:
        if self._say is not None:
            seconds = self._clock.now_us() // 1_000_000
            self._say(b"uptime:%d,light:%d\r\n" % (seconds, 500 + seconds % 20))
            self._after(PERIOD_S, self._print)

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, call)
