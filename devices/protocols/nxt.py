"""LEGO NXT stock firmware: telegrams as they travel over Bluetooth, with a length before each.

Source: LEGO's Bluetooth Developer Kit, appendices 1 and 2; sizes as nxt-python sends them.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

TELEGRAM_BYTES_MAX = 254
CHUNK_BYTES = 118
"""What a WRITE carries over Bluetooth."""
NAME_BYTES = 20
STEM_MAX, SUFFIX_MAX = 15, 3
MESSAGE_BYTES_MAX = 58
BOXES = 10
HANDLES = 16
REPLY_INBOX = 10
"""Mailboxes from here on are what a program has written for the host."""

DIRECT, SYSTEM, REPLY, NO_REPLY = 0x00, 0x01, 0x02, 0x80


class Op(IntEnum):
    """What is asked for; those from 0x80 on are system commands."""

    START_PROGRAM = 0x00
    STOP_PROGRAM = 0x01
    PLAY_TONE = 0x03
    SET_OUTPUT = 0x04
    SET_INPUT_MODE = 0x05
    GET_OUTPUT = 0x06
    GET_INPUT = 0x07
    MESSAGE_WRITE = 0x09
    GET_BATTERY = 0x0B
    KEEP_ALIVE = 0x0D
    CURRENT_PROGRAM = 0x11
    MESSAGE_READ = 0x13
    OPEN_READ = 0x80
    OPEN_WRITE = 0x81
    READ = 0x82
    WRITE = 0x83
    CLOSE = 0x84
    DELETE = 0x85
    FIND_FIRST = 0x86
    FIND_NEXT = 0x87
    VERSIONS = 0x88
    OPEN_WRITE_LINEAR = 0x89
    DEVICE_INFO = 0x9B


class Status(IntEnum):
    """How it ended."""

    SUCCESS = 0x00
    BUSY = 0x20
    EMPTY_MAILBOX = 0x40
    NO_MORE_HANDLES = 0x81
    NO_SPACE = 0x82
    NO_MORE_FILES = 0x83
    END_OF_FILE_EXPECTED = 0x84
    END_OF_FILE = 0x85
    NOT_LINEAR = 0x86
    FILE_NOT_FOUND = 0x87
    HANDLE_CLOSED = 0x88
    NO_LINEAR_SPACE = 0x89
    UNDEFINED = 0x8A
    FILE_BUSY = 0x8B
    FILE_FULL = 0x8E
    FILE_EXISTS = 0x8F
    ILLEGAL_FILENAME = 0x92
    ILLEGAL_HANDLE = 0x93
    REQUEST_FAILED = 0xBD
    UNKNOWN_OPCODE = 0xBE
    INSANE_PACKET = 0xBF
    OUT_OF_RANGE = 0xC0
    NO_PROGRAM = 0xEC
    ILLEGAL_SIZE = 0xED
    ILLEGAL_MAILBOX = 0xEE
    BAD_PORT = 0xF0
    BAD_ARGUMENTS = 0xFF


@dataclass(frozen=True)
class Telegram:
    """One message of either side; `body` begins with the status in a reply."""

    kind: int
    op: int
    body: bytes = b""

    @property
    def status(self) -> int:
        """Of a reply."""
        return self.body[0] if self.body else Status.INSANE_PACKET

    @property
    def rest(self) -> bytes:
        """Of a reply, without its status."""
        return self.body[1:]


def format_telegram(telegram: Telegram) -> bytes:
    """As it travels over Bluetooth."""
    return struct.pack("<HBB", 2 + len(telegram.body), telegram.kind, telegram.op) + telegram.body


def ask(op: Op, body: bytes = b"", *, reply: bool = True) -> bytes:
    """A command."""
    kind = SYSTEM if op >= 0x80 else DIRECT
    return format_telegram(Telegram(kind if reply else kind | NO_REPLY, op, body))


class TelegramReader:
    """Cuts a byte stream into telegrams; keeps one unfinished one.

    There is no checksum and no mark: after a length that cannot be, everything is dropped until `clear`.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._lost = False

    @property
    def kept_bytes(self) -> int:
        """How much of an unfinished telegram is held."""
        return len(self._kept)

    def clear(self) -> None:
        """Forget what is unfinished: the next byte begins a telegram."""
        self._kept.clear()
        self._lost = False

    def feed(self, data: bytes) -> list[Telegram]:
        """Telegrams completed by `data`."""
        found: list[Telegram] = []
        if self._lost:
            return found
        self._kept += data
        while len(self._kept) >= 2:
            size = int.from_bytes(self._kept[:2], "little")
            if not 2 <= size <= TELEGRAM_BYTES_MAX:
                self.clear()
                self._lost = True
                break
            if len(self._kept) < 2 + size:
                break
            found.append(Telegram(self._kept[2], self._kept[3], bytes(self._kept[4 : 2 + size])))
            del self._kept[: 2 + size]
        return found


