"""An NXT at the far end of a line: files, sensors, motors, mailboxes; it misbehaves on request."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.nxt.brick_files import BrickFiles
from devices.protocols.nxt import (
    BOXES,
    DIRECT,
    NAME_BYTES,
    NO_REPLY,
    REPLY,
    REPLY_INBOX,
    SYSTEM,
    InputValues,
    Op,
    OutputState,
    Status,
    Telegram,
    TelegramReader,
    file_name,
    format_input,
    format_output,
    format_telegram,
    parse_name,
)
from devices.transports.pty import PtyServer

LATE_S = 3.0
MAGIC = b"MindstormsNXT"
LIGHT, TOUCH, SOUND = (5, 0x80), (1, 0x20), (7, 0x80)


class NxtEmulator:
    """One brick: `files`, `types`, `angles`, `inboxes` and `outboxes` are what is on it.

    Faults: `mute`, `late`, `lose_byte`, `corrupt_byte`, `refuse`, `flood`, `vanish` and `come_back`.
    """

    def __init__(self, clock: Clock | None = None, *, address: str = "001653045c1a") -> None:
        self.files = BrickFiles()
        self.name = "NXT"
        self.address = address
        self.firmware = (1, 31)
        self.millivolts = 7800
        self.running: str | None = None
        self.types = [TOUCH, SOUND, LIGHT, (0, 0)]
        self.powers = [0, 0, 0]
        self.angles = [0.0, 0.0, 0.0]
        self.inboxes: dict[int, list[bytes]] = {}
        self.outboxes: dict[int, list[bytes]] = {}
        self.tones: list[tuple[int, int]] = []
        self.kept_awake = 0
        self.mute = False
        self.late = False
        self._clock = clock or MonotonicClock()
        self._since_us = self._clock.now_us()
        self._reader = TelegramReader()
        self._faults: list[Callable[[bytes], bytes]] = []
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._delayed: list[bytes] = []

    @property
    def device(self) -> str:
        """Its id on the bus."""
        return f"nxt-{self.address[-8:]}"

    def serve(self, link: Path | None = None) -> PtyServer:
        """As a serial port, like one that is bound to RFCOMM."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Switched off or out of reach."""
        if self._server is not None:
            self._server.unplug()
        self._stop()
        self._reader.clear()

    def come_back(self) -> None:
        """Switched on again."""
        if self._server is not None:
            self._server.plug()

    def lose_byte(self, place: int = 3) -> None:
        """The next answer loses a byte."""
        self._faults.append(lambda data: data[: place % len(data)] + data[place % len(data) + 1 :])

    def corrupt_byte(self, place: int = 3, flip: int = 0x10) -> None:
        """The next answer has a wrong byte."""
        self._faults.append(
            lambda data: (
                data[: place % len(data)]
                + bytes((data[place % len(data)] ^ flip,))
                + data[place % len(data) + 1 :]
            )
        )

    def refuse(self, status: Status) -> None:
        """The next command about files fails so."""
        self.files.refuse = status

    def flood(self, count: int = 100) -> None:
        """Say what nobody asked for."""
        for _ in range(count):
            self._send(format_telegram(Telegram(REPLY, 0x7F, bytes(60))))

    def send_message(self, box: int, text: str) -> None:
        """The program leaves a message for the host."""
        self.outboxes.setdefault(box, []).append(text.encode() + b"\0")

    def tick(self) -> None:
        """Time has passed: motors turn, and late answers leave."""
        now_us = self._clock.now_us()
        for port, power in enumerate(self.powers):
            self.angles[port] += power * 9.0 * (now_us - self._since_us) / 1e6
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
        for telegram in self._reader.feed(data):
            self._obey(telegram)

    def closed(self) -> None:
        """The host is gone."""
        self._say = None

    def _obey(self, asked: Telegram) -> None:
        kind = asked.kind & ~NO_REPLY
        if kind not in (DIRECT, SYSTEM):
            return
        status, told = self._system(asked) if kind == SYSTEM else self._direct(asked)
        if asked.kind & NO_REPLY or self.mute:
            return
        answer = format_telegram(Telegram(REPLY, asked.op, bytes((status,)) + told))
        if self.late:
            self._delay(answer)
        else:
            self._send(answer)

    def _system(self, asked: Telegram) -> tuple[Status, bytes]:
        match asked.op:
            case Op.VERSIONS:
                return Status.SUCCESS, bytes((124, 1, self.firmware[1], self.firmware[0]))
            case Op.DEVICE_INFO:
                name = self.name.encode()[:14].ljust(15, b"\0")
                free = self.files.free_bytes.to_bytes(4, "little")
                return Status.SUCCESS, name + bytes.fromhex(self.address) + bytes(1) + bytes(4) + free
        return self.files.do(asked.op, asked.body)

    def _direct(self, asked: Telegram) -> tuple[Status, bytes]:
        self.tick()
        body = asked.body
        match asked.op:
            case Op.START_PROGRAM:
                return self._start(parse_name(body[:NAME_BYTES])), b""
            case Op.STOP_PROGRAM:
                status = Status.SUCCESS if self.running else Status.NO_PROGRAM
                self._stop()
                return status, b""
            case Op.CURRENT_PROGRAM if self.running:
                return Status.SUCCESS, file_name(self.running)
            case Op.CURRENT_PROGRAM:
                return Status.NO_PROGRAM, bytes(NAME_BYTES)
            case Op.PLAY_TONE if len(body) >= 4:
                self.tones.append((int.from_bytes(body[:2], "little"), int.from_bytes(body[2:4], "little")))
                return Status.SUCCESS, b""
            case Op.GET_BATTERY:
                return Status.SUCCESS, self.millivolts.to_bytes(2, "little")
            case Op.KEEP_ALIVE:
                self.kept_awake += 1
                return Status.SUCCESS, (600_000).to_bytes(4, "little")
            case Op.MESSAGE_WRITE | Op.MESSAGE_READ:
                return self._message(asked.op, body)
            case Op.GET_INPUT | Op.SET_INPUT_MODE | Op.GET_OUTPUT | Op.SET_OUTPUT if body:
                return self._port(asked.op, body)
        return Status.UNKNOWN_OPCODE, b""

    def _port(self, op: int, body: bytes) -> tuple[Status, bytes]:
        port = body[0]
        match op:
            case Op.GET_INPUT if port < 4:
                return Status.SUCCESS, format_input(self._input(port))
            case Op.SET_INPUT_MODE if port < 4 and len(body) >= 3:
                self.types[port] = (body[1], body[2])
                return Status.SUCCESS, b""
            case Op.GET_OUTPUT if port < 3:
                state = OutputState(port, self.powers[port], int(self.angles[port]))
                return Status.SUCCESS, format_output(state)
            case Op.SET_OUTPUT if len(body) >= 2:
                power = int.from_bytes(body[1:2], "little", signed=True)
                for each in range(3) if port == 0xFF else (port,) if port < 3 else ():
                    self.powers[each] = power
                return Status.SUCCESS, b""
        return Status.BAD_PORT, b""

    def _message(self, op: int, body: bytes) -> tuple[Status, bytes]:
        if self.running is None:
            return Status.NO_PROGRAM, b""
        if op == Op.MESSAGE_WRITE:
            if len(body) < 2 or body[0] >= BOXES:
                return Status.ILLEGAL_MAILBOX, b""
            self.inboxes.setdefault(body[0] + 1, []).append(body[2 : 2 + body[1]])
            return Status.SUCCESS, b""
        if len(body) < 3 or not REPLY_INBOX <= body[0] < REPLY_INBOX + BOXES:
            return Status.ILLEGAL_MAILBOX, b""
        waiting = self.outboxes.get(body[0] - REPLY_INBOX + 1, [])
        if not waiting:
            return Status.EMPTY_MAILBOX, bytes((body[1], 0)) + bytes(59)
        message = waiting.pop(0) if body[2] else waiting[0]
        return Status.SUCCESS, bytes((body[1], len(message))) + message.ljust(59, b"\0")

    def _start(self, name: str) -> Status:
        if not self.files.files.get(name, b"").startswith(MAGIC):
            return Status.REQUEST_FAILED
        self.running = name
        return Status.SUCCESS

    def _stop(self) -> None:
        self.running = None
        self.powers = [0, 0, 0]

    def _input(self, port: int) -> InputValues:
        """Sensors that change: a robot crosses a line, somebody claps."""
        kind, mode = self.types[port]
        seconds = self._clock.now_us() / 1e6
        scaled = int(seconds) % 2 if mode == 0x20 else round(50 + 30 * math.sin(seconds + port))
        return InputValues(port, True, kind, mode, 300 + scaled, scaled)

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
