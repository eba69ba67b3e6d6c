"""Mailboxes of the EV3: named boxes with a text, a number or a truth, the same in both directions."""

import math
import struct
from dataclasses import dataclass

from devices.protocols.ev3 import Frame, System, Type

NAME_BYTES_MAX = 50
CONTENT_BYTES_MAX = 250

Content = str | float | bool


@dataclass(frozen=True)
class Mail:
    """A message; the wire does not tell what kind of content it is, so that `raw` is kept."""

    box: str
    raw: bytes

    @property
    def content(self) -> Content:
        """One byte is a truth, text ends with a zero, four other bytes are a number; the rest is hex."""
        if len(self.raw) == 1:
            return self.raw != b"\0"
        if (
            self.raw.endswith(b"\0")
            and self.raw[:-1].isascii()
            and self.raw[:-1].decode("ascii").isprintable()
        ):
            return self.raw[:-1].decode("ascii")
        if len(self.raw) == 4:
            number: float = struct.unpack("<f", self.raw)[0]
            if math.isfinite(number):
                return number
        return self.raw.hex()


def encode(content: Content) -> bytes:
    """As the brick's own blocks do."""
    if isinstance(content, bool):
        return bytes((content,))
    if isinstance(content, str):
        return content.encode() + b"\0"
    return struct.pack("<f", content)


def write_mailbox(box: str, raw: bytes) -> bytes:
    """Body of a frame of type SYSTEM | NO_REPLY."""
    name = box.encode() + b"\0"
    return struct.pack("<BB", System.WRITE_MAILBOX, len(name)) + name + struct.pack("<H", len(raw)) + raw


def parse_mail(frame: Frame) -> Mail | None:
    """What a program on the brick writes; None if the frame is something else or torn."""
    body = frame.body
    if frame.type != Type.SYSTEM | Type.NO_REPLY or len(body) < 2 or body[0] != System.WRITE_MAILBOX:
        return None
    end = 2 + body[1]
    if len(body) < end + 2 or body[1] > NAME_BYTES_MAX:
        return None
    size = int.from_bytes(body[end : end + 2], "little")
    raw = body[end + 2 : end + 2 + size]
    if len(raw) != size:
        return None
    return Mail(body[2:end].rstrip(b"\0").decode("utf-8", "replace"), raw)
