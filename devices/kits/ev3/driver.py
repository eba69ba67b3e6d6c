"""Speaks with one EV3 brick: who it is, what is plugged in, what it measures, its mailboxes and programs."""

import json
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from devices.driver import Alert, Claimed, Cleared, Host, Measured, Output, Refused, Reopen, Say, Told
from devices.errors import ProtocolError
from devices.kits.ev3 import ports
from devices.kits.ev3.ports import NAMES, Plugged
from devices.protocols import ev3_bytecode as bytecode
from devices.protocols.ev3 import Frame, FrameReader, Type, format_frame
from devices.protocols.ev3_bytecode import Direct
from devices.protocols.ev3_mailbox import (
    CONTENT_BYTES_MAX,
    NAME_BYTES_MAX,
    Mail,
    encode,
    parse_mail,
    write_mailbox,
)
from devices.protocols.plotter import parse_plotter
from devices.transports.byte_pipe import Chunk

MEASURE_US = 100_000
LOOK_US = 1_000_000
BATTERY_US = 10_000_000
ANSWER_US = 2_000_000
HANG_US = 10_000_000
COUNTER_MAX = 0x7FFF
"""Beyond it are the counters of uploads, so that a late answer is nobody's."""
BATTERY_LOW, BATTERY_GOOD = 10, 15
QUEUE_MAX = 16
LAST_PROGRAM = "program"
PROJECTS = "../prjs"
NOTHING: tuple[Plugged, ...] = (Plugged(),) * len(NAMES)

_ADDRESS = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class _Question:
    command: Direct
    on_answer: Callable[[bytes], None]
    refusal: Refused | None = None