def file_name(name: str) -> bytes:
    """20 bytes with zeros at the end. The name must be ASCII, at most 15 letters, a dot and 3."""
    return name.encode("ascii")[: NAME_BYTES - 1].ljust(NAME_BYTES, b"\0")


def parse_name(data: bytes) -> str:
    """A name up to its zero."""
    return data.split(b"\0", 1)[0].decode("ascii", "replace")


@dataclass(frozen=True)
class DeviceInfo:
    """Who a brick is; its address is six bytes of Bluetooth in hex."""

    name: str
    address: str
    free_bytes: int


def parse_device_info(rest: bytes) -> DeviceInfo | None:
    """None if it is torn."""
    if len(rest) < 30:
        return None
    return DeviceInfo(parse_name(rest[:15]), rest[15:21].hex(), int.from_bytes(rest[26:30], "little"))


@dataclass(frozen=True)
class InputValues:
    """One sensor port."""

    port: int
    is_valid: bool
    type: int
    mode: int
    raw: int
    scaled: int


def parse_input(rest: bytes) -> InputValues | None:
    """None if it is torn."""
    if len(rest) < 13:
        return None
    port, valid, _, kind, mode, raw, _, scaled, _ = struct.unpack_from("<BBBBBHHhh", rest)
    return InputValues(port, bool(valid), kind, mode, raw, scaled)


def format_input(values: InputValues) -> bytes:
    """As a brick tells it."""
    normal = min(values.raw, 1023)
    return struct.pack(
        "<BBBBBHHhh",
        *(values.port, values.is_valid, False, values.type, values.mode),
        *(values.raw, normal, values.scaled, values.scaled),
    )


@dataclass(frozen=True)
class OutputState:
    """One motor port: power in percent, and the angle since its program began."""

    port: int
    power: int
    angle: int
    state: int = 0


def parse_output(rest: bytes) -> OutputState | None:
    """None if it is torn."""
    if len(rest) < 22:
        return None
    port, power, _, _, _, state, _, _, _, rotation = struct.unpack_from("<BbBBbBIiii", rest)
    return OutputState(port, power, rotation, state)


def format_output(state: OutputState) -> bytes:
    """As a brick tells it."""
    return struct.pack("<BbBBbBIiii", state.port, state.power, 0, 0, 0, state.state, 0, *(state.angle,) * 3)


def write_message(box: int, text: str) -> bytes:
    """Into a mailbox of the running program, from 1 to 10 as its blocks count them."""
    raw = text.encode("utf-8") + b"\0"
    return ask(Op.MESSAGE_WRITE, bytes((box - 1, len(raw))) + raw)


def read_message(box: int) -> bytes:
    """Take the oldest message that the program has left in its box for the host."""
    return ask(Op.MESSAGE_READ, bytes((REPLY_INBOX + box - 1, box - 1, 1)))


def parse_message(rest: bytes) -> tuple[int, str] | None:
    """Box from 1 to 10 and its text; None if it is torn."""
    if len(rest) < 2 or rest[1] > len(rest) - 2 or rest[0] >= BOXES:
        return None
    return rest[0] + 1, rest[2 : 2 + rest[1]].split(b"\0", 1)[0].decode("utf-8", "replace")


MEANINGS: Mapping[int, str] = {
    Status.NO_MORE_HANDLES: "too many open files",
    Status.END_OF_FILE_EXPECTED: "the file does not end where it should",
    Status.NOT_LINEAR: "the file is not in one piece",
    Status.FILE_NOT_FOUND: "file not found",
    Status.HANDLE_CLOSED: "the file is closed",
    Status.UNDEFINED: "undefined error",
    Status.FILE_BUSY: "file in use",
    Status.FILE_FULL: "file full",
    Status.FILE_EXISTS: "file exists",
    Status.ILLEGAL_FILENAME: "wrong file name",
    Status.ILLEGAL_HANDLE: "unknown file handle",
    Status.REQUEST_FAILED: "request failed",
    Status.UNKNOWN_OPCODE: "unknown command",
    Status.NO_PROGRAM: "no program is running",
}
