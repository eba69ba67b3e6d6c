"""The show: virtual gates on serial ports, a room agent, judges, and a first round that is already over."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import structlog

from devices.agent import RoomAgent, agent_id
from devices.clock import Clock, MonotonicClock
from devices.discovery import SystemPorts
from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.agent import make_agent
from lab_controller.demo import room
from lab_controller.demo.accounts import ROOM, add_accounts
from lab_controller.demo.city import DemoTeam, demo_teams
from lab_controller.demo.contests import DRAG, LINE, begin
from lab_controller.demo.drag_field import DragField, Pair
from lab_controller.demo.judge import DemoJudge
from lab_controller.demo.line_field import LineField
from lab_controller.demo.track import warped
from lab_controller.demo.warp import WarpClock
from lab_controller.lab import Lab

log = structlog.get_logger(__name__)

SEED = 2026
LINE_FIELDS = ("1", "2")
DRAG_FIELD = "3"
DRAG_TEAMS = 6
ATTEMPTS = 5
HALL = "101"
"""Where the championship is; the kits are in the room next door."""
GATES = ("d10a01", "d10a02", "d10b01", "d10b02")
DRIFTS_PPM = (0.0, 12.0, -18.0, 35.0)


class Show:
    """The demo's gates and fields on an open lab."""

    def __init__(self, lab: Lab, data_dir: Path) -> None:
        self._lab = lab
        self._data_dir = data_dir
        self._chance = Random(SEED)  # noqa: S311  a show, not a secret
        self._clock = WarpClock()
        self._gates = [
            # No boot of an earlier show in the same folder comes again.
            GateEmulator(self._clock, id=gate, ppm=ppm, boot=secrets.randbelow(1 << 16))
            for gate, ppm in zip(GATES, DRIFTS_PPM, strict=True)
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Accounts, championships, gates on pseudo-terminals and the agent that owns them."""
        line, drag = await asyncio.to_thread(self._set_up)
        with self._plugged() as (gates, kits):
            agents = [self._agent(HALL, gates, self._clock), self._agent(ROOM, kits, MonotonicClock())]
            running = [asyncio.create_task(agent.run(), name="demo agent") for agent in agents]
            playing = [
                asyncio.create_task(self._play(line, drag), name="demo"),
                asyncio.create_task(room.stick_tags(self._lab), name="demo tags"),
            ]
            for task in (*running, *playing):
                task.add_done_callback(_tell_failure)
            try:
                yield
            finally:
                for task in playing:
                    task.cancel()
                for agent in agents:
                    await agent.stop()
                await asyncio.gather(*running, *playing, return_exceptions=True)

    def _set_up(self) -> tuple[dict[str, DemoTeam], dict[str, DemoTeam]]:
        add_accounts(self._lab.people)
        teams, service = demo_teams(), self._lab.championships
        fields = {name: [gate] for name, gate in zip(LINE_FIELDS, self._gates, strict=False)}
        line = begin(service, LINE, teams, fields)
        return line, begin(service, DRAG, teams[:DRAG_TEAMS], {DRAG_FIELD: self._gates[2:]})

    @contextmanager
    def _plugged(self) -> Iterator[tuple[list[str], list[str]]]:
        """The ports of the hall's gates and of the room's kits."""
        folder = self._data_dir / "ports"
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            servers = [gate.serve(folder / gate.device) for gate in self._gates]
            for server in servers:
                stack.callback(server.unplug)
            kits = stack.enter_context(room.plugged(folder, MonotonicClock()))
            yield [server.path for server in servers], kits

    def _agent(self, place: str, paths: list[str], clock: Clock) -> RoomAgent:
        """Past rounds are played on the gates' own clock; what lives now is on the computer's."""
        folder = self._data_dir / place
        settings = self._lab.settings.model_copy(update={"room": place, "data_dir": folder})
        ports = SystemPorts(paths, clock, usb=False)
        return make_agent(settings, self._lab.address(agent_id(place)), clock=clock, ports=ports)

    async def _play(self, line: Mapping[str, DemoTeam], drag: Mapping[str, DemoTeam]) -> None:
        fields = [
            LineField(name, gate, self._judge(LINE), line, self._chance)
            for name, gate in zip(LINE_FIELDS, self._gates, strict=False)
        ]
        turns = [list(line)[place :: len(fields)] for place in range(len(fields))]
        race = DragField(DRAG_FIELD, (self._gates[2], self._gates[3]), self._judge(DRAG), drag, self._chance)
        await self._agent_sees_gates()
        open_line, open_drag = await fields[0].judge.tidy(), await race.judge.tidy()
        for field, entries in zip(fields, turns, strict=True):
            first = [(entry, 1) for entry in entries if (entry, 1) in open_line]
            await field.play(first, warped(self._clock))
        async with asyncio.TaskGroup() as live:
            for field, entries in zip(fields, turns, strict=True):
                rest = [(entry, attempt) for attempt in range(2, ATTEMPTS + 1) for entry in entries]
                live.create_task(field.play([turn for turn in rest if turn in open_line]))
            heats = [heat for heat in _heats(list(drag)) if _turns(heat) <= open_drag]
            live.create_task(race.play(heats))

    async def _agent_sees_gates(self) -> None:
        """Wait until every gate is on the bus."""
        with self._lab.changes.subscribe("devices") as changes:
            while True:
                known = await asyncio.to_thread(self._lab.equipment.list_devices)
                ready = {device.id for device in known if device.state == "ready"}
                if {gate.device for gate in self._gates} <= ready:
                    return
                await changes.next()

    def _judge(self, slug: str) -> DemoJudge:
        return DemoJudge(self._lab.championships, self._lab.changes, slug, "judge")


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the show has stopped", part=task.get_name(), exc_info=error)


def _turns(heat: Pair) -> set[tuple[str, int]]:
    left, right, attempt = heat
    return {(left, attempt), (right, attempt)}


def _heats(entries: list[str]) -> list[Pair]:
    """Every pair races twice, with the lanes changed the second time."""
    pairs = list(zip(entries[::2], entries[1::2], strict=True))
    return [(left, right, 1) for left, right in pairs] + [(right, left, 2) for left, right in pairs]
