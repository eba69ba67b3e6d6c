"""The Pybricks profile on a stream of bytes: the envelope that stands in for Bluetooth's characteristics.

Every message travels as one frame of `spike_cobs`; a hub has one request at a time. Since profile 1.6.
Source: pybricks-micropython, `lib/pbio/include/pbio/protocol.h`, `lib/pbio/drv/usb/usb.c`.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from devices.protocols.pybricks import EventId, Flag


class ToHub(IntEnum):
    """First byte of a message of the host."""

    SUBSCRIBE = 1
    COMMAND = 2
    READ = 3


class ToHost(IntEnum):
    """First byte of a message of the hub."""

    RESPONSE = 1
    EVENT = 2
    VALUE = 3


@dataclass(frozen=True)
class Selector:
    """What a read names: a service and a characteristic of it."""

    service: int
    characteristic: int


NAME = Selector(1, 0x2A00)
FIRMWARE = Selector(1, 0x2A26)
PROFILE = Selector(1, 0x2A28)
PNP = Selector(1, 0x2A50)
CAPABILITIES = Selector(2, 0x0003)


@dataclass(frozen=True)
class Subscribe:
    """Whether the hub tells events; only a subscriber counts as its host."""

    on: bool


@dataclass(frozen=True)
class Command:
    """`tag` comes back with the response."""

    tag: int
    body: bytes


@dataclass(frozen=True)
class Read:
    """Works without a subscription."""

    selector: Selector


@dataclass(frozen=True)
class Response:
    """The end of a command or a subscription; `status` is a `Refusal`."""

    tag: int
    status: int


@dataclass(frozen=True)
class Status:
    """`running` None before profile 1.4, `slot` None before 1.5."""

    flags: Flag
    running: int | None = None
    slot: int | None = None


@dataclass(frozen=True)
class Stdout:
    """What the program writes."""

    data: bytes


@dataclass(frozen=True)
class OtherEvent:
    """App data, telemetry, or what a newer firmware says."""

    id: int
    data: bytes


@dataclass(frozen=True)
class Value:
    """The answer to a read; empty if the hub does not know the characteristic."""

    selector: Selector
    data: bytes


HostMessage = Subscribe | Command | Read
HubMessage = Response | Status | Stdout | OtherEvent | Value


def pack_host(message: HostMessage) -> bytes:
    """What goes into a frame to the hub."""
    match message:
        case Subscribe(on=on):
            return bytes((ToHub.SUBSCRIBE, on))
        case Command(tag=tag, body=body):
            return bytes((ToHub.COMMAND, tag)) + body
        case Read(selector=selector):
            return struct.pack("<BBH", ToHub.READ, selector.service, selector.characteristic)


def parse_host(message: bytes) -> HostMessage | None:
    """The hub's side: None if it is none; a message has at least one byte after its type."""
    match message[:1], message[1:]:
        case b"\x01", bytes(rest) if rest:
            return Subscribe(bool(rest[0]))
        case b"\x02", bytes(rest) if len(rest) > 1:
            return Command(rest[0], rest[1:])
        case b"\x03", bytes(rest) if len(rest) >= 3:
            return Read(Selector(*struct.unpack("<BH", rest[:3])))
    return None


def pack_hub(message: HubMessage) -> bytes:
    """What goes into a frame to the host."""
    match message:
        case Response(tag=tag, status=status):
            return struct.pack("<BBI", ToHost.RESPONSE, tag, status)
        case Status(flags=flags, running=running, slot=slot):
            tail = bytes(value for value in (running, slot) if value is not None)
            return struct.pack("<BBI", ToHost.EVENT, EventId.STATUS, flags) + tail
        case Stdout(data=data):
            return bytes((ToHost.EVENT, EventId.STDOUT)) + data
        case OtherEvent(id=number, data=data):
            return bytes((ToHost.EVENT, number)) + data
        case Value(selector=selector, data=data):
            head = struct.pack("<BBH", ToHost.VALUE, selector.service, selector.characteristic)
            return head + data


def parse_hub(message: bytes) -> HubMessage | None:
    """The host's side: None if it is no message of a hub."""
    match message[:1], message[1:]:
        case b"\x01", bytes(rest) if len(rest) == 5:
            return Response(*struct.unpack("<BI", rest))
        case b"\x02", bytes(event):
            return parse_event(event)
        case b"\x03", bytes(rest) if len(rest) >= 3:
            return Value(Selector(*struct.unpack("<BH", rest[:3])), rest[3:])
    return None


def parse_event(event: bytes) -> HubMessage | None:
    """An event without its envelope, as Bluetooth carries it."""
    if not event:
        return None
    number, data = event[0], event[1:]
    if number == EventId.STDOUT:
        return Stdout(data)
    if number != EventId.STATUS:
        return OtherEvent(number, data)
    if len(data) < 4:
        return None
    (flags,) = struct.unpack("<I", data[:4])
    return Status(Flag(flags), *data[4:6])
