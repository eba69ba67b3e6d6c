"""The ESP32 gate's modules on a real MicroPython, with beams and clocks that the test plays."""

import json
import subprocess
from typing import Any

import pytest

from tests.firmware.esp32 import PARTS, SAMPLE, micropython

pytestmark = pytest.mark.peer

PLAY = """
import json
import debounce

class Beam:
    lane = 2
    def __init__(self):
        self.edges, self.level = [], True
    def is_clear(self):
        return self.level
    def take(self):
        return self.edges.pop(0) if self.edges else None

class Clock:
    us = 0
    def now(self):
        return self.us
    def at(self, ticks):
        return ticks

beam, clock, told = Beam(), Clock(), []

def note(word):
    return lambda *what: told.append([word] + list(what))

lane = debounce.Lane(beam, clock, note("passage"), note("edge"))
for at, level in EDGES:
    while clock.us + 1000 < at:
        clock.us += 1000
        lane.poll()
    clock.us, beam.level = at, bool(level)
    beam.edges.append((at, bool(level)))
for _ in range(60):
    clock.us += 1000
    lane.poll()
print(json.dumps([told, lane.bounces]))
"""

RING = """
import json
from passages import KEPT, Ring

ring, sent = Ring(), []

def drain():
    seqs = []
    passage = ring.due()
    while passage:
        seqs.append(passage[0])
        passage = ring.due()
    return seqs
"""


def run(script: str) -> Any:
    done = subprocess.run(
        [micropython(), "-c", script],
        env={"MICROPYPATH": f"{SAMPLE}:{PARTS}:.frozen"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("edges", "told", "bounces"),
    [
        ([(5000, 0), (155_000, 1)], [["passage", 2, False, 5000], ["passage", 2, True, 155_000]], 0),
        (
            [(5000, 0), (5400, 1), (5900, 0)],
            [["passage", 2, False, 5000], ["edge", 2, True, 5400], ["edge", 2, False, 5900]],
            2,
        ),
        (
            [(5000, 0), (11_000, 1)],
            [["passage", 2, False, 5000], ["edge", 2, True, 11_000], ["passage", 2, True, 11_000]],
            1,
        ),
        (
            [(5000, 0), (25_100, 1), (45_300, 0)],
            [
                ["passage", 2, False, 5000],
                ["passage", 2, True, 25_100],
                ["passage", 2, False, 45_300],
            ],
            0,
        ),
        ([(5000, 1)], [["edge", 2, True, 5000]], 1),
    ],
)
def test_debounce_loses_no_passage_and_doubles_none(
    edges: list[tuple[int, int]], told: list[list[object]], bounces: int
) -> None:
    assert run(PLAY.replace("EDGES", repr(edges))) == [told, bounces]


def test_edge_that_no_interrupt_told_of_is_found() -> None:
    untold = "beam.level = False\nfor _ in range(60):"

    ((passage,), bounces) = run(PLAY.replace("EDGES", "[]").replace("for _ in range(60):", untold))

    assert passage[:3] == ["passage", 2, False]
    assert bounces == 0


def test_ring_names_what_was_overwritten_before_its_commit() -> None:
    script = RING + (
        "for number in range(KEPT + 10):\n    ring.add(1, 'B', number)\n"
        "print(json.dumps([ring.lost, drain()]))"
    )

    lost, seqs = run(script)

    assert lost == [1, 10]
    assert seqs == list(range(11, 267))


def test_committed_passages_make_room() -> None:
    script = RING + (
        "for number in range(1000):\n    ring.add(1, 'B', number)\n    sent += drain()\n"
        "    ring.commit([ring.last_seq])\nring.send_again()\nprint(json.dumps([ring.lost, sent, drain()]))"
    )

    assert run(script) == [None, list(range(1, 1001)), []]


def test_new_connection_sends_all_that_is_not_committed() -> None:
    script = RING + (
        "for number in range(5):\n    ring.add(1, 'B', number)\nfirst = drain()\nring.commit([2, 4, 99])\n"
        "ring.send_again()\nprint(json.dumps([first, drain(), drain()]))"
    )

    assert run(script) == [[1, 2, 3, 4, 5], [1, 3, 5], []]


def test_clock_goes_on_when_the_chip_s_count_wraps() -> None:
    script = """
import json, time
period = 1 << 30
now = [period - 3]
import gate_clock
gate_clock.ticks_us = lambda: now[0] % period
gate_clock.ticks_diff = lambda a, b: (a - b + period // 2) % period - period // 2
clock = gate_clock.Clock()
told = []
for step in range(12):
    now[0] += period // 5
    clock.advance()
    told.append(clock.now())
print(json.dumps([told, clock.at((now[0] - 7) % period)]))
"""
    step = (1 << 30) // 5

    told, before = run(script)

    assert told == [step * (number + 1) for number in range(12)]
    assert before == told[-1] - 7
