"""The judge's pages and commands over HTTP: who may press, what a press does, and that it does it once."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from lab_controller.lab import Lab
from tests.browser.contests import SLUG, Contest
from web.judging.words import effect_text

SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]

RUN = "0f26109c-b0e3-4e8a-9796-25a99716195c"
COMMANDS = f"/api/v1/championships/{SLUG}/runs/{RUN}/commands"
OPEN = {"run": RUN, "entry": "1", "attempt": 1, "field": "3", "lane": 1, "heat": None}


@pytest.fixture
def contest(lab: Lab) -> Contest:
    return Contest(lab, login="judge-of-the-contest")


@pytest.fixture
async def judge(contest: Contest, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in("judge")


async def press(
    client: httpx.AsyncClient, kind: str, payload: dict[str, object], key: str, **more: object
) -> httpx.Response:
    body = {"kind": kind, "payload": payload, **more}
    return await client.post(COMMANDS, json=body, headers={"Idempotency-Key": key})


async def test_only_a_judge_of_this_championship_may_press(
    contest: Contest, guest: httpx.AsyncClient, sign_in: SignIn
) -> None:
    assert (await press(guest, "open_run", OPEN, "k")).status_code == 401
    assert (await press(await sign_in("teacher"), "open_run", OPEN, "k")).status_code == 403
    assert (await press(await sign_in("hall"), "open_run", OPEN, "k")).status_code == 403
    assert contest.kinds(RUN) == []


async def test_the_pages_lead_a_guest_to_the_sign_in_and_back(
    contest: Contest, guest: httpx.AsyncClient
) -> None:
    for path in (f"/judge/{SLUG}", f"/judge/{SLUG}/runs/{RUN}"):
        answer = await guest.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")


async def test_a_press_answers_with_the_run_in_the_judge_s_words(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    await press(judge, "open_run", OPEN, "1")
    answer = (await press(judge, "set_penalty", {"code": "touch", "count": 1}, "2")).json()
    run = answer["run"]
    assert run["penalties"] == [
        {
            "code": "touch", "label": "Touch", "effect_text": "+5 s", "count": 1,
            "time_us": 5_000_000, "points": 0, "laps": 0, "dsq_at": None, "most": None,
        }
    ]  # fmt: skip
    assert [event["text"] for event in run["timeline"]] == ["Run opened", "Touch: 1"]
    assert (answer["rev"], run["rev"], len(answer["seqs"])) == (run["rev"], answer["rev"], 1)
    assert [gate["text"] for gate in run["gates"]] == ["never heard of: is it plugged in?"] * 2


async def test_the_same_key_counts_once_and_gets_the_same_receipt(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    first = (await press(judge, "open_run", OPEN, "1")).json()
    again = (await press(judge, "open_run", OPEN, "1")).json()
    assert (again["seqs"], again["rev"]) == (first["seqs"], first["rev"])
    assert contest.kinds(RUN) == ["run_opened"]
    other = await press(judge, "void", {"reason": "x"}, "1")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


async def test_a_press_without_a_key_is_refused(contest: Contest, judge: httpx.AsyncClient) -> None:
    answer = await judge.post(COMMANDS, json={"kind": "open_run", "payload": OPEN})
    assert answer.status_code == 422
    assert contest.kinds(RUN) == []


REFUSALS: list[tuple[str, dict[str, object], int, str]] = [
    ("dance", {}, 422, "unknown_kind"),
    ("armed", {}, 403, "system_command"),
    ("see_passage", {"point": "start", "edge": "B", "elapsed_us": 0}, 403, "system_command"),
    ("void", {}, 422, "field_missing"),
    ("void", {"reason": "x", "more": 1}, 422, "field_unknown"),
    ("set_penalty", {"code": "touch", "count": "1"}, 422, "field_type"),
    ("accept", {}, 409, "wrong_phase"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal[0]}-{refusal[3]}")
async def test_what_cannot_be_done_is_refused_with_its_code(
    contest: Contest, judge: httpx.AsyncClient, refusal: tuple[str, dict[str, object], int, str]
) -> None:
    kind, payload, status, code = refusal
    await press(judge, "open_run", OPEN, "1")
    answer = await press(judge, kind, payload, "2")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert contest.kinds(RUN) == ["run_opened"]


async def test_a_judge_accepts_what_was_seen_and_nothing_else(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    await press(judge, "open_run", OPEN, "1")
    await press(judge, "propose_manual", {"value_us": 12_480_000, "bound_us": 200_000}, "2")
    contest.give(RUN, cmd.SetPenalty("touch", 1))
    stale = await press(judge, "accept", {}, "3", seen={"status": "OK", "value_us": 12_480_000})
    assert (stale.status_code, stale.json()["code"]) == (409, "proposal_changed")
    good = await press(judge, "accept", {}, "4", seen={"status": "OK", "value_us": 17_480_000})
    assert good.json()["run"]["result"]["value_us"] == 17_480_000


async def test_laps_and_penalties_of_another_tablet_are_not_accepted_unseen(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    race = next(each for each in iter_disciplines() if each.id == "robo_race")
    contest.lab.championships.set_discipline("admin", SLUG, race.text, key="race")
    await press(judge, "open_run", OPEN, "1")
    run = (
        await press(judge, "propose_manual", {"value_us": 178_000_000, "bound_us": 200_000, "laps": 10}, "2")
    ).json()["run"]
    seen = {
        **{name: run["proposal"][name] for name in ("status", "value_us", "counted_us", "score", "laps")},
        "penalties": {rule["code"]: rule["count"] for rule in run["penalties"]},
        "params": {},
    }
    contest.give(RUN, cmd.SetPenalty("false_start", 1))
    for stale in ({"status": "OK", "laps": 10}, {"penalties": seen["penalties"]}, seen):
        answer = await press(judge, "accept", {}, "3", seen=stale)
        assert (answer.status_code, answer.json()["code"]) == (409, "proposal_changed")
    contest.give(RUN, cmd.SetPenalty("false_start", 0))
    unknown = await press(judge, "accept", {}, "4", seen={**seen, "colour": "red"})
    assert (unknown.status_code, unknown.json()["params"]["at"]) == (422, "body.seen.colour")
    good = await press(judge, "accept", {}, "5", seen=seen)
    assert good.json()["run"]["result"]["laps"] == 10


async def test_the_api_says_what_of_a_proposal_can_have_been_seen(guest: httpx.AsyncClient) -> None:
    shapes = (await guest.get("/openapi.json")).json()["components"]["schemas"]
    assert sorted(shapes["Seen"]["properties"]) == [
        "best_lap_us", "counted_us", "laps", "params", "penalties", "points", "score", "status", "value_us",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "asked"),
    [
        ("robo_race_best_lap", (False, 0)),
        ("robo_race", (True, None)),
        ("line_following_a", (False, None)),
    ],
)
async def test_the_desk_says_when_a_time_by_hand_needs_its_laps(
    contest: Contest, judge: httpx.AsyncClient, rules: str, asked: tuple[bool, int | None]
) -> None:
    text = next(each for each in iter_disciplines() if each.id == rules).text
    contest.lab.championships.set_discipline("admin", SLUG, text, key="rules")
    desk = read_page((await judge.get(f"/judge/{SLUG}")).text)["desk"]
    assert (desk["asks_laps"], desk["asks_best_lap_from"]) == asked


async def test_a_best_lap_by_hand_is_asked_for_in_words_and_kept(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    race = next(each for each in iter_disciplines() if each.id == "robo_race_best_lap")
    contest.lab.championships.set_discipline("admin", SLUG, race.text, key="race")
    await press(judge, "open_run", OPEN, "1")
    times = {"value_us": 33_000_000, "bound_us": 200_000}
    bare = await press(judge, "propose_manual", times, "2")
    assert (bare.status_code, bare.json()["code"]) == (409, "best_lap_missing")
    assert (
        bare.json()["detail"] == "The best lap ranks in these rules and is missing. Enter it with the time."
    )
    full = await press(judge, "propose_manual", {**times, "best_lap_us": 10_400_000}, "3")
    assert full.json()["run"]["proposal"]["best_lap_us"] == 10_400_000


async def test_a_press_that_waited_for_the_network_says_when_it_was_made(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    now_us = contest.lab.clock.now_us()
    await press(judge, "open_run", OPEN, "1", made_at_us=now_us)
    await press(judge, "set_penalty", {"code": "touch", "count": 1}, "2", made_at_us=now_us - 62_000_000)
    records = contest.lab.championships.log(SLUG, limit=1000)
    sources = [record["source"] for record in records if record["payload"].get("run") == RUN]
    assert sources == ["tablet", f"tablet, pressed at {now_us - 62_000_000} us by its clock"]


async def test_the_desk_shows_what_each_team_has_done_and_what_comes_next(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    contest.accept("a", "1", 12_178_000)
    contest.give("b", cmd.OpenRun("b", "2", 1, "3"))
    page = (await judge.get(f"/judge/{SLUG}")).text
    assert "12.178 s" in page
    assert '"run": "b"' in page


async def test_an_accepted_attempt_leads_to_its_run_which_may_still_be_signed_or_voided(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    contest.accept("a", "1", 12_178_000)
    entry = read_page((await judge.get(f"/judge/{SLUG}")).text)["desk"]["entries"][0]
    assert entry["attempts"][0] == {"run": "a", "status": "OK", "text": "12.178 s"}
    run = read_page((await judge.get(f"/judge/{SLUG}/runs/a")).text)["run"]
    assert (run["phase"], run["allowed"]) == ("accepted", ["void", "rerun", "sign"])


async def test_a_field_without_gates_is_on_the_desk_and_a_closed_one_is_not(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    contest.lab.championships.set_field("admin", SLUG, "10", [], key="ten")
    contest.lab.championships.set_field("admin", SLUG, "4", [], key="four")
    contest.lab.championships.close_field("admin", SLUG, "4", key="close")
    fields = read_page((await judge.get(f"/judge/{SLUG}")).text)["desk"]["fields"]
    assert [(each["field"], len(each["gates"])) for each in fields] == [("3", 2), ("10", 0)]
    assert [gate["timed"] for gate in fields[0]["gates"]] == [False, True]


async def test_the_desk_says_whose_it_is_and_leads_to_the_account(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    desk = (await judge.get(f"/judge/{SLUG}")).text
    who = re.search(r'<div class="who"[^>]*>(.*?)</div>', desk, re.DOTALL)
    assert who
    assert ('href="/account"' in who[1], 'action="/language"' in who[1]) == (True, True)
    run = (await judge.get(f"/judge/{SLUG}/runs/{RUN}")).text
    assert '<div class="who" data-slot="who" hidden>' in run


async def test_a_press_of_another_judge_is_not_taken_under_this_one_s_name(
    contest: Contest, judge: httpx.AsyncClient
) -> None:
    mine = read_page((await judge.get(f"/judge/{SLUG}")).text)["judge"]["id"]
    other = await press(judge, "open_run", OPEN, "1", by="somebody-else")
    assert (other.status_code, other.json()["code"]) == (401, "judge_differs")
    assert contest.kinds(RUN) == []
    assert (await press(judge, "open_run", OPEN, "1", by=mine)).status_code == 200


@pytest.mark.parametrize(
    ("language", "once", "later"),
    [
        ("kk", "дисквалификация", "2-рет қайталанса дисквалификация"),
        ("ru", "дисквалификация", "дисквалификация при повторе номер 2"),
        ("en", "disqualification", "disqualification at number 2"),
    ],
)
def test_what_a_penalty_costs_is_told_in_words(language: str, once: str, later: str) -> None:
    assert effect_text(0, 0, 0, 1, language) == once
    assert effect_text(0, 0, 0, 2, language) == later


def read_page(html: str) -> dict[str, Any]:
    """What the page gives its script."""
    found = re.search(r'<script type="application/json" id="judge">(.*?)</script>', html, re.DOTALL)
    assert found
    page: dict[str, Any] = json.loads(found[1])
    return page


async def test_the_service_worker_is_never_served_stale(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/judge/worker.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["content-type"].startswith("text/javascript")
