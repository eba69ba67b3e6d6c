"""Sixteen kits on one machine: a program onto each at once; then five kinds that stream for five minutes.

EV3, NXT, Pybricks and MicroPython are among the uploads alone: the bricks are asked by their drivers, ten and
five times a second, and what the other two print takes the way that an Uno's lines take.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import httpx

from lab_controller.settings import Settings
from tests.bench import room_uploads
from tests.bench.figures import Figure, spread
from tests.bench.room_kits import KITS, PRINTERS
from tests.bench.served_room import SETTLE_S, sign_in, wait_for_kits, watch_memory
from tests.whole.drill import Hub

SECONDS = 300
POLL_S = 0.05
HEALTHY_MB = 300
LATE_MS = 1000.0
PLOT_MS = 300.0
COUNTED = {"telemetry/a0": "firmata", "telemetry/imu-yaw": "spike"}
"""One reading of each notification, of kits that cannot say when they sent it."""


def measure() -> list[Figure]:
    """Uploads; readings lost and doubled, p99 to the stored row and the page's stream; memory of the lab."""
    with tempfile.TemporaryDirectory() as folder:
        return [*room_uploads.measure(), *asyncio.run(_room(Path(folder)))]


async def _room(folder: Path) -> list[Figure]:
    cookies = sign_in(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64))
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.room_kits", str(folder), str(SECONDS)
    )
    ports = [f"{folder}/{number:02d}-{kind}={kind}" for number, kind in enumerate(KITS)]
    hub = Hub(folder, ",".join(ports))
    await hub.start()
    async with httpx.AsyncClient(base_url=hub.site, cookies=cookies, timeout=30) as client:
        kits = await wait_for_kits(client, len(KITS))
        devices = [device for device in kits if device.startswith(("uno", "gate", "v5"))]
        plotted = asyncio.create_task(_watch_points(client, devices[0]))
        memory = asyncio.create_task(watch_memory(hub))
        (folder / "go").touch()
        late_ms = await _watch_rows(folder, devices)
        memory.cancel()
        plotted.cancel()
        peak_mb, plot_ms = await memory, await plotted
    sent, lost, doubled = _compare(folder)
    (folder / "go").unlink()
    await player.wait()
    await hub.stop()
    stored, plot = spread(late_ms), spread(plot_ms)
    return [
        Figure(
            f"{len(KITS)} kits, {SECONDS} s: readings lost of {sent:,} ({doubled} doubled)",
            f"{lost}",
            "0",
            lost == doubled == 0,
        ),
        Figure(
            "byte to stored row",
            f"p50 {stored.p50:.0f} ms, p99 {stored.p99:.0f} ms",
            f"p99 {LATE_MS:.0f} ms",
            stored.p99 < LATE_MS,
        ),
        Figure(
            "byte to a plotted point's arrival at the page",
            f"p50 {plot.p50:.0f} ms, p99 {plot.p99:.0f} ms",
            f"p99 {PLOT_MS:.0f} ms",
            plot.p99 < PLOT_MS,
        ),
        Figure(
            "memory of lab serve at its peak", f"{peak_mb:.0f} MB", f"{HEALTHY_MB} MB", peak_mb < HEALTHY_MB
        ),
    ]


async def _watch_rows(folder: Path, devices: list[str]) -> list[float]:
    """Milliseconds from each printed line to the first look at the database that saw its row."""
    late_ms: list[float] = []
    newest: dict[int, int] = {}
    ends = None
    with closing(sqlite3.connect(f"file:{folder / 'lab.sqlite3'}?mode=ro", uri=True)) as database:
        while ends is None or time.monotonic() < ends:
            if ends is None and (folder / "done").exists():
                ends = time.monotonic() + SETTLE_S
            series = database.execute("SELECT id, device FROM series WHERE key = 'telemetry/us'").fetchall()
            for number, device in series:
                if device not in devices:
                    continue
                query = "SELECT at_us, value FROM readings WHERE series_id = ? AND at_us > ? ORDER BY at_us"
                rows = database.execute(query, (number, newest.get(number, 0))).fetchall()
                now_us = time.monotonic_ns() // 1000
                if rows:
                    newest[number] = rows[-1][0]
                    late_ms += [(now_us - value) / 1000 for _, value in rows]
            await asyncio.sleep(POLL_S)
    return late_ms


async def _watch_points(client: httpx.AsyncClient, device: str) -> list[float]:
    """Milliseconds from each printed line of one kit to its point on the kit page's stream."""
    late_ms: list[float] = []
    event = ""
    with suppress(asyncio.CancelledError):
        async with client.stream("GET", f"/kits/{device}/events", timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "points":
                    now_us = time.monotonic_ns() // 1000
                    for series in json.loads(line.removeprefix("data: "))["series"]:
                        if series["key"].endswith("/us"):
                            late_ms += [(now_us - value) / 1000 for _, value in series["points"]]
    return late_ms


def _compare(folder: Path) -> tuple[int, int, int]:
    """Readings that were sent, that are missing, and that are there twice."""
    printed = Counter(int(line) for kind in PRINTERS for line in _sent(folder, kind))
    counted = {key: sum(map(int, _sent(folder, kind))) for key, kind in COUNTED.items()}
    with closing(sqlite3.connect(f"file:{folder / 'lab.sqlite3'}?mode=ro", uri=True)) as database:
        joined = "FROM readings JOIN series ON series.id = series_id WHERE key = ?"
        values = database.execute(f"SELECT value {joined}", ("telemetry/us",))
        stored = Counter(int(value) for (value,) in values)
        there = {key: database.execute(f"SELECT count(*) {joined}", (key,)).fetchone()[0] for key in counted}
    lost = (printed - stored).total() + sum(max(0, counted[key] - there[key]) for key in counted)
    doubled = (stored - printed).total() + sum(max(0, there[key] - counted[key]) for key in counted)
    return printed.total() + sum(counted.values()), lost, doubled


def _sent(folder: Path, kind: str) -> list[str]:
    return [line for file in folder.glob(f"*-{kind}.sent") for line in file.read_text().split()]
