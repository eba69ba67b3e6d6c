"""USB serial ports of this computer, found without opening them."""

import contextlib
import os
from collections.abc import Iterable, Iterator
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


def find_holders(paths: Iterable[str]) -> dict[str, str]:
    """Names of other programs that have `paths` open, as far as this user may see: one look for all."""
    real = {path: os.path.realpath(path) for path in paths}
    wanted, held = frozenset(real.values()), dict[str, str]()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) != os.getpid():
            for opened in wanted.intersection(_iter_opened(folder)):
                with contextlib.suppress(OSError):
                    held[opened] = (folder / "comm").read_text().strip()
    return {path: held[opened] for path, opened in real.items() if opened in held}


def _iter_opened(process: Path) -> Iterator[str]:
    """What a process has open; nothing of one that has ended or is another user's."""
    with contextlib.suppress(OSError):
        for number in os.listdir(process / "fd"):
            with contextlib.suppress(OSError):
                yield os.readlink(process / "fd" / number)
