"""An ESP32's pins for the Unix build of MicroPython: levels come as UDP datagrams "<gpio> <level>".

Each is answered with the `ticks_us` at which the pin changed: the truth that the gate's time is held against.
What a program writes to a pin is a line of the file `pins.txt`.
"""

import _thread
import os
import socket
from time import ticks_us

import micropython
from board import CHIP_ID, PINS_PORT

_pins = {}


def unique_id():
    return CHIP_ID


def reset():
    """The power goes off in the middle of everything; whoever plays the chip turns it on again."""
    os.system("kill -9 $PPID")


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, gpio, mode, pull=None):
        self._gpio = gpio
        self._level = 1
        self._handler = None
        _pins[gpio] = self

    def value(self, *level):
        if level:
            self._level = level[0]
            with open("pins.txt", "a") as told:
                told.write(f"{self._gpio} {self._level}\n")
        return self._level

    def irq(self, handler, trigger):
        self._handler = handler

    def change(self, level):
        changed = level != self._level
        self._level = level
        if changed and self._handler:
            try:  # noqa: SIM105 (MicroPython has no contextlib)
                micropython.schedule(self._handler, self)
            except RuntimeError:
                pass  # the queue is full: a chip drops the interrupt, too


def _listen():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind(socket.getaddrinfo("127.0.0.1", PINS_PORT)[0][-1])
    while True:
        data, sender = line.recvfrom(64)
        gpio, level = data.split()
        ticks = ticks_us()
        _pins[int(gpio)].change(int(level))
        line.sendto(str(ticks).encode(), sender)


_thread.start_new_thread(_listen, ())
