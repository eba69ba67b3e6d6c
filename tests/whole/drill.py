"""A lab that can be killed, a gate that never stops, and a judge who never gives up."""

import asyncio
import os
import secrets
import signal
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import AckRequest, RequestDecoder
from tests.peers.parts import free_port

START_S = 30.0
BEAM_S = 0.012


@dataclass(frozen=True)
class Passed:
    """A passage by what no other has."""

    boot: str
    seq: int


class WitnessedGate(GateEmulator):
    """Remembers which passages the host said it has."""

    def __init__(self, **options: Any) -> None:
        self.acknowledged: set[Passed] = set()
        self._overheard = RequestDecoder()
        super().__init__(**options)

    def opened(self, say: Callable[[bytes], None]) -> None:
        self._overheard = RequestDecoder()
        super().opened(say)

    def heard(self, data: bytes) -> None:
        ring = self.unacknowledged
        for request in self._overheard.feed(data):
            if isinstance(request, AckRequest) and request.boot == self.boot:
                self.acknowledged |= {Passed(p.boot, p.seq) for p in ring if p.seq <= request.seq}
        super().heard(data)


class Hub:
    """`lab serve` with SQLite and the embedded broker, killed and started at will."""

    def __init__(self, data_dir: Path, gate_port: str) -> None:
        self.port = free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        self.log = data_dir / "serve.log"
        self._environment = os.environ | {
            "LAB_DATA_DIR": str(data_dir),
            "LAB_HOST": "127.0.0.1",
            "LAB_PORT": str(self.port),
            "LAB_MQTT_HOST": "127.0.0.1",
            "LAB_MQTT_PORT": str(free_port()),
            "LAB_SERIAL_PORTS": gate_port,
            "LAB_SERIAL_USB": "false",
            "LAB_LOG_LEVEL": "warning",
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until its pages answer."""
        program = Path(sys.executable).with_name("lab")
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                program, "serve", env=self._environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.site}/readyz")).status_code == 200:
                        return
                if self._process.returncode is not None:
                    raise RuntimeError(f"lab serve ended by itself: {self.log.read_text()[-2000:]}")
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    def pin(self, core: int) -> None:
        """Let every thread of the process run on one core only."""
        assert self._process is not None
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})

    def resident_mb(self) -> float:
        """What the process holds in memory, in 10^6 bytes."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024 / 1e6

    async def stop(self, end: int = signal.SIGTERM) -> int | None:
        """In good order; its exit status, None if it was never started."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(end)
        return await self._process.wait()


@dataclass
class StubbornJudge:
    """Judges run after run over HTTP and repeats each write until it is acknowledged."""

    site: str
    slug: str
    entries: list[str]
    cookies: dict[str, str]
    chance: Random
    acknowledged: dict[str, list[int]] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)

    async def work(self) -> None:
        """For ever: open, arm, take the gate's time or a stopwatch's, accept, sign."""
        async with httpx.AsyncClient(base_url=self.site, cookies=self.cookies, timeout=5) as client:
            attempt = 0
            while True:
                attempt += 1
                for entry in self.entries:
                    await self._judge(client, entry, attempt)

    async def _judge(self, client: httpx.AsyncClient, entry: str, attempt: int) -> None:
        run = uuid.uuid4().hex
        opening = {"run": run, "entry": entry, "attempt": attempt, "field": "1", "lane": 1, "heat": None}
        await self._press(client, run, "open_run", opening)
        await self._press(client, run, "arm", {"token": secrets.token_hex(4)})
        await self._press(
            client, run, "propose_manual", {"value_us": 9_000_000 + attempt, "bound_us": 200_000}
        )
        if await self._press(client, run, "accept", {}):
            self.accepted.add(run)
        await self._press(client, run, "sign", {"role": "judge", "name": "J"})
        if self.chance.random() < 0.2 and await self._press(client, run, "void", {"reason": "drill"}):
            self.accepted.discard(run)

    async def _press(self, client: httpx.AsyncClient, run: str, kind: str, payload: dict[str, Any]) -> bool:
        key = uuid.uuid4().hex
        url = f"/api/v1/championships/{self.slug}/runs/{run}/commands"
        while True:
            try:
                answer = await client.post(
                    url,
                    json={"kind": kind, "payload": payload},
                    headers={"Idempotency-Key": key, "Origin": self.site},
                )
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 200:
                self.acknowledged[key] = answer.json()["seqs"]
                return True
            if answer.status_code < 500:
                self.refused.append(answer.json())
                return False


async def keep_passing(gate: GateEmulator, pause_s: float = BEAM_S) -> None:
    """Robots through both beams, for ever, `pause_s` apart."""
    while True:
        for lane in (1, 2):
            await gate.pass_robot(lane, int(BEAM_S * 2e6))
            await asyncio.sleep(pause_s)
