"""Follows a black line with two reflectance sensors and two motors; tells what it sees five times a second.

Wiring: sensors' analogue outputs at GPIO 34 (left) and 35 (right); a driver such as L298N or TB6612 with the
left motor's PWM at 25 and direction at 26, the right motor's at 27 and 14; the button BOOT (GPIO 0) starts it.
"""

import time

from machine import ADC, PWM, Pin

SPEED = 0.45
GAIN = 0.9
TELL_MS = 200
STEP_MS = 5


class Motor:
    """Speed from -1 to 1."""

    def __init__(self, pwm, direction):
        self._pwm = PWM(Pin(pwm), freq=1000, duty_u16=0)
        self._direction = Pin(direction, Pin.OUT, value=0)

    def run(self, speed):
        speed = max(-1.0, min(1.0, speed))
        self._direction.value(1 if speed < 0 else 0)
        self._pwm.duty_u16(int(abs(speed) * 65535))


def read(sensor):
    """0 over white, 1 over black."""
    return sensor.read_u16() / 65535


def follow(left_eye, right_eye, left, right):
    told_at = time.ticks_ms()
    while True:
        l, r = read(left_eye), read(right_eye)
        turn = GAIN * (r - l)  # the right eye sees the line: turn right
        left.run(SPEED + turn)
        right.run(SPEED - turn)
        now = time.ticks_ms()
        if time.ticks_diff(now, told_at) >= TELL_MS:
            told_at = now
            print("left:%.3f,right:%.3f,turn:%.3f" % (l, r, turn))
        time.sleep_ms(STEP_MS)


def main():
    motors = Motor(25, 26), Motor(27, 14)
    button = Pin(0, Pin.IN, Pin.PULL_UP)
    print("press BOOT to start")
    while button.value():
        time.sleep_ms(20)
    try:
        follow(ADC(Pin(34)), ADC(Pin(35)), *motors)
    finally:
        for motor in motors:
            motor.run(0)


main()
