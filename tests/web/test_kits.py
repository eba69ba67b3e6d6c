"""Rooms, kits, commands, assets and tokens as pages and programs see them."""

import httpx
import pytest

from lab_controller.lab import Lab
from lab_controller.telemetry.tables import ConsoleChunk, ReadingRow, Series
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, UNO, add_device, add_person, add_room, agent_of_room, prop, set_latest
from web.kit_page_view import view_kit
from web.live.room import view_room

JSON = {"Accept": "application/json"}
API = f"/api/v1/devices/{UNO}"


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")


def measure(lab: Lab, key: str = "telemetry/light", count: int = 10) -> int:
    """Readings 0, 1, 2 … a second apart, the last one now; gives when the first was."""
    begin_us = lab.clock.now_us() - count * 1_000_000
    with lab.database.write() as session:
        series = Series(device=UNO, key=key, unit="lx")
        session.add(series)
        session.flush()
        for number in range(count):
            at_us = begin_us + number * 1_000_000
            session.add(ReadingRow(series_id=series.id, at_us=at_us, value=float(number)))
    return begin_us


def prints(lab: Lab, *texts: str) -> None:
    with lab.database.write() as session:
        for number, text in enumerate(texts):
            session.add(ConsoleChunk(device=UNO, at_us=1, us=number, text=text, skipped=0))


def test_a_room_shows_each_kit_and_each_port_without_one(lab: Lab) -> None:
    lab.assets.pair(actor="test", tag="k-17", device=UNO, title="Blue car")
    lab.assets.hold(actor="test", tag="K-17", login="pupil")
    add_device(lab, "esp-9", "esp32", {}, None, state="lost")
    add_device(lab, "elsewhere", "arduino-uno", {}, "agent-301")
    view = view_room(lab, "204")
    (card,) = view["kits"]
    holder = card.pop("holder")
    assert card.pop("title", "Blue car") == "Blue car"
    card.pop("last_seen_us")
    assert (holder["name"], view["agent"]) == ("pupil", {"id": AGENT, "state": "ready", "online": True})
    assert card | {"kind_name": ""} == {
        "id": UNO,
        "kind": "arduino-uno",
        "kind_name": "",
        "name": "Uno",
        "state": "ready",
        "online": True,
        "problems": [],
        "asset": {"tag": "K-17", "title": "Blue car"},
        "battery": {"percent": 81.0, "voltage": None},
        "program": {
            "running": True,
            "slot": 1,
            "accepts": {
                "suffixes": [".hex"],
                "max_bytes": 100_000,
                "slots": 3,
                "first_slot": 0,
                "can_run": True,
                "named": False,
            },
            "can_run": True,
            "can_stop": True,
        },
        "job": None,
    }
    (port,) = view["ports"]
    assert (port["port"], port["id"], port["ambiguous"]) == ("/dev/ttyUSB0", "1-3", True)
    own = view_room(lab, lab.settings.room)
    assert [(each["id"], each["problems"][0]["code"]) for each in own["kits"]] == [("esp-9", "device_lost")]


def test_a_kit_shows_what_it_can_do_and_what_it_has_said(lab: Lab) -> None:
    measure(lab)
    prints(lab, "hello ", "world\n")
    view = view_kit(lab, UNO)
    assert (view["room"], view["port"], view["firmware"]) == (
        "204",
        "/dev/ttyACM0",
        {"name": None, "version": "1.8"},
    )
    assert (view["actions"], view["signal"]) == (
        ["reset", "identify"],
        "Restarts and blinks: its program starts anew",
    )
    assert [each["value"] for each in view["plugged"]] == [{"device": "motor"}]
    assert [(each["node"], each["prop"], each["value"]) for each in view["properties"]] == [
        ("pins", "d13", "1")
    ]
    assert [(each["key"], each["unit"]) for each in view["series"]] == [("telemetry/light", "lx")]
    assert view["console"]["can_send"] is True
    assert [each["text"] for each in view["console"]["chunks"]] == ["hello ", "world\n"]
    assert view["jobs"] == []


