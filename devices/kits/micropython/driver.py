"""Speaks with one MicroPython board: who it is, what its program prints, and what is typed at its prompt."""

from collections.abc import Sequence

from devices.driver import Claimed, Host, Measured, Output, Printed, Refused, Remember, Say, Told
from devices.errors import ProtocolError
from devices.kits.micropython.listener import Listener
from devices.kits.micropython.upload import MAIN, NOTE_PROGRAM, start_line
from devices.protocols.raw_repl import ENTER, FRIENDLY, INTERRUPT, Banner
from devices.protocols.serial_text import SerialText
from devices.transports.byte_pipe import Chunk

BAUD = 115200
SHORT = "esp"
NOTE_KNOWN = "micropython"
NUDGE_US, PATIENT_NUDGE_US = 500_000, 2_000_000
"""An empty line brings the prompt of a board that does nothing; other kits at the same chip speak first."""
INTERRUPT_US = 1_500_000
SETTLED_US = 300_000
"""A prompt is gone for a moment whenever something is typed."""
STOP_US = 3_000_000
SENT_MAX = 1024


class MicroPythonDriver:
    """One board on one line."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._device = f"{SHORT}-{host.port}"
        self._known = NOTE_KNOWN in host.notes
        self._told: dict[tuple[str, str], str] = {}
        self._banner: Banner | None = None
        self._start(0)

    def opened(self, now_us: int) -> list[Output]:
        """Listen first: whatever runs is to go on."""
        self._start(now_us)
        return []

    def _start(self, now_us: int) -> None:
        self._listener = Listener()
        self._text = SerialText()
        self._claimed = self._banner_asked = False
        self._questions = self._plan(now_us)
        self._changed_us = self._now_us = now_us
        self._typing: bytes | None = None
        self._typing_us = 0
        self._out: list[Output] = []

    def _plan(self, now_us: int) -> list[tuple[int, bytes]]:
        """When to ask what. A board that was known before is not interrupted."""
        if not self._host.alone:
            return [(now_us + PATIENT_NUDGE_US, ENTER)]
        if self._known:
            return [(now_us + NUDGE_US, b"")]
        return [(now_us + NUDGE_US, ENTER), (now_us + INTERRUPT_US, ENTER + INTERRUPT + FRIENDLY)]

    def received(self, chunk: Chunk) -> list[Output]:
        """What the board prints."""
        self._now_us = max(self._now_us, chunk.at_us)
        was_idle = self._listener.at_prompt
        text, lines = self._text.feed(chunk.data, self._now_us, BAUD)
        self._listener.hear(text)
        if text and self._listener.at_raw_prompt:
            self._out.append(Say(FRIENDLY))  # an upload that was given up has left it there
        if not self._claimed:
            self._recognise()
            return self._take()
        self._out += [Measured(line.samples, line.at_us) for line in lines]
        if text:
            self._out.append(Printed(text))
        if self._listener.at_prompt != was_idle:
            self._changed_us = self._now_us
        self._introduce()
        self._type_on()
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due, and tell whether a program runs."""
        self._now_us = now_us
        if not self._claimed:
            while self._questions and now_us >= self._questions[0][0]:
                _, words = self._questions.pop(0)
                if words:
                    self._out.append(Say(words))
                else:
                    self._claim()
            return self._take()
        if now_us - self._changed_us >= SETTLED_US:
            self._tell("program", "running", "false" if self._listener.at_prompt else "true")
        if self._typing is not None and now_us >= self._typing_us:
            self._typing = None
            self._out.append(Refused("program_unstoppable"))
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`console/send`, `program/run`, `program/stop`, `board/reset`. Raises ProtocolError."""
        self._now_us = now_us
        match node, key:
            case "console", "send" if len(payload.encode()) > SENT_MAX:
                raise ProtocolError("command_too_long")
            case "console", "send":
                typed = payload.replace("\r\n", "\n").replace("\n", "\r")
                self._out.append(Say(typed.encode()))
            case "program", "stop" if payload == "true":
                self._out.append(Say(INTERRUPT))
            case "program", "run" if _is_name(payload):
                self._interrupt_and_type(start_line(payload or self._host.notes.get(NOTE_PROGRAM, MAIN)))
            case "board", "reset" if payload == "true":
                self._interrupt_and_type(b"import machine;machine.reset()" + ENTER)
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of a board is kept."""
        return []

    def _recognise(self) -> None:
        """A banner is no other kit's; where others may be there, a prompt is a reason to ask for one."""
        if self._listener.banner is not None or (self._listener.at_prompt and self._host.alone):
            self._claim()
        elif self._listener.at_prompt and not self._banner_asked:
            self._banner_asked = True
            self._out.append(Say(FRIENDLY))

    def _claim(self) -> None:
        self._claimed = True
        self._questions.clear()
        self._changed_us = self._now_us
        self._out.append(Claimed(self._device))
        if not self._known:
            self._known = True
            self._out.append(Remember(NOTE_KNOWN, "1"))
        self._introduce()
        if self._banner is None and self._listener.at_prompt:
            self._out.append(Say(FRIENDLY))
        if self._listener.text:
            self._out.append(Printed(self._listener.text))

    def _introduce(self) -> None:
        banner = self._listener.banner
        if banner is not None and banner != self._banner:
            self._banner = banner
            self._tell("firmware", "version", banner.version)
            self._tell("firmware", "name", banner.board)

    def _interrupt_and_type(self, line: bytes) -> None:
        """The line waits for a prompt, so that no program takes it for its input."""
        self._listener.forget_prompt()
        self._typing, self._typing_us = line, self._now_us + STOP_US
        self._out.append(Say(INTERRUPT))

    def _type_on(self) -> None:
        if self._typing is not None and self._listener.at_prompt:
            self._out.append(Say(self._typing))
            self._typing = None

    def _tell(self, node: str, key: str, value: str) -> None:
        if self._told.get((node, key)) != value:
            self._told[node, key] = value
            self._out.append(Told(node, key, value))

    def _take(self) -> list[Output]:
        outputs, self._out = self._out, []
        return outputs


def _is_name(text: str) -> bool:
    return not text or (text.endswith((".py", ".mpy")) and text.isprintable() and len(text) <= SENT_MAX)
