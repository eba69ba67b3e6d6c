"""The real MicroPython as the inside of an emulated SPIKE hub."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.firmware.esp32 import micropython

PARTS = Path(__file__).parents[1] / "firmware/spike_parts"
READ_BYTES = 200
BREATH_S = 0.004
"""Between two readings: as fast as a hub's cable."""


class MicroPythonRunner:
    """Runs the text that was uploaded, byte for byte, in a process of its own."""

    def __init__(self) -> None:
        self._program = micropython()
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, text: bytes, say: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(text, say, ended))
        self._tasks.add(self._task)

    def stop(self) -> None:
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()

    async def close(self) -> None:
        """Stop, and wait until every process is gone."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, text: bytes, say: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "program.py"
            path.write_bytes(text)
            process = await asyncio.create_subprocess_exec(
                self._program,
                path,
                env={"MICROPYPATH": f"{PARTS}:.frozen"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            assert process.stdout is not None
            try:
                while data := await process.stdout.read(READ_BYTES):
                    say(data)
                    await asyncio.sleep(BREATH_S)
                await process.wait()
                ended()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.communicate()  # unread words would keep `wait` waiting for ever
