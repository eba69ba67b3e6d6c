"""What LEGO SPIKE hubs with LEGO's own firmware (SPIKE App 3) say.

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
ESSENTIAL = "SPIKE Essential"
PRODUCTS = {0: "SPIKE Prime", 1: ESSENTIAL, 2: "SPIKE Prime"}


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
_SIZE = struct.Struct("<H")


def crc(data: bytes, seed: int = 0) -> int:
    """CRC-32 of `data`, filled with zeros to a multiple of four; `seed` is the one before."""
    return zlib.crc32(data + bytes(-len(data) % CRC_ALIGNMENT), seed)


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
            return HubName(text_of(body).decode())
        case 0x1B if len(body) == 16:
            return HubUuid(body)
        case Id.FLOW_CHANGED if len(body) == 1:
            return FlowChanged(Action(body[0]))
        case Id.CONSOLE:
            return ConsoleText(text_of(body))
        case Id.NOTIFIED:
            return Notified(_sized(body))
        case Id.TUNNEL:
            return Tunnelled(_sized(body))
        case int(answer) if answer - 1 in ACKNOWLEDGED and len(body) == 1 and body[0] <= 1:
            return Answer(Id(answer - 1), body[0] == 0)
    return None


def text_of(body: bytes) -> bytes:
    """Up to its NUL."""
    return body.partition(b"\0")[0]


def _sized(body: bytes) -> bytes:
    (size,) = _SIZE.unpack_from(body)
    if len(body) != _SIZE.size + size:
        raise ValueError("size")
    return body[_SIZE.size :]
