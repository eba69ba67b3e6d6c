"""Puts a program on a hub: stopped first, written piece by piece, started if that is wanted."""

from collections.abc import Callable
from typing import Any, TypeVar

from devices.driver import Host, Say
from devices.errors import UploadError
from devices.kits.pybricks.compiler import Modules
from devices.protocols import pybricks
from devices.protocols import pybricks_stream as stream
from devices.protocols.mpy_modules import pack_modules
from devices.protocols.pybricks import Capabilities, Flag, Refusal, Version
from devices.protocols.pybricks_stream import (
    Command,
    HubMessage,
    Response,
    Selector,
    Status,
    Subscribe,
    Value,
)
from devices.protocols.spike_cobs import END, FrameError, decode, encode
from devices.talk import Heard, Pause, Progress, Talk, Until
from devices.uploads import Program

RAM_HEADER = 5
FIRST_TAG = 128
ANSWER_US = 3_000_000
AGAIN_US = 700_000
TRIES = 3
STOP_US = 5_000_000
STATUS_US = 2_000_000
OTHER_TRANSFER_US = 1_200_000
"""A transfer that somebody gave up holds the hub for a second."""
KEPT_BYTES_MAX = 1 << 16

T = TypeVar("T")


class Prepared:
    """Compiled modules, and what the person wanted of them."""

    def __init__(self, modules: Modules, program: Program) -> None:
        self.modules = modules
        self.slot = program.slot
        self.run = program.run


def upload(prepared: Prepared, heard: Heard, host: Host) -> Talk[None]:
    """Given up at any place, it leaves an empty slot and a hub that takes the next program."""
    line = _Line(heard, host)
    yield Progress("syncing")
    heard.take_all()
    yield Say(END)
    profile = yield from line.profile()
    capabilities = yield from line.capabilities()
    status = yield from line.status()
    packed = pack_modules(prepared.modules, profile)
    _check(prepared, packed, capabilities, status)
    if status.flags & Flag.RUNNING:
        yield Progress("stopping")
        yield from line.command(pybricks.stop())
        stopped = yield from line.until(_stopped, STOP_US)
        if stopped is None:
            raise UploadError("device_refused", status=f"{Refusal.BUSY:#04x}")
    yield Progress("erasing")
    refusal = yield from line.try_command(pybricks.write_meta(0))
    if refusal == Refusal.UNLIKELY:
        yield Pause(OTHER_TRANSFER_US)
        yield from line.command(pybricks.write_meta(0))
    elif refusal != Refusal.OK:
        raise UploadError("device_refused", status=f"{refusal:#04x}")
    piece = capabilities.max_write - RAM_HEADER
    for offset in range(0, len(packed), piece):
        yield Progress("writing", offset, len(packed))
        yield from line.command(pybricks.write_ram(offset, packed[offset : offset + piece]), repeat=True)
    yield Progress("writing", len(packed), len(packed))
    yield from line.command(pybricks.write_meta(len(packed)))
    if prepared.run:
        yield Progress("starting")
        line.keep_events()
        yield from line.command(pybricks.start(status.slot or 0, profile))
        line.give_back()


def _check(prepared: Prepared, packed: bytes, capabilities: Capabilities, status: Status) -> None:
    if not capabilities.features & pybricks.TAKES_MODULES:
        raise UploadError("firmware_too_old", found="mpy 5", needed="mpy 6")
    if len(packed) > capabilities.max_program:
        raise UploadError("program_too_big", size=len(packed), limit=capabilities.max_program)
    if prepared.slot is None:
        return
    if prepared.slot >= capabilities.slots:
        raise UploadError("no_such_slot", slot=prepared.slot, slots=capabilities.slots)
    # Only the buttons of the hub choose where a program goes.
    if prepared.slot != (status.slot or 0):
        raise UploadError("slot_not_chosen", slot=prepared.slot, chosen=status.slot or 0)


