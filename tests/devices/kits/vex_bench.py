"""A VEX brain and whoever speaks with it, on a line without delay, and a clock that is turned by hand."""

from devices.driver import Host, Output, Remember, Say
from devices.errors import DeviceError, TransportError
from devices.kits.vex_v5.driver import V5Driver
from devices.kits.vex_v5.emulator import V5Emulator
from devices.kits.vex_v5.program import prepare
from devices.kits.vex_v5.upload import upload
from devices.talk import Progress, Step, TalkRunner
from devices.transports.byte_pipe import Chunk
from devices.uploads import Program
from lab_controller.clock import ManualClock

HOST = Host("room", "0badcafe", {}, "/dev/ttyACM0")
STEP_US = 50_000


class DriverBench:
    """A driver and a brain."""

    def __init__(self, host: Host = HOST, **brain) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.brain = V5Emulator(self.clock, **brain)
        self.driver = V5Driver(host)
        self.outputs: list[Output] = []
        self.deaf = False

    def plug(self) -> "DriverBench":
        self.brain.opened(self._hear)
        self._carry(self.driver.opened(self.clock.now_us()))
        return self

    def run(self, seconds: float) -> "DriverBench":
        for _ in range(int(seconds * 1_000_000 / STEP_US)):
            self.clock.advance(us=STEP_US)
            self.brain.tick()
            self._carry(self.driver.tick(self.clock.now_us()))
        return self

    def command(self, key: str, payload: str) -> None:
        self._carry(self.driver.command("program", key, payload, self.clock.now_us()))

    def _hear(self, data: bytes) -> None:
        self._carry(self.driver.received(Chunk(data, self.clock.now_us())))

    def _carry(self, outputs: list[Output]) -> None:
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Say) and not self.deaf:
                self.brain.heard(output.data)


class UploadBench:
    """An upload and a brain. `steps` are those that somebody may see."""

    def __init__(self, host: Host = HOST, **brain) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.host = host
        self.brain = V5Emulator(self.clock, **brain)
        self.steps: list[Progress | Remember] = []
        self.said = 0
        self.heard: list[bytes] = []

    def upload(
        self,
        name: str,
        data: bytes,
        *,
        slot: int | None = None,
        run: bool = True,
        cancel_at: int | None = None,
        pull_at: int | None = None,
    ) -> DeviceError | None:
        """Until it ends; cancelled, or its cable pulled, after that many words to the brain."""
        cargo = prepare(Program(name, data, slot, run), lambda: 946_684_800 + 7)
        runner = TalkRunner(lambda heard: upload(cargo, heard, self.host))
        self.brain.opened(self.heard.append)
        self._perform(runner.start(self.clock.now_us()))
        for _ in range(20_000):
            if runner.ended:
                return runner.error
            if self.said == pull_at:
                runner.close()
                self.brain.vanish()
                raise TransportError("cable_pulled", port="memory")
            if self.said == cancel_at:
                self._perform(runner.cancel(self.clock.now_us()))
            if self.heard:
                self._perform(runner.received(self.heard.pop(0), self.clock.now_us()))
            else:
                self.clock.advance(us=STEP_US)
                self.brain.tick()
                self._perform(runner.tick(self.clock.now_us()))
        raise AssertionError("the upload never ends")

    def stored(self, name: str, owner: int = 1) -> bytes:
        return self.brain.files[owner, name].data

    def _perform(self, steps: list[Step]) -> None:
        for step in steps:
            if isinstance(step, Say):
                self.said += 1
                self.brain.heard(step.data)
            elif isinstance(step, (Progress, Remember)):
                self.steps.append(step)
