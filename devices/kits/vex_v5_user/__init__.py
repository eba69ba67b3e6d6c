"""The user port of a VEX V5 brain: what its program prints, and what is typed for it."""

from pathlib import Path

from devices.kit import Command, Kit, UsbMatch
from devices.kits.vex_v5_user.driver import V5UserDriver
from devices.kits.vex_v5_user.emulator import V5UserEmulator

VEX = 0x2888
USER_PORT = 2
LOGS_EVERY_S = 0.5

KIT = Kit(
    id="vex_v5_user",
    type="vex-v5-user",
    folder=Path(__file__).parent,
    baud=115200,
    driver=V5UserDriver,
    emulator=lambda clock: V5UserEmulator(clock, logs_every_s=LOGS_EVERY_S),
    readings=(),
    commands=(Command("console", "send", "string"),),
    usb=tuple(UsbMatch(VEX, pid, certain=True, interface=USER_PORT) for pid in (0x0501, 0x0600)),
)
