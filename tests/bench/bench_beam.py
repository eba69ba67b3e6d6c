"""From a beam in the simulated ATmega328P to the changed DOM and the frame that shows it in Chromium."""

import asyncio
import secrets
import tempfile
import uuid
from pathlib import Path

import httpx
from playwright.async_api import Page

from lab_controller.settings import Settings
from tests.bench.figures import Figure, spread
from tests.bench.press import press
from tests.firmware.gate import format_sentence
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.peers.avrdude import upload
from tests.peers.browser import open_browser, open_page
from tests.peers.simboard import SimBoard
from tests.whole.drill import Hub
from tests.whole.stage import FINISH_PIN, SKETCH, START_PIN
from tests.whole.test_power_cut import SLUG, set_up
from tests.whole.watching import seen_ns, watch

RUNS = 200
LIMIT_MS = 50.0
BAUD = 115200
SENTENCE = "$GATE,1234,5f3a,2,B,123456789*1F\r\n"
FRAME_MS = 1000 / 60
GATE = "bea200"
DRIVE_S = 0.25
"""A robot is never faster than that from beam to beam."""


def measure() -> list[Figure]:
    """p50 and p99 over 200 runs; the floor is the sentence on the wire and one frame."""
    with tempfile.TemporaryDirectory() as folder:
        dom_ms, frame_ms = asyncio.run(_runs(Path(folder)))
    floor_ms = len(SENTENCE) * 10 / BAUD * 1000 + FRAME_MS
    dom, frame = spread(dom_ms), spread(frame_ms)
    return [
        Figure(f"beam to changed DOM, {RUNS} runs", f"p50 {dom.p50:.1f} ms, p99 {dom.p99:.1f} ms", "", None),
        Figure(
            "beam to the frame that shows it",
            f"p50 {frame.p50:.1f} ms, p99 {frame.p99:.1f} ms",
            f"{LIMIT_MS:.0f} ms",
            frame.p99 < LIMIT_MS,
        ),
        Figure(
            "the same against wire and one frame",
            f"{frame.p99 / floor_ms:.1f} times",
            f"3 times {floor_ms:.1f} ms",
            frame.p99 < 3 * floor_ms,
        ),
    ]


async def _runs(folder: Path) -> tuple[list[float], list[float]]:
    sketch = await asyncio.to_thread(compile_sketch, SKETCH, folder / "build")
    optiboot = await asyncio.to_thread(build_optiboot, folder / "build")
    dom_ms, frame_ms = [], []
    with SimBoard(bootloader=optiboot) as board:
        for pin in (START_PIN, FINISH_PIN):
            board.set(0, pin, 1)
        done = await asyncio.to_thread(upload, sketch.hex, board.port)
        if not done.verified:
            raise RuntimeError(done.said)
        cookies = set_up(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64), f"gate-{GATE}")
        await _name(board)
        hub = Hub(folder, str(board.port))
        try:
            await hub.start()
            async with (
                httpx.AsyncClient(base_url=hub.site, cookies=cookies) as judge,
                open_browser() as browser,
                open_page(browser, hub.site, width=1920) as page,
            ):
                await page.goto(f"/board/{SLUG}")
                for turn in range(RUNS):
                    run = await _open_armed(judge, page, turn)
                    board.set(0, START_PIN, 0)
                    await page.locator('.track[data-phase="running"]').wait_for()
                    await asyncio.sleep(DRIVE_S / 2)
                    board.set(0, START_PIN, 1)
                    await watch(page, '.track[data-phase="proposed"]')
                    await asyncio.sleep(DRIVE_S / 2)
                    broken = board.set(0, FINISH_PIN, 0)
                    changed_ns, shown_ns = await seen_ns(page)
                    board.set(0, FINISH_PIN, 1)
                    dom_ms.append((changed_ns - broken.mono_ns) / 1e6)
                    frame_ms.append((shown_ns - broken.mono_ns) / 1e6)
                    await press(judge, run, "accept", {})
        finally:
            await hub.stop()
    return dom_ms, frame_ms


async def _name(board: SimBoard) -> None:
    """Give the gate its id, once the sketch runs; boards of one kind make the same one by themselves."""
    async with asyncio.timeout(10):
        while not any(GATE in line.text for line in board.heard(0)):
            board.send(0, format_sentence(f"NAME?,{GATE}"))
            await asyncio.sleep(0.1)


async def _open_armed(judge: httpx.AsyncClient, page: Page, turn: int) -> str:
    run = uuid.uuid4().hex
    entry, attempt = str(turn % 100 + 1), turn // 100 + 1
    opening = {"run": run, "entry": entry, "attempt": attempt, "field": "1", "lane": 1, "heat": None}
    await press(judge, run, "open_run", opening)
    await press(judge, run, "arm", {"token": secrets.token_hex(4)})
    await page.locator('.track[data-phase="armed"]').wait_for()
    return run
