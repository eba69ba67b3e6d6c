"""Which program the Run button starts: by its place, by its name, or the one that was uploaded last."""

import pytest

from devices.kit import Command, Kit
from devices.kits.ev3 import KIT as EV3
from devices.kits.micropython import KIT as MICROPYTHON
from devices.kits.nxt import KIT as NXT
from devices.registry import iter_kits
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, add_device, add_person, add_room, agent_of_room, set_latest

NAMED = (EV3, MICROPYTHON, NXT)
KITS = [kit for kit in iter_kits() if Command("program", "run", "string") in kit.commands]


def add_kit(lab: Lab, kit: Kit) -> str:
    device = f"{kit.type}-0badcafe"
    add_device(lab, device, kit.type, kit.describe(), AGENT)
    set_latest(lab, device, {"program/accepts": kit.accepts()})
    return device


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")


@pytest.mark.parametrize("kit", KITS, ids=lambda kit: kit.id)
async def test_only_kits_that_know_programs_by_name_ask_for_one(lab: Lab, sign_in: SignIn, kit: Kit) -> None:
    page = (await (await sign_in("pupil")).get(f"/kits/{add_kit(lab, kit)}")).text
    assert 'value="run"' in page
    assert ('name="name" maxlength' in page) == (kit in NAMED)


@pytest.mark.parametrize(("name", "value"), [(" maze.py ", b"maze.py"), ("", b"\x00")])
async def test_a_program_is_started_by_its_name_or_else_the_last_one(
    lab: Lab, sign_in: SignIn, name: str, value: bytes
) -> None:
    device, pupil = add_kit(lab, MICROPYTHON), await sign_in("pupil")
    async with agent_of_room(lab) as agent:
        answer = await pupil.post(f"/kits/{device}/do", data={"deed": "run", "name": name})
        assert answer.status_code == 303
        heard = await anext(agent.messages())
    assert (heard.topic, heard.payload) == (f"lab/5/{device}/program/run/set", value)
