"""An Arduino Leonardo or Micro with a pupil's own sketch on it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from devices.avrdude import Chip, prepare, write_flash
from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.arduino_leonardo.emulator import TOUCH_BAUD, LeonardoEmulator
from devices.kits.arduino_uno.driver import ALERT, ASKED_BAUD, ArduinoDriver
from devices.talk import Progress
from devices.uploads import Program, ToolPort, Uploads

SKETCH_PIDS, BOOT_PIDS = (0x8036, 0x8037, 0x8237), (0x0036, 0x0037, 0x0237)
LEONARDOS = frozenset((vid, pid) for vid in (0x2341, 0x2A03) for pid in SKETCH_PIDS + BOOT_PIDS)
CHIP = Chip("atmega32u4", "avr109", 57600, 28_672)
HEX_BYTES_MAX = 200_000
MOVES_S = 10.0


def _prepare(program: Program) -> bytes:
    return prepare(program, CHIP)


async def upload(program: bytes, port: ToolPort, _notes: Mapping[str, str]) -> AsyncIterator[Progress]:
    """Ask for the boot loader, follow it to its port, and write."""
    yield Progress("resetting")
    await port.touch(TOUCH_BAUD)
    path = await port.moved(MOVES_S)
    async for progress in write_flash(path, program, CHIP):
        yield progress


KIT = Kit(
    id="arduino_leonardo",
    type="arduino-leonardo",
    folder=Path(__file__).parent,
    baud=ASKED_BAUD,
    driver=lambda host: ArduinoDriver(host, "leonardo", LEONARDOS),
    emulator=LeonardoEmulator,
    uploads=Uploads((".hex",), HEX_BYTES_MAX, _prepare, tool=upload, can_run=False),
    readings=(Reading("console", "baud", "integer", "Bd"),),
    commands=(Command("console", "send", "string"),),
    alerts=(ALERT,),
    usb=tuple(UsbMatch(vid, pid, certain=True) for vid, pid in sorted(LEONARDOS)),
)
