"""A FastTrack K3 that answers as its recorded session does, and races on request."""

from collections.abc import Callable, Sequence
from pathlib import Path

from devices.clock import Clock
from devices.transports.pty import PtyServer

INTRODUCTION = ("Copyright (c) Micro Wizard 2002-2005", "K3 Version 1.05A  Serial Number 15985")
PLACES = '!"#$%&'
LANES = 6


class TimerEmulator:
    """Faults: `mute`, `garble` and `vanish`."""

    def __init__(self, _clock: Clock | None = None) -> None:
        self.gate_closed = True
        self.masked: set[int] = set()
        self.mute = False
        self._say: Callable[[bytes], None] | None = None
        self._kept = b""
        self._server: PtyServer | None = None

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the timer into a pseudo-terminal."""
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
        """It does not care."""
        self._say = say

    def closed(self) -> None:
        """Nobody listens."""
        self._say = None

    def heard(self, data: bytes) -> None:
        """Commands, which it echoes."""
        *commands, self._kept = (self._kept + data).replace(b"\r", b"\n").split(b"\n")
        for command in filter(None, commands):
            self._obey(command.decode("ascii", "replace"))

    def race(self, times_s: Sequence[float]) -> None:
        """Open the gate; a time of zero is a car that does not arrive."""
        self.gate_closed = False
        order = sorted((time, lane) for lane, time in enumerate(times_s) if time)
        places = {lane: PLACES[place] for place, (_, lane) in enumerate(order)}
        told = [
            f"{chr(65 + lane)}={0 if lane + 1 in self.masked else time:.3f}{places.get(lane, ' ')}"
            for lane, time in enumerate(times_s)
        ]
        self._tell(" ".join(told))

    def close_gate(self) -> None:
        """For the next race."""
        self.gate_closed = True

    def garble(self, data: bytes = b"\x00\xffA=1.2.3! \r\n") -> None:
        """A loose contact."""
        if self._say is not None:
            self._say(data)

    def _obey(self, command: str) -> None:
        self._tell(command)
        match command:
            case "RV":
                for line in INTRODUCTION:
                    self._tell(line)
            case "RG":
                self._tell(f"RG{int(self.gate_closed)}")
            case "MG":
                self.masked.clear()
                self._tell("*")
            case _ if len(command) == 2 and command[0] == "M" and command[1] in "ABCDEF":
                self.masked.add(ord(command[1]) - 64)
                self._tell("*")
            case _:
                self._tell("*")

    def _tell(self, line: str) -> None:
        if self._say is not None and not self.mute:
            self._say(line.encode() + b"\r\n")
