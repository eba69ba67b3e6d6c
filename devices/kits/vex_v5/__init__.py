"""A VEX V5 brain on its system port, or the controller of one; EXP and IQ 2 where they are alike."""

from pathlib import Path

from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.vex_v5.condition import BATTERY, PORTS
from devices.kits.vex_v5.driver import RADIO, V5Driver
from devices.kits.vex_v5.emulator import V5Emulator
from devices.kits.vex_v5.upload import UPLOADS

VEX = 0x2888
SYSTEM_PORT = 0

KIT = Kit(
    id="vex_v5",
    type="vex-v5",
    folder=Path(__file__).parent,
    baud=115200,
    driver=V5Driver,
    emulator=V5Emulator,
    uploads=UPLOADS,
    readings=(
        Reading("firmware", "name", "string"),
        Reading("firmware", "version", "string"),
        Reading("board", "serial", "string"),
        Reading("battery", "percent", "integer", "%"),
        Reading("radio", "linked", "boolean"),
        Reading("program", "running", "boolean"),
        Reading("program", "slot", "integer", "#"),
        Reading("program", "stored", "json"),
        *(Reading("ports", str(port), "json") for port in range(1, PORTS + 1)),
    ),
    commands=(Command("program", "run", "string"), Command("program", "stop", "boolean")),
    alerts=(BATTERY, RADIO),
    usb=(
        UsbMatch(VEX, 0x0501, certain=True, interface=SYSTEM_PORT),
        UsbMatch(VEX, 0x0600, certain=True, interface=SYSTEM_PORT),
        UsbMatch(VEX, 0x0503, certain=True),
    ),
)
