"""The races of a timer on its page: who was how fast, what the gate says, and the timer made ready."""

import json

import pytest

from devices.kits.race_timer import KIT
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, add_device, add_person, add_room, agent_of_room, set_latest
from tests.web.test_kit_pages import text_of
from web.kit_timer import read_race

TIMER = "timer-0badcafe"
PAGE = f"/kits/{TIMER}"
TIMES = ((1, 3_412_000), (2, None), (3, 62_950_000), (4, 3_412_000))
RACE = json.dumps(
    {"race": 7, "lanes": [{"lane": lane, "us": us, "resolution_us": 1000} for lane, us in TIMES]}
)


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")
    add_device(lab, TIMER, "race-timer", KIT.describe(), AGENT)
    told = {"lanes": "4", "takes": '["lanes", "end"]', "state": "finished", "gate": "closed", "race": RACE}
    set_latest(lab, TIMER, {f"timer/{name}": value for name, value in told.items()})


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The race is over · The start gate is closed"),
        ("ru", "Заезд окончен · Стартовые ворота закрыты"),
        ("kk", "Жарыс аяқталды · Старт қақпасы жабық"),
    ],
)
async def test_state_and_gate_are_told_in_words(sign_in: SignIn, language: str, said: str) -> None:
    page = await (await sign_in("pupil")).get(f"{PAGE}?lang={language}")
    assert said in text_of(page)
    assert "finished" not in text_of(page)


async def test_the_last_race_is_a_table_with_places_and_who_did_not_finish(sign_in: SignIn) -> None:
    pupil = await sign_in("pupil")
    assert ("The last race Lane Place Time, s 1 1 3.412 2 — did not finish 3 3 62.950 4 1 3.412") in text_of(
        await pupil.get(PAGE)
    )
    assert "1 1 3,412 2 — не финишировал 3 3 62,950" in text_of(await pupil.get(f"{PAGE}?lang=ru"))


async def test_a_timer_without_a_race_says_so(sign_in: SignIn, lab: Lab) -> None:
    set_latest(lab, TIMER, {"timer/race": "", "timer/state": ""})
    told = text_of(await (await sign_in("pupil")).get(PAGE))
    assert "No race yet · The start gate is closed" in told
    assert "The last race" not in told


async def test_a_timer_is_made_ready_for_some_lanes_and_its_race_is_ended(sign_in: SignIn, lab: Lab) -> None:
    pupil = await sign_in("pupil")
    assert 'name="lanes" value="4" checked' in (await pupil.get(PAGE)).text
    presses = [
        ({"deed": "arm", "lanes": ["3", "1"]}, ("arm", b'{"lanes":[1,3]}')),
        ({"deed": "arm"}, ("arm", b'{"lanes":[]}')),
        ({"deed": "end"}, ("end", b"true")),
    ]
    async with agent_of_room(lab) as agent:
        for form, (key, value) in presses:
            answer = await pupil.post(f"{PAGE}/timer", data=form)
            assert (answer.status_code, answer.headers["location"]) == (
                303,
                f"{PAGE}?told={form['deed']}#timer",
            )
            heard = await anext(agent.messages())
            assert (heard.topic, heard.payload) == (f"lab/5/{TIMER}/timer/{key}/set", value)


async def test_a_timer_that_masks_no_lanes_is_made_ready_as_a_whole(sign_in: SignIn, lab: Lab) -> None:
    set_latest(lab, TIMER, {"timer/takes": "[]"})
    page = (await (await sign_in("pupil")).get(PAGE)).text
    assert 'value="arm"' in page
    assert 'name="lanes"' not in page
    assert 'name="deed" value="end"' not in page


async def test_who_may_not_use_the_timer_only_looks(sign_in: SignIn, lab: Lab) -> None:
    lab.assets.pair(actor="test", tag="T-01", device=TIMER, title="Timer")
    lab.assets.hold(actor="test", tag="T-01", login="teacher")
    pupil = await sign_in("pupil")
    page = await pupil.get(PAGE)
    assert 'value="arm" disabled' in page.text
    assert "3.412" in text_of(page)
    assert (await pupil.post(f"{PAGE}/timer", data={"deed": "arm"})).status_code == 403


async def test_lanes_that_are_no_numbers_are_refused(sign_in: SignIn) -> None:
    pupil = await sign_in("pupil")
    for form in ({"deed": "arm", "lanes": "x"}, {"deed": "fly"}, {"deed": "arm", "lanes": ["1"] * 99}):
        assert (await pupil.post(f"{PAGE}/timer", data=form)).status_code == 422


@pytest.mark.parametrize(
    "told",
    ["", "[]", "{", '{"lanes": 1}', '{"lanes": [1, {"lane": 1}, {"lane": 1, "us": -5, "resolution_us": 1}]}'],
)
def test_whatever_a_timer_says_of_its_race_does_not_break_its_page(told: str) -> None:
    assert read_race(told, "en") == []


@pytest.mark.parametrize(
    ("step", "time"), [(1_000_000, "3"), (100_000, "3.4"), (100, "3.4123"), (0, "3.412300")]
)
def test_a_time_has_the_digits_that_the_timer_counts(step: int, time: str) -> None:
    told = json.dumps({"lanes": [{"lane": 1, "us": 3_412_300, "resolution_us": step}]})
    assert read_race(told, "en") == [{"lane": 1, "place": 1, "time": time}]
