"""A board at the far end of a line: a real MicroPython, where one is installed, with faults on request."""

import re
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.micropython.interpreter import Interpreter
from devices.kits.micropython.reciter import Reciter
from devices.kits.pybricks.runtime import find_micropython
from devices.protocols.raw_repl import FRIENDLY, INTERRUPT, RAW, RAW_PROMPT
from devices.transports.pty import PtyServer

FLASH_BLOCKS = 512
BOOT_TEXT = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
RESET_STATUS = 86
SOFT_REBOOT = b"MPY: soft reboot\r\n"
PASTE = b"\x05"
_LONE_END = re.compile(rb"(?<!\r)\n")


class MicroPythonEmulator:
    """One board; without the command `micropython` it only introduces itself.

    Faults: `mute`, `deaf_to_interrupts`, `no_paste` (an old firmware), `lose_byte`, `corrupt_byte`, `flood`,
    `vanish` and `come_back`.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        flash_blocks: int = FLASH_BLOCKS,
        find_command: Callable[[], str | None] = find_micropython,
    ) -> None:
        self._clock = clock or MonotonicClock()
        self.mute = False
        self.deaf_to_interrupts = False
        self.no_paste = False
        self.heard_bytes = 0
        self._command = find_command()
        self._board = Interpreter(flash_blocks, self._tell, self._ended)
        self._reciter = Reciter(self._tell)
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._faults: list[tuple[int, Callable[[bytes], bytes]]] = []
        self._raw = False
        self._swallow: bytearray | None = None
        self._last = b""

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the board into a pseudo-terminal."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable, and the power with it."""
        if self._server is not None:
            self._server.unplug()
        self.turn_off()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def turn_off(self) -> None:
        """The next host that opens the port finds it booting."""
        self._board.turn_off()

    def lose_byte(self, after: int) -> None:
        """One byte of the host's never arrives, `after` so many from now."""
        self._faults.append((self.heard_bytes + after, lambda _: b""))

    def corrupt_byte(self, after: int, flip: int = 0x01) -> None:
        """One byte of the host's arrives wrong."""
        self._faults.append((self.heard_bytes + after, lambda one: bytes([one[0] ^ flip])))

    def flood(self, data: bytes) -> None:
        """Bytes that nobody asked for."""
        self._tell(data)

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A host opens the port; a board with power does not mind."""
        self._say = say
        if self._command is None:
            self._reciter.boot()
        elif not self._board.is_on:
            self._raw = False
            self._board.boot(self._command)

    def closed(self) -> None:
        """Nobody listens; the board goes on."""
        self._say = None

    def heard(self, data: bytes) -> None:
        """Words of the host."""
        arrived = bytearray()
        for place in range(len(data)):
            arrived += self._hear(data[place : place + 1])
        if self._command is not None:
            self._board.write(bytes(arrived))
            return
        for place in range(len(arrived)):
            self._reciter.hear(bytes(arrived[place : place + 1]))

    def _hear(self, one: bytes) -> bytes:
        """What becomes of a byte on its way."""
        place, self.heard_bytes = self.heard_bytes, self.heard_bytes + 1
        for at, fault in self._faults:
            if at == place:
                one = fault(one)
        if (one == INTERRUPT and self.deaf_to_interrupts) or (one == PASTE and self.no_paste):
            return b""
        if one in (RAW, FRIENDLY):
            self._raw = one == RAW
        return one

    def _ended(self, status: int) -> None:
        """Ctrl-D at a prompt, `sys.exit` or `machine.reset`: a board starts again."""
        if self._command is None:
            return
        hard = status == RESET_STATUS
        self._raw = self._raw and not hard
        self._tell(BOOT_TEXT if hard else SOFT_REBOOT)
        self._board.boot(self._command, raw=self._raw)
        if self._raw:
            self._swallow = bytearray()
            self._board.write(RAW)

    def _tell(self, data: bytes) -> None:
        if self._swallow is not None:
            self._swallow += data
            start = self._swallow.find(RAW_PROMPT)
            if start < 0:
                return
            data, self._swallow = bytes(self._swallow[start:]), None
        told = _LONE_END.sub(b"\r\n", self._last + data)[len(self._last) :]
        self._last = b"\r" if data.endswith(b"\r") else b""
        if self._say is not None and not self.mute:
            self._say(told)