def test_a_port_that_a_kit_never_told_of_is_not_shown(lab: Lab) -> None:
    ports = {name: prop(name=f"Port {name.upper()}") for name in "abcdef"}
    add_device(lab, "spike-1", "spike", {"ports": {"properties": ports}}, AGENT)
    set_latest(lab, "spike-1", {"ports/a": '{"device": null}', "ports/b": '{"device": "color-sensor"}'})
    assert [each["key"] for each in view_kit(lab, "spike-1")["plugged"]] == ["a", "b"]


async def test_devices_are_filtered_by_kind_room_and_state(admin: httpx.AsyncClient, sign_in: SignIn) -> None:
    async def ids(client: httpx.AsyncClient, **query: str) -> list[str]:
        found = (await client.get("/api/v1/devices", params=query)).json()["items"]
        return [device["id"] for device in found]

    assert await ids(admin) == [AGENT, UNO]
    assert await ids(admin, kind="arduino-uno") == [UNO]
    assert await ids(admin, room="301") == []
    assert await ids(admin, state="lost") == []
    assert await ids(await sign_in("pupil")) == [AGENT, UNO]


async def test_a_device_tells_its_owner_its_battery_and_its_port(lab: Lab, sign_in: SignIn) -> None:
    lab.assets.pair(actor="test", tag="A-07", device=UNO, title="Blue car")
    account = lab.assets.hold(actor="test", tag="A-07", login="teacher").holder

    async def told(login: str) -> list[object]:
        device = (await (await sign_in(login)).get(API, headers=JSON)).json()
        return [device[name] for name in ("holder", "holder_name", "battery", "port")]

    battery = {"percent": 81.0, "voltage": None}
    assert await told("teacher") == [account, "teacher", battery, "/dev/ttyACM0"]
    assert await told("pupil") == [account, None, battery, "/dev/ttyACM0"]
    lab.assets.give_back(actor="test", tag="A-07")
    account = lab.assets.hold(actor="test", tag="A-07", login="pupil").holder
    assert await told("pupil") == [account, "pupil", battery, "/dev/ttyACM0"]


async def test_a_command_reaches_the_kit(lab: Lab, sign_in: SignIn) -> None:
    pupil = await sign_in("pupil")
    async with agent_of_room(lab) as agent:
        sent = await pupil.post(f"{API}/properties/console/send", json={"value": "Сәлем\n"}, headers=JSON)
        assert (sent.status_code, sent.json()) == (202, {"device": UNO, "node": "console", "prop": "send"})
        heard = await anext(agent.messages())
        assert (heard.topic, heard.payload.decode()) == (f"lab/5/{UNO}/console/send/set", "Сәлем\n")
    refused = await pupil.post(f"{API}/properties/battery/percent", json={"value": "9"}, headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (422, "property_not_settable")


async def test_staff_say_what_is_at_a_port(lab: Lab, sign_in: SignIn) -> None:
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    path = "/api/v1/rooms/204/ports/1-3"
    assert (await pupil.post(path, json={"use": "kit"}, headers=JSON)).json()["code"] == "role_needed"
    async with agent_of_room(lab) as agent:
        assert (await teacher.post(path, json={"use": "kit"}, headers=JSON)).status_code == 202
        heard = await anext(agent.messages())
        assert (heard.topic, heard.payload) == (
            f"lab/5/{AGENT}/agent/use/set",
            b'{"port":"1-3","use":"kit"}',
        )


async def test_history_comes_as_points_and_as_a_sheet(lab: Lab, admin: httpx.AsyncClient) -> None:
    begin_us = measure(lab)
    assert (await admin.get(f"{API}/series")).json() == {"items": [{"key": "telemetry/light", "unit": "lx"}]}
    told = (await admin.get(f"{API}/series/telemetry/light")).json()
    assert (told["key"], told["source"], told["width_us"]) == ("telemetry/light", "raw", 0)
    assert told["points"][0] == [begin_us, 0.0, 0.0, 0.0, 1]
    few = {"from": begin_us, "to": begin_us + 10_000_000, "points": 2}
    two = (await admin.get(f"{API}/series/telemetry/light", params=few)).json()
    assert two["points"] == [[begin_us, 2.0, 0.0, 4.0, 5], [begin_us + 5_000_000, 7.0, 5.0, 9.0, 5]]
    sheet = await admin.get(f"{API}/series.csv", params={"key": "telemetry/light"})
    lines = sheet.text.splitlines()
    assert sheet.headers["content-type"].startswith("text/csv")
    assert (lines[0], len(lines)) == ("time,at_us,series,unit,value", 11)
    unknown = await admin.get(f"{API}/series/telemetry/none", headers=JSON)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "series_unknown")
    backwards = await admin.get(f"{API}/series.csv", params={"from": 5, "to": 5}, headers=JSON)
    assert (backwards.status_code, backwards.json()["code"]) == (422, "range_invalid")


