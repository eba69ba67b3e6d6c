"""Mailboxes of a brick on its page: a message to its program, and the last one from it."""

import httpx
import pytest

from devices.kits.ev3 import KIT as EV3_KIT
from devices.kits.nxt import KIT as NXT_KIT
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, add_device, add_person, add_room, agent_of_room, set_latest
from tests.web.test_kit_pages import text_of
from web.kit_mailbox import read_mail

EV3, NXT = "ev3-0016531a2b3c", "nxt-0016531a2b3d"


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")
    add_device(lab, EV3, "ev3", EV3_KIT.describe(), AGENT)
    add_device(lab, NXT, "nxt", NXT_KIT.describe(), AGENT)


@pytest.fixture
async def pupil(sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in("pupil")


@pytest.mark.parametrize(
    ("device", "form", "value"),
    [
        (EV3, {"box": "жол", "text": "go"}, '{"box":"жол","value":"go"}'),
        (EV3, {"box": "5", "text": "5", "content": "number"}, '{"box":"5","value":5}'),
        (EV3, {"box": "v", "text": " 2,5 ", "content": "number"}, '{"box":"v","value":2.5}'),
        (NXT, {"box": "10", "text": "7"}, '{"box":10,"value":"7"}'),
    ],
)
async def test_a_message_reaches_the_program(
    pupil: httpx.AsyncClient, lab: Lab, device: str, form: dict[str, str], value: str
) -> None:
    async with agent_of_room(lab) as agent:
        answer = await pupil.post(f"/kits/{device}/mailbox", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/kits/{device}?told=sent#mailbox")
        heard = await anext(agent.messages())
    assert (heard.topic, heard.payload.decode()) == (f"lab/5/{device}/mailbox/send/set", value)


@pytest.mark.parametrize(
    ("device", "form", "wrong"),
    [
        (EV3, {"box": "v", "text": "fast", "content": "number"}, "fast"),
        (EV3, {"box": "v", "text": "inf", "content": "number"}, "inf"),
        (NXT, {"box": "11", "text": "go"}, "11"),
        (NXT, {"box": "one", "text": "go"}, "one"),
    ],
)
async def test_what_is_no_number_is_said(
    pupil: httpx.AsyncClient, device: str, form: dict[str, str], wrong: str
) -> None:
    answer = await pupil.post(f"/kits/{device}/mailbox", data=form)
    assert answer.status_code == 422
    assert f"“{wrong}” is not a number that fits." in text_of(answer)


async def test_boxes_of_an_nxt_are_numbers_and_those_of_an_ev3_have_names(pupil: httpx.AsyncClient) -> None:
    assert 'name="box" min="1" max="10"' in (await pupil.get(f"/kits/{NXT}")).text
    page = (await pupil.get(f"/kits/{EV3}")).text
    assert 'name="box" maxlength="48"' in page
    assert '<option value="number">' in page


async def test_the_last_message_of_the_program_is_shown(pupil: httpx.AsyncClient, lab: Lab) -> None:
    assert "The program has sent nothing yet." in text_of(await pupil.get(f"/kits/{EV3}"))
    set_latest(lab, EV3, {"mailbox/received": '{"box": "light", "value": 41.5}'})
    assert "in mailbox light: 41.5" in text_of(await pupil.get(f"/kits/{EV3}"))
    assert "41,5" in text_of(await pupil.get(f"/kits/{EV3}/parts?lang=ru"))


async def test_who_may_not_use_the_brick_only_looks(pupil: httpx.AsyncClient, lab: Lab) -> None:
    lab.assets.pair(actor="test", tag="E-01", device=EV3, title="Brick")
    lab.assets.hold(actor="test", tag="E-01", login="teacher")
    assert 'value="sent" disabled' in (await pupil.get(f"/kits/{EV3}")).text
    answer = await pupil.post(f"/kits/{EV3}/mailbox", data={"box": "go", "text": "1"})
    assert answer.status_code == 403


async def test_a_kit_without_mailboxes_has_no_place_for_them(pupil: httpx.AsyncClient) -> None:
    assert 'id="mailbox"' not in (await pupil.get("/kits/uno-1a2b3c4d")).text


@pytest.mark.parametrize("told", ["", "[]", "{", '{"box": null, "value": 1}', '{"box": 1, "value": []}'])
def test_whatever_a_brick_says_does_not_break_its_page(told: str) -> None:
    assert read_mail(told, "en") is None


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ('{"box": 3, "value": true}', "иә"),
        ('{"box": 3, "value": "a"}', "a"),
        ('{"box": 3, "value": 1e999}', "inf"),
    ],
)
def test_a_message_in_words(told: str, value: str) -> None:
    assert read_mail(told, "kk") == {"box": "3", "value": value}
