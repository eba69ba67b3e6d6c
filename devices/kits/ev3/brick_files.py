"""The file system of an emulated EV3, and the system commands that reach it."""

import struct
from dataclasses import dataclass, field

from devices.protocols.ev3 import FRAME_BYTES_MAX, NO_HANDLE, Status, System, format_listing

HANDLES = 8
ROOTS = ("apps", "prjs", "tools")
SPARE_BYTES = 300 * 1024
"""What the firmware keeps for itself."""


@dataclass
class _Open:
    path: str
    size: int = 0
    data: bytearray = field(default_factory=bytearray)
    at: int = 0


class BrickFiles:
    """Files by path, such as `prjs/x/x.rbf`; `refuse` is the status of the next command, if it is set."""

    def __init__(self, free_bytes: int = 4 * 1024 * 1024) -> None:
        self.files: dict[str, bytes] = {"apps/Motor Control/Motor Control.rbf": b"LEGO"}
        self.folders = {"apps", "apps/Motor Control", "prjs", "tools"}
        self.free_bytes = free_bytes
        self.refuse: Status | None = None
        self._open: dict[int, _Open] = {}

    @property
    def open_handles(self) -> int:
        """How many files are open."""
        return len(self._open)

    def do(self, body: bytes) -> bytes:
        """Body of the reply to a system command: command, status, and what belongs to it."""
        command, rest = body[0], body[1:]
        try:
            status, told = self._do(command, rest)
        except (struct.error, IndexError, UnicodeDecodeError):
            status, told = Status.UNKNOWN_ERROR, b""
        return bytes((command, status)) + told

    def _do(self, command: int, rest: bytes) -> tuple[Status, bytes]:
        if self.refuse is not None:
            status, self.refuse = self.refuse, None
            return status, bytes((NO_HANDLE,))
        match command:
            case System.BEGIN_DOWNLOAD:
                return self._begin_download(int.from_bytes(rest[:4], "little"), _path(rest[4:]))
            case System.CONTINUE_DOWNLOAD:
                return self._continue_download(rest[0], rest[1:])
            case System.BEGIN_UPLOAD:
                return self._begin_read(int.from_bytes(rest[:2], "little"), self.files.get(_path(rest[2:])))
            case System.LIST_FILES:
                return self._begin_read(int.from_bytes(rest[:2], "little"), self._listing(_path(rest[2:])))
            case System.CONTINUE_UPLOAD | System.CONTINUE_LIST:
                return self._continue_read(rest[0], int.from_bytes(rest[1:3], "little"))
            case System.CLOSE_HANDLE:
                known = self._open.pop(rest[0], None)
                return (Status.SUCCESS if known else Status.UNKNOWN_HANDLE), b""
            case System.CREATE_DIR:
                return self._create_dir(_path(rest)), b""
            case System.DELETE_FILE:
                return self._delete(_path(rest)), b""
        return Status.UNKNOWN_ERROR, b""

    def _begin_download(self, size: int, path: str) -> tuple[Status, bytes]:
        none = bytes((NO_HANDLE,))
        if path.partition("/")[0] not in ROOTS or path.endswith("/"):
            return Status.ILLEGAL_PATH, none
        if size + SPARE_BYTES > self.free_bytes:
            return Status.SIZE_ERROR, none
        handle = self._take_handle(_Open(path, size))
        if handle is None:
            return Status.NO_HANDLES_AVAILABLE, none
        folder = path.rpartition("/")[0]
        while folder:
            self.folders.add(folder)
            folder = folder.rpartition("/")[0]
        self.files[path] = b""
        if not size:
            del self._open[handle]
        return (Status.SUCCESS if size else Status.END_OF_FILE), bytes((handle,))

    def _continue_download(self, handle: int, data: bytes) -> tuple[Status, bytes]:
        known = self._open.get(handle)
        if known is None:
            return Status.UNKNOWN_HANDLE, bytes((NO_HANDLE,))
        known.data += data[: known.size - len(known.data)]
        self.files[known.path] = bytes(known.data)
        whole = len(known.data) >= known.size
        if whole:
            self.free_bytes -= known.size
            del self._open[handle]
        return (Status.END_OF_FILE if whole else Status.SUCCESS), bytes((handle,))

    def _begin_read(self, wanted: int, data: bytes | None) -> tuple[Status, bytes]:
        if data is None:
            return Status.UNKNOWN_HANDLE, struct.pack("<IB", 0, NO_HANDLE)
        handle = self._take_handle(_Open("", len(data), bytearray(data)))
        if handle is None:
            return Status.NO_HANDLES_AVAILABLE, struct.pack("<IB", 0, NO_HANDLE)
        status, part = self._read(handle, min(wanted, FRAME_BYTES_MAX - 12))
        return status, struct.pack("<IB", len(data), handle) + part

    def _continue_read(self, handle: int, wanted: int) -> tuple[Status, bytes]:
        if handle not in self._open:
            return Status.UNKNOWN_HANDLE, bytes((NO_HANDLE,))
        status, part = self._read(handle, min(wanted, FRAME_BYTES_MAX - 8))
        return status, bytes((handle,)) + part

    def _read(self, handle: int, wanted: int) -> tuple[Status, bytes]:
        known = self._open[handle]
        part = bytes(known.data[known.at : known.at + wanted])
        known.at += len(part)
        if known.at < known.size:
            return Status.SUCCESS, part
        del self._open[handle]
        return Status.END_OF_FILE, part

    def _listing(self, folder: str) -> bytes | None:
        if folder and folder not in self.folders:
            return None
        inside = f"{folder}/" if folder else ""
        names = (
            name
            for one in self.folders
            if one.startswith(inside) and (name := one[len(inside) :]) and "/" not in name
        )
        files = {
            path[len(inside) :]: data
            for path, data in sorted(self.files.items())
            if path.startswith(inside) and "/" not in path[len(inside) :]
        }
        return format_listing([".", "..", *sorted(names)], files)

    def _create_dir(self, folder: str) -> Status:
        if folder in self.folders or folder.rpartition("/")[0] not in self.folders:
            return Status.NO_PERMISSION
        self.folders.add(folder)
        return Status.SUCCESS

    def _delete(self, path: str) -> Status:
        if path in self.files:
            self.free_bytes += len(self.files.pop(path))
            return Status.SUCCESS
        used = any(one.startswith(f"{path}/") for one in (*self.files, *self.folders))
        if path in self.folders and not used:
            self.folders.discard(path)
            return Status.SUCCESS
        return Status.NO_PERMISSION

    def _take_handle(self, opened: _Open) -> int | None:
        for handle in range(HANDLES):
            if handle not in self._open:
                self._open[handle] = opened
                return handle
        return None


def _path(data: bytes) -> str:
    """`../prjs/x/x.rbf` or `/home/root/lms2012/prjs/…` without what is above the brick's own folders."""
    path = data.split(b"\0", 1)[0].decode()
    return path.removeprefix("/home/root/lms2012").removeprefix("..").strip("/")
