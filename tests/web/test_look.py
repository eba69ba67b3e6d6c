"""Every page of the set-up in a real browser: none scrolls sideways, complains or is hard to touch."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab
from tests.peers.browser import THEMES, WIDTHS, open_browser, open_page, overflowing, serve, small_targets
from tests.web.gates import add_gate, self_test
from tests.web.people import PASSWORD
from tests.web.test_api import LINE, NAMES

PAGES = (
    "/",
    "/account",
    "/championships",
    "/new-championship",
    "/championships/cup",
    "/championships/cup/teams",
    "/championships/cup/teams/1",
    "/championships/cup/import",
    "/championships/cup/fields",
    "/championships/cup/access",
    "/devices",
    "/devices/gate-a1b2c3",
)
CUT = """() => [...document.querySelectorAll(".shell-nav a span")]
  .filter((word) => innerWidth < 960 && word.checkVisibility() && word.scrollWidth > word.clientWidth)
  .map((word) => word.textContent)"""
LONG = "Ұзын-атаулы Робототехника және мехатроника командасы"

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.fixture
async def site(lab: Lab, app: FastAPI) -> AsyncIterator[str]:
    lab.championships.create("test", NewChampionship("cup", NAMES | {"kk": LONG}, LINE.text), key="begin")
    rows = [TeamRow(number, f"{LONG} {number}", "№ 175 мектеп-гимназия") for number in range(1, 9)]
    lab.championships.add_entries("test", "cup", rows, key="teams")
    add_gate(lab, "gate-a1b2c3", "Gate A", latest=self_test(problems=["line_noise"]))
    add_gate(lab, "gate-d4e5f6", "Gate B", blocked=[1], state="ready")
    gates = [
        {"point": point, "lane": 1, "device": "gate-a1b2c3", "input": number}
        for number, point in enumerate(("start", "finish"), 1)
    ]
    lab.championships.set_field("test", "cup", "3", gates, key="field")
    async with serve(app) as address:
        yield address


async def enter(page: Page) -> None:
    await page.goto("/sign-in")
    await page.fill("#login", "admin")
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("**/")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_fits_its_window(browser: Browser, site: str, width: int, theme: str) -> None:
    async with open_page(browser, site, width=width, theme=theme, language="kk") as page:
        await enter(page)
        found = {}
        for path in PAGES:
            await page.goto(f"{path}?lang=kk")
            wrong = [*await overflowing(page), *await small_targets(page, 44), *await page.evaluate(CUT)]
            if wrong or await page.locator(".primary").count() > 1:
                found[path] = wrong
        assert (found, page.faults) == ({}, [])  # type: ignore[attr-defined]


async def test_a_page_can_be_used_with_the_keyboard_alone(browser: Browser, site: str) -> None:
    async with open_page(browser, site) as page:
        await page.goto("/sign-in")
        await page.keyboard.type("admin")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/")
        await page.keyboard.press("Tab")
        await expect(page.locator(":focus")).to_have_text("Skip to the content")
        await page.keyboard.press("Enter")
        await expect(page.locator("#main")).to_be_focused()


async def test_a_gates_page_changes_by_itself_and_keeps_what_is_open(
    browser: Browser, site: str, lab: Lab
) -> None:
    async with open_page(browser, site, language="en") as page:
        await enter(page)
        await page.goto("/devices/gate-a1b2c3?lang=en")
        await expect(page.locator(".beam.bad")).to_have_count(0)
        await page.locator("#self-test button").focus()
        with lab.database.write() as session:
            gate = session.get_one(Device, "gate-a1b2c3")
            gate.blocked = [2]
            session.add(gate)
        lab.changes.announce([DEVICES, device_key("gate-a1b2c3")])
        await expect(page.locator(".beam.bad")).to_contain_text("Input 2")
        await expect(page.locator("#self-test button")).to_be_focused()
        assert page.faults == []  # type: ignore[attr-defined]


async def test_a_long_list_of_teams_is_searched_as_one_types(browser: Browser, site: str) -> None:
    async with open_page(browser, site, language="en") as page:
        await enter(page)
        await page.goto("/championships/cup/teams")
        await expect(page.locator("#team-list tbody tr")).to_have_count(8)
        await page.locator("#find").press_sequentially("командасы 7")
        await expect(page.locator("#team-list tbody tr")).to_have_count(1)
        await expect(page.locator("#find")).to_be_focused()
        assert page.faults == []  # type: ignore[attr-defined]


async def test_a_self_test_is_begun_without_losing_the_page(browser: Browser, site: str) -> None:
    async with open_page(browser, site, language="en") as page:
        await enter(page)
        await page.goto("/devices/gate-a1b2c3?lang=en")
        await page.click("#self-test button")
        await expect(page.locator("#asked")).to_contain_text("The gate was asked.")
        await expect(page).to_have_url(f"{site}/devices/gate-a1b2c3?lang=en")
        assert page.faults == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_open_tab_and_the_bars_words_are_whole_on_a_phone(
    browser: Browser, site: str, language: str
) -> None:
    async with open_page(browser, site, width=360, language=language) as page:
        await enter(page)
        for path in ("", "/teams", "/rules", "/fields", "/access"):
            await page.goto(f"/championships/cup{path}?lang={language}")
            await expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.95)
            assert await page.evaluate("scrollY") == 0
            assert await page.evaluate(CUT) == []
        await expect(page.locator(".shell-nav a")).to_have_count(6)


async def test_pages_read_without_any_script(browser: Browser, site: str) -> None:
    context = await browser.new_context(base_url=site, java_script_enabled=False, locale="en")
    page = await context.new_page()
    await enter(page)
    for path in PAGES:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200
        await expect(page.locator("h1")).to_be_visible()
    await context.close()
