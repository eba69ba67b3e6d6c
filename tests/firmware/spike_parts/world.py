# A mat with a wavy line, a wall at its end, and a robot with two wheels and a sensor in front.

import math

WALL_MM = 1500
TRACK_MM = 112
WHEEL_MM = 56
SENSOR_AHEAD_MM = 60
PRESSED_AFTER = 20


def line_at(place):
    return 40 * math.sin(place / 300)


class Robot:
    def __init__(self):
        self.x, self.y, self.heading = 0.0, -12.0, 0.0
        self.steering = self.velocity = self.looks = 0

    def reflection(self):
        ahead = self.y + SENSOR_AHEAD_MM * math.sin(self.heading)
        return max(0, min(100, int(50 - 2 * (ahead - line_at(self.x + SENSOR_AHEAD_MM)))))

    def distance(self):
        return int(WALL_MM - self.x)

    def is_pressed(self):
        self.looks += 1
        return self.looks > PRESSED_AFTER

    def advance(self, ms):
        for _ in range(ms):
            speed = self.velocity / 360 * math.pi * WHEEL_MM
            self.heading += self.steering / 100 * 2 * speed / TRACK_MM * 0.001
            self.x += speed * math.cos(self.heading) * 0.001
            self.y += speed * math.sin(self.heading) * 0.001


robot = Robot()
