"""A real MicroPython in a process of its own, at a terminal that is a board's line."""

import asyncio
import contextlib
import os
import pty
import subprocess
import tempfile
import termios
import weakref
from collections.abc import Callable
from pathlib import Path

BOARD = Path(__file__).parent / "world" / "board.py"
READ_BYTES = 1024
WRITE_BYTES = 256
FULL_S = 0.005
HEAP = "512K"


class Interpreter:
    """Boots from its flash until it ends; needs a running event loop."""

    def __init__(
        self,
        flash_blocks: int,
        on_output: Callable[[bytes], None],
        on_end: Callable[[int], None],
    ) -> None:
        self._on_output, self._on_end = on_output, on_end
        self._folder = tempfile.TemporaryDirectory(prefix="board-")
        self._flash = Path(self._folder.name) / "flash"
        self._blocks = flash_blocks
        self._flash.write_bytes(b"\xff" * flash_blocks * 512)
        self._power: weakref.finalize[..., Interpreter] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._master = -1
        self._waiting = bytearray()

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._process is not None

    def boot(self, command: str, *, raw: bool = False) -> None:
        """Start anew; after a reset in the raw REPL `main.py` is left alone."""
        self.turn_off()
        self._master, far = pty.openpty()
        _make_line(far)
        os.set_blocking(self._master, False)
        options = ["-X", f"heapsize={HEAP}", "-i", str(BOARD)]
        arguments = [os.ttyname(far), str(self._flash), str(self._blocks), *(["raw"] if raw else [])]
        self._process = subprocess.Popen(  # noqa: S603
            [command, *options, *arguments],
            stdin=far,
            stdout=far,
            stderr=far,
            cwd=self._folder.name,
            env={"PATH": os.defpath},
            start_new_session=True,
        )
        os.close(far)
        self._power = weakref.finalize(self, _cut, self._process, self._master)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def turn_off(self) -> None:
        """Pull its power."""
        if self._process is None:
            return
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().remove_reader(self._master)
        self._process = None
        self._waiting.clear()
        if self._power is not None:
            self._power()

    def write(self, data: bytes) -> None:
        """What the host says; it waits while the board has no room."""
        self._waiting += data
        if len(self._waiting) == len(data):
            self._pump()

    def _pump(self) -> None:
        if self._process is None:
            return
        try:
            while self._waiting:
                del self._waiting[: os.write(self._master, self._waiting[:WRITE_BYTES])]
        except BlockingIOError:
            asyncio.get_running_loop().call_later(FULL_S, self._pump)
        except OSError:
            self._waiting.clear()

    def _read(self) -> None:
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._on_output(data)
            return
        process = self._process
        status = process.wait() if process is not None else 0
        self.turn_off()
        self._on_end(status)


def _make_line(far: int) -> None:
    """Nothing is changed on its way but Ctrl-C, which interrupts."""
    settings = termios.tcgetattr(far)
    settings[0] = settings[1] = 0
    settings[3] = termios.ISIG | termios.NOFLSH
    termios.tcsetattr(far, termios.TCSANOW, settings)


def _cut(process: "subprocess.Popen[bytes]", master: int) -> None:
    with contextlib.suppress(OSError):
        os.close(master)
    process.kill()
    process.wait()
