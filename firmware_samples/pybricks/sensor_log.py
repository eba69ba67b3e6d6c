"""Measure distance, light and heading, and print them as lines that the lab plots.

The ultrasonic sensor is in port E, the colour sensor in port C; a sensor that is not there is left out.
Ask for a number of seconds by typing it before the first line comes; without one it is twenty.
"""

from pybricks.hubs import PrimeHub
from pybricks.parameters import Port
from pybricks.pupdevices import ColorSensor, UltrasonicSensor
from pybricks.tools import StopWatch, wait
from uselect import POLLIN, poll
from usys import stdin

EVERY_MS = 50
SECONDS = 20


def plugged(kind, port):
    """The sensor, or None if nothing of its kind is plugged in."""
    try:
        return kind(port)
    except OSError:
        return None


def asked_seconds():
    """What somebody typed within half a second."""
    keyboard = poll()
    keyboard.register(stdin, POLLIN)
    if not keyboard.poll(500):
        return SECONDS
    typed = stdin.readline().strip()
    return int(typed) if typed.isdigit() else SECONDS


hub = PrimeHub()
ahead = plugged(UltrasonicSensor, Port.E)
floor = plugged(ColorSensor, Port.C)
end_ms = asked_seconds() * 1000
watch = StopWatch()
lines = 0

while watch.time() < end_ms:
    told = [f"heading:{round(hub.imu.heading())}"]
    if ahead:
        told.append(f"distance:{ahead.distance()}")
    if floor:
        told.append(f"light:{floor.reflection()}")
    print(",".join(told))
    lines += 1
    wait(max(0, lines * EVERY_MS - watch.time()))

print("battery", hub.battery.voltage(), "mV,", lines, "lines")
