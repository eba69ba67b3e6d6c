"""The VEX programs in a real MicroPython, on a mat with a wavy line and a wall."""

import os
import subprocess
from pathlib import Path

import mpy_cross_v6
import pytest

from devices.kits.vex_v5.program import prepare
from devices.protocols.plotter import parse_plotter
from devices.uploads import Program
from tests.firmware.esp32 import micropython

pytestmark = pytest.mark.peer

SAMPLES = Path(__file__).parents[2] / "firmware_samples/vex"
PARTS = Path(__file__).parent / "vex_parts"

every_sample = pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.stem)


def run(name: str) -> list[str]:
    done = subprocess.run(
        [micropython(), SAMPLES / name],
        env={"MICROPYPATH": f"{PARTS}{os.pathsep}.frozen"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout.splitlines()


@every_sample
def test_a_sample_may_be_uploaded(path):
    cargo = prepare(Program(path.name, path.read_bytes(), 0))
    assert (cargo.is_python, cargo.data) == (True, path.read_bytes())


@every_sample
def test_mpy_cross_compiles_a_sample(path):
    done, compiled = mpy_cross_v6.mpy_cross_compile(path.name, path.read_text())
    assert done.returncode == 0, done.stderr
    assert compiled is not None
    assert compiled[:1] == b"M"


def test_micropython_follows_the_line_to_the_wall():
    *lines, last = run("line_follower.py")
    assert last == "An obstacle: stopped."
    seen = [{one.key: one.value for one in parse_plotter(line)} for line in lines]
    assert len(seen) > 10
    assert all(min(each["left"], each["right"]) < 95 for each in seen)
    assert {each["steering"] > 0 for each in seen} == {True, False}


def test_micropython_logs_until_the_bumper_is_pressed():
    *lines, last = run("sensor_log.py")
    assert last == "The log has ended."
    assert len(lines) == 20
    (one,) = set(lines)
    assert [(each.key, each.value) for each in parse_plotter(one)][1:] == [
        ("distance", 1500.0),
        ("wheel", 90.0),
        ("battery", 77.0),
    ]
