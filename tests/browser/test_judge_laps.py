"""The judge's tablet where laps count, and where one attempt is begun twice."""

import re

import pytest
from playwright.async_api import Browser, Page, Request, expect

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from tests.browser.contests import SLUG, Contest, sign_in
from tests.browser.looks import faint_text, unnamed_controls
from tests.browser.test_judge import OPENED, PRIMARY, TAG, enter_time, is_write, open_run
from tests.peers.browser import THEMES, WIDTHS, open_page, overflowing, small_targets

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TEAM = "Жұлдыз-81"
TIMED = [*OPENED, "result_proposed", "result_accepted"]


def set_rules(contest: Contest, name: str) -> None:
    text = next(each for each in iter_disciplines() if each.id == name).text
    contest.lab.championships.set_discipline("admin", SLUG, text, key=name)


async def run_again(page: Page) -> None:
    await page.get_by_role("button", name="Run again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Appeal upheld").click()
    await page.get_by_role("dialog").get_by_role("button", name="Order a new run").click()


async def begin_twice(page: Page) -> tuple[str, str]:
    """With no network: an attempt timed, accepted and run again, and its second run."""
    first = await open_run(page, TEAM)
    await enter_time(page, "12.48")
    await page.locator(PRIMARY).click()
    await run_again(page)
    await page.locator(PRIMARY).click()
    await expect(page).not_to_have_url(re.compile(f"/runs/{first}$"))
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "ready")
    second = page.url.rsplit("/", 1)[1]
    await enter_time(page, "11.05")
    await page.locator(PRIMARY).click()
    return first, second


async def test_two_runs_of_one_attempt_without_a_network_are_sent_once_each_and_in_order(
    page: Page, contest: Contest
) -> None:
    sent: list[tuple[str, str]] = []
    await sign_in(page)
    await page.context.set_offline(True)
    first, second = await begin_twice(page)
    await expect(page.locator(TAG)).to_have_text("No network · 7 kept")

    def note(request: Request) -> None:
        if is_write(request):
            sent.append((request.url.split("/")[-2], request.post_data_json["kind"]))

    page.on("requestfinished", note)
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    await expect(page.locator(".phase")).to_have_text("Accepted")
    kinds = ["open_run", "propose_manual", "accept"]
    assert sent == [*((first, kind) for kind in [*kinds, "rerun"]), *((second, kind) for kind in kinds)]
    assert (contest.kinds(first), contest.kinds(second)) == ([*TIMED, "rerun_ordered"], TIMED)


