"""Who may see and do what with kits: the holes that strangers would look for first."""

import json

import httpx
import pytest

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, NODES, UNO, add_device, add_person, add_room, set_latest
from web.kit_views import hide_people

JSON = {"Accept": "application/json"}
GATE = "gate-a1b2c3"


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")


async def code(browser: httpx.AsyncClient, path: str, **told: str) -> str:
    return str((await browser.post(path, json=told, headers=JSON)).json().get("code", ""))


async def test_a_gate_may_be_timing_a_run_and_is_not_a_pupils(lab: Lab, sign_in: SignIn) -> None:
    add_device(lab, GATE, "gate", NODES, AGENT)
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    path = f"/api/v1/devices/{GATE}/properties/program/stop"
    assert [await code(person, path, value="true") for person in (pupil, teacher)] == ["role_needed", ""]
    file = {"file": ("gate.hex", b":00000001FF\n")}
    keyed = JSON | {"Idempotency-Key": "k1"}
    sent = await pupil.post(f"/api/v1/devices/{GATE}/uploads", files=file, headers=keyed)
    assert sent.json()["code"] == "role_needed"


async def test_a_tag_comes_off_only_by_who_looks_after_its_kit(lab: Lab, sign_in: SignIn) -> None:
    add_device(lab, "agent-301", "agent", {}, None)
    add_device(lab, "elsewhere", "arduino-uno", NODES, "agent-301")
    lab.assets.pair(actor="test", tag="B-07", device="elsewhere")
    teacher = await sign_in("teacher")
    refused = await teacher.post("/rooms/204/unpair", data={"device": UNO, "tag": "B-07"})
    assert refused.status_code == 404
    assert lab.assets.get_asset("B-07").device == "elsewhere"


async def test_who_looks_after_a_championship_alone_sees_no_rooms(lab: Lab, sign_in: SignIn) -> None:
    add_person(lab, "organiser", "admin", "championship:cup")
    organiser = await sign_in("organiser")
    pages = [f"/kits/{UNO}", "/rooms/204", f"/api/v1/devices/{UNO}/history", "/api/v1/assets"]
    assert {(await organiser.get(page, headers=JSON)).status_code for page in pages} <= {403, 404}


async def test_a_pupil_sees_which_program_holds_a_port_and_not_who_holds_a_kit(
    lab: Lab, sign_in: SignIn
) -> None:
    port = {
        "port": "/dev/ttyACM1",
        "id": "1-4",
        "usb": "2341:0043",
        "problem": "port_busy",
        "holder": "avrdude",
    }
    set_latest(lab, AGENT, {"agent/ports": json.dumps([port])})
    pupil = await sign_in("pupil")
    assert "avrdude" in (await pupil.get("/rooms/204")).text
    told = {"ports": [{"holder": "avrdude"}], "kits": [{"holder": {"account": "7", "name": "Ерасыл"}}]}
    assert hide_people(told) == {
        "ports": [{"holder": "avrdude"}],
        "kits": [{"holder": {"account": "7", "name": ""}}],
    }


@pytest.mark.parametrize(
    ("device", "latest"),
    [
        (UNO, {"program/accepts": "[" * 100_000}),
        (AGENT, {"agent/ports": "[" * 100_000}),
        (UNO, {"program/accepts": '{"suffixes": [".hex"], "max_bytes": 1%s}' % ("0" * 400)}),
    ],
)
async def test_what_one_device_says_takes_no_page_from_the_others(
    lab: Lab, admin: httpx.AsyncClient, device: str, latest: dict[str, str]
) -> None:
    set_latest(lab, device, latest)
    pages = ["/rooms/204", f"/kits/{UNO}", "/devices", "/"]
    assert [(await admin.get(page)).status_code for page in pages] == [200] * len(pages)
