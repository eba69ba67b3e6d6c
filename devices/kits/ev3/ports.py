"""What may be plugged into an EV3, and what its numbers mean."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from devices.protocols.ev3_bytecode import INPUTS, OUTPUTS
from devices.protocols.plotter import Sample

NAMES = ("1", "2", "3", "4", "a", "b", "c", "d")
NOT_READY, EMPTY, WRONG = 125, 126, 127
LARGE_MOTOR, MEDIUM_MOTOR = 7, 8


@dataclass(frozen=True)
class Quantity:
    """What a sensor measures in one of its modes."""

    key: str
    name: str
    unit: str


@dataclass(frozen=True)
class Plugged:
    """Type and mode as the brick tells them."""

    type: int = EMPTY
    mode: int = 0

    @property
    def is_there(self) -> bool:
        """Whether something answers there."""
        return self.type not in (0, NOT_READY, EMPTY, WRONG)

    @property
    def is_motor(self) -> bool:
        """Whether its angle can be read."""
        return self.type in (LARGE_MOTOR, MEDIUM_MOTOR)

    @property
    def raw_per_si(self) -> int:
        """The ultrasonic sensor counts millimetres."""
        return 10 if (self.type, self.mode) == (30, 0) else 1

    def told(self) -> str:
        """The value of `ports/1` and so on."""
        device = DEVICES.get(self.type, f"type-{self.type}") if self.is_there else None
        if self.type == WRONG:
            device = "wrong-port"
        return json.dumps({"device": device, "mode": self.mode} if self.is_there else {"device": device})


DEVICES: Mapping[int, str] = {
    1: "nxt-touch",
    2: "nxt-light",
    3: "nxt-sound",
    4: "nxt-color",
    5: "nxt-ultrasonic",
    6: "nxt-temperature",
    LARGE_MOTOR: "large-motor",
    MEDIUM_MOTOR: "medium-motor",
    16: "touch",
    29: "color",
    30: "ultrasonic",
    32: "gyro",
    33: "infrared",
    99: "energy-meter",
}

_TOUCH = Quantity("pressed", "Pressed", "")
_REFLECTION = Quantity("reflection", "Reflected light", "%")
_AMBIENT = Quantity("ambient", "Ambient light", "%")
_COLOR = Quantity("color", "Color", "#")
_CM = Quantity("distance", "Distance", "cm")
_INCH = Quantity("distance-inch", "Distance", "in")

QUANTITIES: Mapping[tuple[int, int], Quantity] = {
    (1, 0): _TOUCH,
    (2, 0): _REFLECTION,
    (2, 1): _AMBIENT,
    (3, 0): Quantity("loudness", "Loudness", "%"),
    (3, 1): Quantity("loudness-adjusted", "Loudness", "%"),
    (4, 0): _REFLECTION,
    (4, 1): _AMBIENT,
    (4, 2): _COLOR,
    (5, 0): _CM,
    (5, 1): _INCH,
    (6, 0): Quantity("temperature", "Temperature", "°C"),
    (6, 1): Quantity("temperature-fahrenheit", "Temperature", "°F"),
    (16, 0): _TOUCH,
    (16, 1): Quantity("bumps", "Bumps", "#"),
    (29, 0): _REFLECTION,
    (29, 1): _AMBIENT,
    (29, 2): _COLOR,
    (30, 0): _CM,
    (30, 1): _INCH,
    (32, 0): Quantity("angle", "Angle", "°"),
    (32, 1): Quantity("turn-rate", "Turn rate", "°/s"),
    (33, 0): Quantity("proximity", "Proximity", "%"),
}


def parse_ports(answer: bytes) -> tuple[Plugged, ...]:
    """The eight ports from the answer to `look_around`."""
    return tuple(Plugged(answer[2 * place], answer[2 * place + 1]) for place in range(len(NAMES)))


def readable(ports: tuple[Plugged, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Inputs and outputs that are worth asking."""
    inputs = tuple(port for port in INPUTS if ports[port].is_there)
    return inputs, tuple(port for port in OUTPUTS if ports[len(INPUTS) + port].is_motor)


def sensor_sample(port: int, plugged: Plugged, value: float) -> Sample | None:
    """A sensor's value; None while it has none."""
    if not math.isfinite(value):
        return None
    quantity = QUANTITIES.get((plugged.type, plugged.mode), Quantity(f"mode-{plugged.mode}", "Value", ""))
    key = f"sensor-{NAMES[port]}-{quantity.key}"
    return Sample(key, f"{quantity.name} {NAMES[port]}", round(value, 4), quantity.unit)


def motor_sample(port: int, angle: int) -> Sample:
    """A motor's angle."""
    name = NAMES[len(INPUTS) + port]
    return Sample(f"motor-{name}-angle", f"Motor angle {name.upper()}", float(angle), "°")
