"""Light, the chip's own temperature and a button, ten times a second, as the lab plots them.

Wiring: a photoresistor with 10 kOhm as a divider at GPIO 34; the button BOOT (GPIO 0) is on the board.
"""

import time

from machine import ADC, Pin

try:
    from esp32 import mcu_temperature as celsius
except ImportError:
    celsius = None

PERIOD_MS = 100


def main():
    light = ADC(Pin(34))
    button = Pin(0, Pin.IN, Pin.PULL_UP)
    due = time.ticks_ms()
    while True:
        told = ["light:%d" % light.read_u16(), "button:%d" % (1 - button.value())]
        if celsius:
            told.append("celsius:%d" % celsius())
        print(",".join(told))
        due = time.ticks_add(due, PERIOD_MS)
        time.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))


main()
