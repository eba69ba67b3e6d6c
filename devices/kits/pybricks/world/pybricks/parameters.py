"""Stand-ins for the names of ports, directions, colours and buttons."""


class _Name:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


class Port:
    A, B, C, D, E, F = (_Name("Port." + letter) for letter in "ABCDEF")


class Direction:
    CLOCKWISE = _Name("Direction.CLOCKWISE")
    COUNTERCLOCKWISE = _Name("Direction.COUNTERCLOCKWISE")


class Stop:
    COAST, BRAKE, HOLD, NONE, COAST_SMART = (
        _Name("Stop." + name) for name in ("COAST", "BRAKE", "HOLD", "NONE", "COAST_SMART")
    )


class Color:
    NONE, BLACK, WHITE, GRAY, RED, ORANGE, YELLOW, GREEN, CYAN, BLUE, VIOLET, MAGENTA = (
        _Name("Color." + name)
        for name in (
            "NONE", "BLACK", "WHITE", "GRAY", "RED", "ORANGE",
            "YELLOW", "GREEN", "CYAN", "BLUE", "VIOLET", "MAGENTA",
        )
    )  # fmt: skip


class Button:
    LEFT, RIGHT, CENTER, BLUETOOTH = (
        _Name("Button." + name) for name in ("LEFT", "RIGHT", "CENTER", "BLUETOOTH")
    )


class Axis:
    X, Y, Z = (_Name("Axis." + name) for name in "XYZ")
