"""What a program says on the user port of a V5: frames of PROS, each for a stream, or plain text.

A PROS frame is classic COBS, ended by 00; its first four bytes name the stream.
Source: purduesigbots/pros-cli, `pros/serial/devices/vex/v5_user_device.py`.
"""

from dataclasses import dataclass

from devices.protocols.cobs import CobsError, decode, encode

OUT, ERR, DEBUG = b"sout", b"serr", b"kdbg"
STREAMS = (OUT, ERR, DEBUG)
BANNER = b"pRb"
"""A host asks the kernel for its greeting."""
HELD_MAX = 4096

_TOPIC = 4


@dataclass(frozen=True)
class Spoken:
    """Bytes of a stream; of plain text, `stream` is empty."""

    stream: bytes
    data: bytes


@dataclass(frozen=True)
class Torn:
    """Bytes before a 00 that are no frame."""

    raw: bytes


def format_spoken(stream: bytes, data: bytes) -> bytes:
    """As the kernel of PROS says it."""
    return encode(stream + data)


class SpokenReader:
    """Tells plain text at once, and holds what may be a frame until its end, but not more than `HELD_MAX`."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def kept_bytes(self) -> int:
        """How much of an unfinished frame is held."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Spoken | Torn]:
        """What `data` completes."""
        self._held += data
        *frames, rest = bytes(self._held).split(b"\0")
        told: list[Spoken | Torn] = []
        for frame in frames:
            told += _read(frame)
        self._held = bytearray(rest)
        start = _find_frame(rest)
        if start:
            told.append(Spoken(b"", rest[:start]))
            del self._held[:start]
        if len(self._held) > HELD_MAX:
            told += self.flush()
        return told

    def flush(self) -> list[Spoken | Torn]:
        """Nothing has come for a while: what looked like a frame is text."""
        held, self._held = bytes(self._held), bytearray()
        return [Spoken(b"", held)] if held else []


def _read(frame: bytes) -> list[Spoken | Torn]:
    """One frame, perhaps with text before it."""
    if not frame:
        return []
    for place in sorted(at for topic in STREAMS if (at := frame.find(topic)) > 0):
        try:
            message = decode(frame[place - 1 :])
        except CobsError:
            continue
        spoken = Spoken(message[:_TOPIC], message[_TOPIC:])
        return [Spoken(b"", frame[: place - 1]), spoken] if place > 1 else [spoken]
    return [Torn(frame)]


def _find_frame(rest: bytes) -> int:
    """Where an unfinished frame may begin; its length if nowhere."""
    places = [at - 1 for topic in STREAMS if (at := rest.find(topic)) > 0 and rest[at - 1] > _TOPIC]
    if places:
        return min(places)
    name = rest[1 : 1 + _TOPIC]
    if rest and len(rest) <= _TOPIC and rest[0] > _TOPIC and any(each.startswith(name) for each in STREAMS):
        return 0
    return len(rest)
