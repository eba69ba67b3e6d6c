"""A Pybricks driver and its emulator joined by a line without delay; programs end when a test says so."""

from collections.abc import Callable, Sequence

from devices.driver import Alert, Cleared, Host, Output, Printed, Refused, Say, Told
from devices.errors import DeviceError
from devices.kits.pybricks import KIT
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.emulator import PybricksEmulator
from devices.kits.pybricks.hub import HubModel
from devices.kits.pybricks.upload import Prepared, upload
from devices.protocols.mpy_modules import pack_modules
from devices.talk import Progress, Step, TalkRunner
from devices.transports.byte_pipe import Chunk
from devices.uploads import Program
from lab_controller.clock import ManualClock

HOST = Host("room", "0badcafe", path="/dev/ttyACM0")
MODULES = (("line", b"M\x06\x00\x1f" + bytes(range(256)) * 2),)
START_US = 1_000_000_000


class Script:
    """A runtime that does what a test says."""

    def __init__(self) -> None:
        self.modules: Sequence[tuple[str, bytes]] = ()
        self.read = b""
        self.stubborn = False
        self.say: Callable[[bytes], None] = lambda _: None
        self.end: Callable[[], None] = lambda: None

    def start(
        self,
        modules: Sequence[tuple[str, bytes]],
        on_output: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        self.modules, self.say, self.end = modules, on_output, on_end

    def write(self, data: bytes) -> None:
        self.read += data

    def stop(self) -> None:
        if not self.stubborn:
            self.end()


class Bench:
    """`plug` opens the line; `run` lets time pass; `upload` holds a whole conversation."""

    def __init__(self, model: HubModel | None = None) -> None:
        self.clock = ManualClock(START_US)
        self.script = Script()
        self.board = PybricksEmulator(self.clock, model=model, runtime=self.script)
        self.driver = PybricksDriver(HOST)
        self.outputs: list[Output] = []
        self.plugged = False
        self.runner: TalkRunner | None = None
        self.stages: list[Progress] = []
        self.cancel_after: int | None = None
        self._inbox: list[bytes] = []

    @property
    def hub(self):
        return self.board.hub

    def plug(self) -> "Bench":
        self.plugged = True
        self.board.opened(self._inbox.append)
        self._carry(self.driver.opened(self.clock.now_us()))
        return self.settle()

    def unplug(self) -> "Bench":
        self.plugged = False
        self._inbox.clear()
        self.board.closed()
        return self

    def settle(self) -> "Bench":
        """Everything that was said is heard; the end of a talk comes first."""
        while self._inbox and not (self.runner is not None and self.runner.ended):
            chunk = Chunk(self._inbox.pop(0), self.clock.now_us())
            if self.runner is not None:
                self._perform(self.runner.received(chunk.data, chunk.at_us))
            else:
                self._carry(self.driver.received(chunk))
        return self

    def run(self, seconds: float) -> "Bench":
        for _ in range(round(seconds * 20)):
            self.clock.advance(us=50_000)
            self.board.tick()
            if self.runner is not None and not self.runner.ended:
                self._perform(self.runner.tick(self.clock.now_us()))
            else:
                self._carry(self.driver.tick(self.clock.now_us()))
            self.settle()
        return self

    def command(self, node: str, key: str, payload: str) -> "Bench":
        self._carry(self.driver.command(node, key, payload, self.clock.now_us()))
        return self.settle()

    def store(self, slot: int = 0) -> "Bench":
        """There is a program in the hub already."""
        self.hub.programs[slot] = pack_modules(MODULES, (1, 6, 0))
        return self

    def upload(
        self,
        modules: tuple[tuple[str, bytes], ...] = MODULES,
        *,
        slot: int | None = None,
        run: bool = True,
        cancel_after: int | None = None,
    ) -> DeviceError | None:
        """How it failed; the driver greets the hub on the open line afterwards."""
        prepared = Prepared(modules, Program("line.py", b"", slot, run))
        self.stages, self.cancel_after = [], cancel_after
        self.runner = TalkRunner(lambda heard: upload(prepared, heard, HOST))
        self._perform(self.runner.start(self.clock.now_us()))
        self.settle()
        for _ in range(400):
            if self.runner.ended:
                break
            self.run(0.05)
        assert self.runner.ended
        error = self.runner.error
        left, self.runner = self.runner.heard.take_all(), None
        self._carry(self.driver.opened(self.clock.now_us()))
        if left:
            self._carry(self.driver.received(Chunk(left, self.clock.now_us())))
        self.settle()
        return error

    def told(self, node: str, key: str) -> list[str]:
        return [o.value for o in self.outputs if isinstance(o, Told) and (o.node, o.key) == (node, key)]

    def printed(self) -> str:
        return "".join(output.text for output in self.outputs if isinstance(output, Printed))

    def refusals(self) -> list[Refused]:
        return [output for output in self.outputs if isinstance(output, Refused)]

    def alerts(self) -> dict[str, str]:
        raised: dict[str, str] = {}
        for output in self.outputs:
            if isinstance(output, Alert):
                raised[output.id] = output.code
            elif isinstance(output, Cleared):
                raised.pop(output.id, None)
        assert set(raised) <= set(KIT.alerts)
        return raised

    def _carry(self, outputs: Sequence[Output]) -> None:
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Say) and self.plugged:
                self.board.heard(output.data)

    def _perform(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Say) and self.plugged:
                self.board.heard(step.data)
            elif isinstance(step, Progress):
                self.stages.append(step)
                if self.runner is not None and self.cancel_after == len(self.stages):
                    self._perform(self.runner.cancel(self.clock.now_us()))
