"""Speaks with one NXT brick: who it is, its sensors and motors, its mailboxes and programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from devices.driver import Alert, Claimed, Cleared, Host, Measured, Output, Refused, Reopen, Say, Told
from devices.errors import ProtocolError
from devices.kits.nxt import sensors
from devices.kits.nxt.sensors import INPUTS, OUTPUTS
from devices.protocols import nxt
from devices.protocols.nxt import BOXES, REPLY, Op, Status, Telegram, TelegramReader
from devices.protocols.plotter import parse_plotter
from devices.transports.byte_pipe import Chunk

ROUND_US = 200_000
"""In which every port is asked once, as far as the line is fast enough."""
LOOK_US = 1_000_000
BATTERY_US = 10_000_000
ALIVE_US = 60_000_000
"""A brick falls asleep after some minutes in which nobody presses a button or says this."""
ANSWER_US = 2_000_000
HANG_US = 10_000_000
VOLTS_LOW, VOLTS_GOOD = 6.9, 7.2
VOLTS_EMPTY, VOLTS_FULL = 6.5, 9.0
QUEUE_MAX = 32
LAST_PROGRAM = "program"
PROGRAM = ".rxe"


@dataclass(frozen=True)
class _Question:
    op: Op
    data: bytes
    on_answer: Callable[[Telegram], None]
    ordered: bool = False
    """By a person."""
    program: str = ""


class NxtDriver:
    """Asks one thing at a time: an answer has no number, only the command that it answers."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader = TelegramReader()
        self._out: list[Output] = []
        self._queue: list[_Question] = []
        self._asked: _Question | None = None
        self._now_us = self._heard_us = self._asked_us = 0
        self._due_us = {"round": 0, "look": 0, "battery": 0, "alive": 0}
        self._who: Telegram | None = None
        self._claimed = False
        self._plugged: dict[int, str] = {}
        self._running: str | None = None
        self._box = 0
        self._low = False

    def opened(self, now_us: int) -> list[Output]:
        """Ask who is there."""
        self._now_us = self._heard_us = now_us
        self._reader.clear()
        self._queue.clear()
        self._asked = None
        self._claimed = False
        self._who = None
        self._running = None
        self._plugged.clear()
        self._due_us = dict.fromkeys(self._due_us, now_us)
        self._greet()
        return self._take()

    def received(self, chunk: Chunk) -> list[Output]:
        """Answers."""
        self._now_us = max(self._now_us, chunk.at_us)
        for telegram in self._reader.feed(chunk.data):
            question = self._asked
            if question is None or (telegram.kind, telegram.op) != (REPLY, question.op):
                continue
            self._asked = None
            self._heard_us = self._now_us
            question.on_answer(telegram)
            if question.ordered and telegram.status != Status.SUCCESS:
                self._out.append(_refusal(question, telegram.status))
            self._go_on()
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due; give up what is not answered."""
        self._now_us = now_us
        if now_us - self._asked_us >= ANSWER_US:
            if self._asked is not None:
                self._reader.clear()
                self._asked = None
            if not self._claimed and not self._queue:
                self._greet()
        if self._claimed and now_us - self._heard_us >= HANG_US:
            self._out.append(Reopen("board_silent"))
        self._go_on()
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """Programs, mailboxes and a beep."""
        self._now_us = now_us
        match node, key:
            case "program", "run":
                name = self._program(payload)
                self._order(Op.START_PROGRAM, nxt.ask(Op.START_PROGRAM, nxt.file_name(name)), name)
            case "program", "stop":
                self._order(Op.STOP_PROGRAM, nxt.ask(Op.STOP_PROGRAM))
            case "board", "identify":
                tone = (880).to_bytes(2, "little") + (600).to_bytes(2, "little")
                self._order(Op.PLAY_TONE, nxt.ask(Op.PLAY_TONE, tone))
            case "mailbox", "send":
                self._order(Op.MESSAGE_WRITE, _message(payload))
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of an NXT is kept."""
        return []

    def _program(self, payload: str) -> str:
        """Name of a program; without one, of the program that was uploaded last."""
        name = payload.strip() or self._host.notes.get(LAST_PROGRAM, "")
        if not name:
            raise ProtocolError("no_program")
        name = name if name.lower().endswith(PROGRAM) else name + PROGRAM
        if not name.isascii() or not name.isprintable() or not len(PROGRAM) < len(name) < nxt.NAME_BYTES:
            raise ProtocolError("bad_command", node="program", key="run")
        return name

    def _order(self, op: Op, data: bytes, program: str = "") -> None:
        """A person's wish comes before the next measurement."""
        if len(self._queue) >= QUEUE_MAX:
            raise ProtocolError("command_refused")
        place = next((at for at, one in enumerate(self._queue) if not one.ordered), len(self._queue))
        question = _Question(op, data, lambda _: self._look(), ordered=True, program=program)
        self._queue.insert(place, question)
        self._go_on()

    def _greet(self) -> None:
        self._ask(Op.DEVICE_INFO, b"", self._meet)
        self._go_on()

    def _ask(self, op: Op, body: bytes, on_answer: Callable[[Telegram], None]) -> None:
        self._queue.append(_Question(op, nxt.ask(op, body), on_answer))

    def _go_on(self) -> None:
        if self._asked is not None:
            return
        if not self._queue and self._claimed:
            self._ask_due()
        if self._queue:
            self._asked, self._asked_us = self._queue.pop(0), self._now_us
            self._out.append(Say(self._asked.data))

    def _ask_due(self) -> None:
        if self._is_due("look", LOOK_US):
            self._ask(Op.CURRENT_PROGRAM, b"", self._look_at)
        elif self._is_due("battery", BATTERY_US):
            self._ask(Op.GET_BATTERY, b"", self._charge)
        elif self._is_due("alive", ALIVE_US):
            self._ask(Op.KEEP_ALIVE, b"", lambda _: None)
        elif self._is_due("round", ROUND_US):
            for port in range(len(INPUTS)):
                self._ask(Op.GET_INPUT, bytes((port,)), self._sense)
            for port in range(len(OUTPUTS)):
                self._ask(Op.GET_OUTPUT, bytes((port,)), self._turn)
            if self._running is not None:
                self._box = self._box % BOXES + 1
                message = nxt.read_message(self._box)
                self._queue.append(_Question(Op.MESSAGE_READ, message, self._read_message))

    def _is_due(self, what: str, every_us: int) -> bool:
        if self._now_us < self._due_us[what]:
            return False
        self._due_us[what] = max(self._due_us[what] + every_us, self._now_us + every_us // 2)
        return True

    def _meet(self, answer: Telegram) -> None:
        """There is no checksum: who it is counts when it was told twice."""
        if self._claimed:
            return
        info = nxt.parse_device_info(answer.rest)
        if answer.status != Status.SUCCESS or info is None:
            return
        before, self._who = self._who, answer
        if before != answer:
            self._ask(Op.DEVICE_INFO, b"", self._meet)
            return
        self._claimed = True
        self._out.append(Claimed(f"nxt-{info.address[-8:]}"))
        self._tell("firmware", "name", "".join(letter for letter in info.name if letter.isprintable()))
        self._ask(Op.VERSIONS, b"", self._version)

    def _version(self, answer: Telegram) -> None:
        if answer.status == Status.SUCCESS and len(answer.rest) >= 4:
            minor, major = answer.rest[2], answer.rest[3]
            self._tell("firmware", "version", f"{major}.{minor:02d}")

    def _look(self) -> None:
        self._due_us["look"] = self._now_us

    def _look_at(self, answer: Telegram) -> None:
        there = answer.status == Status.SUCCESS and len(answer.rest) >= nxt.NAME_BYTES
        self._running = nxt.parse_name(answer.rest) if there else None
        self._tell("program", "running", "true" if self._running else "false")

    def _charge(self, answer: Telegram) -> None:
        if answer.status != Status.SUCCESS or len(answer.rest) < 2:
            return
        volts = int.from_bytes(answer.rest[:2], "little") / 1000
        if not 0 < volts < 20:
            return
        # Six alkaline cells or a rechargeable pack: no more than a hint.
        share = (volts - VOLTS_EMPTY) / (VOLTS_FULL - VOLTS_EMPTY)
        percent = round(100 * min(1.0, max(0.0, share)))
        self._tell("battery", "voltage", f"{volts:.2f}")
        self._tell("battery", "percent", str(percent))
        if volts <= VOLTS_LOW and not self._low:
            self._low = True
            self._out.append(Alert("battery", "battery_low", {"percent": percent}))
        elif volts >= VOLTS_GOOD and self._low:
            self._low = False
            self._out.append(Cleared("battery"))

    def _sense(self, answer: Telegram) -> None:
        values = nxt.parse_input(answer.rest)
        if answer.status != Status.SUCCESS or values is None or values.port >= len(INPUTS):
            return
        told = sensors.plugged(values)
        if self._plugged.get(values.port) != told:
            self._plugged[values.port] = told
            self._tell("ports", INPUTS[values.port], told)
        sample = sensors.sensor_sample(values)
        if sample is not None:
            self._out.append(Measured((sample,), self._now_us))

    def _turn(self, answer: Telegram) -> None:
        state = nxt.parse_output(answer.rest)
        if answer.status == Status.SUCCESS and state is not None and state.port < len(OUTPUTS):
            self._out.append(Measured((sensors.motor_sample(state),), self._now_us))

    def _read_message(self, answer: Telegram) -> None:
        message = nxt.parse_message(answer.rest)
        if answer.status == Status.SUCCESS and message is not None:
            box, text = message
            self._tell("mailbox", "received", json.dumps({"box": box, "value": text}))
            samples = parse_plotter(text) if ":" in text else None
            if samples:
                self._out.append(Measured(samples, self._now_us))

    def _tell(self, node: str, key: str, value: str) -> None:
        self._out.append(Told(node, key, value))

    def _take(self) -> list[Output]:
        outputs, self._out = self._out, []
        return outputs


def _refusal(question: _Question, status: int) -> Refused:
    """What a person is told of an order that the brick did not carry out."""
    if question.op == Op.START_PROGRAM:
        return Refused("program_not_started", {"name": question.program})
    if status != Status.NO_PROGRAM:
        return Refused("command_refused")
    return Refused("nothing_runs" if question.op == Op.STOP_PROGRAM else "nobody_reads")


def _message(payload: str) -> bytes:
    """`{"box": 1, "value": "go"}` as a telegram. Raises ProtocolError."""
    try:
        told: Any = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=payload[:80]) from error
    match told:
        case {"box": int(box), "value": str() | int() | float() as value} if 1 <= box <= BOXES:
            text = json.dumps(value) if isinstance(value, bool) else str(value)
            if len(text.encode("utf-8", "replace")) <= nxt.MESSAGE_BYTES_MAX and text.isprintable():
                return nxt.write_message(box, text)
    raise ProtocolError("bad_command", payload=payload[:80])
