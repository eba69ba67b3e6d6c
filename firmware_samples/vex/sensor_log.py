# Print what the sensors measure ten times a second: the lab plots it and keeps it. A bumper ends it.
# VEX V5 or EXP: motor 1, line tracker A, bumper C, distance sensor 5.

from vex import DEGREES, MM, MSEC, PERCENT, Brain, Bumper, Distance, Line, Motor, Ports, wait

brain = Brain()
wheel = Motor(Ports.PORT1)
line = Line(brain.three_wire_port.a)
bumper = Bumper(brain.three_wire_port.c)
ahead = Distance(Ports.PORT5)

EVERY_MS = 100
LINES_MAX = 600


def measure():
    return (
        ("line", line.reflectivity(PERCENT)),
        ("distance", ahead.object_distance(MM)),
        ("wheel", wheel.position(DEGREES)),
        ("battery", brain.battery.capacity()),
    )


def main():
    for _ in range(LINES_MAX):
        if bumper.pressing():
            break
        print(",".join(f"{name}:{value}" for name, value in measure()))
        wait(EVERY_MS, MSEC)
    print("The log has ended.")


main()
