"""A talk on its way over a session's line."""

import asyncio
from collections.abc import Callable
from typing import Any

from devices.errors import DeviceError
from devices.talk import Progress, Reset, Step, TalkRunner
from devices.transports.byte_pipe import Chunk


class Conversation:
    """A talk on its way; without a runner, the wish of an external tool for the port."""

    def __init__(
        self, runner: TalkRunner | None, on_progress: Callable[[Progress], None], *, reopens: bool = True
    ) -> None:
        self.runner = runner
        self.on_progress = on_progress
        self.reopens = reopens
        self.cancelled = False
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._started = False

    def next_steps(self, runner: TalkRunner, chunk: Chunk | None, now_us: int) -> list[Step]:
        """What the talk wants now; after a Reset nothing, until that has happened."""
        steps: list[Step] = []
        if not self._started:
            steps += runner.start(now_us)
            self._started = True
        if self.cancelled and not _resets(steps):
            steps += runner.cancel(now_us)
        if chunk is not None and not _resets(steps):
            steps += runner.received(chunk.data, now_us)
        return steps if _resets(steps) else steps + runner.tick(now_us)

    def finish(self, runner: TalkRunner) -> None:
        """The talk is over."""
        if runner.error is not None:
            self.fail(runner.error)
        elif not self.done.done():
            self.done.set_result(runner.result)

    def fail(self, error: DeviceError) -> None:
        """The line or the talk failed."""
        if self.runner is not None and not self.done.done():
            self.done.set_exception(error)


def _resets(steps: list[Step]) -> bool:
    return bool(steps) and isinstance(steps[-1], Reset)
