import json

import httpx
import pytest

from lab_controller.bus.changes import DEVICES, device_key
from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.gates import add_gate, self_test
from web.device_views import read_ports, read_self_test


async def test_whoever_needs_a_person_stands_first_with_what_to_do(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A")
    add_gate(lab, "gate-d4e5f6", "Gate B", alerts={"silent": {"code": "board_silent", "params": {}}})
    add_gate(lab, "gate-c0ffee", "Gate C", state="disconnected")
    page = (await admin.get("/devices")).text
    assert page.index("Gate B") < page.index("Gate A") < page.index("Gate C")
    assert "2 on line, 1 needs a person" in page
    assert "Press its RESET button" in page


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "The clock of this computer was changed"),
        ("ru", "Часы этого компьютера перевели"),
        ("kk", "компьютердің сағаты ауыстырылды"),
    ],
)
async def test_what_is_wrong_with_the_lab_itself_stands_above_its_devices(
    admin: httpx.AsyncClient, lab: Lab, monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    assert 'class="note bad"' not in (await admin.get("/devices")).text
    monkeypatch.setattr(lab.clock, "host_offset_us", lambda: 3_600_000_000)
    await admin.post("/language", data={"language": language, "next": "/devices"})
    assert told in (await admin.get("/devices")).text


async def test_a_device_that_is_gone_for_good_is_taken_off_the_list(
    admin: httpx.AsyncClient, sign_in: SignIn, lab: Lab
) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A", state="lost")
    add_gate(lab, "gate-d4e5f6", "Gate B")
    assert "Take it off the list" in (await admin.get("/devices/gate-a1b2c3")).text
    assert "Take it off the list" not in (await admin.get("/devices/gate-d4e5f6")).text
    assert (await (await sign_in("judge")).post("/devices/gate-a1b2c3/forget")).status_code == 404
    gone = await admin.post("/devices/gate-a1b2c3/forget")
    assert "Gate A is off the list" in (await admin.get(gone.headers["location"])).text
    assert [device.id for device in lab.equipment.list_devices() if device.kind == "gate"] == ["gate-d4e5f6"]


async def test_an_empty_room_says_what_to_plug_in(sign_in: SignIn) -> None:
    page = (await (await sign_in("teacher")).get("/devices")).text
    assert "Nothing is plugged in yet" in page
    assert "with a USB cable" in page
    assert "Call whoever looks after the lab." in page


@pytest.mark.parametrize(("login", "told"), [("teacher", False), ("admin", True)])
async def test_only_an_administrator_is_told_a_command(sign_in: SignIn, login: str, told: bool) -> None:
    page = (await (await sign_in(login)).get("/devices")).text
    assert ("<code>lab doctor</code>" in page) == told


async def test_a_gates_page_shows_beams_drift_and_its_self_test(admin: httpx.AsyncClient, lab: Lab) -> None:
    latest = {"gate/last-seq": "42", "gate/armed": "true"} | self_test(link="slow", problems=["line_noise"])
    fit = {"boot": "5f3a", "ppm_lo": 10.2, "ppm_hi": 11.9}
    add_gate(lab, "gate-a1b2c3", "Gate A", blocked=[2], latest=latest, fit=fit)
    page = " ".join((await admin.get("/devices/gate-a1b2c3")).text.split())
    assert '<li class="beam good">' in page
    assert '<li class="beam bad">' in page
    assert "<dd>11.1 ± 0.9 ppm</dd>" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "<dd>42</dd>" in page
    assert "Change the cable, or keep it away from motors and chargers." in page


async def test_a_gates_page_names_the_blocked_input_and_has_the_count_it_speaks_of(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    latest = self_test(blocked=[2], problems=["beam_blocked"])
    fit = {"boot": "5f4a", "ppm_lo": 18.0, "ppm_hi": 19.8}
    add_gate(lab, "gate-a1b2c3", "Gate A", blocked=[2], latest=latest, fit=fit)
    page = " ".join((await admin.get("/devices/gate-a1b2c3")).text.split())
    assert "the count below must rise" in page
    assert "<dt>Passages since it was switched on</dt><dd>—</dd>" in page
    assert "<dt>Blocked beams</dt><dd>Input 2</dd>" in page
    assert "5f4a" not in page


async def test_the_list_of_devices_leaves_a_clock_s_drift_to_its_page(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A", fit={"boot": "5f4a", "ppm_lo": 18.0, "ppm_hi": 19.8})
    page = (await admin.get("/devices")).text
    assert "Beams clear: 2" in page
    assert "ppm" not in page


async def test_a_gate_is_asked_to_test_itself(admin: httpx.AsyncClient, lab: Lab) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A")
    answer = await admin.post("/devices/gate-a1b2c3/self-test")
    assert answer.headers["location"] == "/devices/gate-a1b2c3?asked=true#self-test"
    assert "Its answer appears above" in (await admin.get("/devices/gate-a1b2c3?asked=true")).text


async def test_a_gate_that_is_away_cannot_be_asked(admin: httpx.AsyncClient, lab: Lab) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A", state="lost")
    answer = await admin.post("/devices/gate-a1b2c3/self-test")
    assert answer.status_code == 409
    assert "switched off or out of reach" in answer.text


async def test_a_device_that_is_not_there_is_explained(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/devices/gate-nobody")
    assert answer.status_code == 404
    assert "There is no such device." in answer.text


@pytest.mark.parametrize("login", ["judge", "hall"])
async def test_devices_are_for_those_who_look_after_them(sign_in: SignIn, lab: Lab, login: str) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A")
    browser = await sign_in(login)
    for path in ("/devices", "/devices/gate-a1b2c3", "/live/devices", "/live/devices/gate-a1b2c3"):
        assert (await browser.get(path)).status_code == 403
    assert (await browser.post("/devices/gate-a1b2c3/self-test")).status_code == 403


async def test_the_list_for_programs_has_these_fields_and_no_others(
    admin: httpx.AsyncClient, lab: Lab
) -> None:
    add_gate(lab, "gate-a1b2c3", "Gate A", latest=self_test() | {"gate/secret": "x"})
    (device,) = (await admin.get("/api/v1/devices")).json()["items"]
    device.pop("last_seen_us")
    assert device == {
        "id": "gate-a1b2c3",
        "kind": "gate",
        "name": "Gate A",
        "state": "ready",
        "health": "good",
        "online": True,
        "agent": None,
        "problems": [],
        "inputs": [{"number": 1, "blocked": False}, {"number": 2, "blocked": False}],
        "armed": None,
        "passages": None,
        "boot": None,
        "drift_ppm": None,
        "drift_bound_ppm": None,
        "room": "room-1",
        "battery": None,
        "programs": None,
        "holder": None,
        "holder_name": None,
        "port": None,
    }


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", '"x"', '{"problems": 1}', '{"problems": [1], "drift_ppm": ["a", {}]}', "null"],
)
def test_whatever_a_device_says_does_not_break_its_page(text: str) -> None:
    test = read_self_test(text)
    assert test is None or test.drift_ppm is None
    assert read_ports(text) == []


def test_an_agents_ports_name_who_holds_them() -> None:
    told = [
        {"port": "/dev/ttyACM0", "usb": "2341:0043", "problem": "port_busy", "holder": "arduino", "kit": None}
    ]
    assert read_ports(json.dumps(told)) == [
        {
            "port": "/dev/ttyACM0",
            "id": None,
            "usb": "2341:0043",
            "kit": None,
            "device": None,
            "use": None,
            "holder": "arduino",
            "problem": {"code": "port_busy", "params": {"port": "/dev/ttyACM0", "holder": "arduino"}},
        }
    ]


def test_the_keys_that_pages_listen_to_are_those_the_bus_announces() -> None:
    assert (DEVICES, device_key("gate-a1b2c3")) == ("devices", "device:gate-a1b2c3")
