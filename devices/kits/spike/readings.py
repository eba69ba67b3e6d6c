"""What the records of a hub mean: samples with units, and what is plugged in where."""

import json
from collections.abc import Iterable

from devices.protocols.plotter import Sample
from devices.protocols.spike_records import (
    COLORS,
    MOTORS,
    NO_OBJECT,
    PORTS,
    Color,
    Distance,
    Force,
    Imu,
    Matrix,
    Motor,
    Record,
)

NOTHING = json.dumps({"device": None})


def samples_of(records: Iterable[Record]) -> tuple[Sample, ...]:
    """Every number of one moment."""
    return tuple(sample for record in records for sample in _samples(record))


def ports_of(records: Iterable[Record], names: str = PORTS) -> dict[str, str]:
    """The value of `ports/a` and so on, for each port of a hub that has these."""
    told = dict.fromkeys(names, NOTHING)
    for record in records:
        match record:
            case Motor(port=port, kind=kind):
                told[PORTS[port]] = json.dumps({"device": MOTORS.get(kind, f"motor-{kind}")})
            case Force(port=port):
                told[PORTS[port]] = json.dumps({"device": "force-sensor"})
            case Color(port=port, color=color):
                seen = COLORS[color] if color >= 0 else None
                told[PORTS[port]] = json.dumps({"device": "color-sensor", "color": seen})
            case Distance(port=port):
                told[PORTS[port]] = json.dumps({"device": "distance-sensor"})
            case Matrix(port=port):
                told[PORTS[port]] = json.dumps({"device": "color-matrix"})
            case _:
                pass
    return told


def _samples(record: Record) -> Iterable[Sample]:
    match record:
        case Motor():
            yield _sample("motor", record.port, "angle", float(record.position), "°")
            yield _sample("motor", record.port, "absolute", float(record.absolute), "°")
            yield _sample("motor", record.port, "speed", float(record.speed), "%")
            yield _sample("motor", record.port, "power", record.power / 100, "%")
        case Force():
            yield _sample("force", record.port, "force", float(record.force), "%")
            yield _sample("force", record.port, "pressed", float(record.pressed), "")
        case Color():
            yield _sample("color", record.port, "red", float(record.red), "")
            yield _sample("color", record.port, "green", float(record.green), "")
            yield _sample("color", record.port, "blue", float(record.blue), "")
        case Distance(mm=mm) if mm != NO_OBJECT:
            yield _sample("distance", record.port, "distance", float(mm), "mm")
        case Imu():
            yield from _attitude(record)
        case _:
            pass


def _attitude(imu: Imu) -> Iterable[Sample]:
    for name in ("yaw", "pitch", "roll"):
        yield Sample(f"imu-{name}", f"IMU {name}", getattr(imu, name) / 10, "°")
    for axis in "xyz":
        acceleration = getattr(imu, f"acceleration_{axis}") / 1000
        yield Sample(f"imu-acceleration-{axis}", f"IMU acceleration {axis}", acceleration, "g")
    for axis in "xyz":
        rotation = getattr(imu, f"rotation_{axis}") / 10
        yield Sample(f"imu-rotation-{axis}", f"IMU rotation {axis}", rotation, "°/s")


def _sample(kind: str, port: int, what: str, value: float, unit: str) -> Sample:
    name = PORTS[port]
    if what == kind:
        return Sample(f"{kind}-{name}", f"{kind.capitalize()} {name.upper()}", value, unit)
    return Sample(f"{kind}-{name}-{what}", f"{kind.capitalize()} {name.upper()} {what}", value, unit)
