"""An ESP32, ESP8266, Pico or any other board with MicroPython, on its USB cable."""

from pathlib import Path

from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.micropython.driver import BAUD, MicroPythonDriver
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.micropython.source import PROGRAM_BYTES_MAX, prepare
from devices.kits.micropython.upload import upload
from devices.uploads import Uploads

ESP_NATIVE, PICO = (0x303A, 0x1001), (0x2E8A, 0x0005)
CP210X = (0x10C4, 0xEA60)
CH340 = tuple((0x1A86, pid) for pid in (0x7523, 0x7522, 0x5523))
CH9102 = ((0x1A86, 0x55D4), (0x1A86, 0x55D3))

KIT = Kit(
    id="micropython",
    type="micropython",
    folder=Path(__file__).parent,
    baud=BAUD,
    driver=MicroPythonDriver,
    emulator=MicroPythonEmulator,
    readings=(
        Reading("firmware", "name", "string"),
        Reading("firmware", "version", "string"),
        Reading("program", "running", "boolean"),
    ),
    commands=(
        Command("program", "run", "string"),
        Command("program", "stop", "boolean"),
        Command("console", "send", "string"),
        Command("board", "reset", "boolean"),
    ),
    usb=(
        *(UsbMatch(*usb, certain=True) for usb in (ESP_NATIVE, PICO)),
        *(UsbMatch(*usb, certain=False) for usb in (CP210X, *CH340, *CH9102)),
    ),
    uploads=Uploads((".py", ".mpy"), PROGRAM_BYTES_MAX, prepare, talk=upload, reopens=False, named=True),
)
