"""A VEX brain on its system port, or a controller with a brain on its radio, that misbehaves on request."""

import asyncio
import re
import struct
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.vex_v5.brain_files import CAPACITY, OK, BrainFiles, StoredFile
from devices.protocols.vex import (
    Ack,
    Command,
    ExtendedPacket,
    Packet,
    Simple,
    SimplePacket,
    format_answer,
)
from devices.protocols.vex_files import DOWNLOAD, LINKED, PIT, Product
from devices.protocols.vex_stream import BadQuestion, PacketReader
from devices.transports.pty import PtyServer

WINDOW = 4096
SWITCH_LOOKS = 2
"""How often a controller says that it has no brain while its radio changes the channel."""
_SLOT = re.compile(r"slot_(\d+)\.bin")
_CONTROLLERS = (Product.V5_CONTROLLER, Product.IQ2_CONTROLLER, Product.EXP_CONTROLLER)
# What an owner of a brain posted of it: firmware 1.0.13, with its own serial number in the middle.
_STATUS = bytes.fromhex(
    "00 0100 0d00 0100 0024 0100 0d35 0600 0000 002818be 00030200 21000000 01001b00 01010007".replace(" ", "")
)


class V5Emulator:
    """One brain. Faults: `mute`, `late_us`, `lose_byte`, `corrupt_byte`, `lose_answer`, `refuse`, `flood`,
    `vanish` and `come_back`, a small `free`, a controller that is not `linked`, `knows_version` False.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        product: Product = Product.V5,
        version: tuple[int, int, int, int] = (1, 1, 5, 0),
        window: int = WINDOW,
        free: int = CAPACITY,
    ) -> None:
        self.product = product
        self.version = version
        self.battery_percent = 80
        self.plugged: dict[int, int] = {1: 2, 10: 2, 5: 6}
        self.linked = True
        self.channel = PIT
        self.mute = False
        self.late_us = 0
        self.knows_version = True
        self.asked: list[Packet] = []
        self.brain = BrainFiles(window, free)
        self._clock = clock or MonotonicClock()
        self._switching = 0
        self._faults: list[Callable[[bytes], bytes]] = []
        self._refusals: list[tuple[int, Ack]] = []
        self._later: list[tuple[int, bytes]] = []
        self._questions = PacketReader(questions=True)
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None

    @property
    def files(self) -> dict[tuple[int, str], StoredFile]:
        """By owner and name."""
        return self.brain.files

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug it into a pseudo-terminal; `path` of what is returned is a serial port."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable; the battery stays, but what was on its way is lost."""
        if self._server is not None:
            self._server.unplug()
        self.brain.forget()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def lose_byte(self, place: int = 5) -> None:
        """The next answer loses a byte."""
        self._faults.append(lambda answer: answer[: place % len(answer)] + answer[place % len(answer) + 1 :])

    def corrupt_byte(self, place: int = 5, flip: int = 0x10) -> None:
        """The next answer has a wrong byte."""

        def corrupt(answer: bytes) -> bytes:
            at = place % len(answer)
            return answer[:at] + bytes((answer[at] ^ flip,)) + answer[at + 1 :]

        self._faults.append(corrupt)

    def lose_answer(self) -> None:
        """The next answer is not heard at all, though the brain did what it was asked."""
        self._faults.append(lambda _: b"")

    def refuse(self, command: int, ack: Ack) -> None:
        """The next such command is refused; with UNINITIALIZED the brain has forgotten the file."""
        self._refusals.append((command, ack))

    def flood(self, count: int) -> None:
        """Say what nobody understands."""
        self._send(bytes(range(256)) * (count // 256 + 1))

    def tick(self) -> None:
        """Say late answers that are due; with a running loop this happens by itself."""
        now_us = self._clock.now_us()
        due = [answer for due_us, answer in self._later if due_us <= now_us]
        self._later = [(due_us, answer) for due_us, answer in self._later if due_us > now_us]
        for answer in due:
            self._send(answer)

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A host opened the port, which changes nothing."""
        self._say = say
        self._questions.clear()

    def heard(self, data: bytes) -> None:
        """Answer questions."""
        for question in self._questions.feed(data):
            if isinstance(question, BadQuestion):
                self._answer(ExtendedPacket(question.command, bytes((Ack.PACKET_CRC,))))
                continue
            self.asked.append(question)
            answer = self._meet(question)
            if answer is not None:
                self._answer(answer)

    def closed(self) -> None:
        """The host let go."""
        self._say = None

    def _meet(self, question: Packet) -> Packet | None:
        if isinstance(question, ExtendedPacket):
            return ExtendedPacket(question.command, self._obey(question.command, question.body))
        match question.command:
            case Simple.VERSION if self.knows_version:
                return SimplePacket(question.command, self._tell_version())
            case Simple.STATUS:
                return SimplePacket(question.command, bytes(10))
        return None

    def _obey(self, command: int, body: bytes) -> bytes:
        for place, (refused, ack) in enumerate(self._refusals):
            if refused == command:
                del self._refusals[place]
                if ack == Ack.UNINITIALIZED:
                    self.brain.forget()
                return bytes((ack,))
        radio = self.product in _CONTROLLERS
        if radio and command in (Command.INIT, Command.WRITE) and self.channel != DOWNLOAD:
            return bytes((Ack.BAD_INIT,))
        told = self.brain.answer(command, body)
        if told is not None:
            return told
        match command:
            case Command.CHANNEL if radio and len(body) == 2:
                self.channel, self._switching = body[1], SWITCH_LOOKS
                return OK
            case Command.SYSTEM:
                return OK + _STATUS[:1] + bytes(self.version) + _STATUS[5:]
            case Command.FLAGS:
                return OK + struct.pack("<I3B", 0, self.battery_percent // 8 << 4, 0, self._slot())
            case Command.DEVICES:
                return OK + bytes((len(self.plugged),)) + self._tell_devices()
        return bytes((Ack.NACK,))

    def _slot(self) -> int:
        found = _SLOT.fullmatch(self.brain.running or "")
        return int(found[1]) if found else 0

    def _tell_version(self) -> bytes:
        flags = 0
        if self.product in _CONTROLLERS and self.linked:
            flags = 0 if self._switching else LINKED
            self._switching = max(0, self._switching - 1)
        return bytes((*self.version, 0, self.product, flags, 0))

    def _tell_devices(self) -> bytes:
        return b"".join(
            struct.pack("<4B2H", port, kind, 1, 0, 0x0100, 0x0100)
            for port, kind in sorted(self.plugged.items())
        )

    def _answer(self, packet: Packet) -> None:
        answer = format_answer(packet)
        if self._faults:
            answer = self._faults.pop(0)(answer)
        if self.mute:
            return
        if not self.late_us:
            self._send(answer)
            return
        self._later.append((self._clock.now_us() + self.late_us, answer))
        try:
            asyncio.get_running_loop().call_later(self.late_us / 1e6 + 0.001, self.tick)
        except RuntimeError:
            return

    def _send(self, data: bytes) -> None:
        if self._say is not None:
            self._say(data)
