"""USB serial ports of this computer, found without opening them."""

import os
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports


@dataclass(frozen=True)
class UsbPort:
    """A port and the identity of what is plugged in; clones share a serial number, sockets do not."""

    path: str
    vid: int
    pid: int
    serial: str | None = None
    location: str | None = None
    product: str | None = None

    @property
    def interface(self) -> int | None:
        """Which of the device's interfaces the port is: 2 in `1-3:1.2`."""
        number = (self.location or "").partition(":")[2].rpartition(".")[2]
        return int(number) if number.isdecimal() else None

    @property
    def socket(self) -> str:
        """Where it is plugged in, without the interface."""
        return (self.location or self.path).partition(":")[0]

    @property
    def label(self) -> str:
        """`2341:0043 1-1.2`, as printed on a socket's label."""
        return f"{self.vid:04x}:{self.pid:04x} {self.location or self.serial or ''}".strip()


def list_usb_ports() -> tuple[UsbPort, ...]:
    """Reads what the system knows; ports without a USB identity are left out."""
    return tuple(
        UsbPort(port.device, port.vid, port.pid, port.serial_number, port.location, port.product)
        for port in list_ports.comports()
        if port.vid is not None and port.pid is not None
    )


def find_holder(path: str) -> str | None:
    """Name of a program that has `path` open, as far as this user may see."""
    wanted = os.path.realpath(path)
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            held = any(os.path.realpath(fd) == wanted for fd in (folder / "fd").iterdir())
            if held:
                return (folder / "comm").read_text().strip()
        except OSError:
            continue
    return None
