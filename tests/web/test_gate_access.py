"""Who may look at devices and try gates: the staff of rooms, and who sets a championship up."""

import httpx
import pytest

from lab_controller.lab import Lab
from tests.web.conftest import SignIn
from tests.web.gates import NODES, add_gate
from tests.web.kits import AGENT, add_device, add_person
from tests.web.test_championship import begin, send

OURS, THEIRS = "gate-a1b2c3", "gate-d4e5f6"
"""A gate in room 204, and one that speaks for itself and so stands in the hub's own room."""


@pytest.fixture(autouse=True)
def contest(lab: Lab) -> None:
    """A championship on whose only field the gate of the hub's room stands."""
    add_device(lab, AGENT, "agent", {}, None)
    add_device(lab, OURS, "gate", NODES, AGENT)
    add_gate(lab, THEIRS, "Gate B", alerts={"silent": {"code": "board_silent", "params": {}}})
    begin(lab)
    placed = [{"point": "start", "lane": 1, "device": THEIRS, "input": 1}]
    lab.championships.set_field("test", "cup", "1", placed, key="field")
    for login, role, scope in (
        ("organiser", "admin", "championship:cup"),
        ("another", "admin", "championship:other"),
        ("helper", "instructor", "championship:cup"),
        ("mentor", "instructor", "city"),
        ("keeper", "admin", "room:room-1"),
        ("pupil", "student", "room:204"),
    ):
        add_person(lab, login, role, scope)


async def statuses(browser: httpx.AsyncClient, method: str, path: str) -> list[int]:
    answers = [await browser.request(method, path.format(gate)) for gate in (OURS, THEIRS)]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("login", "listed", "seen", "tested"),
    [
        ("admin", {OURS, THEIRS, AGENT}, [200, 200], [303, 303]),
        ("mentor", {OURS, THEIRS, AGENT}, [200, 200], [303, 303]),
        ("teacher", {OURS, THEIRS, AGENT}, [200, 200], [303, 403]),
        ("keeper", {OURS, THEIRS, AGENT}, [200, 200], [403, 303]),
        ("organiser", {THEIRS}, [404, 200], [404, 303]),
        ("another", set(), [404, 404], [404, 404]),
        ("helper", None, [403, 403], [403, 403]),
        ("judge", None, [403, 403], [403, 403]),
        ("hall", None, [403, 403], [403, 403]),
        ("pupil", None, [403, 403], [403, 403]),
    ],
)
async def test_devices_are_seen_by_staff_and_gates_by_whose_championship_they_time(
    sign_in: SignIn, login: str, listed: set[str] | None, seen: list[int], tested: list[int]
) -> None:
    browser = await sign_in(login)
    answer = await browser.get("/devices")
    assert answer.status_code == (403 if listed is None else 200)
    assert {each for each in (OURS, THEIRS, AGENT) if f'id="{each}"' in answer.text} == (listed or set())
    assert await statuses(browser, "GET", "/devices/{}") == seen
    assert await statuses(browser, "POST", "/devices/{}/self-test") == tested
    shown = [f'action="/devices/{gate}/self-test"' for gate in (OURS, THEIRS)]
    pages = [(await browser.get(f"/devices/{gate}")).text for gate in (OURS, THEIRS)]
    assert [form in page for form, page in zip(shown, pages, strict=True)] == [
        status == 303 for status in tested
    ]


async def test_a_guest_is_led_to_the_sign_in(guest: httpx.AsyncClient) -> None:
    assert (await guest.post(f"/devices/{THEIRS}/self-test")).status_code == 401
    looked = await guest.get(f"/devices/{THEIRS}")
    assert looked.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(("login", "status"), [("organiser", 404), ("another", 404), ("helper", 403)])
async def test_a_gate_that_is_not_seen_has_no_live_page_either(
    sign_in: SignIn, login: str, status: int
) -> None:
    browser = await sign_in(login)
    assert (await browser.get(f"/live/devices/{OURS}")).status_code == status


async def test_a_closed_field_has_no_gates_to_look_at(sign_in: SignIn, admin: httpx.AsyncClient) -> None:
    organiser = await sign_in("organiser")
    await send(admin, "/fields/close", field="1")
    assert await statuses(organiser, "GET", "/devices/{}") == [404, 404]
    page = (await organiser.get("/devices")).text
    assert "No gate stands on your fields yet" in page
    assert "USB" not in page


async def test_who_looks_after_a_championship_alone_is_led_only_where_they_may_go(sign_in: SignIn) -> None:
    for login, places in (("organiser", ["/championships", "/devices"]), ("helper", ["/championships"])):
        browser = await sign_in(login)
        page = (await browser.get("/")).text
        nav = page.partition('class="shell-nav"')[2].partition("</nav>")[0]
        offered = [place for place in ("/rooms", "/championships", "/devices") if f'href="{place}"' in nav]
        assert offered == places
        assert {(await browser.get(place)).status_code for place in places} == {200}
        assert (f'href="/devices/{THEIRS}"' in page) == (login == "organiser")
        assert f'href="/devices/{OURS}"' not in page


async def test_a_room_s_computer_is_no_link_for_who_may_not_see_it(
    sign_in: SignIn, admin: httpx.AsyncClient
) -> None:
    await send(admin, "/fields", **{"field": "2", "gate:start:1": f"{OURS}:1"})
    organiser = await sign_in("organiser")
    pages = [(await browser.get(f"/devices/{OURS}")).text for browser in (admin, organiser)]
    assert [f'href="/devices/{AGENT}"' in page for page in pages] == [True, False]
    assert AGENT in pages[1]


async def test_only_who_looks_after_the_room_takes_a_gate_off_the_list(sign_in: SignIn, lab: Lab) -> None:
    add_gate(lab, "gate-c0ffee", "Gate C", state="lost")
    told = [
        "Take it off the list" in (await (await sign_in(login)).get("/devices/gate-c0ffee")).text
        for login in ("teacher", "keeper")
    ]
    assert told == [False, True]
