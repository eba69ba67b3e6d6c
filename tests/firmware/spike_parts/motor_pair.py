from hub import port
from world import robot

PAIR_1 = 0
_pairs = {}


def pair(which, left, right):
    _pairs[which] = (left, right)


def move(which, steering, *, velocity=360):
    assert _pairs[which] == (port.A, port.B)
    assert -100 <= steering <= 100
    robot.steering, robot.velocity = steering, velocity


def stop(which):
    assert which in _pairs
    robot.velocity = 0
