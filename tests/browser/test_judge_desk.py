"""The judge's table in Chromium: the way back to a run, fields by hand, whose tablet it is."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from competitions import commands as cmd
from tests.browser.contests import LOGIN, PASSWORD, SLUG, Contest, sign_in
from tests.browser.looks import faint_text, unnamed_controls
from tests.browser.test_judge import OPENED, PRIMARY, TAG, enter_time, open_run
from tests.peers.browser import THEMES, WIDTHS, open_page, overflowing, small_targets
from tests.web.gates import add_gate

pytestmark = [pytest.mark.peer, pytest.mark.slow]

TEAM = "Жұлдыз-81"
OTHER = "judge-2"
FINGER_PX = 44


def row(page: Page, team: str = TEAM) -> Locator:
    return page.locator(".team-row", has_text=team)


async def accept(page: Page, text: str) -> str:
    """A run of TEAM with a time by hand, accepted; gives its id."""
    run = await open_run(page, TEAM)
    await enter_time(page, text)
    await page.locator(PRIMARY).click()
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "accepted")
    return run


async def test_an_accepted_run_is_opened_again_signed_and_run_again(page: Page, contest: Contest) -> None:
    await sign_in(page)
    run = await accept(page, "12.48")
    await page.get_by_role("button", name="Next team").click()
    await row(page).get_by_role("button", name="Attempt 1 of 5: 12.480 s").click()
    await expect(page).to_have_url(re.compile(f"/runs/{run}$"))
    await page.get_by_role("button", name="Sign", exact=True).click()
    await page.get_by_role("button", name="Team captain").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    await expect(page.locator("section", has=page.get_by_role("heading", name="Signatures"))).to_contain_text(
        TEAM
    )
    await page.get_by_role("link", name="Back to the teams").click()
    await row(page).get_by_role("button", name="Attempt 1 of 5: 12.480 s").click()
    await page.get_by_role("button", name="Run again").click()
    await page.get_by_role("dialog").get_by_role("button", name="Appeal upheld").click()
    await page.get_by_role("dialog").get_by_role("button", name="Order a new run").click()
    await expect(page.locator(".timeline")).to_contain_text("To be run again: Appeal upheld")
    await page.get_by_role("link", name="Back to the teams").click()
    await expect(row(page).get_by_role("button", name="Start attempt 1")).to_be_visible()
    assert contest.kinds(run) == [
        *OPENED,
        "result_proposed",
        "result_accepted",
        "run_signed",
        "rerun_ordered",
    ]
    assert page.faults == []  # type: ignore[attr-defined]


async def test_signatures_stand_above_what_waits_and_within_the_window_of_a_phone(
    browser: Browser, site: str
) -> None:
    async with open_page(browser, site, width=360) as page:
        await sign_in(page)
        await accept(page, "12.48")
        sign = page.get_by_role("button", name="Sign", exact=True)
        await expect(sign).to_be_in_viewport(ratio=1)
        await page.context.set_offline(True)
        await sign.click()
        await page.get_by_role("button", name="Team captain").click()
        await page.get_by_role("dialog").get_by_role("button", name="Sign").click()
        await expect(page.locator(TAG)).to_have_text("No network · 1 kept")
        titles = page.locator(".judge-view h2:visible")
        assert (await titles.all_inner_texts())[:2] == ["Signatures", "Not with the lab yet"]


async def test_a_run_accepted_with_no_network_is_found_again_and_begun_only_once(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    await page.context.set_offline(True)
    run = await open_run(page, TEAM)
    await page.get_by_role("link", name="Back to the teams").click()
    await expect(page.locator(".run-row")).to_contain_text("Kept on this tablet")
    await row(page).get_by_role("button", name="Open").click()
    await enter_time(page, "12.48")
    await page.locator(PRIMARY).click()
    await page.get_by_role("button", name="Next team").click()
    await expect(row(page).get_by_role("button", name="Start attempt 2")).to_be_visible()
    await row(page).get_by_role("button", name="Attempt 1 of 5: 12.480 s").click()
    await expect(page).to_have_url(re.compile(f"/runs/{run}$"))
    await page.get_by_role("button", name="Sign", exact=True).click()
    await page.get_by_role("button", name="Team captain").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    await page.get_by_role("link", name="Back to the teams").click()
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    await expect(row(page).get_by_role("button", name="Attempt 1 of 5: 12.480 s")).to_have_class("num good")
    assert contest.kinds(run) == [*OPENED, "result_proposed", "result_accepted", "run_signed"]


async def test_a_run_that_the_network_left_half_way_is_found_again_also_after_a_reload(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    run = await open_run(page, TEAM)
    await expect(page.locator(".timeline")).to_contain_text("Run opened")
    await page.context.set_offline(True)
    await page.get_by_role("link", name="Back to the teams").click()
    await expect(row(page).get_by_role("button", name="Open")).to_be_visible()
    await row(page).get_by_role("button", name="Open").click()
    await enter_time(page, "12.48")
    await page.locator(PRIMARY).click()
    await page.get_by_role("button", name="Next team").click()
    chip = row(page).get_by_role("button", name="Attempt 1 of 5: 12.480 s")
    await expect(chip).to_have_class("num kept")
    await expect(row(page).get_by_role("button", name="Start attempt 2")).to_be_visible()
    await page.reload()
    await chip.click()
    await expect(page).to_have_url(re.compile(f"/runs/{run}$"))
    await page.get_by_role("button", name="Sign", exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Back to the teams").click()
    await page.context.set_offline(False)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    await expect(chip).to_have_class("num good")
    assert contest.kinds(run) == [*OPENED, "result_proposed", "result_accepted"]


async def test_a_refused_run_is_found_again_from_the_desk(page: Page, contest: Contest) -> None:
    await sign_in(page)
    await page.context.set_offline(True)
    run = await open_run(page, TEAM)
    contest.give("theirs", cmd.OpenRun("theirs", "4", 1, "3"))
    await page.get_by_role("link", name="Back to the teams").click()
    await page.context.set_offline(False)
    waiting = page.locator(".run-row", has_text="Waiting for you")
    await expect(waiting).to_contain_text(TEAM, timeout=20_000)
    await waiting.get_by_role("button", name="Open").click()
    await expect(page).to_have_url(re.compile(f"/runs/{run}$"))
    await expect(page.locator(".note.bad")).to_contain_text("“Open the run” was not taken.")


async def test_a_whole_attempt_is_timed_by_hand_on_a_field_without_gates(
    page: Page, contest: Contest
) -> None:
    contest.lab.championships.set_field("admin", SLUG, "4", [], key="by-hand")
    await page.clock.install()
    await sign_in(page)
    await page.get_by_role("button", name="Field 4").click()
    run = await open_run(page, TEAM)
    await expect(page.locator(".clock")).to_contain_text("This field has no gates")
    await expect(page.locator(PRIMARY)).to_have_text("Time by hand")
    await expect(page.locator(PRIMARY)).to_contain_class("primary")
    await page.locator(PRIMARY).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Start").click()
    await page.clock.run_for(12_000)
    await dialog.get_by_role("button", name="Stop").click()
    await dialog.get_by_role("button", name="Propose this time").click()
    await expect(page.locator(PRIMARY)).to_have_text(re.compile(r"Accept 1[2-9]\.\d+"))
    await page.locator(PRIMARY).click()
    await expect(page.locator(".phase")).to_have_text("Accepted")
    await expect(page.locator(TAG)).to_have_text("Connected")
    assert contest.kinds(run) == [*OPENED, "result_proposed", "result_accepted"]
    assert contest.lab.championships.state(SLUG).runs[run].field == "4"
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_championship_with_no_gate_at_all_is_judged(page: Page, contest: Contest) -> None:
    contest.lab.championships.set_field("admin", SLUG, "3", [], key="by-hand")
    await sign_in(page)
    run = await open_run(page, TEAM)
    await page.locator(PRIMARY).click()
    await page.get_by_label("Time, s").fill("12.48")
    await page.get_by_role("button", name="Propose this time").click()
    await page.locator(PRIMARY).click()
    await expect(page.locator(".phase")).to_have_text("Accepted")
    assert contest.kinds(run) == [*OPENED, "result_proposed", "result_accepted"]


@pytest.mark.parametrize(
    ("points", "look", "hint"),
    [
        (("start", "finish"), "num", "The finish gate stops the clock by itself."),
        (("start",), "num primary", ""),
    ],
    ids=["a finish gate", "a start gate alone"],
)
async def test_a_time_by_hand_is_loud_only_where_no_gate_takes_the_time(
    page: Page, contest: Contest, points: tuple[str, ...], look: str, hint: str
) -> None:
    add_gate(contest.lab, "gate-a1b2c3", "Gate A")
    gates = [{"point": point, "lane": 1, "device": "gate-a1b2c3", "input": number}
             for number, point in enumerate(points, 1)]  # fmt: skip
    contest.lab.championships.set_field("admin", SLUG, "3", gates, key="gates")
    await sign_in(page)
    run = await open_run(page, TEAM)
    await page.get_by_role("button", name="Arm the gates").click()
    await expect(page.locator(".timeline")).to_contain_text("Gates asked to arm")
    contest.give(run, cmd.Armed())
    contest.give(run, cmd.SeePassage("start", "B", 0, 0))
    await expect(page.locator(".clock")).to_have_attribute("data-phase", "running")
    await expect(page.locator(PRIMARY)).to_have_text("Time by hand")
    await expect(page.locator(PRIMARY)).to_have_class(look)
    await expect(page.locator(".clock > .small")).to_have_text(hint)


async def test_the_desk_has_the_account_and_the_languages_and_a_run_has_not(
    page: Page, contest: Contest
) -> None:
    await sign_in(page)
    await expect(page.get_by_role("link", name="Aigul")).to_be_visible()
    await open_run(page, TEAM)
    await expect(page.get_by_role("link", name="Aigul")).to_be_hidden()
    await expect(page.get_by_role("button", name="Қазақша")).to_be_hidden()
    await page.get_by_role("link", name="Back to the teams").click()
    await page.get_by_role("button", name="Қазақша").click()
    await expect(page.get_by_role("heading", name="Командалар", exact=True)).to_be_visible()
    await expect(page).to_have_url(re.compile(f"/judge/{SLUG}$"))
    await page.wait_for_selector("judge-app[data-ready]")
    await page.get_by_role("link", name="Aigul").click()
    await expect(page).to_have_url(re.compile("/account$"))


async def test_without_a_network_the_desk_is_not_left_for_an_error_page(page: Page, contest: Contest) -> None:
    await sign_in(page)
    await page.context.set_offline(True)
    await expect(page.locator(TAG)).to_have_text("No network")
    for way in (page.get_by_role("link", name="Aigul"), page.get_by_role("button", name="Русский")):
        await way.click()
        await expect(page.locator(".toast")).to_contain_text("There is no network.")
    await expect(page.get_by_role("searchbox")).to_be_visible()


async def test_presses_that_wait_are_sent_under_the_name_of_who_made_them(
    page: Page, contest: Contest
) -> None:
    people = contest.lab.people
    people.create_account(actor="admin", login=OTHER, password=PASSWORD, name="Marat", language="en")
    people.grant(actor="admin", login=OTHER, role="judge", scope=f"championship:{SLUG}")
    ids = {account.login: account.account for account in people.list_accounts()}
    await sign_in(page)
    await page.route("**/commands", lambda route: route.abort())
    run = await open_run(page, TEAM)
    await page.get_by_role("link", name="Back to the teams").click()
    await page.get_by_role("link", name="Aigul").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Presses that wait on this tablet: 1.")
    await page.get_by_role("dialog").get_by_role("button", name="Go to the account").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.unroute("**/commands")
    await sign_in(page, login=OTHER)
    await expect(page.locator("[data-slot=foreign]")).to_have_text(
        "Aigul has presses on this tablet that the lab does not have yet: 1. "
        "They are sent when Aigul signs in here."
    )
    theirs = await open_run(page, "Арлан")
    await expect(page.locator(TAG)).to_have_text("Connected")
    await page.context.clear_cookies(name="lab_session")
    await sign_in(page, login=LOGIN)
    await expect(page.locator(TAG)).to_have_text("Connected", timeout=20_000)
    await expect(page.locator("[data-slot=foreign]")).to_be_hidden()
    await expect(page.locator(".run-row")).to_have_count(2)
    records = contest.lab.championships.log(SLUG, limit=1000)
    actors = {each["payload"]["run"]: each["actor"] for each in records if each["kind"] == "run_opened"}
    assert actors == {run: ids[LOGIN], theirs: ids[OTHER]}


async def test_a_tablet_signed_in_as_another_judge_meanwhile_sends_nothing_under_that_name(
    page: Page, contest: Contest
) -> None:
    people = contest.lab.people
    people.create_account(actor="admin", login=OTHER, password=PASSWORD, name="Marat", language="en")
    people.grant(actor="admin", login=OTHER, role="judge", scope=f"championship:{SLUG}")
    await sign_in(page)
    run = await open_run(page, TEAM)
    await expect(page.locator(TAG)).to_have_text("Connected")
    tab = await page.context.new_page()
    await tab.goto("/account")
    await tab.get_by_role("button", name="Sign out").click()
    await sign_in(tab, login=OTHER)
    await page.get_by_role("button", name="Touch: one more").click()
    await expect(page.locator(TAG)).to_have_text("Sign in again · 1 kept")
    assert contest.kinds(run) == OPENED


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_the_desk_fits_its_window_and_a_finger(
    browser: Browser, site: str, contest: Contest, width: int, theme: str
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.accept("b", "1", 13_178_000, attempt=2)
    async with open_page(browser, site, width=width, theme=theme) as page:
        await sign_in(page)
        await expect(page.locator(".dots button")).to_have_count(2)
        looks = await overflowing(page), await unnamed_controls(page), await faint_text(page)
        assert (await small_targets(page, FINGER_PX), *looks) == ([], [], [], [])
        assert page.faults == []  # type: ignore[attr-defined]
