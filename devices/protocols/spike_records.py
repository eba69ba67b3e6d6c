"""What a SPIKE hub tells of its devices several times a second: a row of records without lengths.

Source: LEGO SPIKE Prime protocol documentation, "DeviceNotification". An unknown record ends the row.
"""

import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

PORTS, ESSENTIAL_PORTS = "abcdef", "ab"
COLORS = (
    "black",
    "magenta",
    "purple",
    "blue",
    "azure",
    "turquoise",
    "green",
    "yellow",
    "orange",
    "red",
    "white",
)
MOTORS = {0x30: "medium-motor", 0x31: "large-motor", 0x41: "small-motor"}
NO_OBJECT = -1


class RecordError(ValueError):
    """A record cannot be true: the line has lied."""


@dataclass(frozen=True)
class Battery:
    percent: int


@dataclass(frozen=True)
class Imu:
    """Attitude in 0.1 degree, acceleration in 0.001 g, rotation in 0.1 degree a second.

    `face_up` and `yaw_face`: 0 top, 1 front, 2 right, 3 bottom, 4 back, 5 left.
    """

    face_up: int
    yaw_face: int
    yaw: int
    pitch: int
    roll: int
    acceleration_x: int
    acceleration_y: int
    acceleration_z: int
    rotation_x: int
    rotation_y: int
    rotation_z: int


@dataclass(frozen=True)
class Display:
    """Brightness of the 25 lamps on the hub."""

    pixels: bytes


@dataclass(frozen=True)
class Motor:
    """`absolute` -180..179 and `position` in degrees, `power` in 0.01 per cent, `speed` in per cent."""

    port: int
    kind: int
    absolute: int
    power: int
    speed: int
    position: int


@dataclass(frozen=True)
class Force:
    """`force` 0..100."""

    port: int
    force: int
    pressed: int


@dataclass(frozen=True)
class Color:
    """`color` is a place in COLORS or -1; raw parts 0..1023."""

    port: int
    color: int
    red: int
    green: int
    blue: int


@dataclass(frozen=True)
class Distance:
    """-1 if there is nothing in sight."""

    port: int
    mm: int


@dataclass(frozen=True)
class Matrix:
    """Nine lamps, each brightness * 16 + colour."""

    port: int
    pixels: bytes


Record = Battery | Imu | Display | Motor | Force | Color | Distance | Matrix


class _Shape(NamedTuple):
    id: int
    record: type[Record]
    wire: struct.Struct
    is_true: Callable[[Any], bool]


_SHAPES = (
    _Shape(0x00, Battery, struct.Struct("<B"), lambda battery: battery.percent <= 100),
    _Shape(0x01, Imu, struct.Struct("<BB9h"), lambda imu: max(imu.face_up, imu.yaw_face) <= 5),
    _Shape(0x02, Display, struct.Struct("<25s"), lambda _: True),
    _Shape(0x0A, Motor, struct.Struct("<BBhhbi"), lambda motor: abs(motor.power) <= 10_000),
    _Shape(0x0B, Force, struct.Struct("<BBB"), lambda force: force.force <= 100 and force.pressed <= 1),
    _Shape(0x0C, Color, struct.Struct("<BbHHH"), lambda color: -1 <= color.color < len(COLORS)),
    _Shape(0x0D, Distance, struct.Struct("<Bh"), lambda distance: distance.mm >= NO_OBJECT),
    _Shape(0x0E, Matrix, struct.Struct("<B9s"), lambda _: True),
)
_BY_ID = {shape.id: shape for shape in _SHAPES}
_BY_RECORD = {shape.record: shape for shape in _SHAPES}


def parse_records(data: bytes) -> tuple[Record, ...]:
    """The records before the first unknown one. Raises RecordError if one is torn or cannot be true."""
    records: list[Record] = []
    at = 0
    while at < len(data) and (shape := _BY_ID.get(data[at])) is not None:
        at += 1
        if len(data) - at < shape.wire.size:
            raise RecordError("torn")
        record = shape.record(*shape.wire.unpack_from(data, at))
        if getattr(record, "port", 0) >= len(PORTS) or not shape.is_true(record):
            raise RecordError("untrue")
        records.append(record)
        at += shape.wire.size
    return tuple(records)


def format_records(records: tuple[Record, ...]) -> bytes:
    """The row as a hub sends it."""
    return b"".join(
        bytes((shape.id,)) + shape.wire.pack(*astuple(record))
        for record, shape in ((record, _BY_RECORD[type(record)]) for record in records)
    )
