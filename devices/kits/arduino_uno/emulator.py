"""An Uno or Nano at the far end of a line: its boot loader for a second, then a sketch that prints."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.arduino_uno.boot_loader import PROGRAM_PAGE, Answer, BootLoader, Flash
from devices.kits.arduino_uno.upload import NANO_BYTES, NEW_BAUD, OLD_BAUD, UNO_BYTES
from devices.protocols.stk500v1 import ENTER_PROGRAMMING
from devices.transports.pty import PtyServer

WATCHDOG_US = 1_000_000
PERIOD_US = 100_000
NOISE = 0xD6
BITS_PER_BYTE = 10
SKETCH = bytes.fromhex("0c945c000c946e00")
ATMEGA328P = bytes((0x1E, 0x95, 0x0F))


def print_light(number: int) -> bytes:
    """What the sketch prints unless it is told otherwise: two values that swing."""
    light = 512 + round(300 * math.sin(number / 10))
    return b"light:%d,temp:%.1f\r\n" % (light, 22 + math.cos(number / 50))


class UnoEmulator:
    """One board. Faults: `old_bootloader`, `resets_on_open=False`, `mute`, `flash.stuck`, `lose_byte`,
    `corrupt_byte`, another `signature`, `after_page`, `vanish` and `come_back`.

    With `paced`, answers take as long as on the wire and in the chip. For `deaf_us` after a reset it blinks
    and hears nothing, as most boot loaders do; its UART keeps the first two bytes and the last.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        old_bootloader: bool = False,
        sketch_baud: int = 115200,
        prints: Callable[[int], bytes] = print_light,
        period_us: int = PERIOD_US,
        signature: bytes = ATMEGA328P,
        resets_on_open: bool = True,
        paced: bool = False,
        deaf_us: int = 0,
    ) -> None:
        self.flash = Flash(protected_from=NANO_BYTES if old_bootloader else UNO_BYTES)
        self.flash.cells[: len(SKETCH)] = SKETCH
        self.signature = signature
        self.mute = False
        self.sketch_baud = sketch_baud
        self.after_page: Callable[[int], None] | None = None
        """Called with the number of pages written, before the first and after each."""
        self.typed = bytearray()
        """What the sketch read."""
        self._clock = clock or MonotonicClock()
        self._boot_baud = OLD_BAUD if old_bootloader else NEW_BAUD
        self._prints = prints
        self._period_us = period_us
        self._resets_on_open = resets_on_open
        self._paced = paced
        self._deaf_us = deaf_us
        self._deaf_until_us = 0
        self._uart = bytearray()
        self._baud = 0
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._faults: list[Callable[[bytes], bytes]] = []
        self._loader: BootLoader | None = None
        self._watchdog_us = 0
        self._print_us = self._clock.now_us()
        self._printed = 0
        self._answered_us = 0
        self._timer: asyncio.TimerHandle | None = None

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
        """Pull the cable, which is also the power."""
        if self._server is not None:
            self._server.unplug()
        self._say = None
        self._start_sketch()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def reset(self) -> None:
        """The reset button: the boot loader listens for a second."""
        self._loader = BootLoader(self.flash, self.signature)
        self._uart.clear()
        self._deaf_until_us = self._clock.now_us() + self._deaf_us
        self._watchdog_us = self._deaf_until_us + WATCHDOG_US
        self._wake_after(self._deaf_us or WATCHDOG_US)

    def lose_byte(self, place: int = 1, after: int = 0) -> None:
        """An answer of the boot loader loses a byte, the next one or one after it."""
        self._faults += [bytes] * (after - len(self._faults))
        self._faults.append(lambda data: data[: place % len(data)] + data[place % len(data) + 1 :])

    def corrupt_byte(self, place: int = 1, flip: int = 0x04, after: int = 0) -> None:
        """An answer of the boot loader has a wrong byte."""
        self._faults += [bytes] * (after - len(self._faults))
        self._faults.append(
            lambda data: bytes(
                byte ^ flip if at == place % len(data) else byte for at, byte in enumerate(data)
            )
        )

    def opened(self, say: Callable[[bytes], None]) -> None:
        """Opening the port pulls DTR, which resets most boards."""
        self._say = say
        if self._resets_on_open:
            self.reset()
        else:
            self._print_us = max(self._print_us, self._clock.now_us())
            self._wake_after(self._period_us)

    def set_baud(self, baud: int) -> None:
        """The host's speed."""
        self._baud = baud

    def heard(self, data: bytes) -> None:
        """Bytes for the boot loader or for the sketch; at another speed neither understands them."""
        if self._loader is None:
            self.typed += data if self._hears(self.sketch_baud) else b""
            return
        if not self._hears(self._boot_baud):
            return
        if self._clock.now_us() < self._deaf_until_us:
            self._uart += data
            del self._uart[2:-1]
            return
        self._obey(self._loader, data)

    def closed(self) -> None:
        """The host let go."""
        self._say = None

    def tick(self) -> None:
        """Time has passed; with an event loop this happens by itself."""
        now_us = self._clock.now_us()
        if self._loader is not None and self._deaf_until_us <= now_us < self._watchdog_us:
            self._wake_after(self._watchdog_us - now_us)
            waiting = bytes(self._uart)
            self._uart.clear()
            self._obey(self._loader, waiting)
        if self._loader is not None and now_us >= self._watchdog_us:
            self._start_sketch()
        if self._loader is None and self._is_programmed():
            while self._print_us <= now_us:
                self._print_us += self._period_us
                self._tell(self._prints(self._printed), self.sketch_baud)
                self._printed += 1
            if self._say is not None:
                self._wake_after(self._print_us - now_us)

    def _obey(self, loader: BootLoader, data: bytes) -> None:
        for answer in loader.feed(data):
            if answer is None:
                self._start_sketch()
                return
            self._answer(answer)
            if self.after_page is not None and answer.command in {ENTER_PROGRAMMING[0], PROGRAM_PAGE}:
                self.after_page(self.flash.pages_written)
            if answer.leaves:
                self._start_sketch()
                return

    def _is_programmed(self) -> bool:
        return self.flash.cells[:2] != b"\xff\xff"

    def _start_sketch(self) -> None:
        self._loader = None
        self._printed = 0
        self._print_us = self._clock.now_us() + self._period_us
        self._wake_after(self._period_us)

    def _feed_watchdog(self) -> None:
        self._watchdog_us = self._clock.now_us() + WATCHDOG_US
        self._wake_after(WATCHDOG_US)

    def _answer(self, answer: Answer) -> None:
        self._feed_watchdog()
        if self.mute:
            return
        data = self._faults.pop(0)(answer.data) if self._faults else answer.data
        if not self._paced:
            self._tell(data, self._boot_baud)
            return
        bits = (answer.request_bytes + len(data)) * BITS_PER_BYTE
        now_us = self._clock.now_us()
        wire_us = bits * 1_000_000 // self._boot_baud + answer.takes_us
        self._answered_us = max(now_us, self._answered_us) + wire_us
        _call_later(self._answered_us - now_us, lambda: self._tell(data, self._boot_baud))

    def _hears(self, baud: int) -> bool:
        return self._baud in {0, baud}

    def _tell(self, data: bytes, baud: int) -> None:
        if self._say is not None and data:
            self._say(data if self._hears(baud) else bytes(byte ^ NOISE for byte in data))

    def _wake_after(self, delay_us: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = _call_later(delay_us, self.tick)


def _call_later(delay_us: int, call: Callable[[], None]) -> asyncio.TimerHandle | None:
    """Without an event loop, whoever drives the emulator calls `tick`."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop.call_later(delay_us / 1e6, call)
