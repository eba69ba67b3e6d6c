"""A room's ports on its page: what is wrong is open, who holds them is told, and staff say what is there."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, PORTS, UNO, add_person, add_room, agent_of_room, set_latest
from web.live.room import view_room

DENIED = {"port": "/dev/ttyUSB1", "id": "1-4", "usb": "0403:6001", "problem": "permission_denied"}
SILENT = {"port": "/dev/ttyACM7", "id": "1-5", "problem": "no_answer", "holder": "ModemManager"}
AWAY = {"port": "/dev/ttyUSB9", "id": "1-6", "problem": "port_missing"}
FREE = {"port": "/dev/ttyS0", "id": "0-0", "holder": "minicom"}


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")


def tell_ports(lab: Lab, *ports: dict[str, Any]) -> None:
    set_latest(lab, AGENT, {"agent/ports": json.dumps(ports)})


def text_of(html: str) -> str:
    """What a person reads, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def open_text(page: httpx.Response) -> str:
    """What is read without opening anything."""
    return text_of(re.sub(r"<details.*?</details>", "", page.text, flags=re.DOTALL))


async def test_a_port_with_a_problem_is_an_open_card_and_counted(sign_in: SignIn, lab: Lab) -> None:
    tell_ports(lab, PORTS[0], DENIED, SILENT, AWAY, FREE)
    assert [(port["id"], port["troubled"]) for port in view_room(lab, "204")["ports"]] == [
        ("1-4", True),
        ("1-5", True),
        ("1-6", False),
        ("0-0", False),
    ]
    page = await (await sign_in("teacher")).get("/rooms/204")
    told = open_text(page)
    assert "2 need a person" in told
    assert "The lab may not open the port /dev/ttyUSB1." in told
    assert "Plugged in, but it does not work /dev/ttyACM7 Needs a person What is on /dev/ttyACM7" in told
    assert "ModemManager holds it." in told
    assert "/dev/ttyUSB9 is gone" not in told
    assert "The port /dev/ttyUSB9 is gone." in text_of(page.text)
    assert "minicom holds it." in text_of(page.text)


async def test_a_room_without_trouble_says_so(sign_in: SignIn, lab: Lab) -> None:
    tell_ports(lab, PORTS[0], FREE)
    told = open_text(await (await sign_in("pupil")).get("/rooms/204"))
    assert "all is well" in told
    assert "Needs a person" not in told


async def test_who_holds_a_port_that_is_asked_about_is_told(sign_in: SignIn, lab: Lab) -> None:
    tell_ports(lab, PORTS[1] | {"holder": "cura"})
    told = open_text(await (await sign_in("teacher")).get("/rooms/204"))
    assert "Something new was plugged into the room's computer. What is it? /dev/ttyUSB0" in told
    assert "This is a kit /dev/ttyUSB0 Not a kit /dev/ttyUSB0 A kit is asked who it is" in told
    assert "cura holds it." in told
    assert "1 needs a person" in told


async def test_a_lost_kit_says_why_and_not_only_that_it_is_silent(sign_in: SignIn, lab: Lab) -> None:
    with lab.database.write() as session:
        row = session.get_one(Device, UNO)
        params = {"port": "/dev/ttyACM0", "holder": "arduino-ide"}
        row.alerts = {"link": {"code": "port_busy", "params": params}, "battery": {"code": "battery_low"}}
        row.state = "lost"
    teacher = await sign_in("teacher")
    for path in ("/rooms/204", f"/kits/{UNO}"):
        told = open_text(await teacher.get(path))
        assert "arduino-ide holds the port /dev/ttyACM0. Close that program" in told
        assert "went silent" not in told
        assert "Charge" not in told


async def test_a_kit_without_its_cable_says_so_without_the_name_of_a_port(sign_in: SignIn, lab: Lab) -> None:
    with lab.database.write() as session:
        row = session.get_one(Device, UNO)
        row.alerts = {"link": {"code": "cable_pulled", "params": {"port": "/dev/ttyACM0"}}}
        row.state = "lost"
    told = open_text(await (await sign_in("pupil")).get("/rooms/204"))
    assert "This kit's cable is unplugged. Plug it in again" in told
    assert "ttyACM0" not in told


