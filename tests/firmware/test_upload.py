"""The gate's sketch compiles for both boards, and the real avrdude puts it on a board."""

from pathlib import Path

import pytest
import serial

from tests.firmware.conftest import SAMPLES
from tests.firmware.gate import parse_sentence
from tests.peers.arduino import Sketch, build_optiboot, compile_sketch
from tests.peers.avrdude import upload
from tests.peers.simboard import SimBoard

pytestmark = [pytest.mark.peer, pytest.mark.slow]

NANO_FLASH = 30_720
STACK_BYTES = 300


@pytest.mark.parametrize("board", ["uno", "nano"])
def test_sketch_compiles_without_warnings_and_leaves_room_for_the_stack(board: str, tmp_path: Path) -> None:
    built = compile_sketch(SAMPLES / "arduino/timing_gate/timing_gate.ino", tmp_path, board)

    assert built.warnings == ()
    assert built.flash_bytes < NANO_FLASH / 3
    assert built.ram_bytes <= 2048 - STACK_BYTES


def test_avrdude_uploads_and_verifies_and_then_the_gate_says_hello(
    gate_sketch: Sketch, optiboot: Path
) -> None:
    with SimBoard(bootloader=optiboot) as sim:
        done = upload(gate_sketch.hex, sim.port)

        assert done.verified, done.said
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            greeting = port.read_until(b"\r\n").decode()
        word, kind, version, identity = parse_sentence(greeting.strip())
        assert (word, kind, version) == ("HELLO", "gate", "1.0")
        assert len(identity) == 6
        int(identity, 16)


def test_boot_loader_of_an_old_nano_wants_57600_baud(gate_sketch: Sketch, tmp_path: Path) -> None:
    with SimBoard(bootloader=build_optiboot(tmp_path, baud=57600)) as sim:
        done = upload(gate_sketch.hex, sim.port, baud=57600)

    assert done.verified, done.said


def test_wrong_baud_rate_is_noise_and_the_old_sketch_starts(gate_sketch: Sketch, optiboot: Path) -> None:
    with SimBoard(bootloader=optiboot, sketch=gate_sketch.hex) as sim:
        with serial.Serial(str(sim.port), 57600, timeout=0.5) as port:
            port.write(b"0 0 0 ")
            garbled = port.read_until(b"HELLO")
        assert b"HELLO" not in garbled
        with serial.Serial(str(sim.port), 115200, timeout=5) as port:
            assert port.read_until(b"\r\n").startswith(b"$HELLO,gate,")
