"""An EV3 at the far end of a line: files, ports, motors, mailboxes and programs; it misbehaves on request."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.ev3.brick_code import CodeRun
from devices.kits.ev3.brick_files import BrickFiles
from devices.kits.ev3.brick_vm import BrickMachine, ByteCodeError
from devices.protocols.ev3 import Frame, FrameReader, Status, Type, format_frame
from devices.protocols.ev3_mailbox import Content, Mail, encode, parse_mail, write_mailbox
from devices.transports.pty import PtyServer

LATE_S = 3.0


class Ev3Emulator:
    """One brick: `files`, `machine` and `mailboxes` are what is on it.

    Faults: `mute`, `late`, `lose_byte`, `corrupt_byte`, `refuse`, `flood`, `vanish` and `come_back`.
    """

    def __init__(self, clock: Clock | None = None, *, address: str = "00165340e2ab") -> None:
        self.files = BrickFiles()
        self.machine = BrickMachine(self._file, self._value, lambda: self.files.free_bytes)
        self.machine.address = address
        self.mailboxes: dict[str, bytes] = {}
        self.mute = False
        self.late = False
        self._clock = clock or MonotonicClock()
        self._since_us = self._clock.now_us()
        self._reader = FrameReader()
        self._faults: list[Callable[[bytes], bytes]] = []
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._delayed: list[bytes] = []

    @property
    def device(self) -> str:
        """Its id on the bus."""
        return f"ev3-{self.machine.address[-8:]}"

    def serve(self, link: Path | None = None) -> PtyServer:
        """As a serial port, like one that is bound to RFCOMM."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Switched off or out of reach: open files are lost."""
        if self._server is not None:
            self._server.unplug()
        self.machine.stop()
        self._reader.clear()

    def come_back(self) -> None:
        """Switched on again."""
        if self._server is not None:
            self._server.plug()

    def lose_byte(self, place: int = 3) -> None:
        """The next answer loses a byte."""
        self._faults.append(lambda data: data[: place % len(data)] + data[place % len(data) + 1 :])

    def corrupt_byte(self, place: int = 5, flip: int = 0x10) -> None:
        """The next answer has a wrong byte."""
        self._faults.append(
            lambda data: (
                data[: place % len(data)]
                + bytes((data[place % len(data)] ^ flip,))
                + data[place % len(data) + 1 :]
            )
        )

    def refuse(self, status: Status) -> None:
        """The next system command fails so."""
        self.files.refuse = status

    def flood(self, count: int = 100) -> None:
        """Say what nobody asked for."""
        for counter in range(count):
            self._send(format_frame(counter, Type.DIRECT_REPLY, bytes(64)))

    def send_mail(self, box: str, content: Content) -> None:
        """A program writes to a mailbox of the host."""
        self._send(format_frame(1, Type.SYSTEM | Type.NO_REPLY, write_mailbox(box, encode(content))))

    def tick(self) -> None:
        """Time has passed: motors turn, and late answers leave."""
        now_us = self._clock.now_us()
        self.machine.tick(now_us - self._since_us)
        self._since_us = now_us
        delayed, self._delayed = self._delayed, []
        for data in delayed:
            self._send(data)

    def opened(self, say: Callable[[bytes], None]) -> None:
        """A host is connected."""
        self._say = say
        self._reader.clear()

    def heard(self, data: bytes) -> None:
        """Commands of the host."""
        for frame in self._reader.feed(data):
            self._obey(frame)

    def closed(self) -> None:
        """The host is gone."""
        self._say = None

    def _obey(self, frame: Frame) -> None:
        mail = parse_mail(frame)
        if isinstance(mail, Mail):
            self.mailboxes[mail.box] = mail.raw
            return
        wants_reply = not frame.type & Type.NO_REPLY
        match frame.type & ~Type.NO_REPLY:
            case Type.SYSTEM if frame.body:
                reply = self.files.do(frame.body)
                good = reply[1] in (Status.SUCCESS, Status.END_OF_FILE)
                answer = format_frame(frame.counter, Type.SYSTEM_REPLY if good else Type.SYSTEM_ERROR, reply)
            case Type.DIRECT if len(frame.body) >= 2:
                answer = self._direct(frame)
            case _:
                return
        if not wants_reply or self.mute:
            return
        if self.late:
            self._delay(answer)
        else:
            self._send(answer)

    def _direct(self, frame: Frame) -> bytes:
        self.tick()
        sizes = int.from_bytes(frame.body[:2], "little")
        try:
            told = CodeRun(self.machine, frame.body[2:], sizes & 0x3FF, sizes >> 10).run()
        except ByteCodeError:
            return format_frame(frame.counter, Type.DIRECT_ERROR, bytes(sizes & 0x3FF))
        return format_frame(frame.counter, Type.DIRECT_REPLY, told)

    def _delay(self, answer: bytes) -> None:
        """Until `LATE_S` have passed, or until `tick` where no loop runs."""
        self._delayed.append(answer)
        try:
            asyncio.get_running_loop().call_later(LATE_S, self.tick)
        except RuntimeError:
            return

    def _send(self, data: bytes) -> None:
        if self._say is not None:
            self._say(self._faults.pop(0)(data) if self._faults else data)

    def _file(self, path: str) -> bytes | None:
        return self.files.files.get(path.removeprefix("..").strip("/"))

    def _value(self, port: int) -> float:
        """Sensors that change: somebody walks to and fro in front of the robot."""
        seconds = self._clock.now_us() / 1e6
        match self.machine.plugged[port].type:
            case 16:
                return float(int(seconds) % 2)
            case 29:
                return round(40 + 30 * math.sin(seconds))
            case 30:
                return round(60 + 40 * math.sin(seconds / 3), 1)
            case _:
                return round(10 * math.sin(seconds), 1)
