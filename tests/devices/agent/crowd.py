"""A room in which some kits are well and print a number a hundred times a second, and others are not."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from devices.agent import RoomAgent
from devices.agent.lines import alert_id
from devices.discovery import Port
from devices.kits.timing_gate.emulator import GateEmulator
from devices.kits.vex_v5_user.emulator import V5UserEmulator
from devices.transports.pty import PtyServer
from tests.devices.agent.room import Hub, agent_running, listening
from tests.devices.waiting import until
from web.sentences import explain_code
from web.wording import SENTENCES

PERIOD_S = 0.01
STEADY = 100
"""Numbers that must come while others misbehave."""
FLOOD_BYTES, FLOOD_S = 8192, 0.008


class Well:
    """A kit whose program counts."""

    def __init__(self, device: str, print_line: Callable[[str], None], server: PtyServer) -> None:
        self.device = device
        self.sent = 0
        self.server = server
        self._print = print_line

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.sent += 1
            self._print(f"n:{self.sent}")
            await asyncio.sleep(PERIOD_S)

    def heard(self, hub: Hub) -> list[float]:
        """What the hub has of it, in order."""
        told = hub.events.get(f"{self.device}/telemetry/stream", [])
        return [
            value for event in told for batch in event if batch["key"] == "n" for value in batch["values"]
        ]


class Stranger:
    """Something at a port that is no kit: `answer` to each question, `flood` from its opening on."""

    def __init__(self, answer: bytes = b"", flood: bytes = b"") -> None:
        self._answer = answer
        self._flood = flood
        self._say: Callable[[bytes], None] | None = None

    def opened(self, say: Callable[[bytes], None]) -> None:
        self._say = say
        self._go_on()

    def heard(self, data: bytes) -> None:
        if self._say is not None and self._answer:
            self._say(self._answer)

    def closed(self) -> None:
        self._say = None

    def _go_on(self) -> None:
        if self._say is not None and self._flood:
            self._say(self._flood)
            asyncio.get_running_loop().call_later(FLOOD_S, self._go_on)


class Crowd:
    """`serve` puts something at a port, whose name is what the agent is told."""

    def __init__(self, hub: Hub, agent: RoomAgent, well: Sequence[Well]) -> None:
        self.hub = hub
        self.agent = agent
        self._well = well

    def port_alert(self, path: Path) -> str | None:
        """What the agent says of a port."""
        return self.hub.alert("agent-r1", alert_id(str(path)))

    async def goes_on(self) -> None:
        """The kits that are well are heard meanwhile."""
        before = [len(one.heard(self.hub)) for one in self._well]
        await until(
            lambda: all(
                len(one.heard(self.hub)) >= had + STEADY for one, had in zip(self._well, before, strict=True)
            ),
            60,
        )

    def check(self) -> None:
        """Nothing of the kits that are well was lost, and whatever was wrong has a sentence."""
        for one in self._well:
            heard = one.heard(self.hub)
            assert heard == [heard[0] + place for place in range(len(heard))], one.device
            assert self.hub.value(f"{one.device}/$state") == "ready"
        assert self.hub.value("agent-r1/$state") == "ready"
        for _, _, code in self.hub.alerts:
            assert code in SENTENCES
            told = {
                explain_code(code, {"port": "/dev/x", "device": "gate-1"}, each)
                for each in ("kk", "ru", "en")
            }
            assert len(told) == 3, code


def numbers(seed: int, count: int = FLOOD_BYTES) -> bytes:
    """Any bytes."""
    return random.Random(seed).randbytes(count)


def device_id(path: Path, short: str, tail: str = "") -> str:
    """Of a kit that has none of its own."""
    return f"{short}-{Port(str(path)).id}{tail}"


@contextlib.asynccontextmanager
async def crowd(broker: Any, folder: Path, *ports: object, **options: Any) -> AsyncIterator[Crowd]:
    """A gate and a VEX brain that are well, and whatever is at `ports`; at the end it is all checked."""
    gate, brain = GateEmulator(id="3e11aa"), V5UserEmulator(style="plain")
    at_gate, at_brain = folder / "well0", folder / "well1"
    well = [
        Well(gate.device, gate.print_line, gate.serve(at_gate)),
        Well(
            device_id(at_brain, "v5", "-user"), lambda text: brain.print(text + "\n"), brain.serve(at_brain)
        ),
    ]
    named = (f"{at_gate}=timing_gate", f"{at_brain}=vex_v5_user", *ports)
    async with listening(broker) as hub, agent_running(broker, folder, *named, **options) as agent:
        await until(lambda: all(hub.value(f"{one.device}/$state") == "ready" for one in well), 30)
        printing = [asyncio.create_task(one.run()) for one in well]
        try:
            told = Crowd(hub, agent, well)
            await told.goes_on()
            yield told
            await told.goes_on()
            told.check()
        finally:
            for task in printing:
                task.cancel()
            await asyncio.gather(*printing, return_exceptions=True)
    for one in well:
        one.server.unplug()
