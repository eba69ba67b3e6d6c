"""Fixtures: the timing gate compiled once, and simulated boards that run it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.firmware.gate import Gate
from tests.peers.arduino import Sketch, build_optiboot, compile_sketch
from tests.peers.avrdude import upload
from tests.peers.simboard import SimBoard

SAMPLES = Path(__file__).parents[2] / "firmware_samples"


@pytest.fixture(scope="session")
def gate_sketch(tmp_path_factory: pytest.TempPathFactory) -> Sketch:
    source = SAMPLES / "arduino/timing_gate/timing_gate.ino"
    return compile_sketch(source, tmp_path_factory.mktemp("uno"))


@pytest.fixture(scope="session")
def optiboot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_optiboot(tmp_path_factory.mktemp("optiboot"))


@pytest.fixture
def gates(gate_sketch: Sketch) -> Iterator[Callable[..., list[Gate]]]:
    """Boards that have said HELLO, with clear beams, in a world that moves only on request."""
    boards: list[SimBoard] = []

    def start(ppm: tuple[float, ...] = (0,)) -> list[Gate]:
        sim = SimBoard(sketch=gate_sketch.hex, boards=len(ppm), ppm=ppm, free=True)
        boards.append(sim)
        made = [Gate(sim, board) for board in range(len(ppm))]
        for gate in made:
            gate.clear_beams()
        sim.run(100_000)
        for gate in made:
            (hello,) = gate.heard()
            assert hello[0] == "HELLO"
        return made

    yield start
    for sim in boards:
        sim.stop()


@pytest.fixture
def gate(gates: Callable[..., list[Gate]]) -> Gate:
    (only,) = gates()
    return only


@contextmanager
def open_uploaded_gate(sketch: Sketch, optiboot: Path) -> Iterator[Gate]:
    """A board that got its sketch from avrdude through optiboot; its world moves only on request."""
    with SimBoard(bootloader=optiboot) as sim:
        done = upload(sketch.hex, sim.port)
        assert done.verified, done.said
        sim.set_pace(real=False)
        gate = Gate(sim, 0)
        gate.clear_beams()
        sim.run(200_000)
        sim.heard(0)
        sim.power(0)
        sim.run(200_000)
        assert [sentence[0] for sentence in gate.heard()][-1] == "HELLO"
        yield gate


@pytest.fixture
def uploaded_gate(gate_sketch: Sketch, optiboot: Path) -> Iterator[Gate]:
    with open_uploaded_gate(gate_sketch, optiboot) as gate:
        yield gate
