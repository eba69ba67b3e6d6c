"""The official pb and pb-service, in an environment of their own, with a pseudo-terminal for a USB port."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.parts import require_peer

HERE = Path(__file__).parent / "pybricks"
START_S = 15.0
ANSWER_S = 30.0


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


class PbService:
    """A running pb-service."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    async def pb(self, *arguments: str) -> Said:
        return await self._run(require_peer("pybricks", "pb"), *arguments)

    async def type_to_program(self, path: Path, typed: str) -> Said:
        """By the official client library."""
        python = require_peer("pybricks", "python")
        return await self._run(python, str(HERE / "type_to_program.py"), str(path), typed)

    async def _run(self, *command: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), ANSWER_S)
        except TimeoutError:
            process.kill()
            raise
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def run_service(port: str) -> AsyncIterator[PbService]:
    """pb-service on `port`; its socket needs a short path."""
    folder = Path(tempfile.mkdtemp(prefix="pb-"))
    runtime, state = folder / "runtime", folder / "state"
    for place in (runtime, state):
        place.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "HUB_PORT": port,
        "PB_HUB_BACKEND": "usb",
        "PB_RUNTIME_DIR": str(runtime),
        "PB_STATE_DIR": str(state),
        "HOME": str(folder),
        "NO_COLOR": "1",
    }
    python = require_peer("pybricks", "python")
    process = await asyncio.create_subprocess_exec(
        *(python, str(HERE / "service_on_pty.py"), "--foreground"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(START_S):
            while b"listening" not in await process.stderr.readline():
                assert process.returncode is None
        drain = asyncio.ensure_future(process.stderr.read())
        yield PbService(environment)
        drain.cancel()
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)
