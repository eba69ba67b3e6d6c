"""A driver or an upload and an emulated Uno, joined by a line without delay and a clock that is advanced."""

from typing import Any

from devices.driver import Claimed, Driver, Host, Output, Remember, Reset, Say, SetBaud
from devices.kits.arduino_uno.driver import ASKED_BAUD
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.upload import Image, prepare, upload
from devices.talk import Progress, Step, TalkRunner
from devices.transports.byte_pipe import Chunk
from devices.uploads import Program
from lab_controller.clock import ManualClock
from tests.intel_hex import format_intel_hex

UNO_USB = (0x2341, 0x0043)
STEP_US = 10_000
TURNS_MAX = 20_000


def program(size: int, seed: int = 7) -> bytes:
    """Bytes that no two pages share."""
    return bytes((at * 31 + at // 128 * 17 + seed) % 251 for at in range(size))


def image(data: bytes) -> Image:
    return prepare(Program("a.hex", format_intel_hex(data)))


class PulledError(Exception):
    """The cable of a bench is out."""


class UploadBench:
    """Runs one upload to its end; `stages` in order, `notes` as remembered."""

    def __init__(self, board: UnoEmulator, clock: ManualClock, host: Host | None = None) -> None:
        self.board = board
        self.clock = clock
        self.host = host or Host("room", "0badcafe", {}, "/dev/ttyUSB0", UNO_USB)
        self.stages: list[str] = []
        self.notes: dict[str, str] = {}
        self.bauds: list[int] = []
        self.plugged = True
        self._inbox = bytearray()

    def pull(self) -> None:
        self.plugged = False

    def run(self, wanted: Image, cancel_at: str = "") -> TalkRunner:
        runner = TalkRunner(lambda heard: upload(wanted, heard, self.host))
        self._perform(runner.start(self.clock.now_us()), runner)
        for _ in range(TURNS_MAX):
            if runner.ended or not self.plugged:
                return runner
            if cancel_at and cancel_at in self.stages:
                self._perform(runner.cancel(self.clock.now_us()), runner)
                cancel_at = ""
            elif self._inbox:
                data = bytes(self._inbox)
                self._inbox.clear()
                self._perform(runner.received(data, self.clock.now_us()), runner)
            else:
                self.clock.advance(us=STEP_US)
                self.board.tick()
                self._perform(runner.tick(self.clock.now_us()), runner)
        raise AssertionError("the upload never ends")

    def _perform(self, steps: list[Step], runner: TalkRunner) -> None:
        for step in steps:
            match step:
                case Say(data=data):
                    self.board.heard(data)
                case SetBaud(baud=baud):
                    self.bauds.append(baud)
                    self.board.set_baud(baud)
                case Reset():
                    self.board.closed()
                    self.board.opened(self._inbox.extend)
                    self._inbox.clear()
                    runner.heard.take_all()
                case Progress(stage=stage):
                    if self.stages[-1:] != [stage]:
                        self.stages.append(stage)
                case Remember(key=key, value=value):
                    self.notes[key] = value


class DriverBench:
    """A driver on an open line, as a session serves it."""

    def __init__(self, driver: Driver, board: UnoEmulator, clock: ManualClock) -> None:
        self.driver = driver
        self.board = board
        self.clock = clock
        self.outputs: list[Output] = []
        self.bauds: list[int] = []
        self.claimed = False
        self._inbox = bytearray()
        board.set_baud(ASKED_BAUD)
        board.opened(self._inbox.extend)
        self._carry(driver.opened(clock.now_us()))

    def run(self, seconds: float) -> "DriverBench":
        for _ in range(int(seconds * 20)):
            self.clock.advance(us=50_000)
            self.board.tick()
            if data := bytes(self._inbox):
                self._inbox.clear()
                self._carry(self.driver.received(Chunk(data, self.clock.now_us())))
            self._carry(self.driver.tick(self.clock.now_us()))
        return self

    def settle(self) -> "DriverBench":
        """Nobody else has answered."""
        self._carry(self.driver.unanswered(self.clock.now_us()))  # type: ignore[attr-defined]
        return self

    def said(self, kind: type) -> list[Any]:
        return [output for output in self.outputs if isinstance(output, kind)]

    def _carry(self, outputs: list[Output]) -> None:
        for output in outputs:
            self.claimed = self.claimed or isinstance(output, Claimed)
            if isinstance(output, SetBaud):
                self.bauds.append(output.baud)
                self.board.set_baud(output.baud)
            elif isinstance(output, Say):
                self.board.heard(output.data)
        self.outputs += outputs
