"""Messages of LEGO SPIKE hubs with LEGO's own firmware (SPIKE App 3).

Numbers are little-endian, strings end with NUL. There is no checksum: a message of the wrong length is none.
Source: LEGO SPIKE Prime protocol documentation, "Messages", "Enumerations" and "Glossary".
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

SLOTS = 20
NAME_BYTES_MAX = 31
"""Of a file, without its NUL."""
HUB_NAME_BYTES_MAX = 29
CONSOLE_BYTES_MAX = 256
CRC_ALIGNMENT = 4
PRODUCTS = {0: "SPIKE Prime", 1: "SPIKE Essential", 2: "SPIKE Prime"}


class Id(IntEnum):
    """First byte of a message; an answer's is one above its request's."""

    INFO = 0x00
    START_FILE = 0x0C
    CHUNK = 0x10
    SET_NAME = 0x16
    GET_NAME = 0x18
    UUID = 0x1A
    FLOW = 0x1E
    FLOW_CHANGED = 0x20
    CONSOLE = 0x21
    NOTIFY = 0x28
    TUNNEL = 0x32
    NOTIFIED = 0x3C
    CLEAR = 0x46


ACKNOWLEDGED = frozenset({Id.START_FILE, Id.CHUNK, Id.SET_NAME, Id.FLOW, Id.NOTIFY, Id.CLEAR})
"""Requests that are answered by no more than a yes or a no."""


class Action(IntEnum):
    """What happens to a program."""

    START = 0
    STOP = 1


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


@dataclass(frozen=True)
class Info:
    """What the hub is, and how much it takes at once."""

    rpc: tuple[int, int, int]
    firmware: tuple[int, int, int]
    packet_bytes_max: int
    message_bytes_max: int
    chunk_bytes_max: int
    product: int


@dataclass(frozen=True)
class Answer:
    """Yes or no to a request of the kind `to`."""

    to: Id
    accepted: bool


@dataclass(frozen=True)
class HubName:
    """What the hub is called."""

    name: str


@dataclass(frozen=True)
class HubUuid:
    """Sixteen bytes that no other hub has."""

    uuid: bytes


@dataclass(frozen=True)
class FlowChanged:
    """A program began or ended."""

    action: Action


@dataclass(frozen=True)
class ConsoleText:
    """A piece of what the program printed; a character may be torn between two."""

    data: bytes


@dataclass(frozen=True)
class Notified:
    """Records of the devices; `devices.protocols.spike_records` reads them."""

    records: bytes


@dataclass(frozen=True)
class Tunnelled:
    """Bytes between a program and its own host."""

    data: bytes


Event = Info | Answer | HubName | HubUuid | FlowChanged | ConsoleText | Notified | Tunnelled

_INFO = struct.Struct("<BBHBBHHHHH")
_START = struct.Struct("<BI")
_CHUNK = struct.Struct("<IH")
_SIZE = struct.Struct("<H")


def crc(data: bytes, seed: int = 0) -> int:
    """CRC-32 of `data`, filled with zeros to a multiple of four; `seed` is the one before."""
    return zlib.crc32(data + bytes(-len(data) % CRC_ALIGNMENT), seed)


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
            return bytes((Id.NOTIFY,)) + _SIZE.pack(interval_ms)
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
            return SetName(_text(body).decode())
        case Id.GET_NAME if not body:
            return GetName()
        case Id.UUID if not body:
            return UuidRequest()
        case Id.FLOW if len(body) == 2:
            return ProgramFlow(Action(body[0]), body[1])
        case Id.NOTIFY:
            return NotifyRequest(*_SIZE.unpack(body))
        case Id.CLEAR if len(body) == 1:
            return ClearSlot(body[0])
    return None


def format_event(event: Event) -> bytes:
    """The hub's message, not yet framed."""
    match event:
        case Info(rpc=rpc, firmware=firmware):
            sizes = event.packet_bytes_max, event.message_bytes_max, event.chunk_bytes_max
            return bytes((Id.INFO + 1,)) + _INFO.pack(*rpc, *firmware, *sizes, event.product)
        case Answer(to=to, accepted=accepted):
            return bytes((to + 1, not accepted))
        case HubName(name=name):
            return bytes((Id.GET_NAME + 1,)) + name.encode() + b"\0"
        case HubUuid(uuid=uuid):
            return bytes((Id.UUID + 1,)) + uuid
        case FlowChanged(action=action):
            return bytes((Id.FLOW_CHANGED, action))
        case ConsoleText(data=data):
            return bytes((Id.CONSOLE,)) + data + b"\0"
        case Notified(records=records):
            return bytes((Id.NOTIFIED,)) + _SIZE.pack(len(records)) + records
        case Tunnelled(data=data):
            return bytes((Id.TUNNEL,)) + _SIZE.pack(len(data)) + data


def parse_event(message: bytes) -> Event | None:
    """What a hub said; None if it is nothing of this protocol, such as a word of a Pybricks hub."""
    try:
        return _event(message[:1], message[1:])
    except (struct.error, UnicodeDecodeError, ValueError):
        return None


def _event(kind: bytes, body: bytes) -> Event | None:
    match kind[0] if kind else None:
        case 0x01:
            told = _INFO.unpack(body)
            return Info((told[0], told[1], told[2]), (told[3], told[4], told[5]), *told[6:])
        case 0x19:
            return HubName(_text(body).decode())
        case 0x1B if len(body) == 16:
            return HubUuid(body)
        case Id.FLOW_CHANGED if len(body) == 1:
            return FlowChanged(Action(body[0]))
        case Id.CONSOLE:
            return ConsoleText(_text(body))
        case Id.NOTIFIED:
            return Notified(_sized(body))
        case Id.TUNNEL:
            return Tunnelled(_sized(body))
        case int(answer) if answer - 1 in ACKNOWLEDGED and len(body) == 1 and body[0] <= 1:
            return Answer(Id(answer - 1), body[0] == 0)
    return None


def _text(body: bytes) -> bytes:
    return body.partition(b"\0")[0]


def _sized(body: bytes) -> bytes:
    (size,) = _SIZE.unpack_from(body)
    if len(body) != _SIZE.size + size:
        raise ValueError("size")
    return body[_SIZE.size :]
