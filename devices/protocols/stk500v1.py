"""STK500 version 1 as Arduino boot loaders speak it: optiboot, and the ATmegaBOOT of old Nanos.

Every request ends with `20`; every answer is `14`, what was asked for, `10`.
"""

from enum import Enum

IN_SYNC, OK, END = 0x14, 0x10, 0x20
SYNC = b"\x30\x20"
ENTER_PROGRAMMING = b"\x50\x20"
LEAVE_PROGRAMMING = b"\x51\x20"
READ_SIGNATURE = b"\x75\x20"
ANSWER = bytes((IN_SYNC, OK))
SIGNATURE_BYTES = 3


class Reply(Enum):
    """What an answer may be instead of one."""

    GARBLED = "garbled"
    """A byte is wrong, lost or doubled, or somebody else is talking."""


def load_address(address: int) -> bytes:
    """Of the next page, in bytes; the wire has it in words, the low byte first."""
    return b"\x55%b\x20" % (address // 2).to_bytes(2, "little")


def program_page(data: bytes) -> bytes:
    """Write one page of flash."""
    return b"\x64%b\x46%b\x20" % (len(data).to_bytes(2), data)


def read_page(size: int) -> bytes:
    """Read back."""
    return b"\x74%b\x46\x20" % size.to_bytes(2)


def parse_reply(heard: bytes, size: int = 0) -> bytes | Reply | None:
    """The `size` bytes of an answer, None while it may still become one."""
    if heard and heard[0] != IN_SYNC:
        return Reply.GARBLED
    if len(heard) < size + 2:
        return None
    if len(heard) > size + 2 or heard[-1] != OK:
        return Reply.GARBLED
    return heard[1:-1]
