"""Packets of VEX V5, EXP and IQ 2 brains on their system port.

A host asks, a brain answers: simple packets without a checksum, extended ones with a CRC16 over all of it.
Sources: purduesigbots/pros-cli, `pros/serial/devices/vex`; vexide/vex-v5-serial, `packages/vex-cdc`.
"""

import binascii
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

ASK, REPLY = b"\xc9\x36\xb8\x47", b"\xaa\x55"
EXTENDED = 0x56
WIDE = 0x80
"""A length that needs two bytes has this in its first."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Simple(IntEnum):
    """Commands without a checksum."""

    STATUS = 0x21
    VERSION = 0xA4


class Command(IntEnum):
    """Extended commands."""

    CHANNEL = 0x10
    INIT = 0x11
    EXIT = 0x12
    WRITE = 0x13
    READ = 0x14
    LINK = 0x15
    COUNT = 0x16
    ENTRY = 0x17
    LOAD = 0x18
    METADATA = 0x19
    ERASE = 0x1B
    FLAGS = 0x20
    DEVICES = 0x21
    SYSTEM = 0x22


class Ack(IntEnum):
    """First byte of an extended answer, except that to READ."""

    OK = 0x76
    NACK = 0xFF
    PACKET_CRC = 0xCE
    LENGTH = 0xD0
    TOO_MUCH = 0xD1
    PROGRAM_CRC = 0xD2
    PROGRAM_FILE = 0xD3
    UNINITIALIZED = 0xD4
    BAD_INIT = 0xD5
    ALIGNMENT = 0xD6
    ADDRESS = 0xD7
    INCOMPLETE = 0xD8
    NO_ENTRY = 0xD9
    TOO_MANY_FILES = 0xDA
    EXISTS = 0xDB
    FULL = 0xDC


@dataclass(frozen=True)
class SimplePacket:
    """`command` and, in an answer, what follows it."""

    command: int
    payload: bytes = b""


@dataclass(frozen=True)
class ExtendedPacket:
    """`body` is what lies between the command and the checksum."""

    command: int
    body: bytes = b""

    @property
    def ack(self) -> int:
        """Of an answer."""
        return self.body[0] if self.body else Ack.NACK

    @property
    def data(self) -> bytes:
        """Of an answer, after the ack."""
        return self.body[1:]


Packet = SimplePacket | ExtendedPacket


def crc16(data: bytes) -> int:
    """XMODEM: polynomial 1021, starting with 0; 0 over a packet that carries its own."""
    return binascii.crc_hqx(data, 0)


def crc32(data: bytes) -> int:
    """Polynomial 04C11DB7, starting with 0, neither reflected nor inverted; of a file."""
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def format_question(packet: Packet) -> bytes:
    """As a host says it."""
    if isinstance(packet, SimplePacket):
        return ASK + bytes((packet.command,)) + packet.payload
    head = ASK + bytes((EXTENDED, packet.command)) + _length(len(packet.body))
    return _sealed(head + packet.body)


def format_answer(packet: Packet) -> bytes:
    """As a brain says it."""
    if isinstance(packet, SimplePacket):
        return REPLY + bytes((packet.command,)) + _length(len(packet.payload)) + packet.payload
    content = bytes((packet.command,)) + packet.body
    return _sealed(REPLY + bytes((EXTENDED,)) + _length(len(content) + 2) + content)


def _length(count: int) -> bytes:
    return bytes((count,)) if count < WIDE else struct.pack(">H", WIDE << 8 | count)


def _sealed(packet: bytes) -> bytes:
    return packet + struct.pack(">H", crc16(packet))
