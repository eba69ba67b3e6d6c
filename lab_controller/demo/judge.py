"""A judge who presses the same buttons as a person, through the same service."""

import asyncio
import secrets
import uuid
from collections.abc import Callable

from competitions import commands as cmd
from competitions.run_states import RunState
from competitions.runs import OPEN
from lab_controller.bus.changes import Changes, championship_key
from lab_controller.championships.service import ChampionshipService

PATIENCE_S = 20.0


class DemoJudge:
    """Judges runs of one championship."""

    def __init__(self, service: ChampionshipService, changes: Changes, slug: str, name: str) -> None:
        self.slug = slug
        self.name = name
        self._service = service
        self._changes = changes

    async def open_run(self, entry: str, attempt: int, field: str, lane: int, heat: str | None = None) -> str:
        """A new run's id."""
        run = uuid.uuid4().hex
        await self.press(run, cmd.OpenRun(run, entry, attempt, field, lane, heat))
        return run

    async def arm(self, run: str) -> bool:
        """True when every gate has answered."""
        await self.press(run, cmd.Arm(secrets.token_hex(4)))
        return await self.wait_until(run, lambda state: state.phase == "armed")

    async def press(self, run: str, command: cmd.Command) -> None:
        """One press; raises LabError when the rules refuse it."""
        await asyncio.to_thread(
            self._service.execute,
            self.slug,
            run,
            command,
            actor=self.name,
            source="demo",
            key=uuid.uuid4().hex,
        )

    async def tidy(self) -> set[tuple[str, int]]:
        """Void what an earlier show left open; returns every (entry, attempt) that is still to be run."""
        state = await asyncio.to_thread(self._service.state, self.slug)
        for run in state.runs.values():
            if run.phase in OPEN:
                await self.press(run.run, cmd.Void("the demo was interrupted"))
        done = {(run.entry, run.attempt) for run in state.runs.values() if run.result is not None}
        attempts = state.discipline.attempts if state.discipline else 0
        return {(entry, n) for entry in state.entries for n in range(1, attempts + 1)} - done

    async def wait_until(self, run: str, holds: Callable[[RunState], bool]) -> bool:
        """False if it does not come to hold within `PATIENCE_S`."""
        with self._changes.subscribe(championship_key(self.slug)) as subscription:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while not holds(await self._look(run)):
                        await subscription.next()
            except TimeoutError:
                return False
        return True

    async def _look(self, run: str) -> RunState:
        state = await asyncio.to_thread(self._service.state, self.slug)
        return state.runs[run]
