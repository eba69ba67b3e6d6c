"""A timer's races and a brick's mailboxes in Chromium: pressed, typed, drawn anew while a child types."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.race_timer.emulator import TimerEmulator
from lab_controller.lab import Lab
from tests.browser.looks import faint_text, unnamed_controls
from tests.browser.room import PUPIL, Room, enter, open_room
from tests.devices.waiting import until
from tests.peers.browser import THEMES, WIDTHS, open_page, overflowing, serve, small_targets
from web.app import create_app

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path, "race_timer", "ev3") as room:
        yield room


@pytest.fixture
async def site(room: Room) -> AsyncIterator[str]:
    async with serve(create_app(room.lab)) as address:
        yield address


def timer_of(room: Room) -> TimerEmulator:
    timer = room.kits["race_timer"]
    assert isinstance(timer, TimerEmulator)
    return timer


def brick_of(room: Room) -> Ev3Emulator:
    brick = room.kits["ev3"]
    assert isinstance(brick, Ev3Emulator)
    return brick


def address_of(lab: Lab, kind: str) -> str:
    return f"/kits/{lab.equipment.list_devices(kind)[0].id}"


async def test_a_race_is_made_ready_and_drawn_as_it_is_run(page: Page, room: Room) -> None:
    timer = timer_of(room)
    await enter(page, address_of(room.lab, "race-timer"))
    await page.wait_for_selector("kit-page[data-ready]")
    await expect(page.locator("#timer-told")).to_have_text("Ready for a race · The start gate is closed")
    for lane in ("3", "4", "5", "6"):
        await page.get_by_role("checkbox", name=lane, exact=True).uncheck()
    await page.get_by_role("button", name="Get ready for a race").click()
    await until(lambda: timer.masked == {3, 4, 5, 6})
    timer.race((3.412, 0.0))
    rows = page.locator("#timer-race tbody tr")
    await expect(rows).to_have_text(["113.412", "2—did not finish"])
    await expect(page.locator("#timer-told")).to_contain_text("The start gate is open")
    await expect(page.get_by_role("checkbox", name="3", exact=True)).not_to_be_checked()
    assert page.faults == []  # type: ignore[attr-defined]


async def test_what_is_typed_for_a_mailbox_outlives_a_message_from_the_program(
    page: Page, room: Room
) -> None:
    brick = brick_of(room)
    await enter(page, address_of(room.lab, "ev3"))
    await page.wait_for_selector("kit-page[data-ready]")
    await page.get_by_role("textbox", name="Mailbox", exact=True).fill("go")
    await page.get_by_role("textbox", name="A message for the program").fill("2,5")
    await page.get_by_role("combobox", name="What is sent").select_option("number")
    brick.send_mail("light", 41.0)
    await expect(page.locator("#mailbox-received")).to_have_text(
        "Last from the program, in mailbox light: 41"
    )
    await page.locator("#mailbox").get_by_role("button", name="Send").click()
    await until(lambda: brick.mailboxes == {"go": b"\x00\x00\x20\x40"})
    assert page.faults == []  # type: ignore[attr-defined]


async def test_without_javascript_a_timer_is_made_ready_and_a_message_sent(
    browser: Browser, site: str, room: Room
) -> None:
    context = await browser.new_context(base_url=site, java_script_enabled=False, locale="en")
    page = await context.new_page()
    await enter(page, address_of(room.lab, "race-timer"), PUPIL)
    await page.get_by_role("checkbox", name="6", exact=True).uncheck()
    await page.get_by_role("button", name="Get ready for a race").click()
    await until(lambda: timer_of(room).masked == {6})
    await page.goto(address_of(room.lab, "ev3"))
    await page.get_by_role("textbox", name="Mailbox", exact=True).fill("go")
    await page.get_by_role("textbox", name="A message for the program").fill("left")
    await page.locator("#mailbox").get_by_role("button", name="Send").click()
    await until(lambda: brick_of(room).mailboxes == {"go": b"left\0"})
    await context.close()


async def test_both_pages_fit_and_can_be_read(browser: Browser, site: str, room: Room) -> None:
    timer_of(room).race((3.412, 0.0))
    brick_of(room).send_mail("light", "a message that is as long as a line on a phone and then some")
    addresses = [address_of(room.lab, "race-timer"), address_of(room.lab, "ev3")]
    for width in WIDTHS:
        for theme in THEMES:
            async with open_page(browser, site, width=width, theme=theme) as page:
                await enter(page, addresses[0])
                for address, shown in zip(addresses, ("#timer-race", "#mailbox-received b"), strict=True):
                    await page.goto(address)
                    await page.wait_for_selector(shown)
                    looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
                    assert (address, width, theme, *looks) == (address, width, theme, [], [], [])
                    assert await small_targets(page, 40) == []
