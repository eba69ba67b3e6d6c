"""LEGO EV3 stock firmware: frames, system commands and replies, the same over Bluetooth, USB and Wi-Fi.

Source: LEGO's lms2012, `c_com.h`.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

FRAME_BYTES_MAX = 1024
HEAD_BYTES = 5
CHUNK_BYTES = FRAME_BYTES_MAX - 7
"""What a CONTINUE_DOWNLOAD carries."""
LISTING_BYTES = FRAME_BYTES_MAX - 12
NO_HANDLE = 0xFF


class Type(IntFlag):
    """What a frame is."""

    DIRECT = 0x00
    SYSTEM = 0x01
    DIRECT_REPLY = 0x02
    SYSTEM_REPLY = 0x03
    DIRECT_ERROR = 0x04
    SYSTEM_ERROR = 0x05
    NO_REPLY = 0x80


class System(IntEnum):
    """System commands."""

    BEGIN_DOWNLOAD = 0x92
    CONTINUE_DOWNLOAD = 0x93
    BEGIN_UPLOAD = 0x94
    CONTINUE_UPLOAD = 0x95
    CLOSE_HANDLE = 0x98
    LIST_FILES = 0x99
    CONTINUE_LIST = 0x9A
    CREATE_DIR = 0x9B
    DELETE_FILE = 0x9C
    WRITE_MAILBOX = 0x9E


class Status(IntEnum):
    """How a system command ended."""

    SUCCESS = 0
    UNKNOWN_HANDLE = 1
    HANDLE_NOT_READY = 2
    CORRUPT_FILE = 3
    NO_HANDLES_AVAILABLE = 4
    NO_PERMISSION = 5
    ILLEGAL_PATH = 6
    FILE_EXISTS = 7
    END_OF_FILE = 8
    SIZE_ERROR = 9
    UNKNOWN_ERROR = 10
    ILLEGAL_FILENAME = 11
    ILLEGAL_CONNECTION = 12


@dataclass(frozen=True)
class Frame:
    """One message of either side; `body` is what follows its type."""

    counter: int
    type: int
    body: bytes

    @property
    def is_error(self) -> bool:
        """Whether the brick refused."""
        return self.type in (Type.DIRECT_ERROR, Type.SYSTEM_ERROR)


def format_frame(counter: int, kind: int, body: bytes) -> bytes:
    """Length, counter, type, body."""
    return struct.pack("<HHB", 3 + len(body), counter & 0xFFFF, kind) + body


class FrameReader:
    """Cuts a byte stream into frames; keeps one unfinished frame, at most `FRAME_BYTES_MAX`.

    There is no checksum and no mark: after a length that cannot be, everything is dropped until `clear`.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self._lost = False

    @property
    def kept_bytes(self) -> int:
        """How much of an unfinished frame is held."""
        return len(self._kept)

    def clear(self) -> None:
        """Forget what is unfinished: the next byte begins a frame."""
        self._kept.clear()
        self._lost = False

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`."""
        frames: list[Frame] = []
        if self._lost:
            return frames
        self._kept += data
        while len(self._kept) >= 2:
            size = 2 + int.from_bytes(self._kept[:2], "little")
            if not HEAD_BYTES <= size <= FRAME_BYTES_MAX:
                self.clear()
                self._lost = True
                break
            if len(self._kept) < size:
                break
            _, counter, kind = struct.unpack_from("<HHB", self._kept)
            frames.append(Frame(counter, kind, bytes(self._kept[HEAD_BYTES:size])))
            del self._kept[:size]
        return frames


@dataclass(frozen=True)
class SystemReply:
    """Of a system command; `rest` begins with the handle, where it has one."""

    command: int
    status: int
    rest: bytes

    @property
    def is_good(self) -> bool:
        """Whether it was done; a whole file ends with END_OF_FILE."""
        return self.status in (Status.SUCCESS, Status.END_OF_FILE)


def parse_system_reply(frame: Frame) -> SystemReply | None:
    """None if the frame is none."""
    if frame.type not in (Type.SYSTEM_REPLY, Type.SYSTEM_ERROR) or len(frame.body) < 2:
        return None
    return SystemReply(frame.body[0], frame.body[1], frame.body[2:])


def begin_download(path: str, size: int) -> bytes:
    """A file of `size` bytes is to be written; the brick makes its folders."""
    return struct.pack("<BI", System.BEGIN_DOWNLOAD, size) + _text(path)


def continue_download(handle: int, data: bytes) -> bytes:
    """Its next bytes, at most `CHUNK_BYTES`."""
    return bytes((System.CONTINUE_DOWNLOAD, handle)) + data


def close_handle(handle: int) -> bytes:
    """Give an open file up."""
    return bytes((System.CLOSE_HANDLE, handle))


def list_files(folder: str) -> bytes:
    """What is in a folder: the reply's rest is u32 size, handle, and the first `LISTING_BYTES`."""
    return struct.pack("<BH", System.LIST_FILES, LISTING_BYTES) + _text(folder)


def continue_list(handle: int) -> bytes:
    """The next part of the listing."""
    return struct.pack("<BBH", System.CONTINUE_LIST, handle, FRAME_BYTES_MAX - 8)


def create_dir(folder: str) -> bytes:
    """Make a folder."""
    return bytes((System.CREATE_DIR,)) + _text(folder)


def delete_file(path: str) -> bytes:
    """Delete a file, or a folder that is empty."""
    return bytes((System.DELETE_FILE,)) + _text(path)


@dataclass(frozen=True)
class Entry:
    """A file of a listing; folders have no digest."""

    name: str
    size: int = 0
    md5: str = ""


def format_listing(folders: list[str], files: Mapping[str, bytes]) -> bytes:
    """As the brick tells a folder."""
    lines = [f"{name}/\n" for name in folders]
    lines += [
        f"{hashlib.md5(data, usedforsecurity=False).hexdigest().upper()} {len(data):08X} {name}\n"
        for name, data in files.items()
    ]
    return "".join(lines).encode()


def parse_listing(listing: bytes) -> tuple[Entry, ...]:
    """Files and folders; what is not understood is left out."""
    entries = []
    for line in listing.decode("utf-8", "replace").split("\n"):
        md5, _, rest = line.partition(" ")
        size, _, name = rest.partition(" ")
        if line.endswith("/"):
            entries.append(Entry(line[:-1]))
        elif len(md5) == 32 and len(size) == 8 and name:
            try:
                entries.append(Entry(name, int(size, 16), md5.upper()))
            except ValueError:
                continue
    return tuple(entries)


def _text(path: str) -> bytes:
    return path.encode() + b"\0"
