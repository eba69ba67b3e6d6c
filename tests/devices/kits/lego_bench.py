"""A driver and its emulated brick on one line, and uploads to it, by a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from devices.clock import MonotonicClock
from devices.driver import Claimed, Driver, Host, Measured, Output, Say, Told
from devices.errors import DeviceError
from devices.session import Session
from devices.talk import Progress, Step, Talk, TalkRunner
from devices.transports.byte_pipe import BytePipe, Chunk
from lab_controller.clock import ManualClock
from tests.devices.waiting import until

HOST = Host("room", "0badcafe", {}, path="/dev/rfcomm0")
TICK_US = 50_000


class Bench:
    """`said` has everything but the words to the brick."""

    def __init__(self, make: Callable[[ManualClock], Any], driver: Driver) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.brick = make(self.clock)
        self.driver = driver
        self.said: list[Output] = []
        self.heard: list[bytes] = []
        self._line: list[bytes] = []
        self.brick.opened(self._line.append)
        self._carry(driver.opened(self.clock.now_us()))

    def run(self, us: int = 1_000_000) -> "Bench":
        """Let time pass."""
        for _ in range(us // TICK_US):
            self.clock.advance(us=TICK_US)
            self.brick.tick()
            self.listen()
            self._carry(self.driver.tick(self.clock.now_us()))
            self.listen()
        return self

    def listen(self) -> None:
        while self._line:
            self._carry(self.driver.received(Chunk(self._line.pop(0), self.clock.now_us())))

    def command(self, node: str, key: str, payload: str) -> None:
        self._carry(self.driver.command(node, key, payload, self.clock.now_us()))
        self.listen()

    @property
    def device(self) -> str | None:
        claims = [one.device for one in self.said if isinstance(one, Claimed)]
        return claims[-1] if claims else None

    def told(self) -> dict[str, str]:
        """The last value of each property."""
        return {f"{one.node}/{one.key}": one.value for one in self.said if isinstance(one, Told)}

    def measured(self) -> dict[str, tuple[float, str]]:
        """The last sample of each key with its unit."""
        samples = [sample for one in self.said if isinstance(one, Measured) for sample in one.samples]
        return {sample.key: (sample.value, sample.unit) for sample in samples}

    def _carry(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Say):
                self.heard.append(output.data)
                self.brick.heard(output.data)
            else:
                self.said.append(output)


class Uploading:
    """A talk with a brick; `steps` has what it did besides speaking."""

    def __init__(self, make: Callable[[ManualClock], Any]) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.brick = make(self.clock)
        self.steps: list[Step] = []
        self._line: list[bytes] = []
        self.brick.opened(self._line.append)

    def run(self, talk: Callable[..., Talk[None]], cargo: object, *, cancel_at: int | None = None) -> None:
        """To its end. Raises DeviceError. `cancel_at` counts the words to the brick."""
        self.steps.clear()
        words = 0
        runner = TalkRunner(lambda heard: talk(cargo, heard, HOST))
        steps = runner.start(self.clock.now_us())
        for _ in range(100_000):
            for step in steps:
                if isinstance(step, Say):
                    words += 1
                    self.brick.heard(step.data)
                else:
                    self.steps.append(step)
            if runner.ended:
                break
            if words == cancel_at:
                cancel_at = None
                steps = runner.cancel(self.clock.now_us())
            elif self._line:
                steps = runner.received(self._line.pop(0), self.clock.now_us())
            else:
                self.clock.advance(us=TICK_US)
                self.brick.tick()
                steps = runner.tick(self.clock.now_us())
        assert runner.ended
        if isinstance(runner.error, DeviceError):
            raise runner.error

    @property
    def stages(self) -> list[str]:
        """Each once, in order."""
        return list(dict.fromkeys(step.stage for step in self.steps if isinstance(step, Progress)))


@asynccontextmanager
async def uploaded(
    pipe: BytePipe, driver: Driver, talk: Callable[..., Talk[None]], cargo: object
) -> AsyncIterator[list[Output]]:
    """By a session on a real line and in real time; gives what the driver says from then on."""
    said: list[Output] = []
    lab = Session(
        pipe,
        [driver],
        MonotonicClock(),
        on_output=lambda _, output: said.append(output),
        on_link=lambda _: None,
    )
    running = asyncio.create_task(lab.run())
    try:
        await until(lambda: lab.linked and len(said) > 20)
        await lab.converse(lambda heard: talk(cargo, heard, HOST), lambda _: None, reopens=False)
        said.clear()
        yield said
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
