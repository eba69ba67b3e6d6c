"""Puts a program into a slot of a VEX brain: stop what runs, the program, its name, start it."""

from contextlib import suppress
from dataclasses import dataclass

from devices.driver import Host, Remember
from devices.errors import UploadError
from devices.kits.vex_v5.driver import EXP_USB, SLOT_NOTE
from devices.kits.vex_v5.line import RADIO_US, Line, refusal
from devices.kits.vex_v5.program import COMPILED, COMPILED_MAX, PYTHON, SLOTS, Cargo, prepare
from devices.protocols.vex import Ack, Command, crc32
from devices.protocols.vex_files import (
    ADDRESS,
    DOWNLOAD,
    EXIT_QUIETLY,
    LINKED,
    PIT,
    RUN,
    STOP,
    USER,
    VM,
    WRITE,
    Product,
    SystemVersion,
    Transfer,
    is_newer,
    name_of,
    pack_name,
    parse_file,
    parse_window,
)
from devices.talk import Heard, Pause, Progress, Talk
from devices.uploads import Uploads

PYTHON_AT = {Product.IQ2: 0x0700_0000, Product.EXP: 0x3070_0000}
"""Where a Python source is loaded; that of a V5 is not known."""
PYTHON_VM = "python_vm.bin"
KIND, PYTHON_KIND, INI_KIND = b"bin\0", b"bin\x61", b"ini\0"
UNPACKS = (1, 0, 5)
BEGINNINGS = 3
RADIO_PAUSE_US, RADIO_LOOKS = 250_000, 20
FLASH_BYTES_S = 200_000


class _BegunAnew(Exception):
    """The brain has forgotten that a file is on its way."""

    def __init__(self, ack: int) -> None:
        super().__init__(ack)
        self.ack = ack


@dataclass(frozen=True)
class _File:
    transfer: Transfer
    data: bytes
    link: bool = False
    shown: bool = False
    """Whether a person sees how far it has come."""


def upload(cargo: Cargo, heard: Heard, host: Host) -> Talk[None]:
    """A controller is switched to its radio's fast channel, and back whatever happens."""
    line = Line(heard, host.path or host.port)
    yield Progress("syncing")
    version = yield from line.version()
    product = Product.EXP if host.usb == EXP_USB else version.product if version else None
    _check(cargo, product)
    radio = product == Product.V5_CONTROLLER
    try:
        if radio:
            yield from _take_channel(line, version)
        if cargo.is_python:
            yield from _find_vm(line)
        yield Progress("stopping")
        yield from line.ask(Command.LOAD, pack_name(USER, STOP, ""))
        program, ini = _files(cargo, product, version)
        yield from _replace(line, program, ini)
        yield Remember(SLOT_NOTE, str(cargo.slot + 1))
        if cargo.run:
            yield Progress("starting")
            yield from line.demand(Command.LOAD, pack_name(USER, RUN, program.transfer.name))
    except UploadError:
        # Without this a brain waits for the rest of the file.
        yield line.say(Command.EXIT, bytes((EXIT_QUIETLY,)))
        if radio:
            yield line.say(Command.CHANNEL, bytes((1, PIT)))
        raise
    if radio:
        yield line.say(Command.CHANNEL, bytes((1, PIT)))


UPLOADS = Uploads(
    suffixes=(COMPILED, PYTHON),
    max_bytes=COMPILED_MAX,
    prepare=prepare,
    talk=upload,
    reopens=False,
    slots=SLOTS,
    first_slot=1,
)


def _check(cargo: Cargo, product: int | None) -> None:
    """Raises UploadError("wrong_board"): a program runs on the product that it was made for."""
    found = name_of(product)
    if cargo.product is None:
        if product not in PYTHON_AT:
            raise UploadError("wrong_board", found=found, expected="VEX EXP, VEX IQ 2")
        return
    fits = {cargo.product, Product.V5_CONTROLLER} if cargo.product == Product.V5 else {cargo.product}
    if product is not None and product not in fits:
        raise UploadError("wrong_board", found=found, expected=name_of(cargo.product))


def _take_channel(line: Line, version: SystemVersion | None) -> Talk[None]:
    """Raises UploadError("brain_not_linked")."""
    line.patience_us = RADIO_US
    if version is None or not version.flags & LINKED:
        raise UploadError("brain_not_linked")
    yield from line.demand(Command.CHANNEL, bytes((1, DOWNLOAD)))
    for _ in range(RADIO_LOOKS):
        yield Pause(RADIO_PAUSE_US)
        version = yield from line.version()
        if version is not None and version.flags & LINKED:
            return
    raise UploadError("brain_not_linked")


