"""Reads along what a sketch prints, whatever its speed, and takes the board that no other driver knows."""

import re
from collections.abc import Collection, Sequence

from devices.driver import (
    Alert,
    Claimed,
    Cleared,
    Host,
    Measured,
    Output,
    Printed,
    Remember,
    Reopen,
    Reset,
    Say,
    SetBaud,
    Told,
)
from devices.errors import ProtocolError
from devices.kits.arduino_uno.speed import CLEAN, FEW, SpeedHunt, noise
from devices.kits.arduino_uno.upload import SKETCH_NOTE, UNOS
from devices.protocols.gate import GateDecoder, Hello
from devices.protocols.sentences import SENTENCE_BYTES_MAX
from devices.protocols.serial_text import SerialText
from devices.transports.byte_pipe import Chunk

ASKED_BAUD = 115200
"""At which the drivers of our own firmware ask who is there."""
LINES = 3
SENT_MAX = 1024
ALERT = "speed"
GATE = "timing_gate"
_HELLO = re.compile(rb"\$HELLO,gate,[\w,.-]+\*[0-9A-F]{2}\r?\n")


class ArduinoDriver:
    """One Arduino with any sketch on it."""

    def __init__(self, host: Host, kind: str = "uno", own: Collection[tuple[int, int]] = UNOS) -> None:
        """`own` are the USB identities that nothing but a board of this kind has."""
        noted = host.notes.get(SKETCH_NOTE, "")
        self._device = f"{kind}-{host.port}"
        self._sure = host.usb is None or host.usb in own
        self._noted = int(noted) if noted.isdecimal() else None
        self._hunt = SpeedHunt(self._noted)
        self._text = SerialText()
        self._claimed = False
        self._gate_may_answer = GATE in host.kits
        self._gate: Hello | None = None
        self._tail = b""

    def opened(self, now_us: int) -> list[Output]:
        """Listen, at the speed of our own firmware first."""
        if not self._claimed:
            self._gate = None  # whoever took the board since then may leave it again
        self._claimed = False
        self._text = SerialText()
        self._tail = b""
        self._hunt.start(ASKED_BAUD, now_us)
        return []

    def received(self, chunk: Chunk) -> list[Output]:
        """What the sketch prints, or what the boot loader of a board that restarts leaves of it."""
        if not self._claimed:
            self._hunt.hear(chunk.data, chunk.at_us)
            return self._claim(ASKED_BAUD, chunk.at_us, settled=True) if self._is_text() else []
        reads = self._hunt.found or self._hunt.lost
        self._hunt.hear(chunk.data, chunk.at_us)
        if reads and not self._hunt.decide(chunk.at_us):
            return self._read(chunk.data, chunk.at_us)
        return self._look(chunk.at_us)

    def tick(self, now_us: int) -> list[Output]:
        """A few bytes and then silence may be all there is to judge a speed by."""
        return self._look(now_us) if self._claimed and not self._hunt.found else []

    def unanswered(self, now_us: int) -> list[Output]:
        """It is an Arduino by its identity; what it prints is found out now."""
        heard = bytes(self._hunt.seen)
        settled = len(heard) >= FEW and noise(heard) <= CLEAN
        return self._claim(ASKED_BAUD if settled else self._noted, now_us, settled=settled)

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`console/send`, `board/reset` and `board/identify`. Raises ProtocolError."""
        match node, key:
            case "console", "send" if len(payload.encode()) > SENT_MAX:
                raise ProtocolError("command_too_long")
            case "console", "send":
                return [Say(payload.encode())]
            case "board", "reset" | "identify" if payload == "true":
                return [Reset()]  # the boot loader blinks the board's own light
        raise ProtocolError("bad_command", node=node, key=key)

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of a sketch is kept until it is stored."""
        return []

    def _is_text(self) -> bool:
        """Lines that nobody but a pupil's sketch on a real Arduino would print."""
        heard = bytes(self._hunt.seen)
        lines = heard.splitlines(keepends=True)
        ours = any(line.lstrip().startswith(b"$") for line in lines)
        return self._sure and not ours and heard.count(b"\n") >= LINES and noise(heard) <= CLEAN

    def _claim(self, baud: int | None, now_us: int, *, settled: bool) -> list[Output]:
        heard = bytes(self._hunt.seen)
        self._claimed = True
        if settled:
            self._hunt.start(ASKED_BAUD, now_us, settled=True)
            return [Claimed(self._device), *self._settle(), *self._read(heard, now_us)]
        self._hunt = SpeedHunt(baud)
        self._hunt.start(self._hunt.baud, now_us, switched=True)
        return [Claimed(self._device), SetBaud(self._hunt.baud)]

    def _look(self, now_us: int) -> list[Output]:
        """Go on to the next speed, or read what was heard while this one was judged."""
        heard = bytes(self._hunt.seen)
        if self._hunt.lost:
            return []
        if self._hunt.decide(now_us):
            self._text = SerialText()
            return [SetBaud(self._hunt.baud), *self._give_up()]
        if self._hunt.found:
            return [*self._settle(), *self._read(heard, now_us)]
        return self._give_up()

    def _give_up(self) -> list[Output]:
        return [Alert(ALERT, "speed_unknown")] if self._hunt.lost else []

    def _settle(self) -> list[Output]:
        baud = str(self._hunt.baud)
        told: list[Output] = [Cleared(ALERT), Told("console", "baud", baud)]
        if self._noted != self._hunt.baud:
            self._noted = self._hunt.baud
            told.append(Remember(SKETCH_NOTE, baud))
        return told

    def _read(self, data: bytes, at_us: int) -> list[Output]:
        if self._gate_may_answer and self._is_gate(data):
            return [Reopen("known_firmware")]
        text, lines = self._text.feed(data, at_us, self._hunt.baud)
        measured = [Measured(line.samples, line.at_us) for line in lines]
        return [*measured, *([Printed(text)] if text else [])]

    def _is_gate(self, data: bytes) -> bool:
        """Whether the lab's own gate is there, which was too slow to answer: its driver is to ask anew."""
        heard, self._tail = self._tail + data, (self._tail + data)[-SENTENCE_BYTES_MAX:]
        for found in _HELLO.finditer(heard):
            for event in GateDecoder().feed(found[0]):
                if isinstance(event, Hello) and self._hunt.baud == ASKED_BAUD and event != self._gate:
                    self._gate = event
                    return True
        return False
