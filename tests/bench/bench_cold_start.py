"""From the command to the first page, and what the process then holds in memory."""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

from lab_controller.settings import Settings
from tests.bench.figures import Figure, spread
from tests.whole.drill import Hub
from tests.whole.test_power_cut import SLUG, set_up

STARTS = 5
LIMIT_S = 2.0
LIMIT_MB = 150.0


def measure() -> list[Figure]:
    """Median of five starts of `lab serve` to its first board page."""
    with tempfile.TemporaryDirectory() as folder:
        started, resident = asyncio.run(_starts(Path(folder)))
    return [
        Figure("cold start to the first page", f"{started:.2f} s", f"{LIMIT_S:.0f} s", started < LIMIT_S),
        Figure("resident memory after it", f"{resident:.0f} MB", f"{LIMIT_MB:.0f} MB", resident < LIMIT_MB),
    ]


async def _starts(folder: Path) -> tuple[float, float]:
    set_up(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64), "gate-c01d00")
    hub = Hub(folder, "")
    took, resident = [], []
    for _ in range(STARTS):
        begun = time.perf_counter()
        await hub.start()
        async with httpx.AsyncClient(base_url=hub.site) as client:
            (await client.get(f"/board/{SLUG}")).raise_for_status()
        took.append(time.perf_counter() - begun)
        resident.append(hub.resident_mb())
        await hub.stop()
    return spread(took).p50, max(resident)
