"""One owner for a port: opens it, feeds the driver, carries its outputs, and comes back after a failure."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from devices.clock import Clock
from devices.driver import Claimed, Driver, Output, Reopen, Say
from devices.errors import DeviceError, ProtocolError, TransportError
from devices.transports.byte_pipe import BytePipe

TICK_S = 0.05
BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 5.0
BACKOFF_MISSING_S = 0.5
UNCLAIMED_US = 8_000_000
"""A boot loader may take two seconds, and a board may be reset once more by our first words."""

log = logging.getLogger(__name__)


class Session:
    """Runs for ever; several drivers may listen until one claims the device."""

    def __init__(
        self,
        pipe: BytePipe,
        drivers: Sequence[Driver],
        clock: Clock,
        *,
        on_output: Callable[["Session", Output], None],
        on_link: Callable[["Session"], None],
    ) -> None:
        self.pipe = pipe
        self.device: str | None = None
        self.driver: Driver | None = None
        self.linked = False
        self.problem: DeviceError | None = None
        self._drivers = tuple(drivers)
        self._clock = clock
        self._on_output = on_output
        self._on_link = on_link

    async def run(self) -> None:
        """Until cancelled."""
        delay_s = BACKOFF_FIRST_S
        while True:
            claimed = False
            try:
                await self.pipe.open()
                await self._serve()
            except DeviceError as error:
                claimed = self.linked
                self._fail(error)
            finally:
                await self.pipe.close()
            if claimed:
                delay_s = BACKOFF_FIRST_S
            missing = self.problem is not None and self.problem.code == "port_missing"
            await asyncio.sleep(min(delay_s, BACKOFF_MISSING_S) if missing else delay_s)
            delay_s = min(delay_s * 2, BACKOFF_LAST_S)

    def command(self, node: str, key: str, payload: str) -> None:
        """Pass a command on. Raises DeviceError if there is nobody to take it, or it is not understood."""
        if self.driver is None or not self.linked:
            raise TransportError("device_absent", port=self.pipe.name)
        self._carry(self.driver, self.driver.command(node, key, payload, self._clock.now_us()))

    def stored(self, boot: str, seqs: Sequence[int]) -> None:
        """Tell the driver what is on disk, also while its cable is pulled."""
        if self.driver is None:
            return
        outputs = self.driver.stored(boot, seqs)
        if self.linked:
            try:
                self._carry(self.driver, outputs)
            except DeviceError as error:
                log.debug("%s: %s", self.pipe.name, error)

    async def _serve(self) -> None:
        opened_us = self._clock.now_us()
        for driver in self._drivers:
            self._carry(driver, driver.opened(opened_us))
        reading = asyncio.ensure_future(self.pipe.read())
        try:
            while True:
                await asyncio.wait((reading,), timeout=TICK_S)
                if reading.done():
                    chunk = reading.result()
                    reading = asyncio.ensure_future(self.pipe.read())
                    for driver in self._listening():
                        self._carry(driver, driver.received(chunk))
                now_us = self._clock.now_us()
                for driver in self._listening():
                    self._carry(driver, driver.tick(now_us))
                if not self.linked and now_us - opened_us > UNCLAIMED_US:
                    raise ProtocolError("no_answer", port=self.pipe.name)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _listening(self) -> tuple[Driver, ...]:
        return (self.driver,) if self.linked and self.driver is not None else self._drivers

    def _carry(self, driver: Driver, outputs: Sequence[Output]) -> None:
        """Values go out before words go to the board: a passage is on its way first."""
        words: list[Say] = []
        for output in outputs:
            if isinstance(output, Say):
                words.append(output)
                continue
            if isinstance(output, Claimed):
                self._claim(driver, output.device)
            if self.linked and driver is self.driver:
                if isinstance(output, Reopen):
                    raise ProtocolError(output.code, port=self.pipe.name)
                self._on_output(self, output)
        for word in words:
            self.pipe.write(word.data)

    def _claim(self, driver: Driver, device: str) -> None:
        if not self.linked or (driver is self.driver and self.device != device):
            self.driver, self.device = driver, device
            self.linked, self.problem = True, None
            self._on_link(self)

    def _fail(self, error: DeviceError) -> None:
        log.info("%s: %s", self.pipe.name, error)
        changed = self.linked or self.problem is None or self.problem.code != error.code
        self.linked, self.problem = False, error
        if changed:
            self._on_link(self)
