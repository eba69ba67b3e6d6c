"""What a VEX brain tells of itself and of its files, inside the packets of `vex`."""

import struct
from dataclasses import dataclass
from enum import IntEnum

NAME_MAX = 23
USER, VM = 1, 0x40
"""Who owns a file: the pupil, or the virtual machine of Python."""
ADDRESS = 0x0380_0000
"""Where a compiled program is loaded."""
EPOCH_S = 946_684_800
"""1 January 2000, from which a brain counts its seconds."""
WRITE, READ = 1, 2
FLASH = 1
OVERWRITE = 1
RUN, STOP = 0, 0x80
EXIT_QUIETLY, EXIT_AND_RUN = 0, 1
PIT, DOWNLOAD = 0, 1
LINKED = 0x02
"""A flag of a controller that has a brain on its radio."""
VERSION = 0x0100_0000

_INIT = struct.Struct("<4B3I4s2I24s")
_WINDOW = struct.Struct("<HII")
_FILE = struct.Struct("<B3I4s2I24s")
_SERIAL_AT = 17


class Product(IntEnum):
    """Who answers `Simple.VERSION`."""

    V5 = 0x10
    V5_CONTROLLER = 0x11
    IQ2 = 0x20
    IQ2_CONTROLLER = 0x21
    EXP = 0x60
    EXP_CONTROLLER = 0x61


NAMES = {
    Product.V5: "VEX V5",
    Product.V5_CONTROLLER: "VEX V5 controller",
    Product.IQ2: "VEX IQ 2",
    Product.IQ2_CONTROLLER: "VEX IQ 2 controller",
    Product.EXP: "VEX EXP",
    Product.EXP_CONTROLLER: "VEX EXP controller",
}


@dataclass(frozen=True)
class SystemVersion:
    """`product` is a `Product`, if we know it."""

    version: tuple[int, int, int, int]
    product: int
    flags: int

    @property
    def text(self) -> str:
        """As a brain shows it: 1.0.13, or 1.0.13-2 of a beta."""
        return format_version(self.version)


@dataclass(frozen=True)
class SystemStatus:
    """`serial` is what the brain's USB name ends with; a controller knows none of its own."""

    version: tuple[int, int, int, int]
    serial: str


@dataclass(frozen=True)
class Flags:
    """`percent` in steps of 8; `slot` counts from 1, 0 while no program runs."""

    percent: int
    slot: int


@dataclass(frozen=True)
class Plugged:
    """A device at a smart port, which counts from 1; 23 is the battery."""

    port: int
    kind: int


@dataclass(frozen=True)
class Transfer:
    """Beginning of a file on its way to or from a brain; `kind` has four bytes, as in `bin\\0`."""

    function: int
    name: str
    length: int
    address: int
    crc: int
    kind: bytes
    seconds: int
    owner: int = USER
    target: int = FLASH
    options: int = OVERWRITE
    version: int = VERSION

    def pack(self) -> bytes:
        """As the body of `Command.INIT`."""
        head = (self.function, self.target, self.owner, self.options, self.length, self.address, self.crc)
        return _INIT.pack(*head, self.kind, self.seconds, self.version, self.name.encode("ascii"))


@dataclass(frozen=True)
class Window:
    """How a brain takes a file: `bytes` of a packet at most, `size` and `crc` of the file when it is read."""

    bytes: int
    size: int
    crc: int


@dataclass(frozen=True)
class FileEntry:
    """A file of a brain; `number` is its place in the directory, or the owner of the file that it needs."""

    number: int
    size: int
    address: int
    crc: int
    kind: bytes
    seconds: int
    version: int
    name: str

    def pack(self) -> bytes:
        """As a brain tells it."""
        head = (self.number, self.size, self.address, self.crc, self.kind, self.seconds, self.version)
        return _FILE.pack(*head, self.name.encode("ascii"))


def format_version(version: tuple[int, int, int, int]) -> str:
    """Beta 0 is not told."""
    text = ".".join(map(str, version[:3]))
    return f"{text}-{version[3]}" if version[3] else text


def name_of(product: int | None) -> str:
    """What is there, in its maker's words."""
    return next((name for known, name in NAMES.items() if known == product), "VEX")


def parse_version(payload: bytes) -> SystemVersion | None:
    """Of `Simple.VERSION`, which has no checksum: what cannot be is none."""
    if len(payload) != 8 or payload[4]:
        return None
    return SystemVersion((payload[0], payload[1], payload[2], payload[3]), payload[5], payload[6])


def parse_system(data: bytes) -> SystemStatus | None:
    """Of `Command.SYSTEM`; old firmware tells less."""
    if len(data) < _SERIAL_AT + 4:
        return None
    (serial,) = struct.unpack_from("<I", data, _SERIAL_AT)
    return SystemStatus((data[1], data[2], data[3], data[4]), f"{serial:08X}")


def parse_flags(data: bytes) -> Flags | None:
    """Of `Command.FLAGS`."""
    if len(data) < 7:
        return None
    return Flags(min(100, (data[4] >> 4) * 8), data[6])


def parse_devices(data: bytes) -> tuple[Plugged, ...] | None:
    """Of `Command.DEVICES`."""
    if not data or len(data) < 1 + 8 * data[0]:
        return None
    places = range(1, 1 + 8 * data[0], 8)
    return tuple(Plugged(data[at], data[at + 1]) for at in places)


def parse_transfer(body: bytes) -> Transfer | None:
    """Of a host's `Command.INIT`."""
    if len(body) != _INIT.size:
        return None
    function, target, owner, options, length, address, crc, kind, seconds, version, name = _INIT.unpack(body)
    text = parse_name(name)
    if text is None:
        return None
    return Transfer(
        function, text, length, address, crc, kind, seconds, owner=owner, target=target, options=options,
        version=version,
    )  # fmt: skip


def parse_window(data: bytes) -> Window | None:
    """Of a brain's answer to `Command.INIT`."""
    return Window(*_WINDOW.unpack_from(data)) if len(data) >= _WINDOW.size else None


def pack_window(window: Window) -> bytes:
    """As a brain tells it."""
    return _WINDOW.pack(window.bytes, window.size, window.crc)


def parse_file(data: bytes) -> FileEntry | None:
    """Of `Command.ENTRY` and `Command.METADATA`; a file that is not there has 255 instead of a number."""
    if len(data) < _FILE.size or data[0] == 0xFF:
        return None
    number, size, address, crc, kind, seconds, version, raw = _FILE.unpack_from(data)
    name = parse_name(raw)
    return None if name is None else FileEntry(number, size, address, crc, kind, seconds, version, name)


def pack_name(owner: int, options: int, name: str) -> bytes:
    """The body of commands that name a file."""
    return struct.pack("<2B24s", owner, options, name.encode("ascii"))


def parse_name(raw: bytes) -> str | None:
    """A name ends at its first NUL; anything but ASCII is none."""
    name = raw.partition(b"\0")[0]
    return name.decode() if name.isascii() else None


def is_newer(version: tuple[int, int, int, int], least: tuple[int, int, int]) -> bool:
    """Whether `version` is `least` or a later one."""
    return version[:3] >= least
