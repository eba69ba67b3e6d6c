"""A board that runs Firmata: its pins are read and set from the lab's page.

It is an Uno or Nano by its identity, and takes another sketch as one does; other boards are named for it.
"""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading
from devices.kits.arduino_uno import KIT as ARDUINO
from devices.kits.firmata.driver import FirmataDriver
from devices.kits.firmata.emulator import FirmataEmulator

KIT = Kit(
    id="firmata",
    type="firmata",
    folder=Path(__file__).parent,
    baud=57600,
    driver=FirmataDriver,
    emulator=FirmataEmulator,
    probes=True,
    uploads=ARDUINO.uploads,
    usb=ARDUINO.usb,
    readings=(
        Reading("firmware", "version", "string"),
        Reading("firmware", "name", "string"),
        Reading("pins", "state", "json"),
    ),
    commands=(
        Command("pins", "mode"),
        Command("pins", "write"),
        Command("board", "identify", "boolean"),
        Command("board", "reset", "boolean"),
    ),
    capabilities=(Capability("pins"),),
)
