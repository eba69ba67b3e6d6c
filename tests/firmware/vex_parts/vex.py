# VEXcode's module as far as the samples use it: a mat with a wavy line, a wall, and a robot with two wheels.

import math

FORWARD, REVERSE = 1, -1
MM, MSEC, PERCENT, DEGREES = "mm", "msec", "percent", "degrees"

WALL_MM = 1500
TRACK_MM = 280
WHEEL_MM = 102
RPM_MAX = 200
TRACKERS_AHEAD_MM = 80
TRACKERS_APART_MM = 40
PRESSED_AFTER = 20


def line_at(place):
    return 40 * math.sin(place / 300)


class Robot:
    def __init__(self):
        self.x, self.y, self.heading = 0.0, -12.0, 0.0
        self.speeds = {}
        self.looks = 0

    def reflectivity(self, aside):
        x = self.x + TRACKERS_AHEAD_MM * math.cos(self.heading) - aside * math.sin(self.heading)
        y = self.y + TRACKERS_AHEAD_MM * math.sin(self.heading) + aside * math.cos(self.heading)
        return int(max(5, min(95, 4 * abs(y - line_at(x)))))

    def advance(self, ms):
        left, right = self.speeds.get(Ports.PORT1, 0), -self.speeds.get(Ports.PORT10, 0)
        for _ in range(ms):
            ways = [each / 100 * RPM_MAX / 60 * math.pi * WHEEL_MM * 0.001 for each in (left, right)]
            self.heading += (ways[1] - ways[0]) / TRACK_MM
            self.x += sum(ways) / 2 * math.cos(self.heading)
            self.y += sum(ways) / 2 * math.sin(self.heading)


robot = Robot()


class Ports:
    PORT1, PORT5, PORT10 = 0, 4, 9


class ThreeWire:
    a, b, c = "a", "b", "c"


class Battery:
    def capacity(self):
        return 77


class Brain:
    three_wire_port, battery = ThreeWire(), Battery()


class Motor:
    def __init__(self, port):
        self.port = port

    def spin(self, direction, velocity, units):
        assert direction in (FORWARD, REVERSE)
        assert units == PERCENT
        assert -100 <= velocity <= 100
        robot.speeds[self.port] = direction * velocity

    def stop(self):
        robot.speeds[self.port] = 0

    def position(self, units):
        assert units == DEGREES
        return 90


class Line:
    def __init__(self, port):
        self.aside = {ThreeWire.a: 1, ThreeWire.b: -1}[port] * TRACKERS_APART_MM / 2

    def reflectivity(self, units):
        assert units == PERCENT
        return robot.reflectivity(self.aside)


class Distance:
    def __init__(self, port):
        assert port == Ports.PORT5

    def object_distance(self, units):
        assert units == MM
        return int(WALL_MM - robot.x)


class Bumper:
    def __init__(self, port):
        assert port == ThreeWire.c

    def pressing(self):
        robot.looks += 1
        return robot.looks > PRESSED_AFTER


def wait(time, units):
    assert units == MSEC
    robot.advance(time)