def _find_vm(line: Line) -> Talk[None]:
    """Raises UploadError("python_missing")."""
    answer = yield from line.ask(Command.METADATA, pack_name(VM, 0, PYTHON_VM))
    if answer.ack != Ack.OK or parse_file(answer.data) is None:
        raise UploadError("python_missing")


def _files(cargo: Cargo, product: int | None, version: SystemVersion | None) -> tuple[_File, _File]:
    wired = product == Product.V5 and version is not None and is_newer(version.version, UNPACKS)
    packs = not cargo.is_python and (wired or product == Product.V5_CONTROLLER)
    data, ini = cargo.packed if packs else cargo.data, cargo.ini
    address = PYTHON_AT[Product(product)] if cargo.is_python and product else ADDRESS
    kind = PYTHON_KIND if cargo.is_python else KIND
    names = f"{cargo.base}.bin", f"{cargo.base}.ini"
    first = Transfer(WRITE, names[0], len(data), address, crc32(data), kind, cargo.seconds)
    second = Transfer(WRITE, names[1], len(ini), ADDRESS, crc32(ini), INI_KIND, cargo.seconds)
    return _File(first, data, link=cargo.is_python, shown=True), _File(second, ini)


def _replace(line: Line, program: _File, ini: _File) -> Talk[None]:
    """The ini file has the name and comes last: until then the old program stands under its own."""
    try:
        yield from _send(line, program)
        yield from _send(line, ini)
    except UploadError as error:
        if error.code == "cancelled":
            yield line.say(Command.EXIT, bytes((EXIT_QUIETLY,)))
            with suppress(UploadError):
                if (yield from _is_kept(line, program)):  # too late to go back
                    yield from _send(line, ini)
        raise


def _send(line: Line, file: _File) -> Talk[None]:
    """A file from its beginning, and once more where the brain has lost it. Raises UploadError."""
    for left in reversed(range(BEGINNINGS)):
        try:
            yield from _send_once(line, file)
        except _BegunAnew as lost:
            if not left:
                raise refusal(lost.ack) from lost
        else:
            return


def _send_once(line: Line, file: _File) -> Talk[None]:
    transfer = file.transfer
    begun = yield from line.demand(Command.INIT, transfer.pack())
    window = parse_window(begun.data)
    if window is None or window.bytes < 8:
        raise UploadError("device_refused", status="no window")
    if window.size < len(file.data):
        raise UploadError("program_too_big", size=len(file.data), limit=window.size)
    if file.link:
        yield from line.demand(Command.LINK, pack_name(VM, 0, PYTHON_VM))
    size = window.bytes // 2 & ~3
    for at in range(0, len(file.data), size):
        if file.shown:
            yield Progress("writing", at, len(file.data))
        chunk = file.data[at : at + size]
        place = (transfer.address + at).to_bytes(4, "little")
        answer = yield from line.ask(Command.WRITE, place + chunk + bytes(-len(chunk) % 4))
        # A chunk whose ack was lost is at another address than the one that the brain now expects.
        if answer.ack == Ack.UNINITIALIZED or (answer.ack == Ack.ADDRESS and not line.repeated):
            raise _BegunAnew(answer.ack)
        if answer.ack not in (Ack.OK, Ack.ADDRESS):
            raise refusal(answer.ack)
    if file.shown:
        yield Progress("writing", len(file.data), len(file.data))
        yield Progress("verifying")
    yield from _finish(line, file)


def _finish(line: Line, file: _File) -> Talk[None]:
    """The brain compares its checksum and keeps the file."""
    within_us = line.patience_us + len(file.data) * 1_000_000 // FLASH_BYTES_S
    answer = yield from line.ask(Command.EXIT, bytes((EXIT_QUIETLY,)), within_us)
    if answer.ack == Ack.OK:
        return
    if answer.ack != Ack.UNINITIALIZED:
        raise refusal(answer.ack)
    if line.repeated and (yield from _is_kept(line, file)):
        return  # only the word of it was lost
    raise _BegunAnew(answer.ack)


def _is_kept(line: Line, file: _File) -> Talk[bool]:
    """Whether the brain has this very file."""
    known = yield from line.ask(Command.METADATA, pack_name(USER, 0, file.transfer.name))
    entry = parse_file(known.data) if known.ack == Ack.OK else None
    return entry is not None and (entry.size, entry.crc) == (len(file.data), file.transfer.crc)
