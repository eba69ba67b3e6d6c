"""Debian's Chromium, driven by Playwright, and our application served to it over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from tests.peers.parts import free_port, require_program
from web.live.server import LiveServer

WIDTHS = (360, 768, 1920)
THEMES = ("light", "dark")
HEIGHTS = {360: 740, 768: 1024, 1920: 1080}
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A headless Chromium; missing, it is a loud skip or, in CI, a failure."""
    chromium = require_program("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(
    browser: Browser, base_url: str = "", *, width: int = 1280, theme: str = "light", language: str = "en"
) -> AsyncIterator[Page]:
    """A fresh visitor's page; `page.faults` (a list) gathers what its console and scripts complained of."""
    context = await browser.new_context(
        base_url=base_url or None,
        viewport={"width": width, "height": HEIGHTS.get(width, 800)},
        color_scheme="dark" if theme == "dark" else "light",
        locale=language,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.faults = faults  # type: ignore[attr-defined]
    try:
        yield page
    finally:
        await context.close()


class _Server(LiveServer):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def serve(app: Any) -> AsyncIterator[str]:
    """Serve `app` from this loop; gives its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=free_port(), log_config=None, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await asyncio.wait_for(server.ready.wait(), 10)
    try:
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        await task


async def overflowing(page: Page) -> list[str]:
    """What is wider than the window: a page scrolls down, never sideways."""
    found: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
          [...document.querySelectorAll("body *")]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 5).map((element) => element.outerHTML.slice(0, 120))"""
    )
    return found


async def small_targets(page: Page, least_px: int = 40) -> list[str]:
    """Visible buttons, fields and ways to other pages that a finger would miss."""
    found: list[str] = await page.evaluate(
        """(least) => [...document.querySelectorAll(
            "button, .button, select, input:not([type=hidden]), summary, .trail, .tabs a, .shell-nav a")]
          .filter((element) => element.checkVisibility())
          .map((element) => element.closest("label") ?? element)
          .filter((element) => element.getBoundingClientRect().height < least)
          .map((element) => element.outerHTML.slice(0, 120))""",
        least_px,
    )
    return found
