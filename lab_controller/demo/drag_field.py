"""A drag race on two lanes of the demo: pairs of robots, a signal, and now and then a false start."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from competitions import commands as cmd
from competitions.statuses import Status
from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.demo.city import DemoTeam
from lab_controller.demo.judge import DemoJudge
from lab_controller.demo.robots import Drive, Outcome
from lab_controller.demo.track import LIVE, Pace, drive, start_early

FALSE_START_SHARE = 0.15
FASTER_THAN_LINE = 5
REACTION_US = (120_000, 420_000)
STEP_US = 4_000_000

Pair = tuple[str, str, int]


@dataclass(frozen=True)
class DragField:
    """One field with two lanes, each with its own gate."""

    name: str
    gates: tuple[GateEmulator, GateEmulator]
    judge: DemoJudge
    teams: Mapping[str, DemoTeam]
    chance: Random

    async def play(self, heats: Iterable[Pair], pace: Pace = LIVE) -> None:
        """Run heats of (left entry, right entry, attempt)."""
        for heat, (left, right, attempt) in enumerate(heats, start=1):
            await self._heat(f"{self.name}-{attempt}-{heat}", (left, right), attempt, pace)
            await pace.between(2 * STEP_US)

    async def _heat(self, heat: str, entries: tuple[str, str], attempt: int, pace: Pace) -> None:
        judge = self.judge
        runs = [
            await judge.open_run(entry, attempt, self.name, lane, heat)
            for lane, entry in enumerate(entries, start=1)
        ]
        if not all([await judge.arm(run) for run in runs]):
            for run in runs:
                await judge.press(run, cmd.Void("a gate did not answer"))
            return
        if self.chance.random() < FALSE_START_SHARE:
            await self._false_start(runs[0], pace)
        await pace.between(STEP_US)
        await asyncio.gather(*(judge.press(run, cmd.Signal()) for run in runs))
        await asyncio.gather(
            *(
                self._lane(gate, run, entry, pace)
                for gate, run, entry in zip(self.gates, runs, entries, strict=True)
            )
        )

    async def _false_start(self, run: str, pace: Pace) -> None:
        await start_early(self.gates[0], pace)
        await self.judge.wait_until(run, lambda state: state.phase == "ready")
        await pace.between(STEP_US)
        await self.judge.arm(run)

    async def _lane(self, gate: GateEmulator, run: str, entry: str, pace: Pace) -> None:
        judge = self.judge
        await pace.between(self.chance.randint(*REACTION_US))
        await drive(gate, self._plan(self.teams[entry]), pace)
        if not await judge.wait_until(run, lambda state: state.phase == "proposed"):
            await judge.press(run, cmd.ProposeStatus(Status.DNF, "did not arrive"))
        await pace.between(STEP_US)
        await judge.press(run, cmd.Accept())
        await judge.press(run, cmd.Sign("judge", judge.name))

    def _plan(self, team: DemoTeam) -> Drive:
        mean_us = team.mean_us // FASTER_THAN_LINE
        return Drive(
            outcome=Outcome.FINISH,
            settle_us=0,
            elapsed_us=round(self.chance.gauss(mean_us, team.spread_us / FASTER_THAN_LINE)),
            blocked_us=120_000,
            lost_byte=False,
        )
