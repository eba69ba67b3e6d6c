"""Puts a file onto an NXT: compiled where it is a source, the old one deleted, written, measured, started."""

import re
from dataclasses import dataclass

from devices.driver import Host, Remember, Say
from devices.errors import UploadError
from devices.kits.nxt.compiler import compile_source
from devices.kits.nxt.driver import LAST_PROGRAM, PROGRAM
from devices.protocols import nxt
from devices.protocols.nxt import MEANINGS, REPLY, Op, Status, Telegram, TelegramReader
from devices.talk import Heard, Progress, Talk, Until
from devices.uploads import Program

SOURCES = (".nxc", ".nbc")
SUFFIXES = (PROGRAM, *SOURCES, ".rso", ".ric")
FILE_BYTES_MAX = 200_000
"""More than the flash of a brick has for its user."""
MAGIC = b"MindstormsNXT\0"
LINEAR = frozenset({PROGRAM, ".ric"})
"""Files that the brick uses where they lie, so that they must lie in one piece."""
ANSWER_US = 5_000_000
SYNCS, SYNC_US = 3, 1_500_000

_NOT_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Cargo:
    """A file on its way, named as the brick can name it."""

    name: str
    data: bytes
    run: bool

    @property
    def open_op(self) -> Op:
        """How it is to be opened."""
        return Op.OPEN_WRITE_LINEAR if self.name[-4:] in LINEAR else Op.OPEN_WRITE


def prepare(program: Program) -> Cargo:
    """Check the file, compile a source. Raises UploadError."""
    if not program.data:
        raise UploadError("program_empty", name=program.name)
    base, dot, extension = program.name.rpartition(".")
    suffix, data = (dot + extension).lower(), program.data
    if suffix in SOURCES:
        suffix, data = PROGRAM, compile_source(program.name, program.data)
    if suffix == PROGRAM and not data.startswith(MAGIC):
        raise UploadError("program_damaged", name=program.name, problem="no NXT program")
    stem = _NOT_NAME.sub("_", base).strip("_")[: nxt.STEM_MAX] or "program"
    return Cargo(stem + suffix, data, program.run and suffix == PROGRAM)


def upload(cargo: Cargo, heard: Heard, host: Host) -> Talk[None]:
    """Stop what runs, delete the file of this name, write, compare its size, start."""
    line = _Line(heard, host.path)
    handle: int | None = None
    begun = False
    try:
        yield Progress("syncing")
        yield from line.sync()
        yield Progress("stopping")
        yield from line.ask(Op.STOP_PROGRAM)
        yield Progress("erasing")
        yield from line.good(Op.DELETE, nxt.file_name(cargo.name), also=(Status.FILE_NOT_FOUND,))
        yield Progress("writing", 0, len(cargo.data))
        handle, begun = (yield from _open(line, cargo)), True
        for at in range(0, len(cargo.data), nxt.CHUNK_BYTES):
            chunk = cargo.data[at : at + nxt.CHUNK_BYTES]
            reply = yield from line.good(Op.WRITE, bytes((handle,)) + chunk)
            if int.from_bytes(reply.rest[1:3], "little") != len(chunk):
                raise UploadError("write_failed", problem="the brick took less than it was given")
            yield Progress("writing", at + len(chunk), len(cargo.data))
        yield from line.good(Op.CLOSE, bytes((handle,)))
        handle = None
        yield Progress("verifying")
        yield from _verify(line, cargo)
        begun = False
    except UploadError:
        # A torn program must not be there to be started.
        if begun:
            yield from line.give_up(handle, cargo.name)
        raise
    if cargo.name.endswith(PROGRAM):
        yield Remember(LAST_PROGRAM, cargo.name)
    if cargo.run:
        yield Progress("starting")
        yield from line.good(Op.START_PROGRAM, nxt.file_name(cargo.name))


