"""A SPIKE hub and its driver, joined by a line without delay."""

from devices.driver import (
    Alert,
    Cleared,
    Host,
    Measured,
    Output,
    Say,
    Told,
)
from devices.kits.spike import KIT
from devices.kits.spike.driver import SpikeDriver
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.hub import Hub
from devices.transports.byte_pipe import Chunk
from lab_controller.clock import ManualClock

LEGO = (0x0694, 0x0009)


class Bench:
    """A driver and an emulator, joined by a line without delay."""

    def __init__(
        self, *, port: str = "0badcafe", usb: tuple[int, int] | None = LEGO, hub: Hub | None = None, **board
    ) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.board = SpikeEmulator(self.clock, hub=hub, **board)
        self.hub = self.board.hub
        self.notes: dict[str, str] = {}
        self.driver: SpikeDriver = KIT.driver(Host("room", port, self.notes, "/dev/ttyACM0", usb))
        self.outputs: list[Output] = []
        self.plugged = False

    def plug(self) -> "Bench":
        self.plugged = True
        self.board.opened(self.hear)
        self.carry(self.driver.opened(self.clock.now_us()))
        return self

    def unplug(self) -> None:
        self.plugged = False
        self.board.closed()

    def run(self, seconds: float) -> "Bench":
        for _ in range(int(seconds * 20)):
            self.clock.advance(us=50_000)
            self.board.tick()
            self.carry(self.driver.tick(self.clock.now_us()))
        return self

    def command(self, node: str, key: str, payload: str) -> None:
        self.carry(self.driver.command(node, key, payload, self.clock.now_us()))

    def notify(self, *records) -> None:
        """The hub tells these records, and nothing of its own."""
        self.hub.records = lambda _: records
        self.outputs.clear()
        self.run(0.1)

    def told(self, node: str, key: str) -> list[str]:
        return [o.value for o in self.outputs if isinstance(o, Told) and (o.node, o.key) == (node, key)]

    def all(self, kind: type) -> list:
        return [output for output in self.outputs if isinstance(output, kind)]

    def samples(self) -> dict[str, tuple[float, str]]:
        return {one.key: (one.value, one.unit) for each in self.all(Measured) for one in each.samples}

    def alerts(self) -> dict[str, tuple[str, dict]]:
        raised: dict[str, tuple[str, dict]] = {}
        for output in self.outputs:
            if isinstance(output, Alert):
                raised[output.id] = (output.code, dict(output.params))
            elif isinstance(output, Cleared):
                raised.pop(output.id, None)
        return raised

    def hear(self, data: bytes) -> None:
        if self.plugged:
            self.carry(self.driver.received(Chunk(data, self.clock.now_us())))

    def carry(self, outputs: list[Output]) -> None:
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Say) and self.plugged:
                self.board.heard(output.data)
