"""Speaks with one Pybricks hub: who it is, its status, what its program prints and is told."""

import codecs
import io
from collections.abc import Sequence

from devices.driver import (
    Alert,
    Claimed,
    Cleared,
    Console,
    Host,
    Measured,
    Output,
    Printed,
    Refused,
    Reopen,
    Say,
    Told,
)
from devices.errors import ProtocolError
from devices.kits.pybricks.asking import AGAIN_US, Asking
from devices.kits.pybricks.condition import Condition
from devices.kits.pybricks.typed import Typed
from devices.protocols import pybricks
from devices.protocols import pybricks_stream as stream
from devices.protocols.plotter import parse_plotter
from devices.protocols.pybricks import Capabilities, CommandId, Feature, Refusal, Version
from devices.protocols.pybricks_stream import (
    Command,
    HostMessage,
    HubMessage,
    Response,
    Selector,
    Status,
    Stdout,
    Subscribe,
    Value,
)
from devices.protocols.spike_cobs import END, BrokenFrame, FrameReader, encode
from devices.transports.byte_pipe import Chunk

KIND = "pybricks"
GREETING = (stream.PROFILE, stream.FIRMWARE, stream.NAME, stream.PNP, stream.CAPABILITIES)
ALIVE_US = 2_000_000
HANG_US = 5_000_000
STATUS_US = 500_000
LINE_CHARS_MAX = 256
_FEATURES = {
    "repl": Feature.REPL,
    "port-view": Feature.PORT_VIEW,
    "imu-calibration": Feature.IMU_CALIBRATION,
}


