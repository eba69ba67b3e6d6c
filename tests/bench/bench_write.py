"""A judge's write over HTTP, acknowledged when it is on disk, while the gate's passages stream in."""

import asyncio
import os
import tempfile
import time
import uuid
from pathlib import Path

import httpx

from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.settings import Settings
from tests.bench.figures import Figure, spread
from tests.bench.press import press
from tests.whole.drill import Hub, keep_passing
from tests.whole.test_power_cut import set_up

WRITES = 600
LIMIT_MS = 20.0
FLUSHES = 200
PASSING_S = 0.2
"""A busy hall: five robots a second through the beams."""


def measure() -> list[Figure]:
    """p99 of 600 writes, beside what one flush of this disk costs."""
    with tempfile.TemporaryDirectory() as folder:
        flush = _flush_ms(Path(folder))
        write = spread(asyncio.run(_writes_ms(Path(folder))))
    return [
        Figure(
            f"judge's write acknowledged, {WRITES} writes",
            f"p50 {write.p50:.1f} ms, p99 {write.p99:.1f} ms",
            f"{LIMIT_MS:.0f} ms; one flush of this disk: {flush:.1f} ms",
            write.p99 < LIMIT_MS,
        )
    ]


def _flush_ms(folder: Path) -> float:
    took = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(FLUSHES):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return spread(took).p50


async def _writes_ms(folder: Path) -> list[float]:
    gate = GateEmulator(id="be2c04")
    port = gate.serve(folder / "gate")
    cookies = set_up(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64), gate.device)
    hub = Hub(folder, port.path)
    await hub.start()
    passing = asyncio.create_task(keep_passing(gate, PASSING_S))
    took: list[float] = []
    try:
        async with httpx.AsyncClient(base_url=hub.site, cookies=cookies) as client:
            while len(took) < WRITES:
                took += await one_run(client, len(took) // 4)
    finally:
        passing.cancel()
        await hub.stop()
        port.unplug()
    return took


async def one_run(client: httpx.AsyncClient, number: int, presses: int = 4) -> list[float]:
    """The first `presses` of a whole run; how long each took, in milliseconds."""
    run, took = uuid.uuid4().hex, []
    entry, attempt = str(number % 20 + 1), number // 20 + 1
    whole = [
        ("open_run", {"run": run, "entry": entry, "attempt": attempt, "field": "1", "lane": 1, "heat": None}),
        ("set_penalty", {"code": "rejoined_ahead", "count": 0}),
        ("propose_manual", {"value_us": 9_000_000 + number, "bound_us": 200_000}),
        ("accept", {}),
    ]
    for kind, payload in whole[:presses]:
        begun = time.perf_counter()
        await press(client, run, kind, payload)
        took.append((time.perf_counter() - begun) * 1000)
    return took
