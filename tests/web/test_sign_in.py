from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.people import PASSWORD
from web.auth import COOKIE


async def test_a_sessions_cookie_is_hidden_from_scripts_and_from_other_sites(
    guest: httpx.AsyncClient,
) -> None:
    answer = await guest.post("/sign-in", data={"login": "admin", "password": PASSWORD})
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(COOKIE))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert (await guest.get("/account")).status_code == 200


async def test_signing_out_ends_the_session_on_the_server(admin: httpx.AsyncClient, lab: Lab) -> None:
    token = admin.cookies[COOKIE]
    await admin.post("/sign-out")
    assert lab.people.identity_of(token) is None
    assert (await admin.get("/championships")).headers["location"] == "/sign-in?next=/championships"


@pytest.mark.parametrize(
    ("login", "place"), [("hall", "/board/cup"), ("judge", "/judge/cup"), ("admin", "/"), ("teacher", "/")]
)
async def test_each_lands_where_their_work_is(guest: httpx.AsyncClient, login: str, place: str) -> None:
    answer = await guest.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, place)


async def test_who_has_forgotten_a_password_is_told_whom_to_call(guest: httpx.AsyncClient) -> None:
    page = (await guest.get("/sign-in")).text
    assert "Call whoever looks after the lab" in page
    assert "lab user" not in page


async def test_after_signing_in_a_person_is_where_they_wanted_to_go(guest: httpx.AsyncClient) -> None:
    data = {"login": "admin", "password": PASSWORD, "next": "/devices"}
    assert (await guest.post("/sign-in", data=data)).headers["location"] == "/devices"


async def test_a_wrong_password_is_told_without_saying_which_half_is_wrong(guest: httpx.AsyncClient) -> None:
    wrong = await guest.post("/sign-in", data={"login": "admin", "password": "no"})
    nobody = await guest.post("/sign-in", data={"login": "nobody", "password": "no"})
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    sentence = "The login and the password do not fit together. Check both and try again."
    assert sentence in wrong.text
    assert sentence in nobody.text


async def test_a_role_for_one_room_opens_no_administration(sign_in: SignIn) -> None:
    teacher = await sign_in("teacher")
    assert (await teacher.get("/devices")).status_code == 200
    refused = await teacher.get("/new-championship")
    assert refused.status_code == 403
    assert "Ask an administrator for the role “admin”." in refused.text


async def test_the_account_page_names_roles_and_scopes(sign_in: SignIn) -> None:
    page = (await (await sign_in("judge")).get("/account")).text
    assert "<b>Judge</b>" in page
    assert "championship cup" in page


@pytest.mark.slow
async def test_ten_thousand_tries_are_refused_cheaply(
    guest: httpx.AsyncClient, lab: Lab, app: FastAPI
) -> None:
    began_us = lab.clock.now_us()
    answers = [
        await guest.post("/sign-in", data={"login": "admin", "password": f"guess-{number}"})
        for number in range(10_000)
    ]
    took_us = lab.clock.now_us() - began_us
    statuses = [answer.status_code for answer in answers]
    assert statuses == [401] * 10 + [429] * 9_990
    assert "Too many tries." in answers[-1].text
    assert took_us < 10_000 * 10_000
    owner = await guest.post("/sign-in", data={"login": "admin", "password": PASSWORD})
    assert owner.status_code == 429


async def test_the_limit_of_one_login_does_not_lock_the_others_out(
    browse: Callable[[], httpx.AsyncClient],
) -> None:
    attacker = browse()
    for number in range(12):
        await attacker.post("/sign-in", data={"login": "admin", "password": f"guess-{number}"})
    answer = await browse().post("/sign-in", data={"login": "judge", "password": PASSWORD})
    assert answer.status_code == 303
