"""The VEX programs for PROS, compiled for this computer, on a mat with a wavy line and a wall."""

import subprocess
from pathlib import Path

import pytest

from devices.protocols.plotter import parse_plotter
from tests.peers.parts import require_program

pytestmark = pytest.mark.peer

SAMPLES = Path(__file__).parents[2] / "firmware_samples/vex/pros"
PARTS = Path(__file__).parent / "pros_parts"
FLAGS = ("-std=gnu++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-I", PARTS)


def run(name: str, build: Path, **environment: str) -> list[str]:
    """What the program prints until its end."""
    compiler = require_program("g++", "g++")
    program = build / name
    sources = SAMPLES / f"{name}.cpp", PARTS / "mat.cpp"
    made = subprocess.run(
        [compiler, *FLAGS, *sources, "-o", program], capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stderr) == (0, "")
    done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_line_is_followed_to_the_wall(tmp_path):
    *lines, last = run("line_follower", tmp_path)
    assert last == "An obstacle: stopped."
    seen = [{one.key: one.value for one in parse_plotter(line)} for line in lines]
    assert len(seen) > 10
    assert all(max(each["left"], each["right"]) > 200 for each in seen)
    assert {each["steering"] > 0 for each in seen} == {True, False}


def test_a_robot_that_sees_no_distance_does_not_move(tmp_path):
    assert run("line_follower", tmp_path, BLIND="1") == ["No distance sensor in port 5."]


def test_the_log_goes_on_until_the_bumper_is_pressed(tmp_path):
    *lines, last = run("sensor_log", tmp_path)
    assert last == "The log has ended."
    assert len(lines) == 20
    (one,) = set(lines)
    assert [(each.key, each.value) for each in parse_plotter(one)][1:] == [
        ("distance", 1500.0),
        ("wheel", 0.0),
        ("battery", 77.0),
    ]


def test_a_log_without_a_distance_sensor_leaves_it_out(tmp_path):
    first = run("sensor_log", tmp_path, BLIND="1")[0]
    assert [each.key for each in parse_plotter(first)] == ["line", "wheel", "battery"]
