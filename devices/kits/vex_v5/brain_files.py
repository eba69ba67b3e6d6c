"""The files of an emulated brain, and the one that is on its way."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.protocols.vex import Ack, Command, crc32
from devices.protocols.vex_files import (
    EXIT_AND_RUN,
    OVERWRITE,
    READ,
    STOP,
    USER,
    WRITE,
    FileEntry,
    Transfer,
    Window,
    pack_window,
    parse_name,
    parse_transfer,
)

CAPACITY = 3_145_728
FILES_MAX = 128
ERASE_ALIKE = 0x80
OK = bytes((Ack.OK,))


class Refused(Exception):
    """The brain answers with `ack` and nothing else."""

    def __init__(self, ack: Ack) -> None:
        super().__init__(ack)
        self.ack = ack


@dataclass(frozen=True)
class StoredFile:
    """A file and what the host told of it."""

    transfer: Transfer
    data: bytes
    linked: tuple[int, str] = (0, "")


@dataclass
class _Underway:
    transfer: Transfer
    data: bytearray = field(default_factory=bytearray)
    linked: tuple[int, str] = (0, "")


class BrainFiles:
    """Answers the commands that are about files; `running` is the name of the program that runs."""

    def __init__(self, window: int, free: int) -> None:
        self.window = window
        self.free = free
        self.files: dict[tuple[int, str], StoredFile] = {}
        self.running: str | None = None
        self._underway: _Underway | None = None
        self._erasing = False
        self._listed: list[str] = []
        self._acts: Mapping[int, str] = {
            Command.INIT: "_begin",
            Command.EXIT: "_exit",
            Command.WRITE: "_write",
            Command.READ: "_read",
            Command.LINK: "_link",
            Command.COUNT: "_count",
            Command.ENTRY: "_entry",
            Command.LOAD: "_load",
            Command.METADATA: "_metadata",
            Command.ERASE: "_erase",
        }

    def forget(self) -> None:
        """What is on its way is lost, as after a pulled battery."""
        self._underway = None
        self._erasing = False

    def answer(self, command: int, body: bytes) -> bytes | None:
        """The body of the answer, None if this is not about files."""
        act = self._acts.get(command)
        if act is None:
            return None
        try:
            told: bytes = getattr(self, act)(body)
        except Refused as refused:
            return bytes((refused.ack,))
        except (struct.error, IndexError):
            return bytes((Ack.LENGTH,))
        return told

    def _begin(self, body: bytes) -> bytes:
        transfer = parse_transfer(body)
        if transfer is None:
            raise Refused(Ack.LENGTH)
        self._erasing = False
        if transfer.function == READ:
            kept = self._kept(transfer.owner, transfer.name)
            self._underway = _Underway(transfer, bytearray(kept.data))
            return OK + pack_window(Window(self.window, len(kept.data), kept.transfer.crc))
        if transfer.function != WRITE or not transfer.name:
            raise Refused(Ack.BAD_INIT)
        known = (transfer.owner, transfer.name) in self.files
        if known and not transfer.options & OVERWRITE:
            raise Refused(Ack.EXISTS)
        if not known and len(self.files) >= FILES_MAX:
            raise Refused(Ack.TOO_MANY_FILES)
        if transfer.length > self.free:
            raise Refused(Ack.FULL)
        self._underway = _Underway(transfer)
        return OK + pack_window(Window(self.window, CAPACITY, transfer.crc))

    def _write(self, body: bytes) -> bytes:
        (address,) = struct.unpack_from("<I", body)
        data = body[4:]
        underway = self._expect(WRITE)
        if len(data) % 4:
            raise Refused(Ack.ALIGNMENT)
        if address != underway.transfer.address + len(underway.data):
            raise Refused(Ack.ADDRESS)
        most = -(-underway.transfer.length // 4) * 4
        if len(data) > self.window or len(underway.data) + len(data) > most:
            raise Refused(Ack.TOO_MUCH)
        underway.data += data
        return OK

    def _read(self, body: bytes) -> bytes:
        address, count = struct.unpack("<IH", body)
        underway = self._expect(READ)
        if count % 4:
            raise Refused(Ack.ALIGNMENT)
        if count > self.window:
            raise Refused(Ack.TOO_MUCH)
        at = address - underway.transfer.address
        if not 0 <= at <= len(underway.data):
            raise Refused(Ack.ADDRESS)
        return struct.pack("<I", address) + bytes(underway.data[at : at + count]).ljust(count, b"\xff")

    def _link(self, body: bytes) -> bytes:
        owner, _, name = struct.unpack("<2B24s", body)
        self._expect(WRITE).linked = (owner, parse_name(name) or "")
        return OK

    def _exit(self, body: bytes) -> bytes:
        underway, self._underway = self._underway, None
        erased, self._erasing = self._erasing, False
        if underway is None:
            if erased:
                return OK
            raise Refused(Ack.UNINITIALIZED)
        transfer = underway.transfer
        if transfer.function == READ:
            return OK
        data = bytes(underway.data[: transfer.length])
        if len(data) < transfer.length:
            raise Refused(Ack.INCOMPLETE)
        if crc32(data) != transfer.crc:
            raise Refused(Ack.PROGRAM_CRC)
        self.files[transfer.owner, transfer.name] = StoredFile(transfer, data, underway.linked)
        if body[0] == EXIT_AND_RUN:
            self.running = transfer.name
        return OK

    def _count(self, body: bytes) -> bytes:
        owner, _ = struct.unpack("<2B", body)
        self._listed = [name for whose, name in self.files if whose == owner]
        return OK + struct.pack("<h", len(self._listed))

    def _entry(self, body: bytes) -> bytes:
        place, _ = struct.unpack("<2B", body)
        if place >= len(self._listed):
            raise Refused(Ack.NO_ENTRY)
        name = self._listed[place]
        return OK + _told(self._kept(USER, name), place, name).pack()

    def _metadata(self, body: bytes) -> bytes:
        owner, _, raw = struct.unpack("<2B24s", body)
        kept = self._kept(owner, parse_name(raw) or "")
        return OK + _told(kept, kept.linked[0], kept.linked[1]).pack()

    def _load(self, body: bytes) -> bytes:
        owner, options, raw = struct.unpack("<2B24s", body)
        if options & STOP:
            self.running = None
            return OK
        name = parse_name(raw) or ""
        self._kept(owner, name)
        self.running = name
        return OK

    def _erase(self, body: bytes) -> bytes:
        owner, options, raw = struct.unpack("<2B24s", body)
        name = parse_name(raw) or ""
        self._kept(owner, name)
        base = name.partition(".")[0]
        for whose, each in tuple(self.files):
            alike = options & ERASE_ALIKE and each.partition(".")[0] == base
            if whose == owner and (each == name or alike):
                del self.files[whose, each]
        self._erasing = True
        return OK

    def _expect(self, function: int) -> _Underway:
        if self._underway is None or self._underway.transfer.function != function:
            raise Refused(Ack.UNINITIALIZED)
        return self._underway

    def _kept(self, owner: int, name: str) -> StoredFile:
        kept = self.files.get((owner, name))
        if kept is None:
            raise Refused(Ack.NO_ENTRY)
        return kept


def _told(kept: StoredFile, number: int, name: str) -> FileEntry:
    told = kept.transfer
    return FileEntry(
        number, len(kept.data), told.address, told.crc, told.kind, told.seconds, told.version, name
    )
