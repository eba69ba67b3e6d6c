"""The board's own light, which answers "which one is it?"; its pin is taken only then, as a program may use it."""

import time

from machine import Pin

CHANGES, CHANGE_MS = 6, 150


class Blinker:
    def __init__(self, gpio):
        self._gpio = gpio
        self._pin = None
        self._left = self._at = 0

    def start(self):
        """Blink; in the end the light is off."""
        if self._gpio is not None:
            self._pin = Pin(self._gpio, Pin.OUT)
            self._left, self._at = CHANGES, time.ticks_ms()

    def tick(self, now):
        if self._left and time.ticks_diff(now, self._at) >= 0:
            self._left -= 1
            self._pin.value(self._left % 2)
            self._at = time.ticks_add(self._at, CHANGE_MS)
