"""The start page: what is there for whom, and what is wrong, said once and with its reason."""

import httpx

from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.gates import add_gate
from tests.web.kits import AGENT, UNO, add_device, add_person, add_room
from tests.web.test_kit_pages import text_of

BLOCKED = {"blocked-2": {"code": "beam_blocked", "params": {"lane": 2}}}


async def test_gates_are_no_kits_and_an_alarm_of_one_is_given_once(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A")
    add_gate(lab, "gate-d4e5f6", "Gate B", alerts=BLOCKED)
    told = text_of(await admin.get("/"))
    assert told.count("Something stands in the beam of input 2.") == 1
    assert told.count("Needs a person") == 1
    assert "Kits: Room 1" not in told


async def test_a_room_says_of_its_first_kit_in_trouble_what_is_wrong(sign_in: SignIn, lab: Lab) -> None:
    add_room(lab)
    add_device(lab, "ev3-1", "ev3", {}, AGENT, state="lost")
    lab.assets.pair(actor="test", tag="A-07", device="ev3-1", title="Blue car")
    teacher = await sign_in("teacher")
    for path in ("/", "/rooms"):
        told = text_of(await teacher.get(path))
        assert "Room 204 1 needs a person Blue car Blue car went silent." in told
        assert "2 kits · on line: 1" in told
        assert told.count("went silent") == 1


async def test_a_kit_that_was_switched_off_alarms_nobody(sign_in: SignIn, lab: Lab) -> None:
    add_room(lab)
    with lab.database.write() as session:
        kit = session.get_one(Device, UNO)
        kit.state, kit.alerts = "disconnected", BLOCKED
    told = text_of(await (await sign_in("teacher")).get("/"))
    assert "Kits: Room 204" in told
    assert "1 kit · on line: 0" in told
    assert "needs a person" not in told


async def test_a_pupil_sees_their_room_also_before_its_first_kit(sign_in: SignIn, lab: Lab) -> None:
    add_person(lab, "pupil", "student", "room:204")
    assert "Kits: Room 204 No kit has been here yet." in text_of(await (await sign_in("pupil")).get("/"))
