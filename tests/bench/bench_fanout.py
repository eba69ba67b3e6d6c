"""One change of a board shown to 2,000 viewers by a server that has one core."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import httpx

from lab_controller.settings import Settings
from tests.bench.bench_write import one_run
from tests.bench.figures import Figure, spread
from tests.whole.drill import Hub
from tests.whole.test_power_cut import SLUG, set_up

VIEWERS = 2000
CHANGES = 20
LIMIT_MS = 100.0
QUIET_S = 0.5
MOST_LOOKS = 300
ASK = (
    f"GET /board/{SLUG}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n\r\n"
).encode()


class Viewer(asyncio.Protocol):
    """A phone with the board open: remembers when the last byte came."""

    def __init__(self) -> None:
        self.last = 0.0
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(ASK)

    def data_received(self, data: bytes) -> None:
        self.last = time.perf_counter()
        self.bytes += len(data)


def measure() -> list[Figure]:
    """p99 over all viewers and changes, from the judge's press to the viewer's last byte."""
    with tempfile.TemporaryDirectory() as folder:
        took_ms, kilobytes = asyncio.run(_changes(Path(folder)))
    seen = spread(took_ms)
    return [
        Figure(
            f"a change on {VIEWERS} boards, one core, {kilobytes:.1f} kB each",
            f"p50 {seen.p50:.0f} ms, p99 {seen.p99:.0f} ms",
            f"{LIMIT_MS:.0f} ms",
            seen.p99 < LIMIT_MS,
        )
    ]


async def _changes(folder: Path) -> tuple[list[float], float]:
    cookies = set_up(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64), "gate-fa0000")
    hub = Hub(folder, "")
    await hub.start()
    server_core, own_core = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))
    hub.pin(server_core)
    os.sched_setaffinity(0, {own_core})
    loop = asyncio.get_running_loop()
    viewers: list[Viewer] = []
    took: list[float] = []
    async with httpx.AsyncClient(base_url=hub.site, cookies=cookies) as client:
        for _ in range(VIEWERS):
            _, viewer = await loop.create_connection(Viewer, "127.0.0.1", hub.port)
            viewers.append(viewer)
        await _quiet(viewers)
        before = sum(viewer.bytes for viewer in viewers)
        for change in range(CHANGES):
            pressed = time.perf_counter()
            await one_run(client, change, presses=1)
            await _quiet(viewers)
            took += [(viewer.last - pressed) * 1000 for viewer in viewers]
        kilobytes = (sum(viewer.bytes for viewer in viewers) - before) / VIEWERS / CHANGES / 1000
    await hub.stop()
    return took, kilobytes


async def _quiet(viewers: list[Viewer]) -> None:
    """Until nothing has come to anybody for a while."""
    for _ in range(MOST_LOOKS):
        lasts = [viewer.last for viewer in viewers]
        if min(lasts) and time.perf_counter() - max(lasts) > QUIET_S:
            return
        await asyncio.sleep(QUIET_S / 5)
    raise TimeoutError("the viewers are never quiet")
