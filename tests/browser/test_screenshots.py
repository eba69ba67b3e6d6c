"""The camera of the screenshots."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.screenshots import Camera
from tests.peers.browser import open_page

pytestmark = [pytest.mark.peer, pytest.mark.slow]
TALL = """<style>body { margin: 0; height: 4000px; } button { position: fixed; inset: 0 auto auto 0; }</style>
<button>Press</button>"""


async def test_a_picture_begins_at_the_top_and_shows_no_button_under_a_pointer(
    browser: Browser, tmp_path: Path
) -> None:
    async with open_page(browser, width=360) as page:
        await page.set_content(TALL)
        await page.evaluate("scrollTo(0, 1500)")
        await page.click("button")
        assert await page.locator("button:hover").count() == 1
        await Camera(page, tmp_path, 360, "light").take("tall")
        assert await page.evaluate("scrollY") == 0
        assert await page.locator(":hover").count() == 0
