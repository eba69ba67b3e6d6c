"""The judge's tablet in Chromium: with a network, without one, and when the lab says no."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from competitions import commands as cmd
from tests.browser.contests import SLUG, Contest, open_contest, sign_in
from tests.peers.browser import open_page, serve, small_targets
from web.app import create_app

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TAG = ".bar .tag"
PRIMARY = ".do button:last-child"
OPENED = ["run_opened"]


async def open_run(page: Page, team: str = "Жұлдыз-81") -> str:
    """Start a team's next attempt from the desk; gives the run's id."""
    await page.locator(".team-row", has_text=team).get_by_role("button").click()
    await page.wait_for_url("**/runs/*")
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "ready")
    return page.url.rsplit("/", 1)[1]


async def enter_time(page: Page, text: str) -> None:
    await page.get_by_role("button", name="More…").click()
    await page.get_by_role("button", name="Time by hand").click()
    await page.get_by_label("Time, s").fill(text)
    await page.get_by_role("button", name="Propose this time").click()


async def press_three(page: Page) -> None:
    """A penalty, a time by hand, and its acceptance."""
    await page.get_by_role("button", name="Touch: one more").click()
    await enter_time(page, "12.48")
    await page.get_by_role("button", name="Accept 17.480").click()


async def test_a_run_from_the_desk_to_the_accepted_time(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await page.get_by_role("button", name="Arm the gates").click()
    await expect(page.locator(".timeline")).to_contain_text("Gates asked to arm")
    contest.give(run, cmd.Armed())
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "armed")
    contest.give(run, cmd.SeePassage("start", "B", 0, 0))
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "running")
    await page.get_by_role("button", name="Touch: one more").click()
    contest.give(run, cmd.SeePassage("finish", "B", 12_483_000, 400))
    await expect(page.locator(PRIMARY)).to_have_text("Accept 17.483\u00a0s")
    await expect(page.locator(".clock")).to_contain_text("measured 12.483 s, penalties +5.000 s")
    await page.locator(PRIMARY).click()
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "accepted")
    await page.get_by_role("button", name="Next team").click()
    await expect(page.locator(".team-row .good", has_text="17.483 s")).to_be_visible()
    assert contest.kinds(run)[-1] == "result_accepted"
    assert page.faults == []  # type: ignore[attr-defined]


async def test_three_presses_of_a_minute_offline_are_replayed_once_each_and_in_order(
    page: Page, contest: Contest
) -> None:
    sent: list[str] = []
    await page.clock.install()
    await sign_in(page)
    run = await open_run(page)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await press_three(page)
    await expect(page.locator(TAG)).to_have_text("No network · 3 kept")
    await page.clock.fast_forward(60_000)
    await expect(page.locator(TAG)).to_have_text("No network · 3 kept")
    assert contest.kinds(run) == OPENED
    page.on(
        "requestfinished",  # a try that found no network yet has not reached the lab
        lambda request: sent.append(request.post_data_json["kind"]) if is_write(request) else None,
    )
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "accepted")
    assert contest.kinds(run) == [*OPENED, "penalty_set", "result_proposed", "result_accepted"]
    assert sent == ["set_penalty", "propose_manual", "accept"]


async def test_a_press_whose_answer_was_lost_is_sent_again_and_counts_once(
    page: Page, contest: Contest
) -> None:
    lost: list[str] = []

    async def lose_first_answer(route: Route) -> None:
        key = route.request.headers["idempotency-key"]
        if key in lost:
            await route.continue_()
            return
        lost.append(key)
        await route.fetch()
        await route.abort("connectionreset")

    await sign_in(page)
    run = await open_run(page)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.route("**/commands", lose_first_answer)
    await press_three(page)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=15_000)
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "accepted")
    assert contest.kinds(run) == [*OPENED, "penalty_set", "result_proposed", "result_accepted"]
    assert len(lost) == 3


async def test_an_attempt_is_begun_and_closed_with_no_network_at_all(page: Page, contest: Contest) -> None:
    await sign_in(page)
    await page.context.set_offline(True)
    run = await open_run(page)
    await press_three(page)
    await expect(page.locator(TAG)).to_have_text("No network · 4 kept")
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    assert contest.kinds(run) == [*OPENED, "penalty_set", "result_proposed", "result_accepted"]


async def test_the_page_opens_again_without_a_network_and_still_has_its_presses(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    await page.wait_for_function(
        f"async () => Boolean(await (await caches.open('judge-pages')).match('/judge/{SLUG}'))"
    )
    run = await open_run(page)
    await page.wait_for_function(
        """run => new Promise((answer) => { indexedDB.open("lab-judge").onsuccess = (event) => {
             event.target.result.transaction("runs").objectStore("runs").get(run)
               .onsuccess = (found) => answer(Boolean(found.target.result)); }; })""",
        arg=run,
    )
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Touch: one more").click()
    await page.reload()
    await expect(page.locator(".counter b")).to_have_text("1")
    await expect(page.locator("h1")).to_contain_text("Жұлдыз-81")
    await expect(page.locator(TAG)).to_have_text("No network · 1 kept")
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    assert contest.kinds(run) == [*OPENED, "penalty_set"]


async def test_a_conflict_stops_the_run_s_queue_until_the_judge_decides(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await press_three(page)
    contest.give(run, cmd.Void("wrong team"))
    await page.context.set_offline(False)
    await expect(page.locator(".note.bad")).to_contain_text("“Penalty” was not taken.", timeout=20_000)
    await expect(page.locator(".note.bad")).to_contain_text("Presses that wait behind it: 2")
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "voided")
    await page.locator(".note.bad").get_by_role("button", name="Give up 3").click()
    await page.locator("dialog").get_by_role("button", name="Give up 3").click()
    await expect(page.locator(".note.bad")).to_be_hidden()
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(run) == [*OPENED, "run_voided"]


async def test_a_status_declared_offline_is_accepted_though_a_time_was_measured(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    run = await open_run(page)
    await enter_time(page, "12.48")
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="More…").click()
    await page.get_by_role("button", name="DNF").click()
    await page.get_by_role("button", name="Accept DNF").click()
    await expect(page.locator(".phase")).to_contain_text("Accepted on this tablet")
    await page.context.set_offline(False)
    await expect(page.locator(".phase")).to_have_text("Accepted", timeout=20_000)
    assert contest.kinds(run)[-1] == "result_accepted"


async def test_what_was_not_on_the_screen_is_not_accepted(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await enter_time(page, "12.48")
    await expect(page.locator(PRIMARY)).to_have_text("Accept 12.480\u00a0s")
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await page.locator(PRIMARY).click()
    contest.give(run, cmd.ProposeManual(11_000_000, 200_000))
    await page.context.set_offline(False)
    await expect(page.locator(".note.bad")).to_contain_text("“Accept” was not taken.", timeout=20_000)
    assert "result_accepted" not in contest.kinds(run)


async def test_presses_are_kept_when_the_sign_in_has_ended(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await expect(page.locator(TAG)).to_have_text("Connected")
    cookies = [cookie for cookie in await page.context.cookies() if cookie["name"] == "lab_session"]
    await page.context.clear_cookies(name="lab_session")
    await page.get_by_role("button", name="Touch: one more").click()
    await expect(page.locator(TAG)).to_have_text("Sign in again · 1 kept")
    await page.context.add_cookies(cookies)  # type: ignore[arg-type]
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=15_000)
    assert contest.kinds(run) == [*OPENED, "penalty_set"]


async def test_a_penalty_can_be_undone(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await page.get_by_role("button", name="Touch: one more").click()
    await expect(page.locator(".counter b")).to_have_text("1")
    assert await small_targets(page, 44) == []
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".counter b")).to_have_text("0")
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(run) == [*OPENED, "penalty_set", "penalty_set"]


async def test_voiding_asks_for_a_reason_and_going_back_changes_nothing(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await open_run(page)
    await page.get_by_role("button", name="More…").click()
    await page.get_by_role("button", name="Void this run").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Void it").click()
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert contest.kinds(run) == OPENED
    await page.get_by_role("button", name="More…").click()
    await page.get_by_role("button", name="Void this run").click()
    await dialog.get_by_role("button", name="Gate fault").click()
    await dialog.get_by_role("button", name="Void it").click()
    await expect(page.locator(".timeline")).to_contain_text("Voided: Gate fault")
    assert contest.kinds(run) == [*OPENED, "run_voided"]


async def test_the_keyboard_alone_is_enough(page: Page, contest: Contest) -> None:
    await sign_in(page)
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("арлан")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/runs/*")
    run = page.url.rsplit("/", 1)[1]
    await expect(page.locator(".timeline li")).to_have_count(1)
    await page.get_by_role("button", name="Touch: one more").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".counter b")).to_have_text("1")
    await page.get_by_role("button", name="More…").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(run) == [*OPENED, "penalty_set"]


async def test_without_https_the_page_says_what_that_means_and_still_keeps_presses(
    page: Page, contest: Contest
) -> None:
    await page.add_init_script(
        "delete Navigator.prototype.serviceWorker; delete Navigator.prototype.locks;"
        "delete Crypto.prototype.randomUUID"
    )
    await sign_in(page)
    await expect(page.locator("[data-slot=warning]")).to_contain_text("Without https")
    run = await open_run(page)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Touch: one more").click()
    await expect(page.locator(TAG)).to_have_text("No network · 1 kept")
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    assert contest.kinds(run) == [*OPENED, "penalty_set"]


async def test_a_run_that_does_not_exist_leads_back_to_the_teams(page: Page, contest: Contest) -> None:
    await sign_in(page)
    await page.goto(f"/judge/{SLUG}/runs/nothing")
    await expect(page.locator(".phase")).to_have_text("There is no such run. Choose the team again.")
    await page.locator(PRIMARY).click()
    await expect(page.locator(".team-row")).to_have_count(4)


async def test_two_lanes_of_a_heat_are_armed_together(browser: Browser, tmp_path: Path) -> None:
    async with (
        open_contest(tmp_path, lanes=2) as contest,
        serve(create_app(contest.lab)) as site,
        open_page(browser, site) as page,
    ):
        await sign_in(page)
        first = await open_run(page, "Арлан")
        await page.get_by_role("link", name="Back to the teams").click()
        await expect(page.locator(".run-row")).to_contain_text("Арлан")
        await page.get_by_role("button", name="Lane 2", exact=True).click()
        second = await open_run(page, "Қыран")
        await expect(page.get_by_role("navigation")).to_contain_text("Lane 1: Арлан")
        await page.get_by_role("button", name="Arm the gates").click()
        await expect(page.locator(".timeline")).to_contain_text("Gates asked to arm")
        await expect(page.locator(TAG)).to_have_text("Connected")
        assert contest.kinds(first) == contest.kinds(second) == [*OPENED, "run_arming"]
        await page.get_by_role("button", name="Lane 1: Арлан").click()
        await expect(page.locator("h1")).to_contain_text("Арлан")
        assert page.faults == []  # type: ignore[attr-defined]


def is_write(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/commands")
