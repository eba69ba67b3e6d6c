"""Stand-in for a robot with two wheels."""

import math
import time

import stage


class DriveBase:
    """Drives, turns and knows how far."""

    def __init__(self, left_motor, right_motor, wheel_diameter, axle_track):
        self._left, self._right = left_motor, right_motor
        self._degrees_mm = 360 / (math.pi * wheel_diameter)
        self._track = axle_track
        self._speed, self._rate = 200, 90

    def settings(self, straight_speed=200, straight_acceleration=0, turn_rate=90, turn_acceleration=0):
        self._speed, self._rate = straight_speed, turn_rate

    def drive(self, speed, turn_rate):
        aside = math.pi * self._track * turn_rate / 360
        self._left.run((speed + aside) * self._degrees_mm)
        self._right.run((speed - aside) * self._degrees_mm)

    def stop(self):
        self.drive(0, 0)

    brake = stop

    def straight(self, distance, then=None, wait=True):
        self._move(self._speed if distance >= 0 else -self._speed, 0, abs(distance) / self._speed)

    def turn(self, angle, then=None, wait=True):
        self._move(0, self._rate if angle >= 0 else -self._rate, abs(angle) / self._rate)

    def distance(self):
        return int(stage.travelled_mm())

    def angle(self):
        return int(stage.heading())

    def reset(self):
        self._left.reset_angle(0)
        self._right.reset_angle(0)

    def _move(self, speed, turn_rate, seconds):
        self.drive(speed, turn_rate)
        time.sleep_ms(int(seconds * 1000))
        self.stop()
