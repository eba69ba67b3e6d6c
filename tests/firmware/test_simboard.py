"""The simulated board itself behaves as the real thing does, so that what is proved on it means something."""

import contextlib
import os
from pathlib import Path

import pytest
import serial

from tests.firmware.gate import Gate, format_sentence, to_passage
from tests.peers.arduino import Sketch
from tests.peers.simboard import ControlError, SimBoard, Stimulus

pytestmark = pytest.mark.peer


def read_line(port: serial.Serial) -> bytes:
    line: bytes = port.read_until(b"\r\n")
    return line


def test_same_stimuli_give_the_same_cycles_and_the_same_bytes(gate_sketch: Sketch) -> None:
    told = []
    for _ in range(2):
        with SimBoard(sketch=gate_sketch.hex, free=True, ppm=(37.5,)) as sim:
            sim.schedule(
                Stimulus(0, "D8" if number % 3 else "D2", number // 3 % 2, 50_000 + 9_123.456 * number)
                for number in range(60)
            )
            sim.send(0, format_sentence("STATUS?"))
            sim.run(900_000)
            told.append(([(a.cycle, a.world_ns) for a in sim.applied()], sim.heard(0), sim.now().cycles))

    assert told[0] == told[1]
    assert len(told[0][0]) == 60


def test_stimulus_comes_at_most_four_cycles_after_its_time(gate_sketch: Sketch) -> None:
    with SimBoard(sketch=gate_sketch.hex, free=True) as sim:
        wanted = [50_000 + 1_234.5 * number for number in range(500)]
        sim.schedule(Stimulus(0, "D8", number % 2, at) for number, at in enumerate(wanted))
        sim.run(1_000_000)
        applied = sim.applied()

    late_us = [a.world_ns / 1000 - at for a, at in zip(applied, wanted, strict=True)]
    assert min(late_us) >= 0
    assert max(late_us) <= 0.3
    assert all(a.cycle == pytest.approx(a.world_ns * 0.016, abs=1) for a in applied)


def test_boards_share_one_world_and_keep_their_own_crystals(gate_sketch: Sketch) -> None:
    with SimBoard(sketch=gate_sketch.hex, boards=3, ppm=(0, 100, -2000), free=True) as sim:
        sim.run(10_000_000)
        slow, *others = sim.now().cycles

    assert slow == pytest.approx(160_000_000, abs=8)
    assert [cycles - 160_000_000 for cycles in others] == pytest.approx([16_000, -320_000], abs=8)


def test_bytes_take_the_time_of_the_baud_rate(gate: Gate) -> None:
    began_ns = gate.sim.send(0, format_sentence("HELLO?"))
    gate.sim.run(20_000)
    (hello,) = gate.sim.heard(0)

    wire_us = (len(format_sentence("HELLO?")) + len(hello.text) + 2) * 10 * 17 * 8 / 16
    assert wire_us < (hello.world_ns - began_ns) / 1000 < wire_us + 1_000


def test_opening_the_port_resets_the_board_through_its_boot_loader(
    gate_sketch: Sketch, optiboot: Path
) -> None:
    with SimBoard(bootloader=optiboot, sketch=gate_sketch.hex, free=True) as sim:
        sim.run(100_000)
        assert len(sim.heard(0)) == 1
        with serial.Serial(str(sim.port), 115200):
            sim.run(500_000)
            assert sim.heard(0) == []
            sim.run(1_000_000)
            assert [line.text[:6] for line in sim.heard(0)] == ["$HELLO"]


def test_cut_reset_line_keeps_the_sketch_running(gate_sketch: Sketch, optiboot: Path) -> None:
    with SimBoard(bootloader=optiboot, sketch=gate_sketch.hex, free=True) as sim:
        sim.set_auto_reset(0, False)
        sim.run(100_000)
        sim.heard(0)
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            sim.run(10_000)
            port.write(format_sentence("HELLO?"))
            sim.set_pace(real=True)
            assert read_line(port).startswith(b"$HELLO")


def test_pulled_cable_ends_the_port_and_a_plugged_one_is_a_new_port(gate_sketch: Sketch) -> None:
    with SimBoard(sketch=gate_sketch.hex) as sim:
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            assert read_line(port).startswith(b"$HELLO")
            sim.pull(0)
            with contextlib.suppress(serial.SerialException):
                assert port.read(1) == b""
        assert not sim.port.is_symlink()
        sim.plug(0)
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            assert read_line(port).startswith(b"$HELLO")


def test_beam_is_told_on_the_port_within_real_time(gate_sketch: Sketch) -> None:
    with SimBoard(sketch=gate_sketch.hex) as sim:
        sim.set(0, "D8", 1)
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            assert read_line(port).startswith(b"$HELLO")
            before = sim.now()
            applied = sim.set(0, "D8", 0)
            passage = to_passage(read_line(port).decode().strip()[1:-3].split(","))
            after = sim.now()

    assert (passage.lane, passage.edge) == (1, "B")
    assert before.mono_ns <= applied.mono_ns <= after.mono_ns
    assert before.world_ns <= applied.world_ns <= after.world_ns


def test_impossible_commands_are_refused(gate: Gate) -> None:
    for board, pin in ((1, "D8"), (0, "D14"), (0, "PX1"), (0, "A6"), (-1, "D8"), (0, "")):
        with pytest.raises(ControlError):
            gate.sim.set(board, pin, 1)
    with pytest.raises(ControlError):
        gate.sim.schedule([Stimulus(7, "D8", 1, 0)])


def test_stopping_takes_the_port_and_the_process_away(gate_sketch: Sketch) -> None:
    with SimBoard(sketch=gate_sketch.hex) as sim:
        port = sim.port
        assert os.path.lexists(port)

    assert not os.path.lexists(port)
