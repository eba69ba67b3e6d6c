"""The public board in Chromium: rows move by themselves, and nothing depends on colour, script or luck."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from competitions import commands as cmd
from competitions.statuses import Status
from lab_controller.demo.contests import LINE
from tests.browser.contests import SLUG, Contest, sign_in
from tests.browser.looks import faint_text, small_text, unnamed_controls
from tests.browser.scene import open_scene
from tests.peers.browser import THEMES, WIDTHS, open_page, overflowing, serve, small_targets
from web.app import create_app

pytestmark = [pytest.mark.peer, pytest.mark.slow]

BOARD = f"/board/{SLUG}"
PAGES = (BOARD, f"{BOARD}?hall=1", f"{BOARD}/entries/2")


def fill(contest: Contest) -> None:
    """Two places decided, one run with a time before the judge."""
    contest.accept("a", "1", 12_178_000)
    contest.accept("b", "2", 13_204_000)
    contest.give("c", cmd.OpenRun("c", "3", 1, "3"))
    contest.give("c", cmd.Arm("aabbccdd"))
    contest.give("c", cmd.Armed())
    contest.give("c", cmd.SeePassage("start", "B", 0, 0))


async def teams(page: Page) -> list[str]:
    return await page.locator("tbody [data-slot=team]").all_text_contents()


async def open_board(page: Page, address: str = BOARD) -> None:
    await page.goto(address)
    await expect(page.locator("[data-slot=line]")).to_have_text("Live")


async def test_a_row_moves_to_its_new_place_without_a_reload(page: Page, contest: Contest) -> None:
    fill(contest)
    await open_board(page)
    await page.evaluate("window.here = document.querySelector('tr[data-key=\"3\"]')")
    assert (await teams(page))[:2] == ["Арлан", "Қыран"]
    contest.give("c", cmd.SeePassage("finish", "B", 12_000_000, 400))
    await expect(page.locator(".track .clock")).to_contain_text("12.000")
    contest.give("c", cmd.Accept())
    await expect(page.locator("tbody tr").first).to_have_class("p1 moved")
    assert (await teams(page))[:3] == ["Барыс", "Арлан", "Қыран"]
    assert await page.evaluate("window.here === document.querySelector('tbody tr')")
    await expect(page.locator("[data-slot=news]")).to_have_text("Барыс: 12.000, place 1")
    await expect(page.locator("tbody tr").nth(1).locator("[data-slot=gap]")).to_have_text("+0.178")
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_row_slides_for_those_who_like_movement(
    browser: Browser, site: str, contest: Contest
) -> None:
    fill(contest)
    context = await browser.new_context(base_url=site, reduced_motion="no-preference", locale="en")
    page = await context.new_page()
    await open_board(page)
    await page.evaluate(
        """() => { window.slides = []; const animate = Element.prototype.animate;
          Element.prototype.animate = function (frames, options) {
            window.slides.push([this.dataset.key, options.duration]);
            return animate.call(this, frames, options); }; }"""
    )
    contest.accept("d", "2", 11_000_000, attempt=2)
    await page.wait_for_function("() => window.slides.length === 2")
    assert sorted(await page.evaluate("window.slides")) == [["1", 200], ["2", 200]]
    await context.close()


async def test_the_clock_runs_while_a_robot_is_on_its_way(page: Page, contest: Contest) -> None:
    fill(contest)
    await open_board(page)
    clock = page.locator("[data-slot=clock]")
    first = await clock.text_content()
    await page.wait_for_function(
        "first => document.querySelector('[data-slot=clock]').textContent !== first", arg=first
    )
    await expect(page.locator(".track")).to_have_attribute("data-phase", "running")


async def test_a_running_clock_leaves_most_frames_to_the_news(page: Page, contest: Contest) -> None:
    fill(contest)
    await page.clock.install()
    await open_board(page)
    await page.evaluate(
        """() => { window.drawn = 0;
          new MutationObserver((changes) => { window.drawn += changes.length; })
            .observe(document.querySelector("[data-slot=clock]"), {childList: true}); }"""
    )
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 1"))
    before = await page.evaluate("window.drawn")
    await page.clock.run_for(1_000)
    assert 10 <= await page.evaluate("window.drawn") - before <= 20


async def test_a_lost_connection_says_since_when_and_comes_back(page: Page, contest: Contest) -> None:
    fill(contest)
    await open_board(page)
    await page.context.set_offline(True)
    await expect(page.locator("[data-slot=line]")).to_contain_text("No connection. The board is as of")
    contest.accept("d", "4", 9_000_000)
    await page.context.set_offline(False)
    await expect(page.locator("[data-slot=line]")).to_have_text("Live", timeout=20_000)
    assert (await teams(page))[0] == "Жұлдыз-81"


async def test_an_embargo_hides_what_was_shown_and_lifting_it_shows_all(page: Page, contest: Contest) -> None:
    fill(contest)
    await open_board(page)
    service = contest.lab.championships
    service.set_embargo("admin", SLUG, True, key="hide")
    await expect(page.locator("[data-slot=embargo]")).to_be_visible()
    await expect(page.locator("tbody")).not_to_contain_text("12.178")
    await page.goto(f"{BOARD}/entries/1")
    await expect(page.locator("main")).not_to_contain_text("12.178")
    await open_board(page)
    service.set_embargo("admin", SLUG, False, key="show")
    await expect(page.locator("tbody")).to_contain_text("12.178")
    await expect(page.locator("[data-slot=embargo]")).to_be_hidden()


async def test_the_board_reads_without_javascript(browser: Browser, site: str, contest: Contest) -> None:
    fill(contest)
    context = await browser.new_context(base_url=site, java_script_enabled=False, locale="en")
    page = await context.new_page()
    await page.goto(BOARD)
    assert await teams(page) == ["Арлан", "Қыран", "Барыс", "Жұлдыз-81"]
    await expect(page.locator("tbody tr").first).to_contain_text("12.178")
    await expect(page.locator(".track .team")).to_have_text("Барыс")
    await page.get_by_role("link", name="Қыран").click()
    await expect(page.locator("main")).to_contain_text(
        "Арлан is ahead. Time: 12.178 s ±0.4 ms against 13.204 s ±0.4 ms, less is better."
    )
    await context.close()


async def test_the_language_is_chosen_on_the_board_itself(page: Page, contest: Contest) -> None:
    await open_board(page)
    await page.get_by_role("button", name="Қазақша").click()
    await expect(page.locator("h1")).to_have_text("Сызық")
    await expect(page.locator("html")).to_have_attribute("lang", "kk")


async def test_a_hall_screen_pages_through_all_teams_and_turns_to_a_change(
    browser: Browser, site: str, contest: Contest
) -> None:
    async with open_page(browser, site, width=1920) as page:
        await page.set_viewport_size({"width": 1920, "height": 420})
        await page.clock.install()
        await open_board(page, f"{BOARD}?hall=1")
        shown = page.locator("tbody tr:visible")
        per_page = await shown.count()
        assert 1 <= per_page < 4
        await expect(page.locator("[data-slot=pages]")).to_have_text(f"1–{per_page} of 4")
        await page.clock.run_for(8_000)
        await expect(page.locator("[data-slot=pages]")).to_contain_text(f"{per_page + 1}–")
        contest.accept("d", "4", 9_000_000)
        await expect(shown.first).to_contain_text("Жұлдыз-81")


async def test_only_a_finished_run_wears_a_medal(page: Page, contest: Contest) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.give("b", cmd.OpenRun("b", "2", 1, "3"))
    contest.give("b", cmd.ProposeStatus(Status.DNF, "left the line"))
    contest.give("b", cmd.Accept())
    row = page.locator('tr[data-key="2"]')
    for address in (BOARD, f"{BOARD}?hall=1"):
        await open_board(page, address)
        await expect(row.locator("[data-slot=place]")).to_have_text("2")
        await expect(row).to_have_class("")
        await expect(row.locator("[data-slot=result]")).to_have_text("did not finish")
    await page.goto(f"{BOARD}/entries/2")
    await expect(page.locator(".place-badge")).to_have_class("place-badge num")


async def test_before_the_first_result_the_board_names_who_will_run(page: Page, contest: Contest) -> None:
    await open_board(page)
    await expect(page.locator("[data-slot=fresh]")).to_be_visible()
    await expect(page.locator("tbody")).to_contain_text("Жұлдыз-81")
    await expect(page.locator("[data-slot=place]:visible, [data-slot=result]:visible")).to_have_count(0)
    contest.accept("a", "1", 12_178_000)
    await expect(page.locator("[data-slot=fresh]")).to_be_hidden()
    await expect(page.locator("tbody tr").first.locator("[data-slot=result]")).to_have_text("12.178")


async def test_sixteen_teams_and_both_tracks_are_on_the_hall_s_screen_at_once(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        open_scene(tmp_path) as scene,
        serve(create_app(scene.lab)) as site,
        open_page(browser, site, width=1920) as page,
    ):
        await open_board(page, f"/board/{LINE}?hall=1")
        for part, count in (("tbody tr", 16), (".track .clock", 2), ("[data-slot=next-teams] li", 3)):
            await expect(page.locator(f"{part}:visible")).to_have_count(count)
            await expect(page.locator(part).last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(
    ("width", "height", "teams"), [(1024, 768, 6), (1080, 1920, 12), (768, 1024, 6), (360, 740, 3)]
)
async def test_a_hall_screen_of_another_shape_shows_the_standings_too(
    browser: Browser, tmp_path: Path, width: int, height: int, teams: int
) -> None:
    async with (
        open_scene(tmp_path) as scene,
        serve(create_app(scene.lab)) as site,
        open_page(browser, site, width=width) as page,
    ):
        await page.set_viewport_size({"width": width, "height": height})
        await open_board(page, f"/board/{LINE}?hall=1")
        await page.evaluate("document.fonts.ready")
        shown = page.locator("tbody tr:visible")
        assert await shown.count() >= teams
        for part in (shown.first, shown.last, page.locator(".track .clock").last):
            await expect(part).to_be_in_viewport(ratio=0.99)
        assert (await overflowing(page), await small_text(page, "live-board *:not(.seal *)", 13)) == ([], [])


async def test_the_hall_s_table_gives_its_width_to_the_names_and_not_to_attempts_that_nobody_made(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        open_scene(tmp_path) as scene,
        serve(create_app(scene.lab)) as site,
        open_page(browser, site, width=1920, language="kk") as page,
    ):
        for address in (f"/board/{LINE}", f"/board/{LINE}?hall=1"):
            await page.goto(address)
            await expect(page.locator("[data-slot=line]")).to_have_class("tag live")
            await expect(page.locator("thead .attempt:visible")).to_have_count(3)
            cut = await page.evaluate(
                """() => [...document.querySelectorAll(".who-line a")]
                  .filter((it) => it.scrollWidth > it.clientWidth + 1)
                  .map((it) => it.textContent)"""
            )
            assert (address, cut) == (address, [])


async def test_a_column_appears_with_its_first_attempt_and_a_run_is_marked_by_how_far_it_is(
    browser: Browser, site: str, contest: Contest
) -> None:
    fill(contest)
    async with open_page(browser, site, width=1920) as page:
        await open_board(page)
        headings = page.locator("thead .attempt:visible .long")
        await expect(headings).to_have_text(["Attempt 1"])
        cell = page.locator('tr[data-key="3"] .attempt').first
        await expect(cell).to_have_text("on track…")
        contest.give("c", cmd.SeePassage("finish", "B", 12_000_000, 400))
        await expect(cell).to_have_text("Finish. The judge is checking")
        contest.give("c", cmd.Accept())
        await expect(cell).to_have_text("12.000")
        await expect(cell.locator(".mark")).to_have_count(0)
        contest.give("d", cmd.OpenRun("d", "2", 2, "3"))
        await expect(headings).to_have_text(["Attempt 1", "Attempt 2"])
        await expect(page.locator('tr[data-key="2"] .attempt').nth(1)).to_have_text("Getting ready")


async def test_the_script_draws_the_rows_that_the_server_has_sent(
    browser: Browser, site: str, contest: Contest
) -> None:
    fill(contest)
    contest.accept("d", "4", 14_000_000, attempt=2)
    contest.give("e", cmd.OpenRun("e", "2", 3, "3"))
    contest.give("c", cmd.SeePassage("finish", "B", 12_000_000, 400))
    rows = """() => [...document.querySelectorAll("thead th, tbody :is(td, th)")].map((it) => [
      it.className.trim(), it.hidden, it.textContent.replace(/\\s+/g, " ").trim(),
      it.querySelector(".mark")?.outerHTML])"""
    drawn = []
    for scripted in (False, True):
        context = await browser.new_context(base_url=site, java_script_enabled=scripted, locale="en")
        page = await context.new_page()
        await page.goto(BOARD)
        if scripted:
            await expect(page.locator("[data-slot=line]")).to_have_text("Live")
        drawn.append(await page.evaluate(rows))
        await context.close()
    assert drawn[0] == drawn[1]


async def test_nothing_a_spectator_needs_is_under_24_px_on_the_hall_s_screen(
    browser: Browser, site: str, contest: Contest
) -> None:
    fill(contest)
    for address in (BOARD, f"{BOARD}?hall=1"):
        async with open_page(browser, site, width=1920) as page:
            await open_board(page, address)
            assert (
                await small_text(page, "live-board *:not(.hidden-visually, .language *, .seal *)", 24) == []
            )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_fits_and_can_be_read(
    browser: Browser, site: str, contest: Contest, width: int, theme: str
) -> None:
    fill(contest)
    contest.accept("d", "4", 13_204_100, bound_us=400)
    async with open_page(browser, site, width=width, theme=theme) as page:
        for address in PAGES:
            await page.goto(address)
            looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
            assert (address, looks) == (address, ([], [], []))
            assert (
                await page.evaluate(
                    "[...document.querySelectorAll('.card')].every((it) => it.scrollWidth <= it.clientWidth)"
                )
                is True
            )
        await sign_in(page)
        looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
        assert (looks, await small_targets(page, 44)) == (([], [], []), [])
        await page.goto(f"/judge/{SLUG}/runs/c")
        await page.wait_for_selector(".timeline li")
        looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
        assert (looks, await small_targets(page, 44)) == (([], [], []), [])
        assert page.faults == []  # type: ignore[attr-defined]
