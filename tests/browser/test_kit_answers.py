"""What a kit answers to a press in Chromium: a beep that tells which one it is, and words when it refuses."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.room import PUPIL, ROOM, Room, enter, open_room
from tests.devices.waiting import until
from tests.peers.browser import serve
from web.app import create_app

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path, "ev3") as room:
        yield room


@pytest.fixture
async def site(room: Room) -> AsyncIterator[str]:
    async with serve(create_app(room.lab)) as address:
        yield address


async def test_a_brick_without_a_program_says_so_on_its_page_for_ten_seconds(page: Page, room: Room) -> None:
    await enter(page, f"/kits/{room.device('ev3')}", PUPIL)
    await page.wait_for_selector("kit-page[data-ready]")
    await page.get_by_role("button", name="Run").click()
    refusal = page.get_by_text("There is no program to start. Send one to the kit first")
    await expect(refusal).to_be_visible()
    await expect(page.get_by_text("Ready", exact=True)).to_have_count(0)
    await expect(refusal).to_be_hidden(timeout=20_000)
    await expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_brick_beeps_before_it_gets_its_tag_and_enter_binds_the_tag(page: Page, room: Room) -> None:
    await enter(page, f"/rooms/{ROOM}/pair")
    await page.get_by_role("button", name="Beep").click()
    await expect(page.locator("[data-slot=blinked]")).to_have_text("It blinks or beeps now: look and listen.")
    await until(lambda: room.kits["ev3"].machine.tones == [(880, 600)])  # type: ignore[attr-defined]
    await page.get_by_role("textbox", name="The tag on its sticker").fill("a-07")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("A-07 is known now.")
    assert page.faults == []  # type: ignore[attr-defined]
