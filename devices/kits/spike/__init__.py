"""LEGO SPIKE Prime, Robot Inventor and SPIKE Essential hubs with LEGO's own firmware, on a USB cable."""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading, UsbMatch
from devices.kits.spike.driver import LEGO_VID, SpikeDriver
from devices.kits.spike.emulator import SpikeEmulator
from devices.kits.spike.source import SOURCE_BYTES_MAX, prepare
from devices.kits.spike.upload import upload
from devices.protocols.spike import SLOTS
from devices.protocols.spike_records import PORTS
from devices.uploads import Uploads

KIT = Kit(
    id="spike",
    type="spike",
    folder=Path(__file__).parent,
    baud=115200,
    driver=SpikeDriver,
    emulator=SpikeEmulator,
    probes=True,
    readings=(
        Reading("hub", "name", "string"),
        Reading("firmware", "name", "string"),
        Reading("firmware", "version", "string"),
        Reading("battery", "percent", "integer", "%"),
        Reading("program", "running", "boolean"),
        Reading("program", "slot", "integer", "#"),
        *(Reading("ports", port, "json") for port in PORTS),
    ),
    commands=(
        Command("hub", "name", "string"),
        Command("program", "run", "string"),
        Command("program", "stop", "boolean"),
    ),
    capabilities=(Capability("programs"), Capability("console")),
    alerts=("battery", "firmware", "silent"),
    usb=tuple(UsbMatch(LEGO_VID, pid, certain=True) for pid in (0x0009, 0x000D, 0x0010)),
    uploads=Uploads((".py",), SOURCE_BYTES_MAX, prepare, talk=upload, reopens=False, slots=SLOTS),
)
