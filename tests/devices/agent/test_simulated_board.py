"""The real sketch on a simulated ATmega328P, behind a real agent and a real broker."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from devices.timing import FitSnapshot
from tests.devices.agent.room import agent_running, listening, ready
from tests.devices.waiting import until
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.peers.simboard import SimBoard

pytestmark = [pytest.mark.peer, pytest.mark.slow]

SKETCH = Path(__file__).parents[3] / "firmware_samples/arduino/timing_gate/timing_gate.ino"
PPM = 100
TURNS = 5


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> tuple[Path, Path]:
    sketch = compile_sketch(SKETCH, tmp_path_factory.mktemp("uno"))
    return build_optiboot(tmp_path_factory.mktemp("optiboot")), sketch.hex


@pytest.fixture
def uno(programs):
    optiboot, sketch = programs
    with SimBoard(bootloader=optiboot, sketch=sketch, ppm=(PPM,)) as board:
        for pin in ("D8", "D2"):
            board.set(0, pin, 1)
        yield board


async def until_known(hub) -> str:
    """The id that the board gave itself."""
    await until(lambda: any(topic.endswith("/clock/fit") for topic in hub.topics), 15)
    (gate,) = {topic.split("/")[2] for topic in hub.topics if topic.endswith("/clock/fit")}
    await ready(hub, gate)
    return gate


async def take_fit(broker, folder: Path, uno: SimBoard) -> FitSnapshot:
    await asyncio.to_thread(folder.mkdir)
    async with listening(broker) as hub, agent_running(broker, folder, uno.port):
        fits = f"{await until_known(hub)}/clock/fit"
        await until(lambda: json.loads(hub.value(fits))["samples"] >= 5)
        return FitSnapshot.from_json(hub.value(fits))


async def in_a_steady_world(uno: SimBoard, take: Callable[[int], Awaitable[FitSnapshot]]) -> FitSnapshot:
    """Taken while this machine kept up: where it did not, the board ran at no one speed."""
    for turn in range(TURNS):
        before_ns = uno.now().lag_ns
        fit = await take(turn)
        if uno.now().lag_ns == before_ns:
            return fit
    pytest.fail(f"this machine fell behind its simulated board {TURNS} times")


async def test_the_board_is_found_through_its_boot_loader_and_its_passages_are_exact(broker, tmp_path, uno):
    async with listening(broker) as hub, agent_running(broker, tmp_path, uno.port) as agent:
        await until_known(hub)
        applied = []
        for place in range(20):
            pin = ("D8", "D2")[place // 2 % 2]
            applied.append(await asyncio.to_thread(uno.set, 0, pin, place % 2))
            await until(lambda place=place: len(hub.passages) > place)
        assert [seq for _, _, seq in hub.passages] == list(range(1, 21))
        await until(lambda: agent.waiting == 0)
        true_us = [(one.cycle - applied[0].cycle) / 16 for one in applied]
        told = [passage["us"] for passage in hub.told]
        assert max(abs(us - told[0] - true) for us, true in zip(told, true_us, strict=True)) < 8


async def test_the_crystals_error_is_within_the_fit(broker, tmp_path, uno):
    fit = await in_a_steady_world(uno, lambda turn: take_fit(broker, tmp_path / str(turn), uno))
    assert fit.ppm_lo < -PPM < fit.ppm_hi
    assert fit.ppm_hi - fit.ppm_lo < 4000


async def test_a_passage_made_while_the_cable_was_out_of_a_board_that_does_not_reset_comes_later(
    broker, tmp_path, uno
):
    async with listening(broker) as hub, agent_running(broker, tmp_path, uno.port):
        gate = await until_known(hub)
        uno.set_auto_reset(0, on=False)
        await asyncio.to_thread(uno.pull, 0)
        await until(lambda: hub.value(f"{gate}/$state") == "lost")
        await asyncio.to_thread(uno.set, 0, "D8", 0)
        await asyncio.to_thread(uno.plug, 0)
        await until(lambda: hub.passages, 12)
        assert [seq for _, _, seq in hub.passages] == [1]
        assert hub.alert(gate, "reset") is None