class PybricksDriver:
    """A hub on one line; it is known by what it is plugged into, as all hubs have the same name."""

    def __init__(self, host: Host) -> None:
        self._device = f"{KIND}-{host.port}"
        self._asking = Asking()
        self._condition = Condition()
        self._typed = Typed()
        self._reader = FrameReader()
        self._values: dict[Selector, bytes] = {}
        self._capabilities: Capabilities | None = None
        self._profile: Version = (0, 0, 0)
        self._greeted = False
        self._now_us = 0
        self._greet_us = 0
        self._alive_us = 0
        self._status_due_us: int | None = None
        self._out: list[Output] = []
        self._line = ""
        self._text = _decoder()

    def opened(self, now_us: int) -> list[Output]:
        """Ask who is there; reading takes the hub from nobody."""
        self._now_us = now_us
        self._reader = FrameReader()
        self._asking.clear()
        self._typed.clear()
        self._condition.forget()
        self._line, self._text = "", _decoder()
        self._values.clear()
        self._greeted = False
        self._out.append(Say(END))
        self._ask_who()
        return self._take()

    def received(self, chunk: Chunk) -> list[Output]:
        """Answers and events of the hub."""
        self._now_us = max(self._now_us, chunk.at_us)
        for frame in self._reader.feed(chunk.data):
            if isinstance(frame, BrokenFrame):
                self._out.append(Console("debug", f"{frame.code}: {frame.raw!r}"))
            elif (message := stream.parse_hub(frame.message)) is not None:
                self._meet(message)
                self._ask_next()
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask again, look whether the hub still lives, and pass on what was typed."""
        self._now_us = now_us
        if not self._greeted and self._asking.idle and now_us >= self._greet_us:
            self._ask_who()
        if self._greeted:
            if self._asking.silent_us(now_us) >= HANG_US:
                self._out.append(Reopen("board_silent"))
            if self._status_due_us is not None and now_us >= self._status_due_us:
                self._subscribe(anew=True)
            if self._asking.idle and now_us >= self._alive_us:
                self._alive_us = now_us + ALIVE_US
                self._asking.read(stream.NAME)
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`program/run`, `program/stop` and `console/send`."""
        self._now_us = now_us
        if self._capabilities is None:
            raise ProtocolError("firmware_too_old", **self._too_old())
        match node, key:
            case "program", "run":
                self._asking.command(pybricks.start(self._program(payload.strip()), self._profile))
            case "program", "stop":
                self._typed.clear()
                self._asking.command(pybricks.stop(), urgent=True)
            case "console", "send":
                self._type(payload)
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """A hub keeps nothing that could be lost."""
        return []

    def _meet(self, message: HubMessage) -> None:
        match message:
            case Status():
                self._status_due_us = None
                self._out += self._condition.learn(message)
            case Stdout(data=data):
                self._print(self._text.decode(data))
            case Value():
                if self._asking.answered(message) is not None:
                    self._learn(message)
            case Response(status=status):
                asked = self._asking.answered(message)
                if isinstance(asked, Command):
                    self._done(asked.body, status)
            case _:
                pass

    def _ask_who(self) -> None:
        for selector in GREETING:
            self._asking.read(selector)

    def _learn(self, value: Value) -> None:
        known = self._values.get(value.selector)
        self._values[value.selector] = value.data
        if not self._greeted and all(selector in self._values for selector in GREETING):
            self._greet()
        elif self._greeted and value.selector == stream.NAME and value.data != known:
            self._tell_name()

    def _greet(self) -> None:
        profile = pybricks.parse_version(self._value(stream.PROFILE))
        capabilities = pybricks.parse_capabilities(self._values[stream.CAPABILITIES])
        old = profile is not None and profile < pybricks.MIN_PROFILE
        # Frames have no checksum: that a hub is too old is believed when it says so twice.
        doubtful = old and profile != self._profile
        self._profile = profile or self._profile
        if profile is None or doubtful or (capabilities is None and not old):
            self._values.clear()
            self._greet_us = self._now_us + AGAIN_US
            return
        self._capabilities = None if old else capabilities
        self._greeted = True
        self._alive_us = self._now_us + ALIVE_US
        kind = pybricks.parse_kind(self._values[stream.PNP])
        self._out.append(Claimed(self._device))
        self._out.append(Told("firmware", "name", "Pybricks"))
        self._out.append(Told("firmware", "version", self._value(stream.FIRMWARE)))
        self._out.append(Told("firmware", "profile", ".".join(map(str, profile))))
        self._out.append(Told("board", "kind", kind.name if kind else "?"))
        self._tell_name()
        if self._capabilities is None:
            self._out.append(Alert("firmware", "firmware_too_old", self._too_old()))
            return
        self._out.append(Cleared("firmware"))
        self._out.append(Told("program", "slots", str(self._capabilities.slots)))
        self._subscribe(anew=False)

    def _subscribe(self, *, anew: bool) -> None:
        """The hub tells its status to a new subscriber; on a line that was in use we may be an old one."""
        self._status_due_us = self._now_us + STATUS_US
        if anew:
            self._say(Subscribe(False))
        self._say(Subscribe(True))

    def _done(self, body: bytes, status: int) -> None:
        """A command was carried out or refused."""
        command = body[0]
        if command == CommandId.WRITE_STDIN:
            if status == Refusal.OK:
                self._typed.taken()
            elif status != Refusal.BUSY or self._typed.refused(self._now_us):
                self._typed.clear()
                self._out.append(Refused("nobody_reads"))
        elif command == CommandId.START and status == Refusal.INVALID_COMMAND:
            slot = body[1] if len(body) > 1 else 0
            self._out.append(Refused("slot_empty", {"slot": slot}))
        elif status != Refusal.OK:
            self._out.append(Refused("command_refused"))

    def _program(self, wanted: str) -> int:
        assert self._capabilities is not None
        if wanted in _FEATURES and self._capabilities.features & _FEATURES[wanted]:
            return pybricks.PROGRAMS[wanted]
        if not wanted:
            status = self._condition.status
            return (status.slot if status is not None else None) or 0
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 4):
            raise ProtocolError("bad_command", node="program", key="run")
        if int(wanted) >= self._capabilities.slots:
            raise ProtocolError("no_such_slot", slot=int(wanted), slots=self._capabilities.slots)
        return int(wanted)

    def _type(self, text: str) -> None:
        if not self._condition.running:
            self._out.append(Refused("nobody_reads"))
        elif not self._typed.add(text.encode()):
            raise ProtocolError("command_refused")

    def _print(self, text: str) -> None:
        if not text:
            return
        self._out.append(Printed(text))
        *lines, self._line = (self._line + text).split("\n")
        self._line = self._line[-LINE_CHARS_MAX:]
        for line in lines:
            samples = parse_plotter(line) if len(line) <= LINE_CHARS_MAX else None
            if samples:
                self._out.append(Measured(samples, self._now_us))

    def _tell_name(self) -> None:
        self._out.append(Told("board", "name", self._value(stream.NAME)))

    def _value(self, selector: Selector) -> str:
        return self._values.get(selector, b"").decode(errors="replace")

    def _too_old(self) -> dict[str, str]:
        return {"found": self._value(stream.FIRMWARE), "needed": "4.1"}

    def _say(self, message: HostMessage) -> None:
        self._out.append(Say(encode(stream.pack_host(message))))

    def _ask_next(self) -> None:
        if self._greeted and self._asking.idle and (piece := self._typed.due(self._now_us)) is not None:
            self._asking.command(pybricks.write_stdin(piece))
        if (message := self._asking.due(self._now_us)) is not None:
            self._say(message)

    def _take(self) -> list[Output]:
        self._ask_next()
        outputs, self._out = self._out, []
        return outputs


def _decoder() -> io.IncrementalNewlineDecoder:
    """UTF-8 and line ends, however they are torn."""
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    return io.IncrementalNewlineDecoder(utf8, translate=True)
