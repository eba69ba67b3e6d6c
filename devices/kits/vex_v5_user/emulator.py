"""The user port of a V5 brain: a program prints, as PROS does or as plain text, and hears what is typed."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from devices.clock import Clock, MonotonicClock
from devices.protocols.pros import BANNER, DEBUG, OUT, format_spoken
from devices.transports.pty import PtyServer

GREETING = "PROS 4 on an emulated V5\n"


class V5UserEmulator:
    """Prints a line of sensor values every `logs_every_s`, 0 for none.

    Faults: `mute`, `lose_byte`, `vanish` and `come_back`.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        style: Literal["pros", "plain"] = "pros",
        logs_every_s: float = 0.0,
    ) -> None:
        self.style = style
        self.typed = bytearray()
        self.mute = False
        self._clock = clock or MonotonicClock()
        self._logs_every_s = logs_every_s
        self._since_us = self._clock.now_us()
        self._losses: list[int] = []
        self._say: Callable[[bytes], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._server: PtyServer | None = None

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug it into a pseudo-terminal; `path` of what is returned is a serial port."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable."""
        if self._server is not None:
            self._server.unplug()
        self.closed()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def lose_byte(self, place: int = 3) -> None:
        """What is printed next loses a byte."""
        self._losses.append(place)

    def print(self, text: str, stream: bytes = OUT) -> None:
        """The program prints; only PROS knows streams."""
        data = text.encode()
        self._send(format_spoken(stream, data) if self.style == "pros" else data)

    def debug(self, text: str) -> None:
        """The kernel of PROS tells of itself."""
        self.print(text, DEBUG)

    def tick(self) -> None:
        """The program logs what its sensors see."""
        seconds = (self._clock.now_us() - self._since_us) / 1e6
        left, right = (50 + 40 * math.sin(seconds + shift) for shift in (0.0, 1.0))
        self.print(f"line-left:{left:.1f},line-right:{right:.1f}\n")

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A host reads along."""
        self._say = say
        self._plan()

    def heard(self, data: bytes) -> None:
        """What a person typed, or a request for the greeting."""
        self.typed += data
        del self.typed[:-4096]
        if BANNER in data:
            self.print(GREETING)

    def closed(self) -> None:
        """Nobody reads along."""
        self._say = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self) -> None:
        if self._logs_every_s:
            self._timer = asyncio.get_running_loop().call_later(self._logs_every_s, self._log)

    def _log(self) -> None:
        self.tick()
        self._plan()

    def _send(self, data: bytes) -> None:
        if self._losses:
            place = self._losses.pop(0) % len(data)
            data = data[:place] + data[place + 1 :]
        if self._say is not None and not self.mute:
            self._say(data)
