# Print what the sensors measure ten times a second: the lab plots it and keeps it.
# SPIKE Prime, SPIKE App 3: color sensor C, distance sensor D, force sensor E. The left button ends it.

import color_sensor
import distance_sensor
import force_sensor
import runloop
from hub import button, motion_sensor, port

LIGHT, DISTANCE, FORCE = port.C, port.D, port.E
EVERY_MS = 100
LINES_MAX = 600


def measure():
    yaw = motion_sensor.tilt_angles()[0] / 10  # the hub tells tenths of a degree
    return (
        ("light", color_sensor.reflection(LIGHT)),
        ("distance", distance_sensor.distance(DISTANCE)),
        ("force", force_sensor.force(FORCE)),
        ("yaw", yaw),
    )


async def main():
    for _ in range(LINES_MAX):
        if button.pressed(button.LEFT):
            break
        print(",".join(f"{name}:{value}" for name, value in measure()))
        await runloop.sleep_ms(EVERY_MS)
    print("The log has ended.")


runloop.run(main())
