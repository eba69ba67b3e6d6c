"""The one robot of a virtual hub: its shafts turn with time, and a line on the floor bends below it."""

import math
import time

LINE_MM = 30
"""Half the way from white to black across the edge of the line."""

_shafts = {}
_order = []


class Shaft:
    """Turns at its speed, in degrees and degrees a second."""

    def __init__(self):
        self._speed = 0
        self._angle = 0.0
        self._since_ms = time.ticks_ms()

    def angle(self):
        """Where it is now."""
        return self._angle + self._speed * time.ticks_diff(time.ticks_ms(), self._since_ms) / 1000

    def speed(self):
        """How fast it turns."""
        return self._speed

    def turn(self, speed):
        """Turn at another speed from now on."""
        self._angle = self.angle()
        self._since_ms = time.ticks_ms()
        self._speed = speed


def shaft(port):
    """What is plugged in at `port`; the first two that are asked for drive the robot."""
    name = str(port)
    if name not in _shafts:
        _shafts[name] = Shaft()
        _order.append(_shafts[name])
    return _shafts[name]


def heading():
    """Degrees to the right since the start, from the first two shafts."""
    if len(_order) < 2:
        return 0.0
    return (_order[0].angle() - _order[1].angle()) / 4


def travelled_mm():
    """How far the robot has come."""
    if not _order:
        return 0.0
    wheels = _order[:2]
    return sum(wheel.angle() for wheel in wheels) / len(wheels) / 360 * 56 * math.pi


def reflection():
    """Per cent of light from the floor: the edge of a line that winds to both sides."""
    aside_mm = heading() - 20 * math.sin(travelled_mm() / 200)
    return max(4, min(96, round(50 + 46 * aside_mm / LINE_MM)))


def distance_mm():
    """A wall that stands two metres ahead."""
    return max(40, min(2000, round(2000 - travelled_mm())))
