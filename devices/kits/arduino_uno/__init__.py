"""An Arduino Uno or Nano with a pupil's own sketch on it."""

from pathlib import Path

from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.arduino_uno.driver import ALERT, ASKED_BAUD, ArduinoDriver
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.upload import UNOS, UPLOADS

KIT = Kit(
    id="arduino_uno",
    type="arduino-uno",
    folder=Path(__file__).parent,
    baud=ASKED_BAUD,
    driver=ArduinoDriver,
    emulator=UnoEmulator,
    uploads=UPLOADS,
    readings=(Reading("console", "baud", "integer", "Bd"),),
    commands=(
        Command("console", "send", "string"),
        Command("board", "reset", "boolean"),
        Command("board", "identify", "boolean"),
    ),
    alerts=(ALERT,),
    usb=(
        *(UsbMatch(vid, pid, certain=True) for vid, pid in sorted(UNOS)),
        *(UsbMatch(0x1A86, pid, certain=False) for pid in (0x7523, 0x7522, 0x5523)),
        *(UsbMatch(0x0403, pid, certain=False) for pid in (0x6001, 0x6015)),
    ),
)
