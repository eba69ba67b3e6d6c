"""A USB HID device as a line of frames: Linux gives it a node /dev/hidrawN."""

import asyncio
import contextlib
import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from devices.clock import Clock
from devices.errors import TransportError
from devices.transports.byte_pipe import Chunk
from devices.transports.serial_listing import UsbPort

HIDRAW = "/dev/hidraw"
REPORT_BYTES = 1024
LENGTH_BYTES = 2
WAITING = 64
"""As many reports as Linux keeps by itself; what it has no room for is lost, as on any HID device."""
NODES = Path("/sys/class/hidraw")
USB_BUS = 3
LEGO = 0x0694

_CODES = {
    errno.EACCES: ("permission_denied", True),
    errno.EPERM: ("permission_denied", True),
    errno.EBUSY: ("port_busy", False),
    errno.ENOENT: ("port_missing", False),
    errno.ENODEV: ("port_missing", False),
    errno.ENXIO: ("port_missing", False),
}


def list_hidraw_ports(nodes: Path = NODES) -> tuple[UsbPort, ...]:
    """LEGO's HID devices as the system knows them; none is opened, and keyboards are nobody's business."""
    found = []
    for node in sorted(nodes.glob("hidraw*")):
        try:
            told = dict(
                line.split("=", 1)
                for line in (node / "device/uevent").read_text().splitlines()
                if "=" in line
            )
            bus, vid, pid = (int(part, 16) for part in told["HID_ID"].split(":"))
        except (OSError, KeyError, ValueError):
            continue
        if bus == USB_BUS and vid == LEGO:
            location = told.get("HID_PHYS", "").partition("/")[0].replace(":", "-") or None
            serial = told.get("HID_UNIQ") or None
            found.append(UsbPort(f"/dev/{node.name}", vid, pid, serial, location, told.get("HID_NAME")))
    return tuple(found)


class HidrawPort:
    """Frames that begin with their own length (u16), one to a report; a report is filled up with zeros."""

    def __init__(self, path: str, clock: Clock) -> None:
        self.name = path
        self._clock = clock
        self._file: int | None = None
        self._inbox: asyncio.Queue[Chunk | None] = asyncio.Queue()
        self._paused = False
        self._writer: ThreadPoolExecutor | None = None
        self._unsent: set[Future[int]] = set()

    async def open(self) -> None:
        """Open the node and listen."""
        self._inbox = asyncio.Queue()
        try:
            self._file = os.open(self.name, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            code, permanent = _CODES.get(error.errno or 0, ("port_failed", False))
            raise TransportError(code, permanent=permanent, port=self.name) from error
        # Linux waits in a write until the device has taken the report, up to five seconds.
        self._writer = ThreadPoolExecutor(1, "hidraw")
        self._listen(self._file)

    async def close(self) -> None:
        """Let go of the node; what the device has not taken is not said any more."""
        file, self._file = self._file, None
        writer, self._writer = self._writer, None
        if file is not None and writer is not None:
            asyncio.get_running_loop().remove_reader(file)
            for report in self._unsent:
                report.cancel()
            self._unsent = set()
            writer.submit(os.close, file)
            writer.shutdown(wait=False)

    def write(self, data: bytes) -> None:
        """One frame as one report; number 0 stands for a device without numbered reports."""
        if self._file is None or self._writer is None or len(data) > REPORT_BYTES:
            raise TransportError("cable_pulled", port=self.name)
        if len(self._unsent) >= WAITING:
            raise TransportError("write_blocked", port=self.name)
        report = self._writer.submit(os.write, self._file, b"\0" + data.ljust(REPORT_BYTES, b"\0"))
        self._unsent.add(report)
        loop, unsent, inbox = asyncio.get_running_loop(), self._unsent, self._inbox

        def taken(report: "Future[int]") -> None:
            unsent.discard(report)
            if not report.cancelled() and report.exception() is not None:
                inbox.put_nowait(None)

        def told(report: "Future[int]") -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                loop.call_soon_threadsafe(taken, report)

        report.add_done_callback(told)

    async def read(self) -> Chunk:
        """The next frame."""
        chunk = await self._inbox.get()
        if self._paused and self._file is not None:
            self._listen(self._file)
        if chunk is None:
            raise TransportError("cable_pulled", port=self.name)
        return chunk

    def set_baud(self, baud: int) -> None:
        """A HID device has no speed."""

    async def reset(self) -> None:
        """Open anew."""
        if self._file is None:
            raise TransportError("cable_pulled", port=self.name)
        await self.close()
        await self.open()

    def _listen(self, file: int) -> None:
        self._paused = False
        asyncio.get_running_loop().add_reader(file, self._readable)

    def _readable(self) -> None:
        if self._file is None:
            return
        try:
            report = os.read(self._file, REPORT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            report = b""
        if not report:
            asyncio.get_running_loop().remove_reader(self._file)
            self._inbox.put_nowait(None)
            return
        frame = report[: LENGTH_BYTES + int.from_bytes(report[:LENGTH_BYTES], "little")]
        self._inbox.put_nowait(Chunk(frame, self._clock.now_us()))
        if self._inbox.qsize() >= WAITING:
            asyncio.get_running_loop().remove_reader(self._file)
            self._paused = True
