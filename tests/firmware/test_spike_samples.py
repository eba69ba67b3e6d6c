"""The SPIKE programs in a real MicroPython, on a mat with a wavy line and a wall."""

import subprocess
from pathlib import Path

import pytest

from devices.kits.spike.source import prepare
from devices.protocols.plotter import parse_plotter
from devices.uploads import Program
from tests.firmware.esp32 import micropython
from tests.peers.spike_runner import PARTS

pytestmark = pytest.mark.peer

SAMPLES = Path(__file__).parents[2] / "firmware_samples/spike"


def run(name: str) -> list[str]:
    done = subprocess.run(
        [micropython(), SAMPLES / name],
        env={"MICROPYPATH": f"{PARTS}:.frozen"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_a_sample_may_be_uploaded(path):
    assert prepare(Program(path.name, path.read_bytes(), 1)).text == path.read_bytes()


def test_micropython_follows_the_line_to_the_wall():
    *lines, last = run("line_follower.py")
    assert last == "An obstacle: stopped."
    seen = [{one.key: one.value for one in parse_plotter(line)} for line in lines]
    assert len(seen) > 40
    assert all(10 < each["light"] < 90 for each in seen)
    assert {each["steering"] > 0 for each in seen} == {True, False}


def test_micropython_logs_until_the_button_is_pressed():
    *lines, last = run("sensor_log.py")
    assert last == "The log has ended."
    assert len(lines) == 20
    (one,) = set(lines)
    assert [(each.key, each.value) for each in parse_plotter(one)] == [
        ("light", 89.0),
        ("distance", 1500.0),
        ("force", 37.0),
        ("yaw", -90.5),
    ]
