"""Lines of our own firmware: `$body*XX` with an XOR checksum, and plain text beside them."""

import re
from dataclasses import dataclass, field
from typing import Literal

SENTENCE_BYTES_MAX = 96
TEXT_BYTES_MAX = 256
DOLLAR, NEWLINE = b"$\n"

_SENTENCE = re.compile(rb"\$([!-#%-)+-~ ]+)\*([0-9A-F]{2})\r?\n")
_TORN_TAIL = re.compile(r"\*[0-9A-Fa-f]{2}$")

DamageCode = Literal["checksum", "torn", "long", "malformed", "noise"]


@dataclass(frozen=True)
class Sentence:
    """A sentence whose checksum holds; `began_us` is when the chunk with its `$` came."""

    word: str
    fields: tuple[str, ...]
    began_us: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Text:
    """A line that is not a sentence: a plotter line or a pupil's `println`."""

    line: str


@dataclass(frozen=True)
class Damaged:
    """Bytes that are no whole line of anything."""

    code: DamageCode
    raw: bytes


Line = Sentence | Text | Damaged


def checksum(body: bytes) -> int:
    """XOR of all bytes between `$` and `*`."""
    value = 0
    for byte in body:
        value ^= byte
    return value


def format_sentence(word: str, *fields: str) -> bytes:
    """`$word,field,...*XX` with CRLF."""
    body = ",".join((word, *fields)).encode("ascii")
    return b"$%b*%02X\r\n" % (body, checksum(body))


class SentenceReader:
    """Cuts a byte stream into lines; keeps at most `TEXT_BYTES_MAX` bytes whatever comes.

    One corrupt, lost or doubled byte never makes another valid sentence.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._began_us = 0
        self._overflow = False

    @property
    def kept_bytes(self) -> int:
        """How much of an unfinished line is held."""
        return len(self._kept)

    def feed(self, data: bytes, at_us: int = 0) -> list[Line]:
        """Lines completed by `data`, which arrived at `at_us`."""
        lines: list[Line] = []
        for byte in data:
            if byte == DOLLAR:
                self._flush(lines)
                self._began_us = at_us
            self._kept.append(byte)
            if byte == NEWLINE:
                self._finish(lines)
            else:
                self._cut(lines)
        return lines

    def _flush(self, lines: list[Line]) -> None:
        """End a line that was cut short by the `$` of the next."""
        raw, overflow = bytes(self._kept), self._overflow
        self._clear()
        if raw.startswith(b"$"):
            lines.append(Damaged("torn", raw))
        elif raw and not overflow:
            lines.extend(_text(raw))

    def _cut(self, lines: list[Line]) -> None:
        limit = SENTENCE_BYTES_MAX if self._kept[0] == DOLLAR else TEXT_BYTES_MAX
        if len(self._kept) < limit:
            return
        if not self._overflow:
            lines.append(Damaged("long", bytes(self._kept)))
        self._kept.clear()
        self._overflow = True

    def _finish(self, lines: list[Line]) -> None:
        raw, overflow = bytes(self._kept), self._overflow
        self._clear()
        if raw.startswith(b"$"):
            lines.append(_sentence(raw, self._began_us))
        elif not overflow:
            lines.extend(_text(raw))

    def _clear(self) -> None:
        self._kept.clear()
        self._overflow = False


def _sentence(raw: bytes, began_us: int) -> Sentence | Damaged:
    match = _SENTENCE.fullmatch(raw)
    if match is None:
        return Damaged("malformed", raw)
    body, told = match.groups()
    if checksum(body) != int(told, 16):
        return Damaged("checksum", raw)
    word, *fields = body.decode("ascii").split(",")
    return Sentence(word, tuple(fields), began_us)


def _text(raw: bytes) -> list[Line]:
    try:
        line = raw.decode("utf-8").strip("\r\n \t")
    except UnicodeDecodeError:
        return [Damaged("noise", raw)]
    if not line:
        return []
    if not line.isprintable() and not line.replace("\t", " ").isprintable():
        return [Damaged("noise", raw)]
    if _TORN_TAIL.search(line):
        return [Damaged("torn", raw)]
    return [Text(line)]
