"""The whole lab around one simulated Uno: sketch uploaded by avrdude, agent, broker, hub, pages."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from competitions.run_states import RunState
from devices.agent import RoomAgent, agent_id
from devices.clock import Clock
from devices.discovery import Ports, SystemPorts
from lab_controller.agent import make_agent
from lab_controller.bus.access import Kind
from lab_controller.bus.changes import DEVICES, championship_key
from lab_controller.bus.connecting import Address
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.clock import SteadyClock
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.peers.avrdude import upload
from tests.peers.browser import serve
from tests.peers.mosquitto import Mosquitto
from tests.peers.parts import free_port
from tests.peers.simboard import Applied, SimBoard
from web.app import create_app

SLUG = "beam"
FIELD = "1"
TEAMS = ("Арлан", "Қыран", "Барыс", *(f"Команда {number}" for number in range(4, 13)))
SKETCH = Path(__file__).parents[2] / "firmware_samples/arduino/timing_gate/timing_gate.ino"
START_PIN, FINISH_PIN = "D8", "D2"
PATIENCE_S = 20.0
ROOM, HUB = "204", "lab-hub-0"
ACCOUNTS = {HUB: Kind.HUB, agent_id(ROOM): Kind.AGENT, "kit-1": Kind.DEVICE}
"""Of a broker beside the lab; a pupil's kit is among them."""


class Stage:
    """A championship on one field whose gate is the simulated board. `site` is the pages' address."""

    def __init__(self, lab: Lab, agent: RoomAgent, board: SimBoard, site: str, device: str) -> None:
        self.lab = lab
        self.agent = agent
        self.board = board
        self.site = site
        self.device = device
        discipline = next(each for each in iter_disciplines() if each.id == "line_following_a")
        text = discipline.text.replace("attempts = 5", "attempts = 20", 1)
        service = lab.championships
        names = {"kk": "Сәуле", "ru": "Луч", "en": "Beam"}
        service.create("admin", NewChampionship(SLUG, names, text), key="create")
        service.add_entries(
            "admin",
            SLUG,
            [TeamRow(n, team, "№ 28", number=n) for n, team in enumerate(TEAMS, 1)],
            key="teams",
        )
        gates = [
            {"point": point, "lane": 1, "device": device, "input": number}
            for number, point in enumerate(("start", "finish"), 1)
        ]
        service.set_field("admin", SLUG, FIELD, gates, key="field")

    async def press(self, run: str, command: cmd.Command) -> None:
        """A judge's press."""
        await asyncio.to_thread(
            self.lab.championships.execute,
            SLUG,
            run,
            command,
            actor="judge",
            source="test",
            key=uuid.uuid4().hex,
        )

    async def open_armed(self, entry: str, attempt: int) -> str:
        """A run whose gate has answered."""
        run = uuid.uuid4().hex
        await self.press(run, cmd.OpenRun(run, entry, attempt, FIELD))
        await self.press(run, cmd.Arm(secrets.token_hex(4)))
        await self.until(run, lambda state: state.phase == "armed")
        return run

    async def until(self, run: str, holds: Callable[[RunState], bool]) -> RunState:
        """The run's state once `holds`; TimeoutError if that does not come."""
        with self.lab.changes.subscribe(championship_key(SLUG)) as changes:
            async with asyncio.timeout(PATIENCE_S):
                while not holds(state := await self.look(run)):
                    await changes.next()
        return state

    async def look(self, run: str) -> RunState:
        contest = await asyncio.to_thread(self.lab.championships.state, SLUG)
        return contest.runs[run]

    def break_beam(self, pin: str) -> Applied:
        """A robot enters the beam; the moment at which the pin changed."""
        return self.board.set(0, pin, 0)

    def clear_beam(self, pin: str) -> None:
        """The robot has left the beam."""
        self.board.set(0, pin, 1)


def named_port(path: str, clock: Clock) -> Ports:
    return SystemPorts([path], clock, usb=False)


@asynccontextmanager
async def open_stage(
    folder: Path,
    *,
    broker: Mosquitto | None = None,
    clock: SteadyClock | None = None,
    ports: Callable[[str, Clock], Ports] = named_port,
) -> AsyncIterator[Stage]:
    """Compile, upload with avrdude, open the lab and wait for the gate; `broker` knows ACCOUNTS."""
    sketch = await asyncio.to_thread(compile_sketch, SKETCH, folder / "build")
    optiboot = await asyncio.to_thread(build_optiboot, folder / "build")
    async with AsyncExitStack() as stack:
        board = stack.enter_context(SimBoard(bootloader=optiboot))
        for pin in (START_PIN, FINISH_PIN):
            board.set(0, pin, 1)
        done = await asyncio.to_thread(upload, sketch.hex, board.port)
        assert done.verified, done.said
        settings = Settings(
            data_dir=folder / "data",
            mqtt_url=f"mqtt://{HUB}:{HUB}@127.0.0.1:{broker.port}" if broker else "",
            mqtt_host="127.0.0.1",
            mqtt_port=free_port(),
            room=ROOM,
            log_level="error",
        )
        lab = await stack.enter_async_context(Lab.open(settings, embedded_agent=False, clock=clock))
        site = await stack.enter_async_context(serve(create_app(lab)))
        name = agent_id(ROOM)
        agent = make_agent(
            settings.model_copy(update={"data_dir": folder / "agent"}),
            Address("127.0.0.1", broker.port, name, name) if broker else lab.address(name),
            ports=ports(str(board.port), lab.device_clock),
            clock=lab.device_clock,
            clock_id=lab.device_clock_id,
        )
        running = asyncio.create_task(agent.run())
        stack.push_async_callback(_end, agent, running)
        yield Stage(lab, agent, board, site, await _gate(lab))


async def _end(agent: RoomAgent, running: "asyncio.Task[None]") -> None:
    await agent.stop()
    await running


async def _gate(lab: Lab) -> str:
    """The id of the gate, once it is ready on the bus."""
    with lab.changes.subscribe(DEVICES) as changes:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for device in await asyncio.to_thread(lab.equipment.list_devices):
                    if device.id.startswith("gate-") and device.state == "ready":
                        return device.id
                await changes.next()
