"""A serial port: pyserial in one reader thread, crossing into the event loop."""

import asyncio
import contextlib
import errno
import os
import threading
from typing import Any

import serial

try:
    import termios
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

from devices.clock import Clock
from devices.errors import TransportError
from devices.transports.backlog import Backlog
from devices.transports.byte_pipe import Chunk

_CODES = {
    errno.EACCES: ("permission_denied", True),
    errno.EPERM: ("permission_denied", True),
    errno.EBUSY: ("port_busy", False),
    errno.EAGAIN: ("port_busy", False),
    errno.ENOENT: ("port_missing", False),
    errno.ENODEV: ("port_missing", False),
    errno.ENXIO: ("port_missing", False),
}
_NO_LINES = frozenset({errno.ENOTTY, errno.EINVAL})
RESET_S = 0.25
CLOSED_S = 0.03
"""Long enough for whoever is behind a pseudo-terminal to see that it was closed."""
_GONE: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError, AttributeError)
"""What pyserial raises when the device under an open port vanishes or the port is closed meanwhile."""
_REFUSED: tuple[type[Exception], ...] = (serial.SerialException, OSError, ValueError)
if termios is not None:
    _GONE, _REFUSED = (*_GONE, termios.error), (*_REFUSED, termios.error)


class SerialPort:
    """Held exclusively. Opening it resets most Arduinos, the first time after they were plugged in."""

    def __init__(self, path: str, baud: int, clock: Clock) -> None:
        self.name = path
        self.baud = baud
        self._clock = clock
        self._port: Any = None
        self._reader: threading.Thread | None = None
        self._closing = threading.Event()
        self._backlog = Backlog()
        self._inbox: asyncio.Queue[Chunk | None] = asyncio.Queue()

    async def open(self) -> None:
        """Open and lock the port, and begin to read."""
        self._inbox = asyncio.Queue()
        self._closing = threading.Event()
        self._backlog = Backlog()
        opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            self._port = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise
        self._reader = threading.Thread(
            target=self._read_on,
            args=(self._port, self._closing, self._backlog, asyncio.get_running_loop(), self._inbox),
            name=f"serial {self.name}",
            daemon=True,
        )
        self._reader.start()

    async def close(self) -> None:
        """Wait for the reader and unlock."""
        port, self._port = self._port, None
        reader, self._reader = self._reader, None
        if port is None:
            return
        # The event first: a reader that takes the wake-up in the middle of its bytes must not read on.
        self._closing.set()
        self._backlog.close()
        with contextlib.suppress(*_GONE):
            port.cancel_read()
        # Also if we are cancelled meanwhile: a port that stays locked is lost to everybody, ourselves too.
        await asyncio.shield(asyncio.to_thread(_let_go, port, reader))

    def write(self, data: bytes) -> None:
        """Into the driver's buffer, which never needs to wait for our short sentences."""
        port = self._port
        if port is None:
            raise TransportError("cable_pulled", port=self.name)
        try:
            written = os.write(port.fileno(), data) if os.name == "posix" else port.write(data)
        except BlockingIOError:
            written = 0
        except _GONE as error:
            raise TransportError("cable_pulled", port=self.name) from error
        if written != len(data):
            raise TransportError("write_blocked", port=self.name)

    async def read(self) -> Chunk:
        """The next bytes, dated when the reader thread had them."""
        chunk = await self._inbox.get()
        if chunk is None:
            raise TransportError("cable_pulled", port=self.name)
        self._backlog.take(len(chunk.data))
        return chunk

    def set_baud(self, baud: int) -> None:
        """At once; what is under way may be garbled."""
        self.baud = baud
        if self._port is None:
            raise TransportError("cable_pulled", port=self.name)
        try:
            self._port.baudrate = baud
        except _REFUSED as error:
            raise TransportError("cable_pulled", port=self.name) from error

    async def reset(self) -> None:
        """DTR and RTS off for a quarter of a second; a pseudo-terminal has none and is opened anew."""
        port = self._port
        if port is None:
            raise TransportError("cable_pulled", port=self.name)
        try:
            for level in (False, True):
                port.dtr = port.rts = level
                await asyncio.sleep(0 if level else RESET_S)
        except OSError as error:
            if error.errno not in _NO_LINES:
                raise TransportError("cable_pulled", port=self.name) from error
            await self.close()
            await asyncio.sleep(CLOSED_S)
            await self.open()

    def hang_up(self) -> None:
        """RTS and DTR off, and they stay so when the port is closed; a pseudo-terminal has none.

        Raises TransportError("cable_pulled").
        """
        if self._port is None:
            raise TransportError("cable_pulled", port=self.name)
        try:
            self._port.rts = False
            self._port.dtr = False
        except OSError as error:
            if error.errno not in _NO_LINES:
                raise TransportError("cable_pulled", port=self.name) from error

    def _open(self) -> Any:
        try:
            port = serial.Serial(self.name, self.baud, exclusive=True, timeout=None, write_timeout=0)
        except _REFUSED as error:
            raise _open_error(self.name, error) from error
        _keep_running_after_close(port)
        return port

    def _read_on(
        self,
        port: Any,
        closing: threading.Event,
        backlog: Backlog,
        loop: asyncio.AbstractEventLoop,
        inbox: "asyncio.Queue[Chunk | None]",
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            try:
                while not closing.is_set() and (data := port.read(1)):
                    data += port.read(port.in_waiting)
                    loop.call_soon_threadsafe(inbox.put_nowait, Chunk(data, self._clock.now_us()))
                    backlog.put(len(data))
            except _GONE:
                pass
            finally:
                loop.call_soon_threadsafe(inbox.put_nowait, None)


def _close_unwanted(opening: "asyncio.Future[Any]") -> None:
    """Whoever wanted the port has gone while it was being opened."""
    if not opening.cancelled() and opening.exception() is None:
        with contextlib.suppress(*_GONE):
            opening.result().close()


def _let_go(port: Any, reader: threading.Thread | None) -> None:
    """Close without waiting for a hung device to take what was written."""
    if reader is not None:
        reader.join()
    with contextlib.suppress(*_GONE):
        port.reset_output_buffer()
    with contextlib.suppress(*_GONE):
        port.close()


def _open_error(name: str, error: Exception) -> TransportError:
    number = getattr(error, "errno", None)
    code, permanent = _CODES.get(number or 0, ("port_failed", False))
    if number is None and "lock" in str(error):
        code = "port_busy"
    return TransportError(code, permanent=permanent, port=name)


def _keep_running_after_close(port: Any) -> None:
    """Leave DTR up when we close, so that an agent which restarts does not reset a board in mid-run."""
    if termios is None:
        return
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(port.fileno())
        attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(port.fileno(), termios.TCSANOW, attributes)
