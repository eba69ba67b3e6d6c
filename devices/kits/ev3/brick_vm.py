"""What byte codes reach on an emulated EV3: ports, motors, battery, programs."""

import math
from collections.abc import Callable

from devices.kits.ev3.ports import EMPTY, Plugged
from devices.protocols.ev3_bytecode import OUTPUT_AS_INPUT, image_bytes


class ByteCodeError(Exception):
    """The brick answers such a command with an error."""


class BrickMachine:
    """Ports, motors, battery and the program that runs; `values` gives a sensor's SI value by input."""

    def __init__(
        self, read: Callable[[str], bytes | None], values: Callable[[int], float], free: Callable[[], int]
    ) -> None:
        self.name = "EV3"
        self.address = "00165340e2ab"
        self.firmware = "V1.09H"
        self.volts = 7.6
        self.percent = 72
        self.running: str | None = None
        self.plugged = [Plugged(16), Plugged(29), Plugged(30), Plugged()]
        self.motors = [Plugged(7), Plugged(7), Plugged(8), Plugged()]
        self.angles = [0.0, 0.0, 0.0, 0.0]
        self.powers = [0, 0, 0, 0]
        self.powered = [False, False, False, False]
        self.tones: list[tuple[int, int]] = []
        self.read = read
        self._values = values
        self._free = free

    def tick(self, passed_us: int) -> None:
        """Motors turn."""
        for port, (power, on) in enumerate(zip(self.powers, self.powered, strict=True)):
            if on:
                self.angles[port] += power * 9.0 * passed_us / 1e6

    def port(self, number: int) -> Plugged:
        """What is at an input, or at an output when it is asked as an input."""
        if OUTPUT_AS_INPUT <= number < OUTPUT_AS_INPUT + 4:
            return self.motors[number - OUTPUT_AS_INPUT]
        return self.plugged[number] if 0 <= number < 4 else Plugged(EMPTY)

    def value(self, number: int) -> float:
        """SI value at a port."""
        if OUTPUT_AS_INPUT <= number < OUTPUT_AS_INPUT + 4:
            return self.angles[number - OUTPUT_AS_INPUT]
        return self._values(number) if self.port(number).is_there else math.nan

    def start(self, path: str) -> None:
        """Run a program. Raises ByteCodeError if it is no program."""
        data = self.read(path)
        if data is None or image_bytes(data) is None:
            raise ByteCodeError
        self.running = path

    def stop(self) -> None:
        """The program ends, and its motors with it."""
        self.running = None
        self.powered = [False] * 4

    def free_kb(self) -> int:
        """Of the user's memory."""
        return self._free() // 1024
