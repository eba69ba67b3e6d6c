"""The samples for boards with MicroPython: compiled by its own compiler, and run on it with played pins."""

import subprocess
from pathlib import Path

import pytest

from devices.kits.micropython.source import prepare
from devices.protocols.plotter import parse_plotter
from devices.uploads import Program
from tests.firmware.esp32 import micropython

SAMPLES = Path(__file__).parents[2] / "firmware_samples/esp32"
PROGRAMS = sorted(path for path in SAMPLES.rglob("*.py") if path.name != "config.py")
MACHINE = """
OVER_LINE = {34: 13107, 35: 39321}
duties = {}

class Pin:
    IN, OUT, PULL_UP = 0, 1, 2
    def __init__(self, gpio, *more, value=0):
        self.gpio = gpio
    def value(self, level=None):
        return 0

class ADC:
    def __init__(self, pin):
        self.gpio = pin.gpio
    def read_u16(self):
        return OVER_LINE[self.gpio]

class PWM:
    def __init__(self, pin, freq, duty_u16):
        self.gpio = pin.gpio
    def duty_u16(self, duty):
        duties[self.gpio] = duty
"""
CLOCK = """
import time, sys
class Stop(Exception):
    pass
class Clock:
    now = 0
    def ticks_ms(self):
        return self.now
    def ticks_add(self, a, b):
        return a + b
    def ticks_diff(self, a, b):
        return a - b
    def sleep_ms(self, ms):
        self.now += ms
        if self.now > 1000:
            raise Stop
sys.modules["time"] = Clock()
import machine
try:
    exec(open(%r).read())
except Stop:
    print("duties", sorted(machine.duties.items()))
"""


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_a_sample_compiles(path: Path) -> None:
    assert prepare(Program(path.name, path.read_bytes())).checked


def play(name: str, folder: Path) -> list[str]:
    """What a sample prints in its first second."""
    (folder / "machine.py").write_text(MACHINE)
    script = CLOCK % str(SAMPLES / f"{name}.py")
    done = subprocess.run(
        [micropython(), "-c", script],
        env={"MICROPYPATH": f"{folder}:.frozen"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


@pytest.mark.peer
def test_the_follower_turns_to_the_line_and_stops_its_motors(tmp_path: Path) -> None:
    *said, duties = play("line_follower", tmp_path)
    assert said[0] == "press BOOT to start"
    assert said[1:] == ["left:0.200,right:0.600,turn:0.360"] * 5
    assert duties == "duties [(25, 0), (27, 0)]"


@pytest.mark.peer
def test_the_log_is_plotted_ten_times_a_second(tmp_path: Path) -> None:
    *said, _ = play("sensor_log", tmp_path)
    assert said == ["light:13107,button:1"] * 11
    samples = parse_plotter(said[0])
    assert samples is not None
    assert [(each.key, each.value) for each in samples] == [("light", 13107.0), ("button", 1.0)]
