"""One owner for a port: opens it, feeds the driver, carries its outputs, and comes back after a failure."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from devices.clock import Clock
from devices.conversation import Conversation
from devices.driver import Claimed, Driver, Fallback, Output, Remember, Reopen, Reset, Say, SetBaud
from devices.errors import DeviceError, ProtocolError, TransportError, UploadError
from devices.talk import Heard, Progress, Step, Talk, TalkRunner
from devices.transports.byte_pipe import BytePipe, Chunk

TICK_S = 0.05
REOPENED = "reopened"
BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 5.0
BACKOFF_MISSING_S = 0.5
UNCLAIMED_US = 8_000_000
"""A boot loader may take two seconds, and a board may be reset once more by our first words."""
FIRST_US, LISTEN_US = 5_000_000, 2_500_000
"""At the first and at each other speed, where the drivers do not agree on one."""

log = logging.getLogger(__name__)


class Session:
    """Runs for ever; several drivers may listen until one claims the device.

    `bauds` are the speeds of each driver, the first of the first one's where they are not given.
    """

    def __init__(
        self,
        pipe: BytePipe,
        drivers: Sequence[Driver],
        clock: Clock,
        *,
        on_output: Callable[["Session", Output], None],
        on_link: Callable[["Session"], None],
        bauds: Sequence[Sequence[int]] = (),
    ) -> None:
        self.pipe = pipe
        self.device: str | None = None
        self.driver: Driver | None = None
        self.linked = False
        self.problem: DeviceError | None = None
        self._drivers = tuple(drivers)
        self._bauds = tuple(tuple(each) for each in bauds)
        # The fastest first: the lab's own firmware speaks at it.
        self._speeds = tuple(sorted({baud for each in self._bauds for baud in each}, reverse=True))
        self._asked: tuple[Driver, ...] = self._drivers
        self._clock = clock
        self._on_output = on_output
        self._on_link = on_link
        self._left: list[int] = []
        self._ask_until_us = 0
        self._wanted: Conversation | None = None
        self._lent = asyncio.Lock()
        self._reset_wanted = False

    async def run(self) -> None:
        """Until cancelled."""
        delay_s = BACKOFF_FIRST_S
        while True:
            claimed = False
            try:
                async with self._lent:
                    await self._serve()
            except DeviceError as error:
                claimed = self.linked or error.code == REOPENED
                self._fail(error)
            finally:
                if self._wanted is not None:
                    self._wanted.fail(TransportError("cable_pulled", port=self.pipe.name))
            if claimed:
                delay_s = BACKOFF_FIRST_S
            missing = self.problem is not None and self.problem.code == "port_missing"
            await asyncio.sleep(min(delay_s, BACKOFF_MISSING_S) if missing else delay_s)
            delay_s = min(delay_s * 2, BACKOFF_LAST_S)

    def command(self, node: str, key: str, payload: str) -> None:
        """Pass a command on. Raises DeviceError if there is nobody to take it, or it is not understood."""
        if self.driver is None or not self.linked:
            raise TransportError("device_absent", port=self.pipe.name)
        if self._wanted is not None:
            raise TransportError("device_busy", port=self.pipe.name)
        self._carry(self.driver, self.driver.command(node, key, payload, self._clock.now_us()))

    def stored(self, boot: str, seqs: Sequence[int]) -> None:
        """Tell the driver what is on disk, also while its cable is pulled."""
        if self.driver is None:
            return
        outputs = self.driver.stored(boot, seqs)
        if self.linked and self._wanted is None:
            try:
                self._carry(self.driver, outputs)
            except DeviceError as error:
                log.debug("%s: %s", self.pipe.name, error)

    async def converse(
        self,
        begin: Callable[[Heard], Talk[Any]],
        on_progress: Callable[[Progress], None],
        *,
        reopens: bool = True,
    ) -> Any:
        """Run a talk on the line, which belongs to nobody else meanwhile; cancelling ends it in good order.

        Afterwards the port is opened anew, and whoever is there now is asked who it is; without `reopens`
        the same driver greets the device on the open line. Raises DeviceError: of the talk, or of the line.
        """
        if not self.linked or self._wanted is not None:
            raise UploadError("device_busy" if self.linked else "device_absent", port=self.pipe.name)
        wanted = self._wanted = Conversation(TalkRunner(begin), on_progress, reopens=reopens)
        try:
            return await asyncio.shield(wanted.done)
        except asyncio.CancelledError:
            wanted.cancelled = True
            with contextlib.suppress(DeviceError):
                await wanted.done
            raise
        finally:
            if self._wanted is wanted:
                self._wanted = None

    @property
    def is_lent(self) -> bool:
        """Whether an external tool has the port, or waits for it."""
        return self._wanted is not None and self._wanted.runner is None

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[None]:
        """Keep the port closed for an external tool."""
        if self._wanted is not None:
            raise UploadError("device_busy", port=self.pipe.name)
        self._wanted = Conversation(None, lambda _: None)
        try:
            async with self._lent:
                yield
        finally:
            self._wanted = None

    async def _serve(self) -> None:
        try:
            await self.pipe.open()
            self._reset_wanted = False
            self._left = list(self._speeds)
            self._ask()
            while True:
                await self._turn(await self._hear())
        finally:
            await self.pipe.close()

    async def _hear(self) -> Chunk | None:
        """What the device says next; None when it is time for a tick."""
        await asyncio.sleep(
            0
        )  # what waits already is read at once: a device that floods leaves others their turn
        try:
            async with asyncio.timeout(TICK_S):
                return await self.pipe.read()
        except TimeoutError:
            return None

    async def _turn(self, chunk: Chunk | None) -> None:
        wanted = self._wanted
        if wanted is not None and wanted.runner is None:
            raise ProtocolError("port_lent", port=self.pipe.name)
        if wanted is not None and wanted.runner is not None and self.linked:
            await self._talk(wanted, wanted.runner, chunk)
            return
        if chunk is not None:
            for driver in self._listening():
                self._carry(driver, driver.received(chunk))
        now_us = self._clock.now_us()
        for driver in self._listening():
            self._carry(driver, driver.tick(now_us))
        if self._reset_wanted:
            self._reset_wanted = False  # its driver goes on listening
            await self.pipe.reset()
        if not self.linked and now_us >= self._ask_until_us:
            if self._left:
                self._ask()
            else:
                self._settle(now_us)

    def _ask(self) -> None:
        """Let the drivers of the next speed ask who is there."""
        again = len(self._left) < len(self._speeds)
        if self._left:
            baud = self._left.pop(0)
            self.pipe.set_baud(baud)
            self._asked = tuple(
                driver for driver, bauds in zip(self._drivers, self._bauds, strict=True) if baud in bauds
            )
        now_us = self._clock.now_us()
        patient = len(self._speeds) < 2 and not any(isinstance(each, Fallback) for each in self._drivers)
        first_us = UNCLAIMED_US if patient else FIRST_US
        self._ask_until_us = now_us + (LISTEN_US if again else first_us)
        for driver in self._asked:
            self._carry(driver, driver.opened(now_us))

    def _settle(self, now_us: int) -> None:
        """Nobody was known: whoever claims by identity may have it. Raises ProtocolError("no_answer")."""
        for driver in self._drivers:
            if isinstance(driver, Fallback) and not self.linked:
                self._carry(driver, driver.unanswered(now_us))
        if not self.linked:
            raise ProtocolError("no_answer", port=self.pipe.name)

    async def _talk(self, wanted: Conversation, runner: TalkRunner, chunk: Chunk | None) -> None:
        """One round of a conversation; its end may be the end of this opening of the port."""
        try:
            await self._perform(wanted, runner, wanted.next_steps(runner, chunk, self._clock.now_us()))
        except DeviceError as error:
            runner.close()
            wanted.fail(error)
            raise
        if not runner.ended:
            return
        self._wanted = None
        wanted.finish(runner)
        if wanted.reopens or self.driver is None:
            # Told before the port is closed, which takes a while: nobody may begin another talk meanwhile.
            reopened = ProtocolError(REOPENED, port=self.pipe.name)
            self._fail(reopened)
            raise reopened
        now_us = self._clock.now_us()
        self._carry(self.driver, self.driver.opened(now_us))
        if left := runner.heard.take_all():
            self._carry(self.driver, self.driver.received(Chunk(left, now_us)))

    async def _perform(self, wanted: Conversation, runner: TalkRunner, steps: Sequence[Step]) -> None:
        for step in steps:
            match step:
                case Say(data=data):
                    self.pipe.write(data)
                case SetBaud(baud=baud):
                    self.pipe.set_baud(baud)
                case Progress():
                    wanted.on_progress(step)
                case Remember():
                    self._on_output(self, step)
                case Reset():
                    self._reset_wanted = False
                    await self.pipe.reset()
                    runner.heard.take_all()
                case _:
                    pass

    def _listening(self) -> tuple[Driver, ...]:
        return (self.driver,) if self.linked and self.driver is not None else self._asked

    def _carry(self, driver: Driver, outputs: Sequence[Output]) -> None:
        """Values go out before words go to the board: a passage is on its way first."""
        words: list[Say | SetBaud] = []
        for output in outputs:
            if isinstance(output, (Say, SetBaud)):
                words.append(output)
                continue
            if isinstance(output, Claimed):
                self._claim(driver, output.device)
            if self.linked and driver is self.driver:
                if isinstance(output, Reopen):
                    raise ProtocolError(output.code, port=self.pipe.name)
                if isinstance(output, Reset):
                    self._reset_wanted = True
                    continue
                self._on_output(self, output)
        for word in words:
            if isinstance(word, Say):
                self.pipe.write(word.data)
            elif driver is self.driver if self.linked else len(self._drivers) == 1:
                self.pipe.set_baud(word.baud)

    def _claim(self, driver: Driver, device: str) -> None:
        if not self.linked or (driver is self.driver and self.device != device):
            self.driver, self.device = driver, device
            self.linked, self.problem = True, None
            self._on_link(self)

    def _fail(self, error: DeviceError) -> None:
        log.info("%s: %s", self.pipe.name, error)
        if self._wanted is not None:
            self._wanted.fail(error)
        changed = self.linked or self.problem is None or self.problem.code != error.code
        self.linked, self.problem = False, error
        if changed:
            self._on_link(self)
