"""The room and a kit's page in Chromium: a program onto a virtual Uno, its console, its plot, its cable."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from lab_controller.bus.changes import console_key
from lab_controller.telemetry.tables import ConsoleChunk
from tests.browser.looks import faint_text, unnamed_controls
from tests.browser.room import HEX, PROGRAM, PUPIL, ROOM, Room, enter, open_room
from tests.devices.waiting import until
from tests.peers.browser import THEMES, WIDTHS, open_page, overflowing, serve, small_targets
from web.app import create_app

pytestmark = [pytest.mark.peer, pytest.mark.slow]

PROGRAM_FILE: FilePayload = {"name": "sensor_log.hex", "mimeType": "text/plain", "buffer": HEX}
DAMAGED: FilePayload = {"name": "torn.hex", "mimeType": "text/plain", "buffer": b":10000000ZZ\n"}

DRAWN = """() => {
  const canvas = document.querySelector(".plots canvas");
  if (!canvas?.width) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let blue = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] < 60 && data[at + 2] > 120 && data[at + 3] > 200) blue += 1;
  return blue > 40;
}"""
"""Whether the first series' colour covers more than a speck of the plot."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path, "arduino_uno") as room:
        yield room


@pytest.fixture
async def site(room: Room) -> AsyncIterator[str]:
    async with serve(create_app(room.lab)) as address:
        yield address


def kit(room: Room) -> str:
    return f"/kits/{room.device('arduino-uno')}"


async def open_kit(page: Page, room: Room) -> None:
    await enter(page, kit(room))
    await page.wait_for_selector("kit-page[data-ready]")


async def put(page: Page, file: FilePayload) -> None:
    await page.set_input_files("#file", file)
    await page.get_by_role("button", name="Put it onto the kit").click()


async def test_a_program_goes_onto_the_board_from_the_page(page: Page, room: Room) -> None:
    await open_kit(page, room)
    await page.set_input_files("#file", PROGRAM_FILE)
    await expect(page.locator(".file-face")).to_have_text("Choose a file sensor_log.hex")
    await put(page, PROGRAM_FILE)
    job = page.locator(".job").first
    await expect(job).to_contain_text("sensor_log.hex")
    await expect(job.locator(".tag")).to_have_text("On the kit", timeout=30_000)
    await expect(page.locator("[data-slot=news]")).to_have_text("sensor_log.hex: On the kit")
    assert bytes(room.uno.flash.cells[: len(PROGRAM)]) == PROGRAM
    await expect(page.locator(".file-face")).to_have_text("Choose a file No file chosen yet")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_damaged_file_asks_for_another_and_not_to_be_sent_again(page: Page, room: Room) -> None:
    await open_kit(page, room)
    await put(page, DAMAGED)
    job = page.locator(".job").first
    await expect(job).to_contain_text("is damaged in line 1. Make it anew from your program.", timeout=30_000)
    await expect(job.get_by_role("button")).to_have_count(0)
    await expect(page.locator("main .primary")).to_have_text(["Put it onto the kit"])
    await page.set_input_files("#file", {**PROGRAM_FILE, "name": "maze.py"})
    await page.get_by_role("button", name="Put it onto the kit").click()
    await expect(page.get_by_role("alert")).to_have_text(
        "This kit cannot read “maze.py”. Choose a file that ends in .hex."
    )


async def test_an_upload_is_stopped_and_the_kit_takes_the_next(page: Page, room: Room) -> None:
    room.uno.mute = True
    await open_kit(page, room)
    await put(page, PROGRAM_FILE)
    job = page.locator(".job").first
    await job.get_by_role("button", name="Stop the upload").click(timeout=30_000)
    await expect(job.locator(".tag")).to_have_text("Stopped", timeout=30_000)
    room.uno.mute = False
    await job.get_by_role("button", name="Try again").click()
    await expect(job.locator(".tag")).to_have_text("On the kit", timeout=30_000)


async def test_a_line_reaches_the_program_and_its_words_the_page(page: Page, room: Room) -> None:
    await open_kit(page, room)
    console = page.locator("[data-slot=console]")
    await expect(console).to_contain_text("light:", timeout=20_000)
    box = page.get_by_role("textbox", name="A line for the program")
    await box.fill("speed 7")
    await box.press("Enter")
    await expect(console.locator(".typed")).to_have_text("› speed 7")
    await until(lambda: bytes(room.uno.typed) == b"speed 7\n")
    await box.press("ArrowUp")
    await expect(box).to_have_value("speed 7")


