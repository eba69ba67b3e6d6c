"""pros-cli as its users call it, in an environment of its own and without a word to anybody outside."""

import asyncio
import json
import os
import pty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.parts import require_peer

PEER = "pros_cli"
SLOTS = Path(__file__).with_name("brain_slots.py")
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Said:
    """Exit code and words of the tool."""

    code: int
    text: str


@dataclass(frozen=True)
class Terminal:
    """What it has shown so far, and the keyboard in front of it."""

    shown: str
    keyboard: int

    def press(self, key: bytes) -> None:
        """One key: of several at once it sends only the first."""
        os.write(self.keyboard, key)


class Pros:
    """One user's tool; its settings are in `home`, and there it is told first to send no analytics."""

    def __init__(self, home: Path) -> None:
        self._pros = require_peer(PEER, "pros")
        self._home = home
        self._told = False

    async def run(self, *args: str | Path, within_s: float = 60) -> Said:
        """`pros ARGS`."""
        if not self._told:
            self._told = True
            assert "False" in (await self.run("--use-analytics", "False")).text
        running = await self._start(*args, stdin=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(within_s):
                said, _ = await running.communicate()
        finally:
            await _end(running)
        return Said(running.returncode or 0, said.decode(errors="replace"))

    async def slots(self, port: str, within_s: float = 60) -> dict[str, str | None]:
        """Names of the programs, as its library reads them from a brain."""
        await self.run("--version")
        python = Path(self._pros).with_name("python")
        running = await self._start(SLOTS, port, stdin=asyncio.subprocess.DEVNULL, program=python)
        try:
            async with asyncio.timeout(within_s):
                said, _ = await running.communicate()
        finally:
            await _end(running)
        told: dict[str, str | None] = json.loads(said.splitlines()[-1])
        return told

    @asynccontextmanager
    async def terminal(self, port: str, until: str, within_s: float = 60) -> AsyncIterator["Terminal"]:
        """`pros terminal`, once it has shown `until`."""
        await self.run("--version")
        keyboard, keys = pty.openpty()
        running = await self._start("terminal", port, stdin=keys)
        os.close(keys)
        shown = ""
        try:
            assert running.stdout is not None
            async with asyncio.timeout(within_s):
                while until not in shown:
                    shown += (await running.stdout.read(1024)).decode(errors="replace")
            yield Terminal(shown, keyboard)
        finally:
            await _end(running)
            os.close(keyboard)

    async def _start(
        self, *args: str | Path, stdin: int, program: Path | None = None
    ) -> asyncio.subprocess.Process:
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
        own = {"HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home), "NO_COLOR": "1"}
        return await asyncio.create_subprocess_exec(
            str(program or self._pros),
            *map(str, args),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self._home,
            env={**os.environ, **proxies, **own, "PYTHONUNBUFFERED": "1"},
        )


async def _end(running: asyncio.subprocess.Process) -> None:
    if running.returncode is None:
        running.kill()
        await running.wait()
