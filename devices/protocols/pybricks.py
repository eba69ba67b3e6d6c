"""The Pybricks profile: what a hub is, what it can do, and the commands that it takes.

Source: pybricks-micropython, `lib/pbio/include/pbio/protocol.h`; technical-info, `pybricks-ble-profile.md`.
"""

import re
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

Version = tuple[int, int, int]

MIN_PROFILE: Version = (1, 2, 0)
"""The first with capabilities; a cable needs 1.6, which a hub that answers on one always has."""
SLOT_ARGUMENT: Version = (1, 4, 0)
FIRST_MODULE_RUNS: Version = (1, 5, 0)
SLOTS_TOLD: Version = (1, 5, 0)
LEGO = 0x0397


class CommandId(IntEnum):
    """First byte of a command."""

    STOP = 0
    START = 1
    START_REPL = 2
    WRITE_META = 3
    WRITE_RAM = 4
    REBOOT_UPDATE = 5
    WRITE_STDIN = 6
    WRITE_APP_DATA = 7


class EventId(IntEnum):
    """First byte of an event."""

    STATUS = 0
    STDOUT = 1
    APP_DATA = 2
    TELEMETRY = 3


class Refusal(IntEnum):
    """Why a hub does not carry out a command; 0 is none."""

    OK = 0x00
    INVALID_HANDLE = 0x01
    UNLIKELY = 0x0E
    VALUE_NOT_ALLOWED = 0x13
    INVALID_COMMAND = 0x80
    BUSY = 0x81


class Flag(IntFlag):
    """Bits of a status report."""

    BATTERY_LOW = 1 << 0
    BATTERY_EMPTY = 1 << 1
    HIGH_CURRENT = 1 << 2
    BLE_ADVERTISING = 1 << 3
    BUTTON = 1 << 5
    RUNNING = 1 << 6
    SHUTDOWN = 1 << 7
    SHUTDOWN_REQUEST = 1 << 8
    BLE_HOST = 1 << 9
    TOO_HOT = 1 << 10
    HOT = 1 << 11
    USB_HOST = 1 << 12
    FILE_IO = 1 << 13


class Feature(IntFlag):
    """Bits of the capabilities."""

    REPL = 1
    MULTI_MPY6 = 2
    MPY61_NATIVE = 4
    PORT_VIEW = 8
    IMU_CALIBRATION = 16
    MPY63_NATIVE = 32


PROGRAMS = {"repl": 128, "port-view": 129, "imu-calibration": 130}
"""Programs that are part of the firmware."""
TAKES_MODULES = Feature.MULTI_MPY6 | Feature.MPY61_NATIVE | Feature.MPY63_NATIVE


@dataclass(frozen=True)
class Capabilities:
    """`max_write` counts the command's own byte; `slots` 1 where the hub does not tell."""

    max_write: int
    features: Feature
    max_program: int
    slots: int = 1

    def pack(self, profile: Version) -> bytes:
        """As a hub of this profile tells it."""
        told = struct.pack("<HII", self.max_write, self.features, self.max_program)
        return told + bytes((self.slots,)) if profile >= SLOTS_TOLD else told


@dataclass(frozen=True)
class HubKind:
    """Of the Plug and Play id."""

    kind: int
    variant: int

    @property
    def name(self) -> str:
        """What its box says, or its number."""
        return _KINDS.get((self.kind, self.variant)) or _KINDS.get((self.kind, None)) or f"{self.kind:#04x}"

    def pack(self) -> bytes:
        """The Plug and Play id."""
        return struct.pack("<BHHH", 1, LEGO, self.kind, self.variant)


_KINDS = {
    (0x40, None): "Move Hub",
    (0x41, None): "City Hub",
    (0x80, None): "Technic Hub",
    (0x81, None): "Prime Hub",
    (0x81, 1): "Inventor Hub",
    (0x83, None): "Essential Hub",
    (0xE1, None): "NXT Brick",
    (0xE2, None): "EV3 Brick",
}


def parse_version(text: str) -> Version | None:
    """`1.6.0`, `4.1.0b3`: what follows the numbers does not count."""
    match = re.match(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def parse_kind(data: bytes) -> HubKind | None:
    """Of a Plug and Play id of LEGO's."""
    if len(data) != 7:
        return None
    _, vendor, kind, variant = struct.unpack("<BHHH", data)
    return HubKind(kind, variant) if vendor == LEGO else None


def parse_capabilities(data: bytes) -> Capabilities | None:
    """Ten bytes before profile 1.5, which had no slots."""
    if len(data) < 10:
        return None
    max_write, features, max_program = struct.unpack("<HII", data[:10])
    slots = data[10] if len(data) > 10 else 1
    return Capabilities(max_write, Feature(features), max_program, max(1, slots))


def stop() -> bytes:
    """End the program, whatever it does."""
    return bytes((CommandId.STOP,))


def start(program: int, profile: Version) -> bytes:
    """Start a slot, or a program of the firmware; before 1.4 there is but one."""
    if profile >= SLOT_ARGUMENT:
        return bytes((CommandId.START, program))
    return bytes((CommandId.START_REPL if program == PROGRAMS["repl"] else CommandId.START,))


def write_meta(size: int) -> bytes:
    """0 begins a transfer into the chosen slot and empties it; the true size ends it."""
    return struct.pack("<BI", CommandId.WRITE_META, size)


def write_ram(offset: int, data: bytes) -> bytes:
    """A part of the program."""
    return struct.pack("<BI", CommandId.WRITE_RAM, offset) + data


def write_stdin(data: bytes) -> bytes:
    """For the program's input; refused with BUSY unless all of it fits."""
    return bytes((CommandId.WRITE_STDIN,)) + data