async def test_a_pupils_series_is_plotted_with_nothing_configured(page: Page, room: Room) -> None:
    await open_kit(page, room)
    light = page.locator('[data-slot=series] [data-key="telemetry/light"] [data-slot=last]')
    await expect(light).not_to_have_text("—", timeout=20_000)
    await expect(page.locator(".plots canvas")).to_have_count(2, timeout=20_000)
    await expect(page.locator(".plots figcaption")).to_have_text(["light", "temp"])
    await page.wait_for_function(DRAWN, timeout=20_000)
    await page.get_by_role("button", name="Hold still").click()
    await expect(page.get_by_role("button", name="Go on")).to_have_attribute("aria-pressed", "true")


async def test_the_rooms_card_tells_of_a_pulled_cable_and_of_its_return(page: Page, room: Room) -> None:
    await enter(page, f"/rooms/{ROOM}")
    card = page.locator(f"#{room.device('arduino-uno')}")
    await expect(card.locator(".tag")).to_have_text("Ready")
    room.cables["arduino_uno"].unplug()
    await expect(card).to_contain_text("This kit's cable is unplugged. Plug it in again", timeout=20_000)
    await expect(card.locator(".tag")).to_have_text("Needs a person")
    room.cables["arduino_uno"].plug()
    await expect(card.locator(".tag")).to_have_text("Ready", timeout=30_000)


async def test_a_flood_of_text_stays_bounded(page: Page, room: Room) -> None:
    await open_kit(page, room)
    device = room.device("arduino-uno")
    for part in range(4):
        with room.lab.database.write() as session:
            for chunk in range(20):
                us = 1 << 40 | part << 20 | chunk
                text = "".join(f"flood {part} {chunk} {line}\n" for line in range(100))
                session.add(ConsoleChunk(device=device, at_us=us, us=us, text=text, skipped=0))
        room.lab.changes.announce([console_key(device)])
    console = page.locator("[data-slot=console]")
    await expect(console).to_contain_text("flood 3 19 99", timeout=20_000)
    assert await console.evaluate("box => box.childElementCount") <= 2000
    assert await console.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight") < 60


async def test_a_kit_gets_its_tag_by_keyboard_alone(page: Page, room: Room) -> None:
    await enter(page, f"/rooms/{ROOM}/pair")
    await expect(page.get_by_role("radio")).to_be_checked()
    await page.get_by_role("textbox", name="The tag on its sticker").focus()
    await page.keyboard.type("a-07")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Blue car")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("A-07 is known now.")
    await page.get_by_role("button", name="Take the tag off").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("status").first).to_contain_text("A-07 is known now.")


async def test_without_javascript_a_program_still_gets_onto_the_kit(
    browser: Browser, site: str, room: Room
) -> None:
    context = await browser.new_context(base_url=site, java_script_enabled=False, locale="en")
    page = await context.new_page()
    await enter(page, kit(room), PUPIL)
    await put(page, PROGRAM_FILE)
    await expect(page.get_by_role("status").first).to_contain_text("The program is on its way.")
    await until(lambda: room.lab.programs.list_jobs()[0].state == "succeeded", within_s=30)
    await page.reload()
    await expect(page.locator(".job .tag").first).to_have_text("On the kit")
    await context.close()


async def test_a_room_asks_what_was_plugged_in_with_its_answers_on_one_line(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        open_room(tmp_path, "spike", unnamed=True) as room,
        serve(create_app(room.lab)) as site,
        open_page(browser, site, width=768) as page,
    ):
        await enter(page, f"/rooms/{ROOM}")
        asked = page.locator(".asked")
        await expect(asked.get_by_role("heading")).to_have_text(
            "Something new was plugged into the room's computer. What is it?"
        )
        boxes = [await each.bounding_box() for each in await asked.locator("select, button").all()]
        assert len({round(box["y"] + box["height"]) for box in boxes if box}) == 1
        assert len(boxes) == 3


async def test_every_page_of_the_room_fits_and_can_be_read(browser: Browser, tmp_path: Path) -> None:
    async with (
        open_room(tmp_path, "arduino_uno", "firmata", "spike") as room,
        serve(create_app(room.lab)) as site,
    ):
        room.lab.assets.pair(actor="test", tag="A-07", device=room.device("arduino-uno"), title="Blue car")
        kits = [f"/kits/{room.device(kind)}" for kind in ("arduino-uno", "firmata", "spike")]
        pages = [f"/rooms/{ROOM}", f"/rooms/{ROOM}/pair", *kits, f"{kits[0]}/history"]
        for width in WIDTHS:
            for theme in THEMES:
                async with open_page(browser, site, width=width, theme=theme) as page:
                    await enter(page, pages[0])
                    for address in pages:
                        await page.goto(address)
                        if address in kits:
                            await page.wait_for_selector(".plots canvas", timeout=20_000)
                        looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
                        assert (address, width, theme, *looks) == (address, width, theme, [], [], [])
                        assert await small_targets(page, 40) == []
                    assert page.faults == []  # type: ignore[attr-defined]
