"""A LEGO hub with Pybricks firmware: on its cable from firmware 4.1, over Bluetooth before."""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading, UsbMatch
from devices.kits.pybricks.compiler import compile_modules
from devices.kits.pybricks.condition import ALERTS
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.emulator import PybricksEmulator
from devices.kits.pybricks.upload import Prepared, upload
from devices.uploads import Uploads

LEGO_USB = 0x0694
PRIME, ESSENTIAL, INVENTOR = 0x0009, 0x000D, 0x0010
"""An EV3 or NXT with Pybricks has the identity of its stock firmware, which is no serial port: name it."""

KIT = Kit(
    id="pybricks",
    type="pybricks",
    folder=Path(__file__).parent,
    baud=115200,
    driver=PybricksDriver,
    emulator=PybricksEmulator,
    readings=(
        Reading("program", "running", "boolean"),
        Reading("program", "slot", "integer", "#"),
        Reading("program", "slots", "integer", "#"),
        Reading("firmware", "name", "string"),
        Reading("firmware", "version", "string"),
        Reading("firmware", "profile", "string"),
        Reading("board", "name", "string"),
        Reading("board", "kind", "string"),
    ),
    commands=(
        Command("program", "run", "string"),
        Command("program", "stop", "boolean"),
        Command("console", "send", "string"),
    ),
    alerts=(*ALERTS, "firmware"),
    capabilities=(Capability("programs"), Capability("console")),
    usb=tuple(UsbMatch(LEGO_USB, pid, certain=True) for pid in (PRIME, ESSENTIAL, INVENTOR)),
    uploads=Uploads(
        suffixes=(".py",),
        max_bytes=256 * 1024,
        prepare=lambda program: Prepared(compile_modules(program), program),
        talk=upload,
        reopens=False,
        slots=5,
    ),
)
