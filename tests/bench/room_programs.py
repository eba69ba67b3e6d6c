"""`python -m tests.bench.room_programs FOLDER`: sixteen kits that take programs, each on a port of its own.

The first goes dumb when FOLDER/mute appears, which FOLDER/muted confirms; all end when FOLDER/over does.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.upload import MAGIC
from devices.kits.pybricks.emulator import PybricksEmulator
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.hub import Hub
from devices.kits.vex_v5.emulator import V5Emulator
from devices.protocols import ev3_bytecode
from devices.uploads import Program
from tests.devices.waiting import until
from tests.intel_hex import format_intel_hex

KITS = (
    *("arduino_uno",) * 4,
    *("spike",) * 3,
    *("ev3", "nxt", "vex_v5", "pybricks") * 2,
    "micropython",
)
NAMES: Mapping[str, str] = {
    "uno": "arduino_uno",
    "spike": "spike",
    "ev3": "ev3",
    "nxt": "nxt",
    "v5": "vex_v5",
    "pybricks": "pybricks",
    "esp": "micropython",
}
"""What a device id begins with."""
PROGRAM_BYTES = 8192
WAITS_S = 600.0

_BYTES = bytes((at * 31 + at // 128 * 17) % 251 for at in range(PROGRAM_BYTES))
_SOURCE = b"".join(b"reading_%d = %d\n" % (at, at) for at in range(200)) + b"print('a:1')\n"
PROGRAMS: Mapping[str, Program] = {
    "arduino_uno": Program("a.hex", format_intel_hex(_BYTES)),
    "spike": Program("a.py", _SOURCE),
    "ev3": Program("a.rbf", ev3_bytecode.image(_BYTES + b"\x0a")),
    "nxt": Program("a.rxe", MAGIC + _BYTES),
    "vex_v5": Program("a.bin", b"XVX5" + _BYTES * 8),
    "pybricks": Program("a.py", _SOURCE),
    "micropython": Program("a.py", _SOURCE),
}


def path_of(folder: Path, number: int) -> Path:
    """The port of a kit."""
    return folder / f"{number:02d}-{KITS[number]}"


def make(kind: str, number: int) -> Any:
    """A kit that is none of the others; an Uno takes as long as the wire and the chip do."""
    match kind:
        case "arduino_uno":
            return UnoEmulator(paced=True)
        case "spike":
            return SpikeEmulator(hub=Hub(uuid=bytes(15) + bytes((number,))))
        case "ev3":
            return Ev3Emulator(address=f"00165340e2{number:02x}")
        case "nxt":
            return NxtEmulator(address=f"0016530450{number:02x}")
        case "vex_v5":
            return V5Emulator()
        case "pybricks":
            return PybricksEmulator()
    return MicroPythonEmulator()


async def play(folder: Path) -> None:
    """Plug everything in; one goes dumb when that is asked for."""
    kits = [make(kind, number) for number, kind in enumerate(KITS)]
    servers = [kit.serve(path_of(folder, number)) for number, kit in enumerate(kits)]
    await until((folder / "mute").exists, WAITS_S)
    kits[0].mute = True
    (folder / "muted").touch()
    await until((folder / "over").exists, WAITS_S)
    for server in servers:
        server.unplug()


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1])))