async def test_a_run_whose_attempt_was_taken_is_sent_again_once_the_attempt_is_free(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    await page.context.set_offline(True)
    run = await open_run(page, TEAM)
    await enter_time(page, "12.48")
    await page.locator(PRIMARY).click()
    contest.give("theirs", cmd.OpenRun("theirs", "4", 1, "3"))
    await page.context.set_offline(False)
    note = page.locator(".note.bad")
    await expect(note).to_contain_text("“Open the run” was not taken.", timeout=20_000)
    await expect(note).to_contain_text("or void the run that used it and send this again")
    contest.give("theirs", cmd.Void("opened twice"))
    await note.get_by_role("button", name="Send again").click()
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(run) == TIMED


async def test_a_run_behind_a_refused_one_of_its_team_says_so_and_other_teams_go_on(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    first = await open_run(page, TEAM)
    await expect(page.locator(TAG)).to_have_text("Connected")
    await enter_time(page, "12.48")
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await page.locator(PRIMARY).click()
    await run_again(page)
    await page.locator(PRIMARY).click()
    await expect(page).not_to_have_url(re.compile(f"/runs/{first}$"))
    second = page.url.rsplit("/", 1)[1]
    await page.get_by_role("link", name="Back to the teams").click()
    other = await open_run(page, "Арлан")
    await page.get_by_role("link", name="Back to the teams").click()
    await page.locator(".team-row", has_text=TEAM).get_by_role("button", name="Open").click()
    contest.give(first, cmd.SetPenalty("touch", 1))
    await page.context.set_offline(False)
    note = page.locator(".note.bad")
    await expect(note).to_contain_text("An earlier run of this team waits for your decision.", timeout=20_000)
    assert (contest.kinds(second), contest.kinds(other)) == ([], OPENED)
    assert await small_targets(page, 44) == []
    await note.get_by_role("button", name="Open that run").click()
    await expect(note).to_contain_text("“Accept” was not taken.")
    await note.get_by_role("button", name="Give up 2").click()
    await page.get_by_role("dialog").get_by_role("button", name="Give up 2").click()
    await run_again(page)
    await page.get_by_role("link", name="Back to the teams").click()
    await page.locator(".run-row", has_text=TEAM).get_by_role("button", name="Open").click()
    await expect(note).to_contain_text("“Open the run” was not taken.")
    await note.get_by_role("button", name="Send again").click()
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(second) == OPENED


async def test_a_lap_that_another_judge_took_away_is_not_accepted_unseen(
    page: Page, contest: Contest
) -> None:
    set_rules(contest, "robo_race")
    await sign_in(page)
    run = await open_run(page, TEAM)
    await page.get_by_role("button", name="More…").click()
    await page.get_by_role("button", name="Time by hand").click()
    await page.get_by_label("Time, s").fill("2:58.5")
    await expect(page.get_by_label("Best lap, s")).to_be_hidden()
    await page.get_by_label("Laps").fill("10")
    await page.get_by_role("button", name="Propose this time").click()
    await expect(page.locator(".clock")).to_contain_text("laps: 10")
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.set_offline(True)
    await page.locator(PRIMARY).click()
    contest.give(run, cmd.SetPenalty("false_start", 1))
    await page.context.set_offline(False)
    await expect(page.locator(".note.bad")).to_contain_text("“Accept” was not taken.", timeout=20_000)
    await expect(page.locator(".clock")).to_contain_text("laps: 9")
    assert "result_accepted" not in contest.kinds(run)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_best_lap_by_hand_is_asked_for_checked_and_ranked(
    browser: Browser, site: str, contest: Contest, width: int, theme: str
) -> None:
    set_rules(contest, "robo_race_best_lap")
    async with open_page(browser, site, width=width, theme=theme) as page:
        await sign_in(page)
        run = await open_run(page, TEAM)
        await page.get_by_role("button", name="More…").click()
        await page.get_by_role("button", name="Time by hand").click()
        dialog = page.get_by_role("dialog")
        propose = dialog.get_by_role("button", name="Propose this time")
        await dialog.get_by_label("Time, s").fill("33")
        await propose.click()
        await expect(dialog.get_by_role("alert").filter(visible=True)).to_contain_text("This is no time.")
        await dialog.get_by_label("Best lap, s").fill("33.1")
        await propose.click()
        await expect(dialog.get_by_role("alert").filter(visible=True)).to_have_text(
            "The best lap cannot be longer than the whole time."
        )
        assert await overflowing(page) == []
        assert await small_targets(page, 44) == []
        assert await faint_text(page) == []
        assert await unnamed_controls(page) == []
        await dialog.get_by_label("Best lap, s").fill("10.4")
        await propose.click()
        await expect(page.locator(".clock")).to_contain_text("best lap 10.400 s")
        await page.locator(PRIMARY).click()
        await expect(page.locator(TAG)).to_have_text("Connected")
        await expect(page.locator(".phase")).to_have_text("Accepted")
        contest.give("gates", cmd.OpenRun("gates", "1", 1, "3"))
        contest.give("gates", cmd.ProposeManual(31_000_000, 400, None, 10_700_000))
        contest.give("gates", cmd.Accept())
        table = contest.lab.championships.standings(SLUG)
        assert [(each.place, each.entry) for each in table][:2] == [(1, "4"), (2, "1")]
        assert contest.kinds(run) == TIMED
