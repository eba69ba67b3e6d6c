"""The flash of an emulated NXT, and the system commands that reach it."""

import fnmatch
from dataclasses import dataclass, field

from devices.protocols.nxt import HANDLES, NAME_BYTES, Op, Status, file_name, parse_name

Answer = tuple[Status, bytes]


@dataclass
class _Open:
    name: str
    size: int = 0
    writes: bool = False
    at: int = 0
    found: list[str] = field(default_factory=list)


class BrickFiles:
    """Files by name; `refuse` is the status of the next command, if it is set."""

    def __init__(self, free_bytes: int = 120_000) -> None:
        self.files: dict[str, bytes] = {"Demo.rxe": b"MindstormsNXT\0", "! Click.rso": bytes(66)}
        self.free_bytes = free_bytes
        self.refuse: Status | None = None
        self._open: dict[int, _Open] = {}

    @property
    def open_handles(self) -> int:
        """How many files are open."""
        return len(self._open)

    def do(self, op: int, body: bytes) -> Answer:
        """Status of a command and what comes after it."""
        if self.refuse is not None:
            status, self.refuse = self.refuse, None
            return status, bytes(1)
        match op:
            case Op.OPEN_WRITE | Op.OPEN_WRITE_LINEAR:
                size = int.from_bytes(body[NAME_BYTES : NAME_BYTES + 4], "little")
                return self._create(parse_name(body[:NAME_BYTES]), size)
            case Op.OPEN_READ:
                return self._open_read(parse_name(body[:NAME_BYTES]))
            case Op.DELETE:
                return self._delete(parse_name(body[:NAME_BYTES]))
            case Op.FIND_FIRST:
                return self._find_first(parse_name(body[:NAME_BYTES]))
            case Op.WRITE | Op.READ | Op.CLOSE | Op.FIND_NEXT if body:
                return self._use(op, body[0], body[1:])
        return Status.UNKNOWN_OPCODE, b""

    def _use(self, op: int, handle: int, body: bytes) -> Answer:
        known, told = self._open.get(handle), bytes((handle,))
        if known is None:
            return (Status.ILLEGAL_HANDLE if handle >= HANDLES else Status.HANDLE_CLOSED), told
        match op:
            case Op.WRITE if known.writes:
                room = known.size - len(self.files[known.name])
                if not room:
                    return Status.END_OF_FILE, told + bytes(2)
                self.files[known.name] += body[:room]
                return Status.SUCCESS, told + min(room, len(body)).to_bytes(2, "little")
            case Op.READ:
                data = self.files[known.name][known.at : known.at + int.from_bytes(body[:2], "little")]
                known.at += len(data)
                return Status.SUCCESS, told + len(data).to_bytes(2, "little") + data
            case Op.FIND_NEXT:
                return self._found(handle, known)
        del self._open[handle]
        return Status.SUCCESS, told

    def _create(self, name: str, size: int) -> Answer:
        stem, dot, suffix = name.rpartition(".")
        if not (dot and 0 < len(stem) <= 15 and 0 < len(suffix) <= 3):
            return Status.ILLEGAL_FILENAME, bytes(1)
        if name in self.files:
            return Status.FILE_EXISTS, bytes(1)
        if size > self.free_bytes:
            return Status.NO_SPACE, bytes(1)
        status, told = self._take_handle(_Open(name, size, writes=True))
        if status == Status.SUCCESS:
            self.free_bytes -= size
            self.files[name] = b""
        return status, told

    def _open_read(self, name: str) -> Answer:
        if name not in self.files:
            return Status.FILE_NOT_FOUND, bytes(5)
        status, told = self._take_handle(_Open(name))
        return status, told + len(self.files[name]).to_bytes(4, "little")

    def _delete(self, name: str) -> Answer:
        if name not in self.files:
            return Status.FILE_NOT_FOUND, file_name(name)
        if any(known.name == name and known.writes for known in self._open.values()):
            return Status.FILE_BUSY, file_name(name)
        self.free_bytes += len(self.files.pop(name))
        return Status.SUCCESS, file_name(name)

    def _find_first(self, pattern: str) -> Answer:
        wanted = "*" if pattern == "*.*" else pattern
        names = sorted(name for name in self.files if fnmatch.fnmatchcase(name.lower(), wanted.lower()))
        if not names:
            return Status.FILE_NOT_FOUND, bytes(1 + NAME_BYTES + 4)
        search = _Open("", found=names)
        status, told = self._take_handle(search)
        return self._found(told[0], search) if status == Status.SUCCESS else (status, told)

    def _found(self, handle: int, search: _Open) -> Answer:
        if not search.found:
            return Status.FILE_NOT_FOUND, bytes((handle,)) + bytes(NAME_BYTES + 4)
        name = search.found.pop(0)
        size = len(self.files[name]).to_bytes(4, "little")
        return Status.SUCCESS, bytes((handle,)) + file_name(name) + size

    def _take_handle(self, opened: _Open) -> Answer:
        for handle in range(HANDLES):
            if handle not in self._open:
                self._open[handle] = opened
                return Status.SUCCESS, bytes((handle,))
        return Status.NO_MORE_HANDLES, bytes(1)
