"""From a beam in the simulated ATmega328P to the changed DOM and the frame that shows it in Chromium."""

import asyncio
import tempfile
from pathlib import Path

from competitions import commands as cmd
from tests.bench.figures import Figure, spread
from tests.peers.browser import open_browser, open_page
from tests.whole.stage import FINISH_PIN, SLUG, START_PIN, TEAMS, open_stage
from tests.whole.watching import seen_ns, watch

RUNS = 200
LIMIT_MS = 50.0
BAUD = 115200
SENTENCE = "$GATE,1234,5f3a,2,B,123456789*1F\r\n"
FRAME_MS = 1000 / 60


def measure() -> list[Figure]:
    """p50 and p99 over 200 runs; the floor is the sentence on the wire and one frame."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    dom_ms: list[float] = []
    frame_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_stage(Path(folder)) as stage,
            open_browser() as browser,
            open_page(browser, stage.site, width=1920) as page,
        ):
            await page.goto(f"/board/{SLUG}")
            for turn in range(RUNS):
                run = await stage.open_armed(str(turn % len(TEAMS) + 1), turn // len(TEAMS) + 1)
                stage.break_beam(START_PIN)
                await stage.until(run, lambda state: state.phase == "running")
                stage.clear_beam(START_PIN)
                await watch(page, '.track[data-phase="proposed"]')
                broken = stage.break_beam(FINISH_PIN)
                changed_ns, shown_ns = await seen_ns(page)
                stage.clear_beam(FINISH_PIN)
                dom_ms.append((changed_ns - broken.mono_ns) / 1e6)
                frame_ms.append((shown_ns - broken.mono_ns) / 1e6)
                await stage.press(run, cmd.Accept())
    floor_ms = len(SENTENCE) * 10 / BAUD * 1000 + FRAME_MS
    dom, frame = spread(dom_ms), spread(frame_ms)
    return [
        Figure(f"beam to changed DOM, {RUNS} runs", f"p50 {dom.p50:.1f} ms, p99 {dom.p99:.1f} ms", "", None),
        Figure("beam to the frame that shows it", f"p99 {frame.p99:.1f} ms", "50 ms", frame.p99 < LIMIT_MS),
        Figure(
            "the same against wire and one frame",
            f"{frame.p99 / floor_ms:.1f} times",
            f"3 times {floor_ms:.1f} ms",
            frame.p99 < 3 * floor_ms,
        ),
    ]
