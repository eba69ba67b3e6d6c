from hub import port
from world import robot


def reflection(where):
    assert where == port.C
    return robot.reflection()