class _Line:
    """Asks one thing at a time and waits for its answer."""

    def __init__(self, heard: Heard, port: str) -> None:
        self._heard = heard
        self._port = port
        self._reader = TelegramReader()
        self._op = Op.KEEP_ALIVE

    def ask(self, op: Op, body: bytes = b"") -> Talk[Telegram]:
        """A command, whatever becomes of it."""
        self._op = op
        yield Say(nxt.ask(op, body))
        answer: Telegram | None = yield Until(self._ours, ANSWER_US)
        if answer is None:
            raise UploadError("board_silent", port=self._port)
        return answer

    def good(self, op: Op, body: bytes = b"", also: tuple[Status, ...] = ()) -> Talk[Telegram]:
        """A command that must succeed, or end as `also` allows."""
        answer = yield from self.ask(op, body)
        if answer.status != Status.SUCCESS and answer.status not in also:
            raise _refused(answer.status)
        return answer

    def sync(self) -> Talk[None]:
        """Be heard and understood: the line may begin in the middle of an answer to the driver."""
        for _ in range(SYNCS):
            self._reader.clear()
            self._heard.take_all()
            self._op = Op.KEEP_ALIVE
            yield Say(nxt.ask(Op.KEEP_ALIVE))
            if (yield Until(self._ours, SYNC_US)) is not None:
                return
        raise UploadError("board_silent", port=self._port)

    def open(self, op: Op, body: bytes, name: str) -> Talk[Telegram]:
        """Answer to an opening; who gives up before it has come may have opened the file."""
        try:
            return (yield from self.ask(op, body))
        except UploadError:
            late: Telegram | None = yield Until(self._ours, SYNC_US)
            if late is not None and late.status == Status.SUCCESS and late.rest:
                yield from self.give_up(late.rest[0], name)
            raise

    def give_up(self, handle: int | None, name: str) -> Talk[None]:
        """Close and delete a file that is not whole."""
        if handle is not None:
            yield Say(nxt.ask(Op.CLOSE, bytes((handle,)), reply=False))
        yield Say(nxt.ask(Op.DELETE, nxt.file_name(name), reply=False))

    def _ours(self) -> Telegram | None:
        """What answers the last question; late answers to the driver are passed over."""
        for telegram in self._reader.feed(self._heard.take_all()):
            if (telegram.kind, telegram.op) == (REPLY, self._op):
                return telegram
        return None


def _open(line: _Line, cargo: Cargo) -> Talk[int]:
    """Handle of the new file; files that somebody left open are closed when there are too many."""
    body = nxt.file_name(cargo.name) + len(cargo.data).to_bytes(4, "little")
    reply = yield from line.open(cargo.open_op, body, cargo.name)
    if reply.status in (Status.NO_MORE_HANDLES, Status.FILE_BUSY):
        for handle in range(nxt.HANDLES):
            yield from line.ask(Op.CLOSE, bytes((handle,)))
        reply = yield from line.open(cargo.open_op, body, cargo.name)
    if reply.status in (Status.NO_SPACE, Status.NO_LINEAR_SPACE):
        info = nxt.parse_device_info((yield from line.ask(Op.DEVICE_INFO)).rest)
        raise UploadError("storage_full", free=info.free_bytes if info else 0)
    if reply.status != Status.SUCCESS or not reply.rest:
        raise _refused(reply.status)
    return reply.rest[0]


def _verify(line: _Line, cargo: Cargo) -> Talk[None]:
    """The brick has no digest to compare; it tells how long the file is."""
    found = yield from line.good(Op.FIND_FIRST, nxt.file_name(cargo.name))
    yield from line.ask(Op.CLOSE, found.rest[:1])
    if int.from_bytes(found.rest[21:25], "little") != len(cargo.data):
        raise UploadError("verify_failed", address=cargo.name)


def _refused(status: int) -> UploadError:
    return UploadError("device_refused", status=MEANINGS.get(status, f"error {status:#x}"))