BLUETOOTH = {
    "port": "ble:Bumblebee",
    "id": "0-1",
    "problem": "port_missing",
    "params": {"port": "ble:Bumblebee"},
}
WIFI = {
    "port": "tcp:10.0.0.7:5555",
    "id": "0-2",
    "problem": "port_missing",
    "params": {"port": "tcp:10.0.0.7:5555"},
}


async def test_a_kit_without_a_cable_that_is_off_is_no_port_to_plug_in(sign_in: SignIn, lab: Lab) -> None:
    tell_ports(lab, PORTS[0], BLUETOOTH, WIFI)
    told = open_text(await (await sign_in("pupil")).get("/rooms/204"))
    assert "all is well" in told
    assert "Kits without a cable that do not answer Bumblebee is not to be heard over Bluetooth." in told
    assert "Nothing answers at 10.0.0.7:5555. See that the kit is switched on" in told
    assert "Other ports" not in told


@pytest.mark.parametrize("code", ["port_missing", "cable_pulled"])
async def test_a_kit_that_is_switched_off_says_so_once_and_on_its_card(
    sign_in: SignIn, lab: Lab, code: str
) -> None:
    tell_ports(lab, BLUETOOTH)
    with lab.database.write() as session:
        row = session.get_one(Device, UNO)
        row.alerts = {"link": {"code": code, "params": {"port": "ble:Bumblebee"}}}
        row.state = "lost"
    told = open_text(await (await sign_in("pupil")).get("/rooms/204"))
    assert told.count("Bumblebee is not to be heard over Bluetooth. Switch it on and bring it near") == 1
    assert "cable" not in told


@pytest.mark.parametrize(("login", "told"), [("teacher", False), ("admin", True)])
async def test_only_an_administrator_is_told_a_command(sign_in: SignIn, login: str, told: bool) -> None:
    browser = await sign_in(login)
    page = open_text(await browser.get("/rooms/77"))
    assert "Call whoever looks after the lab." in page
    assert ("lab doctor" in page) == told


async def test_staff_say_which_kit_is_at_a_port(sign_in: SignIn, lab: Lab) -> None:
    teacher = await sign_in("teacher")
    page = await teacher.get("/rooms/204")
    choices = re.findall(r'<option value="([a-z0-9_]*)">([^<]+)', page.text)
    assert choices[0] == ("", "the lab finds out by itself")
    assert ("race_timer", "Race timer") in choices
    api, form = "/api/v1/rooms/204/ports/1-3", "/rooms/204/ports"
    named = b'{"kit":"race_timer","port":"1-3","use":"kit"}'
    async with agent_of_room(lab) as agent:
        presses = [
            teacher.post(form, data={"port": "1-3", "use": "kit", "kit": "race_timer"}),
            teacher.post(form, data={"port": "1-3", "use": "other", "kit": "race_timer"}),
            teacher.post(api, json={"use": "kit", "kit": "race_timer"}),
        ]
        heard = []
        for press in presses:
            assert (await press).status_code in (202, 303)
            heard.append((await anext(agent.messages())).payload)
    assert heard == [named, b'{"port":"1-3","use":"other"}', named]
    for wrong in ({"use": "kit", "kit": "toaster"}, {"use": "other", "kit": "race_timer"}):
        answer = await teacher.post(api, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_command")


async def test_staff_leave_a_known_kits_port_to_another_program_and_take_it_back(
    sign_in: SignIn, lab: Lab
) -> None:
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    assert "Leave its port alone" not in (await pupil.get(f"/kits/{UNO}")).text
    page = (await teacher.get(f"/kits/{UNO}")).text
    assert "Leave its port alone" in page
    assert '<input type="hidden" name="port" value="1-2">' in page
    async with agent_of_room(lab) as agent:
        answer = await teacher.post("/rooms/204/ports", data={"port": "1-2", "use": "other"})
        assert (await anext(agent.messages())).payload == b'{"port":"1-2","use":"other"}'
    assert "The lab leaves /dev/ttyACM0 alone. Undo" in open_text(
        await teacher.get(answer.headers["location"])
    )
    tell_ports(lab, {"port": "/dev/ttyACM0", "id": "1-2", "use": "other", "holder": "arduino-ide"})
    page = await teacher.get("/rooms/204")
    assert "The lab leaves it alone. arduino-ide holds it. Do not leave it alone any more" in text_of(
        page.text
    )
    assert 'name="use" value=""' in page.text
