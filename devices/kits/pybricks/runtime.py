"""Runs a hub's program in a real MicroPython, where one is installed."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

HEAP = "1M"
READ_BYTES = 240
BREATH_S = 0.004
"""Between two readings of what a program prints: as fast as a hub's cable."""
END_S = 1.0
INTERRUPT = b"\x03"
WORLD = Path(__file__).parent / "world"
"""Stand-ins for the modules of the firmware."""
ABSENT = b"This virtual hub cannot run programs: the command micropython is missing.\n"


def find_micropython() -> str | None:
    """Beside our own Python or on the path."""
    return shutil.which("micropython", path=str(Path(sys.executable).parent)) or shutil.which("micropython")


class MicroPython:
    """One program at a time, in a process of its own; needs a running event loop."""

    def __init__(self, command: str | None = None) -> None:
        self._command = command or find_micropython()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._early = bytearray()

    def start(
        self,
        modules: Sequence[tuple[str, bytes]],
        on_output: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        """Without MicroPython the program's only words say so."""
        self._early.clear()
        self._task = asyncio.get_running_loop().create_task(self._run(modules, on_output))
        self._task.add_done_callback(lambda _: on_end())

    def write(self, data: bytes) -> None:
        """Ctrl-C interrupts, the rest is input."""
        process = self._process
        if process is None or process.stdin is None:
            self._early += data
            return
        text, interrupt, rest = data.partition(INTERRUPT)
        process.stdin.write(text)
        if interrupt:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            self.write(rest)

    def stop(self) -> None:
        """At once, whatever the program does."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, modules: Sequence[tuple[str, bytes]], on_output: Callable[[bytes], None]) -> None:
        if self._command is None:
            on_output(ABSENT)
            return
        with tempfile.TemporaryDirectory(prefix="hub-") as name:
            folder = Path(name)
            for module, mpy in modules:
                path = folder.joinpath(*_safe(module).split(".")).with_suffix(".mpy")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(mpy)
            await self._play(self._command, folder, _safe(modules[0][0]), on_output)

    async def _play(
        self, command: str, folder: Path, module: str, on_output: Callable[[bytes], None]
    ) -> None:
        environment = {"MICROPYPATH": f"{folder}:{WORLD}:.frozen", "PATH": os.defpath}
        process = await asyncio.create_subprocess_exec(
            *(command, "-X", f"heapsize={HEAP}", "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=environment,
        )
        self._process = process
        assert process.stdout is not None
        try:
            self.write(bytes(self._early))
            while data := await process.stdout.read(READ_BYTES):
                on_output(data)
                await asyncio.sleep(BREATH_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), END_S)
        finally:
            self._process = None
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await asyncio.shield(process.wait())


def _safe(module: str) -> str:
    """A module's name as a path below the program's folder."""
    return ".".join(part for part in module.replace("/", "_").split(".") if part) or "program"