def _stopped(message: HubMessage) -> Status | None:
    return message if isinstance(message, Status) and not message.flags & Flag.RUNNING else None


class _Line:
    """Requests of an upload, one at a time; events in between are looked at or let go."""

    def __init__(self, heard: Heard, host: Host) -> None:
        self._heard = heard
        self._port = host.path or host.port
        self._tag = FIRST_TAG
        self._kept: bytearray | None = None

    def keep_events(self) -> None:
        """Over Bluetooth a program may be heard before it is told that it has started."""
        self._kept = bytearray()

    def give_back(self) -> None:
        """What was heard meanwhile is for whoever listens next."""
        self._heard.data[:0] = self._kept or b""

    def profile(self) -> Talk[Version]:
        """Raises UploadError("firmware_too_old")."""
        told = yield from self._read(stream.PROFILE)
        version = pybricks.parse_version(told.decode(errors="replace"))
        if version is None or version < pybricks.MIN_PROFILE:
            firmware = yield from self._read(stream.FIRMWARE)
            raise UploadError("firmware_too_old", found=firmware.decode(errors="replace"), needed="4.1")
        return version

    def capabilities(self) -> Talk[Capabilities]:
        """What the hub can do."""
        told = pybricks.parse_capabilities((yield from self._read(stream.CAPABILITIES)))
        if told is None or told.max_write <= RAM_HEADER:
            raise UploadError("device_refused", status="capabilities")
        return told

    def status(self) -> Talk[Status]:
        """The hub tells it to a new subscriber."""
        for on in (False, True):
            yield Say(encode(stream.pack_host(Subscribe(on))))
        told = yield from self.until(lambda message: message if isinstance(message, Status) else None)
        if told is None:
            raise UploadError("board_silent", port=self._port)
        return told

    def until(self, look: Callable[[HubMessage], T | None], within_us: int = STATUS_US) -> Talk[T | None]:
        """What `look` finds in the messages that come."""
        found: T | None = yield Until(lambda: self._look(look), within_us)
        return found

    def command(self, body: bytes, *, repeat: bool = False) -> Talk[None]:
        """Raises UploadError("device_refused")."""
        refusal = yield from self.try_command(body, repeat=repeat)
        if refusal != Refusal.OK:
            raise UploadError("device_refused", status=f"{refusal:#04x}")

    def try_command(self, body: bytes, *, repeat: bool = False) -> Talk[int]:
        """How the hub answers; what may be done twice is asked for again soon."""
        for _ in range(TRIES if repeat else 1):
            self._tag = FIRST_TAG + (self._tag + 1) % FIRST_TAG
            tag = self._tag
            yield Say(encode(stream.pack_host(Command(tag, body))))
            status = yield from self.until(
                lambda message, tag=tag: (  # type: ignore[misc]
                    message.status if isinstance(message, Response) and message.tag == tag else None
                ),
                AGAIN_US if repeat else ANSWER_US,
            )
            if status is not None:
                return status
        raise UploadError("board_silent", port=self._port)

    def _read(self, selector: Selector) -> Talk[bytes]:
        for _ in range(TRIES):
            yield Say(encode(stream.pack_host(stream.Read(selector))))
            data = yield from self.until(
                lambda message: (
                    message.data if isinstance(message, Value) and message.selector == selector else None
                ),
                AGAIN_US,
            )
            if data is not None:
                return data
        raise UploadError("board_silent", port=self._port)

    def _look(self, look: Callable[[HubMessage], Any]) -> Any:
        """What comes after the message that was looked for stays for whoever listens next."""
        while (frame := self._heard.take_line(END)) is not None:
            try:
                message = stream.parse_hub(decode(frame))
            except FrameError:
                continue
            if message is not None and (found := look(message)) is not None:
                return found
            if self._kept is not None and len(self._kept) < KEPT_BYTES_MAX:
                self._kept += frame
        return None
