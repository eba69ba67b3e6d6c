"""Stand-ins for motors and sensors of the Powered Up family."""

import time

import stage
from pybricks.parameters import Color, Direction, Stop


class Motor:
    """Reaches any speed at once; mounted so that its positive direction is forward."""

    def __init__(self, port, positive_direction=Direction.CLOCKWISE, gears=None, reset_angle=True):
        self._shaft = stage.shaft(port)
        self._zero = 0.0

    def run(self, speed):
        self._shaft.turn(speed)

    def dc(self, duty):
        self.run(duty * 10)

    def stop(self):
        self.run(0)

    brake = hold = stop

    def run_time(self, speed, time_ms, then=Stop.HOLD, wait=True):
        self.run(speed)
        time.sleep_ms(time_ms)
        self.stop()

    def run_angle(self, speed, rotation_angle, then=Stop.HOLD, wait=True):
        signed = speed if rotation_angle >= 0 else -speed
        self.run_time(signed, int(abs(rotation_angle) * 1000 / max(1, abs(speed))))

    def run_target(self, speed, target_angle, then=Stop.HOLD, wait=True):
        self.run_angle(abs(speed), target_angle - self.angle())

    def angle(self):
        return int(self._shaft.angle() - self._zero)

    def speed(self, window=100):
        return int(self._shaft.speed())

    def load(self):
        return 0

    def stalled(self):
        return False

    def reset_angle(self, angle=0):
        self._zero += self.angle() - angle


class ColorSensor:
    """Looks at the floor."""

    def __init__(self, port):
        self._port = port

    def reflection(self):
        return stage.reflection()

    def ambient(self):
        return 12

    def color(self, surface=True):
        return Color.BLACK if stage.reflection() < 30 else Color.WHITE


class UltrasonicSensor:
    """Looks ahead."""

    def __init__(self, port):
        self._port = port

    def distance(self):
        return stage.distance_mm()

    def presence(self):
        return False


class ForceSensor:
    """Is pressed when the robot stands at the wall."""

    def __init__(self, port):
        self._port = port

    def force(self):
        return 10.0 if self.pressed() else 0.0

    def pressed(self, force=3):
        return stage.distance_mm() <= 40

    def touched(self):
        return self.pressed()
