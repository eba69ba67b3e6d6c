"""The pages of rooms and kits as the server sends them: whole without a script, and theirs alone who may."""

import json
import re

import httpx
import pytest

from lab_controller.lab import Lab
from lab_controller.telemetry.tables import ConsoleChunk, ReadingRow, Series
from tests.web.conftest import SignIn
from tests.web.kits import AGENT, UNO, add_device, add_person, add_room, agent_of_room, prop, say, set_latest
from tests.web.waiting import until
from web.kind_words import name_described
from web.kit_page_view import view_kit
from web.kit_things import read_pins, tell_plugged
from web.reading_words import name_reading

KIT = f"/kits/{UNO}"
HEX = ("blink.hex", b":00000001FF\n")


@pytest.fixture(autouse=True)
def room(lab: Lab) -> None:
    add_room(lab)
    add_person(lab, "pupil", "student", "room:204")


def text_of(page: httpx.Response) -> str:
    """What a person reads, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def measure(
    lab: Lab, values: list[float], key: str = "telemetry/motor-a-angle", step_us: int = 1_000_000
) -> None:
    begin_us = lab.clock.now_us() - len(values) * step_us
    with lab.database.write() as session:
        series = Series(device=UNO, key="telemetry/light", unit="lx")
        session.add(series)
        session.flush()
        for number, value in enumerate(values):
            session.add(ReadingRow(series_id=series.id, at_us=begin_us + number * step_us, value=value))


async def test_a_room_tells_what_is_wrong_and_what_to_do(sign_in: SignIn, lab: Lab) -> None:
    add_device(lab, "ev3-1", "ev3", {}, AGENT, state="lost")
    told = text_of(await (await sign_in("teacher")).get("/rooms/204"))
    assert "Room 204" in told
    assert "ev3-1 went silent" in told or "Ev3 went silent" in told
    assert "Check its cable or power" in told
    assert "Battery 81 %" in told


async def test_a_port_with_two_meanings_is_named_by_staff(sign_in: SignIn, lab: Lab) -> None:
    pupil, teacher = await sign_in("pupil"), await sign_in("teacher")
    assert "Something new was plugged into the room's computer." in text_of(await teacher.get("/rooms/204"))
    assert 'value="other"' not in (await pupil.get("/rooms/204")).text
    async with agent_of_room(lab) as agent:
        answer = await teacher.post("/rooms/204/ports", data={"port": "1-3", "use": "other"})
        async for message in agent.messages():
            assert (message.topic, message.payload) == (
                f"lab/5/{AGENT}/agent/use/set",
                b'{"port":"1-3","use":"other"}',
            )
            break
    assert answer.headers["location"] == "/rooms/204?left=1-3"
    undo = await teacher.get("/rooms/204?left=1-3")
    assert "The lab leaves /dev/ttyUSB0 alone." in text_of(undo)
    assert (await pupil.post("/rooms/204/ports", data={"port": "1-3", "use": "kit"})).status_code == 403


async def test_an_empty_room_says_what_to_plug_in(admin: httpx.AsyncClient) -> None:
    told = text_of(await admin.get("/rooms/77"))
    assert "Nothing is plugged in yet" in told
    assert "many only charge" in told


async def test_whoever_has_one_room_is_led_into_it(sign_in: SignIn) -> None:
    answer = await (await sign_in("pupil")).get("/rooms")
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms/204")
    assert (await (await sign_in("judge")).get("/rooms")).status_code == 403


async def test_a_pupil_finds_the_kits_on_the_start_page_and_the_devices_nowhere(sign_in: SignIn) -> None:
    page = (await (await sign_in("pupil")).get("/")).text
    assert 'href="/rooms/204"' in page
    assert 'href="/devices"' not in page


async def test_a_kits_page_is_whole_without_a_script(sign_in: SignIn, lab: Lab) -> None:
    with lab.database.write() as session:
        session.add(ConsoleChunk(device=UNO, at_us=1, us=1, text="light:410\n<b>", skipped=0))
    measure(lab, [1.5])
    page = await (await sign_in("pupil")).get(KIT)
    assert "light:410\n&lt;b&gt;" in page.text
    for form in ("uploads", "do", "console"):
        assert f'action="{KIT}/{form}"' in page.text
    told = text_of(page)
    assert ".hex, at most 100 kB" in told
    assert "Port A Motor" in told
    assert "Light" in told


async def test_a_program_goes_onto_a_kit_by_a_plain_form(sign_in: SignIn, lab: Lab) -> None:
    pupil = await sign_in("pupil")
    form = {"key": "k" * 8, "slot": "1", "run": "true"}
    for _ in range(2):
        answer = await pupil.post(f"{KIT}/uploads", data=form, files={"file": HEX})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{KIT}?told=upload#program")
    (job,) = lab.programs.list_jobs(devices=[UNO])
    assert (job.program.name, job.slot, job.run, job.state) == ("blink.hex", 1, True, "queued")
    told = text_of(await pupil.get(KIT))
    assert "blink.hex" in told
    assert "Waits for the kit" in told
    assert (await pupil.post(f"{KIT}/jobs/{job.id}", data={"deed": "cancel"})).status_code == 303


async def test_a_program_that_does_not_fit_is_explained_on_the_page(sign_in: SignIn) -> None:
    answer = await (await sign_in("pupil")).post(
        f"{KIT}/uploads", data={"key": "k" * 8}, files={"file": ("maze.py", b"x")}
    )
    assert answer.status_code == 422
    assert "This kit cannot read “maze.py”. Choose a file that ends in .hex." in text_of(answer)


async def test_a_line_and_the_buttons_reach_the_kit(sign_in: SignIn, lab: Lab) -> None:
    pupil = await sign_in("pupil")
    presses = [
        ("console", {"text": "hello"}, ("console/send", b"hello\n")),
        ("do", {"deed": "run", "slot": "2"}, ("program/run", b"2")),
        ("do", {"deed": "run"}, ("program/run", b"\x00")),
        ("do", {"deed": "identify"}, ("board/identify", b"true")),
        ("set", {"name": "pins/d13", "value": "0"}, ("pins/d13", b"0")),
    ]
    async with agent_of_room(lab) as agent:
        for path, form, _ in presses:
            assert (await pupil.post(f"{KIT}/{path}", data=form)).status_code == 303
        heard = []
        async for message in agent.messages():
            heard.append((message.topic.removeprefix(f"lab/5/{UNO}/").removesuffix("/set"), message.payload))
            if len(heard) == len(presses):
                break
    assert heard == [expected for _, _, expected in presses]


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        ("arduino-uno", "Restarts and blinks: its program starts anew"),
        ("ev3", "Beep"),
        ("acme-lamp", "Blink or beep"),
    ],
)
async def test_before_a_kit_is_asked_which_one_it_is_its_pages_say_what_it_will_do(
    sign_in: SignIn, lab: Lab, kind: str, signal: str
) -> None:
    add_device(lab, "new-1", kind, {"board": {"properties": {"identify": prop(True)}}}, AGENT)
    teacher = await sign_in("teacher")
    assert signal in text_of(await teacher.get("/rooms/204/pair?device=new-1"))
    if kind != "acme-lamp":
        assert f"Which one is it? {signal}" in text_of(await teacher.get("/kits/new-1"))


async def test_what_a_kit_refuses_is_told_on_its_page_and_its_card_and_the_kit_stays_there(
    sign_in: SignIn, lab: Lab
) -> None:
    add_device(lab, "ev3-1", "ev3", {"program": {"properties": {"run": prop(True)}}}, AGENT)
    pupil = await sign_in("pupil")
    async with agent_of_room(lab) as agent:
        assert (await pupil.post("/kits/ev3-1/do", data={"deed": "run"})).status_code == 303
        assert (await anext(agent.messages())).topic == "lab/5/ev3-1/program/run/set"
        say(agent, "ev3-1/$alert/command", {"code": "no_program", "params": {}}, retain=True)
        await until(lambda: bool(view_kit(lab, "ev3-1")["problems"]))
        for page in ("/kits/ev3-1", "/rooms/204"):
            assert "There is no program to start. Send one to the kit first" in text_of(await pupil.get(page))
        view = view_kit(lab, "ev3-1")
        assert (view["state"], view["online"]) == ("ready", True)
        say(agent, "ev3-1/$alert/command", "", retain=True)
        await until(lambda: not view_kit(lab, "ev3-1")["problems"])


async def test_what_a_kit_cannot_do_is_told_to_a_script_as_a_problem(sign_in: SignIn) -> None:
    pupil = await sign_in("pupil")
    wrong = {"name": "battery/percent", "value": "9"}
    answer = await pupil.post(f"{KIT}/set", data=wrong, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "property_not_settable")
    assert "This device cannot do that." in text_of(await pupil.post(f"{KIT}/set", data=wrong))


async def test_a_kit_in_somebody_elses_hands_is_only_looked_at(sign_in: SignIn, lab: Lab) -> None:
    add_person(lab, "other", "student", "room:204")
    lab.assets.pair(actor="test", tag="A-07", device=UNO, title="Blue car")
    pupil, other, teacher = await sign_in("pupil"), await sign_in("other"), await sign_in("teacher")
    assert (await pupil.post(f"{KIT}/hold", data={"deed": "hold"})).status_code == 303
    assert "You have it in hand." in text_of(await pupil.get(KIT))
    page = await other.get(KIT)
    assert "Somebody else has" in text_of(page)
    assert "pupil" not in page.text
    assert (await other.post(f"{KIT}/do", data={"deed": "stop"})).status_code == 403
    assert "In the hands of pupil" in text_of(await teacher.get(KIT))
    assert (await other.post(f"{KIT}/hold", data={"deed": "give-back"})).status_code == 403
    assert (await teacher.post(f"{KIT}/hold", data={"deed": "give-back"})).status_code == 303
    assert "Nobody has it in hand." in text_of(await pupil.get(KIT))


async def test_a_kit_gets_its_tag_and_taking_it_off_can_be_undone(sign_in: SignIn, lab: Lab) -> None:
    teacher = await sign_in("teacher")
    form = {"device": UNO, "tag": "a-07", "title": "Blue car"}
    answer = await teacher.post("/rooms/204/pair", data=form)
    assert answer.headers["location"] == "/rooms/204/pair?done=A-07"
    assert "Blue car" in text_of(await teacher.get("/rooms/204"))
    off = await teacher.post("/rooms/204/unpair", data={"device": UNO, "tag": "A-07"})
    undo = await teacher.get(off.headers["location"])
    assert "A-07 was taken off." in text_of(undo)
    assert lab.assets.get_asset("A-07").device is None
    await teacher.post("/rooms/204/pair", data={"device": UNO, "tag": "A-07"})
    assert (lab.assets.get_asset("A-07").device, lab.assets.get_asset("A-07").title) == (UNO, "Blue car")
    taken = await teacher.post("/rooms/204/pair", data={"device": UNO, "tag": "no tag!"})
    assert taken.status_code == 422
    assert 'value="no tag!"' in taken.text
    assert (await (await sign_in("pupil")).get("/rooms/204/pair")).status_code == 403


async def test_history_is_a_picture_a_table_and_a_sheet(sign_in: SignIn, lab: Lab) -> None:
    measure(lab, [1.0, 2.0, 6.0])
    pupil = await sign_in("pupil")
    page = await pupil.get(f"{KIT}/history?by=raw")
    told = text_of(page)
    assert "Light, lx" in told
    assert re.search(r":\d\d\.\d{3} 6 \S+ 2 \S+ 1", told)
    assert '<path class="line" d="M' in page.text
    sheet = re.search(r'href="(/api/v1/[^"]+csv[^"]+)"', page.text)
    assert sheet is not None
    lines = (await pupil.get(sheet[1].replace("&amp;", "&"))).text.splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines] == ["value", "1.0", "2.0", "6.0"]
    by_minute = text_of(await pupil.get(f"{KIT}/history"))
    assert "Mean Least Most Readings" in by_minute


async def test_history_of_a_kit_that_measured_nothing_leads_back(sign_in: SignIn) -> None:
    told = text_of(await (await sign_in("pupil")).get(f"{KIT}/history"))
    assert "Nothing measured yet" in told


async def test_a_foreign_rooms_kit_is_not_there(sign_in: SignIn, lab: Lab) -> None:
    add_device(lab, "uno-301", "arduino-uno", {}, "agent-301")
    pupil = await sign_in("pupil")
    for path in ("", "/parts", "/history", "/events"):
        assert (await pupil.get(f"/kits/uno-301{path}")).status_code == 404
    assert (await pupil.get("/rooms/301")).status_code == 403


async def test_a_third_partys_device_is_called_by_what_it_says_of_itself(sign_in: SignIn, lab: Lab) -> None:
    nodes = {"climate": {"type": "thermometer", "properties": {"t": prop(unit="°C", name="Window")}}}
    add_device(lab, "esp-1", "acme-weather-v2", nodes, AGENT)
    set_latest(lab, "esp-1", {"climate/t": "21.5"})
    teacher = await sign_in("teacher")
    assert "Weather station" in text_of(await teacher.get("/rooms/204"))
    assert "Window 21.5 °C" in text_of(await teacher.get("/kits/esp-1"))


@pytest.mark.parametrize(
    ("kind", "description", "name"),
    [
        ("acme-lamp", {}, "Light"),
        ("", {"name": "Garden pump"}, "Pump"),
        ("", {"nodes": {"n": {"type": "relay"}}}, "Switch"),
        ("quux", {}, "quux"),
        ("", {"nodes": [1]}, "Device"),
    ],
)
def test_kinds_of_foreign_devices(kind: str, description: dict[str, object], name: str) -> None:
    assert name_described(kind, description, "en") == name


@pytest.mark.parametrize(
    ("kind", "key", "name"),
    [
        ("spike", "motor-a-angle", "Motor A, angle"),
        ("spike", "imu-acceleration-x", "Acceleration X"),
        ("nxt", "sensor-1-turn-rate", "Sensor 1, turn rate"),
        ("spike", "mode-7", "as told"),
        ("arduino-uno", "motor-a-angle", "as told"),
        ("spike", "distance", "as told"),
    ],
)
def test_names_of_readings(kind: str, key: str, name: str) -> None:
    assert name_reading(kind, key, "as told", "en") == name


@pytest.mark.parametrize("text", ["", "[]", "{", '{"13": 1}', '{"x": {}}', "null"])
def test_whatever_a_board_says_of_its_pins_does_not_break_its_page(text: str) -> None:
    assert read_pins(text) == []


def test_pins_and_ports_in_a_persons_words() -> None:
    told = {"13": {"can": ["output", "i2c"], "mode": "output", "value": 1}, "2": {"can": ["input"]}}
    assert read_pins(json.dumps(told)) == [
        {"pin": 2, "can": ["input"], "mode": None, "value": None},
        {"pin": 13, "can": ["output"], "mode": "output", "value": 1},
    ]
    plugged = [{"name": "A", "value": {"device": "nxt-sound"}}, {"name": "B", "value": {"device": None}}]
    assert [port["device"] for port in tell_plugged(plugged, "en")] == ["Sound sensor", ""]
