"""Follow the edge of a black line; say how it goes ten times a second.

The left motor is in port A, the right one in port B, the colour sensor in port C looks down in front.
Put the robot on the left edge of the line. A typed number is the new speed, an empty line stops it.
"""

from pybricks.hubs import PrimeHub
from pybricks.parameters import Color, Direction, Port
from pybricks.pupdevices import ColorSensor, Motor
from pybricks.tools import StopWatch, wait
from uselect import POLLIN, poll
from usys import stdin

BLACK, WHITE = 9, 91
"""What your own floor reflects: let the program print it and write it here."""
GAIN = 2.2
TELL_MS = 100

hub = PrimeHub()
left = Motor(Port.A, Direction.COUNTERCLOCKWISE)
right = Motor(Port.B)
eye = ColorSensor(Port.C)
watch = StopWatch()
keyboard = poll()
keyboard.register(stdin, POLLIN)

speed = 180
edge = (BLACK + WHITE) / 2
told_ms = 0
hub.light.on(Color.GREEN)

while speed:
    light = eye.reflection()
    turn = GAIN * (light - edge)
    left.run(speed - turn)
    right.run(speed + turn)
    if watch.time() - told_ms >= TELL_MS:
        told_ms = watch.time()
        print(f"light:{light},turn:{round(turn)}")
    if keyboard.poll(0):
        typed = stdin.readline().strip()
        speed = int(typed) if typed.isdigit() else 0
    wait(10)

left.stop()
right.stop()
print("stopped after", watch.time() // 1000, "s")
