"""Puts a file onto an EV3: written, compared with the brick's own digest, started."""

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from devices.driver import Host, Remember, Say
from devices.errors import UploadError
from devices.kits.ev3.assembler import assemble
from devices.kits.ev3.driver import COUNTER_MAX, LAST_PROGRAM, PROJECTS
from devices.protocols import ev3
from devices.protocols import ev3_bytecode as bytecode
from devices.protocols.ev3 import Frame, FrameReader, Status, SystemReply, Type
from devices.protocols.ev3_bytecode import Direct
from devices.talk import Heard, Progress, Talk, Until
from devices.uploads import Program

PROGRAM = ".rbf"
SOURCE = ".lms"
SUFFIXES = (PROGRAM, SOURCE, ".rsf", ".rgf", ".rtf", ".txt")
FILE_BYTES_MAX = 4_000_000
STEM_MAX = 27
"""A name on the brick has 31 bytes with its dot and extension."""
ANSWER_US = 5_000_000
SYNCS, SYNC_US = 3, 1_500_000

_NOT_NAME = re.compile(r"[^A-Za-z0-9_-]+")

MEANINGS: Mapping[int, str] = {
    Status.UNKNOWN_HANDLE: "unknown file handle",
    Status.HANDLE_NOT_READY: "file not ready",
    Status.CORRUPT_FILE: "damaged file",
    Status.NO_HANDLES_AVAILABLE: "too many open files",
    Status.NO_PERMISSION: "no permission",
    Status.ILLEGAL_PATH: "wrong path",
    Status.FILE_EXISTS: "file exists",
    Status.SIZE_ERROR: "wrong size",
    Status.ILLEGAL_FILENAME: "wrong file name",
    Status.ILLEGAL_CONNECTION: "wrong connection",
}


@dataclass(frozen=True)
class Cargo:
    """A file on its way to `folder/name`."""

    folder: str
    name: str
    data: bytes
    run: bool

    @property
    def path(self) -> str:
        """As the brick knows it."""
        return f"{self.folder}/{self.name}"


def prepare(program: Program) -> Cargo:
    """Check the file, assemble a source, and find its place. Raises UploadError."""
    if not program.data:
        raise UploadError("program_empty", name=program.name)
    base, dot, extension = program.name.rpartition(".")
    suffix, data = (dot + extension).lower(), program.data
    if suffix == SOURCE:
        suffix, data = PROGRAM, assemble(program.data.decode("utf-8", "replace"))
    if suffix == PROGRAM:
        size = bytecode.image_bytes(data)
        if size is None:
            raise UploadError("program_damaged", name=program.name, problem="no EV3 program")
        if size > len(data):
            raise UploadError("program_damaged", name=program.name, problem="cut short")
    stem = _NOT_NAME.sub("_", base).strip("_")[:STEM_MAX] or "program"
    return Cargo(f"{PROJECTS}/{stem}", stem + suffix, data, program.run and suffix == PROGRAM)


def upload(cargo: Cargo, heard: Heard, host: Host) -> Talk[None]:
    """Stop what runs if the new program is to be started, write, verify, start."""
    line = _Line(heard, host.path)
    handle, begun = ev3.NO_HANDLE, False
    try:
        yield Progress("syncing")
        yield from line.sync()
        if cargo.run:
            yield Progress("stopping")
            yield from line.direct(bytecode.stop_program())
        yield Progress("writing", 0, len(cargo.data))
        handle, begun = (yield from _begin(line, cargo)), True
        for at in range(0, len(cargo.data), ev3.CHUNK_BYTES):
            chunk = cargo.data[at : at + ev3.CHUNK_BYTES]
            reply = yield from line.system(ev3.continue_download(handle, chunk))
            whole = at + len(chunk) >= len(cargo.data)
            if not reply.is_good or whole != (reply.status == Status.END_OF_FILE):
                raise _refused(reply.status)
            yield Progress("writing", at + len(chunk), len(cargo.data))
        handle = ev3.NO_HANDLE
        yield Progress("verifying")
        yield from _verify(line, cargo)
        begun = False
    except UploadError:
        # A torn program must not be there to be started.
        if begun:
            yield from line.give_up(handle, cargo.path)
        raise
    if cargo.name.endswith(PROGRAM):
        yield Remember(LAST_PROGRAM, cargo.path)
    if cargo.run:
        yield Progress("starting")
        started = yield from line.direct(bytecode.start_program(cargo.path))
        if started.is_error:
            raise UploadError("device_refused", status="the program cannot be started")


