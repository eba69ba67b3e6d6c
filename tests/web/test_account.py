"""One's own password: the old one is asked for, and every other device is signed out."""

import httpx
import pytest

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.people import PASSWORD

NEW = "eagle over the steppe"
FORM = {"old": PASSWORD, "new": NEW, "again": NEW}


async def test_a_new_password_holds_and_signs_other_devices_out(sign_in: SignIn, lab: Lab) -> None:
    tablet, laptop = await sign_in("judge"), await sign_in("judge")
    answer = await laptop.post("/account/password", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?changed=true")
    assert "The new password holds." in (await laptop.get("/account?changed=true")).text
    assert (await tablet.get("/account")).status_code == 303
    assert lab.people.sign_in("judge", NEW, "10.0.0.9")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"old": "something else"}, "The old password is not right."),
        ({"again": "eagle under the steppe"}, "typed in two different ways"),
        ({"new": "short", "again": "short"}, "The password is too short."),
        ({"new": "x" * 300, "again": "x" * 300}, "The password is too long."),
        ({"new": "", "again": ""}, "The password is too short."),
    ],
)
async def test_what_is_wrong_is_said_and_the_old_password_stays(
    sign_in: SignIn, lab: Lab, wrong: dict[str, str], sentence: str
) -> None:
    judge = await sign_in("judge")
    answer = await judge.post("/account/password", data=FORM | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert lab.people.sign_in("judge", PASSWORD, "10.0.0.9")


async def test_the_old_password_cannot_be_guessed_at_an_open_tablet(sign_in: SignIn, lab: Lab) -> None:
    judge = await sign_in("judge")
    for number in range(lab.settings.sign_in_tries_per_login):
        answer = await judge.post("/account/password", data=FORM | {"old": f"guess {number}"})
        assert answer.status_code == 422
    assert (await judge.post("/account/password", data=FORM)).status_code == 429


async def test_a_guest_has_no_password_to_change(guest: httpx.AsyncClient) -> None:
    answer = await guest.post("/account/password", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account")
