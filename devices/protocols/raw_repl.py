"""MicroPython's raw REPL: a program goes in whole, and what it printed and what went wrong come back.

In the plain mode the board says `OK` and loses what it has no room for. In raw-paste mode (MicroPython 1.14)
it grants a window of bytes, again and again. Either way the end is `output 04 error 04 >`.
Source: MicroPython documentation, "The MicroPython Interactive Interpreter Mode".
"""

import re
from dataclasses import dataclass

RAW, FRIENDLY, INTERRUPT, END = b"\x01", b"\x02", b"\x03", b"\x04"
SOFT_RESET = END
"""The same byte, on an empty line."""
ENTER = b"\r"
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PROMPT = b">>> "
ASK_PASTE = b"\x05A\x01"
ACCEPTED = b"OK"
GRANT = 0x01
BANNER = re.compile(r"MicroPython (\S{1,60}) on (\d{4}-\d\d-\d\d); ([^\r\n]{1,120})\r?\n")
_PLACE = re.compile(r'File "[^"]*", line (\d{1,6})')
_ERRNO = re.compile(r"OSError: (?:\[Errno )?(\d{1,4})\b")


@dataclass(frozen=True)
class Reply:
    """What a program printed, and its traceback or nothing."""

    output: bytes
    error: bytes


@dataclass(frozen=True)
class Fault:
    """The last line of a traceback; `line` and `errno` are 0 where it tells none."""

    kind: str
    said: str
    line: int
    errno: int


@dataclass(frozen=True)
class Banner:
    """How a board introduces itself."""

    version: str
    board: str


class PasteWindow:
    """How much the board takes now; `ended` if it wants no more."""

    def __init__(self, size: int) -> None:
        self.room = self._size = size
        self.ended = False

    def hear(self, data: bytearray) -> bool:
        """Take grants, and an early end, from the front of `data`; whether anything came."""
        came = False
        while data and not self.ended and data[0] in (GRANT, END[0]):
            self.ended = data.pop(0) == END[0]
            self.room += 0 if self.ended else self._size
            came = True
        return came


def parse_offer(data: bytes | bytearray) -> tuple[int, int] | None:
    """The window of raw-paste mode, 0 for none, and how many bytes said so; None: not yet known."""
    if data[:1] != b"R":
        start = data.find(RAW_PROMPT)
        return (0, start + len(RAW_PROMPT)) if start >= 0 else None
    if data[1:2] == b"\x01":
        return (int.from_bytes(data[2:4], "little"), 4) if len(data) >= 4 else None
    return (0, 2) if len(data) >= 2 else None


def parse_reply(data: bytes | bytearray) -> tuple[Reply, int] | None:
    """A whole reply at the start of `data` and its length, or None."""
    first = data.find(END)
    second = data.find(END, first + 1)
    if first < 0 or second < 0 or len(data) < second + 2:
        return None
    return Reply(bytes(data[:first]), bytes(data[first + 1 : second])), second + 2


def parse_fault(error: bytes) -> Fault:
    """What a traceback says."""
    text = error.decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1][:200] if lines else "?"
    kind, _, said = last.partition(":")
    places = _PLACE.findall(text)
    number = _ERRNO.search(last)
    return Fault(kind, said.strip(), int(places[-1]) if places else 0, int(number[1]) if number else 0)


def parse_banner(text: str) -> Banner | None:
    """The last banner in what a board said."""
    found = BANNER.findall(text)
    return Banner(found[-1][0], found[-1][2].strip()) if found else None
