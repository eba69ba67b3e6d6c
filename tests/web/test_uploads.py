"""Uploads by the JSON interface: who may, once, how much, and what becomes of them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, UNO, add_person, add_room, agent_of_room, say
from tests.web.people import ADMIN
from tests.web.waiting import until
from web.kit_views import hide_people
from web.live.room import view_room

UPLOADS = f"/api/v1/devices/{UNO}/uploads"
SKETCH = b":00000001FF\n"


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")
    add_person(lab, "guest-pupil", "student", "room:301")


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name, "Accept": "application/json"}


async def send(client: httpx.AsyncClient, name: str = "blink.hex", data: bytes = SKETCH, **form: Any) -> Any:
    headers = key(form.pop("key", "k1"))
    return await client.post(UPLOADS, files={"file": (name, data)}, data=form, headers=headers)


async def test_an_upload_is_a_job_once_however_often_it_is_sent(admin: httpx.AsyncClient) -> None:
    first = await send(admin, slot="2", run="false")
    again = await send(admin, slot="2", run="false")
    assert (first.status_code, again.json()) == (201, first.json())
    job = first.json()
    assert {name: job[name] for name in ("device", "device_name", "slot", "run", "state", "attempt")} == {
        "device": UNO,
        "device_name": "Uno",
        "slot": 2,
        "run": False,
        "state": "queued",
        "attempt": 1,
    }
    assert (job["program"]["name"], job["program"]["size"], job["requested_by"]["name"]) == (
        "blink.hex",
        len(SKETCH),
        ADMIN[0],
    )
    other = await send(admin, data=b"other", slot="2", run="false")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert [each["id"] for each in (await admin.get("/api/v1/jobs")).json()["items"]] == [job["id"]]
    assert (await admin.get(f"/api/v1/jobs/{job['id']}")).json() == job


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("photo.png", b"x", "wrong_file_type"),
        ("a.hex", b"", "program_empty"),
        ("a.hex", b"x" * 100_001, "program_too_big"),
    ],
)
async def test_a_program_that_does_not_fit_is_refused_in_words(
    admin: httpx.AsyncClient, name: str, data: bytes, code: str
) -> None:
    answer = await send(admin, name, data)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (422, code)
    assert len(told["detail"]) > 20


async def test_two_gigabytes_are_refused_while_they_come(admin: httpx.AsyncClient) -> None:
    """The form is refused after its first few megabytes, whether it says how long it is or not."""
    taken = 0
    edge = "e" * 32
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.hex"\r\n\r\n'.encode()

    async def flood() -> AsyncIterator[bytes]:
        nonlocal taken
        yield head
        for _ in range(2048):
            taken += 1024 * 1024
            yield bytes(1024 * 1024)

    headers = key("k") | {"Content-Type": f"multipart/form-data; boundary={edge}"}
    answer = await admin.post(UPLOADS, content=flood(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_large")
    assert taken <= 6 * 1024 * 1024
    headers |= {"Content-Length": str(2 * 1024**3)}
    declared = await admin.post(UPLOADS, content=head, headers=headers)
    assert (declared.status_code, declared.json()["code"]) == (413, "body_large")
    assert (await admin.get("/api/v1/jobs")).json()["items"] == []


@pytest.mark.parametrize(
    ("login", "status", "code"),
    [
        (None, 401, "sign_in_needed"),
        ("judge", 404, "device_unknown"),
        ("hall", 404, "device_unknown"),
        ("guest-pupil", 404, "device_unknown"),
    ],
)
async def test_who_has_no_role_in_the_room_cannot_touch_its_kits(
    *, lab: Lab, guest: httpx.AsyncClient, sign_in: SignIn, login: str | None, status: int, code: str
) -> None:
    client = await sign_in(login) if login else guest
    for answer in (
        await send(client),
        await client.get(f"/api/v1/devices/{UNO}", headers={"Accept": "application/json"}),
        await client.post(f"/api/v1/devices/{UNO}/properties/board/reset", json={"value": "true"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert lab.programs.list_jobs() == []


async def test_a_student_uses_a_kit_that_nobody_else_has_in_hand(lab: Lab, sign_in: SignIn) -> None:
    pupil = await sign_in("pupil")
    assert (await send(pupil)).status_code == 201
    lab.assets.pair(actor="test", tag="K-1", device=UNO)
    lab.assets.hold(actor="test", tag="K-1", login="guest-pupil")
    refused = await send(pupil, key="k2")
    assert (refused.status_code, refused.json()["code"]) == (403, "kit_held")
    lab.assets.give_back(actor="test", tag="K-1")
    lab.assets.hold(actor="test", tag="K-1", login="pupil")
    assert (await send(pupil, key="k3")).status_code == 201


async def test_a_student_sees_no_job_of_a_foreign_room(lab: Lab, sign_in: SignIn) -> None:
    job = (await send(await sign_in("pupil"))).json()["id"]
    stranger = await sign_in("guest-pupil")
    assert (await stranger.get(f"/api/v1/jobs/{job}")).json()["code"] == "job_unknown"
    assert (await stranger.get("/api/v1/jobs")).json()["items"] == []
    assert (await stranger.post(f"/api/v1/jobs/{job}/cancel")).json()["code"] == "job_unknown"


async def test_a_student_is_told_no_other_persons_name(lab: Lab, sign_in: SignIn) -> None:
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    job = (await send(teacher)).json()
    assert job["requested_by"]["name"] == "teacher"
    shown = (await pupil.get(f"/api/v1/jobs/{job['id']}")).json()
    assert shown["requested_by"] == {"account": job["requested_by"]["account"], "name": ""}
    assert (await send(pupil, key="k2")).json()["requested_by"]["name"] == "pupil"
    lab.assets.pair(actor="test", tag="K-1", device=UNO)
    lab.assets.hold(actor="test", tag="K-1", login="teacher")
    assert [each["holder_name"] for each in (await pupil.get("/api/v1/assets")).json()["items"]] == [None]
    hidden = hide_people(view_room(lab, "204"))
    assert (hidden["kits"][0]["holder"]["name"], hidden["kits"][0]["job"]["requested_by"]["name"]) == ("", "")


async def test_a_students_program_waits_for_the_staff_where_that_is_wanted(lab: Lab, sign_in: SignIn) -> None:
    lab.settings = lab.settings.model_copy(update={"upload_approval": True})
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    job = (await send(pupil)).json()
    assert (job["state"], job["can_approve"]) == ("awaiting_approval", True)
    own = await pupil.post(f"/api/v1/jobs/{job['id']}/approve")
    assert (own.status_code, own.json()["code"]) == (403, "role_needed")
    passed = await teacher.post(f"/api/v1/jobs/{job['id']}/approve")
    assert passed.json()["state"] == "queued"
    second = (await send(pupil, key="k2")).json()["id"]
    back = await teacher.post(f"/api/v1/jobs/{second}/return", json={"reason": "Wrong motor"})
    assert (back.json()["state"], "Wrong motor" in back.json()["sentence"]) == ("returned", True)
    assert (await send(teacher, key="k3")).json()["state"] == "queued"
    third = (await send(pupil, key="k4")).json()["id"]
    await pupil.post(f"/api/v1/jobs/{third}/cancel")
    assert (await pupil.post(f"/api/v1/jobs/{third}/retry")).json()["state"] == "awaiting_approval"


async def test_a_student_gives_the_rooms_computer_no_orders(sign_in: SignIn) -> None:
    path = f"/api/v1/devices/{AGENT}/properties/agent/use"
    port = {"value": '{"port": "1-3", "use": "kit"}'}
    refused = await (await sign_in("pupil")).post(path, json=port)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_needed")


async def test_a_job_goes_over_the_bus_and_its_end_comes_back(lab: Lab, admin: httpx.AsyncClient) -> None:
    async with agent_of_room(lab) as agent:
        job = (await send(admin)).json()
        heard = agent.messages()
        order, part = await anext(heard), await anext(heard)
        assert [order.topic, part.topic] == [f"lab/5/{AGENT}/jobs/{kind}/set" for kind in ("order", "part")]
        word = {"job": job["id"], "attempt": 1, "stage": "writing"}
        say(agent, f"{AGENT}/jobs/event", word | {"n": 0, "state": "running", "done": 5, "total": 10})
        failed = {"n": 1, "state": "failed", "code": "board_silent", "params": {"port": "/dev/ttyACM0"}}
        say(agent, f"{AGENT}/jobs/event", word | failed)
        committed = await anext(heard)
        assert committed.topic == f"lab/5/{AGENT}/jobs/committed/set"
    await until(lambda: lab.programs.get_job(job["id"]).state == "failed")
    told = (await admin.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (told["code"], told["can_retry"], len(told["sentence"]) > 20) == ("board_silent", True, True)
    again = (await admin.post(f"/api/v1/jobs/{job['id']}/retry")).json()
    assert (again["attempt"], [each["state"] for each in again["attempts"]]) == (2, ["failed", "queued"])


async def test_jobs_come_in_pages_that_fit_together(admin: httpx.AsyncClient) -> None:
    sent = [(await send(admin, key=f"k{number}")).json()["id"] for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await admin.get("/api/v1/jobs", params={"limit": 2, "cursor": cursor, "device": UNO})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == sent[::-1]
    assert (await admin.get("/api/v1/jobs", params={"state": "failed"})).json()["items"] == []
