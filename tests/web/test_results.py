"""How judges close a championship: ties that the machine cannot settle, and the final signatures."""

import re
import secrets

import httpx
import pytest

from competitions import commands as cmd
from lab_controller.lab import Lab
from tests.browser.contests import SLUG, Contest
from tests.web.conftest import SignIn

PAGE = f"/championships/{SLUG}/results"


@pytest.fixture
def contest(lab: Lab) -> Contest:
    """Two teams that overlap on place 1, and one clearly behind them."""
    contest = Contest(lab, login="judge-of-the-contest")
    contest.accept("a", "1", 12_000_000, bound_us=200_000)
    contest.accept("b", "2", 12_100_000, bound_us=200_000)
    contest.accept("c", "3", 15_000_000)
    return contest


def change_tie_rule(contest: Contest, tie: str) -> None:
    state = contest.lab.championships.state(SLUG)
    assert state.discipline is not None
    text = re.sub(r"(?m)^tie = .*$\n?", "", state.discipline.text)
    contest.lab.championships.set_discipline("admin", SLUG, f'tie = "{tie}"\n{text}', key=f"tie-{tie}")


async def post(client: httpx.AsyncClient, path: str, **form: object) -> httpx.Response:
    return await client.post(f"{PAGE}{path}", data={"key": secrets.token_hex(8), **form})


@pytest.mark.parametrize(("login", "status"), [("teacher", 403), ("hall", 403), (None, 303), ("judge", 200)])
async def test_the_results_are_closed_by_judges_alone(
    contest: Contest, guest: httpx.AsyncClient, sign_in: SignIn, login: str | None, status: int
) -> None:
    contest.lab.people.grant(actor="test", login="judge", role="judge", scope=f"championship:{SLUG}")
    client = await sign_in(login) if login else guest
    assert (await client.get(PAGE)).status_code == status
    for path in ("/tie", "/sign"):
        answer = await post(
            client, path, method="judge", entry=["1", "2"], place=[1, 2], role="secretary", name="A"
        )
        assert answer.status_code == {200: 303, 303: 401}.get(status, status)


@pytest.mark.parametrize("method", ["rematch", "judge"])
async def test_an_order_that_people_decide_ends_a_tie_and_is_told_to_everybody(
    contest: Contest, admin: httpx.AsyncClient, guest: httpx.AsyncClient, method: str
) -> None:
    change_tie_rule(contest, method)
    page = (await admin.get(PAGE)).text
    assert "Tie for place 1" in page
    assert f'name="method" value="{method}"' in page
    twice = await post(admin, "/tie", method=method, entry=["1", "2"], place=[1, 1])
    assert twice.status_code == 422
    assert "This does not settle the tie" in twice.text
    saved = await post(admin, "/tie", method=method, entry=["1", "2"], place=[2, 1])
    assert saved.status_code == 303
    table = contest.lab.championships.standings(SLUG)
    assert [(each.entry, each.place, each.unresolved) for each in table[:3]] == [
        ("2", 1, False),
        ("1", 2, False),
        ("3", 3, False),
    ]
    told = {"rematch": "The tied teams ran again.", "judge": "The judges decided between the tied teams."}
    assert told[method] in (await admin.get(PAGE)).text
    assert told[method] in (await guest.get(f"/board/{SLUG}/entries/1")).text


async def test_lots_are_drawn_with_a_number_that_anybody_can_draw_again(
    contest: Contest, admin: httpx.AsyncClient
) -> None:
    change_tie_rule(contest, "draw")
    for _pressed_twice in range(2):
        assert (await post(admin, "/tie", method="draw", entry=["1", "2"], key="lots")).status_code == 303
    (settlement,) = contest.lab.championships.state(SLUG).settlements
    drawn = [each.entry for each in contest.lab.championships.standings(SLUG)[:2]]
    assert drawn == list(settlement.entries)
    assert f"with the number {settlement.seed}" in (await admin.get(PAGE)).text


async def test_teams_that_are_not_tied_are_left_as_they_are(
    contest: Contest, admin: httpx.AsyncClient
) -> None:
    answer = await post(admin, "/tie", method="judge", entry=["1", "3"], place=[2, 1])
    assert answer.status_code == 409
    again = await admin.get(f"{PAGE}/tie?lang=kk")
    assert (again.status_code, again.headers["location"]) == (303, PAGE)
    assert "These teams are not tied any more" in answer.text
    assert contest.lab.championships.state(SLUG).settlements == ()


async def test_the_final_signature_waits_for_ties_and_runs_and_closes_everything(
    contest: Contest, admin: httpx.AsyncClient
) -> None:
    change_tie_rule(contest, "judge")
    early = await post(admin, "/sign", role="chief_judge", name="A. Serik")
    assert early.status_code == 409
    assert "A tie is not settled yet" in early.text
    await post(admin, "/tie", method="judge", entry=["1", "2"], place=[1, 2])
    contest.give("d", cmd.OpenRun("d", "4", 1, "3"))
    contest.give("d", cmd.ProposeManual(13_000_000, 400))
    waiting = await post(admin, "/sign", role="chief_judge", name="A. Serik")
    assert "A run is under way" in waiting.text
    contest.give("d", cmd.Accept())
    assert (await post(admin, "/sign", role="chief_judge", name=" A. Serik ")).status_code == 303
    page = (await admin.get(PAGE)).text
    assert "The championship is signed and closed." in page
    assert "<dt>Chief judge</dt><dd>A. Serik</dd>" in page
    assert "Save this order" not in page
    unknown = await post(admin, "/sign", role="xsecretary", name="A. Serik")
    assert unknown.status_code == 422
    late = await post(admin, "/tie", method="judge", entry=["1", "2"], place=[2, 1])
    assert late.status_code == 409
