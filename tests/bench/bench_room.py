"""Sixteen kits of five kinds on one machine for five minutes: what is lost, how late, and how much memory."""

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

from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.people import PeopleService
from lab_controller.settings import Settings
from tests.bench.figures import Figure, spread
from tests.bench.room_kits import KITS, PRINTERS
from tests.whole.drill import Hub
from web.auth import COOKIE

SECONDS = 300
READY_S = 90.0
SETTLE_S = 5.0
POLL_S = 0.05
HEALTHY_MB = 300
LATE_MS = 1000.0
PLOT_MS = 300.0
COUNTED = {"telemetry/a0": "firmata", "telemetry/imu-yaw": "spike"}
"""One reading of each notification, of kits that cannot say when they sent it."""


def measure() -> list[Figure]:
    """Readings lost and doubled, p99 to the stored row and to the page's stream, memory of `lab serve`."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_room(Path(folder)))


async def _room(folder: Path) -> list[Figure]:
    cookies = _set_up(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64))
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.room_kits", str(folder), str(SECONDS)
    )
    ports = [f"{folder}/{number:02d}-{kind}={kind}" for number, kind in enumerate(KITS)]
    hub = Hub(folder, ",".join(ports))
    await hub.start()
    async with httpx.AsyncClient(base_url=hub.site, cookies=cookies, timeout=30) as client:
        devices = await _ready(client)
        plotted = asyncio.create_task(_watch_points(client, devices[0]))
        memory = asyncio.create_task(_watch_memory(hub))
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


def _set_up(settings: Settings) -> dict[str, str]:
    database = Database(settings.store_url)
    database.migrate()
    people = PeopleService(database, SteadyClock(), settings)
    people.create_account(actor="bench", login="teacher", password="bench-teacher")
    people.grant(actor="bench", login="teacher", role="admin", scope="city")
    token = people.sign_in("teacher", "bench-teacher", "127.0.0.1")
    database.close()
    return {COOKIE: token}


async def _ready(client: httpx.AsyncClient) -> list[str]:
    """Device ids of the kits that print, once all sixteen are there."""
    async with asyncio.timeout(READY_S):
        while True:
            answer = (await client.get("/api/v1/devices")).raise_for_status().json()
            rows = answer["items"] if isinstance(answer, dict) else answer
            ready = [row for row in rows if row["state"] == "ready" and not row["id"].startswith("agent")]
            if len(ready) >= len(KITS):
                await asyncio.sleep(SETTLE_S)
                return [row["id"] for row in ready if row["id"].startswith(("uno", "gate", "v5"))]
            await asyncio.sleep(0.2)


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


async def _watch_memory(hub: Hub) -> float:
    peak_mb = 0.0
    try:
        while True:
            peak_mb = max(peak_mb, hub.resident_mb())
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return peak_mb


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