class _Line:
    """Asks one thing at a time and waits for its answer."""

    def __init__(self, heard: Heard, port: str) -> None:
        self._heard = heard
        self._port = port
        self._reader = FrameReader()
        self._counter = COUNTER_MAX

    def direct(self, command: Direct) -> Talk[Frame]:
        """Run byte codes."""
        self._count()
        yield Say(command.frame(self._counter))
        return (yield from self._answer())

    def sync(self) -> Talk[None]:
        """Be heard and understood: the line may begin in the middle of an answer to somebody else."""
        for _ in range(SYNCS):
            self._reader.clear()
            self._heard.take_all()
            self._count()
            yield Say(bytecode.battery().frame(self._counter))
            if (yield Until(self._ours, SYNC_US)) is not None:
                return
        raise UploadError("board_silent", port=self._port)

    def system(self, body: bytes) -> Talk[SystemReply]:
        """A system command, whatever becomes of it."""
        self._count()
        yield Say(ev3.format_frame(self._counter, Type.SYSTEM, body))
        reply = ev3.parse_system_reply((yield from self._answer()))
        if reply is None or reply.command != body[0]:
            raise UploadError("device_refused", status="a strange answer")
        return reply

    def open(self, order: bytes, path: str) -> Talk[SystemReply]:
        """Answer to BEGIN_DOWNLOAD; who gives up before it has come may have opened the file."""
        try:
            return (yield from self.system(order))
        except UploadError:
            late: Frame | None = yield Until(self._ours, SYNC_US)
            reply = ev3.parse_system_reply(late) if late is not None else None
            if reply is not None and reply.status == Status.SUCCESS and reply.rest:
                yield from self.give_up(reply.rest[0], path)
            raise

    def give_up(self, handle: int, path: str) -> Talk[None]:
        """Close and delete a file that is not whole."""
        if handle != ev3.NO_HANDLE:
            yield self._say_only(ev3.close_handle(handle))
        yield self._say_only(ev3.delete_file(path))

    def _say_only(self, body: bytes) -> Say:
        """A system command that nobody waits for."""
        self._count()
        return Say(ev3.format_frame(self._counter, Type.SYSTEM | Type.NO_REPLY, body))

    def _count(self) -> None:
        self._counter = ((self._counter + 1) & COUNTER_MAX) | (COUNTER_MAX + 1)

    def _answer(self) -> Talk[Frame]:
        frame: Frame | None = yield Until(self._ours, ANSWER_US)
        if frame is None:
            raise UploadError("board_silent", port=self._port)
        return frame

    def _ours(self) -> Frame | None:
        """What answers the last question; late answers to the driver and mail are passed over."""
        for frame in self._reader.feed(self._heard.take_all()):
            if frame.counter == self._counter:
                return frame
        return None


def _begin(line: _Line, cargo: Cargo) -> Talk[int]:
    """Handle of the file, which is open for writing."""
    order = ev3.begin_download(cargo.path, len(cargo.data))
    reply = yield from line.open(order, cargo.path)
    if reply.status in (Status.UNKNOWN_HANDLE, Status.ILLEGAL_PATH):
        yield from line.system(ev3.create_dir(cargo.folder))
        reply = yield from line.open(order, cargo.path)
    if reply.status == Status.SIZE_ERROR:
        memory = yield from line.direct(bytecode.free_memory())
        free_kb = struct.unpack_from("<II", memory.body)[1] if len(memory.body) >= 8 else 0
        raise UploadError("storage_full", free=free_kb * 1024)
    if reply.status != Status.SUCCESS or not reply.rest:
        raise _refused(reply.status)
    return reply.rest[0]


def _verify(line: _Line, cargo: Cargo) -> Talk[None]:
    reply = yield from line.system(ev3.list_files(cargo.folder))
    if not reply.is_good or len(reply.rest) < 5:
        raise _refused(reply.status)
    size, handle = struct.unpack_from("<IB", reply.rest)
    listing = bytearray(reply.rest[5:])
    while len(listing) < size:
        reply = yield from line.system(ev3.continue_list(handle))
        if not reply.is_good or len(reply.rest) < 2:
            raise _refused(reply.status)
        listing += reply.rest[1:]
    md5 = hashlib.md5(cargo.data, usedforsecurity=False).hexdigest().upper()
    if ev3.Entry(cargo.name, len(cargo.data), md5) not in ev3.parse_listing(bytes(listing)):
        raise UploadError("verify_failed", address=cargo.path)


def _refused(status: int) -> UploadError:
    if status == Status.SIZE_ERROR:
        return UploadError("write_failed", problem=MEANINGS[status])
    return UploadError("device_refused", status=MEANINGS.get(status, f"error {status}"))
