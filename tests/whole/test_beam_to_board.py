"""A beam breaks in the simulated ATmega328P, a judge accepts, and the board's row moves in Chromium."""

from pathlib import Path

import pytest

from competitions import commands as cmd
from tests.bench.figures import spread
from tests.peers.browser import open_browser, open_page
from tests.whole.stage import FINISH_PIN, SLUG, START_PIN, TEAMS, Stage, open_stage
from tests.whole.watching import seen_ns, watch

pytestmark = [pytest.mark.peer, pytest.mark.slow]

MEASURED = 200
TOO_LATE_MS = 1000.0
"""Nobody in a hall would call it live after that; the promised figure is a benchmark's."""


async def drive(stage: Stage, entry: str, attempt: int) -> str:
    """One run from beam to beam on the simulated board; its id."""
    run = await stage.open_armed(entry, attempt)
    stage.break_beam(START_PIN)
    await stage.until(run, lambda state: state.phase == "running")
    stage.clear_beam(START_PIN)
    stage.break_beam(FINISH_PIN)
    await stage.until(run, lambda state: state.phase == "proposed")
    stage.clear_beam(FINISH_PIN)
    return run


async def test_a_broken_beam_moves_the_boards_row_without_a_reload(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, open_browser() as browser:
        first, second = "1", "2"
        run = await stage.open_armed(first, 1)
        await stage.press(run, cmd.ProposeManual(60_000_000, 1000))
        await stage.press(run, cmd.Accept())
        async with open_page(browser, stage.site, width=1920) as page:
            await page.goto(f"/board/{SLUG}")
            rows = page.locator("tbody tr[data-key]")
            assert await rows.nth(0).get_attribute("data-key") == first
            await page.evaluate("window.__same_page = true")
            run = await drive(stage, second, 1)
            await page.locator('.track[data-phase="proposed"]').wait_for()
            proposed = await page.locator('.track [data-slot="clock"]').inner_text()
            await stage.press(run, cmd.Accept())
            await page.locator(f'tbody tr:first-child[data-key="{second}"]').wait_for()
            state = await stage.look(run)
            assert state.result is not None
            assert state.result.value_us is not None
            assert proposed == f"{state.result.value_us / 1e6:.3f}"
            assert await rows.nth(0).locator('[data-slot="team"]').inner_text() == TEAMS[1]
            assert await page.evaluate("window.__same_page") is True
            assert page.faults == []  # type: ignore[attr-defined]


async def test_the_time_from_beam_to_changed_dom_is_measured_run_by_run(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, open_browser() as browser:
        async with open_page(browser, stage.site, width=1920) as page:
            await page.goto(f"/board/{SLUG}")
            dom_ms = []
            for turn in range(MEASURED):
                run = await stage.open_armed(str(turn % len(TEAMS) + 1), turn // len(TEAMS) + 1)
                stage.break_beam(START_PIN)
                await stage.until(run, lambda state: state.phase == "running")
                stage.clear_beam(START_PIN)
                await page.locator('.track[data-phase="running"]').wait_for()
                await watch(page, '.track[data-phase="proposed"]')
                broken = stage.break_beam(FINISH_PIN)
                changed_ns, _ = await seen_ns(page)
                stage.clear_beam(FINISH_PIN)
                dom_ms.append((changed_ns - broken.mono_ns) / 1e6)
                await stage.press(run, cmd.Accept())
        figures = spread(dom_ms)
        print(f"beam to changed DOM over {MEASURED} runs: p50 {figures.p50:.1f} ms, p99 {figures.p99:.1f} ms")
        assert min(dom_ms) > 0
        assert figures.p99 < TOO_LATE_MS
