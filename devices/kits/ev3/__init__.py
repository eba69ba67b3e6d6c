"""LEGO MINDSTORMS EV3 with its stock firmware, over Bluetooth, USB or Wi-Fi."""

from pathlib import Path

from devices.kit import Command, Kit, Reading, UsbMatch
from devices.kits.ev3.driver import Ev3Driver
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.ports import NAMES
from devices.kits.ev3.upload import FILE_BYTES_MAX, SUFFIXES, prepare, upload
from devices.uploads import Uploads

KIT = Kit(
    id="ev3",
    type="ev3",
    folder=Path(__file__).parent,
    baud=115200,
    driver=Ev3Driver,
    emulator=Ev3Emulator,
    readings=(
        Reading("program", "running", "boolean"),
        Reading("battery", "percent", "integer", "%"),
        Reading("battery", "voltage", "float", "V"),
        Reading("firmware", "version", "string"),
        Reading("firmware", "name", "string"),
        *(Reading("ports", name, "json") for name in NAMES),
        Reading("mailbox", "received", "json", retained=False),
    ),
    commands=(
        Command("program", "run", "string"),
        Command("program", "stop", "boolean"),
        Command("mailbox", "send"),
        Command("board", "identify", "boolean"),
    ),
    alerts=("battery",),
    usb=(UsbMatch(0x0694, 0x0005, certain=True),),
    uploads=Uploads(SUFFIXES, FILE_BYTES_MAX, prepare, talk=upload, reopens=False, named=True),
)
