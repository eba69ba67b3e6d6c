"""Line following on one field of the demo: team after team, attempt after attempt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from competitions import commands as cmd
from competitions.statuses import Status
from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.demo.city import DemoTeam
from lab_controller.demo.judge import DemoJudge
from lab_controller.demo.robots import Outcome, plan_drive
from lab_controller.demo.track import LIVE, Pace, drive

REVIEW_US = (2_500_000, 5_000_000)
CHANGE_US = (4_000_000, 9_000_000)


@dataclass(frozen=True)
class LineField:
    """A field, its gate and its judge. `teams` by entry."""

    name: str
    gate: GateEmulator
    judge: DemoJudge
    teams: Mapping[str, DemoTeam]
    chance: Random

    async def play(self, turns: Iterable[tuple[str, int]], pace: Pace = LIVE) -> None:
        """Run (entry, attempt) after (entry, attempt); times pass as `pace` lets them."""
        for entry, attempt in turns:
            await self._turn(entry, attempt, pace)
            await pace.between(self.chance.randint(*CHANGE_US))

    async def _turn(self, entry: str, attempt: int, pace: Pace) -> None:
        planned = plan_drive(self.teams[entry], self.chance)
        judge = self.judge
        run = await judge.open_run(entry, attempt, self.name, 1)
        if not await judge.arm(run):
            await judge.press(run, cmd.Void("the gate did not answer"))
            return
        await pace.between(planned.settle_us)
        await drive(self.gate, planned, pace)
        if planned.outcome is Outcome.STUCK or not await judge.wait_until(
            run, lambda state: state.phase == "proposed"
        ):
            await judge.press(run, cmd.ProposeStatus(Status.DNF, "stuck on the line"))
        await pace.between(self.chance.randint(*REVIEW_US))
        await judge.press(run, cmd.Accept())
        await judge.press(run, cmd.Sign("judge", judge.name))