class Ev3Driver:
    """Asks one thing at a time, as the brick runs one direct command at a time."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader = FrameReader()
        self._out: list[Output] = []
        self._queue: list[_Question] = []
        self._asked: tuple[int, _Question] | None = None
        self._counter = 0
        self._now_us = self._heard_us = self._asked_us = 0
        self._due_us = {"measure": 0, "look": 0, "battery": 0}
        self._who: bytes | None = None
        self._claimed = False
        self._ports = NOTHING
        self._looked = False
        self._low = False

    def opened(self, now_us: int) -> list[Output]:
        """Ask who is there."""
        self._now_us = self._heard_us = now_us
        self._reader.clear()
        self._queue.clear()
        self._asked = None
        self._claimed = False
        self._who = None
        self._due_us = dict.fromkeys(self._due_us, now_us)
        self._ask(bytecode.identity(), self._meet)
        return self._take()

    def received(self, chunk: Chunk) -> list[Output]:
        """Answers, and mail from a program."""
        self._now_us = max(self._now_us, chunk.at_us)
        for frame in self._reader.feed(chunk.data):
            mail = parse_mail(frame)
            if mail is not None:
                if self._claimed:
                    self._read_mail(mail)
            elif self._asked is not None and frame.counter == self._asked[0]:
                self._answer(frame, self._asked[1])
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due; give up what is not answered."""
        self._now_us = now_us
        if now_us - self._asked_us >= ANSWER_US:
            if self._asked is not None:
                self._reader.clear()
                self._asked = None
            if not self._claimed and not self._queue:
                self._ask(bytecode.identity(), self._meet)
        if self._claimed and now_us - self._heard_us >= HANG_US:
            self._out.append(Reopen("board_silent"))
        self._go_on()
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """Programs, mailboxes and a beep."""
        self._now_us = now_us
        match node, key:
            case "program", "run":
                path = self._program(payload)
                name = path.rpartition("/")[2]
                self._order(bytecode.start_program(path), Refused("program_not_started", {"name": name}))
            case "program", "stop":
                self._order(bytecode.stop_program(), Refused("command_refused"))
            case "board", "identify":
                self._order(bytecode.tone(880, 600), Refused("command_refused"))
            case "mailbox", "send":
                self._out.append(Say(_mail(payload)))
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of an EV3 is kept."""
        return []

    def _program(self, payload: str) -> str:
        """Path of a program by its name; without one, of the program that was uploaded last."""
        path = payload.strip() or self._host.notes.get(LAST_PROGRAM, "")
        if not path:
            raise ProtocolError("no_program")
        if not path.isprintable() or len(path.encode()) > 100:
            raise ProtocolError("bad_command", node="program", key="run")
        return (
            path if "/" in path else f"{PROJECTS}/{path.removesuffix('.rbf')}/{path.removesuffix('.rbf')}.rbf"
        )

    def _order(self, command: Direct, refusal: Refused) -> None:
        """A person's wish comes before the next measurement."""
        if len(self._queue) >= QUEUE_MAX:
            raise ProtocolError("command_refused")
        self._queue.append(_Question(command, lambda _: self._look(), refusal))
        self._go_on()

    def _ask(self, command: Direct, on_answer: Callable[[bytes], None]) -> None:
        self._queue.append(_Question(command, on_answer))
        self._go_on()

    def _go_on(self) -> None:
        if self._asked is not None:
            return
        if not self._queue and self._claimed:
            self._ask_due()
        if self._queue:
            question = self._queue.pop(0)
            self._counter = self._counter % COUNTER_MAX + 1
            self._asked, self._asked_us = (self._counter, question), self._now_us
            self._out.append(Say(question.command.frame(self._counter)))

    def _ask_due(self) -> None:
        inputs, outputs = ports.readable(self._ports)
        if self._is_due("look", LOOK_US):
            self._queue.append(_Question(bytecode.look_around(), self._look_at))
        elif self._is_due("battery", BATTERY_US):
            self._queue.append(_Question(bytecode.battery(), self._charge))
        elif (inputs or outputs) and self._is_due("measure", MEASURE_US):
            plugged = self._ports
            self._queue.append(
                _Question(
                    bytecode.measure(inputs, outputs),
                    lambda answer: self._measured(plugged, inputs, outputs, answer),
                )
            )

    def _is_due(self, what: str, every_us: int) -> bool:
        if self._now_us < self._due_us[what]:
            return False
        self._due_us[what] = max(self._due_us[what] + every_us, self._now_us + every_us // 2)
        return True

    def _answer(self, frame: Frame, question: _Question) -> None:
        self._asked = None
        self._heard_us = self._now_us
        if frame.type == Type.DIRECT_REPLY and len(frame.body) >= question.command.answers:
            question.on_answer(frame.body[: question.command.answers])
            if not self._claimed:
                self._queue.append(_Question(bytecode.identity(), self._meet))
        elif question.refusal is not None:
            self._out.append(question.refusal)
        self._go_on()

    def _meet(self, answer: bytes) -> None:
        """There is no checksum: who it is counts when it was told twice."""
        before, self._who = self._who, answer
        if before != answer:
            return
        address, name, version = (
            _string(part)
            for part in (
                answer[: bytecode.ID_BYTES],
                answer[bytecode.ID_BYTES : bytecode.ID_BYTES + bytecode.NAME_BYTES],
                answer[bytecode.ID_BYTES + bytecode.NAME_BYTES :],
            )
        )
        known = _ADDRESS.fullmatch(address.replace(":", "").lower())
        self._claimed = True
        self._out.append(Claimed(f"ev3-{known[0][-8:] if known else self._host.port}"))
        self._tell("firmware", "version", version)
        self._tell("firmware", "name", name)
        self._ports = NOTHING
        self._looked = False

    def _look_at(self, answer: bytes) -> None:
        found = ports.parse_ports(answer)
        for name, before, now in zip(NAMES, self._ports, found, strict=True):
            if before != now or not self._looked:
                self._tell("ports", name, now.told())
        self._ports, self._looked = found, True
        self._tell("program", "running", "true" if answer[16] == bytecode.RUNNING else "false")

    def _look(self) -> None:
        self._due_us["look"] = self._now_us

    def _charge(self, answer: bytes) -> None:
        volts, percent = struct.unpack("<fB", answer)
        if not (0 < volts < 20 and percent <= 100):
            return
        self._tell("battery", "voltage", f"{volts:.2f}")
        self._tell("battery", "percent", str(percent))
        if percent <= BATTERY_LOW and not self._low:
            self._low = True
            self._out.append(Alert("battery", "battery_low", {"percent": percent}))
        elif percent >= BATTERY_GOOD and self._low:
            self._low = False
            self._out.append(Cleared("battery"))

    def _measured(
        self, plugged: tuple[Plugged, ...], inputs: tuple[int, ...], outputs: tuple[int, ...], answer: bytes
    ) -> None:
        values = struct.unpack(f"<{len(inputs)}f{len(outputs)}i", answer)
        samples = [
            ports.sensor_sample(port, plugged[port], value)
            for port, value in zip(inputs, values, strict=False)
        ]
        samples += [
            ports.motor_sample(port, angle)
            for port, angle in zip(outputs, values[len(inputs) :], strict=True)
        ]
        there = tuple(sample for sample in samples if sample is not None)
        if there:
            self._out.append(Measured(there, self._now_us))

    def _read_mail(self, mail: Mail) -> None:
        """A number is plotted under the name of its box, `temp:23.5,light:410` as everywhere else."""
        content = mail.content
        self._tell("mailbox", "received", json.dumps({"box": mail.box, "value": content}))
        line = content if isinstance(content, str) else f"{mail.box}:{float(content)}"
        samples = parse_plotter(line) if ":" in line else None
        if samples:
            self._out.append(Measured(samples, self._now_us))

    def _tell(self, node: str, key: str, value: str) -> None:
        self._out.append(Told(node, key, value))

    def _take(self) -> list[Output]:
        outputs, self._out = self._out, []
        return outputs


def _mail(payload: str) -> bytes:
    """`{"box": "go", "value": true}` as a frame. Raises ProtocolError."""
    try:
        told: Any = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=payload[:80]) from error
    match told:
        case {"box": str(box), "value": str() | int() | float() as value} if box:
            try:
                name, raw = box.encode(), encode(value)
            except (OverflowError, UnicodeEncodeError) as error:
                raise ProtocolError("bad_command", payload=payload[:80]) from error
            if len(name) < NAME_BYTES_MAX and len(raw) <= CONTENT_BYTES_MAX:
                return format_frame(0, Type.SYSTEM | Type.NO_REPLY, write_mailbox(box, raw))
    raise ProtocolError("bad_command", payload=payload[:80])


def _string(data: bytes) -> str:
    told = data.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(letter for letter in told if letter.isprintable())
