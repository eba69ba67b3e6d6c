"""A light gate of two lanes on an Arduino Uno or Nano."""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading, UsbMatch
from devices.kits.arduino_uno.upload import UPLOADS
from devices.kits.timing_gate.driver import GateDriver
from devices.kits.timing_gate.emulator import GateEmulator

KIT = Kit(
    id="timing_gate",
    type="gate",
    folder=Path(__file__).parent,
    baud=115200,
    driver=lambda host: GateDriver(host.clock_id),
    probes=True,
    emulator=GateEmulator,
    uploads=UPLOADS,
    nodes={"gate": "gate", "clock": "clock"},
    readings=(
        Reading("gate", "passage", "json", retained=False),
        Reading("gate", "edge", "json", retained=False),
        Reading("gate", "last-seq", "integer", "#"),
        Reading("gate", "armed", "boolean"),
        Reading("gate", "arm", "json", retained=False),
        Reading("gate", "blocked", "json"),
        Reading("gate", "self-test", "json", retained=False),
        Reading("clock", "fit", "json"),
    ),
    commands=(
        Command("gate", "armed", "boolean"),
        Command("gate", "arm"),
        Command("gate", "self-test"),
        Command("gate", "committed"),
    ),
    alerts=("blocked-1", "blocked-2", "bounces", "clock", "drift", "lost", "noise", "reset", "silent"),
    capabilities=(Capability("timing"),),
    usb=(
        *(UsbMatch(0x2341, pid, certain=True) for pid in (0x0043, 0x0001, 0x0243, 0x006A)),
        UsbMatch(0x2A03, 0x0043, certain=True),
        *(UsbMatch(0x1A86, pid, certain=False) for pid in (0x7523, 0x7522, 0x5523)),
        *(UsbMatch(0x0403, pid, certain=False) for pid in (0x6001, 0x6015)),
    ),
)
