"""What a host asks of LEGO SPIKE hubs with LEGO's own firmware; `devices.protocols.spike` has the answers.

Source: LEGO SPIKE Prime protocol documentation, "Messages".
"""

import struct
from dataclasses import dataclass

from devices.protocols.spike import Action, Id, text_of

_START = struct.Struct("<BI")
_CHUNK = struct.Struct("<IH")
_INTERVAL = struct.Struct("<H")


@dataclass(frozen=True)
class InfoRequest:
    """Who are you? The first word of a host."""


@dataclass(frozen=True)
class StartFile:
    """A file is coming for a slot; `crc` is of the whole of it."""

    name: str
    slot: int
    crc: int


@dataclass(frozen=True)
class TransferChunk:
    """The next piece; `crc` is of everything up to its end, each piece padded on its own."""

    crc: int
    data: bytes


@dataclass(frozen=True)
class SetName:
    """The hub is to be called this."""

    name: str


@dataclass(frozen=True)
class GetName:
    """What are you called?"""


@dataclass(frozen=True)
class UuidRequest:
    """Which hub are you?"""


@dataclass(frozen=True)
class ProgramFlow:
    """Start or stop the program of a slot."""

    action: Action
    slot: int


@dataclass(frozen=True)
class NotifyRequest:
    """Tell the state of everything that often; 0 ms: no longer."""

    interval_ms: int


@dataclass(frozen=True)
class ClearSlot:
    """Delete what is in a slot; refused if it is empty."""

    slot: int


Request = (
    InfoRequest
    | StartFile
    | TransferChunk
    | SetName
    | GetName
    | UuidRequest
    | ProgramFlow
    | NotifyRequest
    | ClearSlot
)


def format_request(request: Request) -> bytes:
    """The message, not yet framed."""
    match request:
        case InfoRequest():
            return bytes((Id.INFO,))
        case StartFile(name=name, slot=slot, crc=value):
            return bytes((Id.START_FILE,)) + name.encode() + b"\0" + _START.pack(slot, value)
        case TransferChunk(crc=value, data=data):
            return bytes((Id.CHUNK,)) + _CHUNK.pack(value, len(data)) + data
        case SetName(name=name):
            return bytes((Id.SET_NAME,)) + name.encode() + b"\0"
        case GetName():
            return bytes((Id.GET_NAME,))
        case UuidRequest():
            return bytes((Id.UUID,))
        case ProgramFlow(action=action, slot=slot):
            return bytes((Id.FLOW, action, slot))
        case NotifyRequest(interval_ms=interval_ms):
            return bytes((Id.NOTIFY,)) + _INTERVAL.pack(interval_ms)
        case ClearSlot(slot=slot):
            return bytes((Id.CLEAR, slot))


def parse_request(message: bytes) -> Request | None:
    """What a host asked; None if it is no request."""
    try:
        return _request(message[:1], message[1:])
    except (struct.error, UnicodeDecodeError, ValueError):
        return None


def _request(kind: bytes, body: bytes) -> Request | None:
    match kind[0] if kind else None:
        case Id.INFO if not body:
            return InfoRequest()
        case Id.START_FILE:
            name, _, rest = body.partition(b"\0")
            return StartFile(name.decode(), *_START.unpack(rest))
        case Id.CHUNK:
            value, size = _CHUNK.unpack_from(body)
            data = body[_CHUNK.size :]
            return TransferChunk(value, data) if len(data) == size else None
        case Id.SET_NAME:
            return SetName(text_of(body).decode())
        case Id.GET_NAME if not body:
            return GetName()
        case Id.UUID if not body:
            return UuidRequest()
        case Id.FLOW if len(body) == 2:
            return ProgramFlow(Action(body[0]), body[1])
        case Id.NOTIFY:
            return NotifyRequest(*_INTERVAL.unpack(body))
        case Id.CLEAR if len(body) == 1:
            return ClearSlot(body[0])
    return None
