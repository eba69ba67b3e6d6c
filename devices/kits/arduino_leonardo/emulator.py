"""A Leonardo: its port vanishes at a touch of 1200 baud and comes back as its boot loader's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.arduino_leonardo.boot_loader import LeonardoBootLoader
from devices.kits.arduino_uno.boot_loader import Flash
from devices.transports.pty import PtyServer

FLASH_BYTES = 32_768
TOUCH_BAUD = 1200
AWAY_S = 0.3
BOOT_S = 8.0
LEAVE_S = 0.5
PERIOD_S = 0.1
SKETCH = bytes.fromhex("0c94ac000c94d400")


class LeonardoEmulator:
    """Faults: `deaf` to the touch, `mute`, `vanish` and `come_back`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.flash = Flash(bytearray(b"\xff" * FLASH_BYTES), protected_from=FLASH_BYTES - 4096)
        self.flash.cells[: len(SKETCH)] = SKETCH
        self.deaf = self.mute = False
        self._clock = clock or MonotonicClock()
        self._baud = 0
        self._loader: LeonardoBootLoader | None = None
        self._say: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._server: PtyServer | None = None

    @property
    def in_boot_loader(self) -> bool:
        """Whether it waits for an upload."""
        return self._loader is not None

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the board into a pseudo-terminal."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.unplug()

    def come_back(self) -> None:
        """Put it back."""
        if self._server is not None:
            self._server.plug()

    def set_baud(self, baud: int) -> None:
        """Only the touch matters: USB has no speed."""
        self._baud = baud

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A Leonardo is not reset when its port is opened."""
        self._say = say
        if self._loader is None:
            self._print()

    def heard(self, data: bytes) -> None:
        """Bytes for the boot loader."""
        if self._loader is None or self._say is None or self.mute:
            return
        self._after(BOOT_S, lambda: self._restart(None))
        if said := self._loader.feed(data):
            self._say(said)
        if self._loader.left:
            self._after(LEAVE_S, lambda: self._restart(None))

    def closed(self) -> None:
        """A host that let go at 1200 baud wants the boot loader."""
        self._say = None
        if self._loader is None and self._baud == TOUCH_BAUD and not self.deaf:
            self._restart(LeonardoBootLoader(self.flash))

    def _restart(self, loader: LeonardoBootLoader | None) -> None:
        """The port goes away for a moment."""
        self._after(0, self.vanish_for_a_moment)
        self._loader = loader

    def vanish_for_a_moment(self) -> None:
        """As USB devices do when they restart."""
        self.vanish()
        self._after(AWAY_S, self._return)

    def _return(self) -> None:
        self.come_back()
        if self._loader is not None:
            self._after(BOOT_S, lambda: self._restart(None))

    def _print(self) -> None:
        if self._say is not None and self._loader is None:
            seconds = self._clock.now_us() // 1_000_000
            self._say(b"uptime:%d,keys:%d\r\n" % (seconds, seconds % 5))
            self._after(PERIOD_S, self._print)

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, call)
