"""LEGO MINDSTORMS NXT with its stock firmware, over Bluetooth."""

from pathlib import Path

from devices.kit import Command, Kit, Reading
from devices.kits.nxt.driver import NxtDriver
from devices.kits.nxt.emulator import NxtEmulator
from devices.kits.nxt.sensors import INPUTS
from devices.kits.nxt.upload import FILE_BYTES_MAX, SUFFIXES, prepare, upload
from devices.uploads import Uploads

KIT = Kit(
    id="nxt",
    type="nxt",
    folder=Path(__file__).parent,
    baud=115200,
    driver=NxtDriver,
    emulator=NxtEmulator,
    readings=(
        Reading("program", "running", "boolean"),
        Reading("battery", "percent", "integer", "%"),
        Reading("battery", "voltage", "float", "V"),
        Reading("firmware", "version", "string"),
        Reading("firmware", "name", "string"),
        *(Reading("ports", name, "json") for name in INPUTS),
        Reading("mailbox", "received", "json", retained=False),
    ),
    commands=(
        Command("program", "run", "string"),
        Command("program", "stop", "boolean"),
        Command("mailbox", "send"),
        Command("board", "identify", "boolean"),
    ),
    alerts=("battery",),
    uploads=Uploads(SUFFIXES, FILE_BYTES_MAX, prepare, talk=upload, reopens=False, named=True),
)
