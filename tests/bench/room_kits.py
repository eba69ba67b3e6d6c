"""`python -m tests.bench.room_kits FOLDER SECONDS`: sixteen kits of several kinds, each on a port of its own.

Kits that print send `us:<CLOCK_MONOTONIC microseconds>` a hundred times a second and write down what they
sent in FOLDER/<kit>.sent; the others count their notifications there. It begins when FOLDER/go appears.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.firmata.emulator import FirmataEmulator
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.hub import Hub
from devices.kits.timing_gate.emulator import GateEmulator
from devices.kits.vex_v5_user.emulator import V5UserEmulator
from devices.protocols.firmata import Analog
from devices.transports.pty import PtyServer
from tests.devices.waiting import until

START_S = 120.0
PERIOD_S = 0.01
PRINTERS = ("arduino_uno", "timing_gate", "vex_v5_user")
COUNTERS = ("firmata", "spike")
KITS = (*(PRINTERS[n % 3] for n in range(12)), *(COUNTERS[n % 2] for n in range(4)))


class CountingFirmata(FirmataEmulator):
    """Knows how many values of its first channel it has sent."""

    sent = 0

    def _tell(self, message: Any) -> None:
        self.sent += isinstance(message, Analog) and message.channel == 0
        super()._tell(message)


class CountingSpike(SpikeEmulator):
    """Knows how many notifications it has sent."""

    sent = 0

    def _tell(self, event: Any) -> None:
        self.sent += type(event).__name__ == "Notified"
        super()._tell(event)


class Printer:
    """A kit whose program prints the time, from `go` on."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self.sent: list[int] = []
        self._print = print_line

    async def warm_up(self) -> None:
        """As a sketch that has been running for a while: its speed is found by what it prints."""
        while True:
            self._print("warm:1")
            await asyncio.sleep(PERIOD_S)

    async def run(self, seconds: float) -> None:
        """A hundred lines a second, however late the loop is."""
        begun = due = time.monotonic()
        while due - begun < seconds:
            now_us = time.monotonic_ns() // 1000
            self.sent.append(now_us)
            self._print(f"us:{now_us}")
            due += PERIOD_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


def make(kind: str, number: int) -> tuple[Any, Callable[[str], None] | None]:
    """A kit, and how its program prints a line if it has one that does."""
    match kind:
        case "arduino_uno":
            lines: list[bytes] = []
            board = UnoEmulator(prints=lambda _: b"".join(iter(partial(_pop, lines), None)), period_us=5_000)
            return board, lambda text: lines.append(text.encode() + b"\r\n")
        case "timing_gate":
            gate = GateEmulator(id=f"be{number:04x}")
            return gate, gate.print_line
        case "vex_v5_user":
            brain = V5UserEmulator(style="plain")
            return brain, lambda text: brain.print(text + "\n")
        case "firmata":
            return CountingFirmata(), None
    return CountingSpike(hub=Hub(uuid=bytes(15) + bytes((number,)))), None


def _pop(lines: list[bytes]) -> bytes | None:
    return lines.pop(0) if lines else None


async def play(folder: Path, seconds: float) -> None:
    """Plug everything in, wait for `go`, print, and write down what was sent."""
    kits: list[tuple[Path, Any, Printer | None]] = []
    servers: list[PtyServer] = []
    for number, kind in enumerate(KITS):
        kit, print_line = make(kind, number)
        path = folder / f"{number:02d}-{kind}"
        servers.append(kit.serve(path))
        kits.append((path, kit, Printer(print_line) if print_line else None))
    printers = [printer for _, _, printer in kits if printer is not None]
    warming = [asyncio.create_task(printer.warm_up()) for printer in printers]
    await until((folder / "go").exists, START_S)
    for task in warming:
        task.cancel()
    await asyncio.gather(*(printer.run(seconds) for printer in printers))
    for _, kit, _ in kits:
        kit.mute = True
    for path, kit, printer in kits:
        sent = printer.sent if printer is not None else [kit.sent]
        path.with_suffix(".sent").write_text("\n".join(map(str, sent)))
    (folder / "done").touch()
    await until(lambda: not (folder / "go").exists(), START_S)
    for server in servers:
        server.unplug()


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1]), float(sys.argv[2])))
