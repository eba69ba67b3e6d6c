"""Any board that runs Firmata: its pins are read and set from the lab's page."""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading
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