async def test_the_console_goes_on_from_a_chunk(lab: Lab, admin: httpx.AsyncClient) -> None:
    prints(lab, "a", "b", "c")
    items = (await admin.get(f"{API}/console")).json()["items"]
    assert [chunk["text"] for chunk in items] == ["a", "b", "c"]
    after = (await admin.get(f"{API}/console", params={"after": items[0]["id"]})).json()["items"]
    assert after == items[1:]


async def test_a_kit_is_paired_with_its_tag_and_handed_out(lab: Lab, sign_in: SignIn) -> None:
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    new = {"tag": "k-17", "device": UNO, "title": "Blue car"}
    denied = await pupil.post("/api/v1/assets", json=new, headers=JSON)
    assert (denied.status_code, denied.json()["code"]) == (403, "role_needed")
    made = await teacher.post("/api/v1/assets", json=new, headers=JSON)
    told = made.json()
    assert (made.status_code, told["tag"], told["device"], told["identity"]) == (
        201,
        "K-17",
        UNO,
        "2341:0043",
    )
    twice = await teacher.post("/api/v1/assets", json=new | {"tag": "K-18"}, headers=JSON)
    assert (twice.status_code, twice.json()["code"]) == (409, "device_paired")
    taken = (await pupil.post("/api/v1/assets/K-17/hold", json={}, headers=JSON)).json()
    assert (taken["holder_name"], taken["held_since_us"] is not None) == ("pupil", True)
    other = await teacher.post("/api/v1/assets/K-17/hold", json={"login": "teacher"}, headers=JSON)
    assert (other.status_code, other.json()["code"]) == (409, "asset_held")
    assert (await pupil.post("/api/v1/assets/K-17/give-back", headers=JSON)).json()["holder"] is None
    off = (await teacher.delete("/api/v1/assets/K-17", headers=JSON)).json()
    assert (off["device"], off["title"]) == (None, "Blue car")
    assert [each["tag"] for each in (await teacher.get("/api/v1/assets")).json()["items"]] == ["K-17"]
    assert (await pupil.get("/api/v1/assets")).json()["items"] == []


@pytest.mark.parametrize("tag", ["", "a b", "x" * 33, "../1", "a/b"])
async def test_a_tag_that_is_none_is_refused(admin: httpx.AsyncClient, tag: str) -> None:
    answer = await admin.post("/api/v1/assets", json={"tag": tag, "device": UNO}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) in {(422, "tag_invalid"), (422, "request_invalid")}


async def test_a_program_signs_in_with_a_token_until_it_is_revoked(
    lab: Lab, guest: httpx.AsyncClient
) -> None:
    token = lab.tokens.create(actor="test", login="teacher", name="report")
    bearer = JSON | {"Authorization": f"Bearer {token}"}
    assert (await guest.get(API, headers=bearer)).status_code == 200
    (row,) = lab.tokens.list_tokens("teacher")
    assert (row.name, row.used_us is not None, token in str(row)) == ("report", True, False)
    lab.tokens.revoke(actor="test", token=row.id)
    refused = await guest.get(API, headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_invalid")


async def test_a_token_runs_out_and_goes_with_its_account(lab: Lab, guest: httpx.AsyncClient) -> None:
    short = lab.tokens.create(actor="test", login="teacher", name="short", lasts_s=0)
    assert lab.tokens.identity_of(short) is None
    token = lab.tokens.create(actor="test", login="teacher", name="long", lasts_s=3600)
    assert lab.tokens.identity_of(token) is not None
    lab.people.set_active(actor="test", login="teacher", active=False)
    assert lab.tokens.identity_of(token) is None


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer x", "Bearer lab_" + "x" * 5000])
async def test_a_wrong_token_is_not_a_guest(guest: httpx.AsyncClient, header: str) -> None:
    answer = await guest.get("/api/v1/championships", headers=JSON | {"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
