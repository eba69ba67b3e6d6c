"""An Arduino Mega 2560 with a pupil's own sketch on it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from devices.avrdude import Chip, prepare, write_flash
from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.arduino_mega.emulator import MegaEmulator
from devices.kits.arduino_uno.driver import ALERT, ASKED_BAUD, ArduinoDriver
from devices.talk import Progress
from devices.uploads import Program, ToolPort, Uploads

MEGAS = frozenset(
    {(0x2341, pid) for pid in (0x0010, 0x0042, 0x0210, 0x0242)} | {(0x2A03, pid) for pid in (0x0010, 0x0042)}
)
CHIP = Chip("atmega2560", "wiring", 115200, 253_952)
HEX_BYTES_MAX = 1_000_000


def _prepare(program: Program) -> bytes:
    return prepare(program, CHIP)


def upload(program: bytes, port: ToolPort, _notes: Mapping[str, str]) -> AsyncIterator[Progress]:
    """Through the boot loader, which avrdude starts by pulling DTR."""
    return write_flash(port.path, program, CHIP)


KIT = Kit(
    id="arduino_mega",
    type="arduino-mega",
    folder=Path(__file__).parent,
    baud=ASKED_BAUD,
    driver=lambda host: ArduinoDriver(host, "mega", MEGAS),
    emulator=MegaEmulator,
    uploads=Uploads((".hex",), HEX_BYTES_MAX, _prepare, tool=upload, can_run=False),
    readings=(Reading("console", "baud", "integer", "Bd"),),
    commands=(
        Command("console", "send", "string"),
        Command("board", "reset", "boolean"),
        Command("board", "identify", "boolean"),
    ),
    alerts=(ALERT,),
    # With a RAMPS board on it, it is the classic 3D printer, and opening its port ends the print.
    usb=tuple(UsbMatch(vid, pid, certain=False) for vid, pid in sorted(MEGAS)),
)
