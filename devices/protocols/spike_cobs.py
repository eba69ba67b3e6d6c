"""Frames of LEGO SPIKE and Pybricks hubs: COBS that also hides 01 and 02, XOR 03, ended by 02.

Source: LEGO SPIKE Prime protocol documentation, "Encoding".
"""

import re
from dataclasses import dataclass
from typing import Literal

URGENT, END, CONTROL = b"\x01", b"\x02", 0x03
MESSAGE_BYTES_MAX = 4096
"""The longest message a reader takes unless told otherwise."""

_HIDDEN_MAX = 2
_OFFSET = 2
_BLOCK_MAX = 84
_NO_VALUE = 0xFF
_MASK = bytes(value ^ CONTROL for value in range(256))
_DELIMITERS = re.compile(rb"([\x01\x02])")

DamageCode = Literal["code_word", "torn", "control", "long", "interrupted"]


class FrameError(ValueError):
    """The bytes are no frame; `code` says why."""

    def __init__(self, code: DamageCode) -> None:
        super().__init__(code)
        self.code: DamageCode = code


@dataclass(frozen=True)
class Frame:
    """A whole message; an urgent one may have come in the middle of another."""

    message: bytes
    urgent: bool = False


@dataclass(frozen=True)
class BrokenFrame:
    """Bytes between two delimiters that are no message; at most what the reader may keep."""

    code: DamageCode
    raw: bytes


def encode(message: bytes, *, urgent: bool = False) -> bytes:
    """The frame of `message`, with its 02 and, when urgent, a leading 01."""
    blocks = bytearray([_NO_VALUE])
    start, length = 0, 1
    for byte in message:
        if byte > _HIDDEN_MAX:
            blocks.append(byte)
            length += 1
            if length <= _BLOCK_MAX:
                continue
        else:
            blocks[start] = byte * _BLOCK_MAX + length + _OFFSET
        start, length = len(blocks), 1
        blocks.append(_NO_VALUE)
    blocks[start] = length + _OFFSET
    return (URGENT if urgent else b"") + blocks.translate(_MASK) + END


def decode(frame: bytes) -> bytes:
    """The message of one frame, with or without its delimiters. Raises FrameError."""
    return _unstuff(frame.removeprefix(URGENT).removesuffix(END))


def _unstuff(raw: bytes) -> bytes:
    if CONTROL in raw:
        raise FrameError("control")
    blocks = raw.translate(_MASK)
    message = bytearray()
    at, value = 0, None
    while at < len(blocks):
        if value is not None:
            message.append(value)
        value, length = _block(blocks[at])
        block = blocks[at + 1 : at + length]
        if len(block) < length - 1:
            raise FrameError("torn")
        message += block
        at += length
    if not blocks or value:
        raise FrameError("torn")
    return bytes(message)


def _block(code: int) -> tuple[int | None, int]:
    """The hidden byte after the block, None if there is none, and the block's length with its code."""
    if code <= _HIDDEN_MAX:
        raise FrameError("code_word")
    if code == _NO_VALUE:
        return None, _BLOCK_MAX + 1
    value, length = divmod(code - _OFFSET - 1, _BLOCK_MAX)
    return value, length + 1


def frame_bytes_max(message_bytes: int) -> int:
    """The longest encoded form of a message, delimiters not counted."""
    return message_bytes + message_bytes // _BLOCK_MAX + 1


class FrameReader:
    """Cuts a byte stream into frames; holds at most two unfinished ones, whatever comes.

    An urgent frame may interrupt an ordinary one, which goes on after it. A lone 02 says nothing.
    """

    def __init__(self, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._limit = frame_bytes_max(message_bytes_max)
        self._ordinary = _Held(self._limit)
        self._urgent = _Held(self._limit)
        self._held = self._ordinary

    @property
    def kept_bytes(self) -> int:
        """How much of unfinished frames is held."""
        return len(self._ordinary.raw) + len(self._urgent.raw)

    def feed(self, data: bytes) -> list[Frame | BrokenFrame]:
        """Frames completed by `data`, broken ones among them."""
        frames: list[Frame | BrokenFrame] = []
        for part in _DELIMITERS.split(data):
            if part == URGENT:
                self._interrupt(frames)
            elif part == END:
                frames += self._held.finish(urgent=self._held is self._urgent)
                self._held = self._ordinary
            else:
                self._held.keep(part)
        return frames

    def _interrupt(self, frames: list[Frame | BrokenFrame]) -> None:
        """A 01 inside an urgent frame means that the two ends are out of step."""
        if self._held is self._urgent:
            frames.append(BrokenFrame("interrupted", bytes(self._urgent.raw)))
            self._ordinary.clear()
            self._urgent.clear()
        self._held = self._urgent


class _Held:
    """One unfinished frame, cut at `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.raw = bytearray()
        self._limit = limit
        self._overflow = False

    def keep(self, part: bytes) -> None:
        room = self._limit - len(self.raw)
        self._overflow |= len(part) > room
        self.raw += part[:room]

    def clear(self) -> None:
        self.raw.clear()
        self._overflow = False

    def finish(self, *, urgent: bool) -> list[Frame | BrokenFrame]:
        raw, overflow = bytes(self.raw), self._overflow
        self.clear()
        if overflow:
            return [BrokenFrame("long", raw)]
        if not raw:
            return []
        try:
            return [Frame(_unstuff(raw), urgent)]
        except FrameError as error:
            return [BrokenFrame(error.code, raw)]
